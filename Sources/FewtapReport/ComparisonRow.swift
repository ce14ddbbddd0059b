/// A contender of a comparison, and how it did.
public struct ComparisonRow<Measured: Sendable>: Sendable {
  /// Its name.
  public let name: String
  /// Whose it is.
  public let side: Contender.Side
  /// How it did, or why it cannot take part.
  public let outcome: Outcome

  /// How a contender did, or why it could not.
  public enum Outcome: Sendable {
    case measured(Measured)
    /// A sentence without the contender's name.
    case cannot(String)
  }

  /// How it did, if it could.
  public var measured: Measured? {
    if case .measured(let measured) = outcome { measured } else { nil }
  }
}

extension Array {
  /// Why contenders could not take part, and which: those with one reason together, in the order of rows.
  func refusals<Measured>() -> [(reason: String, names: [String])] where Element == ComparisonRow<Measured> {
    var groups: [(reason: String, names: [String])] = []
    for row in self {
      guard case .cannot(let reason) = row.outcome else { continue }
      if let index = groups.firstIndex(where: { $0.reason == reason }) {
        groups[index].names.append(row.name)
      } else {
        groups.append((reason, [row.name]))
      }
    }
    return groups
  }

  /// Mean of a figure over those that have it; nil if none has.
  func mean(_ figure: (Element) -> Double?) -> Double? {
    let values = compactMap(figure)
    return values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
  }
}
