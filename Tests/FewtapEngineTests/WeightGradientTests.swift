import FewtapCore
import FewtapEngine
import TestSupport
import Testing

@Suite("Gradients of weights that a caller gives")
struct WeightGradientTests {
  /// A plane a filter, of both signs; by a normalized border such that results are divided by more than the least share.
  static func weights(
    _ basis: FilterBasis, width: Int, height: Int, _ border: BorderRule, _ random: inout SeededGenerator
  ) -> [Plane<Double>] {
    basis.filters.map { _ in
      // Whole 64ths, which Float holds.
      Plane(width: width, height: height) { _, _ in
        (random.uniform(border == .normalized ? 0.25 : -1, 1) * 64).rounded() / 64
      }
    }
  }

  @Test("the reference's are what differences say", arguments: everyBorder, VaryingDirection.allCases)
  func differences(border: BorderRule, direction: VaryingDirection) throws {
    for (index, shape) in [[3], [2, 2]].enumerated() {
      let seed = UInt64(1000 + index)
      var random = SeededGenerator(seed: seed)
      let basis = GradientSamples.basis(.outputs, shape: shape, seed: seed)
      let point = ReferenceGradientTests.Point(
        basis: border == .normalized ? basis.ofOneSum(1.5) : basis,
        map: Self.weights(basis, width: 9, height: 6, border, &random), image: random.plane(width: 9, height: 6))
      try ReferenceGradientTests.checkWays(from: point, border, "\(shape), seed \(seed)", &random) { point in
        try ReferenceVarying(point.basis, weights: point.map, direction: direction, border: border)
      }
    }
  }

  @Test("results are linear in weights, and so are gradients' products", arguments: VaryingDirection.allCases)
  func products(direction: VaryingDirection) throws {
    var random = SeededGenerator(seed: 1010)
    let basis = GradientSamples.basis(.outputs, shape: [3], seed: 1010)
    let (image, cotangent): (Plane<Double>, Plane<Double>) = (
      random.plane(width: 11, height: 7), random.plane(width: 11, height: 7)
    )
    for border in everyBorder where border != .normalized {
      func operation(_ weights: [Plane<Double>]) throws -> ReferenceVarying {
        try ReferenceVarying(basis, weights: weights, direction: direction, border: border)
      }
      let gradient = try operation(Self.weights(basis, width: 11, height: 7, border, &random))
        .pullback(of: cotangent, at: image).map
      let others = Self.weights(basis, width: 11, height: 7, border, &random)
      let expected = GradientSamples.dot(try operation(others).apply(to: image), cotangent)
      let found = zip(gradient, others).reduce(0) { $0 + GradientSamples.dot($1.0, $1.1) }
      let size = zip(gradient, others).reduce(0) { $0 + GradientSamples.dot(magnitudes($1.0), magnitudes($1.1)) }
      #expect(abs(found - expected) <= gamma(4000) * size, "\(border): \(found), expected \(expected)")
      #expect(abs(expected) > 1e-3 * size)
    }
  }

  @Test("weights that are a map's give its results and gradients", arguments: everyBorder, VaryingDirection.allCases)
  func mixtures(border: BorderRule, direction: VaryingDirection) throws {
    var random = SeededGenerator(seed: 1020)
    let basis = GradientSamples.basis(.outputs, shape: [3, 2], seed: 1020).ofOneSum(1.5)
    let (image, cotangent): (Plane<Double>, Plane<Double>) = (
      random.plane(width: 8, height: 5), random.plane(width: 8, height: 5)
    )
    let coordinates = basis.axes.map { axis in
      Plane(width: 8, height: 5) { _, _ in random.uniform(0, Double(axis.knots.count - 1)) }
    }
    let points = image.values.indices.map { pixel in coordinates.map { $0.values[pixel] } }
    var weights = basis.filters.map { _ in Plane<Double>(width: 8, height: 5) }
    for (pixel, point) in points.enumerated() {
      for (filter, weight) in basis.mixture(coordinates: point) { weights[filter].values[pixel] = weight }
    }
    let mapped = try ReferenceVarying(basis, coordinates: coordinates, direction: direction, border: border)
    let weighted = try ReferenceVarying(basis, weights: weights, direction: direction, border: border)
    #expect(try mapped.apply(to: image) == weighted.apply(to: image))
    let (expected, found) = (
      try mapped.pullback(of: cotangent, at: image), try weighted.pullback(of: cotangent, at: image)
    )
    #expect(found.input == expected.input)
    #expect(found.filters == expected.filters)
    for axis in basis.axes.indices {
      for (pixel, point) in points.enumerated() {
        let terms = basis.mixtureSlopes(coordinates: point, axis: axis).map {
          $0.slope * found.map[$0.filter].values[pixel]
        }
        let size = terms.reduce(1) { $0 + abs($1) }
        #expect(abs(terms.reduce(0, +) - expected.map[axis].values[pixel]) <= gamma(8000) * 256 * size)
      }
    }
  }

  @Test(
    "plans' are within rounding of the reference's, in every instruction set", arguments: everyBorder,
    VaryingDirection.allCases)
  func plans(border: BorderRule, direction: VaryingDirection) throws {
    let isNormalized = border == .normalized
    for basis in [PlanSamples.basis(), PlanSamples.grid()].map({ isNormalized ? $0.ofOneSum(-1.5) : $0 }) {
      for (index, size) in [(1, 1), (9, 2), (53, 41)].enumerated() {
        var random = SeededGenerator(seed: UInt64(1030 + index))
        func planes(_ count: Int) -> [Plane<Double>] {
          (0..<count).map { _ in
            let plane: Plane<Float> = random.plane(width: size.0, height: size.1)
            return plane.map { Double($0) }
          }
        }
        let (images, cotangents) = (planes(2), planes(2))
        let weights = Self.weights(basis, width: size.0, height: size.1, border, &random)
        let reference = try ReferenceVarying(basis, weights: weights, direction: direction, border: border)
        let expected = try zip(images, cotangents).map { try reference.pullback(of: $1, at: $0) }
        let zero = Plane<Double>(width: size.0, height: size.1)
        var parts = zip(images, cotangents).map { (image: $0, cotangent: magnitudes($1), error: zero) }
        if isNormalized { parts = try VaryingGradientTests.undivided(reference, images, cotangents, nil) }
        let map = try ParameterMap(weights.map { $0.map { Float($0) } })
        func gradient(_ kernels: RowKernels, _ parts: BasisGradient.Parts, threads: Int = 2) throws -> BasisGradient {
          try VaryingPlan(basis, width: size.0, kernels: kernels).pullback(
            of: VaryingGradientTests.image(cotangents), at: VaryingGradientTests.image(images), weights: map,
            direction: direction, options: ApplyOptions(border: border, threads: threads), wanting: parts)
        }
        var found: [[Plane<Float>]] = []
        for kernels in RowKernels.all {
          let actual = try gradient(kernels, .map)
          #expect(actual.input == nil && actual.filters == nil)
          found.append(try #require(actual.map))
        }
        for filter in basis.filters.indices {
          let slopes = [[Int: Double]](repeating: [filter: 1], count: size.0 * size.1)
          var (bound, sum) = (zero, zero)
          for part in parts {
            let own = try MapGradientBound.outputs(
              basis, slopes: slopes, off: 0, part.image, part.cotangent, error: part.error, border.ofDividend, direction
            )
            for index in own.values.indices { bound.values[index] += own.values[index] }
          }
          for part in expected {
            for index in sum.values.indices { sum.values[index] += part.map[filter].values[index] }
          }
          for (planes, kernels) in zip(found, RowKernels.all) {
            #expect(
              violation(planes[filter], sum, within: bound) == nil, "\(kernels.name), \(size), filter \(filter)")
          }
          // A wrong one would be off by about itself.
          guard size.0 > 9, !isNormalized else { continue }
          let (all, off) = (sum.values.reduce(0) { $0 + abs($1) }, bound.values.reduce(0, +))
          #expect(off < 0.02 * all, "\(size), filter \(filter): \(off) of \(all)")
        }
        let all = try gradient(RowKernels.chosen(), .all)
        try VaryingGradientTests.check(
          try #require(all.filters), expected.map(\.filters), of: basis, given: parts.map(\.cotangent),
          most: border.outside == -2 ? 2 : 1, additions: size.0 * size.1, "\(size)")
        let adjoint = try VaryingPlan(basis, width: size.0).applyAdjoint(
          to: VaryingGradientTests.image(cotangents), weights: map, direction: direction,
          options: ApplyOptions(border: border))
        #expect(firstDifference(try #require(all.input), adjoint) == nil)
        #expect(try gradient(RowKernels.chosen(), .map, threads: 1).map == all.map, "threads change bits")
      }
    }
  }

  @Test("what cannot be, they say", arguments: VaryingDirection.allCases)
  func refusals(direction: VaryingDirection) throws {
    let basis = PlanSamples.basis()
    let plane = Plane<Float>(width: 8, height: 4, repeating: 1)
    let image = Image(sameSizePlanes: [plane])
    let weights = basis.filters.map { _ in plane }
    let offsets = VaryingSamples.basis(.offsets, shape: [9], reach: 2, layout: [3], seed: 1040)
    func refuses(
      _ error: ApplyError, _ basis: FilterBasis, _ planes: [Plane<Float>], of cotangent: Image? = nil,
      options: ApplyOptions = ApplyOptions()
    ) {
      for parts in [BasisGradient.Parts.input, .map, .filters] {
        #expect(throws: error) {
          try VaryingPlan(basis, width: 8).pullback(
            of: cotangent ?? image, at: image, weights: ParameterMap(planes), direction: direction, options: options,
            wanting: parts)
        }
      }
    }
    refuses(.interpolatesTaps, offsets, weights)
    refuses(.weightPlanes(expected: 9, found: 8), basis, Array(weights.dropLast()))
    refuses(.mapSize(map: [8, 5], image: [8, 4]), basis, weights.map { _ in Plane(width: 8, height: 5) })
    refuses(
      .cotangentSize(cotangent: [8, 4, 2], image: [8, 4, 1]), basis, weights, of: Image(sameSizePlanes: [plane, plane]))
    let cancellation = Cancellation()
    cancellation.cancel()
    refuses(.cancelled, basis, weights, options: ApplyOptions(cancellation: cancellation))
    for value in [Float.nan, .infinity] {
      var broken = weights
      broken[4][5, 3] = value
      let error = ApplyError.badMap(axis: "weight 4", x: 5, y: 3, value: "\(value)")
      refuses(error, basis, broken)
      #expect(throws: error) {
        _ = try ReferenceVarying(basis, weights: broken.map { $0.map { Double($0) } }, direction: direction)
      }
    }
    let exact = weights.map { $0.map { Double($0) } }
    #expect(throws: ApplyError.interpolatesTaps) {
      _ = try ReferenceVarying(offsets, weights: exact, direction: direction)
    }
    #expect(throws: ApplyError.weightPlanes(expected: 9, found: 0)) {
      _ = try ReferenceVarying(basis, weights: [], direction: direction)
    }
  }
}
