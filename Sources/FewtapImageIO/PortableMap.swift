import FewtapCore

/// Netpbm's P1...P6, decoded here: OpenImageIO 2.4 writes only 8 bits of them.
///
/// Samples: codes as stored where full scale is 255 or 65535, else light.
/// Source:  netpbm manual pages pbm(5), pgm(5), ppm(5). Departure: samples are taken as sRGB, as most programs store them, not
///          as BT.709; `--transfer linear` opts out.
final class PortableMap: RowDecoder {
  private enum Body {
    /// Decimal numbers, read from the first on.
    case numbers
    /// Digits 0 and 1, read from the first on; 1 is black.
    case digits
    /// Rows of packed bits; 1 is black.
    case bits
    /// Big-endian codes of 1 or 2 bytes.
    case codes(size: Int)
  }

  let header: ImageHeader
  private let source: ByteSource
  private let body: Body
  /// Where the pixels begin.
  private let start: Int
  private let maximum: Int
  /// Light of every code; empty where codes are given as they are.
  private let table: [Float]
  private let beginning: HeaderText
  private var text: HeaderText
  private var nextTextRow = 0
  /// A row of the file, and its codes.
  private var line: [UInt8]
  private var codes: [UInt16]

  init(_ source: ByteSource, _ request: DecodeRequest) throws(ImageFileError) {
    let kind = source.bytes(at: 1, upTo: 1)[0] - 0x30
    var text = HeaderText(source, start: 2)
    guard let width = text.number(), let height = text.number() else {
      throw request.damaged("its header has no width and height")
    }
    let isBitmap = kind == 1 || kind == 4
    guard let maximum = isBitmap ? 1 : text.number(), (1...65535).contains(maximum) else {
      throw request.damaged("its header has no maximum of 1 to 65535")
    }
    let channels = kind == 3 || kind == 6 ? 3 : 1
    try request.check(width: width, height: height, channels: channels)
    let type: PixelType = maximum > 255 ? .uint16 : .uint8
    body =
      switch kind {
      case 1: .digits
      case 2, 3: .numbers
      case 4: .bits
      default: .codes(size: type.byteCount)
      }
    let samples = width * channels
    let lineBytes: Int
    switch body {
    case .numbers, .digits: (start, lineBytes) = (0, 0)
    case .bits, .codes:
      guard let position = text.body() else { throw request.damaged("it ends after the header") }
      (start, lineBytes) = (position, kind == 4 ? (width + 7) / 8 : samples * type.byteCount)
    }
    // A number takes a byte at least.
    let (size, overflow) = (lineBytes > 0 ? lineBytes : samples).multipliedReportingOverflow(by: height)
    let found = lineBytes > 0 ? source.count - start : text.remaining
    guard !overflow, found >= size else {
      throw request.tooShort(found, width: width, height: height, needed: overflow ? nil : size)
    }
    line = [UInt8](repeating: 0, count: lineBytes)
    codes = [UInt16](repeating: 0, count: samples)
    self.source = source
    self.maximum = maximum
    self.text = text
    beginning = text
    let transfer = request.transfer.function(for: type)
    table = maximum == type.maximumCode ? [] : transfer.decodingTable(maximumCode: maximum)
    var layout = SampleLayout(width: width, height: height, channels: channels, type: type, transfer: transfer)
    if !table.isEmpty { (layout.type, layout.transfer) = (.float, .linear) }
    var metadata = ImageMetadata(pixelType: type, transfer: transfer)
    metadata.format = .pnm
    let workingBytes = line.count + 2 * codes.count + 4 * table.count
    header = ImageHeader(layout: layout, metadata: metadata, workingBytes: workingBytes)
  }

  /// The header of a P5 or P6 file.
  static func header(width: Int, height: Int, channels: Int, type: PixelType) -> [UInt8] {
    Array("P\(channels == 1 ? 5 : 6)\n\(width) \(height)\n\(type.maximumCode ?? 255)\n".utf8)
  }

  func read(rows: Range<Int>, into buffer: UnsafeMutableRawBufferPointer) throws(ImageFileError) {
    if case .codes(size: 1) = body, table.isEmpty {
      return try source.read(at: start + rows.lowerBound * line.count, into: buffer)
    }
    for row in rows {
      switch body {
      case .numbers, .digits: try readText(row)
      case .bits, .codes: try readLine(row)
      }
      if let wrong = codes.firstIndex(where: { $0 > maximum }) {
        throw .damaged(
          path: source.path, cause: "a sample of row \(row) is \(codes[wrong]), above the header's maximum, \(maximum)")
      }
      let samples = header.layout.row(row - rows.lowerBound, of: buffer)
      switch header.layout.type {
      case .uint8: for index in codes.indices { samples[index] = UInt8(truncatingIfNeeded: codes[index]) }
      case .uint16, .half: codes.withUnsafeBytes { samples.copyMemory(from: $0) }
      case .float:
        samples.withMemoryRebound(to: Float.self) { for index in $0.indices { $0[index] = table[Int(codes[index])] } }
      }
    }
  }

  private func readLine(_ row: Int) throws(ImageFileError) {
    try line.withMutableBytes { (line) throws(ImageFileError) in
      try source.read(at: start + row * line.count, into: line)
    }
    switch body {
    case .bits: for x in codes.indices { codes[x] = UInt16(1 - (line[x / 8] >> (7 - UInt8(x % 8))) & 1) }
    case .codes(size: 1): for index in codes.indices { codes[index] = UInt16(line[index]) }
    default: for index in codes.indices { codes[index] = UInt16(line[2 * index]) << 8 | UInt16(line[2 * index + 1]) }
    }
  }

  private func readText(_ row: Int) throws(ImageFileError) {
    // Numbers have no places of their own: a row above is found from the first one.
    if row < nextTextRow { (text, nextTextRow) = (beginning, 0) }
    while nextTextRow <= row {
      for index in codes.indices {
        let number = if case .digits = body { text.bit().map { 1 - $0 } } else { text.number() }
        guard let number, number <= 65535 else {
          let (missing, all) = (nextTextRow * codes.count + index, header.layout.height * codes.count)
          throw .damaged(path: source.path, cause: "sample \(missing) of \(all) is missing or no number up to 65535")
        }
        codes[index] = UInt16(number)
      }
      nextTextRow += 1
    }
  }
}
