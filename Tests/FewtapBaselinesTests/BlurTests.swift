import FewtapBaselines
import FewtapCore
import FewtapEngine
import FewtapTargets
import Foundation
import TestSupport
import Testing

@Suite struct BlurTests {
  /// The deviation is met to what bisection leaves, for whole and broken pixels.
  @Test(arguments: [0.3, 0.7, 1, 2.5, 6, 10, 17.3, 40]) func kawaseMeetsTheDeviation(deviation: Double) throws {
    let filter = try KawaseBlur.filter(deviation: deviation)
    #expect(filter.chain.layers.allSatisfy { $0.taps.count == 4 })
    #expect(filter.tapCount == 4 * filter.passCount && filter.passCount == filter.chain.layers.count)
    let moments = try filter.effectiveKernel().moments
    for variance in [moments.varianceX, moments.varianceY] {
      // Half a step of 2^-40 in the scale changes the variance by its slope, at most that of passes whose distances are halves.
      #expect(abs(variance.squareRoot() - deviation) <= 0x1p-36 * max(1, deviation))
    }
    #expect(abs(filter.chain.sum - 1) <= gamma(4 * filter.passCount))
    // One pass fewer cannot reach it, not even at full scale.
    var fewer = 0.0
    for index in 0..<filter.passCount - 1 {
      let distance = Double(index) + 0.5
      // Half a pixel from the center the two pixels share the light.
      fewer += distance * distance + 0.25
    }
    #expect(fewer < deviation * deviation)
  }

  @Test(arguments: [0, -1, Double.nan, 1e6]) func kawaseRefusesDeviations(deviation: Double) {
    #expect {
      _ = try KawaseBlur.filter(deviation: deviation)
    } throws: {
      if case .deviation("Kawase", _, _, _)? = $0 as? BaselineError { true } else { false }
    }
  }

  /// Any deviation, any number of passes: the variances are exact.
  @Test(arguments: [0, 0.2, 1, 3.3, 8, 20.5], [1, 2, 3, 5]) func boxesMeetTheVariance(sigma: Double, passes: Int) throws
  {
    let box = try IteratedBox(sigmaX: sigma, sigmaY: 2 * sigma, passes: passes)
    let kernel = try box.effectiveKernel()
    let moments = kernel.moments
    let bound = gamma(16 * kernel.values.values.count) * (1 + 4 * sigma * sigma)
    #expect(abs(moments.varianceX - sigma * sigma) <= bound)
    #expect(abs(moments.varianceY - 4 * sigma * sigma) <= bound)
    #expect(abs(kernel.sum - 1) <= gamma(16 * kernel.values.values.count))
    #expect(box.multiplyAddCount == Double(8 * passes) && box.passCount == 2 * passes)
  }

  /// The variance of five equal pixels is 2: one pass is then the plain box.
  @Test func aWholeBoxIsFlat() throws {
    let kernel = try IteratedBox(sigmaX: 2.0.squareRoot(), sigmaY: 2.0.squareRoot(), passes: 1).effectiveKernel()
    kernel.forEachOffset { x, y, weight in
      let expected = abs(x) <= 2 && abs(y) <= 2 ? 0.04 : 0
      #expect(abs(weight - expected) <= gamma(64))
    }
  }

  private func gaussian(_ sigma: Double, half: Int) throws -> Kernel {
    try Kernel.gaussian(sigma: sigma, size: 2 * half + 1)
  }

  private func relativeError(_ filter: some BaselineFilter, _ kernel: Kernel) throws -> Double {
    try filter.accuracy(against: kernel).relativeError
  }

  /// More passes come nearer to a Gaussian: three within 7%, as is stated; and while boxes are wider than a few pixels, the
  /// error falls as 1 / passes.
  @Test(arguments: [5.0, 8, 11]) func boxesApproachAGaussian(sigma: Double) throws {
    let kernel = try gaussian(sigma, half: Int(6 * sigma))
    let errors = try [1, 2, 3, 4, 8, 16].map {
      try relativeError(IteratedBox(sigmaX: sigma, sigmaY: sigma, passes: $0), kernel)
    }
    #expect(zip(errors, errors.dropFirst()).allSatisfy { $0 > $1 })
    #expect(errors[2] < 0.07)
    #expect(errors[5] < 0.6 * errors[4] && errors[5] > 0.4 * errors[4])
  }

  /// Deriche's constants are within 6e-4 of the bell's height; the product of two axes within twice that, and as much again for
  /// scaling the sum to 1.
  @Test(arguments: [1.0, 2.5, 5, 11, 30]) func theRecursionIsAGaussian(sigma: Double) throws {
    let filter = try RecursiveGaussian(sigmaX: sigma, sigmaY: sigma)
    let effective = try filter.effectiveKernel()
    let kernel = try gaussian(sigma, half: effective.center.x)
    #expect(effective.width == kernel.width)
    let peak = kernel.values[kernel.center.x, kernel.center.y]
    let worst = zip(effective.values.values, kernel.values.values).reduce(0) { max($0, abs($1.0 - $1.1)) }
    #expect(worst <= 4 * 6e-4 * peak)
    #expect(try relativeError(filter, kernel) <= 4 * 6e-4)
  }

  @Test(arguments: [BorderRule.clamp, .mirror, .wrap, .constant(0.5), .normalized])
  func planesAreFilteredAsTheEffectiveKernelSays(border: BorderRule) throws {
    var random = SeededGenerator(seed: 7)
    let plane: Plane<Float> = random.plane(width: 29, height: 21, in: 0...1)
    let filters: [(any BaselineFilter, tail: Double)] = [
      (try IteratedBox(sigmaX: 3.2, sigmaY: 1.7), 0), (try RecursiveGaussian(sigmaX: 2, sigmaY: 1.1), recursionTail),
      (try KawaseBlur.filter(deviation: 2.2), 0),
    ]
    for (filter, tail) in filters {
      let result = try filter.apply(toPlane: plane, options: ApplyOptions(border: border))
      let kernel = try filter.effectiveKernel()
      let expected = try ReferenceApply.apply(kernel, to: plane.map { Double($0) }, border: border)
      let shares = try ReferenceApply.apply(
        kernel, to: Plane(width: 29, height: 21, repeating: 1), border: .constant(0))
      let least = border == .normalized ? try #require(shares.values.min()) : 1
      // Pixels and weights are not negative and sum to 1: a few roundings a pass, and those of the division.
      let bound = (gamma(16 * filter.passCount, roundoff: floatRoundoff) + 4 * tail) / (least * least)
      #expect(violation(result, expected, within: bound) == nil, "\(type(of: filter))")
    }
  }

  @Test func badOptionsAreRefused() throws {
    #expect(throws: BaselineError.badPassCount(0)) { try IteratedBox(sigmaX: 1, sigmaY: 1, passes: 0) }
    #expect(throws: BaselineError.badPassCount(17)) { try IteratedBox(sigmaX: 1, sigmaY: 1, passes: 17) }
    #expect(throws: BaselineError.deviation(rival: "iterated box", -1, least: 0, most: 256)) {
      try IteratedBox(sigmaX: 1, sigmaY: -1)
    }
    #expect(throws: BaselineError.deviation(rival: "recursive Gaussian", 0.4, least: 0.5, most: 256)) {
      try RecursiveGaussian(sigmaX: 0.4, sigmaY: 1)
    }
    // The largest kernels still fit the largest grid.
    #expect(try RecursiveGaussian(sigmaX: 256, sigmaY: 0.5).effectiveKernel().width == 4097)
    #expect(try IteratedBox(sigmaX: 256, sigmaY: 0, passes: 16).effectiveKernel().width < 4097)
    let box = try IteratedBox(sigmaX: 1, sigmaY: 1)
    var plane = Plane<Float>(width: 3, height: 2, repeating: 1)
    #expect(throws: ApplyError.nonFiniteBorder(.infinity)) {
      try box.apply(toPlane: plane, options: ApplyOptions(border: .constant(.infinity)))
    }
    let cancellation = Cancellation()
    cancellation.cancel()
    #expect(throws: ApplyError.cancelled) {
      try box.apply(toPlane: plane, options: ApplyOptions(cancellation: cancellation))
    }
    plane.values.removeLast()
    #expect(throws: ApplyError.malformedPlane(channel: 0, width: 3, height: 2, count: 5)) {
      try box.apply(toPlane: plane, options: ApplyOptions())
    }
  }
}
