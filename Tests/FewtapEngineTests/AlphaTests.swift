import FewtapCore
import FewtapEngine
import TestSupport
import Testing

@Suite("Alpha")
struct AlphaTests {
  static let box = SparseFilter(
    chain: TapChain(
      model: .integer,
      layers: [TapLayer((-2...2).flatMap { y in (-2...2).map { Tap(x: Double($0), y: Double(y), weight: 0.04) } })]))

  /// An opaque red square on transparent green.
  static func redOnHiddenGreen() throws -> Image {
    func plane(inside: Float, outside: Float) -> Plane<Float> {
      Plane(width: 20, height: 16) { x, y in (6..<14).contains(x) && (5..<11).contains(y) ? inside : outside }
    }
    return try Image(
      planes: [plane(inside: 0.8, outside: 0), plane(inside: 0, outside: 1), plane(inside: 1, outside: 0)],
      alphaIndex: 2)
  }

  @Test(
    "no green leaks out of transparent pixels",
    arguments: everyBorder.filter { $0 != .constant(0.75) && $0 != .constant(-2) })
  func fringe(border: BorderRule) throws {
    let result = try ApplyPlan(Self.box, width: 20).apply(
      to: Self.redOnHiddenGreen(), options: ApplyOptions(border: border))
    #expect(result.planes[1].values.allSatisfy { $0 == 0 })
    // Red is the mean of red pixels alone: 0.8 wherever anything shows. Both sums run over the same positive products, so
    // the quotient is within twice their rounding.
    let bound = 0.8 * gamma(2 * Self.box.roundings + 4, roundoff: floatRoundoff)
    for (red, alpha) in zip(result.planes[0].values, result.planes[2].values) {
      #expect(alpha == 0 ? red == 0 : abs(Double(red) - 0.8) <= bound)
    }
    #expect(result.planes[2].values.contains { $0 > 0 && $0 < 0.99 })
  }

  @Test(
    "an opaque image stays opaque whatever the gain, and its colors are filtered as without alpha", arguments: [1, 4.5])
  func opaque(gain: Double) throws {
    var filter = Self.box
    filter.gain = gain
    var random = SeededGenerator(seed: 41)
    let color: Plane<Float> = random.plane(width: 18, height: 40, in: 0...1)
    let image = try Image(planes: [Plane(width: 18, height: 40, repeating: 1), color], alphaIndex: 0)
    let plan = try ApplyPlan(filter, width: 18)
    let result = try plan.apply(to: image)
    let growth = gamma(2 * filter.roundings + 4, roundoff: floatRoundoff)
    #expect(
      violation(result.planes[0], Plane<Float>(width: 18, height: 40, repeating: 1), within: growth) == nil)
    #expect(violation(result.planes[1], try plan.apply(toPlane: color), within: growth * gain) == nil)
    #expect(result.alphaIndex == 0)
  }

  @Test("a filter whose weights cancel leaves alpha alone")
  func zeroSum() throws {
    let edge = SparseFilter(
      chain: TapChain(model: .integer, layers: [TapLayer([Tap(x: 0, y: 0, weight: 1), Tap(x: 1, y: 0, weight: -1)])]))
    let image = try Self.redOnHiddenGreen()
    let result = try ApplyPlan(edge, width: image.width).apply(to: image)
    #expect(result.planes[2] == image.planes[2])
    #expect(result.planes[0][6, 7] == 0.8 && result.planes[0][7, 7] == 0)
  }

  @Test("a constant border is that color under that alpha")
  func constantBorder() throws {
    let far = SparseFilter(chain: TapChain(model: .integer, layers: [TapLayer([Tap(x: 9, y: 0, weight: 1)])]))
    let image = try Image(
      planes: [Plane(width: 3, height: 1, repeating: 0.5), Plane(width: 3, height: 1, repeating: 1)], alphaIndex: 1)
    let result = try ApplyPlan(far, width: image.width).apply(to: image, options: ApplyOptions(border: .constant(0.25)))
    #expect(result.planes.map(\.values) == [[0.25, 0.25, 0.25], [0.25, 0.25, 0.25]])
  }

  @Test("coverage below half a 16-bit step has no color")
  func leastCoverage() throws {
    let same = SparseFilter(chain: TapChain(model: .integer, layers: [TapLayer([Tap(x: 0, y: 0, weight: 1)])]))
    let alpha = try Plane<Float>(width: 3, height: 1, values: [0x1p-18, 0x1p-17, 1])
    let image = try Image(planes: [Plane(width: 3, height: 1, repeating: 0.5), alpha], alphaIndex: 1)
    let result = try ApplyPlan(same, width: image.width).apply(to: image)
    #expect(result.planes[0].values == [0, 0.5, 0.5])
    #expect(result.planes[1] == alpha)
  }

  @Test(
    "the dense truth follows the same rule", arguments: [false, true],
    everyBorder.filter { $0 != .constant(-2) })
  func dense(isAssociated: Bool, border: BorderRule) throws {
    let kernel = try Kernel(name: "box", values: Plane(width: 5, height: 5, repeating: 0.04))
    var random = SeededGenerator(seed: 43)
    let colors: [Plane<Float>] = [random.plane(width: 20, height: 16, in: 0...1), random.plane(width: 20, height: 16)]
    // No coverage near 0, which quotients could not be compared over.
    let coverage: Plane<Float> = random.plane(width: 20, height: 16, in: 0.5...1)
    let image = try Image(planes: colors + [coverage], alphaIndex: 2, alphaIsAssociated: isAssociated)
    let (plan, options) = (try ApplyPlan(Self.box, width: 20), ApplyOptions(border: border))
    let truth = try DenseApply(kernel).apply(to: image, options: options)
    let result = try plan.apply(to: image, options: options)
    // No color beyond 1, so a sum's rounding is within gamma of the coverage's; a quotient takes that of two sums, and each
    // is divided by a third under a normalized border. The rest are the quotients themselves and the scale.
    let bound = gamma(4 * Self.box.roundings + 12, roundoff: floatRoundoff)
    #expect(try ImageComparison(result, reference: truth).largestDifference <= bound)
  }
}
