import FewtapCore
import FewtapSynthesis

/// The paper's loss: a smoothed L1 distance of effective kernel and target, in units of the target's peak.
///
/// Equation: `1/S sum_p sqrt(r_p^2 + eps^2)`, `r = (K - T) / max|T|`, `S` the number of the target's pixels, `eps = 1e-3`.
/// Source:   Wu, Zhe, Huo (DISK), ICLR 2026; Charbonnier et al., ICIP 1994.
public struct CharbonnierLoss: Loss {
  private let grid: GridTransform
  private let target: [Double]
  private let peak: Double
  private let count: Double
  private static let epsilon = 1e-3

  /// The loss against `kernel` on `grid`, which must hold it.
  public init(kernel: Kernel, grid: GridTransform) {
    self.grid = grid
    target = grid.place(kernel)
    peak = kernel.values.values.reduce(0) { max($0, abs($1)) }
    count = Double(kernel.width * kernel.height)
  }

  /// See ``Loss/value(_:)``.
  public func value(_ synthesis: ChainSynthesis) -> Double {
    residual(synthesis).reduce(0) { $0 + ($1 * $1 + Self.epsilon * Self.epsilon).squareRoot() } / count
      - Self.epsilon * Double(target.count) / count
  }

  /// See ``Loss/gradient(_:)``.
  public func gradient(_ synthesis: ChainSynthesis) -> [Double] {
    let scale = 1 / (count * peak)
    return synthesis.vjp(
      residual(synthesis).map { scale * $0 / ($0 * $0 + Self.epsilon * Self.epsilon).squareRoot() })
  }

  private func residual(_ synthesis: ChainSynthesis) -> [Double] {
    zip(synthesis.effectiveKernel(), target).map { ($0 - $1) / peak }
  }
}
