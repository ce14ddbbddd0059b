import FewtapCore
import FewtapSynthesis

/// Weighted squared error of the spectrum, relative to the target's.
///
/// Equation: `1/2 sum_f W2(f) |K^(f) - T^(f)|^2 / sum_f W2(f) |T^(f)|^2`, with W2(0) a hundred times as heavy, since an error
///           of the sum is a change of brightness.
/// Cost:     value O(grid); gradient one transform a layer; Gram matrix one a pair of layers.
public struct SpectralLoss: Loss {
  let grid: GridTransform
  let target: Spectrum
  /// `W2` times the multiplicity of the stored frequencies, normalized: the weight of `power`.
  private let costWeight: [Double]
  /// `W2` in the normalization that `inverse` of a correlation needs.
  let metric: [Double]

  /// How much heavier an error of the sum is than its neighbors in frequency.
  static let weightOfSum = 100.0

  /// The loss against `kernel` on `grid`, which must hold it.
  public init(kernel: Kernel, objective: Objective, grid: GridTransform) {
    let target = grid.forward(grid.place(kernel))
    let power = grid.tabulate { fx, fy in
      objective.power(squaredFrequency: fx * fx + fy * fy) * (fx == 0 && fy == 0 ? Self.weightOfSum : 1)
    }
    let total = grid.power(target, weight: zip(power, grid.multiplicity).map { $0 * $1 })
    self.init(target: target, power: power, total: total, grid: grid)
  }

  /// The loss of layers that run at a lower rate: relative to the whole kernel, less the floor that no layers change.
  init(_ low: LowRateTarget) {
    self.init(target: low.spectrum, power: low.weight, total: low.scale, grid: low.grid)
  }

  private init(target: Spectrum, power: [Double], total: Double, grid: GridTransform) {
    self.grid = grid
    self.target = target
    costWeight = zip(power, grid.multiplicity).map { $0 * $1 / total }
    let area = Double(grid.size * grid.size)
    metric = power.map { $0 * area / total }
  }

  /// See ``Loss/value(_:)``.
  public func value(_ synthesis: ChainSynthesis) -> Double {
    0.5 * grid.power(grid.difference(synthesis.kernel, target), weight: costWeight)
  }

  /// See ``Loss/gradient(_:)``.
  public func gradient(_ synthesis: ChainSynthesis) -> [Double] {
    gradient(synthesis, others: synthesis.otherLayers())
  }

  func gradient(_ synthesis: ChainSynthesis, others: [Spectrum]) -> [Double] {
    synthesis.pullback(grid.difference(synthesis.kernel, target), weight: metric, others: others)
  }
}
