import FewtapCore

/// A value of a kernel's parameter.
public enum ParameterValue: Equatable, Sendable, CustomStringConvertible {
  /// A number.
  case number(Double)
  /// Points, in pixels, +y down.
  case points([SIMD2<Double>])

  /// As a specification writes it: the shortest text that reads back to the bit.
  public var description: String {
    switch self {
    case .number(let number): Self.text(of: number)
    case .points(let points):
      points.map { "\(Self.text(of: $0.x)) \(Self.text(of: $0.y))" }.joined(separator: "/")
    }
  }

  /// A number in its shortest form, whole numbers without a fraction.
  static func text(of number: Double) -> String { Int(exactly: number).map { "\($0)" } ?? "\(number)" }

  /// A number that may be missing.
  static func number(_ number: Double?) -> ParameterValue? { number.map { .number($0) } }

  /// A whole number that may be missing. Beyond 2^53 it is rounded, far outside of every range.
  static func whole(_ number: Int?) -> ParameterValue? { number.map { .number(Double($0)) } }
}

/// A parameter of a kernel in ``KernelCatalog``: what it is called, means and may be.
public struct KernelParameter: Sendable {
  /// Which values a parameter takes.
  public enum Domain: Equatable, Sendable, CustomStringConvertible {
    /// A number in a range, both ends included, in a unit.
    case number(ClosedRange<Double>, unit: String)
    /// A whole number in a range, both ends included.
    case whole(ClosedRange<Int>)
    /// An odd number of pixels.
    case oddSize(ClosedRange<Int>)
    /// So many points, each coordinate within so many pixels of 0.
    case points(count: ClosedRange<Int>, within: Double)

    /// What a value must be: the end of a sentence "it must be".
    public var description: String {
      switch self {
      case .number(let range, let unit):
        "a number in \(ParameterValue.text(of: range.lowerBound))...\(ParameterValue.text(of: range.upperBound))"
          + (unit.isEmpty ? "" : " \(unit)")
      case .whole(let range): "a whole number in \(range.lowerBound)...\(range.upperBound)"
      case .oddSize(let range): "an odd number in \(range.lowerBound)...\(range.upperBound) px"
      case .points(let count, let within):
        "\(count.lowerBound) to \(count.upperBound) points \"x y/x y\" in px within \(ParameterValue.text(of: within)) of 0"
      }
    }

    /// The value that a text stands for, in range or not; nil if it is written wrongly.
    func value(of text: String) -> ParameterValue? {
      switch self {
      case .number: return decimal(text).map { .number($0) }
      case .whole, .oddSize: return Int(text).map { .number(Double($0)) }
      case .points(let count, _):
        var points: [SIMD2<Double>] = []
        for point in text.split(separator: "/", omittingEmptySubsequences: false) {
          let coordinates = point.split(whereSeparator: \.isWhitespace).map { decimal(String($0)) }
          guard points.count < count.upperBound, coordinates.count == 2, let x = coordinates[0], let y = coordinates[1]
          else { return nil }
          points.append(SIMD2(x, y))
        }
        return .points(points)
      }
    }

    /// The numbers between which `a...b` lies, in range or not; nil if it is written wrongly or does not ascend.
    func range(of text: String) -> ClosedRange<Double>? {
      guard let dots = text.firstRange(of: "..."),
        case .number(let low) = value(of: text[..<dots.lowerBound].trimmed),
        case .number(let high) = value(of: text[dots.upperBound...].trimmed), low < high
      else { return nil }
      return low...high
    }

    /// What text that is a range or a number must be.
    static let rangeForm = "two ascending numbers a...b, or one number"

    /// The first number of a value that the domain does not hold, if there is one: for points, a coordinate or their count.
    func firstOutside(_ value: ParameterValue) -> Double? {
      switch (self, value) {
      case (.number(let range, _), .number(let number)): return range.contains(number) ? nil : number
      case (.whole(let range), .number(let number)):
        return Int(exactly: number).map(range.contains) == true ? nil : number
      case (.oddSize(let range), .number(let number)):
        return Int(exactly: number).map { range.contains($0) && $0 % 2 == 1 } == true ? nil : number
      case (.points(let count, let within), .points(let points)):
        guard count.contains(points.count) else { return Double(points.count) }
        return points.flatMap { [$0.x, $0.y] }.first { !($0.magnitude <= within) }
      case (_, .number(let number)): return number
      case (_, .points(let points)): return Double(points.count)
      }
    }

    /// A number in decimal notation; the standard library would also take hexadecimal, `inf` and `nan`.
    private func decimal(_ text: String) -> Double? {
      guard text.utf8.allSatisfy(Self.decimalCharacters.contains) else { return nil }
      return Double(text)
    }

    private static let decimalCharacters = Set("0123456789+-.eE".utf8)
  }

  /// What stands left of `=`.
  public let key: String
  /// What it means, a phrase.
  public let summary: String
  /// Which values it takes.
  public let domain: Domain
  /// The value where none is given; nil if that follows from the other parameters.
  public let standard: ParameterValue?

  /// The parameter `key`.
  init(_ key: String, _ summary: String, _ domain: Domain, standard: ParameterValue? = nil) {
    (self.key, self.summary, self.domain, self.standard) = (key, summary, domain, standard)
  }
}
