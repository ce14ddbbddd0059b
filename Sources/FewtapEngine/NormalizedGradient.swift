import FewtapCore

/// How a loss goes back through the division of a normalized border, `y = n / max(m / s, 1/256)`: n and m what the filter makes of
/// the image and of its mask, zero outside, s the filter's own sum.
///
/// Equation: `dy = dn / share - y dm / m + y ds / s`, the last two where the share is not held at 1/256. Where all that the filter
///           reads lies on the image m is s, and they cancel: they are left out there.
struct NormalizedGradient {
  private let filter: SparseFilter
  private let sum: Double
  /// The pixels that read nothing outside.
  private let inner: Region
  /// `sum_p c(p) y(p) / s` where it counts.
  private var ofSum = 0.0

  init(_ filter: SparseFilter, width: Int, height: Int) {
    self.filter = filter
    sum = filter.chain.sum * filter.gain
    let bounds = filter.gradientBounds
    func inner(_ count: Int, _ least: Int, _ most: Int) -> Range<Int> {
      let first = max(0, most)
      return first..<max(first, count + min(0, least))
    }
    self.inner = Region(
      x: inner(width, bounds.minX, bounds.maxX), y: inner(height, bounds.minY, bounds.maxY))
  }

  /// The cotangents of n and of m from that of the result.
  mutating func pullback(
    _ cotangent: Double, x: Int, y: Int, result: Double, mask: Double
  ) -> (image: Double, mask: Double) {
    let share = max(mask / sum, BorderNormalization.leastShare)
    guard mask / sum > BorderNormalization.leastShare, !(inner.x.contains(x) && inner.y.contains(y)) else {
      return (cotangent / share, 0)
    }
    ofSum += cotangent * result / sum
    return (cotangent / share, -cotangent * result / mask)
  }

  /// The gradient from those of the filter on the image and on its mask.
  func gradient(_ image: FilterGradient, _ mask: FilterGradient) -> FilterGradient {
    var gradient = image
    gradient += mask
    gradient.add(slope: ofSum, ofSum: filter)
    return gradient
  }
}
