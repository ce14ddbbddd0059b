import FewtapCore

/// Netpbm's P1...P6, decoded here: OpenImageIO 2.4 writes only 8 bits of them.
///
/// Source: netpbm manual pages pbm(5), pgm(5), ppm(5). Departure: samples are taken as sRGB, as most programs store them, not
/// as BT.709; `--transfer linear` opts out.
enum PortableMap {
  static func decode(_ bytes: [UInt8], _ request: DecodeRequest) throws(ImageFileError) -> ImageFile {
    var text = HeaderText(bytes, start: 2)
    let kind = bytes[1] - 0x30
    guard let width = text.number(), let height = text.number() else {
      throw request.damaged("its header has no width and height")
    }
    let isBitmap = kind == 1 || kind == 4
    guard let maximum = isBitmap ? 1 : text.number(), (1...65535).contains(maximum) else {
      throw request.damaged("its header has no maximum of 1 to 65535")
    }
    let channels = kind == 3 || kind == 6 ? 3 : 1
    try request.check(width: width, height: height, channels: channels)
    let count = width * height * channels
    let samples: [UInt16]
    if kind <= 3 {
      samples = try plain(&text, count, isBitmap, request)
    } else if let body = text.body() {
      samples = try isBitmap ? bits(body, width, height, request) : raw(body, count, maximum, request)
    } else {
      throw request.damaged("it ends after the header")
    }
    guard samples.allSatisfy({ $0 <= maximum }) else {
      throw request.damaged("a sample is above the header's maximum, \(maximum)")
    }
    let type: PixelType = maximum > 255 ? .uint16 : .uint8
    var metadata = ImageMetadata(pixelType: type, transfer: request.transfer.function(for: type))
    metadata.format = .pnm
    var assembler = PlaneAssembler(
      width: width, height: height, channels: channels, type: type, maximumCode: maximum,
      transfer: metadata.transfer, alphaIndex: nil, alphaIsAssociated: false)
    assembler.store(.codes16(samples), row: 0)
    do { return ImageFile(image: try assembler.finish(), metadata: metadata) } catch {
      throw request.damaged(error.description)
    }
  }

  /// The header of a P5 or P6 file.
  static func header(width: Int, height: Int, channels: Int, type: PixelType) -> [UInt8] {
    Array("P\(channels == 1 ? 5 : 6)\n\(width) \(height)\n\(type.maximumCode ?? 255)\n".utf8)
  }

  private static func plain(
    _ text: inout HeaderText, _ count: Int, _ isBitmap: Bool, _ request: DecodeRequest
  ) throws(ImageFileError) -> [UInt16] {
    // A sample takes a byte at least, which bounds the allocation by the file's length.
    guard count <= text.remaining else { throw request.damaged("it has fewer samples than its size asks for") }
    var samples: [UInt16] = []
    samples.reserveCapacity(count)
    for _ in 0..<count {
      guard let number = isBitmap ? text.bit() : text.number(), number <= 65535 else {
        throw request.damaged("sample \(samples.count) of \(count) is missing or no number")
      }
      samples.append(UInt16(isBitmap ? 1 - number : number))
    }
    return samples
  }

  private static func bits(
    _ body: ArraySlice<UInt8>, _ width: Int, _ height: Int, _ request: DecodeRequest
  ) throws(ImageFileError) -> [UInt16] {
    let rowBytes = (width + 7) / 8
    guard body.count >= rowBytes * height else { throw tooShort(body.count, rowBytes * height, request) }
    var samples: [UInt16] = []
    samples.reserveCapacity(width * height)
    for y in 0..<height {
      for x in 0..<width {
        let byte = body[body.startIndex + y * rowBytes + x / 8]
        samples.append(UInt16(1 - (byte >> (7 - UInt8(x % 8))) & 1))
      }
    }
    return samples
  }

  private static func raw(
    _ body: ArraySlice<UInt8>, _ count: Int, _ maximum: Int, _ request: DecodeRequest
  ) throws(ImageFileError) -> [UInt16] {
    let size = maximum > 255 ? 2 : 1
    guard body.count >= count * size else { throw tooShort(body.count, count * size, request) }
    guard size == 2 else { return body.prefix(count).map(UInt16.init) }
    return (0..<count).map { index in
      let start = body.startIndex + 2 * index
      return UInt16(body[start]) << 8 | UInt16(body[start + 1])
    }
  }

  private static func tooShort(_ found: Int, _ wanted: Int, _ request: DecodeRequest) -> ImageFileError {
    request.damaged("it has \(found) bytes of pixels where its size asks for \(wanted)")
  }
}

/// Reads the decimal numbers of Netpbm headers: white space and comments from `#` to the line's end separate them.
struct HeaderText {
  private let bytes: [UInt8]
  private var position: Int

  init(_ bytes: [UInt8], start: Int) {
    self.bytes = bytes
    position = start
  }

  var remaining: Int { bytes.count - position }

  private mutating func skipSpace() {
    while position < bytes.count {
      if bytes[position] == 0x23 {
        while position < bytes.count, bytes[position] != 0x0A { position += 1 }
      } else if isSpace(bytes[position]) {
        position += 1
      } else {
        return
      }
    }
  }

  private func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }

  /// The next word, 64 bytes at most.
  mutating func word() -> String? {
    skipSpace()
    let start = position
    while position < bytes.count, !isSpace(bytes[position]), position - start < 64 { position += 1 }
    return position > start ? String(decoding: bytes[start..<position], as: UTF8.self) : nil
  }

  /// The next number, below 2^31.
  mutating func number() -> Int? {
    skipSpace()
    var (value, digits) = (0, 0)
    while position < bytes.count, (0x30...0x39).contains(bytes[position]) {
      value = value * 10 + Int(bytes[position] - 0x30)
      guard value <= Int(Int32.max) else { return nil }
      (position, digits) = (position + 1, digits + 1)
    }
    return digits > 0 ? value : nil
  }

  /// The next digit 0 or 1, which nothing need separate from its neighbors.
  mutating func bit() -> Int? {
    skipSpace()
    guard position < bytes.count, bytes[position] == 0x30 || bytes[position] == 0x31 else { return nil }
    position += 1
    return Int(bytes[position - 1] - 0x30)
  }

  /// What follows the single white space that ends a header; nil if there is none.
  mutating func body() -> ArraySlice<UInt8>? {
    guard position < bytes.count, isSpace(bytes[position]) else { return nil }
    return bytes[(position + 1)...]
  }
}
