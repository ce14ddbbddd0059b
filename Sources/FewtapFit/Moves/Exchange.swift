internal import CFewtapMath
import FewtapCore
import FewtapSynthesis

/// Exact exchange of integer taps in one layer, the others fixed: each tap in turn is taken out and put back where it helps
/// most, all weights of the layer refitted at every moment.
///
/// With the other layers fixed the cost is quadratic in the layer's weights. Over every candidate position p we keep
/// `Gamma(p)`, the correlation of the current residual with a tap at p, and the Schur complement `s(p)`, what a tap at p adds
/// that the others cannot express; putting a tap at p lowers the cost by `Gamma^2 / 2s`. Taking one tap out and putting
/// another in are rank-one changes of the inverse Gram matrix, of Gamma and of s, so a sweep over n taps and P candidates
/// costs O(n^2 P), without any factorization inside.
///
/// Source: orthogonal least squares (Chen, Billings, Luo, Int. J. Control 50(5), 1989), here with removal; METHOD.md section 4.
package struct Exchange {
  let problem: FitProblem
  /// Order in which taps are taken out.
  package enum Order { case leastUsefulFirst, random }

  package init(problem: FitProblem) { self.problem = problem }

  /// One sweep over `fraction` of the taps of `layer`. The cost never rises by more than rounding. Ends early, or gives nil,
  /// when `shouldStop` says so.
  package func sweep(
    _ point: FitProblem.Point, others: [Spectrum], layer: Int, order: Order, fraction: Double,
    using random: inout SeededGenerator, shouldStop: () -> Bool = { false }
  ) -> ChainParameters? {
    var parameters = point.parameters
    let range = parameters.ranges[layer]
    guard
      var state = LayerState(
        problem: problem, parameters: parameters, layer: layer, others: others[layer], shouldStop: shouldStop)
    else { return nil }
    var indices = Array(0..<range.count)
    switch order {
    case .random: random.shuffle(&indices)
    case .leastUsefulFirst:
      let scores = indices.map { state.weights[$0] * state.weights[$0] / state.inverse[$0 * range.count + $0] }
      indices.sort { (scores[$0], $0) < (scores[$1], $1) }
    }
    let count = max(1, Int(fraction * Double(range.count)))
    state.exchange(Array(indices.prefix(count)), shouldStop: shouldStop)
    for (local, index) in range.enumerated() {
      parameters.x[index] = Double(Int(state.columns[local]) + state.window.minX)
      parameters.y[index] = Double(Int(state.rows[local]) + state.window.minY)
      parameters.weights[index] = state.weights[local]
    }
    return parameters
  }
}

/// A layer in the middle of a sweep.
private struct LayerState {
  let window: OffsetBounds
  /// Taps, as column and row of the window.
  var columns: [Int32]
  var rows: [Int32]
  var weights: [Double]
  /// Inverse of the layer's Gram matrix (ridge included), row-major; row and column of a tap that is out are zero.
  var inverse: [Double]
  private var correlation: [Double]
  private var schur: [Double]
  private var taken: [UInt8]
  private let table: [Double]
  private let tableSide: Int
  /// `R(0)` plus the ridge.
  private let diagonal: Double
  private let kernels: MathKernels
  private let positiveOnly: Bool
  private var count: Int { weights.count }
  /// Taps from the first on that are in: all of them, once the state is made.
  private var tapsIn = 0

  init?(
    problem: FitProblem, parameters: ChainParameters, layer: Int, others: Spectrum, shouldStop: () -> Bool
  ) {
    let (grid, metric, range) = (problem.grid, problem.loss.metric, parameters.ranges[layer])
    window = Self.window(problem, parameters, layer)
    kernels = grid.kernels
    positiveOnly = problem.nonnegative
    tableSide = 2 * max(window.width, window.height) - 1
    let autocorrelation = grid.inverse(grid.correlation(others, others, weight: metric))
    let middle = tableSide / 2
    table =
      (-middle...middle).flatMap { y in
        (-middle...middle).map { x in autocorrelation[grid.wrapped(y) * grid.size + grid.wrapped(x)] }
      } + [Double](repeating: 0, count: Int(FEWTAP_EXCHANGE_PADDING))
    let toTarget = grid.inverse(grid.correlation(others, problem.loss.target, weight: metric))
    let n = range.count
    diagonal = autocorrelation[0] * (1 + 1e-9) + problem.ridge * Double(n) / Double(parameters.layerCount)
    let (minX, minY) = (window.minX, window.minY)
    columns = range.map { Int32(Int(parameters.x[$0]) - minX) }
    rows = range.map { Int32(Int(parameters.y[$0]) - minY) }
    correlation = []
    for y in window.minY...window.maxY {
      for x in minX...window.maxX { correlation.append(-toTarget[grid.wrapped(y) * grid.size + grid.wrapped(x)]) }
    }
    schur = [Double](repeating: diagonal, count: correlation.count)
    taken = [UInt8](repeating: 0, count: correlation.count)
    weights = [Double](repeating: 0, count: n)
    inverse = [Double](repeating: 0, count: n * n)
    for tap in 0..<n {
      if shouldStop() { return nil }
      tapsIn = tap + 1
      apply(insert(tap, at: Int(rows[tap]) * window.width + Int(columns[tap])), nil)
    }
  }

  /// Offsets that a tap of the layer may take: the kernel's support for the first layer, a small square for the later ones,
  /// never beyond what the grid allows, never without a tap's present place.
  private static func window(_ problem: FitProblem, _ parameters: ChainParameters, _ layer: Int) -> OffsetBounds {
    let limit = Int(problem.offsetLimits(parameters)[layer])
    let reach = layer == 0 ? limit : min(limit, laterReach)
    var bounds = OffsetBounds(minX: -reach, maxX: reach, minY: -reach, maxY: reach)
    if layer == 0 {
      let support = problem.kernel.supportBounds
      bounds = OffsetBounds(
        minX: max(-reach, support.minX), maxX: min(reach, support.maxX), minY: max(-reach, support.minY),
        maxY: min(reach, support.maxY))
    }
    for i in parameters.ranges[layer] {
      bounds = bounds.union(OffsetBounds(PixelOffset(x: Int(parameters.x[i]), y: Int(parameters.y[i]))))
    }
    return bounds
  }

  /// Later layers share out what is left inside the first layer's cells: they never want to reach further than this.
  private static let laterReach = 16

  /// A rank-one change of Gamma and s: `z = sum_k c_k R(p - tap_k)`, `Gamma += correlation z`, `s += schur z^2`.
  private struct RankOneChange {
    var coefficients: [Double]
    var correlation: Double
    var schur: Double
  }

  /// Takes each tap of `order` out and puts it back at the best place.
  mutating func exchange(_ order: [Int], shouldStop: () -> Bool) {
    var insertion: RankOneChange?
    for tap in order where !shouldStop() {
      let removal = remove(tap)
      // Both changes read the taps as they stand now: the last one put in is at its new place, this one still at its old.
      let best = apply(removal, insertion)
      insertion = insert(tap, at: best >= 0 ? best : Int(rows[tap]) * window.width + Int(columns[tap]))
    }
  }

  /// Takes `tap` out of the inverse and the weights; returns what that does to Gamma and s.
  private mutating func remove(_ tap: Int) -> RankOneChange {
    let n = count
    let column = (0..<n).map { inverse[$0 * n + tap] }
    let (pivot, weight) = (column[tap], weights[tap])
    check(kernels.table.rank_one_update(Int32(n), &inverse, column, -1 / pivot))
    for j in 0..<n {
      inverse[tap * n + j] = 0
      inverse[j * n + tap] = 0
    }
    for i in 0..<n { weights[i] -= column[i] * weight / pivot }
    weights[tap] = 0
    taken[Int(rows[tap]) * window.width + Int(columns[tap])] = 0
    return RankOneChange(coefficients: column, correlation: -weight / pivot, schur: 1 / pivot)
  }

  /// Puts `tap` at a candidate; returns what that will do to Gamma and s (applied together with the next removal).
  private mutating func insert(_ tap: Int, at candidate: Int) -> RankOneChange {
    let n = count
    rows[tap] = Int32(candidate / window.width)
    columns[tap] = Int32(candidate % window.width)
    taken[candidate] = 1
    let middle = tableSide / 2
    var overlap = (0..<n).map { k in
      table[(Int(rows[tap] - rows[k]) + middle) * tableSide + Int(columns[tap] - columns[k]) + middle]
    }
    overlap[tap] = 0
    var u = [Double](repeating: 0, count: n)
    check(kernels.table.symmetric_multiply(Int32(n), inverse, overlap, &u))
    let s = max(diagonal - zip(overlap, u).reduce(0) { $0 + $1.0 * $1.1 }, 1e-9 * diagonal)
    let weight = -correlation[candidate] / s
    for i in 0..<n { weights[i] -= u[i] * weight }
    weights[tap] = weight
    u[tap] = -1
    check(kernels.table.rank_one_update(Int32(n), &inverse, u, 1 / s))
    return RankOneChange(coefficients: u.map { -$0 }, correlation: weight, schur: -1 / s)
  }

  /// Applies one or two changes and returns the best free candidate, or -1.
  @discardableResult
  private mutating func apply(_ change: RankOneChange, _ other: RankOneChange?) -> Int {
    var best: Int32 = -1
    let floor = 1e-6 * diagonal
    change.coefficients.withUnsafeBufferPointer { c2 in
      (other?.coefficients ?? []).withUnsafeBufferPointer { c1 in
        table.withUnsafeBufferPointer { table in
          columns.withUnsafeBufferPointer { columns in
            rows.withUnsafeBufferPointer { rows in
              correlation.withUnsafeMutableBufferPointer { correlation in
                schur.withUnsafeMutableBufferPointer { schur in
                  var view = fewtap_exchange_window(
                    table: table.baseAddress, table_side: Int32(tableSide), width: Int32(window.width),
                    height: Int32(window.height), x: columns.baseAddress, y: rows.baseAddress,
                    tap_count: Int32(tapsIn), correlation: correlation.baseAddress, schur: schur.baseAddress)
                  var changes = fewtap_exchange_change(
                    c1: other == nil ? nil : c1.baseAddress, c2: c2.baseAddress, a1: other?.correlation ?? 0,
                    b1: other?.schur ?? 0, a2: change.correlation, b2: change.schur)
                  let status = kernels.table.exchange_step(&view, &changes, taken, floor, positiveOnly ? 1 : 0, &best)
                  check(status)
                }
              }
            }
          }
        }
      }
    }
    return Int(best)
  }
}
