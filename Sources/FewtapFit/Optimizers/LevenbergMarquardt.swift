import CFewtapLAPACK
import FewtapCore
import FewtapSynthesis

/// Damped Gauss-Newton steps on the spectral loss, from the Gram matrix alone.
///
/// Equation: `(J^T W J + lambda diag) d = -g`; lambda by the gain ratio (Nielsen's rule, but falling to a
///           fifth instead of a third at best, which saves a step or two). Nonnegative weights are squares of
///           free parameters. A step moves no tap by more than three pixels, and none beyond its layer's limit.
/// Source:   Madsen, Nielsen, Tingleff, "Methods for non-linear least squares problems", DTU 2004, section 3.2.
/// Cost:     a step: L (L + 5) / 2 transforms and a Cholesky factorization.
public struct LevenbergMarquardt: Optimizer {
  /// The parameters that may change.
  public enum Freedom: Sendable {
    /// Weights alone.
    case weights
    /// Weights and offsets.
    case all
  }

  private let problem: FitProblem
  private let freedom: Freedom
  /// Relative decrease under which a step counts as none; three in a row end the run.
  private let tolerance: Double

  /// The optimizer for `problem`.
  public init(_ problem: FitProblem, freedom: Freedom, tolerance: Double = 1e-5) {
    self.problem = problem
    self.freedom = freedom
    self.tolerance = tolerance
    Self.prepareLibrary
  }

  /// Touch before any solve.
  static let prepareLibrary: Void = fewtap_lapack_use_one_thread()

  /// See ``Optimizer``.
  public struct State: OptimizerState {
    var point: FitProblem.Point
    let limits: [Double]
    var damping = 1e-3
    var stalled = 0
    /// See ``OptimizerState``.
    public var parameters: ChainParameters { point.parameters }
    /// See ``OptimizerState``.
    public var cost: Double { point.cost }
  }

  /// See ``Optimizer``.
  public func start(at parameters: ChainParameters) -> State { start(at: parameters, reusing: nil) }

  func start(at parameters: ChainParameters, reusing point: FitProblem.Point?) -> State {
    var parameters = parameters
    let limits = problem.offsetLimits(parameters)
    let moved = clamp(&parameters, to: limits)
    if problem.nonnegative {
      for i in parameters.weights.indices { parameters.weights[i] = max(parameters.weights[i], 1e-8) }
    }
    let usable = moved || problem.nonnegative ? nil : point
    return State(point: usable ?? problem.point(parameters), limits: limits)
  }

  /// See ``Optimizer``.
  public func step(_ state: inout State) -> Bool {
    let (old, n) = (state.point, state.parameters.tapCount)
    let size = freedom == .weights ? n : 3 * n
    let (matrix, gradient) = normalEquations(old)
    var largest = 0.0
    for i in 0..<size { largest = max(largest, matrix[i * size + i]) }
    let diagonal = (0..<size).map { max(matrix[$0 * size + $0], 1e-9 * largest) }
    var growth = 2.0
    for _ in 0..<12 {
      var damped = matrix
      for i in 0..<size { damped[i * size + i] += state.damping * diagonal[i] }
      var change = gradient.map { -$0 }
      if fewtap_solve_positive(Int32(size), &damped, &change) == FEWTAP_LAPACK_OK {
        let scale = stepScale(change, tapCount: n)
        // (H + lambda D) d = -g gives d^T H d without a product: the model's decrease along the step, scaled.
        let slope = zip(gradient, change).reduce(0) { $0 + $1.0 * $1.1 }
        let penalty = state.damping * zip(diagonal, change).reduce(0) { $0 + $1.0 * $1.1 * $1.1 }
        let predicted = -scale * slope + 0.5 * scale * scale * (slope + penalty)
        for i in 0..<size { change[i] *= scale }
        let new = problem.point(moved(old.parameters, by: change, limits: state.limits))
        if new.cost < old.cost {
          let gainRatio = (old.cost - new.cost) / max(predicted, .leastNormalMagnitude)
          let factor = 2 * gainRatio - 1
          state.damping *= max(0.2, 1 - factor * factor * factor)
          state.stalled = (old.cost - new.cost) / old.cost < tolerance ? state.stalled + 1 : 0
          state.point = new
          return state.stalled < 3
        }
      }
      state.damping *= growth
      growth *= 2
    }
    return false
  }

  /// Gram matrix and gradient of the cost in the coordinates that are free.
  private func normalEquations(_ point: FitProblem.Point) -> (matrix: [Double], gradient: [Double]) {
    let (synthesis, n) = (point.synthesis, point.parameters.tapCount)
    let others = synthesis.otherLayers()
    var gradient = problem.loss.gradient(synthesis, others: others)
    var matrix: [Double]
    let size: Int
    switch freedom {
    case .weights:
      matrix = synthesis.weightGram(metric: problem.loss.metric, others: others)
      gradient.removeLast(2 * n)
      size = n
    case .all:
      matrix = synthesis.gram(metric: problem.loss.metric, others: others)
      size = 3 * n
    }
    for (i, ridge) in problem.ridges(point.parameters).enumerated() {
      gradient[i] += ridge * point.parameters.weights[i]
      matrix[i * size + i] += ridge
    }
    if problem.nonnegative {
      // w = u^2: dw = 2u du, and the curvature of the square adds 2g where that keeps the matrix positive.
      for i in 0..<n {
        let slope = 2 * point.parameters.weights[i].squareRoot()
        for j in 0..<size {
          matrix[i * size + j] *= slope
          matrix[j * size + i] *= slope
        }
        matrix[i * size + i] += max(2 * gradient[i], 0)
        gradient[i] *= slope
      }
    }
    return (matrix, gradient)
  }

  /// Factor that keeps every tap's move within three pixels.
  private func stepScale(_ change: [Double], tapCount n: Int) -> Double {
    guard freedom == .all else { return 1 }
    return min(1, 3 / change[n...].reduce(0) { max($0, abs($1)) })
  }

  private func moved(_ old: ChainParameters, by change: [Double], limits: [Double]) -> ChainParameters {
    var new = old
    let n = old.tapCount
    for i in 0..<n {
      if problem.nonnegative {
        let root = old.weights[i].squareRoot() + change[i]
        new.weights[i] = root * root
      } else {
        new.weights[i] += change[i]
      }
      if freedom == .all {
        new.x[i] += change[n + i]
        new.y[i] += change[2 * n + i]
      }
    }
    if freedom == .all { _ = clamp(&new, to: limits) }
    return new
  }

  /// Brings offsets within their layers' limits, a run as a whole; true if any was not. Where only weights are free, what is
  /// moved stays on whole pixels.
  private func clamp(_ parameters: inout ChainParameters, to limits: [Double]) -> Bool {
    var changed = false
    for ((range, length), limit) in zip(zip(parameters.ranges, parameters.runLengths), limits) {
      for first in stride(from: range.lowerBound, to: range.upperBound, by: length) {
        let run = first..<first + length
        guard run.contains(where: { abs(parameters.x[$0]) > limit || abs(parameters.y[$0]) > limit }) else { continue }
        changed = true
        let most = freedom == .all ? limit : limit.rounded(.down)
        let dx = min(max(parameters.x[first], -most), most) - parameters.x[first]
        let dy = max(min(parameters.y[first], most - Double(length - 1)), -most) - parameters.y[first]
        for i in run {
          parameters.x[i] += dx
          parameters.y[i] += dy
        }
      }
    }
    return changed
  }
}
