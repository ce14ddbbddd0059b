import FewtapCore
import FewtapEngine
import TestSupport
import Testing

@Suite("Laws of filters at a lower rate") struct RateLawTests {
  static let rates = RateSamples.rates.compactMap { $0 }

  @Test("a constant stays constant", arguments: [BorderRule.clamp, .mirror, .wrap], rates)
  func constant(border: BorderRule, rate: Resampling) throws {
    let filter = RateSamples.filter(rate, .bilinear)
    let bound = gamma(filter.roundings + 1, roundoff: floatRoundoff) * filter.chain.noiseGain * 1.5 * 0.7
    for (width, height) in [(1, 1), (2, 30), (33, 21)] {
      let plan = try ApplyPlan(filter, width: width)
      let violation = try constantLawViolation(
        of: { try plan.apply(toPlane: $0, options: ApplyOptions(border: border)) }, constant: 0.7, gain: -1.5,
        width: width, height: height, within: bound)
      #expect(violation == nil, "size \(width)x\(height)")
    }
  }

  @Test("under a normalized border, too, where enough of the filter lies on the image", arguments: rates)
  func normalizedConstant(rate: Resampling) throws {
    // No weight is negative, and every corner keeps about a quarter of it.
    let box = TapLayer((-1...1).flatMap { y in (-1...1).map { Tap(x: Double($0), y: Double(y), weight: 1 / 9.0) } })
    let filter = SparseFilter(chain: TapChain(model: .integer, layers: [box]), rate: rate, gain: 3)
    // Numerator and divisor of positive terms: relative errors add, and the quotient rounds three times.
    let bound = gamma(2 * filter.roundings + 4, roundoff: floatRoundoff) * 3 * 0.7
    let side = 6 * rate.factor + 1
    let plan = try ApplyPlan(filter, width: side)
    let violation = try constantLawViolation(
      of: { try plan.apply(toPlane: $0, options: ApplyOptions(border: .normalized)) }, constant: 0.7, gain: 3,
      width: side, height: side - 3, within: bound)
    #expect(violation == nil)
  }

  @Test(
    "shifts by multiples of the factor commute under a periodic border, to the bit; others do not", arguments: rates)
  func shifts(rate: Resampling) throws {
    let factor = rate.factor
    var random = SeededGenerator(seed: 95)
    let plane: Plane<Float> = random.plane(width: 5 * factor, height: 4 * factor)
    let plan = try ApplyPlan(RateSamples.filter(rate), width: plane.width)
    func violation(_ x: Int, _ y: Int) throws -> String? {
      try shiftLawViolation(
        of: { try plan.apply(toPlane: $0, options: ApplyOptions(border: .wrap)) }, plane, x: x, y: y)
    }
    for (x, y) in [(1, 0), (0, 1), (-2, 3), (11, -6)] {
      #expect(try violation(x * factor, y * factor) == nil, "shift (\(x), \(y)) times \(factor)")
    }
    #expect(try violation(1, 0) != nil && violation(0, factor - 1) != nil)
  }

  @Test("filters are linear", arguments: [BorderRule.clamp, .mirror, .wrap, .constant(0)], rates)
  func linear(border: BorderRule, rate: Resampling) throws {
    var random = SeededGenerator(seed: 96)
    let filter = RateSamples.filter(rate)
    let plan = try ApplyPlan(filter, width: 31)
    // Three filtered planes, of magnitudes up to 3, 1 and 1 (times 2 and 1), and the mixed plane's own two roundings.
    let bound = gamma(filter.roundings + 2, roundoff: floatRoundoff) * filter.chain.noiseGain * 1.5 * (3 + 2 + 1)
    let violation = try linearityLawViolation(
      of: { try plan.apply(toPlane: $0, options: ApplyOptions(border: border)) },
      random.plane(width: 31, height: 25), random.plane(width: 31, height: 25), a: 2, b: -1, within: bound)
    #expect(violation == nil)
  }
}

@Suite("Alpha at every rate and border, in every instruction set") struct RateAlphaTests {
  /// Colors times the alpha that comes with them are the filtered products, and alpha the filtered coverage, within the
  /// promised rounding.
  @Test(arguments: everyBorder, RateSamples.few) func products(border: BorderRule, rate: Resampling?) throws {
    let filter = RateSamples.filter(rate)
    let sum = filter.chain.sum * filter.gain
    var random = SeededGenerator(seed: 97)
    let (width, height) = (33, 26)
    let color: Plane<Float> = random.plane(width: width, height: height, in: 0...1)
    let alpha: Plane<Float> = random.plane(width: width, height: height, in: 0.1...1)
    for associated in [false, true] {
      let image = try Image(planes: [color, alpha], alphaIndex: 1, alphaIsAssociated: associated)
      let light =
        associated ? color : Plane<Float>(width: width, height: height) { color[$0, $1] * alpha[$0, $1] }
      // A constant border is that color under that alpha.
      var lightBorder = border
      if !associated, case .constant(let value) = border { lightBorder = .constant(value * value) }
      let (exactLight, exactAlpha) = (light.map { Double($0) }, alpha.map { Double($0) })
      let expectedLight = try ReferenceApply.apply(filter, to: exactLight, border: lightBorder)
      let expectedAlpha = try ReferenceApply.apply(filter, to: exactAlpha, border: border).map { $0 / sum }
      let lightBound = try promisedBound(filter, exactLight, lightBorder)
      let alphaBound = try promisedBound(filter, exactAlpha, border)
      // Stored 1 / sum, its product, and the quotient of colors.
      let rounding = gamma(3, roundoff: floatRoundoff)
      for kernels in RowKernels.all {
        let plan = try ApplyPlan(filter, width: width, kernels: kernels)
        let result = try plan.apply(to: image, options: ApplyOptions(border: border, threads: 2))
        let bound = Plane<Double>(width: width, height: height) { x, y in
          (alphaBound[x, y] / abs(sum)) * (1 + rounding) + rounding * abs(expectedAlpha[x, y])
        }
        #expect(violation(result.planes[1], expectedAlpha, within: bound) == nil, "\(kernels.name)")
        let products = Plane<Double>(width: width, height: height) { x, y in
          let coverage = Double(result.planes[1][x, y])
          // Below half a 16-bit step of coverage there is no color, and nothing to hold it to.
          guard !associated, abs(coverage) >= 0x1p-17 else {
            return associated ? Double(result.planes[0][x, y]) : expectedLight[x, y]
          }
          return Double(result.planes[0][x, y]) * coverage
        }
        let productBound = Plane<Double>(width: width, height: height) { x, y in
          lightBound[x, y] * (1 + rounding) + rounding * abs(expectedLight[x, y])
        }
        #expect(violation(products, expectedLight, within: productBound) == nil, "\(kernels.name), \(associated)")
      }
    }
  }

  @Test("nothing of transparent pixels' colors bleeds out", arguments: RateSamples.few) func fringe(rate: Resampling?)
    throws
  {
    let box = TapLayer((-1...1).flatMap { y in (-1...1).map { Tap(x: Double($0), y: Double(y), weight: 1 / 9.0) } })
    let filter = SparseFilter(chain: TapChain(model: .integer, layers: [box]), rate: rate)
    let image = try AlphaTests.redOnHiddenGreen()
    let plan = try ApplyPlan(filter, width: image.width)
    // Red is the mean of red pixels alone; both sums run over the same positive products.
    let bound = 0.8 * gamma(2 * filter.roundings + 4, roundoff: floatRoundoff)
    for border in [BorderRule.clamp, .mirror, .wrap, .constant(0), .normalized] {
      let result = try plan.apply(to: image, options: ApplyOptions(border: border))
      #expect(result.planes[1].values.allSatisfy { $0 == 0 }, "\(border)")
      for (red, alpha) in zip(result.planes[0].values, result.planes[2].values) where alpha >= 0x1p-17 {
        #expect(abs(Double(red) - 0.8) <= bound, "\(border)")
      }
      #expect(result.planes[2].values.contains { $0 > 0 && $0 < 0.99 }, "\(border)")
    }
  }
}
