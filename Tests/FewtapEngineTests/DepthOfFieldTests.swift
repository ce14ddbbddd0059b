import FewtapCore
import FewtapEngine
import TestSupport
import Testing

/// Boxes by radius: every weight is known, and light goes exactly as far as the radius.
private func boxes() -> FilterBasis {
  let radii = [0, 1, 2, 4, 8]
  let filters = radii.map { radius in
    let weight = 1 / Double(2 * radius + 1)
    func line(_ tap: (Double) -> Tap) -> TapLayer { TapLayer((-radius...radius).map { tap(Double($0)) }) }
    return SparseFilter(
      chain: TapChain(
        model: .integer,
        layers: [line { Tap(x: $0, y: 0, weight: weight) }, line { Tap(x: 0, y: $0, weight: weight) }]))
  }
  return FilterBasis(
    interpolation: .outputs, axes: [KnotAxis(name: "radius", unit: "px", knots: radii.map { Double($0) })],
    filters: filters)
}

private func plane(_ width: Int, _ height: Int, _ value: (Int, Int) -> Float) -> Plane<Float> {
  var plane = Plane<Float>(width: width, height: height)
  for y in 0..<height { for x in 0..<width { plane[x, y] = value(x, y) } }
  return plane
}

/// Radii of a picture with much in it: a slanted plane through the focus, cards before and behind, noise.
private func roughRadii(_ width: Int, _ height: Int) -> Plane<Float> {
  var random = SeededGenerator(seed: 3)
  return plane(width, height) { x, y in
    if (10..<25).contains(x), (8..<30).contains(y) { return -6 }
    if (40..<60).contains(x), (5..<18).contains(y) { return 0 }
    if x > 70 { return Float(random.uniform(-8, 8)) }
    return 7 - 13 * Float(y) / Float(height)
  }
}

@Suite("Depth of field: what is near hides what is far")
struct DepthOfFieldTests {
  private let width = 90
  private let height = 50

  private func field() throws -> DepthOfField { try DepthOfField(boxes()) }

  @Test("a constant stays one, whatever the depths")
  func constant() throws {
    let image = Image(sameSizePlanes: [Plane(width: width, height: height, repeating: 0.7)])
    for splits in [false, true] {
      var field = try field()
      field.splitsEdges = splits
      let result = try field.apply(to: image, map: ParameterMap([roughRadii(width, height)]))
      // A layer's light and share are sums of at most 2 (2 8 + 1) products and blends of two knots, holes 8 levels of four; layers
      // add, and a division ends it.
      let bound = 0.7 * 2 * gamma(2 * 17 + 8 + 8 * 8 + 40, roundoff: floatRoundoff)
      for value in result.planes[0].values { #expect(abs(Double(value) - 0.7) <= bound) }
    }
  }

  @Test("a picture at one depth is the varying filter's, to the bit; in focus it is the picture itself")
  func oneDepth() throws {
    var random = SeededGenerator(seed: 1)
    let image = Image(sameSizePlanes: [
      random.plane(width: width, height: height), random.plane(width: width, height: height),
    ])
    for radius in [-3, -0.5, 0, 2.5, 8] as [Float] {
      let result = try field().apply(
        to: image, map: ParameterMap([Plane(width: width, height: height, repeating: radius)]))
      let sizes = try ParameterMap([Plane(width: width, height: height, repeating: abs(radius))])
      #expect(try result == VaryingPlan(boxes(), width: width).apply(to: image, map: sizes))
      if radius == 0 { #expect(result == image) }
    }
  }

  @Test("what is in focus stays as it is, farther from other depths than the largest radius")
  func focusStays() throws {
    var random = SeededGenerator(seed: 2)
    let image = Image(sameSizePlanes: [random.plane(width: width, height: height)])
    // Sharp in the middle, behind it on the left, before it on the right.
    let radii = plane(width, height) { x, _ in x < 20 ? 5 : x >= 70 ? -8 : 0 }
    let result = try field().apply(to: image, map: ParameterMap([radii]))
    for y in 0..<height {
      for x in 29..<61 { #expect(result.planes[0][x, y] == image.planes[0][x, y]) }
    }
  }

  @Test("a sharp card does not bleed into the blurred background; a filter by each pixel's blur does")
  func sharpBeforeBlurred() throws {
    let image = Image(sameSizePlanes: [plane(width, height) { x, _ in x < 45 ? 1 : 0.1 }])
    let radii = plane(width, height) { x, _ in x < 45 ? 0 : 8 }
    let result = try field().apply(to: image, map: ParameterMap([radii])).planes[0]
    let bound = 4 * gamma(200, roundoff: floatRoundoff)
    for y in 0..<height {
      for x in 0..<width { #expect(abs(Double(result[x, y]) - (x < 45 ? 1 : 0.1)) <= bound, "\(x) \(y)") }
    }
    var sizes = radii
    for index in sizes.values.indices { sizes.values[index] = abs(sizes.values[index]) }
    let plain = try VaryingPlan(boxes(), width: width).apply(to: image, map: ParameterMap([sizes])).planes[0]
    #expect(plain[46, 20] > 0.4)
  }

  @Test("a blurred card spreads over the sharp background, with a soft edge")
  func blurredBeforeSharp() throws {
    // On a background of 0 the result is the card's share.
    let image = Image(sameSizePlanes: [plane(width, height) { x, _ in x < 45 ? 1 : 0 }])
    let radii = plane(width, height) { x, _ in x < 45 ? -8 : 0 }
    let result = try field().apply(to: image, map: ParameterMap([radii])).planes[0]
    for y in 0..<height {
      // A box of 17 pixels: a seventeenth less with each pixel.
      for x in 0..<width {
        let share = min(max((45 + 8 - Double(x)) / 17, 0), 1)
        // What is nearly covered lets less through.
        let open = max(min(1 - share, 2 * (1 - share - Double(DepthOfField.leastOpen))), 0)
        let expected = share > 0 ? share / (share + open) : 0
        #expect(abs(Double(result[x, y]) - expected) <= 4 * gamma(200, roundoff: floatRoundoff), "\(x) \(y)")
      }
    }
  }

  @Test("a slanted plane has no seams between layers: it is blurred as if there were none")
  func slantedPlane() throws {
    // A ramp of light stays one under any symmetric filter; only where layers hand over could it bend.
    let (width, height) = (40, 400)
    let image = Image(sameSizePlanes: [plane(width, height) { _, y in Float(y) / 400 }])
    let radii = plane(width, height) { _, y in 8 - 16 * Float(y) / 400 }
    let result = try field().apply(to: image, map: ParameterMap([radii])).planes[0]
    for y in 20..<height - 20 {
      // The ramp is moved by how far a pixel's light comes from on average. Wider kernels on one side, for a radius that changes by
      // 1/25 a row: 2/3 8 8/25 rows; shares that change by 1/100 a row between knots 4 px apart: by the difference of their second
      // moments, 24 - 20/3, times that; and what a block of 8 rows fills into the next, by 8/100 at most, 8 rows away.
      let rows = 2.0 / 3 * 8 / 25 + (24 - 20.0 / 3) / 100 + 8 * 8.0 / 100
      #expect(abs(Double(result[20, y] - image.planes[0][20, y])) <= rows / 400, "\(y)")
    }
  }

  @Test(
    "nothing shines through a slanted card, also where it comes near to what it hides",
    arguments: [0.05, 0.1, 0.2, 0.4] as [Float])
  func slantedCard(slope: Float) throws {
    // Black before a white wall that is blurred by 8 px; through the focus, and as far as nearly the wall.
    let (width, height) = (400, 60)
    func radius(_ x: Int) -> Float { slope * Float(x - 200) }
    func isCard(_ x: Int, _ y: Int) -> Bool { (-8...7.5).contains(radius(x)) && (10..<50).contains(y) }
    let image = Image(sameSizePlanes: [plane(width, height) { isCard($0, $1) ? 0 : 1 }])
    let radii = plane(width, height) { isCard($0, $1) ? radius($0) : 8 }
    let result = try field().apply(to: image, map: ParameterMap([radii])).planes[0]
    // As far inside as the widest blur reaches.
    let inside = (0..<width).filter { isCard($0 - 16, 30) && isCard($0 + 16, 30) }
    #expect(inside.count > 4)
    for y in 20..<40 {
      for x in inside { #expect(result[x, y] <= 0x1p-8, "\(x) \(y)") }
    }
  }

  @Test("a highlight behind the focus keeps its energy")
  func highlight() throws {
    let image = Image(sameSizePlanes: [plane(width, height) { x, y in x == 60 && y == 25 ? 1000 : 0 }])
    let radii = plane(width, height) { x, _ in x < 30 ? 0 : 8 }
    let result = try field().apply(to: image, map: ParameterMap([radii])).planes[0]
    let sum = result.values.reduce(0.0) { $0 + Double($1) }
    #expect(abs(sum - 1000) <= 1000 * 4 * gamma(200, roundoff: floatRoundoff))
  }

  @Test("the bits do not depend on the threads")
  func threads() throws {
    var random = SeededGenerator(seed: 4)
    let image = Image(sameSizePlanes: (0..<3).map { _ in random.plane(width: width, height: height) })
    let map = try ParameterMap([roughRadii(width, height)])
    let results = try [1, 2, 3, 7].map { try field().apply(to: image, map: map, options: ApplyOptions(threads: $0)) }
    for result in results.dropFirst() { #expect(result == results[0]) }
  }

  @Test(
    "the bits do not depend on the tiles, so that there are no seams",
    arguments: [BorderRule.clamp, .mirror, .wrap, .normalized])
  func tiles(border: BorderRule) throws {
    var random = SeededGenerator(seed: 6)
    let image = Image(sameSizePlanes: (0..<2).map { _ in random.plane(width: width, height: height) })
    let map = try ParameterMap([roughRadii(width, height)])
    let whole = try field().apply(to: image, map: map, options: ApplyOptions(border: border))
    for tile in [(90, 7), (13, 50), (16, 24), (1, 9)] {
      var field = try field()
      field.tile = tile
      #expect(try field.apply(to: image, map: map, options: ApplyOptions(border: border)) == whole, "\(tile)")
    }
  }

  @Test("a wire in focus goes on behind a blurred leaf; without carrying lines on it breaks")
  func wireBehindLeaf() throws {
    // A dark wire in focus before a bright wall at the same depth, hidden by a card of 12 columns close to the camera.
    func isCard(_ x: Int) -> Bool { (39..<51).contains(x) }
    let image = Image(sameSizePlanes: [
      plane(width, height) { x, y in isCard(x) ? 0.5 : (24...25).contains(y) ? 0 : 1 }
    ])
    let radii = plane(width, height) { x, _ in isCard(x) ? -8 : 0 }
    let result = try field().apply(to: image, map: ParameterMap([radii])).planes[0]
    var plain = try field()
    plain.carriesLines = false
    let broken = try plain.apply(to: image, map: ParameterMap([radii])).planes[0]
    for x in 36..<54 {
      // The card covers 12 of 17 columns at most: 5 of 17 of the wall and of the wire show behind it.
      #expect(result[x, 10] - result[x, 24] >= 0.9 * 5 / 17, "\(x)")
    }
    #expect(broken[45, 10] - broken[45, 24] < 0.5 * 5 / 17)
  }

  @Test("taps that are interpolated, and filters of a second parameter, make layers as well")
  func otherBases() throws {
    let ring = (0..<8).map {
      (x: Double([6, 4, 0, -4, -6, -4, 0, 4][$0]), y: Double([0, 4, 6, 4, 0, -4, -6, -4][$0]))
    }
    let taps = FilterBasis(
      interpolation: .offsets, axes: [KnotAxis(name: "radius", unit: "px", knots: [0, 8])],
      filters: [0, 1].map { size in
        SparseFilter(
          chain: TapChain(
            model: .bilinear, layers: [TapLayer(ring.map { Tap(x: size * $0.x, y: size * $0.y, weight: 1 / 8) })]))
      })
    // Lines along rows, which turn to columns as the second parameter goes from 0 to 1.
    func line(_ radius: Int, isUpright: Bool) -> SparseFilter {
      let steps = (-radius...radius).map { Double($0) }
      return SparseFilter(
        chain: TapChain(
          model: .integer,
          layers: [
            TapLayer(
              steps.map { Tap(x: isUpright ? 0 : $0, y: isUpright ? $0 : 0, weight: 1 / Double(steps.count)) })
          ]))
    }
    let lines = FilterBasis(
      interpolation: .outputs,
      axes: [
        KnotAxis(name: "radius", unit: "px", knots: [0, 3, 8]), KnotAxis(name: "turn", unit: "", knots: [0, 1]),
      ],
      filters: [0, 3, 8].flatMap { radius in [false, true].map { line(radius, isUpright: $0) } })
    var random = SeededGenerator(seed: 7)
    let image = Image(sameSizePlanes: (0..<2).map { _ in random.plane(width: width, height: height) })
    // In focus on the left, blurred behind it on the right: the radius is that of a layer of either basis.
    for (basis, radius) in [(taps, 1.5), (lines, 3)] as [(FilterBasis, Float)] {
      let turns = plane(width, height) { x, y in Float(x + y) / Float(width + height) }
      func map(_ radii: Plane<Float>) throws -> ParameterMap {
        try ParameterMap(basis.axes.count == 1 ? [radii] : [radii, turns])
      }
      let field = try DepthOfField(basis)
      let radii = plane(width, height) { x, _ in x < 40 ? 0 : radius }
      let result = try field.apply(to: image, map: map(radii))
      let blurred = try VaryingPlan(basis, width: width).apply(
        to: image, map: map(Plane(width: width, height: height, repeating: radius)))
      for (channel, plane) in result.planes.enumerated() {
        for y in 0..<height {
          for x in 0..<32 { #expect(plane[x, y] == image.planes[channel][x, y]) }
          for x in 50..<width {
            let difference = abs(Double(plane[x, y]) - Double(blurred.planes[channel][x, y]))
            #expect(difference <= 2 * gamma(60, roundoff: floatRoundoff), "\(basis.axes.count) \(x) \(y)")
          }
        }
      }
      // One thread, other tiles: the same bits.
      var tiled = field
      tiled.tile = (24, 16)
      let rough = try map(roughRadii(width, height))
      #expect(
        try tiled.apply(to: image, map: rough, options: ApplyOptions(threads: 1)) == field.apply(to: image, map: rough))
    }
  }

  @Test("transparent pixels stay so, and hide nothing")
  func alpha() throws {
    var random = SeededGenerator(seed: 5)
    let light: Plane<Float> = random.plane(width: width, height: height)
    let image = try Image(
      planes: [light, Plane(width: width, height: height, repeating: 0.5)], alphaIndex: 1)
    let result = try field().apply(to: image, map: ParameterMap([roughRadii(width, height)]))
    #expect(result.alphaIndex == 1)
    for value in result.planes[1].values {
      #expect(abs(Double(value) - 0.5) <= 2 * gamma(200, roundoff: floatRoundoff))
    }
  }

  @Test("refusals name what is wrong")
  func refusals() throws {
    let image = Image(sameSizePlanes: [Plane(width: 8, height: 6, repeating: 0.5)])
    let map = try ParameterMap([Plane(width: 8, height: 6, repeating: 1)])
    let field = try field()
    #expect(throws: ApplyError.borderWithoutDepth) {
      try field.apply(to: image, map: map, options: ApplyOptions(border: .constant(0)))
    }
    #expect(throws: ApplyError.mapSize(map: [7, 6], image: [8, 6])) {
      try field.apply(to: image, map: ParameterMap([Plane(width: 7, height: 6)]))
    }
    #expect(throws: ApplyError.mapAxes(found: 2, names: ["radius"])) {
      try field.apply(to: image, map: ParameterMap([Plane(width: 8, height: 6), Plane(width: 8, height: 6)]))
    }
    var bad = Plane<Float>(width: 8, height: 6)
    bad[3, 2] = .nan
    #expect(throws: ApplyError.badMap(axis: "radius", x: 3, y: 2, value: "nan")) {
      try field.apply(to: image, map: ParameterMap([bad]))
    }
    #expect(throws: ApplyError.nonFinitePixel(channel: 0, x: 3, y: 2, value: .infinity)) {
      var plane = Plane<Float>(width: 8, height: 6)
      plane[3, 2] = .infinity
      _ = try field.apply(to: Image(sameSizePlanes: [plane]), map: map)
    }
    let cancellation = Cancellation()
    cancellation.cancel()
    #expect(throws: ApplyError.cancelled) {
      try field.apply(
        to: image, map: ParameterMap([plane(8, 6) { x, _ in x < 4 ? -4 : 4 }]),
        options: ApplyOptions(cancellation: cancellation))
    }
  }
}
