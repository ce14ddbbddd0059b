import FewtapSynthesis

/// A measure of how far a chain's effective kernel is from the target, with its gradient. Conformers: ``SpectralLoss``,
/// ``CharbonnierLoss``.
public protocol Loss: Sendable {
  /// The loss of a chain; 0 for an exact one.
  func value(_ synthesis: ChainSynthesis) -> Double
  /// Its gradient, `[3n]`, in the order of ``ChainParameters``.
  func gradient(_ synthesis: ChainSynthesis) -> [Double]
}
