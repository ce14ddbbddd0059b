import FewtapCore

/// The pixels that a plan reads: of a whole image, or of those of its rows that are at hand.
struct SourceImage: @unchecked Sendable {
  private enum Storage {
    case planes([UnsafePointer<Float>], rowStride: Int)
    case coded(UnsafeRawPointer, RowCoder)
  }

  let width: Int
  /// Rows of the whole image.
  let height: Int
  let channels: Int
  private let storage: Storage
  /// The row at which the storage starts.
  private let firstRow: Int
  /// Rows that are at hand.
  let heldRows: Range<Int>

  /// Planes of light, `rowStride` floats from one row to the next.
  init(planes: [UnsafePointer<Float>], width: Int, height: Int, rowStride: Int) {
    (self.width, self.height, channels, firstRow) = (width, height, planes.count, 0)
    heldRows = 0..<height
    storage = .planes(planes, rowStride: rowStride)
  }

  /// Stored samples of `rows`; `origin` is that of the first of them.
  init(_ coder: RowCoder, origin: UnsafeRawPointer, rows: Range<Int>, height: Int) {
    let layout = coder.layout
    (width, self.height, channels, firstRow) = (layout.width, height, layout.channels, rows.lowerBound)
    heldRows = rows
    if layout.isPlainLight {
      let planes = (0..<channels).map {
        (origin + $0 * layout.channelStride).assumingMemoryBound(to: Float.self)
      }
      storage = .planes(planes, rowStride: layout.rowStride / MemoryLayout<Float>.stride)
    } else {
      storage = .coded(origin, coder)
    }
  }

  /// Whether nothing is gained by loading channels together.
  var isPlanar: Bool {
    switch storage {
    case .planes: true
    case .coded(_, let coder): !coder.isInterleaved
    }
  }

  /// Whether samples can be NaN or infinite.
  var mayBeNonfinite: Bool {
    if case .coded(_, let coder) = storage { return !coder.layout.type.isInteger }
    return true
  }

  /// Row 0 and stride of a channel that lies in memory as light, in Floats side by side; nil if it must be loaded.
  func plane(_ channel: Int) -> (row0: UnsafePointer<Float>, stride: Int)? {
    guard case .planes(let planes, let rowStride) = storage else { return nil }
    return (planes[channel] - firstRow * rowStride, rowStride)
  }

  /// Row 0 and stride of an image whose pixels lie as light, channel beside channel, and nothing between them.
  var interleaved: (row0: UnsafePointer<Float>, stride: Int)? {
    guard case .coded(let origin, let coder) = storage, coder.layout.isInterleavedLight else { return nil }
    let stride = coder.layout.rowStride / MemoryLayout<Float>.stride
    return (origin.assumingMemoryBound(to: Float.self) - firstRow * stride, stride)
  }

  /// Where the samples of `columns` of row `y` lie, from the first channel's on; nothing of other planes.
  func bytes(row y: Int, columns: Range<Int>, channel: Int) -> UnsafeRawBufferPointer {
    switch storage {
    case .planes(let planes, let rowStride):
      return UnsafeRawBufferPointer(
        start: planes[channel] + (y - firstRow) * rowStride + columns.lowerBound,
        count: columns.count * MemoryLayout<Float>.stride)
    case .coded(let origin, let coder):
      let layout = coder.layout
      let start = (y - firstRow) * layout.rowStride + channel * layout.channelStride
      return UnsafeRawBufferPointer(
        start: origin + start
          + min(columns.lowerBound * layout.pixelStride, (columns.upperBound - 1) * layout.pixelStride),
        count: columns.count * abs(layout.pixelStride))
    }
  }

  /// Light of the `columns` of row `y`, one row for each of `channels`.
  func load(row y: Int, columns: Range<Int>, channels: Range<Int>, into rows: ChannelRows) {
    switch storage {
    case .planes(let planes, let rowStride):
      for (index, channel) in channels.enumerated() {
        rows[index].update(
          from: planes[channel] + (y - firstRow) * rowStride + columns.lowerBound, count: columns.count)
      }
    case .coded(let origin, let coder):
      coder.load(
        origin + (y - firstRow) * coder.layout.rowStride, columns: columns, channels: channels, into: rows)
    }
  }
}

extension SourceImage {
  /// Throws the first NaN or infinity of `rows`, if there is one.
  func refuseNonFinite(rows: Range<Int>, _ kernels: RowKernels) throws(ApplyError) {
    var row = [Float](repeating: 0, count: width)
    for y in rows {
      for channel in 0..<channels {
        var x: Int32 = 0
        row.withUnsafeMutableBufferPointer { row in
          guard let address = row.baseAddress else { return }
          load(
            row: y, columns: 0..<width, channels: channel..<channel + 1,
            into: ChannelRows(first: address, stride: 0, count: 1))
          check(kernels.table.first_nonfinite(address, Int32(width), &x))
        }
        if x < Int32(width) { throw .nonFinitePixel(channel: channel, x: Int(x), y: y, value: row[Int(x)]) }
      }
    }
  }
}

extension PixelLayout {
  /// True if rows are light in Floats side by side.
  var isPlainLight: Bool {
    type == .float && transfer == .linear && pixelStride == MemoryLayout<Float>.stride
      && rowStride % MemoryLayout<Float>.stride == 0 && channelStride % MemoryLayout<Float>.stride == 0
  }
}
