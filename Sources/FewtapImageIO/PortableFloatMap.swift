import FewtapCore

/// Portable float map, decoded here: OpenImageIO 2.4 does not write it. Rows are stored bottom to top.
///
/// Source: P. Debevec, "PFM", pauldebevec.com/Research/HDR/PFM. The header's scale: its sign tells the byte order (negative:
/// little endian), its size multiplies the values.
final class PortableFloatMap: RowDecoder {
  let header: ImageHeader
  private let source: ByteSource
  /// Where the bottom row begins.
  private let start: Int
  private let scale: Float

  init(_ source: ByteSource, _ request: DecodeRequest) throws(ImageFileError) {
    let channels = source.bytes(at: 1, upTo: 1) == [UInt8(ascii: "F")] ? 3 : 1
    var text = HeaderText(source, start: 2)
    guard let width = text.number(), let height = text.number() else {
      throw request.damaged("its header has no width and height")
    }
    guard let scale = text.word().flatMap(Float.init), scale.isFinite, scale != 0, let start = text.body() else {
      throw request.damaged("its header has no scale other than 0")
    }
    try request.check(width: width, height: height, channels: channels)
    let transfer = request.transfer.function(for: .float)
    let layout = SampleLayout(width: width, height: height, channels: channels, type: .float, transfer: transfer)
    let (size, overflow) = layout.rowBytes.multipliedReportingOverflow(by: height)
    guard !overflow, source.count - start >= size else {
      throw request.tooShort(source.count - start, width: width, height: height, needed: overflow ? nil : size)
    }
    (self.source, self.start, self.scale) = (source, start, scale)
    var metadata = ImageMetadata(transfer: transfer)
    metadata.format = .pfm
    header = ImageHeader(layout: layout, metadata: metadata)
  }

  /// The header of a little-endian file.
  static func header(width: Int, height: Int, channels: Int) -> [UInt8] {
    Array("P\(channels == 1 ? "f" : "F")\n\(width) \(height)\n-1.0\n".utf8)
  }

  func read(rows: Range<Int>, into buffer: UnsafeMutableRawBufferPointer) throws(ImageFileError) {
    let layout = header.layout
    for row in rows {
      let samples = layout.row(row - rows.lowerBound, of: buffer)
      try source.read(at: start + (layout.height - 1 - row) * layout.rowBytes, into: samples)
      samples.withMemoryRebound(to: UInt32.self) { samples in
        for index in samples.indices {
          let bits = scale < 0 ? UInt32(littleEndian: samples[index]) : UInt32(bigEndian: samples[index])
          samples[index] = (abs(scale) * Float(bitPattern: bits)).bitPattern
        }
      }
    }
  }
}
