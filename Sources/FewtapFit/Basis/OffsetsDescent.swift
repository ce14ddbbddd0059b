import FewtapCore

/// A least-squares problem of many taps at once.
protocol JointProblem: Sendable {
  associatedtype System: JointSystem
  /// The cost of the tracks' numbers.
  func cost(_ tracks: [Double]) -> Double
  /// The Gauss-Newton system there.
  func system(_ tracks: [Double]) -> System
  /// Brings tracks to where they may be.
  func clamp(_ tracks: inout [Double])
  /// The longest way, in pixels, that a change of the tracks moves a tap along an axis.
  func longestMove(_ change: [Double]) -> Double
}

/// The damped normal equations of one.
protocol JointSystem: Sendable {
  var gradient: [Double] { get }
  /// What the damping is multiplied with.
  var diagonal: [Double] { get }
  /// The step for a damping; nil if the damped matrix is not positive to working precision.
  func step(damping: Double) -> [Double]?
}

extension OffsetsProblem: JointProblem {}
extension OffsetsSystem: JointSystem {}

/// Damped Gauss-Newton steps on a joint problem, as ``LevenbergMarquardt`` makes them on one filter.
struct OffsetsDescent<Problem: JointProblem>: Sendable {
  let problem: Problem
  /// Relative decrease under which a step counts as none; three in a row end the descent.
  let tolerance: Double

  init(_ problem: Problem, tolerance: Double) {
    (self.problem, self.tolerance) = (problem, tolerance)
    LevenbergMarquardt.prepareLibrary
  }

  func start(at tracks: [Double], damping: Double, stalled: Int = 0) -> DescentState {
    var tracks = tracks
    problem.clamp(&tracks)
    return DescentState(tracks: tracks, cost: problem.cost(tracks), damping: damping, stalled: stalled)
  }

  /// Makes one step; false once no further step will help.
  func step(_ state: inout DescentState) -> Bool {
    let system = problem.system(state.tracks)
    var growth = 2.0
    for _ in 0..<10 {
      if var change = system.step(damping: state.damping) {
        let longest = problem.longestMove(change)
        let scale = longest > DescentState.longestMove ? DescentState.longestMove / longest : 1
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

/// All that a descent goes on from.
struct DescentState: Equatable, Sendable {
  var tracks: [Double]
  var cost: Double
  var damping: Double
  var stalled: Int

  static let firstDamping = 1e-3
  /// Pixels that a step may move a tap at most.
  static let longestMove = 2.0
}
