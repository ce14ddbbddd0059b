import FewtapCore
import FewtapEngine
import TestSupport
import Testing

/// What a fast map gradient of the outputs operator may be off by.
enum MapGradientBound {
  /// That of one channel: `cotangent` are magnitudes, of which each may be off by `error`. Each knot's engine, and the roundings of
  /// weights, product and sums; where there are several axes, slopes depend on coordinates, which may be off as weights are.
  static func outputs(
    _ basis: FilterBasis, _ coordinates: [Plane<Double>], axis: Int, _ plane: Plane<Double>,
    _ cotangent: Plane<Double>, error: Plane<Double>, _ border: BorderRule, _ direction: VaryingDirection
  ) throws -> Plane<Double> {
    let slopes = plane.values.indices.map { pixel -> [Int: Double] in
      let terms = basis.mixtureSlopes(coordinates: coordinates.map { $0.values[pixel] }, axis: axis)
      return terms.reduce(into: [:]) { $0[$1.filter, default: 0] += abs($1.slope) }
    }
    return try outputs(
      basis, slopes: slopes, off: basis.axes.count > 1 ? 0x1p-19 : 0, plane, cotangent, error: error, border, direction)
  }

  /// The same where filters' weights rise by the magnitudes `slopes` at each pixel, which may be `weightError` off.
  static func outputs(
    _ basis: FilterBasis, slopes: [[Int: Double]], off weightError: Double, _ plane: Plane<Double>,
    _ cotangent: Plane<Double>, error: Plane<Double>, _ border: BorderRule, _ direction: VaryingDirection
  ) throws -> Plane<Double> {
    let (width, height) = (plane.width, plane.height)
    var bound = Plane<Double>(width: width, height: height)
    // Low-rate pixels stay where they lie.
    let pad = (basis.bounds.reach + 48) / 24 * 24
    func framed(_ plane: Plane<Double>, _ border: BorderRule) -> Plane<Double> {
      Plane(width: width + 2 * pad, height: height + 2 * pad) { x, y in
        guard let column = border.source(of: x - pad, count: width), let row = border.source(of: y - pad, count: height)
        else { return Double(border.outside) }
        return plane[column, row]
      }
    }
    for (index, filter) in basis.filters.enumerated() {
      let rounding = gamma(filter.roundings + 16, roundoff: floatRoundoff)
      func add(_ value: Double, _ error: Double, at pixel: Int) {
        bound.values[pixel] += (slopes[pixel][index] ?? 0) * (rounding * (value + error) + error)
        bound.values[pixel] += weightError * (value + error)
      }
      switch direction {
      case .gather:
        let size = try ReferenceApply.apply(magnitudes(filter), to: magnitudes(plane), border: magnitudes(border))
        for pixel in size.values.indices {
          add(size.values[pixel] * cotangent.values[pixel], size.values[pixel] * error.values[pixel], at: pixel)
        }
      case .scatter:
        let turned = magnitudes(filter).transposed
        let size = try ReferenceApply.apply(turned, to: framed(cotangent, .constant(0)), border: .constant(0))
        let off = try ReferenceApply.apply(turned, to: framed(error, .constant(0)), border: .constant(0))
        let image = framed(magnitudes(plane), magnitudes(border))
        for y in 0..<size.height {
          for x in 0..<size.width {
            let pixel = min(max(y - pad, 0), height - 1) * width + min(max(x - pad, 0), width - 1)
            // Sums of what comes from the border are rounded as well, once for each of its pixels.
            let terms = gamma(size.width + size.height, roundoff: floatRoundoff)
            add(image[x, y] * size[x, y], image[x, y] * (off[x, y] + terms * size[x, y]), at: pixel)
          }
        }
      }
    }
    return bound
  }
}

@Suite("Gradients of varying plans are within rounding of the reference's")
struct VaryingGradientTests {
  static func image(_ planes: [Plane<Double>]) -> Image { Image(sameSizePlanes: planes.map { $0.map { Float($0) } }) }

  @Test("maps of the outputs operator, in every instruction set", arguments: everyBorder, VaryingDirection.allCases)
  func outputs(border: BorderRule, direction: VaryingDirection) throws {
    let isNormalized = border == .normalized
    for basis in [PlanSamples.basis(), PlanSamples.grid()].map({ isNormalized ? $0.ofOneSum(-1.5) : $0 }) {
      for (index, size) in [(1, 1), (9, 2), (53, 41)].enumerated() {
        var random = SeededGenerator(seed: UInt64(800 + index))
        func plane() -> Plane<Double> {
          let plane: Plane<Float> = random.plane(width: size.0, height: size.1)
          return plane.map { Double($0) }
        }
        let (images, cotangents) = ((0..<2).map { _ in plane() }, (0..<2).map { _ in plane() })
        let coordinates = PlanSamples.coordinates(basis, width: size.0, height: size.1, seed: UInt64(index))
        // The end of a periodic axis is the beginning of the next turn.
        let turned = zip(coordinates, basis.axes).map { plane, axis in
          plane.map { axis.isPeriodic && $0 == Double(axis.knots.count - 1) ? 0 : $0 }
        }
        let reference = try ReferenceVarying(basis, coordinates: turned, direction: direction, border: border)
        let expected = try zip(images, cotangents).map { try reference.pullback(of: $1, at: $0) }
        let zero = Plane<Double>(width: size.0, height: size.1)
        var parts = zip(images, cotangents).map { (image: $0, cotangent: magnitudes($1), error: zero) }
        if isNormalized { parts = try Self.undivided(reference, images, cotangents, coordinates) }
        let map = try ParameterMap(coordinates.map { $0.map { Float($0) } })
        for axis in basis.axes.indices {
          var (bound, sum) = (zero, zero)
          for part in parts {
            let own = try MapGradientBound.outputs(
              basis, turned, axis: axis, part.image, part.cotangent, error: part.error, border.ofDividend,
              direction)
            for index in own.values.indices { bound.values[index] += own.values[index] }
          }
          for part in expected {
            for index in sum.values.indices { sum.values[index] += part.map[axis].values[index] }
          }
          for kernels in RowKernels.all {
            let plan = try VaryingPlan(basis, width: size.0, kernels: kernels)
            let actual = try plan.pullback(
              of: Self.image(cotangents), at: Self.image(images), map: map, direction: direction,
              options: ApplyOptions(border: border, threads: 2), wanting: [.map])
            #expect(actual.input == nil && actual.filters == nil)
            let found = try #require(actual.map)
            #expect(
              violation(found[axis], sum, within: bound) == nil, "\(kernels.name), \(size), axis \(axis)")
          }
          let all = try VaryingPlan(basis, width: size.0).pullback(
            of: Self.image(cotangents), at: Self.image(images), map: map, direction: direction,
            options: ApplyOptions(border: border, threads: 2), wanting: [.map, .filters])
          #expect(all.map != nil && all.input == nil)
          try Self.check(
            try #require(all.filters), expected.map(\.filters), of: basis, given: parts.map(\.cotangent),
            most: border.outside == -2 ? 2 : 1, additions: size.0 * size.1, "\(size)")
          // A wrong one would be off by about itself.
          if size.0 > 9, !isNormalized {
            let (all, off) = (sum.values.reduce(0) { $0 + abs($1) }, bound.values.reduce(0, +))
            #expect(off < 0.02 * all, "\(size): \(off) of \(all)")
          }
        }
      }
    }
  }

  /// Holds gradients of filters to the sum of the reference's, which is off by no more than a filter is of pixels up to `most`,
  /// weighed by the magnitudes of `given`, and by the roundings of as many additions.
  static func check(
    _ found: [FilterGradient], _ expected: [[FilterGradient]], of basis: FilterBasis, given: [Plane<Double>],
    most: Double, additions: Int, _ name: String
  ) throws {
    let size = most * given.reduce(0) { $1.values.reduce($0) { $0 + abs($1) } }
    let isTable = basis.interpolation == .offsets
    let own = basis.filters.map(\.roundings).max() ?? 0
    let rounding =
      isTable
      ? OffsetsRunTests.bound(basis, most: 1, additions: additions)
      : (gamma(2 * own + 64 + additions, roundoff: floatRoundoff) + 0x1p-19) * VaryingSamples.growth(basis)
    for (k, filter) in basis.filters.enumerated() {
      let gain = expected.reduce(0) { $0 + $1[k].gain }
      #expect(abs(found[k].gain - gain) <= rounding * size / abs(filter.gain), "\(name), gain \(k)")
      for (l, layer) in filter.chain.layers.enumerated() {
        // Interpolated layers are mixtures of all.
        let layers = isTable ? basis.filters.map { $0.chain.layers[l] } : [layer]
        let least = layers.map(\.absoluteSum).min() ?? 1
        let largest = layers.flatMap(\.taps).reduce(0) { max($0, abs($1.weight)) }
        for i in layer.taps.indices {
          let (a, b) = (found[k].layers[l][i], expected.map { $0[k].layers[l][i] })
          let rest = rounding * size / least
          let weight = b.reduce(0) { $0 + $1.weight }
          #expect(abs(a.weight - weight) <= rest, "\(name), weight \([k, l, i]): \(a.weight), expected \(weight)")
          #expect((a.x == nil) == (b[0].x == nil) && (a.y == nil) == (b[0].y == nil))
          let (x, y) = (b.reduce(0) { $0 + ($1.x ?? 0) }, b.reduce(0) { $0 + ($1.y ?? 0) })
          #expect(abs((a.x ?? 0) - x) <= 4 * rest * largest, "\(name), x \([k, l, i]): \(a.x ?? 0), expected \(x)")
          #expect(abs((a.y ?? 0) - y) <= 4 * rest * largest, "\(name), y \([k, l, i]): \(a.y ?? 0), expected \(y)")
        }
      }
    }
  }

  /// What a normalized border's gradient is made of: image and mask, the cotangents' magnitudes, and what those may be off by. Without
  /// coordinates filters' weights are any of a magnitude of at most 1.
  static func undivided(
    _ reference: ReferenceVarying, _ images: [Plane<Double>], _ cotangents: [Plane<Double>],
    _ coordinates: [Plane<Double>]?
  ) throws -> [(image: Plane<Double>, cotangent: Plane<Double>, error: Plane<Double>)] {
    let (basis, direction) = (reference.basis, reference.direction)
    let sum = basis.filters[0].chain.sum * basis.filters[0].gain
    let gathered = direction == .gather ? coordinates : nil
    let ones = images[0].map { _ in 1.0 }
    let (mask, maskBound) = (reference.mask(), try varyingBound(basis, ones, gathered, .constant(0)))
    var (ofMask, maskError) = (images[0].map { _ in 0.0 }, images[0].map { _ in 0.0 })
    let rounding = gamma(8, roundoff: floatRoundoff)
    var parts: [(image: Plane<Double>, cotangent: Plane<Double>, error: Plane<Double>)] = []
    for (image, cotangent) in zip(images, cotangents) {
      let result = try reference.apply(to: image)
      let bound = reference.boundOfQuotient(
        result, try varyingBound(basis, image, gathered, .constant(0)), maskBound, sum: sum)
      var (given, error) = (ofMask.map { _ in 0.0 }, ofMask.map { _ in 0.0 })
      for index in given.values.indices {
        let share = max(mask.values[index] / sum, 1.0 / 256)
        let off = maskBound.values[index] / abs(sum)
        given.values[index] = abs(cotangent.values[index]) / share
        // The least that the fast path may have divided by.
        let least = max(share - off, 1.0 / 256)
        error.values[index] = abs(cotangent.values[index]) * (off / (share * least) + rounding / least)
        let change = given.values[index] * abs(result.values[index])
        ofMask.values[index] += change / abs(sum)
        maskError.values[index] +=
          (error.values[index] * (abs(result.values[index]) + bound.values[index])
            + given.values[index] * bound.values[index] + rounding * change) / abs(sum)
      }
      parts.append((image, given, error))
    }
    return parts + [(ones, ofMask, maskError)]
  }

  @Test("no bit depends on threads or tiles", arguments: [BorderRule.mirror, .normalized], VaryingDirection.allCases)
  func tiles(border: BorderRule, direction: VaryingDirection) throws {
    var random = SeededGenerator(seed: 810)
    let offsets = VaryingSamples.basis(.offsets, shape: [4, 2], reach: 4, layout: [7, 4], seed: 811)
    for basis in [PlanSamples.basis(), PlanSamples.grid(), offsets].map({ $0.ofOneSum(1.5) }) {
      // More channels than are side by side.
      let planes: [Plane<Float>] = (0..<5).map { _ in random.plane(width: 130, height: 61) }
      let cotangents: [Plane<Float>] = (0..<5).map { _ in random.plane(width: 130, height: 61) }
      let map = try ParameterMap(
        PlanSamples.coordinates(basis, width: 130, height: 61, seed: 4).map { $0.map { Float($0) } })
      let plan = try VaryingPlan(basis, width: 130)
      func gradient(_ options: ApplyOptions) throws -> BasisGradient {
        try plan.pullback(
          of: Image(sameSizePlanes: cotangents), at: Image(sameSizePlanes: planes), map: map, direction: direction,
          options: options, wanting: [.input, .map])
      }
      var options = ApplyOptions(border: border, threads: 1)
      let whole = try gradient(options)
      for (threads, tileWidth, bandHeight) in [(2, 48, 16), (3, 31, 120)] {
        (options.threads, options.tileWidth, options.bandHeight) = (threads, tileWidth, bandHeight)
        let parts = try gradient(options)
        #expect(parts.map == whole.map, "\(threads) threads, tiles of \(tileWidth)x\(bandHeight)")
        #expect(parts.input == whole.input)
      }
    }
  }

  @Test("values outside have no influence, those on a periodic axis come around")
  func outside() throws {
    var random = SeededGenerator(seed: 820)
    let basis = PlanSamples.grid()
    let (image, cotangent) = (
      Image(sameSizePlanes: [random.plane(width: 64, height: 8)]),
      Image(sameSizePlanes: [random.plane(width: 64, height: 8)])
    )
    let plan = try VaryingPlan(basis, width: 64)
    func gradient(_ angle: Float, _ length: Float) throws -> [Plane<Float>] {
      let map = try ParameterMap([
        Plane(width: 64, height: 8, repeating: angle), Plane(width: 64, height: 8, repeating: length),
      ])
      return try #require(try plan.pullback(of: cotangent, at: image, map: map, wanting: .map).map)
    }
    #expect(try gradient(9.25, 0.5) == gradient(1.25, 0.5))
    let beyond = try gradient(1.25, 1.5)
    #expect(beyond[1].values.allSatisfy { $0 == 0 })
    #expect(beyond[0].values.contains { $0 != 0 })
    #expect(try gradient(1.25, -.infinity)[1].values.allSatisfy { $0 == 0 })
    // The ends themselves have a slope, towards the inside.
    #expect(try gradient(1.25, 1)[1].values.contains { $0 != 0 })
    #expect(try gradient(1.25, 0)[1].values.contains { $0 != 0 })
  }

  @Test("in a caller's memory, rows apart, the same bits", arguments: [BorderRule.clamp, .constant(0.3), .wrap])
  func inPlace(border: BorderRule) throws {
    let (basis, width, height, stride) = (PlanSamples.basis(), 150, 70, 157)
    var random = SeededGenerator(seed: 832)
    let (image, cotangent) = (
      Image(sameSizePlanes: [random.plane(width: width, height: height), random.plane(width: width, height: height)]),
      Image(sameSizePlanes: [random.plane(width: width, height: height), random.plane(width: width, height: height)])
    )
    let coordinates = PlanSamples.coordinates(basis, width: width, height: height, seed: 833)[0].map { Float($0) }
    let map = try ParameterMap([coordinates])
    let plan = try VaryingPlan(basis, width: width)
    let options = ApplyOptions(border: border, threads: 2)
    let expected = try plan.pullback(of: cotangent, at: image, map: map, options: options)
    // What lies between rows stays.
    let outside = Float(-77)
    func withPixels<Result>(_ planes: [Plane<Float>], _ body: (PlanarPixels) throws -> Result) rethrows -> Result {
      let memory = UnsafeMutablePointer<Float>.allocate(capacity: planes.count * stride * height)
      defer { memory.deallocate() }
      memory.initialize(repeating: outside, count: planes.count * stride * height)
      let places = planes.indices.map { memory + $0 * stride * height }
      for (place, plane) in zip(places, planes) {
        for y in 0..<height { for x in 0..<width { place[y * stride + x] = plane[x, y] } }
      }
      return try body(PlanarPixels(planes: places, width: width, height: height, rowStride: stride))
    }
    func check(_ pixels: PlanarPixels, _ planes: [Plane<Float>]?, _ what: String) {
      for (place, plane) in zip(pixels.planes, planes ?? []) {
        for y in 0..<height {
          let row = UnsafeBufferPointer(start: place + y * stride, count: stride)
          #expect(row[..<width].elementsEqual(plane.values[y * width..<(y + 1) * width]), "\(what), row \(y)")
          #expect(row[width...].allSatisfy { $0 == outside }, "\(what), beyond row \(y)")
        }
      }
    }
    let empty = [Plane<Float>](repeating: Plane(width: width, height: height), count: 2)
    let mapped = try plan.mapped(by: map)
    try withPixels(image.planes) { image in
      try withPixels(cotangent.planes) { cotangent in
        try withPixels(empty) { input in
          try withPixels([empty[0]]) { slopes in
            let filters = try mapped.pullback(
              of: cotangent, at: image, into: input, map: slopes, filters: true, options: options)
            #expect(filters == expected.filters)
            check(slopes, expected.map, "the map's gradient")
          }
          check(input, expected.input?.planes, "the image's gradient")
        }
        try withPixels(empty) { input in
          let isDone = try mapped.applyAdjoint(to: cotangent, into: input, options: options)
          #expect(isDone)
          check(input, expected.input?.planes, "the adjoint")
        }
      }
    }
    #expect(expected.input != nil && expected.map != nil && expected.filters != nil)
  }

  @Test("what it cannot take, it says")
  func refusals() throws {
    let bases = [
      PlanSamples.basis(), VaryingSamples.basis(.offsets, shape: [9], reach: 2, layout: [3], seed: 830),
    ]
    for basis in bases {
      let plane = Plane<Float>(width: 8, height: 4, repeating: 1)
      let image = Image(sameSizePlanes: [plane])
      let plan = try VaryingPlan(basis, width: 8)
      let map = ParameterMap(width: 8, height: 4, constant: [1.5])
      for direction in VaryingDirection.allCases {
        func refuses(
          _ error: ApplyError, of cotangent: Image? = nil, at given: Image? = nil, _ other: ParameterMap? = nil,
          _ options: ApplyOptions = ApplyOptions(), parts: BasisGradient.Parts = .map
        ) {
          #expect(throws: error) {
            try plan.pullback(
              of: cotangent ?? image, at: given ?? image, map: other ?? map, direction: direction, options: options,
              wanting: parts)
          }
        }
        let twice = Image(sameSizePlanes: [plane, plane])
        refuses(.cotangentSize(cotangent: [8, 4, 2], image: [8, 4, 1]), of: twice)
        refuses(
          .cotangentSize(cotangent: [8, 3, 1], image: [8, 4, 1]),
          of: Image(sameSizePlanes: [Plane(width: 8, height: 3)]))
        refuses(.adjointOfAlpha, of: try Image(planes: [plane, plane], alphaIndex: 1), at: twice)
        refuses(.adjointOfAlpha, of: twice, at: try Image(planes: [plane, plane], alphaIndex: 1))
        refuses(.mapSize(map: [8, 5], image: [8, 4]), ParameterMap(width: 8, height: 5, constant: [1]))
        refuses(
          .mapAxes(found: 2, names: basis.axes.map(\.name)), ParameterMap(width: 8, height: 4, constant: [1, 1]))
        var values = Plane<Float>(width: 8, height: 4)
        values[5, 3] = .nan
        for parts in [BasisGradient.Parts.input, .map, .filters] {
          refuses(
            .badMap(axis: basis.axes[0].name, x: 5, y: 3, value: "nan"), try ParameterMap([values]), parts: parts)
        }
        var broken = plane
        broken[3, 2] = .infinity
        let bad = Image(sameSizePlanes: [broken])
        refuses(.nonFinitePixel(channel: 0, x: 3, y: 2, value: .infinity), of: bad)
        refuses(.nonFinitePixel(channel: 0, x: 3, y: 2, value: .infinity), at: bad)
        let cleaned = try plan.pullback(
          of: bad, at: bad, map: map, direction: direction, options: ApplyOptions(nonfinite: .zero))
        #expect(cleaned.input?.firstNonFinite() == nil && cleaned.map?[0].firstNonFinite() == nil)
        let cancellation = Cancellation()
        cancellation.cancel()
        refuses(.cancelled, nil, ApplyOptions(cancellation: cancellation))
      }
    }
    let sums = VaryingSamples.basis(.offsets, shape: [3], seed: 831)
    let image = Image(sameSizePlanes: [Plane<Float>(width: 8, height: 4)])
    #expect(throws: ApplyError.sumsDiffer(sums.filters.map { $0.chain.sum * $0.gain })) {
      try VaryingPlan(sums, width: 8).pullback(
        of: image, at: image, map: ParameterMap(width: 8, height: 4, constant: [1]),
        options: ApplyOptions(border: .normalized))
    }
  }
}
