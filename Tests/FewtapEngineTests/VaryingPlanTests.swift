import FewtapCore
import FewtapEngine
import TestSupport
import Testing

/// Bases of the outputs operator with every kind of filter, and maps over them.
enum PlanSamples {
  /// A basis of one axis whose knots are whole numbers, so that coordinates are values: the image itself, chains and dense layers at
  /// the image's rate and at lower ones, levels that follow from others and that do not.
  static func basis(seed: UInt64 = 5) -> FilterBasis {
    var random = SeededGenerator(seed: seed)
    let rates: [Resampling?] = [
      nil, nil, nil, Resampling(factor: 2, prefilter: .linear, interpolator: .quadratic),
      Resampling(factor: 2, prefilter: .linear, interpolator: .cubic),
      Resampling(factor: 4, prefilter: .linear, interpolator: .quadratic),
      Resampling(factor: 3, prefilter: .quadratic, interpolator: .quadratic),
      Resampling(factor: 6, prefilter: .quadratic, interpolator: .linear),
      Resampling(factor: 8, prefilter: .linear, interpolator: .quadratic),
    ]
    let filters = rates.enumerated().map { index, rate in
      guard index > 0 else {
        return SparseFilter(chain: TapChain(model: .integer, layers: [TapLayer([Tap(x: 0, y: 0, weight: 1)])]))
      }
      let layout = index % 2 == 1 ? [9] : [6, 3]
      return SparseFilter(
        chain: random.chain(.integer, layout: layout, reach: rate == nil ? 5 : 2), rate: rate, gain: 1)
    }
    return FilterBasis(
      interpolation: .outputs,
      axes: [KnotAxis(name: "radius", unit: "px", knots: (0..<filters.count).map { Double($0) })], filters: filters)
  }

  /// A basis of a periodic axis and one of two knots.
  static func grid() -> FilterBasis {
    var random = SeededGenerator(seed: 6)
    let axes = [
      KnotAxis(name: "angle", unit: "degrees", knots: [0, 1, 2, 3, 4], isPeriodic: true),
      KnotAxis(name: "length", knots: [0, 1]),
    ]
    var filters = (0..<10).map { index in
      SparseFilter(
        chain: random.chain(.integer, layout: [5], reach: 4),
        rate: index % 3 == 0 ? Resampling(factor: 2, prefilter: .linear, interpolator: .quadratic) : nil)
    }
    (filters[8], filters[9]) = (filters[0], filters[1])
    return FilterBasis(interpolation: .outputs, axes: axes, filters: filters)
  }

  /// Coordinates of each kind: at knots, between them, in steps, smooth, random. Whole sixteenths, which Float holds.
  static func coordinates(_ basis: FilterBasis, width: Int, height: Int, seed: UInt64) -> [Plane<Double>] {
    var random = SeededGenerator(seed: seed)
    return basis.axes.map { axis in
      let last = axis.knots.count - 1
      var plane = Plane<Double>(width: width, height: height)
      for y in 0..<height {
        for x in 0..<width {
          let value: Double =
            switch (x / 16 + 2 * (y / 16)) % 4 {
            case 0: (random.unit() * Double(last)).rounded()
            case 1: Double(x + y) / Double(width + height) * Double(last)
            case 2: random.uniform(0, Double(last))
            default: 0
            }
          plane[x, y] = min((value * 16).rounded() / 16, Double(last))
        }
      }
      return plane
    }
  }
}

/// What a varying plan may be off by: each knot's engine, and two roundings a knot for weight and sum. Weights count as 1 where
/// others' pixels spread.
func varyingBound(
  _ basis: FilterBasis, _ plane: Plane<Double>, _ coordinates: [Plane<Double>]?, _ border: BorderRule
) throws -> Plane<Double> {
  var bound = Plane<Double>(width: plane.width, height: plane.height)
  let filters = try basis.filters.map { filter in
    let magnitude = try ReferenceApply.apply(magnitudes(filter), to: magnitudes(plane), border: magnitudes(border))
    return magnitude.map { $0 * gamma(filter.roundings + 8, roundoff: floatRoundoff) }
  }
  for index in plane.values.indices {
    if let coordinates {
      for (filter, weight) in basis.mixture(coordinates: coordinates.map { $0.values[index] }) {
        bound.values[index] += weight * filters[filter].values[index]
      }
    } else {
      for filter in filters { bound.values[index] += filter.values[index] }
    }
    // Coordinates come from a table of 2048 cells, in Float: a weight may be off by some 2^-20 knots.
    let all = filters.reduce(0) { $0 + $1.values[index] } / gamma(8, roundoff: floatRoundoff)
    bound.values[index] += 0x1p-19 * all
  }
  return bound
}

@Suite("Varying plans of the outputs operator are within the promised rounding of the reference")
struct VaryingPlanTests {
  @Test(
    "any basis, size and map, in every instruction set",
    arguments: [BorderRule.clamp, .mirror, .wrap, .constant(0.3), .normalized])
  func outputs(border: BorderRule) throws {
    for direction in VaryingDirection.allCases { try check(border, direction) }
  }

  private func check(_ border: BorderRule, _ direction: VaryingDirection) throws {
    for basis in [PlanSamples.basis(), PlanSamples.grid()].map({ border == .normalized ? $0.ofOneSum(-1.5) : $0 }) {
      for (index, size) in [(1, 1), (9, 2), (53, 41), (300, 131)].enumerated() {
        var random = SeededGenerator(seed: UInt64(300 + index))
        let plane: Plane<Float> = random.plane(width: size.0, height: size.1)
        let exact = plane.map { Double($0) }
        let coordinates = PlanSamples.coordinates(basis, width: size.0, height: size.1, seed: UInt64(index))
        let reference = try ReferenceVarying(basis, coordinates: coordinates, direction: direction, border: border)
        let expected = try reference.apply(to: exact)
        let gathered = direction == .gather ? coordinates : nil
        var bound = try varyingBound(basis, exact, gathered, border.ofDividend)
        if border == .normalized {
          let ones = exact.map { _ in 1.0 }
          bound = reference.boundOfQuotient(
            expected, bound, try varyingBound(basis, ones, gathered, border.ofDividend), sum: -1.5)
        }
        let map = try ParameterMap(coordinates.map { $0.map { Float($0) } })
        for kernels in RowKernels.all {
          let plan = try VaryingPlan(basis, width: size.0, kernels: kernels)
          let image = Image(sameSizePlanes: [plane])
          let actual = try plan.apply(
            to: image, map: map, direction: direction, options: ApplyOptions(border: border, threads: 2)
          ).planes[0]
          #expect(violation(actual, expected, within: bound) == nil, "\(direction), \(kernels.name), size \(size)")
        }
      }
    }
  }

  @Test("<A x, y> = <x, A' y>", arguments: everyBorder, VaryingDirection.allCases)
  func adjoint(border: BorderRule, direction: VaryingDirection) throws {
    for basis in [PlanSamples.basis(), PlanSamples.grid()] {
      for (index, size) in [(9, 2), (53, 41), (140, 67)].enumerated() {
        var random = SeededGenerator(seed: UInt64(400 + index))
        let (x, y): (Plane<Float>, Plane<Float>) = (
          random.plane(width: size.0, height: size.1), random.plane(width: size.0, height: size.1)
        )
        let coordinates = PlanSamples.coordinates(basis, width: size.0, height: size.1, seed: UInt64(index))
        let map = try ParameterMap(coordinates.map { $0.map { Float($0) } })
        let plan = try VaryingPlan(basis, width: size.0)
        var options = ApplyOptions(border: border, threads: 2)
        // The map's result is linear where the border adds nothing.
        if case .constant = border { options.border = .constant(0) }
        let forward = try plan.apply(to: Image(sameSizePlanes: [x]), map: map, direction: direction, options: options)
        let back = try plan.applyAdjoint(
          to: Image(sameSizePlanes: [y]), map: map, direction: direction, options: options)
        func dot(_ a: Plane<Float>, _ b: Plane<Float>) -> Double {
          zip(a.values, b.values).reduce(0) { $0 + Double($1.0) * Double($1.1) }
        }
        let (left, right) = (dot(forward.planes[0], y), dot(x, back.planes[0]))
        // Both sides are off by no more than the bound of one of them, since the magnitudes' filters are adjoint, too; a normalized
        // border divides by up to the least share.
        let bound = try varyingBound(
          basis, x.map { Double($0) }, nil, options.border == .normalized ? .clamp : options.border)
        let tolerance = zip(bound.values, y.values).reduce(0) { $0 + $1.0 * Double(abs($1.1)) }
        #expect(
          abs(left - right) <= (options.border == .normalized ? 256 : 2) * tolerance,
          "size \(size): \(left), \(right)")
        // A wrong operator would be off by about its results.
        let size = zip(forward.planes[0].values, y.values).reduce(0) { $0 + Double(abs($1.0 * $1.1)) }
        #expect(tolerance < 0.01 * size)
      }
    }
  }

  @Test(
    "no bit depends on threads or tiles", arguments: [BorderRule.clamp, .normalized], VaryingDirection.allCases)
  func tiles(border: BorderRule, direction: VaryingDirection) throws {
    var random = SeededGenerator(seed: 8)
    let basis = border == .normalized ? PlanSamples.basis().ofOneSum(1) : PlanSamples.basis()
    let image = try Image(planes: (0..<3).map { _ in random.plane(width: 130, height: 90, in: 0...1) })
    let coordinates = PlanSamples.coordinates(basis, width: 130, height: 90, seed: 4)
    let map = try ParameterMap(coordinates.map { $0.map { Float($0) } })
    let plan = try VaryingPlan(basis, width: 130)
    var options = ApplyOptions(border: border, threads: 1)
    let whole = try plan.apply(to: image, map: map, direction: direction, options: options)
    for (threads, tileWidth, bandHeight) in [(1, 240, 7), (2, 48, 16), (3, 31, 120), (2, 16, 33)] {
      (options.threads, options.tileWidth, options.bandHeight) = (threads, tileWidth, bandHeight)
      let tiles = try plan.apply(to: image, map: map, direction: direction, options: options)
      #expect(firstDifference(tiles, whole) == nil, "\(threads) threads, tiles of \(tileWidth)x\(bandHeight)")
    }
  }

  @Test("in focus nothing changes, to the bit, beside anything")
  func focus() throws {
    var random = SeededGenerator(seed: 9)
    let basis = PlanSamples.basis()
    let plane: Plane<Float> = random.plane(width: 200, height: 150)
    var values = Plane<Float>(width: 200, height: 150)
    for y in 0..<150 { for x in 0..<200 where (x / 7 + y / 5) % 3 == 0 { values[x, y] = Float(random.uniform(0, 8)) } }
    let result = try VaryingPlan(basis, width: 200).apply(
      to: Image(sameSizePlanes: [plane]), map: ParameterMap([values]))
    for index in plane.values.indices where values.values[index] == 0 {
      #expect(result.planes[0].values[index].bitPattern == plane.values[index].bitPattern)
    }
  }

  @Test("values outside of the knots come to the nearest, and around a periodic axis")
  func outside() throws {
    var random = SeededGenerator(seed: 10)
    let basis = PlanSamples.grid()
    let image = Image(sameSizePlanes: [random.plane(width: 64, height: 32)])
    let plan = try VaryingPlan(basis, width: 64)
    func result(_ angle: Float, _ length: Float) throws -> Image {
      try plan.apply(
        to: image,
        map: ParameterMap([
          Plane(width: 64, height: 32, repeating: angle), Plane(width: 64, height: 32, repeating: length),
        ]))
    }
    #expect(try result(9.25, 5) == result(1.25, 1))
    #expect(try result(-2.5, -.infinity) == result(1.5, 0))
    #expect(try result(4, 0) == result(0, 0))
  }

  @Test("weights that are a map's give the same bits; others are weights", arguments: VaryingDirection.allCases)
  func weights(direction: VaryingDirection) throws {
    var random = SeededGenerator(seed: 12)
    let (basis, width, height) = (PlanSamples.basis(), 260, 125)
    let image = Image(sameSizePlanes: [random.plane(width: width, height: height)])
    let coordinates = PlanSamples.coordinates(basis, width: width, height: height, seed: 6)[0].map { Float($0) }
    let plan = try VaryingPlan(basis, width: width)
    let planes = basis.filters.indices.map { knot in coordinates.map { max(0, 1 - abs($0 - Float(knot))) } }
    let expected = try plan.apply(to: image, map: ParameterMap([coordinates]), direction: direction)
    let found = try plan.apply(to: image, weights: ParameterMap(planes), direction: direction)
    #expect(firstDifference(found, expected) == nil)
    // Twice the weights with the other sign, twice the result with the other sign: powers of 2 round alike.
    let turned = try plan.apply(
      to: image, weights: ParameterMap(planes.map { $0.map { -2 * $0 } }), direction: direction)
    #expect(zip(turned.planes[0].values, found.planes[0].values).allSatisfy { $0 == -2 * $1 })
    // The adjoint is the map's.
    let back = try plan.applyAdjoint(to: image, weights: ParameterMap(planes), direction: direction)
    #expect(
      firstDifference(back, try plan.applyAdjoint(to: image, map: ParameterMap([coordinates]), direction: direction))
        == nil)
    #expect(throws: ApplyError.weightPlanes(expected: 9, found: 1)) {
      try plan.apply(to: image, weights: ParameterMap([coordinates]), direction: direction)
    }
    var broken = planes
    broken[4][7, 3] = -.infinity
    #expect(throws: ApplyError.badMap(axis: "weight 4", x: 7, y: 3, value: "-inf")) {
      try plan.apply(to: image, weights: ParameterMap(broken), direction: direction)
    }
  }

  @Test("a map that is no map is refused")
  func maps() throws {
    let basis = PlanSamples.basis()
    let image = Image(sameSizePlanes: [Plane<Float>(width: 8, height: 4)])
    let plan = try VaryingPlan(basis, width: 8)
    #expect(throws: ApplyError.mapSize(map: [8, 5], image: [8, 4])) {
      try plan.apply(to: image, map: ParameterMap([Plane(width: 8, height: 5)]))
    }
    #expect(throws: ApplyError.mapAxes(found: 2, names: ["radius"])) {
      try plan.apply(to: image, map: ParameterMap([Plane(width: 8, height: 4), Plane(width: 8, height: 4)]))
    }
    var broken = Plane<Float>(width: 8, height: 4)
    broken[5, 3] = .nan
    #expect(throws: ApplyError.badMap(axis: "radius", x: 5, y: 3, value: "nan")) {
      try plan.apply(to: image, map: ParameterMap([broken]))
    }
    var sums = basis
    sums.filters[1].gain = 2
    let others = try VaryingPlan(sums, width: 8)
    #expect(throws: ApplyError.sumsDiffer(sums.filters.map { $0.chain.sum * $0.gain })) {
      try others.apply(
        to: image, map: ParameterMap([Plane(width: 8, height: 4)]), options: ApplyOptions(border: .normalized))
    }
    var pixels = Plane<Float>(width: 8, height: 4)
    pixels[3, 2] = .infinity
    #expect(throws: ApplyError.nonFinitePixel(channel: 0, x: 3, y: 2, value: .infinity)) {
      try plan.apply(to: Image(sameSizePlanes: [pixels]), map: ParameterMap([Plane(width: 8, height: 4)]))
    }
  }
}
