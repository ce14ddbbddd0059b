/// How a chain runs at a lower rate than its image: a B-spline prefilter and decimation before the layers, B-spline
/// interpolation after them. Offsets of the layers are then in low-rate pixels.
///
/// Equation: `low[m] = sum_k a[k] x[D m - k]`, layers on `low`, `y[n] = sum_m b[n - D m] low'[m]`, along each axis alike; low-rate
///           pixel m lies at pixel D m.
/// Source:   METHOD.md section 12; B-splines as iterated boxes: Unser, "Splines: a perfect fit for signal and image
///           processing", IEEE Signal Processing Magazine 16(6), 1999.
public struct Resampling: Equatable, Hashable, Sendable {
  /// A discrete B-spline: boxes of `factor` pixels convolved with one another. Named as in files.
  ///
  /// Two boxes or more reproduce straight lines, so a point of light keeps its flux and its centroid at every phase; one box
  /// would not (a highlight would jump by up to half a factor). Held by FewtapSynthesisTests/PhaseSynthesisTests.
  public enum BSpline: String, CaseIterable, Sendable {
    /// Two boxes: a tent.
    case linear = "bspline1"
    /// Three boxes: with it on both sides the kernel of every phase looks nearly alike.
    case quadratic = "bspline2"
    /// Four boxes.
    case cubic = "bspline3"

    /// Boxes convolved with one another: the polynomial degree and one.
    public var boxes: Int {
      switch self {
      case .linear: 2
      case .quadratic: 3
      case .cubic: 4
      }
    }
  }

  /// One-dimensional weights at the pixels `first`, `first + 1`, ...
  public struct Weights: Equatable, Sendable {
    /// Pixel of the first weight.
    public let first: Int
    /// The weights.
    public let values: [Double]

    package init(first: Int, values: [Double]) {
      self.first = first
      self.values = values
    }

    /// Pixel of the last weight.
    public var last: Int { first + values.count - 1 }
  }

  /// Pixels along each axis for one low-rate pixel.
  public var factor: Int
  /// What the image is smoothed with before decimation.
  public var prefilter: BSpline
  /// What the low-rate result is interpolated with.
  public var interpolator: BSpline

  /// Factors that a filter may have.
  public static let factors = 2...64

  /// A rate of given parts.
  public init(factor: Int, prefilter: BSpline = .quadratic, interpolator: BSpline = .quadratic) {
    self.factor = factor
    self.prefilter = prefilter
    self.interpolator = interpolator
  }

  /// The prefilter `a`, of sum 1. Of an even count the middle is half a pixel before 0.
  public var prefilterWeights: Weights {
    let values = Self.boxes(prefilter.boxes, width: factor)
    return Weights(first: -(values.count / 2), values: values)
  }

  /// The interpolator `b`, of sum 1 at every phase. Of an even count the middle is half a pixel after 0, so that a prefilter
  /// of the same kind and it cancel.
  public var interpolatorWeights: Weights {
    let values = Self.boxes(interpolator.boxes, width: factor)
    return Weights(first: -((values.count - 1) / 2), values: values.map { $0 * Double(factor) })
  }

  /// `count` boxes of `width` weights `1 / width`, convolved.
  private static func boxes(_ count: Int, width: Int) -> [Double] {
    // In whole numbers, exact: width^count stays below 2^24 for every factor.
    var values = [1]
    for _ in 0..<count {
      var next = [Int](repeating: 0, count: values.count + width - 1)
      for (i, value) in values.enumerated() { for j in 0..<width { next[i + j] += value } }
      values = next
    }
    let sum = Double(values.reduce(0, +))
    return values.map { Double($0) / sum }
  }

  /// The offsets of the whole filter in pixels, from those of its layers in low-rate pixels.
  public func bounds(ofLayers low: OffsetBounds) -> OffsetBounds {
    let (a, b) = (prefilterWeights, interpolatorWeights)
    let (first, last) = (a.first + b.first, a.last + b.last)
    return OffsetBounds(
      minX: factor * low.minX + first, maxX: factor * low.maxX + last,
      minY: factor * low.minY + first, maxY: factor * low.maxY + last)
  }
}
