import FewtapCore
import FewtapTargets

/// The points of the parameter space that a joint fit looks at, and their weights.
struct OffsetsSampling {
  /// The points, one value an axis, and the weight of each; 1 on average.
  let points: [(point: [Double], weight: Double)]

  /// Intervals that an axis' knots are divided into, at least, and in all, at least.
  private static let (finest, fewest) = (8, 30)

  init(_ grid: OffsetsGrid, _ family: OffsetsFamily) {
    let axes = family.family.axes
    let isAlone = grid.count == grid.shape.max()
    var values: [[(value: Double, weight: Double)]] = []
    for knots in grid.knots {
      guard knots.count > 1 else {
        values.append([(knots[0], 1)])
        continue
      }
      let parts = isAlone ? (grid.isTurning ? 4 : max(Self.finest, Self.fewest / (knots.count - 1))) : 2
      var along = knots.dropLast().enumerated().flatMap { k, low in
        (0..<parts).map { low + (knots[k + 1] - low) * Double($0) / Double(parts) }
      }
      along.append(knots[knots.count - 1])
      let gaps = along.indices.map { (along[min($0 + 1, along.count - 1)] - along[max($0 - 1, 0)]) / 2 }
      values.append(zip(along, gaps).map { ($0, $1.squareRoot()) })
    }
    var points: [(point: [Double], weight: Double)] = [([], 1)]
    for axis in values {
      points = points.flatMap { head in axis.map { (head.point + [$0.value], head.weight * $0.weight) } }
    }
    if grid.isTurning {
      var count = 0
      points = points.flatMap { entry in
        (0..<3).map { step in
          var point = entry.point
          for (index, axis) in axes.enumerated() where family.turns[index] != 0 {
            // Angles that no two sizes share: multiples of the golden ratio.
            let share = (Double(count) * 0.6180339887498949 + Double(step) / 3).truncatingRemainder(dividingBy: 1)
            point[index] = axis.range.lowerBound + share * (axis.range.upperBound - axis.range.lowerBound)
          }
          if step == 2 { count += 1 }
          return (point, entry.weight)
        }
      }
    }
    let mean = points.reduce(0) { $0 + $1.weight } / Double(points.count)
    self.points = points.map { ($0.point, $0.weight / mean) }
  }
}
