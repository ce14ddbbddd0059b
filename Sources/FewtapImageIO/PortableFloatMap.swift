import FewtapCore

/// Portable float map, decoded here: OpenImageIO 2.4 does not write it. Rows are stored bottom to top.
///
/// Source: P. Debevec, "PFM", pauldebevec.com/Research/HDR/PFM. The header's scale: its sign tells the byte order (negative:
/// little endian), its size multiplies the values.
enum PortableFloatMap {
  static func decode(_ bytes: [UInt8], _ request: DecodeRequest) throws(ImageFileError) -> ImageFile {
    let channels = bytes[1] == UInt8(ascii: "F") ? 3 : 1
    var text = HeaderText(bytes, start: 2)
    guard let width = text.number(), let height = text.number() else {
      throw request.damaged("its header has no width and height")
    }
    guard let scale = text.word().flatMap(Float.init), scale.isFinite, scale != 0, let body = text.body() else {
      throw request.damaged("its header has no scale other than 0")
    }
    try request.check(width: width, height: height, channels: channels)
    let rowCount = width * channels
    guard body.count >= 4 * rowCount * height else {
      throw request.damaged("it has \(body.count) bytes of pixels where its size asks for \(4 * rowCount * height)")
    }
    var metadata = ImageMetadata(transfer: request.transfer.function(for: .float))
    metadata.format = .pfm
    var assembler = PlaneAssembler(
      width: width, height: height, channels: channels, type: .float, transfer: metadata.transfer, alphaIndex: nil,
      alphaIsAssociated: false)
    body.withUnsafeBytes { body in
      for y in 0..<height {
        let start = (height - 1 - y) * rowCount * 4
        let row = (0..<rowCount).map { index in
          let bits = body.loadUnaligned(fromByteOffset: start + 4 * index, as: UInt32.self)
          return abs(scale) * Float(bitPattern: scale < 0 ? UInt32(littleEndian: bits) : UInt32(bigEndian: bits))
        }
        assembler.store(.floats(row), row: y)
      }
    }
    do { return ImageFile(image: try assembler.finish(), metadata: metadata) } catch {
      throw request.damaged(error.description)
    }
  }

  /// The file of interleaved rows given top to bottom; little endian.
  static func encode(width: Int, height: Int, channels: Int, rows: [[Float]]) -> [UInt8] {
    var bytes = Array("P\(channels == 1 ? "f" : "F")\n\(width) \(height)\n-1.0\n".utf8)
    bytes.reserveCapacity(bytes.count + 4 * width * height * channels)
    for row in rows.reversed() {
      bytes.append(bytesOf: row.map { $0.bitPattern.littleEndian })
    }
    return bytes
  }
}
