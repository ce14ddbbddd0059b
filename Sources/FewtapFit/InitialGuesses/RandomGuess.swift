import FewtapCore
import FewtapSynthesis

/// Every layer's taps anywhere in a disk, evenly at random, with equal weights; the disks' radii add up to the kernel's radius.
///
/// Source: the ablation of Wu, Zhe, Huo (DISK), ICLR 2026, which does not tell the random guess's extent. With this one no chain
///         reaches further than the kernel, as for ``RadialGuess``.
public struct RandomGuess: InitialGuess {
  /// The random guess.
  public init() {}

  /// See ``InitialGuess``.
  public func parameters(for kernel: Kernel, layout: [Int], using random: inout SeededGenerator) -> ChainParameters {
    let radius = Double(kernel.radius) / Double(layout.count)
    return ChainParameters(
      layers: layout.map { taps in
        (0..<taps).map { _ in
          // The root makes the density even.
          let (distance, angle) = (radius * random.unit().squareRoot(), random.uniform(0, 2 * Double.pi))
          return Tap(x: distance * cosine(angle), y: distance * sine(angle), weight: 1 / Double(taps))
        }
      })
  }
}
