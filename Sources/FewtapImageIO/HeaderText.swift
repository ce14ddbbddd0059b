/// Reads the decimal numbers of Netpbm headers: white space and comments from `#` to the line's end separate them.
struct HeaderText {
  private let source: ByteSource
  private var position: Int
  /// A piece of the file around the position.
  private var buffer: [UInt8] = []
  private var bufferStart = 0

  init(_ source: ByteSource, start: Int) {
    self.source = source
    position = start
  }

  var remaining: Int { source.count - position }

  /// The byte at the position; nil at the end.
  private mutating func byte() -> UInt8? {
    let index = position - bufferStart
    if buffer.indices.contains(index) { return buffer[index] }
    bufferStart = position
    buffer = source.bytes(at: position, upTo: 1 << 14)
    return buffer.first
  }

  private mutating func skipSpace() {
    while let next = byte() {
      if next == 0x23 {
        while let comment = byte(), comment != 0x0A { position += 1 }
      } else if isSpace(next) {
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
    var letters: [UInt8] = []
    while letters.count < 64, let letter = byte(), !isSpace(letter) {
      letters.append(letter)
      position += 1
    }
    return letters.isEmpty ? nil : String(decoding: letters, as: UTF8.self)
  }

  /// The next number, below 2^31.
  mutating func number() -> Int? {
    skipSpace()
    var (value, digits) = (0, 0)
    while let digit = byte(), (0x30...0x39).contains(digit) {
      value = value * 10 + Int(digit - 0x30)
      guard value <= Int(Int32.max) else { return nil }
      (position, digits) = (position + 1, digits + 1)
    }
    return digits > 0 ? value : nil
  }

  /// The next digit 0 or 1, which nothing need separate from its neighbors.
  mutating func bit() -> Int? {
    skipSpace()
    guard let digit = byte(), digit == 0x30 || digit == 0x31 else { return nil }
    position += 1
    return Int(digit - 0x30)
  }

  /// Where that begins which follows the single white space that ends a header; nil if there is none.
  mutating func body() -> Int? {
    guard let space = byte(), isSpace(space) else { return nil }
    return position + 1
  }
}
