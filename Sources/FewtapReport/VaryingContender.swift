import FewtapBaselines
import FewtapCore
import FewtapFit
import FewtapTargets

/// One of those that stand for a family of kernels in a comparison of varying filters.
package enum VaryingContender: Equatable, Sendable, CustomStringConvertible {
  /// Ours: outputs of filters interpolated between so many knots along each axis.
  case outputs(knots: [Int])
  /// Ours: taps interpolated, all knots fitted together; 96 taps.
  case offsets(knots: [Int])
  /// The DISK paper's basis: 96 taps, each knot alone, by Adam; taps interpolated.
  case paper(knots: [Int])
  /// Filters by parallel tempering, 24x4, each knot alone; taps interpolated.
  case tempering(knots: [Int])
  /// Separable filters of a rank, outputs interpolated.
  case lowRank(Int, knots: [Int])
  /// So many eigen-PSFs, each weighted pixel by pixel.
  case productConvolution(terms: Int)
  /// The family's own kernel at every pixel.
  case dense

  /// The name that stands in a table.
  package var description: String {
    switch self {
    case .outputs(let knots): "fewtap outputs \(Self.text(knots))"
    case .offsets(let knots): "fewtap offsets \(Self.text(knots))"
    case .paper(let knots): "DISK basis \(Self.text(knots))"
    case .tempering(let knots): "tempering basis \(Self.text(knots))"
    case .lowRank(let rank, let knots): "rank \(rank) basis \(Self.text(knots))"
    case .productConvolution(let terms): "product-convolution \(terms)"
    case .dense: "dense"
    }
  }

  /// Whose it is.
  package var side: Contender.Side {
    switch self {
    case .outputs, .offsets: .ours
    case .dense: .exact
    case .paper, .tempering, .lowRank, .productConvolution: .rival
    }
  }

  /// Taps of the filters whose taps are interpolated, and the layout of those that tempering finds.
  static let tapCount = 96
  static let temperingLayout = [24, 24, 24, 24]

  private static func text(_ knots: [Int]) -> String { knots.map(String.init).joined(separator: "x") }

  /// What a comparison runs if nothing is asked for, for a family of so many parameters: of several, without parallel tempering, whose
  /// search at each of their knots takes a quarter of an hour in all.
  package static func standard(axisCount: Int) -> [VaryingContender] {
    let names = [
      "outputs", "outputs:\(text(fine(axisCount)))", "offsets", "paper", "tempering", "low-rank", "product:5",
      "product:16", "dense",
    ]
    return names.filter { axisCount == 1 || $0 != "tempering" }
      .compactMap { try? VaryingContender($0, axisCount: axisCount) }
  }

  /// Knots along the axes where nobody says how many: of filters that run at their own rates, and of those whose taps count.
  private static func coarse(_ axisCount: Int) -> [Int] {
    axisCount == 1 ? [8] : axisCount == 2 ? [6, 9] : [Int](repeating: 4, count: axisCount)
  }
  private static func fine(_ axisCount: Int) -> [Int] {
    axisCount == 1 ? [24] : axisCount == 2 ? [9, 13] : [Int](repeating: 5, count: axisCount)
  }

  /// The contender that `text` names: `NAME` or `NAME:VALUE`, see ``Name``.
  ///
  /// Throws: ``VaryingContenderError``.
  package init(_ text: String, axisCount: Int) throws(VaryingContenderError) {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    guard let name = Name(rawValue: parts[0]) else { throw .unknown(parts[0]) }
    let value = parts.count == 2 ? parts[1] : nil
    switch name {
    case .outputs:
      self = .outputs(
        knots: try Self.knots(value, name, axisCount) ?? (axisCount == 1 ? [16] : Self.coarse(axisCount)))
    case .offsets: self = .offsets(knots: try Self.knots(value, name, axisCount) ?? Self.coarse(axisCount))
    case .paper: self = .paper(knots: try Self.knots(value, name, axisCount) ?? Self.coarse(axisCount))
    case .tempering: self = .tempering(knots: try Self.knots(value, name, axisCount) ?? Self.coarse(axisCount))
    case .lowRank:
      self = .lowRank(try Self.whole(value, name, LowRank.ranks) ?? 4, knots: Self.coarse(axisCount))
    case .product:
      self = .productConvolution(terms: try Self.whole(value, name, ProductConvolution.termCounts) ?? 16)
    case .dense:
      guard value == nil else { throw .badValue(name, value ?? "") }
      self = .dense
    }
  }

  private static func knots(
    _ value: String?, _ name: Name, _ axisCount: Int
  ) throws(VaryingContenderError) -> [Int]? {
    guard let value else { return nil }
    let counts = value.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) }
    let known = counts.compactMap { $0 }.filter { (2...256).contains($0) }
    guard known.count == counts.count else { throw .badValue(name, value) }
    guard known.count == axisCount else { throw .axisCount(name, value, axisCount) }
    return known
  }

  private static func whole(
    _ value: String?, _ name: Name, _ range: ClosedRange<Int>
  ) throws(VaryingContenderError) -> Int? {
    guard let value else { return nil }
    guard let number = Int(value), range.contains(number) else { throw .badValue(name, value) }
    return number
  }

  /// The names by which they are asked for, each with what may follow it after a colon.
  package enum Name: String, CaseIterable, Sendable {
    case outputs
    case offsets
    case paper
    case tempering
    case lowRank = "low-rank"
    case product
    case dense

    /// All of them.
    package static var list: String { allCases.map(\.rawValue).joined(separator: ", ") }

    /// What a person reads who chooses.
    package var summary: String {
      switch self {
      case .outputs: "ours: outputs of filters interpolated"
      case .offsets: "ours: taps interpolated, all knots fitted together"
      case .paper: "the DISK paper's recipe: each knot alone, Adam, taps interpolated"
      case .tempering: "parallel tempering at each knot, taps interpolated"
      case .lowRank: "separable filters at the knots, outputs interpolated"
      case .product: "product-convolution: eigen-PSFs by Fourier transforms, weighted pixel by pixel"
      case .dense: "the kernel itself at every pixel"
      }
    }

    /// What may follow the colon; nil if nothing may.
    package var form: String? {
      switch self {
      case .outputs, .offsets, .paper, .tempering: "knots, 16, or 6x9 for two parameters"
      case .lowRank: "rank, 1 to 6"
      case .product: "terms, 1 to 64"
      case .dense: nil
      }
    }
  }
}

/// Why a text names no contender of a comparison of varying filters.
package enum VaryingContenderError: Error, Equatable, CustomStringConvertible {
  /// There is none of that name.
  case unknown(String)
  /// The value is out of range or no number.
  case badValue(VaryingContender.Name, String)
  /// Knots for another number of parameters.
  case axisCount(VaryingContender.Name, String, Int)

  /// The sentence that a user reads.
  package var description: String {
    switch self {
    case .unknown(let name):
      "\"\(name.prefix(40))\" is no contender for a family of kernels: expected "
        + VaryingContender.Name.list
    case .badValue(let name, let value):
      name.form.map { "\(name.rawValue):\(value.prefix(40)): expected \($0)" }
        ?? "\(name.rawValue) takes no value: write \(name.rawValue) alone"
    case .axisCount(let name, let value, let count):
      "\(name.rawValue):\(value.prefix(40)): the family has \(count) parameter\(count == 1 ? "" : "s"): expected a number of knots for each"
    }
  }
}
