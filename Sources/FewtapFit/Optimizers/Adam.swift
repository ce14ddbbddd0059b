import FewtapCore
import FewtapSynthesis

/// Adam on any loss, offsets in units of the kernel's half size, the rate falling linearly over the run: the paper's optimizer.
///
/// Source: Kingma, Ba, "Adam: a method for stochastic optimization", ICLR 2015, algorithm 1; rates 1e-3 to 1e-4 over 1000
///         steps from Wu, Zhe, Huo (DISK), ICLR 2026.
public struct Adam<L: Loss>: Optimizer {
  private let loss: L
  private let grid: GridTransform
  private let offsetScale: Double
  private let freeOffsets: Bool
  private let steps: Int
  private let rates: (first: Double, last: Double)

  /// Adam for `steps` steps on `loss`; `offsetScale` is the number of pixels that one unit of an offset stands for.
  public init(
    _ loss: L, on grid: GridTransform, offsetScale: Double, freeOffsets: Bool = true, steps: Int = 1000,
    rates: (first: Double, last: Double) = (1e-3, 1e-4)
  ) {
    self.loss = loss
    self.grid = grid
    self.offsetScale = offsetScale
    self.freeOffsets = freeOffsets
    self.steps = steps
    self.rates = rates
  }

  /// See ``Optimizer``.
  public struct State: OptimizerState {
    /// See ``OptimizerState``.
    public internal(set) var parameters: ChainParameters
    /// See ``OptimizerState``.
    public internal(set) var cost: Double
    var synthesis: ChainSynthesis
    var firstMoment: [Double]
    var secondMoment: [Double]
    var stepCount = 0
  }

  /// See ``Optimizer``.
  public func start(at parameters: ChainParameters) -> State {
    let synthesis = ChainSynthesis(parameters, on: grid)
    let zeros = [Double](repeating: 0, count: 3 * parameters.tapCount)
    return State(
      parameters: parameters, cost: loss.value(synthesis), synthesis: synthesis, firstMoment: zeros, secondMoment: zeros
    )
  }

  /// See ``Optimizer``.
  public func step(_ state: inout State) -> Bool {
    guard state.stepCount < steps else { return false }
    var gradient = loss.gradient(state.synthesis)
    let n = state.parameters.tapCount
    for i in n..<3 * n { gradient[i] *= freeOffsets ? offsetScale : 0 }
    let progress = Double(state.stepCount) / Double(max(1, steps - 1))
    let rate = rates.first + (rates.last - rates.first) * progress
    state.stepCount += 1
    let (decay1, decay2, epsilon) = (0.9, 0.999, 1e-8)
    let (bias1, bias2) = (1 - power(decay1, state.stepCount), 1 - power(decay2, state.stepCount))
    for i in 0..<3 * n {
      state.firstMoment[i] = decay1 * state.firstMoment[i] + (1 - decay1) * gradient[i]
      state.secondMoment[i] = decay2 * state.secondMoment[i] + (1 - decay2) * gradient[i] * gradient[i]
      let change = rate * (state.firstMoment[i] / bias1) / ((state.secondMoment[i] / bias2).squareRoot() + epsilon)
      switch i / n {
      case 0: state.parameters.weights[i] -= change
      case 1: state.parameters.x[i - n] -= change * offsetScale
      default: state.parameters.y[i - 2 * n] -= change * offsetScale
      }
    }
    state.synthesis = ChainSynthesis(state.parameters, on: grid)
    state.cost = loss.value(state.synthesis)
    return state.stepCount < steps
  }

  private func power(_ base: Double, _ exponent: Int) -> Double {
    (0..<exponent).reduce(1.0) { value, _ in value * base }
  }
}
