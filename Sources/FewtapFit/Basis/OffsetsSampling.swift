import FewtapCore
import FewtapTargets

/// The points of the parameter space that a joint fit looks at, and their weights.
struct OffsetsSampling {
  /// The points, one value an axis, and the weight of each; 1 on average.
  let points: [(point: [Double], weight: Double)]

  /// Intervals that the knots of a row are divided into, at least, and in all, at least; those of each interval in a turning
  /// frame; points for each cell of a grid.
  ///
  /// Measured: in a row more are of no use; in a grid 4, 9 and 16 points a cell gave 69.5/55.6, 72.1/57.3 and 73.2/58.4 dB
  /// (motion, 6 x 9 knots, mean / worst between the knots).
  private static let (finest, fewest, turning, inCell) = (8, 30, 4, 12)

  init(_ grid: OffsetsGrid, _ family: OffsetsFamily) {
    let axes = family.family.axes
    let isRow = grid.count == grid.shape.max()
    var points = isRow || grid.isTurning ? Self.regular(grid, isRow: isRow) : Self.spread(grid)
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

  /// Points for a fit of so many functions of each parameter: as dense as between as many knots, and eight for each product of functions
  /// at least, so that no coefficients are there for samples alone. Every round has others.
  init(terms: [Int], round: Int, _ family: OffsetsFamily) {
    let axes = family.family.axes
    let grid = OffsetsGrid(
      knots: axes.indices.map { index in
        let isTurning = family.turns[index] != 0
        return OffsetsGrid.knots(axes[index].range, count: max(terms[index], isTurning ? 5 : 3), growing: !isTurning)
      }, isTurning: false)
    let points = Self.spread(grid, atLeast: max(Self.fewest, 8 * terms.reduce(1, *)), round: round)
    let mean = points.reduce(0) { $0 + $1.weight } / Double(points.count)
    self.points = points.map { ($0.point, $0.weight / mean) }
  }

  /// All combinations of points that divide the intervals along each axis.
  private static func regular(_ grid: OffsetsGrid, isRow: Bool) -> [(point: [Double], weight: Double)] {
    var points: [(point: [Double], weight: Double)] = [([], 1)]
    for knots in grid.knots {
      let intervals = knots.count - 1
      let parts = grid.isTurning ? turning : max(finest, fewest / max(1, intervals))
      let along = (0...intervals * parts).map { step in
        value(knots, Double(step) / Double(parts))
      }
      points = points.flatMap { head in
        along.indices.map { index in
          let gap = along[min(index + 1, along.count - 1)] - along[max(index - 1, 0)]
          return (head.point + [along[index]], head.weight * (along.count > 1 ? gap.squareRoot() : 1))
        }
      }
    }
    return points
  }

  /// Points that fill the grid evenly, as many for each of its cells.
  private static func spread(_ grid: OffsetsGrid, atLeast least: Int = 0, round: Int = 0) -> [(
    point: [Double], weight: Double
  )] {
    let steps = evenSteps(grid.knots.count)
    let count = max(least, inCell * grid.shape.reduce(1) { $0 * max(1, $1 - 1) })
    return (0..<count).map { index in
      var (point, weight) = ([Double](), 1.0)
      for (knots, step) in zip(grid.knots, steps) {
        let intervals = Double(knots.count - 1)
        let share = (0.5 + Double(round * count + index) * step).truncatingRemainder(dividingBy: 1)
        // A little beyond the ends and back, so that the ends themselves are looked at.
        let coordinate = min(max(share * (intervals + 0.2) - 0.1, 0), intervals)
        point.append(value(knots, coordinate))
        let low = min(Int(coordinate), knots.count - 2)
        weight *= (knots[low + 1] - knots[low]).squareRoot()
      }
      return (point, weight)
    }
  }

  /// The parameter at a knot coordinate.
  static func value(_ knots: [Double], _ coordinate: Double) -> Double {
    guard knots.count > 1 else { return knots[0] }
    let low = min(Int(coordinate), knots.count - 2)
    return knots[low] + (knots[low + 1] - knots[low]) * (coordinate - Double(low))
  }

  /// Steps of a sequence that fills the unit cube evenly: powers of the inverse root of `x^(d+1) = x + 1`.
  ///
  /// Source: Roberts, "The unreasonable effectiveness of quasirandom sequences", 2018; for one dimension the golden ratio.
  static func evenSteps(_ dimensions: Int) -> [Double] {
    var root = 2.0
    // The iteration contracts by a third or more: sixty are past the last bit.
    for _ in 0..<60 { root = power(1 + root, 1 / Double(dimensions + 1)) }
    return (1...dimensions).map { 1 / power(root, Double($0)) }
  }
}
