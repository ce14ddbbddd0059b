/// What the head of a WebP file tells (RFC 9649): browsers read its pixels, we do not.
package struct WebPHeader: Equatable, Sendable {
  /// Columns and rows of the picture.
  package let width: Int, height: Int

  /// nil if the file is none, is cut short, or has no picture in it.
  package init?(_ bytes: [UInt8]) {
    func number(_ place: Int, _ count: Int) -> Int { (0..<count).reduce(0) { $0 | Int(bytes[place + $1]) << (8 * $1) } }
    func begins(_ place: Int, _ name: String) -> Bool { bytes[place...].starts(with: name.utf8) }
    guard bytes.count >= 12, begins(0, "RIFF"), begins(8, "WEBP"), number(4, 4) + 8 <= bytes.count else { return nil }
    var size: (width: Int, height: Int)?
    var (place, hasPicture) = (12, false)
    while place + 8 <= number(4, 4) + 8 {
      let (start, length) = (place + 8, number(place + 4, 4))
      guard start + length <= bytes.count else { return nil }
      // A canvas of its own comes before its pictures.
      var own: (width: Int, height: Int)?
      if begins(place, "VP8X"), length >= 10 {
        size = (number(start + 4, 3) + 1, number(start + 7, 3) + 1)
      } else if begins(place, "VP8 "), length >= 10, bytes[start] & 1 == 0, number(start + 3, 3) == 0x2A_019D {
        own = (number(start + 6, 2) & 0x3FFF, number(start + 8, 2) & 0x3FFF)
      } else if begins(place, "VP8L"), length >= 5, bytes[start] == 0x2F {
        own = (number(start + 1, 4) & 0x3FFF + 1, number(start + 1, 4) >> 14 & 0x3FFF + 1)
      } else if begins(place, "ANMF"), length > 16 {
        own = size
      }
      hasPicture = hasPicture || own != nil
      size = size ?? own
      // Parts begin at even bytes.
      place = start + length + length % 2
    }
    guard let size, hasPicture, size.width > 0, size.height > 0 else { return nil }
    (width, height) = size
  }
}
