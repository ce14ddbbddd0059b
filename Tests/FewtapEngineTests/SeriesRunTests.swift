import FewtapCore
import FewtapEngine
import TestSupport
import Testing

/// A basis whose taps follow a series: the fast path reads its table, the reference the series itself.
enum SeriesSamples {
  /// Radius and angle, in a frame that turns; layers of sum 1 and a gain of 1.5 everywhere.
  static func basis(seed: UInt64 = 470) throws -> FilterBasis {
    var random = SeededGenerator(seed: seed)
    let axes = [
      ParameterAxis(name: "radius", unit: "px", range: 1...5),
      ParameterAxis(name: "angle", unit: "degrees", range: 0...180, isPeriodic: true),
    ]
    let count = 9
    func coefficients(_ first: Double, _ rest: Double) -> [Double] {
      (0..<count).map { random.uniform(-1, 1) * ($0 == 0 ? first : rest / Double($0)) }
    }
    let layers = [5, 3].map { taps in
      var tracks = (0..<taps).map { _ -> TapSeries.Track in
        var weight = coefficients(0.05, 0.03)
        weight[0] += 1 / Double(taps)
        return TapSeries.Track(x: coefficients(4, 1), y: coefficients(4, 1), weight: weight)
      }
      // What the others leave to 1, and of other functions to 0.
      for k in 0..<count { tracks[0].weight[k] = tracks.dropFirst().reduce(k == 0 ? 1 : 0) { $0 - $1.weight[k] } }
      return tracks
    }
    return try FilterBasis(
      series: TapSeries(
        axes: [
          TapSeries.Axis(range: axes[0].range, functions: .chebyshev(count: 3)),
          TapSeries.Axis(range: axes[1].range, functions: .fourier(count: 3, period: 90), turn: 1),
        ], layers: layers, gain: (0..<count).map { $0 == 0 ? 1.5 : 0 }), axes: axes)
  }

  /// What taps of a layer are off by because a plan looks knot coordinates up in a table of 2048 cells: in the cell of a knot by up to
  /// a quarter of a cell times the change of slope there, and else by rounding, 2^-19 knots.
  private static func lookUpErrors(_ basis: FilterBasis, _ layer: Int) -> (place: Double, weight: Double) {
    var (place, weight) = (0.0, 0.0)
    for (number, axis) in basis.axes.enumerated() {
      let slopes = zip(axis.knots, axis.knots.dropFirst()).map { 1 / ($1 - $0) }
      let change = zip(slopes, slopes.dropFirst()).reduce(0) { max($0, abs($1.1 - $1.0)) }
      let coordinate = change * ((axis.knots.last ?? 0) - axis.knots[0]) / 2048 / 4 + 0x1p-19
      var (motion, growth) = (0.0, 0.0)
      for index in basis.filters.indices where basis.knot(index)[number] > 0 {
        var before = basis.knot(index)
        before[number] -= 1
        let ends = [before, basis.knot(index)].map { basis.filters[basis.index(of: $0)].chain.layers[layer].taps }
        for (a, b) in zip(ends[0], ends[1]) {
          motion = max(motion, abs(a.x - b.x), abs(a.y - b.y))
          growth = max(growth, abs(a.weight - b.weight))
        }
      }
      place += coordinate * motion
      weight += coordinate * growth
    }
    return (place, weight)
  }

  /// Parameters as maps have them.
  static func map(
    _ kind: OffsetsRunTests.MapKind, _ basis: FilterBasis, width: Int, height: Int
  ) throws -> ParameterMap {
    let shares = OffsetsRunTests.map(kind, shape: basis.axes.map { _ in 2 }, width: width, height: height, seed: 471)
    return try ParameterMap(
      zip(basis.axes, shares).map { axis, plane in
        let (low, high) = (axis.knots[0], axis.knots[axis.knots.count - 1])
        return plane.map { Float(low + Double($0) * (high - low)) }
      })
  }

  /// What a pixel collected from values up to 1 may be off by, the table's tolerance and rounding.
  ///
  /// A layer of n taps whose places are off by d pixels reads values off by 2 |d| of the largest, an axis, and that with weights: by
  /// Cauchy's inequality sqrt(n) times the root of sum w^2 d^2, which the tolerance bounds; and so for weights. What one pixel's
  /// light may be off by in all where it spreads is the same, since both are sums of the same products.
  static func bound(_ basis: FilterBasis, additions: Int = 0) throws -> Double {
    let series = try #require(basis.series)
    var (value, error) = (1.0, 0.0)
    for layer in series.layers.indices {
      let filters = basis.filters.map { $0.chain.layers[layer] }
      let squares = filters.reduce(0) { most, layer in max(most, layer.taps.reduce(0) { $0 + $1.weight * $1.weight }) }
      let root = (Double(series.layers[layer].count) * squares).squareRoot()
      let size = filters.reduce(0) { max($0, $1.absoluteSum) } * (1 + TapSeries.tableTolerance.weight)
      let (offset, weight) = (TapSeries.tableTolerance.offset, TapSeries.tableTolerance.weight)
      let lookUp = lookUpErrors(basis, layer)
      error = size * error + value * root * (2 * Double(2).squareRoot() * offset + weight)
      error += value * (4 * size * lookUp.place + Double(series.layers[layer].count) * lookUp.weight)
      value *= size
    }
    let gain = basis.filters.reduce(0) { max($0, abs($1.gain)) }
    return gain * (error + value * TapSeries.tableTolerance.weight)
      + OffsetsRunTests.bound(basis, most: 1, additions: additions)
  }
}

@Suite("Taps that follow a series: results are as near as their table is fine, adjoints exact to rounding")
struct SeriesRunTests {
  private let width = 47
  private let height = 15

  private func absolute<Scalar: BinaryFloatingPoint>(_ plane: Plane<Scalar>) -> Double {
    plane.values.reduce(0) { $0 + abs(Double($1)) }
  }

  @Test(
    "maps and their adjoints are the reference's", arguments: [OffsetsRunTests.MapKind.radial, .noise],
    VaryingDirection.allCases)
  func accuracy(kind: OffsetsRunTests.MapKind, direction: VaryingDirection) throws {
    let basis = try SeriesSamples.basis()
    var random = SeededGenerator(seed: 472)
    let plane: Plane<Float> = random.plane(width: width, height: height, in: 0...1)
    let map = try SeriesSamples.map(kind, basis, width: width, height: height)
    let coordinates = zip(basis.axes.indices, basis.axes).map { index, axis in
      map.plane(axis: index).map { axis.coordinate(of: Double($0)) }
    }
    // Zeros outside are no light that comes in.
    let border = BorderRule.constant(0)
    let reference = try ReferenceVarying(
      basis, coordinates: coordinates, direction: direction, border: border)
    let side = basis.bounds.reach + 2
    let additions = (2 * side + 1) * (2 * side + 1) * basis.filters[0].chain.tapCount
    let bound = try SeriesSamples.bound(basis, additions: additions)
    for kernels in RowKernels.all {
      let plan = try VaryingPlan(basis, width: width, kernels: kernels)
      let (image, options) = (Image(sameSizePlanes: [plane]), ApplyOptions(border: border, threads: 2))
      for isAdjoint in [false, true] {
        let expected =
          try isAdjoint
          ? reference.applyAdjoint(to: plane.map { Double($0) }) : reference.apply(to: plane.map { Double($0) })
        let actual =
          try isAdjoint
          ? plan.applyAdjoint(to: image, map: map, direction: direction, options: options).planes[0]
          : plan.apply(to: image, map: map, direction: direction, options: options).planes[0]
        let name = "\(kernels.name), \(isAdjoint ? "adjoint" : "map")"
        if (direction == .gather) != isAdjoint {
          #expect(violation(actual, expected, within: bound) == nil, "\(name)")
          #expect(bound < 0.5 * expected.values.reduce(0) { max($0, abs($1)) }, "the bound says something")
        } else {
          let off = zip(actual.values, expected.values).reduce(0) { $0 + abs(Double($1.0) - $1.1) }
          #expect(off <= bound * absolute(plane), "\(name): \(off)")
          #expect(bound * absolute(plane) < 0.5 * absolute(expected), "the bound says something")
        }
      }
    }
  }

  @Test("no bit of an adjoint depends on threads or tiles", arguments: VaryingDirection.allCases)
  func tiles(direction: VaryingDirection) throws {
    let basis = try SeriesSamples.basis()
    var random = SeededGenerator(seed: 473)
    let image = try Image(planes: (0..<2).map { _ in random.plane(width: 131, height: 57) })
    let map = try ParameterMap(
      basis.axes.map { random.plane(width: 131, height: 57, in: $0.knots[0]...($0.knots.last ?? 0)) })
    let plan = try VaryingPlan(basis, width: 131)
    let whole = try plan.applyAdjoint(to: image, map: map, direction: direction, options: ApplyOptions(threads: 1))
    for (threads, bandHeight, tileWidth) in [(2, 7, 31), (3, 1, 131), (1, 57, 16), (2, 13, 50)] {
      var options = ApplyOptions(threads: threads)
      (options.bandHeight, options.tileWidth) = (bandHeight, tileWidth)
      let parts = try plan.applyAdjoint(to: image, map: map, direction: direction, options: options)
      #expect(firstDifference(parts, whole) == nil, "\(threads) threads, tiles of \(tileWidth)x\(bandHeight)")
    }
  }
}
