import FewtapCore

/// Damped Gauss-Newton steps on a joint problem, as ``LevenbergMarquardt`` makes them on one filter.
struct OffsetsDescent: Sendable {
  let problem: OffsetsProblem
  /// Relative decrease under which a step counts as none; three in a row end the descent.
  let tolerance: Double

  /// All that a descent goes on from.
  struct State: Equatable, Sendable {
    var tracks: [Double]
    var cost: Double
    var damping: Double
    var stalled: Int
  }

  static let firstDamping = 1e-3

  /// Pixels that a step may move a tap at most.
  private static let longestMove = 2.0

  init(_ problem: OffsetsProblem, tolerance: Double) {
    (self.problem, self.tolerance) = (problem, tolerance)
    LevenbergMarquardt.prepareLibrary
  }

  func start(at tracks: [Double], damping: Double = firstDamping, stalled: Int = 0) -> State {
    var tracks = tracks
    problem.clamp(&tracks)
    return State(tracks: tracks, cost: problem.cost(tracks), damping: damping, stalled: stalled)
  }

  /// Makes one step; false once no further step will help.
  func step(_ state: inout State) -> Bool {
    let (system, n, m) = (problem.system(state.tracks), problem.tapCount, problem.side)
    var growth = 2.0
    for _ in 0..<10 {
      if var change = system.step(damping: state.damping) {
        var longest = 0.0
        for i in change.indices where i % m >= n { longest = max(longest, abs(change[i])) }
        let scale = longest > Self.longestMove ? Self.longestMove / longest : 1
        // (H + lambda D) d = -g gives d^T H d without a product: the model's decrease along the step, scaled.
        let slope = zip(system.gradient, change).reduce(0) { $0 + $1.0 * $1.1 }
        let penalty = state.damping * zip(system.diagonal, change).reduce(0) { $0 + $1.0 * $1.1 * $1.1 }
        let predicted = -scale * slope + 0.5 * scale * scale * (slope + penalty)
        for i in change.indices { change[i] = state.tracks[i] + scale * change[i] }
        problem.clamp(&change)
        let cost = problem.cost(change)
        if cost < state.cost {
          let gainRatio = (state.cost - cost) / max(predicted, .leastNormalMagnitude)
          let factor = 2 * gainRatio - 1
          state.damping *= max(0.2, 1 - factor * factor * factor)
          state.stalled = (state.cost - cost) / state.cost < tolerance ? state.stalled + 1 : 0
          (state.tracks, state.cost) = (change, cost)
          return state.stalled < 3
        }
      }
      state.damping *= growth
      growth *= 2
    }
    return false
  }
}
