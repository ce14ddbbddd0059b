import FewtapCore
import FewtapEngine
import TestSupport
import Testing

@Suite("Laws of varying filters, across tiles, blocks, rates and chunks of rows")
struct VaryingLawTests {
  /// Symmetric filters of sum 1 at three rates: they keep constants and straight lines.
  private static func symmetric() -> FilterBasis {
    func box(_ half: Int, _ rate: Resampling?) -> SparseFilter {
      let side = -half...half
      let weight = 1 / Double(side.count * side.count)
      let taps = side.flatMap { y in side.map { Tap(x: Double($0), y: Double(y), weight: weight) } }
      return SparseFilter(chain: TapChain(model: .integer, layers: [TapLayer(taps)]), rate: rate)
    }
    let rate = { Resampling(factor: $0, prefilter: .linear, interpolator: .linear) }
    return FilterBasis(
      interpolation: .outputs, axes: [KnotAxis(name: "radius", unit: "px", knots: [0, 1, 2, 3, 4])],
      filters: [box(0, nil), box(2, nil), box(2, rate(2)), box(3, rate(2)), box(2, rate(4))])
  }

  private static func noise(width: Int, height: Int) -> Plane<Float> {
    var random = SeededGenerator(seed: 17)
    return random.plane(width: width, height: height, in: 0...4)
  }

  /// Roundings that a sum of nonnegative products around 1 may pass through.
  private static let tolerance = 4 * gamma(500, roundoff: floatRoundoff)

  @Test("a constant keeps its brightness under every map and border", arguments: VaryingDirection.allCases)
  func constant(direction: VaryingDirection) throws {
    let (basis, width, height) = (Self.symmetric(), 301, 140)
    let plan = try VaryingPlan(basis, width: width)
    let image = Image(sameSizePlanes: [Plane<Float>(width: width, height: height, repeating: 0.7)])
    let smooth = Plane<Float>(width: width, height: height, repeating: 2.3)
    // Light that spreads by filters of its own is not constant; by one filter it is.
    for map in direction == .gather ? [Self.noise(width: width, height: height), smooth] : [smooth] {
      for border in [BorderRule.clamp, .mirror, .wrap, .constant(0.7), .normalized] {
        let result = try plan.apply(
          to: image, map: ParameterMap([map]), direction: direction, options: ApplyOptions(border: border))
        #expect(result.planes[0].values.allSatisfy { abs(Double($0) - Double(Float(0.7))) <= Self.tolerance })
      }
    }
  }

  @Test("a gray ramp shows no seam of tiles, blocks or rates under a map of noise")
  func ramp() throws {
    let (basis, width, height) = (Self.symmetric(), 520, 260)
    var ramp = Plane<Float>(width: width, height: height)
    for y in 0..<height { for x in 0..<width { ramp[x, y] = Float(x + 2 * y) / 1024 } }
    let result = try VaryingPlan(basis, width: width).apply(
      to: Image(sameSizePlanes: [ramp]), map: ParameterMap([Self.noise(width: width, height: height)]))
    let reach = basis.bounds.reach
    for y in reach..<height - reach {
      for x in reach..<width - reach {
        #expect(abs(Double(result.planes[0][x, y]) - Double(ramp[x, y])) <= Self.tolerance, "\(x), \(y)")
      }
    }
  }

  @Test("light that spreads is all there", arguments: [1, 3])
  func flux(threads: Int) throws {
    let (basis, width, height) = (Self.symmetric(), 200, 160)
    var points = Plane<Float>(width: width, height: height)
    var random = SeededGenerator(seed: 18)
    var total = 0.0
    for y in stride(from: 40, to: 120, by: 7) {
      for x in stride(from: 40, to: 160, by: 5) {
        points[x, y] = Float(random.unit())
        total += Double(points[x, y])
      }
    }
    let map = try ParameterMap([Self.noise(width: width, height: height)])
    let result = try VaryingPlan(basis, width: width).apply(
      to: Image(sameSizePlanes: [points]), map: map, direction: .scatter, options: ApplyOptions(threads: threads))
    let sum = result.planes[0].values.reduce(0) { $0 + Double($1) }
    #expect(abs(sum - total) <= Self.tolerance * total)
  }

  @Test("a few rows at a time: the bits of the whole", arguments: everyBorder, VaryingDirection.allCases)
  func streaming(border: BorderRule, direction: VaryingDirection) throws {
    let basis = Self.symmetric()
    let layout = PixelLayout.interleaved(type: .uint16, transfer: .srgb, width: 61, channels: 3)
    for height in [1, 17, 90] {
      let map = try ParameterMap([Self.noise(width: 61, height: height)])
      let plan = try VaryingPlan(basis, width: 61).mapped(by: map, direction: direction)
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

  @Test("alpha: colors do not bleed from where nothing covers")
  func alpha() throws {
    let (width, height) = (120, 60)
    var random = SeededGenerator(seed: 21)
    let color: Plane<Float> = random.plane(width: width, height: height, in: 0...1)
    var coverage = Plane<Float>(width: width, height: height)
    for y in 0..<height { for x in 0..<width / 2 { coverage[x, y] = 1 } }
    var hidden = color
    for y in 0..<height { for x in width / 2..<width { hidden[x, y] = 100 } }
    let map = try ParameterMap([Self.noise(width: width, height: height)])
    let plan = try VaryingPlan(Self.symmetric(), width: width)
    let (a, b) = (
      try plan.apply(to: Image(planes: [color, coverage], alphaIndex: 1), map: map),
      try plan.apply(to: Image(planes: [hidden, coverage], alphaIndex: 1), map: map)
    )
    #expect(firstDifference(a, b) == nil)
    #expect(a.planes[1].values.allSatisfy { (-0x1p-20...1 + 0x1p-20).contains($0) })
  }
}
