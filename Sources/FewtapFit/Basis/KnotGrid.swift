import FewtapCore

/// The knots of a basis while it is fitted, and the points between them at which it is held to the family.
///
/// Knots are numbered as a basis' filters, the last axis running fastest; on periodic axes the last knot is the first one again,
/// so that there are fewer *unknowns* than knots.
struct KnotGrid: Sendable {
  let axes: [ParameterAxis]
  var knots: [[Double]]
  /// Points an interval along each axis, its first knot among them.
  let samplesPerInterval: Int
  /// Along each axis the value up to which, from its first knot, nothing happens; a blur may begin in the middle of an interval.
  let onsets: [Double]

  /// A point along one axis: a knot and a number of steps beyond it.
  struct Stop: Hashable, Sendable {
    let interval: Int
    let step: Int
  }

  /// A point between the knots.
  struct Sample: Sendable {
    let stops: [Stop]
    let point: [Double]
  }

  var shape: [Int] { knots.map(\.count) }
  var knotCount: Int { shape.reduce(1, *) }

  /// Knots along an axis that differ.
  private func distinct(_ axis: Int) -> Int { knots[axis].count - (axes[axis].isPeriodic ? 1 : 0) }

  /// How many knots differ.
  var unknownCount: Int { axes.indices.reduce(1) { $0 * distinct($1) } }

  /// The unknown of the knot with these indices along the axes.
  func unknown(_ indices: [Int]) -> Int {
    axes.indices.reduce(0) { $0 * distinct($1) + indices[$1] % distinct($1) }
  }

  /// Indices along the axes of an unknown.
  func indices(ofUnknown unknown: Int) -> [Int] {
    var (rest, result) = (unknown, [Int](repeating: 0, count: axes.count))
    for axis in axes.indices.reversed() {
      result[axis] = rest % distinct(axis)
      rest /= distinct(axis)
    }
    return result
  }

  /// Indices along the axes of a knot.
  func indices(ofKnot knot: Int) -> [Int] {
    var (rest, result) = (knot, [Int](repeating: 0, count: axes.count))
    for axis in axes.indices.reversed() {
      result[axis] = rest % shape[axis]
      rest /= shape[axis]
    }
    return result
  }

  func point(_ indices: [Int]) -> [Double] { zip(knots, indices).map { $0[$1] } }

  /// The parameter so many intervals, fractions included, from the first knot; beyond the ends the family's own rule holds.
  func value(_ axis: Int, at place: Double) -> Double {
    let (values, last) = (knots[axis], knots[axis].count - 1)
    let admitted = axes[axis].isPeriodic ? (place < 0 ? place + Double(last) : place) : min(max(place, 0), Double(last))
    let low = min(Int(admitted), last - 1)
    return values[low] + (admitted - Double(low)) * (values[low + 1] - values[low])
  }

  /// The parameter at a stop: evenly spaced, in the first interval from the onset on.
  func value(_ axis: Int, _ stop: Stop) -> Double {
    let (low, high) = (knots[axis][stop.interval], knots[axis][stop.interval + 1])
    guard stop.interval == 0, stop.step > 0, onsets[axis] > low else {
      return low + (high - low) * Double(stop.step) / Double(samplesPerInterval)
    }
    return onsets[axis] + (high - onsets[axis]) * Double(stop.step - 1) / Double(samplesPerInterval - 1)
  }

  /// The stops along an axis; the last knot is one unless it is the first again.
  func stops(_ axis: Int) -> [Stop] {
    let intervals = knots[axis].count - 1
    let inner = (0..<intervals).flatMap { i in (0..<samplesPerInterval).map { Stop(interval: i, step: $0) } }
    return inner + (axes[axis].isPeriodic ? [] : [Stop(interval: intervals - 1, step: samplesPerInterval)])
  }

  /// All combinations of stops.
  var samples: [Sample] {
    var chosen: [[Stop]] = [[]]
    for axis in axes.indices {
      let stops = stops(axis)
      chosen = chosen.flatMap { head in stops.map { head + [$0] } }
    }
    return chosen.map { stops in
      Sample(
        stops: stops,
        point: stops.enumerated().map { value($0, $1) })
    }
  }
}

/// The way from parameters to knot coordinates while it is fitted: for each axis, interval and step the share of the interval's
/// upper knot.
struct KnotShares: Sendable {
  var values: [[[Double]]]

  /// Straight lines.
  init(_ grid: KnotGrid) {
    let n = grid.samplesPerInterval
    values = grid.knots.map { knots in
      (1..<knots.count).map { _ in (0...n).map { Double($0) / Double(n) } }
    }
  }

  subscript(axis: Int, stop: KnotGrid.Stop) -> Double {
    get { values[axis][stop.interval][stop.step] }
    set { values[axis][stop.interval][stop.step] = newValue }
  }

  /// The same with one share everywhere along an axis.
  func replaced(_ axis: Int, with share: Double) -> KnotShares {
    var result = self
    result.values[axis] = values[axis].map { $0.map { _ in share } }
    return result
  }

  /// The neighbors of a sample and their weights, corner after corner, those that no share could give a weight left out.
  func corners(of sample: KnotGrid.Sample, in grid: KnotGrid) -> [(indices: [Int], weight: Double)] {
    var parts: [(indices: [Int], weight: Double)] = [([], 1)]
    for (axis, stop) in sample.stops.enumerated() {
      let share = self[axis, stop]
      var sides = [(stop.interval, 1 - share), (stop.interval + 1, share)]
      if stop.step == 0 { sides.removeLast() }
      if stop.step == grid.samplesPerInterval { sides.removeFirst() }
      parts = parts.flatMap { part in sides.map { (part.indices + [$0.0], part.weight * $0.1) } }
    }
    return parts
  }
}
