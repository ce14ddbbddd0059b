import FewtapCore
import FewtapSynthesis

/// The search for integer taps: exchange sweeps over the layers, weights refitted jointly, kicks when it stalls.
struct IntegerSearch {
  let problem: FitProblem
  /// Looked at between all steps that can take long: a sweep over a large kernel takes seconds.
  let shouldStop: () -> Bool

  /// Joint steps on all weights after a sweep: each layer's own weights are exact already.
  private static let jointSteps = 2

  /// Makes `sweeps` sweeps from `guess`; `monitor` sees the best point after each, and ends the search by returning false.
  func run(
    from guess: ChainParameters, sweeps: Int, using random: inout SeededGenerator,
    monitor: (FitProblem.Point) -> Bool
  ) -> FitProblem.Point {
    let exchange = Exchange(problem: problem)
    var current = fitWeights(guess.rounded(using: &random), iterations: 5)
    var (best, stalled) = (current, 0)
    for _ in 0..<sweeps {
      let before = current.cost
      var layers = Array(0..<guess.layerCount)
      random.shuffle(&layers)
      for layer in layers {
        let others = current.synthesis.otherLayers()
        let order: Exchange.Order = random.unit() < 0.5 ? .leastUsefulFirst : .random
        guard
          let moved = exchange.sweep(
            current, others: others, layer: layer, order: order, fraction: stalled == 0 ? 1 : 0.5, using: &random,
            shouldStop: shouldStop)
        else { break }
        let next = problem.point(ChainSynthesis(moved, on: problem.grid, changing: layer, of: current.synthesis))
        if next.cost < current.cost || problem.nonnegative { current = next }
      }
      current = fitWeights(current.parameters, iterations: Self.jointSteps, from: current)
      if current.cost < best.cost { best = current }
      stalled = current.cost > 0.995 * before ? stalled + 1 : 0
      guard monitor(best) else { break }
      if stalled >= 2 {
        let share = [0.05, 0.15, 0.3][random.index(3)]
        current = fitWeights(best.parameters.kicked(share: share, using: &random), iterations: 4)
        stalled = 0
      }
    }
    let final = fitWeights(best.parameters, iterations: 100, from: best)
    return final.cost < best.cost ? final : best
  }

  /// The chain with its weights refitted, offsets kept.
  func fitWeights(
    _ parameters: ChainParameters, iterations: Int, from point: FitProblem.Point? = nil
  ) -> FitProblem.Point {
    let optimizer = LevenbergMarquardt(problem, freedom: .weights, tolerance: 1e-4)
    var state = optimizer.start(at: parameters, reusing: point)
    for _ in 0..<iterations {
      guard !shouldStop(), optimizer.step(&state) else { break }
    }
    return state.point
  }
}
