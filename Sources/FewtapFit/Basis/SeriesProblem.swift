import FewtapCore
import FewtapSynthesis

/// The joint problem of taps that follow a series: the coefficients such that the chains at the samples meet the family's kernels.
///
/// Equation: as ``OffsetsProblem``, `theta_p = rotation_p sum_k q_k(p) theta_k` with functions q of ``SeriesFunctions``. As those are
///           orthonormal over the samples, the ridge's mean over the samples is that of the coefficients; and layers sum to 1
///           everywhere if the sum of the constant function's coefficients is 1 and that of every other function's is 0, which the
///           penalty holds.
/// Shapes:   `tracks` holds for each function `[weights..., x..., y...]`, 3n numbers.
struct SeriesProblem: JointProblem {
  private let chains: OffsetsProblem
  private let rows: [[Double]]

  /// `chains` has the functions of `functions` for its knots, and their rows for its shares.
  init(_ chains: OffsetsProblem, _ functions: SeriesFunctions) { (self.chains, rows) = (chains, functions.rows) }

  private var side: Int { chains.side }

  func cost(_ tracks: [Double]) -> Double {
    // The chain would reach around the grid: never lower.
    guard isWithinLimits(tracks) else { return .infinity }
    var sum = 0.0
    for k in 0..<chains.knotCount {
      for range in chains.blank.ranges {
        let excess = range.reduce(k == 0 ? -1 : 0) { $0 + tracks[k * side + $1] }
        let square = range.reduce(0) { $0 + tracks[k * side + $1] * tracks[k * side + $1] }
        sum += OffsetsProblem.sumPenalty * excess * excess + chains.ridge(range) * square
      }
    }
    return chains.loss(tracks) + 0.5 * sum
  }

  /// Whether no sample's chain reaches around the grid: what the layers' limits allow in all.
  private func isWithinLimits(_ tracks: [Double]) -> Bool {
    let room = chains.limits.reduce(0, +)
    return chains.samples.allSatisfy { chains.parameters(of: $0, in: tracks).reaches.reduce(0, +) <= room }
  }

  func system(_ tracks: [Double]) -> SeriesSystem {
    let m = side
    let parts = parallelMap(count: chains.samples.count, threads: chains.threads) {
      chains.derivatives(of: chains.samples[$0], at: tracks)
    }
    let weights = chains.samples.map { $0.weight / Double(chains.samples.count) }
    var gradient = [Double](repeating: 0, count: chains.knotCount * m)
    for (p, part) in parts.enumerated() {
      for (k, value) in rows[p].enumerated() {
        let factor = weights[p] * value
        for i in 0..<m { gradient[k * m + i] += factor * part.gradient[i] }
      }
    }
    var ridges = [Double](repeating: 0, count: m)
    for range in chains.blank.ranges {
      for i in range { ridges[i] = chains.ridge(range) }
      for k in 0..<chains.knotCount {
        let excess = range.reduce(k == 0 ? -1 : 0) { $0 + tracks[k * m + $1] }
        for i in range { gradient[k * m + i] += OffsetsProblem.sumPenalty * excess + ridges[i] * tracks[k * m + i] }
      }
    }
    return SeriesSystem(
      grams: parts.map(\.gram), rows: rows, weights: weights, gradient: gradient, ridges: ridges,
      layers: chains.blank.ranges, sumPenalty: OffsetsProblem.sumPenalty, threads: chains.threads)
  }

  /// What is out of the limits costs infinitely instead.
  func clamp(_ tracks: inout [Double]) {}

  func longestMove(_ change: [Double]) -> Double {
    chains.samples.reduce(0) { max($0, chains.parameters(of: $1, in: change).reaches.max() ?? 0) }
  }
}
