import FewtapCore
import FewtapFit

/// Why a rival cannot stand for a kernel, or not as asked.
public enum BaselineError: Error, Equatable, CustomStringConvertible {
  /// The number of terms of a low-rank filter is out of range.
  case badRank(Int)
  /// A sum of products needs rows and columns of one size and finite weights.
  case malformedTerms
  /// LAPACK found no singular values for a kernel of this size.
  case notConverged(width: Int, height: Int)
  /// The rival makes disks only; `distance` is how far the kernel is from the nearest one, relative to its norm.
  case disksOnly(rival: String, distance: Double)
  /// The rival makes Gaussians along the axes only; `distance` as for disks.
  case gaussiansOnly(rival: String, distance: Double)
  /// The rival blurs, and the kernel has negative weights.
  case nonnegativeOnly(rival: String, minimum: Double)
  /// The rival keeps brightness, and the kernel's weights cancel.
  case zeroSum(rival: String)
  /// The rival blurs, and not by this standard deviation, in pixels.
  case deviation(rival: String, Double, least: Double, most: Double)
  /// The number of an iterated box's passes is out of range.
  case badPassCount(Int)
  /// A dual filter's levels or offset are out of range.
  case badDualFilter(levels: Int, offset: Double)
  /// A complex-separable disk's components or radius are out of range.
  case badComponents(Int, radius: Double)
  /// An option of parallel tempering is out of range.
  case badTempering(option: String, value: String, expected: String)
  /// Parallel tempering moves taps alone, and the layout has vertical runs.
  case temperingMovesSingleTaps(Layout)
  /// The number of a product-convolution's terms is out of range.
  case badTermCount(Int, most: Int)
  /// The rival cannot divide by the share of the kernel that lies in the image.
  case normalizedBorder(rival: String)

  /// The sentence that a user reads.
  public var description: String {
    switch self {
    case .badRank(let rank): "rank \(rank): expected \(LowRank.ranks.lowerBound) to \(LowRank.ranks.upperBound)"
    case .malformedTerms:
      "the terms of a separable sum differ in size, are empty or hold weights that are not finite: expected one or more rows "
        + "and columns of one size with finite weights"
    case .notConverged(let width, let height):
      "the singular values of the \(width)x\(height) kernel could not be computed: expected finite values of ordinary size"
    case .disksOnly(let rival, let distance):
      "\(rival): disks only, and this kernel differs from the nearest one by \(Self.percent(distance))"
    case .gaussiansOnly(let rival, let distance):
      "\(rival): Gaussians along the axes only, and this kernel differs from the nearest one by \(Self.percent(distance))"
    case .nonnegativeOnly(let rival, let minimum):
      "\(rival): kernels without negative weights only, and this one's least is \(Self.short(minimum))"
    case .zeroSum(let rival): "\(rival): kernels that keep brightness only, and this one's weights sum to 0"
    case .deviation(let rival, let deviation, let least, let most):
      "\(rival): a standard deviation of \(Self.short(deviation)) pixels cannot be met: expected \(least == 0 ? "more than 0" : "\(Self.short(least))") "
        + "to \(Self.short(most))"
    case .badPassCount(let count):
      "iterated box with \(count) passes: expected \(IteratedBox.passCounts.lowerBound) to \(IteratedBox.passCounts.upperBound)"
    case .badDualFilter(let levels, let offset):
      "dual filter with \(levels) levels and offset \(offset): expected \(DualFilter.levelCounts.lowerBound) to "
        + "\(DualFilter.levelCounts.upperBound) levels and an offset of \(DualFilter.offsets.lowerBound) to "
        + "\(DualFilter.offsets.upperBound)"
    case .badComponents(let count, let radius):
      "complex-separable disk of radius \(radius) with \(count) components: expected "
        + "\(ComplexDisk.componentCounts.lowerBound) to \(ComplexDisk.componentCounts.upperBound) components and a radius of "
        + "\(ComplexDisk.radii.lowerBound) to \(ComplexDisk.radii.upperBound) pixels"
    case .badTempering(let option, let value, let expected):
      "parallel tempering with \(option) \(value): expected \(expected)"
    case .badTermCount(let count, let most): "product-convolution with \(count) terms: expected 1 to \(most)"
    case .normalizedBorder(let rival): "\(rival): every border rule but the normalized one"
    case .temperingMovesSingleTaps(let layout):
      "parallel tempering moves taps alone, but layout \(layout) has vertical runs: give a layout without r"
    }
  }

  /// Three digits that count: enough to see why.
  private static func short(_ value: Double) -> Double {
    guard value != 0, value.isFinite else { return value }
    let scale = power(10, 2 - logarithm10(abs(value)).rounded(.down))
    return (value * scale).rounded() / scale
  }

  private static func percent(_ share: Double) -> String { "\(Int((100 * min(share, 100)).rounded()))%" }
}
