import FewtapCore
import FewtapSynthesis

/// Exact exchange of vertical runs of integer taps in one layer, the others fixed: each run in turn is taken out and put back
/// where it helps most, all weights of the layer refitted at every moment. A run of one tap is a tap.
///
/// With the other layers fixed the cost is quadratic in the layer's weights. Over every candidate position p we keep
/// `Gamma(p)`, the correlation of the current residual with a tap at p, and the Schur complement, what taps at p and below add
/// that the others cannot express; putting a run there, with correlations g and Schur complement S, lowers the cost by
/// `g^T S^-1 g / 2`. Taking one run of m taps out and putting another in are changes of rank m of the inverse Gram matrix, of
/// Gamma and of the Schur complements, so a sweep over n taps and P candidates costs O(n^2 P + n m P), without any
/// factorization larger than m.
///
/// Source: orthogonal least squares (Chen, Billings, Luo, Int. J. Control 50(5), 1989), here by blocks and with removal;
///         METHOD.md sections 4 and 8.
package struct Exchange {
  let problem: FitProblem
  /// Order in which runs are taken out.
  package enum Order { case leastUsefulFirst, random }

  package init(problem: FitProblem) { self.problem = problem }

  /// One sweep over `fraction` of the runs of `layer`. The cost never rises by more than rounding. Ends early, or gives nil,
  /// when `shouldStop` says so.
  package func sweep(
    _ point: FitProblem.Point, others: [Spectrum], layer: Int, order: Order, fraction: Double,
    using random: inout SeededGenerator, shouldStop: () -> Bool = { false }
  ) -> ChainParameters? {
    var parameters = point.parameters
    let range = parameters.ranges[layer]
    guard
      var state = ExchangeState(
        problem: problem, parameters: parameters, layer: layer, others: others[layer], shouldStop: shouldStop)
    else { return nil }
    var runs = Array(0..<range.count / parameters.runLengths[layer])
    switch order {
    case .random: random.shuffle(&runs)
    case .leastUsefulFirst:
      let scores = runs.map { state.usefulness(of: $0) }
      runs.sort { (scores[$0], $0) < (scores[$1], $1) }
    }
    let count = max(1, Int(fraction * Double(runs.count)))
    state.exchange(Array(runs.prefix(count)), shouldStop: shouldStop)
    for (local, index) in range.enumerated() {
      parameters.x[index] = Double(Int(state.columns[local]) + state.window.minX)
      parameters.y[index] = Double(Int(state.rows[local]) + state.window.minY)
      parameters.weights[index] = state.weights[local]
    }
    return parameters
  }
}
