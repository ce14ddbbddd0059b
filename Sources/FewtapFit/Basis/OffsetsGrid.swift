import FewtapCore
import FewtapTargets

/// The knots that tracks run through, and the points between them where a joint fit looks.
///
/// In a *turning frame* the axes that turn the kernel have one knot only, and what is interpolated along the others is turned by
/// the angle instead.
struct OffsetsGrid: Equatable, Sendable {
  /// Values of the knots along each axis; one for a turning axis in a turning frame.
  let knots: [[Double]]
  /// Whether the interpolated taps are turned by the angle.
  let isTurning: Bool

  var shape: [Int] { knots.map(\.count) }
  var count: Int { shape.reduce(1, *) }

  /// The parameters at a knot.
  func point(_ index: Int) -> [Double] {
    var (rest, point) = (index, [Double]())
    for axis in knots.reversed() {
      point.append(axis[rest % axis.count])
      rest /= axis.count
    }
    return point.reversed()
  }

  /// The knots around a point and their weights, as ``FilterBasis/mixture(at:)`` has them.
  func shares(at point: [Double]) -> [(knot: Int, weight: Double)] {
    var parts: [(knot: Int, weight: Double)] = [(0, 1)]
    for (values, value) in zip(knots, point) {
      guard values.count > 1 else { continue }
      let low = min(max((values.lastIndex { $0 <= value } ?? 0), 0), values.count - 2)
      let share = (value - values[low]) / (values[low + 1] - values[low])
      parts = parts.flatMap { part in
        [(low, 1 - share), (low + 1, share)].compactMap { knot, weight in
          weight > 0 ? (part.knot * values.count + knot, part.weight * weight) : nil
        }
      }
    }
    return parts
  }

  /// The tracks of this grid at the knots of a finer one.
  func resampled(_ tracks: [Double], to finer: OffsetsGrid, family: OffsetsFamily) -> [Double] {
    let m = tracks.count / count
    let n = m / 3
    return (0..<finer.count).flatMap { knot in
      let point = finer.point(knot)
      var numbers = [Double](repeating: 0, count: m)
      for (k, weight) in shares(at: point) {
        for i in 0..<m { numbers[i] += weight * tracks[k * m + i] }
      }
      if isTurning, !finer.isTurning {
        let turn = family.turn(at: point)
        for i in n..<2 * n {
          let place = turn.applied(to: SIMD2(numbers[i], numbers[n + i]))
          (numbers[i], numbers[n + i]) = (place.x, place.y)
        }
      }
      return numbers
    }
  }

  /// Values of `count` knots along a range, half evenly spaced, half geometrically if `growing`: kernels change by their size's
  /// ratio where they are small.
  static func knots(_ range: ClosedRange<Double>, count: Int, growing: Bool) -> [Double] {
    let (low, high) = (range.lowerBound, range.upperBound)
    // A range that starts at nothing starts its ratios at a 64th.
    let origin = low > 0 ? 0 : (high - low) / 64 - low
    return (0..<count).map { index in
      guard index > 0, index < count - 1 else { return index == 0 ? low : high }
      let t = Double(index) / Double(count - 1)
      let even = low + t * (high - low)
      guard growing else { return even }
      return 0.5 * even + 0.5 * ((low + origin) * power((high + origin) / (low + origin), t) - origin)
    }
  }
}

extension ParameterAxis {
  /// Knots where a basis of interpolated taps has them before anything is known, angles' evenly spaced: for the bases of rivals.
  package func knots(count: Int) -> KnotAxis {
    KnotAxis(self, knots: OffsetsGrid.knots(range, count: count, growing: unit != "degrees"))
  }
}
