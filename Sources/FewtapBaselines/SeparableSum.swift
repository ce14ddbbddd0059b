import FewtapCore
import FewtapEngine
import FewtapSynthesis

/// A sum of products of a row and a column: what low rank and complex-separable filters are.
///
/// Equation: `K[x, y] = sum_t v_t[y] u_t[x]`, offsets counted from ``center``.
/// Cost:     ``multiplyAddCount`` a pixel, two passes a term; each term is a filter of two layers that an `ApplyPlan` runs, and
///           the results are added in Float.
public struct SeparableSum: BaselineFilter, Equatable {
  /// A row and a column of weights.
  public struct Term: Equatable, Sendable {
    /// Weights along x.
    public var row: [Double]
    /// Weights along y.
    public var column: [Double]

    /// The product of `row` and `column`.
    public init(row: [Double], column: [Double]) {
      self.row = row
      self.column = column
    }
  }

  /// The terms, all of one size; never empty.
  public let terms: [Term]
  /// Which weights of a row and of a column stand for offset 0.
  public let center: PixelOffset

  /// A sum of terms of one size.
  ///
  /// Throws: ``BaselineError/malformedTerms`` without terms, for terms of different sizes, none at all or weights that are not
  ///         finite.
  public init(terms: [Term], center: PixelOffset) throws(BaselineError) {
    guard let first = terms.first, !first.row.isEmpty, !first.column.isEmpty,
      terms.allSatisfy({ $0.row.count == first.row.count && $0.column.count == first.column.count }),
      terms.allSatisfy({ $0.row.allSatisfy(\.isFinite) && $0.column.allSatisfy(\.isFinite) })
    else { throw .malformedTerms }
    self.terms = terms
    self.center = center
  }

  /// The term as a filter of two layers: the row first, zeros left out. Nil if one of them is zero everywhere.
  private func filter(_ term: Term) -> SparseFilter? {
    let row = term.row.indices.filter { term.row[$0] != 0 }
      .map { Tap(x: Double($0 - center.x), y: 0, weight: term.row[$0]) }
    let column = term.column.indices.filter { term.column[$0] != 0 }
      .map { Tap(x: 0, y: Double($0 - center.y), weight: term.column[$0]) }
    guard !row.isEmpty, !column.isEmpty else { return nil }
    return SparseFilter(chain: TapChain(model: .integer, layers: [TapLayer(row), TapLayer(column)]))
  }

  /// The terms as filters of two layers, those that are zero left out.
  package var filters: [SparseFilter] { terms.compactMap(filter) }

  /// Nonzero weights of all rows and columns.
  public var tapCount: Int { filters.reduce(0) { $0 + $1.chain.tapCount } }
  /// As many as taps, and an addition for each term after the first.
  public var multiplyAddCount: Double { Double(tapCount + max(0, filters.count - 1)) }
  /// Two a term.
  public var passCount: Int { 2 * filters.count }
  /// `sum_t |v_t|_1 |u_t|_1 / |sum K|`; nil where weights cancel.
  public var noiseGain: Double? { abs(sum) > 1e-9 * absoluteSum ? absoluteSum / abs(sum) : nil }

  /// The sum of the products, of the terms' size.
  ///
  /// Accuracy: `gamma_t sum|v||u|` for t terms. Throws: ``FewtapCore/KernelError``.
  public func effectiveKernel() throws -> Kernel {
    let (width, height) = (terms[0].row.count, terms[0].column.count)
    var values = Plane<Double>(width: width, height: height)
    for term in terms {
      for y in 0..<height { for x in 0..<width { values[x, y] += term.column[y] * term.row[x] } }
    }
    return try Kernel(
      name: "effective kernel", values: values, center: center, maximumSide: GridTransform.maximumSize)
  }

  /// The filtered plane: the sum of what the terms' filters give.
  ///
  /// Accuracy: that of an `ApplyPlan` for each term, and an addition of Float each. Throws: ``FewtapEngine/ApplyError``.
  public func apply(toPlane plane: Plane<Float>, options: ApplyOptions = ApplyOptions()) throws(ApplyError)
    -> Plane<Float>
  {
    try prepared(width: plane.width)(plane, options)
  }

  /// A plan a term.
  public func prepared(width: Int) throws(ApplyError) -> PlaneFilter {
    let plans = try filters.map { filter throws(ApplyError) in try ApplyPlan(filter, width: width) }
    return { plane, options throws(ApplyError) in try apply(plans, to: plane, options) }
  }

  private func apply(_ plans: [ApplyPlan], to plane: Plane<Float>, _ options: ApplyOptions) throws(ApplyError)
    -> Plane<Float>
  {
    // A term cannot be normalized on its own.
    try options.applyingNormalization(to: plane, sum: sum, absoluteSum: absoluteSum) {
      plane, options throws(ApplyError) in
      var result: Plane<Float>?
      for plan in plans {
        let part = try plan.apply(toPlane: plane, options: options)
        if result == nil { result = part } else { result?.add(part) }
      }
      return result ?? Plane(width: plane.width, height: plane.height)
    }
  }

  private var sum: Double { terms.reduce(0) { $0 + $1.row.reduce(0, +) * $1.column.reduce(0, +) } }
  private var absoluteSum: Double {
    terms.reduce(0) { $0 + $1.row.reduce(0) { $0 + abs($1) } * $1.column.reduce(0) { $0 + abs($1) } }
  }

  /// The same filter times `factor`.
  public func scaled(by factor: Double) throws(BaselineError) -> SeparableSum {
    try SeparableSum(terms: terms.map { Term(row: $0.row.map { $0 * factor }, column: $0.column) }, center: center)
  }
}

extension Plane<Float> {
  /// Adds a plane of the same size; bare pointers, which the compiler makes vector code of.
  mutating func add(_ other: Plane) {
    values.withUnsafeMutableBufferPointer { sums in
      other.values.withUnsafeBufferPointer { terms in
        for index in 0..<sums.count { sums[index] += terms[index] }
      }
    }
  }
}
