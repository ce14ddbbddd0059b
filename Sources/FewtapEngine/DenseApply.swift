import FewtapCore

/// A dense kernel applied directly, in Double: the truth that a sparse filter's result is measured against.
///
/// Equation: `out[p] = sum_o K[o] in(p - o)` (convolution), rounded to Float once at the end.
/// Border, alpha, NaN: as in ``ApplyPlan``.
/// Accuracy: within `gamma_n sum|K| |in|` of exact, n the kernel's nonzero weights and `u = 2^-53`, before the last rounding.
/// Cost:     one multiply-add a nonzero weight, pixel and channel: about half a second for a 49x49 kernel on a megapixel, a
///           quarter of a minute for 257x257 (one core).
public struct DenseApply: Sendable {
  /// The kernel that it applies.
  public let kernel: Kernel

  private let engine: UniformApply<Double>

  /// The direct convolution with `kernel`.
  public init(_ kernel: Kernel) {
    self.kernel = kernel
    var taps: [(x: Int, y: Int, weight: Double)] = []
    kernel.forEachOffset { x, y, weight in
      if weight != 0 { taps.append((x, y, weight)) }
    }
    engine = UniformApply(
      layers: [UniformApply.Layer(taps: taps, bounds: kernel.supportBounds)], sum: kernel.sum,
      noiseGain: kernel.absoluteSum)
  }

  /// The filtered image, of the same size and channels. Throws: as ``ApplyPlan/apply(to:options:)``.
  public func apply(to image: Image, options: ApplyOptions = ApplyOptions()) throws(ApplyError) -> Image {
    try engine.apply(to: image, options: options)
  }

  /// The filtered plane: the same for one channel without alpha.
  public func apply(toPlane plane: Plane<Float>, options: ApplyOptions = ApplyOptions()) throws(ApplyError)
    -> Plane<Float>
  {
    try engine.apply(toPlane: plane, options: options)
  }
}
