import FewtapCore
import FewtapSynthesis

/// Where a search starts. Conformers: ``RandomGuess``, ``RadialGuess``, ``SparseSamplingGuess``, ``MassGuess``.
public protocol InitialGuess: Sendable {
  /// A chain of the given layout for `kernel`; each layer's weights sum to 1.
  func parameters(for kernel: Kernel, layout: [Int], using random: inout SeededGenerator) -> ChainParameters
}

/// `count` taps of equal weight on a circle.
func circle(_ count: Int, radius: Double, phase: Double = 0) -> [Tap] {
  (0..<count).map { i in
    let angle = 2 * Double.pi * Double(i) / Double(count) + phase
    return Tap(x: radius * cosine(angle), y: radius * sine(angle), weight: 1 / Double(count))
  }
}
