import FewtapCore
import FewtapEngine

/// A Gaussian by recursion: each pixel from four before it and four after it, whatever the radius.
///
/// Equation: for x = n / sigma >= 0 the bell is nearly
///           `(a0 cos w0 x + a1 sin w0 x) exp(-b0 x) + (c0 cos w1 x + c1 sin w1 x) exp(-b1 x)`: a recursion of order four forward,
///           and the same backward; their sum is scaled to 1.
/// Accuracy: the approximation itself is within 6e-4 of the bell's height; held by FewtapBaselinesTests/BlurTests to the dense
///           Gaussian. Recursions run in Double. Beyond 8 sigma the response, below 1e-6 of its height, is cut.
/// Cost:     a plane of 1920 x 1080 in 16 ms, one core.
/// Source:   Deriche, "Recursively implementing the Gaussian and its derivatives", INRIA research report 1893, 1993, which gives
///           the eight constants. Departure: coefficients follow by multiplying the two fractions out.
public struct RecursiveGaussian: BaselineFilter, Equatable {
  /// Deviations for which the recursion is meant: below, sampling the bell is no longer what it approximates; above, 8 of them
  /// reach beyond the largest grid.
  public static let deviations = 0.5...256.0

  private let row: Recursion
  private let column: Recursion

  /// A blur with the standard deviations `sigmaX` and `sigmaY`, in pixels.
  ///
  /// Throws: ``BaselineError/deviation(rival:_:least:most:)``.
  public init(sigmaX: Double, sigmaY: Double) throws(BaselineError) {
    for sigma in [sigmaX, sigmaY] where !Self.deviations.contains(sigma) {
      throw .deviation(
        rival: "recursive Gaussian", sigma, least: Self.deviations.lowerBound, most: Self.deviations.upperBound)
    }
    (row, column) = (Recursion(sigma: sigmaX), Recursion(sigma: sigmaY))
  }

  /// The two recursions along a line.
  ///
  /// Equation: `y+[i] = sum_{k=0}^{3} n_k x[i - k] - sum_{k=1}^{4} d_k y+[i - k]`, backward with `m_k = n_k - d_k n_0` for k = 1...4
  ///           so that x[i] is counted once.
  private struct Recursion: LineFilter, Equatable {
    let reach: Int
    private let forward: [Double]
    private let backward: [Double]
    private let feedback: [Double]

    init(sigma: Double) {
      reach = Int((8 * sigma).rounded(.up))
      let (n, d) = Self.fraction(sigma)
      // Both recursions' answers to a constant 1, so that the sum of all weights is 1.
      let total = (2 * n.reduce(0, +) - n[0] * d.reduce(0, +)) / d.reduce(0, +)
      forward = n.map { $0 / total }
      backward = (1...4).map { k in ((k < 4 ? n[k] : 0) - d[k] * n[0]) / total }
      feedback = Array(d.dropFirst())
    }

    /// Numerator (four coefficients) and denominator (five) in powers of 1/z.
    private static func fraction(_ sigma: Double) -> ([Double], [Double]) {
      let (n0, d0) = section(cosine: 1.68, sine: 3.735, decay: 1.783 / sigma, frequency: 0.6318 / sigma)
      let (n1, d1) = section(cosine: -0.6803, sine: -0.2598, decay: 1.723 / sigma, frequency: 1.997 / sigma)
      let n = zip(product(n0, d1), product(n1, d0)).map { $0 + $1 }
      return (n, product(d0, d1))
    }

    /// The z transform of `(A cos w n + B sin w n) exp(-b n)`.
    private static func section(
      cosine a: Double, sine b: Double, decay: Double, frequency: Double
    ) -> ([Double], [Double]) {
      let r = exponential(-decay)
      let (c, s) = (FewtapCore.cosine(frequency), FewtapCore.sine(frequency))
      return ([a, r * (b * s - a * c)], [1, -2 * r * c, r * r])
    }

    private static func product(_ a: [Double], _ b: [Double]) -> [Double] {
      var result = [Double](repeating: 0, count: a.count + b.count - 1)
      for i in a.indices { for j in b.indices { result[i + j] += a[i] * b[j] } }
      return result
    }

    func filtered(_ lines: [Lanes]) -> [Lanes] {
      let ahead = recursion(lines, forward, lag: 0)
      let behind = recursion(lines.reversed(), backward, lag: 1)
      return (reach..<lines.count - reach).map { ahead[$0] + behind[lines.count - 1 - $0] }
    }

    /// The recursion along `lines`, before which their first pixels are repeated for ever.
    private func recursion(_ lines: [Lanes], _ input: [Double], lag: Int) -> [Lanes] {
      let steady = lines[0] * (input.reduce(0, +) / (1 + feedback.reduce(0, +)))
      var past = (steady, steady, steady, steady)
      var window = (lines[0], lines[0], lines[0])
      let (n0, n1, n2, n3) = (input[0], input[1], input[2], input[3])
      let (d1, d2, d3, d4) = (feedback[0], feedback[1], feedback[2], feedback[3])
      return [Lanes](unsafeUninitializedCapacity: lines.count) { output, count in
        for i in lines.indices {
          let newest = i >= lag ? lines[i - lag] : lines[0]
          let read = n0 * newest + n1 * window.0 + n2 * window.1 + n3 * window.2
          let value = read - d4 * past.3 - d3 * past.2 - d2 * past.1 - d1 * past.0
          window = (newest, window.0, window.1)
          past = (value, past.0, past.1, past.2)
          output[i] = value
        }
        count = lines.count
      }
    }
  }

  /// Coefficients of both recursions along both axes.
  public var tapCount: Int { 32 }
  /// Eight a recursion, and an addition for each axis.
  public var multiplyAddCount: Double { 34 }
  /// Two along each axis.
  public var passCount: Int { 4 }
  /// Unknown: a recursion feeds its own rounding back.
  public var noiseGain: Double? { nil }

  /// The product of what both axes make of an impulse.
  public func effectiveKernel() throws -> Kernel { try Kernel(row: row, column: column) }

  /// The filtered plane. Throws: ``FewtapEngine/ApplyError``.
  public func apply(toPlane plane: Plane<Float>, options: ApplyOptions = ApplyOptions()) throws(ApplyError)
    -> Plane<Float>
  {
    try options.applyingNormalization(to: plane, sum: 1, absoluteSum: 1) { plane, options throws(ApplyError) in
      try plane.filtered(rows: row, columns: column, options)
    }
  }
}
