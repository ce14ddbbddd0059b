import FewtapCore

/// An array of rows x columns [x channels] as an image: numbers of any type as floats, taken as linear light.
final class NumpyRows: RowDecoder {
  let header: ImageHeader
  private let source: ByteSource
  private let array: NumpyArray
  private var line: [UInt8]
  /// Rows of an array whose first axis is the fastest, where neighbors in a row lie far apart.
  private var band: (rows: Range<Int>, values: [Float]) = (0..<0, [])
  private let bandHeight: Int

  init(_ source: ByteSource, _ request: DecodeRequest) throws(ImageFileError) {
    array = try NumpyArray(source, request)
    let (height, width) = (array.shape[0], array.shape[1])
    let channels = array.shape.count == 3 ? array.shape[2] : 1
    var metadata = ImageMetadata(transfer: request.transfer.function(for: .float))
    metadata.format = .npy
    let layout = SampleLayout(
      width: width, height: height, channels: channels, type: .float, transfer: metadata.transfer)
    // As many rows as make about 16 MiB: each column of them is one access to the file.
    bandHeight = array.isFortranOrder ? min(height, max(1, (16 << 20) / layout.rowBytes)) : 0
    line = [UInt8](repeating: 0, count: array.type.size * (array.isFortranOrder ? bandHeight : width * channels))
    self.source = source
    header = ImageHeader(
      layout: layout, metadata: metadata, workingBytes: line.count + bandHeight * layout.rowBytes)
  }

  func read(rows: Range<Int>, into buffer: UnsafeMutableRawBufferPointer) throws(ImageFileError) {
    let layout = header.layout
    for row in rows {
      let samples = layout.row(row - rows.lowerBound, of: buffer)
      if array.isFortranOrder {
        if !band.rows.contains(row) { try readBand(from: row) }
        let start = (row - band.rows.lowerBound) * layout.rowBytes
        band.values.withUnsafeBytes { samples.copyMemory(from: .init(rebasing: $0[start..<start + layout.rowBytes])) }
      } else {
        try line.withMutableBytes { (line) throws(ImageFileError) in
          try source.read(at: array.start + row * line.count, into: line)
          let stored = UnsafeRawBufferPointer(line)
          layout.fillFloats(samples) { pixel, channel in
            Float(array.type.value(stored, at: (pixel * layout.channels + channel) * array.type.size))
          }
        }
      }
    }
  }

  private func readBand(from row: Int) throws(ImageFileError) {
    let layout = header.layout
    let rows = row..<min(row + bandHeight, layout.height)
    // Let the band go before another is made.
    band = (0..<0, [])
    var values = [Float](repeating: 0, count: rows.count * layout.width * layout.channels)
    for column in 0..<layout.width {
      for channel in 0..<layout.channels {
        try line.withMutableBytes { (line) throws(ImageFileError) in
          let part = UnsafeMutableRawBufferPointer(rebasing: line[..<(rows.count * array.type.size)])
          let first = row + layout.height * (column + layout.width * channel)
          try source.read(at: array.start + first * array.type.size, into: part)
          let stored = UnsafeRawBufferPointer(part)
          for index in 0..<rows.count {
            values[(index * layout.width + column) * layout.channels + channel] =
              Float(array.type.value(stored, at: index * array.type.size))
          }
        }
      }
    }
    band = (rows, values)
  }
}
