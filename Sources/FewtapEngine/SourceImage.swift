import FewtapCore

/// The pixels that a plan reads.
struct SourceImage: @unchecked Sendable {
  let width: Int
  let height: Int
  private let planes: [UnsafePointer<Float>]
  private let rowStride: Int

  /// Planes of floats, `rowStride` floats from one row to the next.
  init(planes: [UnsafePointer<Float>], width: Int, height: Int, rowStride: Int) {
    (self.planes, self.width, self.height, self.rowStride) = (planes, width, height, rowStride)
  }

  /// Whether each channel lies apart from the others.
  var isPlanar: Bool { true }
  /// Whether its samples can be NaN or infinite.
  var mayBeNonfinite: Bool { true }

  /// A row that lies in memory as light, in Floats side by side; nil if it must be loaded.
  func floatRow(_ y: Int, channel: Int) -> UnsafePointer<Float>? { planes[channel] + y * rowStride }

  /// Light of a channel's `columns` in row `y`.
  func load(row y: Int, columns: Range<Int>, channel: Int, into row: UnsafeMutablePointer<Float>) {
    row.update(from: planes[channel] + y * rowStride + columns.lowerBound, count: columns.count)
  }
}
