import FewtapSynthesis

/// A local optimizer: a pure start, and a step that changes nothing but its state. Conformers: ``LevenbergMarquardt``,
/// ``Adam``.
public protocol Optimizer: Sendable {
  /// Everything that a step reads and writes.
  associatedtype State: OptimizerState
  /// The state before the first step.
  func start(at parameters: ChainParameters) -> State
  /// Makes one step; false once no further step will help.
  func step(_ state: inout State) -> Bool
}

/// What can be asked of every optimizer's state.
public protocol OptimizerState: Sendable {
  /// The chain reached.
  var parameters: ChainParameters { get }
  /// Its cost.
  var cost: Double { get }
}

extension Optimizer {
  /// Steps until none helps, `iterations` are done, or `shouldStop` says so.
  public func run(
    from parameters: ChainParameters, iterations: Int, shouldStop: (State) -> Bool = { _ in false }
  ) -> State {
    var state = start(at: parameters)
    for _ in 0..<iterations {
      guard !shouldStop(state), step(&state) else { break }
    }
    return state
  }
}
