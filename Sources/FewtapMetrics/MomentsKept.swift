import FewtapCore

/// How well an effective kernel keeps what a kernel does to brightness, place and width: its moments of order 0, 1 and 2.
///
/// Moments are those of the weights as they are, signs and all: light sums up with its sign. For kernels without negative
/// weights they are ``Kernel/moments``.
public struct MomentsKept: Equatable, Sendable {
  /// Sum over the target's sum: 1 if constants keep their brightness. Nil if the target's weights cancel.
  public let sumRatio: Double?
  /// How far the mean lies to the right of the target's, in pixels; nil if either kernel's weights cancel, and so have no mean.
  public let shiftX: Double?
  /// How far it lies below.
  public let shiftY: Double?
  /// Variance along rows over the target's; nil if either kernel has no mean, or the target no extent there.
  public let varianceRatioX: Double?
  /// The same along columns.
  public let varianceRatioY: Double?

  /// What `kernel` keeps of `target`.
  public init(of kernel: Kernel, against target: Kernel) {
    let (found, wanted) = (SignedMoments(kernel), SignedMoments(target))
    sumRatio = target.isZeroSum ? nil : kernel.sum / target.sum
    guard let found, let wanted else {
      (shiftX, shiftY, varianceRatioX, varianceRatioY) = (nil, nil, nil, nil)
      return
    }
    (shiftX, shiftY) = (found.mean.x - wanted.mean.x, found.mean.y - wanted.mean.y)
    varianceRatioX = wanted.variance.x == 0 ? nil : found.variance.x / wanted.variance.x
    varianceRatioY = wanted.variance.y == 0 ? nil : found.variance.y / wanted.variance.y
  }
}

/// Mean and variance of offsets, in pixels; nil if the weights cancel.
private struct SignedMoments {
  let mean: SIMD2<Double>
  let variance: SIMD2<Double>

  init?(_ kernel: Kernel) {
    guard !kernel.isZeroSum else { return nil }
    let sum = kernel.sum
    var first = SIMD2<Double>.zero
    kernel.forEachOffset { x, y, weight in first += weight * SIMD2(Double(x), Double(y)) }
    let mean = first / sum
    var second = SIMD2<Double>.zero
    kernel.forEachOffset { x, y, weight in
      let d = SIMD2(Double(x), Double(y)) - mean
      second += weight * d * d
    }
    (self.mean, variance) = (mean, second / sum)
  }
}
