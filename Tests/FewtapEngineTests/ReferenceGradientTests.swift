import FewtapCore
import FewtapEngine
import TestSupport
import Testing

/// Bases whose gradients can be found by differences: no tap's place meets a pixel's middle at any mixture of the knots.
enum GradientSamples {
  /// A basis over `shape`; the first axis periodic if asked for, of four knots a turn.
  static func basis(
    _ interpolation: FilterBasis.Interpolation, shape: [Int], isPeriodic: Bool = false, layout: [Int] = [4, 3],
    rates: Bool = true, seed: UInt64
  ) -> FilterBasis {
    var random = SeededGenerator(seed: seed)
    var basis = VaryingSamples.basis(interpolation, shape: shape, layout: layout, rates: rates, seed: seed)
    let columns = layout.map { count in (0..<count).map { _ in (random.index(4) - 2, random.index(4) - 2) } }
    for index in basis.filters.indices where basis.filters[index].chain.model == .bilinear {
      for layer in layout.indices {
        for tap in 0..<layout[layer] {
          let (column, row) = columns[layer][tap]
          basis.filters[index].chain.layers[layer].taps[tap].x = Double(column) + random.uniform(0.2, 0.8)
          basis.filters[index].chain.layers[layer].taps[tap].y = Double(row) + random.uniform(0.2, 0.8)
        }
      }
    }
    // Values are not the coordinates, and not at equal steps.
    basis.axes = shape.enumerated().map { axis, count in
      KnotAxis(
        name: "axis \(axis)", knots: (0..<count).map { Double($0 * ($0 + 3)) }, isPeriodic: isPeriodic && axis == 0,
        curve: [KnotAxis.CurvePoint(value: 1, coordinate: 0.4)])
    }
    if isPeriodic {
      let others = shape[1...].reduce(1, *)
      for index in 0..<others {
        basis.filters[(shape[0] - 1) * others + index] = basis.filters[index]
      }
    }
    return basis
  }

  /// Values of a map: inside, and on periodic axes beyond; far enough from knots, and where the curve bends, for differences.
  static func map(_ basis: FilterBasis, width: Int, height: Int, seed: UInt64) -> [Plane<Double>] {
    var random = SeededGenerator(seed: seed)
    return basis.axes.map { axis in
      let (low, high) = (axis.knots[0], axis.knots[axis.knots.count - 1])
      return Plane(width: width, height: height) { _, _ in
        while true {
          let value =
            axis.isPeriodic ? random.uniform(low - 30, high + 30) : random.uniform(low, high)
          let near = axis.points.contains { abs($0.value - axis.axis.admitted(value)) < 0.01 }
          if !near { return value }
        }
      }
    }
  }

  static func dot(_ a: Plane<Double>, _ b: Plane<Double>) -> Double {
    zip(a.values, b.values).reduce(0) { $0 + $1.0 * $1.1 }
  }
}

@Suite("The reference's gradient is what differences say")
struct ReferenceGradientTests {
  /// All that a loss depends on.
  struct Point {
    var basis: FilterBasis
    var map: [Plane<Double>]
    var image: Plane<Double>

    /// The point that is `step` times `way` away.
    func moved(_ step: Double, along way: ReferenceVarying.Gradient) -> Point {
      var moved = self
      for (index, filter) in way.filters.enumerated() {
        moved.basis.filters[index].gain += step * filter.gain
        for (layer, taps) in filter.layers.enumerated() {
          for (tap, change) in taps.enumerated() {
            moved.basis.filters[index].chain.layers[layer].taps[tap].x += step * (change.x ?? 0)
            moved.basis.filters[index].chain.layers[layer].taps[tap].y += step * (change.y ?? 0)
            moved.basis.filters[index].chain.layers[layer].taps[tap].weight += step * change.weight
          }
        }
      }
      for axis in map.indices {
        for index in image.values.indices { moved.map[axis].values[index] += step * way.map[axis].values[index] }
      }
      for index in image.values.indices { moved.image.values[index] += step * way.input.values[index] }
      return moved
    }
  }

  static func dot(_ a: ReferenceVarying.Gradient, _ b: ReferenceVarying.Gradient) -> Double {
    var sum = GradientSamples.dot(a.input, b.input)
    for (a, b) in zip(a.map, b.map) { sum += GradientSamples.dot(a, b) }
    for (a, b) in zip(a.filters, b.filters) {
      sum += a.gain * b.gain
      for (a, b) in zip(a.layers, b.layers) {
        for (a, b) in zip(a, b) { sum += (a.x ?? 0) * (b.x ?? 0) + (a.y ?? 0) * (b.y ?? 0) + a.weight * b.weight }
      }
    }
    return sum
  }

  /// Which numbers a way leads through.
  enum Way: CaseIterable { case image, map, weights, places, gains, all }

  /// A random way; the knots of a periodic axis that are one stay one.
  static func way(_ way: Way, from point: Point, _ random: inout SeededGenerator) -> ReferenceVarying.Gradient {
    let (width, height) = (point.image.width, point.image.height)
    func has(_ one: Way) -> Bool { way == .all || way == one }
    let zeros = Plane<Double>(width: width, height: height)
    var result = ReferenceVarying.Gradient(
      input: has(.image) ? random.plane(width: width, height: height) : zeros,
      map: point.map.map { _ in has(.map) ? random.plane(width: width, height: height) : zeros },
      filters: point.basis.filters.map { filter in
        FilterGradient(
          layers: filter.chain.layers.map { layer in
            layer.taps.map { _ in
              let moves = filter.chain.model == .bilinear && has(.places)
              return TapGradient(
                weight: has(.weights) ? random.uniform(-1, 1) : 0, x: moves ? random.uniform(-1, 1) : 0,
                y: moves ? random.uniform(-1, 1) : 0)
            }
          }, gain: has(.gains) ? random.uniform(-1, 1) : 0)
      })
    if point.basis.axes[0].isPeriodic {
      let others = point.basis.filters.count / point.basis.shape[0]
      for index in 0..<others {
        result.filters[result.filters.count - others + index] = result.filters[index]
      }
    }
    return result
  }

  /// The slope at 0, by central differences at halved steps, extrapolated; and how far it may be off.
  ///
  /// Source: Ridders, "Accurate computation of F'(x) and F'(x) F''(x)", Advances in Engineering Software 4 (1982).
  static func slope(step: Double, _ value: (Double) throws -> Double) rethrows -> (value: Double, error: Double) {
    var (best, error, last) = (0.0, Double.infinity, [Double]())
    for round in 0..<5 {
      let h = step / Double(1 << round)
      let (upper, lower) = (try value(h), try value(-h))
      var row = [(upper - lower) / (2 * h)]
      // Each value is off by some of its own roundings.
      let noise = 0x1p-44 * (abs(upper) + abs(lower) + 1) / h
      for (index, before) in last.enumerated() {
        let factor = Double(1 << (2 * (index + 1)))
        row.append(row[index] + (row[index] - before) / (factor - 1))
        let found = max(abs(row[index + 1] - row[index]), abs(row[index + 1] - before)) + noise
        if found < error { (best, error) = (row[index + 1], found) }
      }
      last = row
    }
    return (best, error)
  }

  @Test("along every way", arguments: everyBorder, VaryingDirection.allCases)
  func differences(border: BorderRule, direction: VaryingDirection) throws {
    let samples: [(FilterBasis.Interpolation, [Int], Bool)] = [
      (.outputs, [3], false), (.outputs, [4, 2], true), (.offsets, [3], false), (.offsets, [4, 2], true),
    ]
    for (index, (interpolation, shape, isPeriodic)) in samples.enumerated() {
      let seed = UInt64(700 + index)
      var basis = GradientSamples.basis(interpolation, shape: shape, isPeriodic: isPeriodic, seed: seed)
      if border == .normalized { basis = basis.ofOneSum(1.5) }
      var random = SeededGenerator(seed: seed)
      let (width, height) = (9, 6)
      let point = Point(
        basis: basis, map: GradientSamples.map(basis, width: width, height: height, seed: seed),
        image: random.plane(width: width, height: height))
      try Self.checkWays(from: point, border, "\(interpolation) \(shape), seed \(seed)", &random) { point in
        try ReferenceVarying(point.basis, map: point.map, direction: direction, border: border)
      }
    }
  }

  /// Holds the gradient at a point to differences along a way of every kind.
  static func checkWays(
    from point: Point, _ border: BorderRule, _ name: String, _ random: inout SeededGenerator,
    _ operation: (Point) throws -> ReferenceVarying
  ) throws {
    let cotangent: Plane<Double> = random.plane(width: point.image.width, height: point.image.height)
    let gradient = try operation(point).pullback(of: cotangent, at: point.image)
    for kind in Way.allCases {
      // Filters of a normalized border must keep one sum: only their places are free, and all gains together.
      if border == .normalized, kind == .weights || kind == .all { continue }
      var way = way(kind, from: point, &random)
      if border == .normalized, kind == .gains {
        for index in way.filters.indices { way.filters[index].gain = point.basis.filters[index].gain }
      }
      let (expected, error) = try slope(step: 0x1p-9) { step in
        let moved = point.moved(step, along: way)
        return GradientSamples.dot(try operation(moved).apply(to: moved.image), cotangent)
      }
      let found = dot(gradient, way)
      #expect(
        abs(found - expected) <= 4 * error, "\(name), \(kind): \(found), expected \(expected) within \(error)")
      #expect(error < 1e-4 * max(1, abs(expected)), "\(name), \(kind): nothing to compare, \(error)")
      #expect(found != 0)
    }
    #expect(gradient.input == (try operation(point).applyAdjoint(to: cotangent)))
  }

  @Test("weights that keep one sum, under a normalized border", arguments: VaryingDirection.allCases)
  func normalizedWeights(direction: VaryingDirection) throws {
    for (index, interpolation) in FilterBasis.Interpolation.allCases.enumerated() {
      let seed = UInt64(720 + index)
      let basis = GradientSamples.basis(interpolation, shape: [3], seed: seed).ofOneSum(1.5)
      var random = SeededGenerator(seed: seed)
      let point = Point(
        basis: basis, map: GradientSamples.map(basis, width: 9, height: 6, seed: seed),
        image: random.plane(width: 9, height: 6))
      let cotangent: Plane<Double> = random.plane(width: 9, height: 6)
      let gradient = try ReferenceVarying(basis, map: point.map, direction: direction, border: .normalized)
        .pullback(of: cotangent, at: point.image)
      var way = Self.way(.weights, from: point, &random)
      for filter in way.filters.indices {
        for layer in way.filters[filter].layers.indices {
          // In each layer changes that sum to that of the first filter's.
          let own = way.filters[filter].layers[layer].reduce(0) { $0 + $1.weight }
          let wanted = way.filters[0].layers[layer].reduce(0) { $0 + $1.weight }
          way.filters[filter].layers[layer][0].weight += wanted - own
        }
      }
      let (expected, error) = try Self.slope(step: 0x1p-9) { step in
        let moved = point.moved(step, along: way)
        // Outputs' sums are products with the gain: the same in all.
        let operation = try ReferenceVarying(
          moved.basis.ofOneSum(moved.basis.filters[0].chain.sum * basis.filters[0].gain), map: moved.map,
          direction: direction, border: .normalized)
        return GradientSamples.dot(try operation.apply(to: moved.image), cotangent)
      }
      let found = Self.dot(gradient, way)
      #expect(abs(found - expected) <= 4 * error, "\(interpolation): \(found), expected \(expected) within \(error)")
      #expect(error < 1e-4 * max(1, abs(expected)))
    }
  }

  @Test("sides at knots, values beyond them, and series")
  func sides() throws {
    let basis = GradientSamples.basis(.outputs, shape: [3], rates: false, seed: 730)
    var random = SeededGenerator(seed: 731)
    let image: Plane<Double> = random.plane(width: 6, height: 2)
    let cotangent: Plane<Double> = random.plane(width: 6, height: 2)
    let knots = basis.axes[0].knots
    let values = [knots[0], knots[1], knots[2], -1, 100, -Double.infinity]
    let map = Plane<Double>(width: 6, height: 2) { x, _ in values[x] }
    let gradient = try ReferenceVarying(basis, map: [map]).pullback(of: cotangent, at: image).map[0]
    let outputs = try basis.filters.map { try ReferenceApply.apply($0, to: image) }
    for y in 0..<2 {
      for x in 0..<6 {
        let slope = basis.axes[0].slope(of: values[x])
        let (from, to) = x == 0 ? (0, 1) : (1, 2)
        let expected = x < 3 ? cotangent[x, y] * slope * (outputs[to][x, y] - outputs[from][x, y]) : 0
        #expect(abs(gradient[x, y] - expected) <= gamma(64) * abs(slope) * 8)
        #expect(x >= 3 || slope > 0)
      }
    }
    #expect(throws: ApplyError.badMap(axis: "axis 0", x: 2, y: 1, value: "nan")) {
      var broken = map
      broken[2, 1] = .nan
      _ = try ReferenceVarying(basis, map: [broken])
    }
    #expect(throws: ApplyError.mapAxes(found: 2, names: ["axis 0"])) {
      _ = try ReferenceVarying(basis, map: [map, map])
    }
    #expect(throws: ApplyError.malformedPlane(channel: 0, width: 5, height: 2, count: 10)) {
      _ = try ReferenceVarying(basis, map: [map]).pullback(of: Plane(width: 5, height: 2), at: image)
    }
    let series = try SeriesSamples.basis()
    let table = FilterBasis(interpolation: .offsets, axes: series.axes, filters: series.filters)
    let places = GradientSamples.map(series, width: 6, height: 2, seed: 732)
    #expect(
      try ReferenceVarying(series, map: places).pullback(of: cotangent, at: image)
        == (try ReferenceVarying(table, map: places).pullback(of: cotangent, at: image)))
  }
}
