import FewtapCore

/// Structural similarity (SSIM): how alike local brightness, contrast and structure are, from -1 to 1, which equal pictures get.
///
/// Equation: the mean over pixels and channels of `(2 ma mb + C1)(2 cab + C2) / ((ma^2 + mb^2 + C1)(va + vb + C2))`, where means
///           m, variances v and the covariance c are weighted by a Gaussian of sigma 1.5 in an 11x11 window,
///           `C1 = 0.01^2` and `C2 = 0.03^2`. Pixels whose window leaves the picture are left out.
/// Accuracy: that of scikit-image in Double within 2e-10; held by SimilarityTests, and by `Benchmarks/check_metrics.py` on
///           photographs.
/// Source:   Wang, Bovik, Sheikh, Simoncelli, "Image quality assessment: from error visibility to structural similarity", IEEE
///           TIP 13(4), 2004, doi:10.1109/TIP.2003.819861; weights cut off and borders cropped as by scikit-image's
///           `structural_similarity(gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=1)`.
public struct StructuralSimilarity: Equatable, Sendable {
  /// One value a channel, in the pictures' order.
  public let perChannel: [Double]
  /// The mean of the channels.
  public var mean: Double { perChannel.reduce(0, +) / Double(perChannel.count) }

  /// Pixels from a window's middle to its sides.
  package static let reach = 5
  private static let deviation = 1.5
  private static let (c1, c2) = (0.01 * 0.01, 0.03 * 0.03)

  /// Compares two pictures; which is the reference makes no difference.
  ///
  /// No result depends on `threads`, to the bit.
  /// Throws: ``MetricError``, if sizes or channels differ, or a side is below 11.
  public init(_ picture: DisplayPicture, reference: DisplayPicture, threads: Int = 1) throws(MetricError) {
    try picture.checkComparable(to: reference)
    let side = 2 * Self.reach + 1
    guard min(picture.width, picture.height) >= side else {
      throw .tooSmall(width: picture.width, height: picture.height, least: side)
    }
    perChannel = zip(picture.planes, reference.planes).map { Self.mean($0, $1, threads: threads) }
  }

  private static func mean(_ a: Plane<Float>, _ b: Plane<Float>, threads: Int) -> Double {
    let weights = gaussianWeights()
    let (columns, rows) = (a.width - 2 * reach, a.height - 2 * reach)
    let sums = parallelMap(count: rows, threads: threads) { y in rowSum(a, b, windowRows: y, weights) }
    return sums.reduce(0, +) / (Double(columns) * Double(rows))
  }

  private static func gaussianWeights() -> [Double] {
    let weights = (-reach...reach).map { exponential(-Double($0 * $0) / (2 * deviation * deviation)) }
    let sum = weights.reduce(0, +)
    return weights.map { $0 / sum }
  }

  /// The sum over a row of pixels; the topmost row of their windows is `top`.
  private static func rowSum(
    _ a: Plane<Float>, _ b: Plane<Float>, windowRows top: Int, _ weights: [Double]
  ) -> Double {
    let width = a.width
    // Columns first: a, b, a^2, b^2 and a b, weighted down the window.
    var down = [Moments](repeating: .zero, count: width)
    for (row, weight) in weights.enumerated() {
      let begin = (top + row) * width
      for x in 0..<width {
        let (p, q) = (Double(a.values[begin + x]), Double(b.values[begin + x]))
        let linear = SIMD2(p, q) * weight
        down[x].lowHalf.lowHalf += linear
        down[x].lowHalf.highHalf += linear * SIMD2(p, q)
        down[x].highHalf[0] += linear[0] * q
      }
    }
    var sum = 0.0
    for x in 0..<width - 2 * reach {
      var moments = Moments.zero
      for (column, weight) in weights.enumerated() { moments += weight * down[x + column] }
      sum += similarity(moments)
    }
    return sum
  }

  /// Weighted sums of a, b, a^2, b^2 and a b; three lanes are spare.
  private typealias Moments = SIMD8<Double>

  private static func similarity(_ moments: Moments) -> Double {
    let (ma, mb) = (moments[0], moments[1])
    let (va, vb, covariance) = (moments[2] - ma * ma, moments[3] - mb * mb, moments[4] - ma * mb)
    return (2 * ma * mb + c1) * (2 * covariance + c2) / ((ma * ma + mb * mb + c1) * (va + vb + c2))
  }
}
