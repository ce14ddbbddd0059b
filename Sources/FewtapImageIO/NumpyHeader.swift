/// Reads the one Python dictionary that heads a NumPy file, and nothing else of Python.
struct NumpyHeader {
  private var rest: Substring
  /// `descr`, if it is a string.
  private(set) var type: String?
  private(set) var isFortranOrder: Bool?
  private(set) var shape: [Int]?

  init(text: String) { rest = text[...] }

  /// Reads it; false if the text is not such a dictionary.
  mutating func parse() -> Bool {
    guard take("{") else { return false }
    while !take("}") {
      guard let key = string(), take(":") else { return false }
      switch key {
      case "descr":
        // A structure's description is a list: its type stays nil, and the rest of the header does not matter.
        guard let name = string() else { return isStructure() }
        type = name
      case "fortran_order":
        if take("True") { isFortranOrder = true } else if take("False") { isFortranOrder = false } else { return false }
      case "shape":
        guard let lengths = tuple() else { return false }
        shape = lengths
      default: return false
      }
      if !take(",") {
        guard take("}") else { return false }
        break
      }
    }
    skipSpace()
    return rest.isEmpty
  }

  private mutating func isStructure() -> Bool {
    guard take("[") else { return false }
    (isFortranOrder, shape) = (false, [])
    return true
  }

  private mutating func skipSpace() { rest = rest.drop { $0 == " " || $0 == "\n" || $0 == "\t" || $0 == "\r" } }

  private mutating func take(_ token: String) -> Bool {
    skipSpace()
    guard rest.hasPrefix(token) else { return false }
    rest = rest.dropFirst(token.count)
    return true
  }

  private mutating func string() -> String? {
    for quote in ["'", "\""] where take(quote) {
      guard let end = rest.firstIndex(of: Character(quote)) else { return nil }
      defer { rest = rest[rest.index(after: end)...] }
      return String(rest[..<end])
    }
    return nil
  }

  /// `(3, 4)`, `(3,)` or `()`; lengths of at most 2^31 - 1, on at most 32 axes (NumPy's own bound).
  private mutating func tuple() -> [Int]? {
    guard take("(") else { return nil }
    var lengths: [Int] = []
    while !take(")") {
      skipSpace()
      let digits = rest.prefix { $0.isASCII && $0.isNumber }
      guard let length = Int(digits), length <= Int(Int32.max), lengths.count < 32 else { return nil }
      lengths.append(length)
      rest = rest.dropFirst(digits.count)
      if !take(",") { return take(")") ? lengths : nil }
    }
    return lengths
  }
}
