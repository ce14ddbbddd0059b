import FewtapCore
import FewtapEngine
import TestSupport
import Testing

@Suite("Interpolated taps are within rounding of the reference")
struct OffsetsRunTests {
  /// Knot coordinates as maps have them.
  enum MapKind: CaseIterable {
    /// One row, one filter; neighbors alike.
    case ramp
    /// Growing from the middle, so that taps cross pixels within a block.
    case radial
    /// Steps between smooth parts.
    case edgy
    /// No pixel like its neighbor.
    case noise
    /// Whole parts in focus.
    case focus
  }

  static func map(_ kind: MapKind, shape: [Int], width: Int, height: Int, seed: UInt64) -> [Plane<Float>] {
    var random = SeededGenerator(seed: seed)
    return shape.enumerated().map { axis, count in
      let last = Double(count - 1)
      return Plane(width: width, height: height) { x, y in
        let (u, v) = (Double(x) / Double(width), Double(y) / Double(height))
        let value =
          switch kind {
          case .ramp: last * (axis == 0 ? v : u)
          case .radial: last * ((u - 0.5) * (u - 0.5) + (v - 0.5) * (v - 0.5)).squareRoot() * 1.4
          case .edgy: last * (Double((x / 7 + y / 5 + axis) % 4) / 4 + 0.2 * u)
          case .noise: random.uniform(0, last)
          case .focus: x % 40 < 23 ? 0 : last * (random.index(4) == 0 ? 1 : v)
          }
        return Float(min(max(value, 0), last))
      }
    }
  }

  /// Layers' growth of rounding, a pixel of values up to `most`: what ``OffsetsRun`` rounds of weights, sums and places.
  ///
  /// A tap's place is a sum of 2^N products in Float, of numbers up to the layer's extent e in pixels: it is off by
  /// `gamma_{2^N + N + 2} 2^N e` at most, and so reads a value off by that times the steps to both neighbors, 2 `most` each.
  /// Its four products and weight are rounded some twenty times, its sum once a tap.
  /// Where more than a layer's taps are added up, as where pixels spread, `additions` says how many more.
  static func bound(_ basis: FilterBasis, most: Double, additions: Int = 0) -> Double {
    let corners = Double(1 << basis.axes.count)
    var (value, error) = (most, 0.0)
    for layer in basis.filters[0].chain.layers.indices {
      let layers = basis.filters.map { $0.chain.layers[layer] }
      let bounds = layers.dropFirst().reduce(layers[0].bounds) { $0.union($1.bounds) }
      let extent = Double(max(bounds.width, bounds.height))
      // Products of terms may be larger than what they sum to.
      let weight = corners * (layers.map(\.absoluteSum).max() ?? 0)
      let place = gamma(Int(corners) + basis.axes.count + 2, roundoff: floatRoundoff) * corners * extent
      let sum = gamma(layers[0].taps.count + 20 + 2 * Int(corners) + additions, roundoff: floatRoundoff)
      error = weight * (error + value * (2 * 2 * place + sum))
      value *= layers.map(\.absoluteSum).max() ?? 0
    }
    let gain = corners * (basis.filters.map { abs($0.gain) }.max() ?? 0)
    return gain * (error + value * gamma(2 * Int(corners) + 4, roundoff: floatRoundoff))
  }

  static func samples() -> [(FilterBasis, String)] {
    var result: [(FilterBasis, String)] = []
    for (shape, layout, reach) in [
      ([4], [9, 5], 4.0), ([2], [1], 0.5), ([3, 3], [6, 3, 2], 3), ([2, 2, 2], [5], 2), ([2, 2, 2, 2], [4, 2], 2),
      ([3], [140, 2], 6),
    ] {
      result.append(
        (VaryingSamples.basis(.offsets, shape: shape, reach: reach, layout: layout, seed: 400), "\(shape) \(layout)"))
    }
    // All to one side, so that layers read nothing of what lies around them.
    var shifted = VaryingSamples.basis(.offsets, shape: [3], reach: 2, layout: [4, 3], seed: 401)
    for index in shifted.filters.indices {
      for layer in 0..<2 {
        for tap in shifted.filters[index].chain.layers[layer].taps.indices {
          shifted.filters[index].chain.layers[layer].taps[tap].x += layer == 0 ? 30 : -45
          shifted.filters[index].chain.layers[layer].taps[tap].y -= layer == 0 ? 40 : 2
        }
      }
    }
    result.append((shifted, "shifted"))
    return result
  }

  @Test("every map, border and instruction set", arguments: MapKind.allCases, everyBorder)
  func accuracy(kind: MapKind, border: BorderRule) throws {
    for (index, (basis, name)) in Self.samples().enumerated() {
      let basis = border == .normalized ? basis.ofOneSum(1.5) : basis
      for (width, height) in index == 0 ? [(53, 21), (1, 1), (2, 19)] : [(37, 9)] {
        let seed = UInt64(410 + index)
        var random = SeededGenerator(seed: seed)
        let plane: Plane<Float> = random.plane(width: width, height: height)
        let map = Self.map(kind, shape: basis.shape, width: width, height: height, seed: seed)
        let reference = try ReferenceVarying(basis, coordinates: map.map { $0.map { Double($0) } }, border: border)
        let expected = try reference.apply(to: plane.map { Double($0) })
        // Values are at most 1, or the constant, 2.
        var bound = Plane(width: width, height: height, repeating: Self.bound(basis, most: 2))
        if border == .normalized { bound = reference.boundOfQuotient(expected, bound, bound, sum: 1.5) }
        for kernels in RowKernels.all {
          let actual = try OffsetsPlan(basis, width: width, kernels: kernels)
            .apply(to: Image(sameSizePlanes: [plane]), coordinates: map, options: ApplyOptions(border: border))
          #expect(
            violation(actual.planes[0], expected, within: bound) == nil,
            "\(kernels.name), \(name), \(width)x\(height), seed \(seed)")
        }
      }
    }
  }

  @Test("no bit depends on threads and tiles", arguments: MapKind.allCases)
  func tiles(kind: MapKind) throws {
    let basis = VaryingSamples.basis(.offsets, shape: [3, 2], reach: 4, layout: [7, 4], seed: 420)
    var random = SeededGenerator(seed: 421)
    let (width, height) = (131, 57)
    let planes: [Plane<Float>] = (0..<6).map { _ in random.plane(width: width, height: height) }
    let image = Image(sameSizePlanes: planes)
    let map = Self.map(kind, shape: [3, 2], width: width, height: height, seed: 422)
    for kernels in RowKernels.all {
      let plan = try OffsetsPlan(basis, width: width, kernels: kernels)
      let whole = try plan.apply(to: image, coordinates: map, options: ApplyOptions(threads: 1))
      for (threads, bandHeight, tileWidth) in [(2, 7, 31), (3, 1, 131), (1, 57, 16), (2, 13, 50)] {
        var options = ApplyOptions(threads: threads)
        (options.bandHeight, options.tileWidth) = (bandHeight, tileWidth)
        let parts = try plan.apply(to: image, coordinates: map, options: options)
        #expect(parts == whole, "\(kernels.name), \(threads) threads, tiles of \(tileWidth)x\(bandHeight)")
      }
      // A channel comes out as it does alone.
      for channel in [0, 5] {
        let alone = try plan.apply(to: Image(sameSizePlanes: [planes[channel]]), coordinates: map)
        #expect(alone.planes[0] == whole.planes[channel], "\(kernels.name), channel \(channel)")
      }
    }
  }

  @Test("some rows at a time give the bits of the whole", arguments: everyBorder)
  func rows(border: BorderRule) throws {
    let basis = VaryingSamples.basis(.offsets, shape: [3], reach: 3, layout: [5, 4, 3], seed: 460).ofOneSum(1.5)
    let width = 21
    let layout = PixelLayout.interleaved(type: .float, transfer: .linear, width: width, channels: 2)
    let options = ApplyOptions(border: border, threads: 1)
    for height in [1, 6, 30, 61] {
      var random = SeededGenerator(seed: 461)
      let input = (0..<2 * width * height).map { _ in Float(random.uniform(0, 1)) }
      let map = Self.map(.edgy, shape: [3], width: width, height: height, seed: 462)
      let plan = try VaryingPlan(basis, width: width).mapped(by: ParameterMap(map))
      var whole = [Float](repeating: 0, count: input.count)
      try input.withUnsafeBytes { input in
        try whole.withUnsafeMutableBytes { output in
          _ = try plan.apply(from: input, layout, to: output, layout, height: height, options: options)
        }
      }
      let error = try #require(throws: ApplyError.self) {
        try plan.schedule(height: height, layout, layout, options: options, memoryLimit: 0)
      }
      guard case .memory(let least, limit: 0) = error else { throw error }
      for memory in [least, least + 2000, least + 8000] {
        var result = [Float](repeating: 0, count: input.count)
        try plan.apply(
          height: height, layout, layout, options: options, memoryLimit: memory,
          reading: { rows, buffer in
            input.withUnsafeBytes {
              buffer.copyMemory(
                from: UnsafeRawBufferPointer(rebasing: $0[rows.lowerBound * 8 * width..<rows.upperBound * 8 * width]))
            }
          },
          writing: { rows, buffer in
            result.withUnsafeMutableBytes {
              UnsafeMutableRawBufferPointer(rebasing: $0[(rows.lowerBound * 8 * width)...]).copyMemory(from: buffer)
            }
          })
        #expect(result == whole, "height \(height), \(memory) bytes")
      }
    }
  }

  @Test("a pixel in focus stays as it is, to the bit") func inFocus() throws {
    var basis = VaryingSamples.basis(.offsets, shape: [3], layout: [9, 4], seed: 430)
    let weights = [[0.5, 0.25, 0.25, 0.25, -0.25, 0, 0, 0, 0], [0.25, 0.25, 0.25, 0.25]]
    basis.filters[0] = SparseFilter(
      chain: TapChain(
        model: .bilinear, layers: weights.map { TapLayer($0.map { Tap(x: 0, y: 0, weight: $0) }) }))
    var random = SeededGenerator(seed: 431)
    let plane: Plane<Float> = random.plane(width: 90, height: 33)
    let map = Self.map(.focus, shape: [3], width: 90, height: 33, seed: 432)
    for kernels in RowKernels.all {
      let result = try OffsetsPlan(basis, width: 90, kernels: kernels)
        .apply(to: Image(sameSizePlanes: [plane]), coordinates: map).planes[0]
      for y in 0..<33 {
        for x in 0..<90 where map[0][x, y] == 0 {
          #expect(result[x, y].bitPattern == plane[x, y].bitPattern, "\(kernels.name) at (\(x), \(y))")
        }
      }
      #expect(result != plane)
    }
  }

  @Test("a plan takes a map, and says what it cannot take") func plan() throws {
    let basis = VaryingSamples.basis(.offsets, shape: [5], reach: 3, layout: [6, 3], seed: 440)
    var random = SeededGenerator(seed: 441)
    let plane: Plane<Float> = random.plane(width: 61, height: 22)
    let image = Image(sameSizePlanes: [plane])
    // Whole sixteenths are in the table of coordinates as they are.
    var map = Self.map(.edgy, shape: [5], width: 61, height: 22, seed: 442)[0].map { ($0 * 16).rounded() / 16 }
    let plan = try VaryingPlan(basis, width: 61)
    let direct = try OffsetsPlan(basis, width: 61, kernels: RowKernels.chosen())
    #expect(try plan.apply(to: image, map: ParameterMap([map])) == direct.apply(to: image, coordinates: [map]))
    // Beyond the knots the last one stands.
    map[3, 4] = 17
    let clamped = try plan.apply(to: image, map: ParameterMap([map]))
    map[3, 4] = 4
    #expect(try clamped == plan.apply(to: image, map: ParameterMap([map])))
    map[60, 20] = .nan
    #expect(throws: ApplyError.badMap(axis: "axis 0", x: 60, y: 20, value: "nan")) {
      try plan.apply(to: image, map: ParameterMap([map]))
    }
    #expect(throws: ApplyError.sumsDiffer(basis.filters.map { $0.chain.sum * $0.gain })) {
      try direct.apply(to: image, coordinates: [map], options: ApplyOptions(border: .normalized))
    }
    var broken = plane
    broken[7, 5] = .infinity
    #expect(throws: ApplyError.nonFinitePixel(channel: 0, x: 7, y: 5, value: .infinity)) {
      try direct.apply(to: Image(sameSizePlanes: [broken]), coordinates: [plane.map { _ in 1 }])
    }
    let cancellation = Cancellation()
    cancellation.cancel()
    #expect(throws: ApplyError.cancelled) {
      try direct.apply(
        to: image, coordinates: [plane.map { _ in 1 }], options: ApplyOptions(cancellation: cancellation))
    }
  }

  @Test("coverage keeps what is transparent from bleeding out") func alpha() throws {
    var basis = VaryingSamples.basis(.offsets, shape: [3], reach: 2, layout: [5, 3], seed: 450)
    for index in basis.filters.indices { basis.filters[index].gain = 1 }
    var random = SeededGenerator(seed: 451)
    let color: Plane<Float> = random.plane(width: 40, height: 23, in: 0...1)
    let alpha: Plane<Float> = random.plane(width: 40, height: 23, in: 0.5...1)
    let map = Self.map(.radial, shape: [3], width: 40, height: 23, seed: 452)
    let plan = try OffsetsPlan(basis, width: 40, kernels: RowKernels.chosen())
    let result = try plan.apply(to: Image(planes: [color, alpha], alphaIndex: 1), coordinates: map)
    // As filtered light of color times alpha over filtered alpha.
    let light = Plane<Float>(width: 40, height: 23) { x, y in color[x, y] * alpha[x, y] }
    let parts = try plan.apply(to: Image(sameSizePlanes: [light, alpha]), coordinates: map)
    let expected = Plane<Double>(width: 40, height: 23) { x, y in
      abs(parts.planes[1][x, y]) < 0x1p-17 ? 0 : Double(parts.planes[0][x, y] / parts.planes[1][x, y])
    }
    let bound = expected.map { gamma(4, roundoff: floatRoundoff) * abs($0) }
    #expect(violation(result.planes[0], expected, within: bound) == nil)
    #expect(
      violation(result.planes[1], parts.planes[1].map { Double($0) }, within: gamma(2, roundoff: floatRoundoff) * 8)
        == nil)
  }
}
