import FewtapCore
import FewtapEngine
import TestSupport
import Testing

/// Bases and maps of random numbers.
enum VaryingSamples {
  /// Knots of two axes, so that four filters count at a pixel; or of one.
  static let shapes = [[3], [2, 3]]

  /// A filter for each knot, weights of both signs, layers' sums 1, gains of one sign.
  static func basis(
    _ interpolation: FilterBasis.Interpolation, shape: [Int], reach: Double = 2.5, layout: [Int] = [4, 3],
    rates: Bool = true, seed: UInt64
  ) -> FilterBasis {
    var random = SeededGenerator(seed: seed)
    let axes = shape.enumerated().map { KnotAxis(name: "axis \($0)", knots: (0..<$1).map { Double($0) }) }
    let filters = (0..<shape.reduce(1, *)).map { index in
      // Stacks have filters of any kind side by side.
      let rate = interpolation == .outputs && rates && index % 2 == 1 ? Resampling(factor: 2 + index % 3) : nil
      let model: TapModel = interpolation == .outputs && index % 3 == 0 ? .integer : .bilinear
      return SparseFilter(
        chain: random.chain(model, layout: layout, reach: reach), rate: rate, gain: random.uniform(0.5, 2))
    }
    return FilterBasis(interpolation: interpolation, axes: axes, filters: filters)
  }

  /// The same filter at every knot.
  static func equal(_ interpolation: FilterBasis.Interpolation, _ filter: SparseFilter, shape: [Int]) -> FilterBasis {
    let axes = shape.enumerated().map { KnotAxis(name: "axis \($0)", knots: (0..<$1).map { Double($0) }) }
    return FilterBasis(
      interpolation: interpolation, axes: axes, filters: Array(repeating: filter, count: shape.reduce(1, *)))
  }

  /// Knot coordinates without any order, at knots too.
  static func noise(shape: [Int], width: Int, height: Int, seed: UInt64) -> [Plane<Double>] {
    var random = SeededGenerator(seed: seed)
    return shape.map { count in
      Plane(width: width, height: height) { _, _ in
        let value = random.uniform(0, Double(count - 1))
        return random.index(5) == 0 ? value.rounded() : value
      }
    }
  }

  /// Roundings of a pixel in Double, at most, over all filters.
  static func roundings(_ basis: FilterBasis) -> Int {
    basis.filters.reduce(0) { sum, filter in
      let edge = filter.rate.map { $0.prefilterWeights.values.count + $0.interpolatorWeights.values.count } ?? 0
      return sum + 16 * filter.chain.tapCount + edge * edge + 16
    }
  }

  /// What no result can exceed for inputs of at most 1.
  static func growth(_ basis: FilterBasis) -> Double {
    // Layers' magnitudes are those of knots at most.
    basis.filters[0].chain.layers.indices.reduce(1) { growth, layer in
      growth * (basis.filters.map { $0.chain.layers[layer].absoluteSum }.max() ?? 0)
    } * (basis.filters.map { abs($0.gain) }.max() ?? 0)
  }
}

extension FilterBasis {
  /// The basis with gains by which every filter makes `sum` of a constant 1: what alpha and a normalized border divide by.
  func ofOneSum(_ sum: Double) -> FilterBasis {
    var basis = self
    for index in filters.indices { basis.filters[index].gain = sum / filters[index].chain.sum }
    return basis
  }
}

extension ReferenceVarying {
  /// What a fast path's results under a normalized border may be off by; see ``quotientBound(_:_:mask:_:sum:)``.
  func boundOfQuotient(
    _ expected: Plane<Double>, _ bound: Plane<Double>, _ maskBound: Plane<Double>, sum: Double
  ) -> Plane<Double> {
    quotientBound(expected, bound, mask: mask(), maskBound, sum: sum)
  }
}

extension BorderRule {
  /// What stands outside where a result is divided afterwards.
  var ofDividend: BorderRule { self == .normalized ? .constant(0) : self }
}

@Suite("The reference of varying filters is what the definition says")
struct ReferenceVaryingTests {
  typealias Interpolation = FilterBasis.Interpolation

  @Test("<A x, y> = <x, A' y>", arguments: everyBorder, VaryingDirection.allCases)
  func adjoint(border: BorderRule, direction: VaryingDirection) throws {
    // A constant outside is no part of the linear map.
    if case .constant(let value) = border, value != 0.75 { return }
    let border = if case .constant = border { BorderRule.constant(0) } else { border }
    for interpolation in Interpolation.allCases {
      for (index, shape) in VaryingSamples.shapes.enumerated() {
        let seed = UInt64(300 + index)
        var basis = VaryingSamples.basis(interpolation, shape: shape, seed: seed)
        if border == .normalized { basis = basis.ofOneSum(1.5) }
        var random = SeededGenerator(seed: seed)
        let (width, height) = (9, 6)
        let operation = try ReferenceVarying(
          basis, coordinates: VaryingSamples.noise(shape: shape, width: width, height: height, seed: seed),
          direction: direction, border: border)
        let x: Plane<Double> = random.plane(width: width, height: height)
        let y: Plane<Double> = random.plane(width: width, height: height)
        let left = zip(try operation.apply(to: x).values, y.values).reduce(0) { $0 + $1.0 * $1.1 }
        let right = zip(x.values, try operation.applyAdjoint(to: y).values).reduce(0) { $0 + $1.0 * $1.1 }
        // Both are sums over pixels of what the filters make of numbers up to 1; a scatter may bring all to one pixel, and a
        // normalized border divides by 1/256 or more.
        let pixels = width * height
        let bound =
          gamma(2 * VaryingSamples.roundings(basis) + 4 * pixels) * VaryingSamples.growth(basis)
          * Double(pixels * pixels) * (border == .normalized ? 256 * 256 : 1)
        #expect(abs(left - right) <= bound, "\(interpolation) \(shape), seed \(seed): \(left) and \(right)")
        #expect(abs(left) > (border == .normalized ? 1 : 0x1p16) * bound, "nothing to compare: \(left), \(bound)")
      }
    }
  }

  @Test("equal filters give what one of them gives", arguments: everyBorder, VaryingDirection.allCases)
  func equalFilters(border: BorderRule, direction: VaryingDirection) throws {
    var random = SeededGenerator(seed: 310)
    let shape = [2, 3]
    let chain = random.chain(.bilinear, layout: [5, 3], reach: 2.5)
    let plane: Plane<Double> = random.plane(width: 10, height: 7)
    let coordinates = VaryingSamples.noise(shape: shape, width: 10, height: 7, seed: 311)
    for (interpolation, rate) in [
      (.outputs, nil), (.outputs, Resampling(factor: 3)), (.offsets, nil),
    ] as [(Interpolation, Resampling?)] {
      let filter = SparseFilter(chain: chain, rate: rate, gain: 1.5)
      let basis = VaryingSamples.equal(interpolation, filter, shape: shape)
      let actual = try ReferenceVarying(basis, coordinates: coordinates, direction: direction, border: border)
        .apply(to: plane)
      let expected = try ReferenceApply.apply(filter, to: plane, border: border)
      // Offsets of up to 2.5 pixels move by their rounding, and values by at most twice the largest for a pixel.
      let bound =
        gamma(2 * VaryingSamples.roundings(basis) + 16) * VaryingSamples.growth(basis) * 2
        * (border == .normalized ? 256 * 256 : 1)
      #expect(violation(actual, expected, within: bound) == nil, "\(interpolation), \(rate?.factor ?? 1)")
    }
  }

  @Test("a constant stays constant, times the gain, for every map", arguments: everyBorder)
  func constant(border: BorderRule) throws {
    if case .constant = border { return }
    for interpolation in Interpolation.allCases {
      for shape in VaryingSamples.shapes {
        // Half of each layer's weight lies in the middle and none is negative, so that no share is below 1/256.
        var basis = VaryingSamples.basis(interpolation, shape: shape, seed: 320)
        for index in basis.filters.indices {
          basis.filters[index].gain = 1.25
          for layer in basis.filters[index].chain.layers.indices {
            let taps = magnitudes(basis.filters[index]).chain.layers[layer].taps
            let sum = taps.reduce(0) { $0 + $1.weight }
            basis.filters[index].chain.layers[layer] = TapLayer(
              [Tap(x: 0, y: 0, weight: 0.5)] + taps.map { Tap(x: $0.x, y: $0.y, weight: $0.weight / sum / 2) })
          }
        }
        let coordinates = VaryingSamples.noise(shape: shape, width: 11, height: 8, seed: 321)
        let result = try ReferenceVarying(basis, coordinates: coordinates, border: border)
          .apply(to: Plane(width: 11, height: 8, repeating: 0.75))
        let bound =
          gamma(2 * VaryingSamples.roundings(basis)) * VaryingSamples.growth(basis)
          * (border == .normalized ? 256 * 256 : 1)
        let expected = Plane<Double>(width: 11, height: 8, repeating: 0.75 * 1.25)
        #expect(violation(result, expected, within: bound) == nil, "\(interpolation) \(shape)")
      }
    }
  }

  @Test("a pixel in focus stays as it is, to the bit", arguments: Interpolation.allCases)
  func inFocus(interpolation: Interpolation) throws {
    var basis = VaryingSamples.basis(interpolation, shape: [3], layout: [3, 2], rates: false, seed: 330)
    // Knot 0 does nothing: all of its taps lie in the middle.
    let weights = [[1.0, 0, 0], [1.0, 0]]
    basis.filters[0] = SparseFilter(
      chain: TapChain(
        model: .bilinear, layers: weights.map { TapLayer($0.map { Tap(x: 0, y: 0, weight: $0) }) }))
    var random = SeededGenerator(seed: 331)
    let plane: Plane<Double> = random.plane(width: 12, height: 9)
    // Focus reaches further than a later layer reads, so that nothing blurred comes in.
    let coordinates = Plane<Double>(width: 12, height: 9) { x, _ in x < 7 ? 0 : random.uniform(0.5, 2) }
    let result = try ReferenceVarying(basis, coordinates: [coordinates]).apply(to: plane)
    for y in 0..<9 { for x in 0..<7 { #expect(result[x, y] == plane[x, y]) } }
    #expect(result != plane)
  }

  @Test("a point of light spreads by its own filters, or is collected by others'", arguments: VaryingDirection.allCases)
  func pointOfLight(direction: VaryingDirection) throws {
    let side = 25
    let basis = VaryingSamples.basis(.outputs, shape: [3], reach: 2, rates: false, seed: 340)
    let coordinates = VaryingSamples.noise(shape: [3], width: side, height: side, seed: 341)
    var plane = Plane<Double>(width: side, height: side)
    plane[12, 12] = 1
    let result = try ReferenceVarying(basis, coordinates: coordinates, direction: direction, border: .constant(0))
      .apply(to: plane)
    let expected = Plane<Double>(width: side, height: side) { x, y in
      // Whose filter it is: that of the light, or that of who looks.
      let at = direction == .scatter ? coordinates[0][12, 12] : coordinates[0][x, y]
      return (0..<3).reduce(0) { sum, knot in
        sum + max(0, 1 - abs(at - Double(knot))) * Self.kernel(basis.filters[knot], x - 12, y - 12)
      }
    }
    #expect(violation(result, expected, within: gamma(400) * VaryingSamples.growth(basis)) == nil)
    #expect(expected.values.contains { $0 != 0 })
  }

  @Test("one layer of interpolated taps is each pixel's own filter", arguments: VaryingDirection.allCases)
  func oneLayer(direction: VaryingDirection) throws {
    let side = 15
    let basis = VaryingSamples.basis(.offsets, shape: [2, 3], reach: 3, layout: [5], seed: 350)
    let coordinates = VaryingSamples.noise(shape: [2, 3], width: side, height: side, seed: 351)
    var plane = Plane<Double>(width: side, height: side)
    plane[7, 7] = 1
    let result = try ReferenceVarying(basis, coordinates: coordinates, direction: direction).apply(to: plane)
    let expected = Plane<Double>(width: side, height: side) { x, y in
      let at = direction == .scatter ? coordinates.map { $0[7, 7] } : coordinates.map { $0[x, y] }
      return Self.kernel(basis.interpolatedFilter(basis.mixture(coordinates: at)), x - 7, y - 7)
    }
    #expect(violation(result, expected, within: gamma(200) * VaryingSamples.growth(basis)) == nil)
    #expect(expected.values.contains { $0 != 0 })
  }

  /// The effective kernel at an offset, by brute force.
  private static func kernel(_ filter: SparseFilter, _ x: Int, _ y: Int) -> Double {
    var kernel: [PixelOffset: Double] = [PixelOffset(x: 0, y: 0): filter.gain]
    for layer in filter.chain.layers {
      var next: [PixelOffset: Double] = [:]
      for (offset, value) in kernel {
        for (step, weight) in layer.mergedIntegerTaps() {
          next[PixelOffset(x: offset.x + step.x, y: offset.y + step.y), default: 0] += value * weight
        }
      }
      kernel = next
    }
    return kernel[PixelOffset(x: x, y: y)] ?? 0
  }

  @Test("what does not fit together is refused") func refusals() throws {
    let basis = VaryingSamples.basis(.offsets, shape: [3], seed: 360)
    let plane = Plane<Double>(width: 4, height: 3, repeating: 1)
    #expect(throws: ApplyError.coordinateCount(expected: 1, found: 2)) {
      try ReferenceVarying(basis, coordinates: [plane, plane])
    }
    for value in [-0.5, 2.25, .infinity] {
      var beyond = plane
      beyond[3, 1] = value
      #expect(throws: ApplyError.coordinate(axis: 0, x: 3, y: 1, value: value, knots: 3)) {
        try ReferenceVarying(basis, coordinates: [beyond])
      }
    }
    #expect(throws: ApplyError.malformedPlane(channel: 0, width: 3, height: 4, count: 12)) {
      try ReferenceVarying(basis, coordinates: [plane]).apply(to: Plane(width: 3, height: 4))
    }
    var canceling = basis
    canceling.filters[1].gain *= -1
    #expect(throws: ApplyError.sumsDiffer(canceling.filters.map { $0.chain.sum * $0.gain })) {
      try ReferenceVarying(canceling, coordinates: [plane], border: .normalized)
    }
    for index in canceling.filters.indices {
      canceling.filters[index].chain.layers[1] = TapLayer([Tap(x: 0, y: 0, weight: 1), Tap(x: 1, y: 0, weight: -1)])
    }
    #expect(throws: ApplyError.zeroSumNormalized(sum: 0)) {
      try ReferenceVarying(canceling, coordinates: [plane], border: .normalized)
    }
    var broken = basis
    broken.filters.removeLast()
    #expect(throws: ApplyError.self) { try ReferenceVarying(broken, coordinates: [plane]) }
  }
}
