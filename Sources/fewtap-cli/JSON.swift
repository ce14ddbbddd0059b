import Fewtap

/// A JSON value whose keys keep the order they are written in. A number that is not finite becomes null, as JSON has none.
enum JSON {
  case null
  case bool(Bool)
  case integer(Int)
  case unsigned(UInt64)
  case number(Double)
  case string(String)
  case array([JSON])
  case object([(String, JSON)])

  static func number(_ value: Double?) -> JSON { value.map { .number($0) } ?? .null }
  static func string(_ text: String?) -> JSON { text.map { .string($0) } ?? .null }

  /// The value as text, objects over several lines.
  func text(indent: String = "") -> String {
    switch self {
    case .null: return "null"
    case .bool(let value): return "\(value)"
    case .integer(let value): return "\(value)"
    case .unsigned(let value): return "\(value)"
    case .number(let value): return value.isFinite ? "\(value)" : "null"
    case .string(let text): return quoted(text)
    case .array(let values): return "[" + values.map { $0.text(indent: indent) }.joined(separator: ", ") + "]"
    case .object(let fields):
      if fields.isEmpty { return "{}" }
      let inner = indent + "  "
      let lines = fields.map { "\(inner)\(quoted($0.0)): \($0.1.text(indent: inner))" }
      return "{\n" + lines.joined(separator: ",\n") + "\n\(indent)}"
    }
  }
}
