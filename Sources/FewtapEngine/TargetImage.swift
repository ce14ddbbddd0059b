import FewtapCore

/// The pixels that a plan writes.
struct TargetImage: @unchecked Sendable {
  private let planes: [UnsafeMutablePointer<Float>]
  private let rowStride: Int

  /// Planes of floats, `rowStride` floats from one row to the next.
  init(planes: [UnsafeMutablePointer<Float>], rowStride: Int) { (self.planes, self.rowStride) = (planes, rowStride) }

  /// Whether stores should go past the caches.
  var streams: Bool { false }

  /// A row that lies in memory as light, in Floats side by side; nil if it must be stored.
  func floatRow(_ y: Int, channel: Int) -> UnsafeMutablePointer<Float>? { planes[channel] + y * rowStride }

  /// Stores light into a channel's `columns` of row `y`, unless it is there already.
  func store(_ row: UnsafeMutablePointer<Float>, row y: Int, columns: Range<Int>, channel: Int) {
    let place = planes[channel] + y * rowStride + columns.lowerBound
    if place != row { place.update(from: row, count: columns.count) }
  }
}
