import FewtapCore

/// Divides associated alpha out of sRGB codes, as such files multiply codes, and decodes them: straight light as Float.
///
/// Where alpha is 0 the codes are decoded as they are.
final class UnassociatedRows: RowDecoder {
  let header: ImageHeader
  private let coded: any RowDecoder
  /// A coded row.
  private var scratch: [UInt8] = []
  private let values: SampleValues

  init(_ decoder: any RowDecoder) {
    coded = decoder
    var header = decoder.header
    // A value of a coded channel, read as light.
    var plain = header.layout
    plain.transfer = .linear
    values = SampleValues(plain)
    header.workingBytes += header.layout.rowBytes
    header.layout.type = .float
    header.layout.transfer = .linear
    header.layout.alphaIsAssociated = false
    self.header = header
  }

  func read(rows: Range<Int>, into buffer: UnsafeMutableRawBufferPointer) throws(ImageFileError) {
    let (layout, transfer) = (header.layout, coded.header.layout.transfer)
    guard let alphaIndex = layout.alphaIndex else { return }
    // Not before: whoever opens a file may find its rows too long.
    if scratch.isEmpty { scratch = [UInt8](repeating: 0, count: coded.header.layout.rowBytes) }
    for row in rows {
      try scratch.withMutableBytes { (line) throws(ImageFileError) in
        try coded.read(rows: row..<row + 1, into: line)
        let line = UnsafeRawBufferPointer(line)
        layout.fillFloats(layout.row(row - rows.lowerBound, of: buffer)) { pixel, channel in
          let value = values.value(line, pixel * layout.channels + channel, channel)
          guard channel != alphaIndex else { return value }
          let alpha = Double(values.value(line, pixel * layout.channels + alphaIndex, alphaIndex))
          return Float(transfer.decode(alpha == 0 ? Double(value) : Double(value) / alpha))
        }
      }
    }
  }
}
