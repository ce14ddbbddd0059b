import FewtapCore

/// The pixels that a plan writes: of a whole image, or of some of its rows.
struct TargetImage: @unchecked Sendable {
  private enum Storage {
    case planes([UnsafeMutablePointer<Float>], rowStride: Int)
    case coded(UnsafeMutableRawPointer, RowCoder)
  }

  private let storage: Storage
  /// The row at which the storage starts.
  private let firstRow: Int
  /// Whether stores should go past the caches, since the result does not fit there.
  let streams: Bool

  /// Results beyond this do not stay in a second-level cache. Measured on a plane of 8 MiB: 0.20 ms against 0.31 ms.
  private static let cachedBytes = 4 << 20

  /// Planes of light, `rowStride` floats from one row to the next.
  init(planes: [UnsafeMutablePointer<Float>], height: Int, rowStride: Int) {
    storage = .planes(planes, rowStride: rowStride)
    firstRow = 0
    streams = planes.count * height * rowStride * 4 > Self.cachedBytes
  }

  /// Stored samples; `origin` is that of row `firstRow`.
  init(_ coder: RowCoder, origin: UnsafeMutableRawPointer, firstRow: Int, height: Int) {
    self.firstRow = firstRow
    let layout = coder.layout
    streams = layout.channels * height * layout.width * layout.type.byteCount > Self.cachedBytes
    if layout.isPlainLight {
      let planes = (0..<layout.channels).map {
        (origin + $0 * layout.channelStride).assumingMemoryBound(to: Float.self)
      }
      storage = .planes(planes, rowStride: layout.rowStride / MemoryLayout<Float>.stride)
    } else {
      storage = .coded(origin, coder)
    }
  }

  /// Row 0 and stride of a channel that lies in memory as light, in Floats side by side; nil if it must be stored.
  func plane(_ channel: Int) -> (row0: UnsafeMutablePointer<Float>, stride: Int)? {
    guard case .planes(let planes, let rowStride) = storage else { return nil }
    return (planes[channel] - firstRow * rowStride, rowStride)
  }

  /// Row 0 and stride of an image of `channels` whose pixels lie as light, channel beside channel, and nothing between them.
  func interleaved(channels: Int) -> (row0: UnsafeMutablePointer<Float>, stride: Int)? {
    guard case .coded(let origin, let coder) = storage, coder.layout.isInterleavedLight,
      coder.layout.channels == channels
    else { return nil }
    let stride = coder.layout.rowStride / MemoryLayout<Float>.stride
    return (origin.assumingMemoryBound(to: Float.self) - firstRow * stride, stride)
  }

  /// Stores light into the `columns` of row `y`, one row for each of `channels`, where it is not there already; `alpha`
  /// is the row of coverage. Returns how many samples the type could not hold.
  func store(
    _ rows: [UnsafePointer<Float>], alpha: UnsafePointer<Float>?, row y: Int, columns: Range<Int>, channels: Range<Int>
  ) -> Int {
    switch storage {
    case .planes(let planes, let rowStride):
      for (channel, row) in zip(channels, rows) {
        let place = planes[channel] + (y - firstRow) * rowStride + columns.lowerBound
        if UnsafePointer(place) != row { place.update(from: row, count: columns.count) }
      }
      return 0
    case .coded(let origin, let coder):
      return coder.store(
        rows, alpha: alpha, columns: columns, channels: channels, to: origin + (y - firstRow) * coder.layout.rowStride)
    }
  }
}
