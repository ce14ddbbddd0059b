import FewtapCore
import FewtapEngine
import Synchronization
import TestSupport
import Testing

@Suite("Laws of every filter")
struct ApplyLawTests {
  static func filter(_ model: TapModel, seed: UInt64, gain: Double = 1) -> SparseFilter {
    var random = SeededGenerator(seed: seed)
    return SparseFilter(chain: random.chain(model, layout: [12, 4, 3], reach: 6), gain: gain)
  }

  @Test(
    "filter(constant) = constant * gain", arguments: [BorderRule.clamp, .mirror, .wrap], TapModel.allCases)
  func constant(border: BorderRule, model: TapModel) throws {
    let filter = Self.filter(model, seed: 21, gain: 2.5)
    // sum|w x| is noise gain * gain * constant.
    let bound = gamma(filter.roundings + 1, roundoff: floatRoundoff) * filter.chain.noiseGain * 2.5 * 0.7
    for (width, height) in [(1, 1), (2, 40), (33, 50)] {
      let plan = try ApplyPlan(filter, width: width)
      let violation = try constantLawViolation(
        of: { try plan.apply(toPlane: $0, options: ApplyOptions(border: border)) }, constant: 0.7, gain: 2.5,
        width: width, height: height, within: bound)
      #expect(violation == nil, "size \(width)x\(height)")
    }
  }

  @Test("a normalized border keeps a constant where enough of the filter lies on the image")
  func normalizedConstant() throws {
    // No weight is negative and every corner keeps its own quarter of a symmetric box.
    let box = TapLayer((-3...3).flatMap { y in (-3...3).map { Tap(x: Double($0), y: Double(y), weight: 1 / 49.0) } })
    let filter = SparseFilter(chain: TapChain(model: .integer, layers: [box, box]), gain: 3)
    let plan = try ApplyPlan(filter, width: 25)
    // Numerator and divisor of positive terms: relative errors add, and the quotient rounds three times.
    let bound = gamma(2 * filter.roundings + 4, roundoff: floatRoundoff) * 3 * 0.7
    let violation = try constantLawViolation(
      of: { try plan.apply(toPlane: $0, options: ApplyOptions(border: .normalized)) }, constant: 0.7, gain: 3,
      width: 25, height: 19, within: bound)
    #expect(violation == nil)
  }

  @Test("a normalized border fades to 0 where the filter sees nothing")
  func normalizedNothing() throws {
    let filter = SparseFilter(chain: TapChain(model: .integer, layers: [TapLayer([Tap(x: 4, y: 0, weight: 1)])]))
    let plane = Plane<Float>(width: 6, height: 1, repeating: 2)
    let result = try ApplyPlan(filter, width: plane.width).apply(
      toPlane: plane, options: ApplyOptions(border: .normalized))
    #expect(result.values == [0, 0, 0, 0, 2, 2])
  }

  @Test("filters are linear", arguments: [BorderRule.clamp, .mirror, .wrap, .constant(0)])
  func linear(border: BorderRule) throws {
    var random = SeededGenerator(seed: 22)
    let filter = Self.filter(.bilinear, seed: 23)
    let plan = try ApplyPlan(filter, width: 31)
    // Three filtered planes, of magnitudes up to 3, 1 and 1 (times 2 and 1), and the mixed plane's own two roundings.
    let bound = gamma(filter.roundings + 2, roundoff: floatRoundoff) * filter.chain.noiseGain * (3 + 2 + 1)
    let violation = try linearityLawViolation(
      of: { try plan.apply(toPlane: $0, options: ApplyOptions(border: border)) },
      random.plane(width: 31, height: 45), random.plane(width: 31, height: 45), a: 2, b: -1, within: bound)
    #expect(violation == nil)
  }

  @Test("shifts commute under a periodic border, to the bit", arguments: TapModel.allCases)
  func shifts(model: TapModel) throws {
    var random = SeededGenerator(seed: 24)
    let plan = try ApplyPlan(Self.filter(model, seed: 25), width: 29)
    let plane: Plane<Float> = random.plane(width: 29, height: 37)
    for (x, y) in [(1, 0), (0, 1), (-7, 13), (100, -50)] {
      let violation = try shiftLawViolation(
        of: { try plan.apply(toPlane: $0, options: ApplyOptions(border: .wrap)) }, plane, x: x, y: y)
      #expect(violation == nil, "shift (\(x), \(y))")
    }
  }

  @Test("a point of light draws the kernel, not flipped and centered to the pixel")
  func pointOfLight() throws {
    // No symmetry hides a flip, and the center is off the middle.
    let taps = [
      Tap(x: 0, y: 0, weight: 0.5), Tap(x: 2, y: 0, weight: 0.25), Tap(x: 0, y: -1, weight: 0.125),
      Tap(x: -3, y: 4, weight: 0.0625),
    ]
    let filter = SparseFilter(chain: TapChain(model: .integer, layers: [TapLayer(taps)]))
    var light = Plane<Float>(width: 15, height: 13)
    light[6, 5] = 1
    var expected = Plane<Float>(width: 15, height: 13)
    for tap in taps { expected[6 + Int(tap.x), 5 + Int(tap.y)] = Float(tap.weight) }
    #expect(try ApplyPlan(filter, width: light.width).apply(toPlane: light) == expected)
    #expect(try ReferenceApply.apply(filter, to: light.map { Double($0) }) == expected.map { Double($0) })
    let kernel = try ReferenceApplyTests.effectiveKernel(filter)
    #expect(try DenseApply(kernel).apply(toPlane: light) == expected)
    #expect(try ReferenceApply.apply(kernel, to: light.map { Double($0) }) == expected.map { Double($0) })
  }

  @Test("a bilinear half pixel is shared evenly, in the direction of the offset")
  func halfPixel() throws {
    let filter = SparseFilter(chain: TapChain(model: .bilinear, layers: [TapLayer([Tap(x: 1.5, y: 0, weight: 1)])]))
    var light = Plane<Float>(width: 7, height: 1)
    light[2, 0] = 1
    #expect(try ApplyPlan(filter, width: light.width).apply(toPlane: light).values == [0, 0, 0, 0.5, 0.5, 0, 0])
  }

  @Test("threads and bands change no bit", arguments: everyBorder)
  func threadsAndBands(border: BorderRule) throws {
    var random = SeededGenerator(seed: 26)
    let plan = try ApplyPlan(Self.filter(.bilinear, seed: 27, gain: 1.1), width: 45)
    let plane: Plane<Float> = random.plane(width: 45, height: 83)
    var options = ApplyOptions(border: border, threads: 1)
    options.bandHeight = 83
    let whole = try plan.apply(toPlane: plane, options: options)
    for (threads, bandHeight) in [(1, 1), (2, 7), (4, 16), (3, 40), (64, 5)] {
      options.threads = threads
      options.bandHeight = bandHeight
      let bands = try plan.apply(toPlane: plane, options: options)
      #expect(
        bands.values.map(\.bitPattern) == whole.values.map(\.bitPattern), "\(threads) threads, \(bandHeight) rows")
    }
    #expect(try plan.apply(toPlane: plane, options: ApplyOptions(border: border)) == whole)
  }

  @Test("one plan serves several threads at once")
  func sharedPlan() throws {
    var random = SeededGenerator(seed: 28)
    let plan = try ApplyPlan(Self.filter(.integer, seed: 29), width: 40)
    let plane: Plane<Float> = random.plane(width: 40, height: 40)
    let expected = try plan.apply(toPlane: plane)
    let disagreements = Mutex(0)
    parallelForEach(count: 16, threads: 4) { _ in
      if (try? plan.apply(toPlane: plane, options: ApplyOptions(threads: 2))) != expected {
        disagreements.withLock { $0 += 1 }
      }
    }
    #expect(disagreements.withLock { $0 } == 0)
  }

  @Test("no pixel further than the reach is touched: NaN just beyond it never shows")
  func nothingBeyondReach() throws {
    var random = SeededGenerator(seed: 30)
    let filter = Self.filter(.integer, seed: 31)
    let bounds = filter.chain.bounds
    let (width, height) = (12 + bounds.width + 1, 10 + bounds.height + 1)
    let clean: Plane<Float> = random.plane(width: width, height: height)
    // A frame of NaN one pixel wide: everything at least the reach inside of it must not notice.
    let framed = Plane<Float>(width: width, height: height) { x, y in
      x == 0 || y == 0 || x == width - 1 || y == height - 1 ? .nan : clean[x, y]
    }
    let plan = try ApplyPlan(filter, width: width)
    let expected = try plan.apply(toPlane: clean)
    let actual = try plan.apply(toPlane: framed, options: ApplyOptions(nonfinite: .keep))
    for y in 1 + bounds.maxY..<height - 1 + bounds.minY {
      for x in 1 + bounds.maxX..<width - 1 + bounds.minX {
        #expect(actual[x, y].bitPattern == expected[x, y].bitPattern, "(\(x), \(y))")
      }
    }
    #expect(actual[0, 0].isNaN)
  }

  @Test("light far above 1 is kept")
  func highDynamicRange() throws {
    let filter = Self.filter(.integer, seed: 32)
    let result = try ApplyPlan(filter, width: 20).apply(toPlane: Plane(width: 20, height: 20, repeating: 1000))
    let bound = gamma(filter.roundings, roundoff: floatRoundoff) * filter.chain.noiseGain * 1000
    #expect(violation(result, Plane<Float>(width: 20, height: 20, repeating: 1000), within: bound) == nil)
  }
}
