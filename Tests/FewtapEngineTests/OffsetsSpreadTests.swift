import FewtapCore
import FewtapEngine
import TestSupport
import Testing

@Suite(
  "Pixels that spread by interpolated taps are within rounding of the reference, and the adjoint of those that collect")
struct OffsetsSpreadTests {
  /// Planes of numbers around an image.
  private struct Around {
    let (left, above, width, height): (Int, Int, Int, Int)
    var values: [Double]

    init(_ width: Int, _ height: Int, reach: Int, _ value: (_ x: Int, _ y: Int) -> Double) {
      (left, above, self.width, self.height) = (reach, reach, width + 2 * reach, height + 2 * reach)
      values = []
      for y in 0..<self.height { for x in 0..<self.width { values.append(value(x - reach, y - reach)) } }
    }

    /// Where a pixel's number is; nil outside, where nothing counts.
    func index(_ x: Int, _ y: Int) -> Int? {
      let (column, row) = (x + left, y + above)
      return (0..<width).contains(column) && (0..<height).contains(row) ? row * width + column : nil
    }
  }

  /// What a pixel may be off by, layer by layer as the definition goes, with magnitudes m and errors e.
  ///
  /// Of a basis of N axes a weight is a sum of 2^N products in Float of numbers up to 2^N of the largest w among the knots: it is off
  /// by `gamma_{2^N + N + 2} 2^N w`; so is a place, by d, with the layer's extent for w, and each of a tap's shares of the pixels
  /// around by 4 d. What n taps give to a pixel is added up in as many steps; each product has passed some twenty roundings before.
  static func bound(
    _ basis: FilterBasis, _ plane: Plane<Float>, _ coordinates: [Plane<Float>], _ border: BorderRule
  ) -> Plane<Double> {
    let layers = basis.filters[0].chain.layers.indices
    let unions = layers.map { layer in
      basis.filters.dropFirst().reduce(basis.filters[0].chain.layers[layer].bounds) {
        $0.union($1.chain.layers[layer].bounds)
      }
    }
    let reach = unions.reduce(0) { $0 + $1.reach + 2 }
    let (width, height) = (plane.width, plane.height)
    let corners = 1 << basis.axes.count
    let sum = gamma(corners + basis.axes.count + 2, roundoff: floatRoundoff) * Double(corners)
    func mixture(_ x: Int, _ y: Int) -> [(filter: Int, weight: Double)] {
      basis.mixture(
        coordinates: coordinates.map { Double($0[min(max(x, 0), width - 1), min(max(y, 0), height - 1)]) })
    }
    let mixtures = Around(width, height, reach: reach) { _, _ in 0 }
    let filters = (0..<mixtures.values.count).map { index in
      mixture(index % mixtures.width - reach, index / mixtures.width - reach)
    }
    let mostGain = basis.filters.reduce(0) { max($0, abs($1.gain)) }
    var magnitude = Around(width, height, reach: reach) { x, y in
      let column = border.source(of: x, count: width), row = border.source(of: y, count: height)
      return Double(abs(column.flatMap { column in row.map { plane[column, $0] } } ?? border.outside)) * mostGain
    }
    var error = magnitude
    for index in error.values.indices { error.values[index] *= sum }
    for layer in layers.reversed() {
      let taps = basis.filters.map { $0.chain.layers[layer].taps }
      let largest = taps[0].indices.map { tap in taps.reduce(0) { max($0, abs($1[tap].weight)) } }
      let extent = Double(max(unions[layer].width, unions[layer].height))
      let place = sum * extent
      var (m, e, most) = (magnitude, error, magnitude)
      var counts = [Int](repeating: 0, count: m.values.count)
      for index in m.values.indices { (m.values[index], e.values[index], most.values[index]) = (0, 0, 0) }
      for index in magnitude.values.indices where magnitude.values[index] != 0 {
        let (x, y) = (index % magnitude.width - reach, index / magnitude.width - reach)
        let own = basis.interpolatedLayer(layer, filters[index])
        for (number, tap) in own.taps.enumerated() {
          let (px, py) = (Double(x) + tap.x, Double(y) + tap.y)
          let (column, row) = (Int(px.rounded(.down)), Int(py.rounded(.down)))
          for ny in row - 1...row + 2 {
            for nx in column - 1...column + 2 {
              let (dx, dy) = (abs(px - Double(nx)), abs(py - Double(ny)))
              guard dx < 1 + place, dy < 1 + place, let to = m.index(nx, ny) else { continue }
              let share = max(0, 1 - dx) * max(0, 1 - dy)
              let exact = abs(tap.weight) * share * magnitude.values[index]
              let above =
                (abs(tap.weight) + sum * largest[number]) * (share + 4 * place)
                * (magnitude.values[index] + error.values[index])
              m.values[to] += exact
              e.values[to] += above - exact
              most.values[to] += above
              counts[to] += 1
            }
          }
        }
      }
      for index in e.values.indices {
        // The error of what came in is on top of a sum that is exact for it.
        e.values[index] += gamma(20 + 2 * corners + counts[index], roundoff: floatRoundoff) * most.values[index]
      }
      // Errors spread as light does.
      (magnitude, error) = (m, e)
    }
    return Plane(width: width, height: height) { x, y in error.index(x, y).map { error.values[$0] } ?? 0 }
  }

  @Test("every map, border and instruction set", arguments: OffsetsRunTests.MapKind.allCases, everyBorder)
  func accuracy(kind: OffsetsRunTests.MapKind, border: BorderRule) throws {
    for (index, (basis, name)) in OffsetsRunTests.samples().enumerated() {
      let isNormalized = border == .normalized
      let basis = isNormalized ? basis.ofOneSum(1.5) : basis
      for (width, height) in index == 0 ? [(53, 21), (1, 1), (2, 19)] : [(37, 9)] {
        let seed = UInt64(510 + index)
        var random = SeededGenerator(seed: seed)
        let plane: Plane<Float> = random.plane(width: width, height: height)
        let ones = Plane<Float>(width: width, height: height, repeating: 1)
        let map = OffsetsRunTests.map(kind, shape: basis.shape, width: width, height: height, seed: seed)
        let reference = try ReferenceVarying(
          basis, coordinates: map.map { $0.map { Double($0) } }, direction: .scatter, border: border)
        let expected = try reference.apply(to: plane.map { Double($0) })
        var bound = Self.bound(basis, plane, map, border)
        if isNormalized {
          bound = reference.boundOfQuotient(expected, bound, Self.bound(basis, ones, map, border), sum: 1.5)
        }
        for kernels in RowKernels.all {
          let actual = try OffsetsPlan(basis, width: width, kernels: kernels).apply(
            to: Image(sameSizePlanes: [plane]), coordinates: map, direction: .scatter,
            options: ApplyOptions(border: border))
          #expect(
            violation(actual.planes[0], expected, within: bound) == nil,
            "\(kernels.name), \(name), \(width)x\(height), seed \(seed)")
        }
        // A wrong operator would be off by about its results.
        let (all, off) = (expected.values.reduce(0) { $0 + abs($1) }, bound.values.reduce(0, +))
        if !isNormalized, width > 2 { #expect(off < 0.05 * all, "\(name), \(width)x\(height): \(off) of \(all)") }
      }
    }
  }

  @Test("<A x, y> = <x, A' y>", arguments: everyBorder, VaryingDirection.allCases)
  func adjoint(border: BorderRule, direction: VaryingDirection) throws {
    let samples = OffsetsRunTests.samples().prefix(4) + [(try SeriesSamples.basis(), "series")]
    for (index, (basis, name)) in samples.enumerated() {
      let basis = border == .normalized && basis.series == nil ? basis.ofOneSum(1.5) : basis
      for kind in OffsetsRunTests.MapKind.allCases {
        let (width, height, seed) = (53, 41, UInt64(520 + index))
        var random = SeededGenerator(seed: seed)
        let (x, y): (Plane<Float>, Plane<Float>) = (
          random.plane(width: width, height: height), random.plane(width: width, height: height)
        )
        let map = try SeriesSamples.map(kind, basis, width: width, height: height)
        let plan = try VaryingPlan(basis, width: width)
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
        // Both are sums of the same products, of a pixel of the image with its border, each at most 1, by a weight a layer: what
        // one pixel's weights come to is a collected pixel's bound. No more is added to a pixel than what all in reach give, and
        // what of the border comes back to it.
        let (side, taps) = (basis.bounds.reach + 2, basis.filters[0].chain.tapCount)
        let pixels = (width + 2 * side) * (height + 2 * side)
        let additions = (2 * side + 1) * (2 * side + 1) * taps
        let tolerance = 2 * Double(pixels) * OffsetsRunTests.bound(basis, most: 1, additions: additions)
        #expect(
          abs(left - right) <= (border == .normalized ? 256 : 1) * tolerance, "\(name), \(kind): \(left), \(right)")
        // Another operator would be off by as much as itself.
        #expect(abs(left) > 0, "\(name), \(kind)")
      }
    }
  }

  @Test("no bit depends on threads and tiles", arguments: OffsetsRunTests.MapKind.allCases)
  func tiles(kind: OffsetsRunTests.MapKind) throws {
    let basis = VaryingSamples.basis(.offsets, shape: [3, 2], reach: 4, layout: [7, 4], seed: 520)
    var random = SeededGenerator(seed: 521)
    let (width, height) = (131, 57)
    let planes: [Plane<Float>] = (0..<6).map { _ in random.plane(width: width, height: height) }
    let image = Image(sameSizePlanes: planes)
    let map = OffsetsRunTests.map(kind, shape: [3, 2], width: width, height: height, seed: 522)
    for kernels in RowKernels.all {
      let plan = try OffsetsPlan(basis, width: width, kernels: kernels)
      let whole = try plan.apply(to: image, coordinates: map, direction: .scatter, options: ApplyOptions(threads: 1))
      for (threads, bandHeight, tileWidth) in [(2, 7, 31), (3, 1, 131), (1, 57, 16), (2, 13, 50)] {
        var options = ApplyOptions(threads: threads)
        (options.bandHeight, options.tileWidth) = (bandHeight, tileWidth)
        let parts = try plan.apply(to: image, coordinates: map, direction: .scatter, options: options)
        #expect(parts == whole, "\(kernels.name), \(threads) threads, tiles of \(tileWidth)x\(bandHeight)")
      }
      for channel in [0, 5] {
        let alone = try plan.apply(
          to: Image(sameSizePlanes: [planes[channel]]), coordinates: map, direction: .scatter)
        #expect(alone.planes[0] == whole.planes[channel], "\(kernels.name), channel \(channel)")
      }
    }
  }

  @Test("some rows at a time give the bits of the whole", arguments: everyBorder)
  func rows(border: BorderRule) throws {
    let basis = VaryingSamples.basis(.offsets, shape: [3], reach: 3, layout: [5, 4, 3], seed: 560).ofOneSum(1.5)
    let layout = PixelLayout.interleaved(type: .uint16, transfer: .srgb, width: 61, channels: 3)
    for height in [1, 17, 90] {
      let map = OffsetsRunTests.map(.edgy, shape: [3], width: 61, height: height, seed: 562)
      let plan = try VaryingPlan(basis, width: 61).mapped(by: ParameterMap(map), direction: .scatter)
      let stored = try StoredImage(layout, height: height, seed: 5)
      let options = ApplyOptions(border: border, threads: 2)
      let whole = try stored.filtered(plan, options: options)
      let least = try PlanStreamingTests.leastMemory(plan, height: height, layout, options: options)
      for memory in [least, 2 * least, .max] {
        let (result, _, written) = try stored.streamed(plan, options: options, memoryLimit: memory)
        #expect(firstDifference(result.bytes, whole.bytes) == nil, "height \(height), \(memory) bytes")
        #expect(Array(written.joined()) == Array(0..<height))
      }
    }
  }

  @Test("light that spreads is all there; a constant stays one where all spread alike") func brightness() throws {
    var basis = VaryingSamples.basis(.offsets, shape: [3], reach: 4, layout: [9, 5], seed: 570).ofOneSum(1)
    let (width, height, side) = (90, 61, 2 * basis.bounds.reach + 2)
    var random = SeededGenerator(seed: 571)
    var points = Plane<Float>(width: width, height: height)
    var total = 0.0
    for y in side..<height - side {
      for x in side..<width - side where random.index(3) == 0 {
        points[x, y] = Float(random.unit())
        total += Double(points[x, y])
      }
    }
    let additions = (2 * side + 1) * (2 * side + 1) * basis.filters[0].chain.tapCount
    let bound = OffsetsRunTests.bound(basis, most: 1, additions: additions)
    let plan = try VaryingPlan(basis, width: width)
    for kind in OffsetsRunTests.MapKind.allCases {
      let map = try ParameterMap(
        OffsetsRunTests.map(kind, shape: [3], width: width, height: height, seed: 572))
      let result = try plan.apply(
        to: Image(sameSizePlanes: [points]), map: map, direction: .scatter,
        options: ApplyOptions(border: .constant(0)))
      let sum = result.planes[0].values.reduce(0) { $0 + Double($1) }
      #expect(abs(sum - total) <= bound * total, "\(kind): \(sum) of \(total)")
    }
    let image = Image(sameSizePlanes: [Plane<Float>(width: width, height: height, repeating: 0.7)])
    for border in [BorderRule.clamp, .mirror, .wrap, .constant(0.7)] {
      let result = try plan.apply(
        to: image, map: ParameterMap(width: width, height: height, constant: [1.3]), direction: .scatter,
        options: ApplyOptions(border: border))
      #expect(result.planes[0].values.allSatisfy { abs(Double($0) - Double(Float(0.7))) <= bound }, "\(border)")
    }
    // Under a normalized border for any map: it divides by what the filters make of the pixels that are there, where they are
    // positive throughout.
    for index in basis.filters.indices {
      for layer in basis.filters[index].chain.layers.indices {
        let taps = magnitudes(basis.filters[index]).chain.layers[layer].taps
        let sum = taps.reduce(0) { $0 + $1.weight }
        basis.filters[index].chain.layers[layer] = TapLayer(
          taps.map { Tap(x: $0.x, y: $0.y, weight: $0.weight / sum) })
      }
    }
    let map = try ParameterMap(OffsetsRunTests.map(.radial, shape: [3], width: width, height: height, seed: 573))
    let result = try VaryingPlan(basis, width: width).apply(
      to: image, map: map, direction: .scatter, options: ApplyOptions(border: .normalized))
    let mask = try VaryingPlan(basis, width: width).apply(
      to: Image(sameSizePlanes: [Plane(width: width, height: height, repeating: 1)]), map: map, direction: .scatter,
      options: ApplyOptions(border: .constant(0)))
    for (value, share) in zip(result.planes[0].values, mask.planes[0].values) where share > 1.0 / 128 {
      #expect(abs(Double(value) - Double(Float(0.7))) <= 256 * bound)
    }
  }

  @Test("a plan takes a map, and says what it cannot take") func plan() throws {
    let basis = VaryingSamples.basis(.offsets, shape: [5], reach: 3, layout: [6, 3], seed: 540)
    var random = SeededGenerator(seed: 541)
    let plane: Plane<Float> = random.plane(width: 61, height: 22)
    let image = Image(sameSizePlanes: [plane])
    // Whole sixteenths are in the table of coordinates as they are.
    var map = OffsetsRunTests.map(.edgy, shape: [5], width: 61, height: 22, seed: 542)[0].map {
      ($0 * 16).rounded() / 16
    }
    let plan = try VaryingPlan(basis, width: 61)
    let direct = try OffsetsPlan(basis, width: 61, kernels: RowKernels.chosen())
    #expect(
      try plan.apply(to: image, map: ParameterMap([map]), direction: .scatter)
        == direct.apply(to: image, coordinates: [map], direction: .scatter))
    let weights = try ParameterMap(basis.filters.map { _ in plane })
    for direction in VaryingDirection.allCases {
      #expect(throws: ApplyError.interpolatesTaps) {
        try plan.apply(to: image, weights: weights, direction: direction)
      }
      #expect(throws: ApplyError.adjointOfAlpha) {
        try plan.applyAdjoint(
          to: Image(planes: [plane, plane], alphaIndex: 1), map: ParameterMap([map]), direction: direction)
      }
      #expect(throws: ApplyError.sumsDiffer(basis.filters.map { $0.chain.sum * $0.gain })) {
        try plan.applyAdjoint(
          to: image, map: ParameterMap([map]), direction: direction, options: ApplyOptions(border: .normalized))
      }
    }
    var broken = plane
    broken[7, 5] = .infinity
    #expect(throws: ApplyError.nonFinitePixel(channel: 0, x: 7, y: 5, value: .infinity)) {
      try direct.apply(
        to: Image(sameSizePlanes: [broken]), coordinates: [plane.map { _ in 1 }], direction: .scatter)
    }
    map[60, 20] = .nan
    #expect(throws: ApplyError.badMap(axis: "axis 0", x: 60, y: 20, value: "nan")) {
      try plan.apply(to: image, map: ParameterMap([map]), direction: .scatter)
    }
  }

  @Test("coverage: what is transparent spreads nothing") func alpha() throws {
    let basis = VaryingSamples.basis(.offsets, shape: [3], reach: 2, layout: [5, 3], seed: 550).ofOneSum(1)
    var random = SeededGenerator(seed: 551)
    let color: Plane<Float> = random.plane(width: 40, height: 23, in: 0...1)
    let alpha = Plane<Float>(width: 40, height: 23) { x, _ in x < 20 ? 1 : 0 }
    let hidden = Plane<Float>(width: 40, height: 23) { x, y in x < 20 ? color[x, y] : 100 }
    let map = OffsetsRunTests.map(.radial, shape: [3], width: 40, height: 23, seed: 552)
    let plan = try OffsetsPlan(basis, width: 40, kernels: RowKernels.chosen())
    let results = try [color, hidden].map {
      try plan.apply(to: Image(planes: [$0, alpha], alphaIndex: 1), coordinates: map, direction: .scatter)
    }
    #expect(results[0] == results[1])
    // As spread light of color times alpha over spread alpha.
    let light = Plane<Float>(width: 40, height: 23) { x, y in color[x, y] * alpha[x, y] }
    let parts = try plan.apply(to: Image(sameSizePlanes: [light, alpha]), coordinates: map, direction: .scatter)
    let expected = Plane<Double>(width: 40, height: 23) { x, y in
      abs(parts.planes[1][x, y]) < 0x1p-17 ? 0 : Double(parts.planes[0][x, y] / parts.planes[1][x, y])
    }
    let bound = expected.map { gamma(4, roundoff: floatRoundoff) * abs($0) }
    #expect(violation(results[0].planes[0], expected, within: bound) == nil)
  }
}
