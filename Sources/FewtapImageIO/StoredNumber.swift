import FewtapCore

/// A number of a NumPy file: the element types that are read.
struct StoredNumber {
  private let kind: Character
  private let isBigEndian: Bool
  let size: Int

  /// From a type string such as `<f8`; nil if it is not a plain number.
  init?(_ name: String) {
    let letters = Array(name)
    guard letters.count == 3, "<>|=".contains(letters[0]), let size = letters[2].wholeNumberValue else { return nil }
    let sizes =
      switch letters[1] {
      case "f": [2, 4, 8]
      case "i", "u": [1, 2, 4, 8]
      case "b": [1]
      default: [Int]()
      }
    guard sizes.contains(size) else { return nil }
    kind = letters[1]
    isBigEndian = letters[0] == ">"
    self.size = size
  }

  func value(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> Double {
    var bits: UInt64 = 0
    for index in 0..<size {
      bits |= UInt64(bytes[offset + index]) << UInt64(8 * (isBigEndian ? size - 1 - index : index))
    }
    switch (kind, size) {
    case ("f", 2): return HalfBits.value(UInt16(truncatingIfNeeded: bits))
    case ("f", 4): return Double(Float(bitPattern: UInt32(bits)))
    case ("f", _): return Double(bitPattern: bits)
    case ("i", _):
      let shift = UInt64(64 - 8 * size)
      return Double(Int64(bitPattern: bits << shift) >> Int64(shift))
    case ("b", _): return bits == 0 ? 0 : 1
    default: return Double(bits)
    }
  }
}
