import FewtapCore
import Foundation

/// FITS images, decoded here: OpenImageIO 2.4 ignores BSCALE and BZERO, and takes an interleaved third axis.
///
/// Values: physical, `BZERO + BSCALE * stored`, taken as linear light; BLANK integers become NaN. Planes of a third axis are
///         channels. Rows are stored bottom to top, as FITS images are displayed: row 0 here is the last stored.
/// Source: FITS Standard 4.0, sections 3.3, 4.4.1, 5.2, 5.3, 7.1.
final class FITSFile: RowDecoder {
  static let blockSize = 2880
  static let cardSize = 80

  let header: ImageHeader
  private let source: ByteSource
  private let cards: Cards
  private var line: [UInt8]

  init(_ source: ByteSource, _ request: DecodeRequest) throws(ImageFileError) {
    var cards = try Cards(source, start: 0, request)
    // A primary header without pixels is usual where the image is the first extension.
    if cards.axes.isEmpty { cards = try Cards(source, start: cards.end, request) }
    guard cards.isImage else {
      throw .unsupported(
        path: request.path, what: "has no image in its first extension", advice: "copy the image out (funpack, imcopy)")
    }
    guard cards.axes.count >= 2, cards.axes.dropFirst(3).allSatisfy({ $0 == 1 }) else {
      throw .unsupported(
        path: request.path, what: "has \(cards.axes.count) axes", advice: "2 or 3 axes are (columns, rows, channels)")
    }
    let (width, height) = (cards.axes[0], cards.axes[1])
    let channels = cards.axes.count > 2 ? cards.axes[2] : 1
    try request.check(width: width, height: height, channels: channels)
    let (size, overflow) = (width * channels * cards.valueSize).multipliedReportingOverflow(by: height)
    guard !overflow, source.count - cards.end >= size else {
      throw request.tooShort(
        max(0, source.count - cards.end), width: width, height: height, needed: overflow ? nil : size)
    }
    line = [UInt8](repeating: 0, count: width * cards.valueSize)
    (self.source, self.cards) = (source, cards)
    var metadata = ImageMetadata(transfer: request.transfer.function(for: .float))
    metadata.format = .fits
    let layout = SampleLayout(
      width: width, height: height, channels: channels, type: .float, transfer: metadata.transfer)
    header = ImageHeader(layout: layout, metadata: metadata, workingBytes: line.count)
  }

  func read(rows: Range<Int>, into buffer: UnsafeMutableRawBufferPointer) throws(ImageFileError) {
    let layout = header.layout
    for row in rows {
      let samples = layout.row(row - rows.lowerBound, of: buffer)
      for channel in 0..<layout.channels {
        try line.withMutableBytes { (line) throws(ImageFileError) in
          let below = channel * layout.height + layout.height - 1 - row
          try source.read(at: cards.end + below * line.count, into: line)
          let stored = UnsafeRawBufferPointer(line)
          samples.withMemoryRebound(to: Float.self) { samples in
            for x in 0..<layout.width {
              samples[x * layout.channels + channel] = cards.value(stored, at: x * cards.valueSize)
            }
          }
        }
      }
    }
  }

  /// The header of an image of 32-bit floats.
  static func header(width: Int, height: Int, channels: Int) -> [UInt8] {
    var cards = [("SIMPLE", "T"), ("BITPIX", "-32"), ("NAXIS", channels == 1 ? "2" : "3")]
    cards += [("NAXIS1", "\(width)"), ("NAXIS2", "\(height)")]
    if channels > 1 { cards.append(("NAXIS3", "\(channels)")) }
    var bytes: [UInt8] = []
    for (key, value) in cards {
      let left = key.padding(toLength: 8, withPad: " ", startingAt: 0) + "= "
      let right = String(repeating: " ", count: 20 - value.count) + value
      bytes += Array((left + right).padding(toLength: cardSize, withPad: " ", startingAt: 0).utf8)
    }
    bytes += Array("END".utf8)
    return bytes + [UInt8](repeating: 0x20, count: blockSize - bytes.count % blockSize)
  }

  /// The cards that say how values are stored.
  private struct Cards {
    var isImage = true
    var bitsPerValue = 0
    var axes: [Int] = []
    var scale = 1.0
    var zero = 0.0
    var blank: Int?
    /// Where the data begins.
    var end = 0

    var valueSize: Int { abs(bitsPerValue) / 8 }

    init(_ source: ByteSource, start: Int, _ request: DecodeRequest) throws(ImageFileError) {
      var position = start
      var axisCount: Int?
      var lengths: [Int: Int] = [:]
      while true {
        let bytes = source.bytes(at: position, upTo: cardSize)
        guard bytes.count == cardSize else { throw request.damaged("its header has no END") }
        let card = String(decoding: bytes, as: UTF8.self)
        position += cardSize
        let key = card.prefix(8).trimmingCharacters(in: .whitespaces)
        if key == "END" { break }
        let value = Self.value(card)
        switch key {
        case "XTENSION": isImage = value.hasPrefix("'IMAGE")
        case "BITPIX": bitsPerValue = Int(value) ?? 0
        case "NAXIS": axisCount = Int(value)
        case "BSCALE": scale = Double(value) ?? .nan
        case "BZERO": zero = Double(value) ?? .nan
        case "BLANK": blank = Int(value)
        default:
          if key.hasPrefix("NAXIS"), let axis = Int(key.dropFirst(5)) { lengths[axis] = Int(value) ?? 0 }
        }
      }
      guard let axisCount, (0...999).contains(axisCount) else { throw request.damaged("its header has no NAXIS") }
      // The length of an axis is checked with the image's size; what overflows Int there is refused here.
      axes = (0..<axisCount).map { max(0, min(lengths[$0 + 1] ?? 0, Int(Int32.max))) }
      guard [8, 16, 32, 64, -32, -64].contains(bitsPerValue) else {
        throw request.damaged("BITPIX is \(bitsPerValue), not 8, 16, 32, 64, -32 or -64")
      }
      guard scale.isFinite, zero.isFinite else { throw request.damaged("BSCALE or BZERO is no number") }
      end = start + (position - start + blockSize - 1) / blockSize * blockSize
    }

    /// What follows `=`, up to the comment's slash; quotes are kept, so that a slash in them cannot matter to numbers.
    private static func value(_ card: String) -> String {
      guard card.dropFirst(8).hasPrefix("=") else { return "" }
      let text = card.dropFirst(9).prefix { $0 != "/" }
      return text.trimmingCharacters(in: .whitespaces)
    }

    func value(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> Float {
      let stored: Int
      switch bitsPerValue {
      case 8: stored = Int(bytes[offset])
      case 16: stored = Int(Int16(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: Int16.self)))
      case 32: stored = Int(Int32(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: Int32.self)))
      case 64: stored = Int(Int64(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: Int64.self)))
      case -32:
        let bits = UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
        return physical(Double(Float(bitPattern: bits)))
      default:
        let bits = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
        return physical(Double(bitPattern: bits))
      }
      return stored == blank ? .nan : physical(Double(stored))
    }

    private func physical(_ stored: Double) -> Float { Float(zero + scale * stored) }
  }
}
