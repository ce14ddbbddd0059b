import FewtapCore
import FewtapSynthesis

/// What a search minimizes: the spectral loss against a kernel, plus a ridge that keeps the noise gain low, over offsets that
/// fit the grid.
///
/// Equation: `loss + 1/2 ridge / L sum_l N_l sum_i w_{l,i}^2`.
public struct FitProblem: Sendable {
  /// The target, scaled so that a chain of layers with sum 1 can meet it; of layers at a lower rate what they should make, in
  /// pixels of that rate.
  public let kernel: Kernel
  /// The grid that the chain is synthesized on.
  public let grid: GridTransform
  /// The loss.
  public let loss: SpectralLoss
  /// Weight of the ridge.
  public var ridge: Double
  /// How far the layers' offsets may reach in all.
  private let room: Int
  /// Whether weights must not be negative.
  public var nonnegative: Bool

  /// The problem of fitting `kernel`, which should have sum 1 (or sum of magnitudes 1 if its sum is zero), with layers of up
  /// to `largestLayer` taps, on a grid of at least `minimumSide`.
  public init(
    kernel: Kernel, objective: Objective, ridge: Double = 1e-7, nonnegative: Bool = false, largestLayer: Int = 96,
    minimumSide: Int = 64
  ) {
    self.kernel = kernel
    // Four radii let the layers' reaches add up to twice the kernel's; 64 resolves the objective's corner frequency; and a
    // layer needs room for its taps at whole pixels.
    grid = GridTransform(
      minimumSize: max(64, minimumSide, 4 * kernel.radius + 2, Self.side(forTaps: largestLayer)))
    room = grid.size / 2 - 1
    loss = SpectralLoss(kernel: kernel, objective: objective, grid: grid)
    self.ridge = ridge
    self.nonnegative = nonnegative
  }

  /// The problem of fitting `kernel` by layers at `rate`, whose factor must be one of ``LowRateTarget/factors``: the same kind
  /// of problem, with another target and another weight.
  ///
  /// The ridge is ten times that of the image's own rate: on the average of the kernels tried that changes the PSNR by -0.2 to
  /// +0.1 dB, and takes a third to a half off the noise gain. Three times more cost one of them 1.5 dB.
  package init(
    kernel: Kernel, rate: Resampling, objective: Objective, ridge: Double = 1e-6, nonnegative: Bool = false,
    largestLayer: Int = 96
  ) throws {
    let side = max(4 * (kernel.radius / rate.factor + 3) + 8, Self.side(forTaps: largestLayer))
    try self.init(
      LowRateTarget(kernel: kernel, objective: objective, rate: rate, minimumSize: side), ridge: ridge,
      nonnegative: nonnegative)
  }

  package init(_ target: LowRateTarget, ridge: Double, nonnegative: Bool) throws {
    kernel = try target.kernel()
    grid = target.grid
    room = target.maximumOffset
    loss = SpectralLoss(target)
    self.ridge = ridge
    self.nonnegative = nonnegative
  }

  private static func side(forTaps count: Int) -> Int { Int((16 * Double(count)).squareRoot()) }

  /// A chain with its synthesis and cost.
  package struct Point: Sendable {
    package var synthesis: ChainSynthesis
    package var cost: Double
    package var parameters: ChainParameters { synthesis.parameters }
  }

  package func point(_ parameters: ChainParameters) -> Point { point(ChainSynthesis(parameters, on: grid)) }

  func point(_ synthesis: ChainSynthesis) -> Point {
    Point(synthesis: synthesis, cost: loss.value(synthesis) + ridgeCost(synthesis.parameters))
  }

  /// The ridge's factor on `w^2 / 2` of each tap.
  func ridges(_ parameters: ChainParameters) -> [Double] {
    parameters.layout.flatMap { Array(repeating: ridge * Double($0) / Double(parameters.layerCount), count: $0) }
  }

  private func ridgeCost(_ parameters: ChainParameters) -> Double {
    0.5 * zip(ridges(parameters), parameters.weights).reduce(0) { $0 + $1.0 * $1.1 * $1.1 }
  }

  /// Largest |offset| that each layer may use: the grid's room shared in proportion to what the layers use now, so that no
  /// sum of offsets wraps around (a fit exploits the wrap if it can).
  package func offsetLimits(_ parameters: ChainParameters) -> [Double] {
    let reaches = parameters.reaches.map { max($0, 0.5) }
    let share = Double(room) / reaches.reduce(0, +)
    return reaches.map { $0 * share }
  }
}
