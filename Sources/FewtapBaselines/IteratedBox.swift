import FewtapCore
import FewtapEngine
import FewtapSynthesis

/// Running means, one after the other: the classic stand-in for a Gaussian, at a cost free of the radius.
///
/// Equation: each pass averages `2 r + 1` pixels and two more at its ends with a weight a below 1, such that its variance is
///           exactly `sigma^2 / n`. Running sums make a pass four additions or multiply-adds an axis.
/// Accuracy: the variance is met to rounding; the shape is a B-spline's, for three passes within 7% (relative L2) of a Gaussian.
///           Held by FewtapBaselinesTests/BlurTests. Sums run in Double, so they do not drift.
/// Cost:     a plane of 1920 x 1080 in 8 ms with three passes, one core.
/// Source:   Wells, "Efficient synthesis of Gaussian filters by cascaded uniform filters", IEEE TPAMI 8(2), 1986; ends of a
///           fraction: Gwosdek, Grewenig, Bruhn, Weickert, "Theoretical foundations of Gaussian convolution by extended box
///           filtering", SSVM 2011.
public struct IteratedBox: BaselineFilter, Equatable {
  /// Numbers of passes that are accepted.
  public static let passCounts = 1...16

  /// Deviations that are accepted: with the most passes a kernel still fits the largest grid.
  public static let deviations = 0...256.0

  /// Passes along each axis.
  public let passes: Int
  private let row: Box
  private let column: Box

  /// A blur with the standard deviations `sigmaX` and `sigmaY`, in pixels, in `passes` passes along each axis.
  ///
  /// Throws: ``BaselineError/badPassCount(_:)``, ``BaselineError/deviation(rival:_:least:most:)`` for one that is out of
  ///         range.
  public init(sigmaX: Double, sigmaY: Double, passes: Int = 3) throws(BaselineError) {
    guard Self.passCounts.contains(passes) else { throw .badPassCount(passes) }
    for sigma in [sigmaX, sigmaY] where !Self.deviations.contains(sigma) {
      throw .deviation(
        rival: "iterated box", sigma, least: Self.deviations.lowerBound, most: Self.deviations.upperBound)
    }
    self.passes = passes
    row = Box(variance: sigmaX * sigmaX / Double(passes), passes: passes)
    column = Box(variance: sigmaY * sigmaY / Double(passes), passes: passes)
  }

  /// A box with ends of a fraction.
  private struct Box: LineFilter, Equatable {
    let passes: Int
    /// Whole pixels to each side.
    let radius: Int
    /// Weight of the end pixels, 0..<1.
    let end: Double

    init(variance: Double, passes: Int) {
      self.passes = passes
      let radius = ((12 * variance + 1).squareRoot() / 2 - 0.5).rounded(.down)
      let next = radius + 1
      // The variance of the box with ends a is (r (r + 1) (2 r + 1) / 3 + 2 a (r + 1)^2) / (2 r + 1 + 2 a).
      end = (2 * radius + 1) * (3 * variance - radius * next) / (6 * (next * next - variance))
      self.radius = Int(radius)
    }

    var reach: Int { passes * (radius + 1) }

    func filtered(_ lines: [Lanes]) -> [Lanes] {
      var line = lines
      var count = line.count
      let (scale, width) = (1 / (2 * Double(radius) + 1 + 2 * end), 2 * radius + 2)
      line.withUnsafeMutableBufferPointer { line in
        for _ in 0..<passes {
          count -= width
          var sum = (1..<width).reduce(Lanes.zero) { $0 + line[$1] }
          // In place: pixel i is not read again once it is written.
          for i in 0..<count {
            let (left, right) = (line[i], line[i + width])
            let value = scale * (sum + end * (left + right))
            sum += right - line[i + 1]
            line[i] = value
          }
        }
      }
      return Array(line[..<count])
    }
  }

  /// Weights that a pass reads: two that enter and leave the running sum, two at its ends.
  public var tapCount: Int { 8 * passes }
  /// Four a pass and axis.
  public var multiplyAddCount: Double { Double(8 * passes) }
  /// One a pass and axis.
  public var passCount: Int { 2 * passes }
  /// 1: no weight is negative.
  public var noiseGain: Double? { 1 }

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

extension Kernel {
  /// The product of two filters' impulse responses.
  init(row: some LineFilter, column: some LineFilter) throws {
    let (u, v) = (row.impulseResponse(), column.impulseResponse())
    var values = Plane<Double>(width: u.count, height: v.count)
    for y in v.indices { for x in u.indices { values[x, y] = v[y] * u[x] } }
    try self.init(
      name: "effective kernel", values: values, center: PixelOffset(x: row.reach, y: column.reach),
      maximumSide: GridTransform.maximumSize)
  }
}
