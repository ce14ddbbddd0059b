import Fewtap
import FewtapReport

// What the reports of all comparisons have in common.

extension ComparisonRow {
  /// The contender and its figures, or why it has none.
  func json(_ figures: (Measured) -> [(String, JSON)]) -> JSON {
    let head: [(String, JSON)] = [("name", .string(name)), ("side", .string(side.rawValue))]
    switch outcome {
    case .cannot(let reason): return .object(head + [("cannot", .string(reason))])
    case .measured(let measured): return .object(head + [("cannot", .null)] + figures(measured))
    }
  }
}

extension Comparison.Subject {
  /// The image's name and size.
  var json: JSON {
    .object([
      ("name", .string(name)), ("width", .integer(width)), ("height", .integer(height)),
      ("channels", .integer(channels)), ("isCropped", .bool(isCropped)),
    ])
  }

  /// The same in words.
  var text: String { "\(legible(name)) (\(isCropped ? "the middle, " : "")\(width)x\(height))" }
}

/// A line for each reason why contenders could not take part.
func refusalLines(_ refusals: [(reason: String, names: [String])]) -> String {
  refusals.map { "  \($0.names.joined(separator: ", ")): cannot, \($0.reason)\n" }.joined()
}
