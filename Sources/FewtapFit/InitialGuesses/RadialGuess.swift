import FewtapCore
import FewtapSynthesis

/// Layer `l` on a circle of radius `l dr`, with `dr = 2R / (L (L + 1))`, so that the chain reaches the kernel's radius R.
///
/// Source: Wu, Zhe, Huo (DISK), ICLR 2026.
public struct RadialGuess: InitialGuess {
  /// The radial guess.
  public init() {}

  /// See ``InitialGuess``.
  public func parameters(for kernel: Kernel, layout: [Int], using random: inout SeededGenerator) -> ChainParameters {
    let count = Double(layout.count)
    let step = 2 * Double(kernel.radius) / (count * (count + 1))
    return ChainParameters(
      layers: layout.enumerated().map { layer, taps in circle(taps, radius: Double(layer + 1) * step) })
  }
}
