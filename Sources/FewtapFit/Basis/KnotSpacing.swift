import FewtapCore

/// Where knots lie along an axis.
package enum KnotSpacing {
  /// Before anything is known: lengths in pixels ever further apart, since what counts is how much of the kernel changes; all else
  /// evenly.
  ///
  /// Equation: even in `asinh(p / 4 px)`. Source: METHOD.md section 7.
  static func initial(_ axis: ParameterAxis, count: Int, onset: Double) -> [Double] {
    let (low, high) = (onset, axis.range.upperBound)
    let isLength = axis.unit == "px" && low >= 0
    func bent(_ value: Double) -> Double { isLength ? inverseHyperbolicSine(value / turn) : value }
    func straight(_ value: Double) -> Double { isLength ? turn * hyperbolicSine(value) : value }
    var knots = (0..<count).map { index in
      straight(bent(low) + (bent(high) - bent(low)) * Double(index) / Double(count - 1))
    }
    (knots[0], knots[count - 1]) = (axis.range.lowerBound, high)
    return knots
  }

  /// Pixels at which even spacing turns into geometric one.
  private static let turn = 4.0

  /// Another number of knots, as near to one another as the old ones are.
  static func resampled(_ knots: [Double], count: Int, onset: Double) -> [Double] {
    let old = [onset] + knots.dropFirst()
    let inner = (1..<count - 1).map { index -> Double in
      let place = Double(index) * Double(old.count - 1) / Double(count - 1)
      let low = min(Int(place), old.count - 2)
      return old[low] + (place - Double(low)) * (old[low + 1] - old[low])
    }
    return [knots[0]] + inner + [knots[knots.count - 1]]
  }

  /// The knots moved toward intervals of equal errors.
  ///
  /// Equation: `h_k *= (geometric mean of errors / error_k)^0.18`: the squared error of an interval grows as its length to the
  ///           fourth power at least, so that this is a damped step. Source: METHOD.md section 7.
  static func evened(_ grid: KnotGrid, errors: [[Double]]) -> [[Double]] {
    grid.axes.indices.map { evened(grid.knots[$0], onset: grid.onsets[$0], errors: errors[$0]) }
  }

  /// The same along one axis: `errors` has the squared error of each interval.
  package static func evened(_ knots: [Double], onset: Double, errors: [Double]) -> [Double] {
    let floor = 1e-9 * (errors.max() ?? 0)
    guard floor > 0, errors.count > 1 else { return knots }
    let logarithms = errors.map { logarithm2(max($0, floor)) }
    let mean = logarithms.reduce(0, +) / Double(errors.count)
    var lengths = zip([onset] + knots.dropFirst(), knots.dropFirst()).map { $1 - $0 }
    for k in lengths.indices {
      lengths[k] *= min(max(exponential2(0.18 * (mean - logarithms[k])), 0.5), 2)
    }
    let high = knots[knots.count - 1]
    let scale = (high - onset) / lengths.reduce(0, +)
    var (result, end) = ([knots[0]], onset)
    for length in lengths.dropLast() {
      end += scale * length
      result.append(end)
    }
    return result + [high]
  }
}

private func hyperbolicSine(_ x: Double) -> Double { (exponential(x) - exponential(-x)) / 2 }
private func inverseHyperbolicSine(_ x: Double) -> Double {
  logarithm2(x + (x * x + 1).squareRoot()) / logarithm2(exponential(1))
}
