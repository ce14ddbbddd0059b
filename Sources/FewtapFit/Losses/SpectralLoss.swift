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

  /// The loss against `kernel` on `grid`, which must hold it.
  public init(kernel: Kernel, objective: Objective, grid: GridTransform) {
    self.grid = grid
    target = grid.forward(grid.place(kernel))
    let power = grid.tabulate { fx, fy in
      objective.power(squaredFrequency: fx * fx + fy * fy) * (fx == 0 && fy == 0 ? 100 : 1)
    }
    let weight = zip(power, grid.multiplicity).map { $0 * $1 }
    let total = grid.power(target, weight: weight)
    costWeight = weight.map { $0 / total }
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
