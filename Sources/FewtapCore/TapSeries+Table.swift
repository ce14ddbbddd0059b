// A series as filters at knots, between which interpolation is as good as the series itself.

extension TapSeries {
  /// How far taps interpolated between the table's knots may lie from the series': the offsets of a layer in pixels, as the root mean
  /// square over its taps, each counted by its weight's square; and its weights, as a share of their own root mean square.
  ///
  /// So much of the image's slope, and a share of its contrast, is what blurring by the layer adds, both less by the root of how many
  /// taps share the weight. Held by FewtapCoreTests/TapSeriesTests; what it costs in PSNR by FewtapFitTests/SeriesFitTests.
  package static let tableTolerance = (offset: 0x1p-6, weight: 0x1p-8)

  /// Most taps of a table's filters in all: 400 MiB of them.
  static let maximumTableTapCount = 1 << 24

  /// Places along an axis for each of its functions where bends are looked at, and the same along the others; and those that a turn
  /// of the frame asks for, one in three degrees.
  private static let (finest, others, turning) = (8, 2, 3.0)

  /// Fewer knots a wave follow none.
  private static let leastKnots = 4.0

  /// The knots of a table along each axis: as near to one another as the bends there ask for.
  ///
  /// Equation: interpolation along an axis is off by `h^2 |v''| / 8` at most, and along several by the sum; so each interval holds
  ///           the same integral of the root of that, 1 at most.
  /// Throws:   ``FilterError`` for a series that bends too much for any table.
  package func tableKnots() throws(FilterError) -> [[Double]] {
    var knots: [[Double]] = []
    for axis in axes.indices {
      // Places farther apart than the waves would see none of them.
      guard Self.leastKnots * axes[axis].waveCount <= Double(KnotAxis.knotCounts.upperBound) else {
        throw FilterError(
          "series.functions[\(axis)]", "has \(axes[axis].waveCount) waves in \(axes[axis].range)",
          "at most \(Double(KnotAxis.knotCounts.upperBound) / Self.leastKnots): no table follows more")
      }
      let places = places(along: axis, for: axis)
      let bends = bends(along: axis, places)
      let (range, limit) = (axes[axis].range, KnotAxis.knotCounts.upperBound)
      guard let values = Self.spaced(range, at: places, bends, atMost: limit) else {
        throw FilterError(
          "series.functions[\(axis)]", "bends its taps so much that \(limit) knots do not follow them",
          "fewer functions or smaller coefficients")
      }
      knots.append(values)
    }
    let count = knots.reduce(1.0) { $0 * Double($1.count) }
    guard count <= Double(FilterBasis.maximumFilterCount),
      count * Double(tapCount) <= Double(Self.maximumTableTapCount)
    else {
      throw FilterError(
        "series",
        "bends its taps so much that a grid of \(knots.map { "\($0.count)" }.joined(separator: " x ")) knots follows them",
        "at most \(FilterBasis.maximumFilterCount) knots and \(Self.maximumTableTapCount) taps in all")
    }
    return knots
  }

  /// The filters at the knots of a grid, the last axis' knots following one another; their layers' sums are those of the series.
  func filters(at knots: [[Double]]) -> [SparseFilter] {
    Self.points(of: knots).map { filter(at: $0) }
  }

  private static func points(of places: [[Double]]) -> [[Double]] {
    places.reduce([[]]) { points, values in points.flatMap { point in values.map { point + [$0] } } }
  }

  /// Places along `other` for the bends along `axis`: nearer to the ends of the range, where polynomials bend most.
  private func places(along other: Int, for axis: Int) -> [Double] {
    let range = axes[other].range
    let span = range.upperBound - range.lowerBound
    let waves = other == axis ? Int((2 * axes[other].waveCount).rounded(.up)) : 0
    let functions = (other == axis ? Self.finest : Self.others) * (max(axes[other].functions.count, waves) + 1)
    let turns = other == axis ? abs(axes[other].turn) * span / Self.turning : 0
    let count = min(functions + Int(min(turns, 1e6)), 2 * KnotAxis.knotCounts.upperBound)
    return (0...count).map { index in
      index == count
        ? range.upperBound : range.lowerBound + span * 0.5 * (1 - cosine(.pi * Double(index) / Double(count)))
    }
  }

  /// The root of the intervals' shares: `sqrt(axes |v''| / (8 tolerance))` of the worst layer, at each of `places` along `axis`.
  private func bends(along axis: Int, _ places: [Double]) -> [Double] {
    var worst = [Double](repeating: 0, count: places.count)
    let others = axes.indices.map { $0 == axis ? [axes[axis].range.lowerBound] : self.places(along: $0, for: axis) }
    let unit = Double(axes.count) / 8
    for point in Self.points(of: others) {
      let filters = places.map { place in
        var point = point
        point[axis] = place
        return filter(at: point)
      }
      for index in 1..<places.count - 1 {
        let (before, here, after) = (filters[index - 1], filters[index], filters[index + 1])
        let (first, second) = (places[index] - places[index - 1], places[index + 1] - places[index])
        func bend(_ value: (SparseFilter) -> Double) -> Double {
          2 * ((value(after) - value(here)) / second - (value(here) - value(before)) / first) / (first + second)
        }
        let gain = abs(bend(\.gain)) / max(abs(here.gain), 1e-300)
        var most = gain * unit / Self.tableTolerance.weight
        for layer in layers.indices {
          var (moves, changes, size) = (0.0, 0.0, 0.0)
          for tap in layers[layer].indices {
            let weight = here.chain.layers[layer].taps[tap].weight
            let (x, y) = (bend { $0.chain.layers[layer].taps[tap].x }, bend { $0.chain.layers[layer].taps[tap].y })
            let change = bend { $0.chain.layers[layer].taps[tap].weight }
            moves += weight * weight * (x * x + y * y)
            changes += change * change
            size += weight * weight
          }
          let share = unit / max(size, 1e-300).squareRoot()
          most = max(
            most, share * moves.squareRoot() / Self.tableTolerance.offset,
            share * changes.squareRoot() / Self.tableTolerance.weight)
        }
        worst[index] = max(worst[index], most.squareRoot())
      }
    }
    (worst[0], worst[places.count - 1]) = (worst[1], worst[places.count - 2])
    return worst
  }

  /// Values such that every interval holds the same part of the integral of `bends`, 1 at most; nil if there would be too many.
  private static func spaced(
    _ range: ClosedRange<Double>, at places: [Double], _ bends: [Double], atMost limit: Int
  ) -> [Double]? {
    // A tenth more than the integral asks for, since bends are looked at in places only; and no interval so long that a neighbor's
    // bend would count for nothing.
    let span = range.upperBound - range.lowerBound
    var sum = [0.0]
    for index in 1..<places.count {
      sum.append(sum[index - 1] + 0.5 * (bends[index - 1] + bends[index]) * (places[index] - places[index - 1]))
    }
    let total = 1.1 * sum[sum.count - 1]
    guard total.isFinite, total < Double(limit - 1) else { return nil }
    let floor = max(0.1 * sum[sum.count - 1], 1e-3) / span
    let mass = sum.indices.map { sum[$0] + floor * (places[$0] - range.lowerBound) }
    let whole = mass[mass.count - 1]
    let intervals = min(max(1, Int((1.1 * whole).rounded(.up))), limit - 1)
    var (values, place) = ([range.lowerBound], 0)
    for index in 1..<max(1, intervals) {
      let target = whole * Double(index) / Double(intervals)
      while place < places.count - 2, mass[place + 1] < target { place += 1 }
      let share = (target - mass[place]) / (mass[place + 1] - mass[place])
      values.append(places[place] + share * (places[place + 1] - places[place]))
    }
    // Pixels' values are Floats, which must tell knots apart.
    var kept = [range.lowerBound]
    for value in values.dropFirst() where Float(value) > Float(kept[kept.count - 1]) {
      if Float(value) < Float(range.upperBound) { kept.append(value) }
    }
    kept.append(range.upperBound)
    return kept
  }
}

extension TapSeries.Axis {
  /// Periods of its fastest function that its range holds; 0 of polynomials.
  fileprivate var waveCount: Double {
    guard case .fourier(let count, let period) = functions else { return 0 }
    return Double(count / 2) * (range.upperBound - range.lowerBound) / period
  }
}
