import FewtapCore
import FewtapTargets

/// How far what an offsets basis interpolates is from the family, between the knots.
struct OffsetsAccuracy: Equatable, Sendable {
  /// Points that were looked at.
  let sampleCount: Int
  /// Predicted PSNR on photographs, dB: the points' mean.
  let photoPSNR: Double
  /// The least of the points'.
  let worstPhotoPSNR: Double
  /// The parameters there.
  let worstAt: [Double]
  /// Largest `|K - T|_2 / |T|_2`.
  let relativeError: Double
  /// The axis that would gain most by more knots.
  let worstAxis: Int

  /// Points for each axis of the family.
  private static let pointsAnAxis = 40

  /// Measures `basis` at points that are spread evenly over the grid's cells, off the knots, and midway between knots along one
  /// axis at a time. Throws: as the family, and as ``SparseFilter/effectiveKernel()``.
  init(of basis: FilterBasis, against family: KernelFamily, threads: Int) throws {
    let dimensions = basis.axes.count
    let steps = OffsetsSampling.evenSteps(dimensions)
    let spread = (0..<Self.pointsAnAxis * dimensions).map { index in
      zip(basis.axes, steps).map { axis, step in
        // Half a step off what the fit looked at.
        let share = (0.5 + (Double(index) + 0.5) * step).truncatingRemainder(dividingBy: 1)
        return OffsetsSampling.value(axis.knots, share * Double(axis.knots.count - 1))
      }
    }
    @Sendable func figures(_ point: [Double]) throws -> (photo: Double, error: Double) {
      let accuracy = try AccuracyGauge(try family.kernel(at: point)).accuracy(of: basis.interpolatedFilter(at: point))
      return (accuracy.photo.mean, accuracy.relativeError)
    }
    func measured(_ points: [[Double]]) throws -> [(photo: Double, error: Double)] {
      try parallelMap(count: points.count, threads: threads) { index in Result { try figures(points[index]) } }
        .map { try $0.get() }
    }
    let all = try measured(spread)
    sampleCount = all.count
    photoPSNR = all.reduce(0) { $0 + $1.photo } / Double(all.count)
    let worst = all.indices.min { all[$0].photo < all[$1].photo } ?? 0
    (worstPhotoPSNR, worstAt) = (all[worst].photo, spread[worst])
    relativeError = all.reduce(0) { max($0, $1.error) }
    guard dimensions > 1 else {
      worstAxis = 0
      return
    }
    var (worstAxis, least) = (0, Double.infinity)
    for axis in 0..<dimensions {
      // The spread points moved onto the nearest knots of all other axes, and midway along this one.
      let points = spread.map { point in
        point.indices.map { index in
          let knots = basis.axes[index].knots
          let low = min(knots.lastIndex { $0 <= point[index] } ?? 0, knots.count - 2)
          return index == axis ? (knots[low] + knots[low + 1]) / 2 : knots[low]
        }
      }
      let mean = try measured(points).reduce(0) { $0 + $1.photo } / Double(points.count)
      if mean < least { (worstAxis, least) = (axis, mean) }
    }
    self.worstAxis = worstAxis
  }
}
