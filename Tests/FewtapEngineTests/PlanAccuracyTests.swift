import FewtapCore
import FewtapEngine
import TestSupport
import Testing

/// Filters at every kind of rate, for the tests of plans.
enum RateSamples {
  typealias Splines = (Resampling.BSpline, Resampling.BSpline)

  /// Prime factors, products and powers, with every spline on both sides; nil: the image's own rate.
  static let rates: [Resampling?] =
    [nil]
    + [
      (2, .linear, .linear), (2, .quadratic, .cubic), (3, .quadratic, .quadratic), (3, .cubic, .linear),
      (4, .quadratic, .quadratic), (4, .linear, .cubic), (6, .cubic, .cubic), (6, .linear, .quadratic),
      (7, .quadratic, .quadratic), (7, .cubic, .linear), (16, .quadratic, .linear), (16, .cubic, .quadratic),
    ].map { Resampling(factor: $0, prefilter: $1, interpolator: $2) }

  /// Some of them: a prime, a product of two, a power.
  static let few: [Resampling?] = [
    nil, Resampling(factor: 3), Resampling(factor: 6, prefilter: .cubic, interpolator: .linear),
    Resampling(factor: 8, prefilter: .linear, interpolator: .cubic),
  ]

  /// Layers with weights of both signs, off center, and a gain.
  static func filter(
    _ rate: Resampling?, _ model: TapModel = .integer, seed: UInt64 = 61, gain: Double = -1.5
  ) -> SparseFilter {
    var random = SeededGenerator(seed: seed)
    let chain = random.chain(model, layout: rate == nil ? [9, 5, 2] : [6, 3], reach: rate == nil ? 5 : 2)
    return SparseFilter(chain: chain, rate: rate, gain: gain)
  }
}

@Suite("Plans at every rate and in every instruction set are within the promised rounding of the reference")
struct PlanAccuracyTests {
  /// A pixel, lines, smaller than the reach, odd, and beyond a tile of 24 columns and 20 rows.
  static let sizes = [(1, 1), (1, 9), (9, 1), (3, 2), (17, 13), (53, 41)]

  @Test(arguments: everyBorder, RateSamples.rates)
  func chains(border: BorderRule, rate: Resampling?) throws {
    for (index, size) in Self.sizes.enumerated() {
      let model = TapModel.allCases[index % 2]
      let filter = RateSamples.filter(rate, model, seed: UInt64(60 + index))
      var random = SeededGenerator(seed: UInt64(200 + index))
      let plane: Plane<Float> = random.plane(width: size.0, height: size.1)
      let exact = plane.map { Double($0) }
      let expected = try ReferenceApply.apply(filter, to: exact, border: border)
      var options = ApplyOptions(border: border, threads: 2)
      (options.tileWidth, options.bandHeight) = (24, 20)
      for halfs in [false, true] {
        let bound = try promisedBound(filter, exact, border, halfs: halfs)
        options.keepsHalfs = halfs
        for kernels in RowKernels.all {
          let plan = try ApplyPlan(filter, width: plane.width, kernels: kernels)
          let actual = try plan.apply(toPlane: plane, options: options)
          #expect(
            violation(actual, expected, within: bound) == nil,
            "\(kernels.name), \(model), size \(size), half floats \(halfs)")
        }
      }
    }
  }

  @Test("half floats are taken where they are allowed and single taps abound, and differ")
  func halfs() throws {
    var random = SeededGenerator(seed: 72)
    func filter(run: Int) -> SparseFilter {
      let taps = (0..<20).flatMap { x in
        (0..<run).map { Tap(x: Double(x), y: Double(5 * (x % 3) + $0), weight: 0.05 / Double(run)) }
      }
      return SparseFilter(chain: TapChain(model: .integer, layers: [TapLayer(taps)]))
    }
    let plane: Plane<Float> = random.plane(width: 90, height: 40)
    for kernels in RowKernels.all {
      let plan = try ApplyPlan(filter(run: 1), width: 90, kernels: kernels)
      var options = ApplyOptions()
      #expect(!plan.keepsHalfs(options))
      let floats = try plan.apply(toPlane: plane, options: options)
      options.allowsHalfs = true
      #expect(plan.keepsHalfs(options) == (kernels.name == "avx512"))
      #expect(!(try ApplyPlan(filter(run: 4), width: 90, kernels: kernels)).keepsHalfs(options))
      options.keepsHalfs = true
      #expect(try plan.apply(toPlane: plane, options: options) != floats)
    }
  }

  @Test("half floats clamp what they cannot hold, and hand on what is no number")
  func halfsBeyond() throws {
    let filter = SparseFilter(
      chain: TapChain(
        model: .integer, layers: [TapLayer([Tap(x: 0, y: 0, weight: 4)]), TapLayer([Tap(x: 0, y: 0, weight: 0.25)])]))
    var options = ApplyOptions(nonfinite: .keep)
    options.keepsHalfs = true
    let plane = Plane<Float>(width: 4, height: 1) { x, _ in [30000, -1e9, .nan, 1][x] }
    for kernels in RowKernels.all {
      let result = try ApplyPlan(filter, width: 4, kernels: kernels).apply(toPlane: plane, options: options)
      #expect(result[0, 0] == 16376 && result[1, 0] == -16376 && result[2, 0].isNaN && result[3, 0] == 1)
    }
  }

  @Test("a factor beyond what has loops of its own, and the largest", arguments: [11, 13, 61, 64])
  func largeFactors(factor: Int) throws {
    for spline in Resampling.BSpline.allCases {
      let rate = Resampling(factor: factor, prefilter: spline, interpolator: spline)
      let filter = RateSamples.filter(rate)
      var random = SeededGenerator(seed: 71)
      let plane: Plane<Float> = random.plane(width: 29, height: 23)
      let exact = plane.map { Double($0) }
      let expected = try ReferenceApply.apply(filter, to: exact, border: .mirror)
      let bound = try promisedBound(filter, exact, .mirror)
      for kernels in RowKernels.all {
        let plan = try ApplyPlan(filter, width: plane.width, kernels: kernels)
        let actual = try plan.apply(toPlane: plane, options: ApplyOptions(border: .mirror))
        #expect(violation(actual, expected, within: bound) == nil, "\(kernels.name), \(spline)")
      }
    }
  }

  @Test("a layer that reads nothing gives zero at any rate", arguments: RateSamples.few)
  func emptyLayer(rate: Resampling?) throws {
    let nothing = TapLayer([Tap(x: 1, y: 2, weight: 0)])
    let filter = SparseFilter(chain: TapChain(model: .integer, layers: [nothing]), rate: rate)
    for border in [BorderRule.clamp, .wrap, .constant(3)] {
      let result = try ApplyPlan(filter, width: 9).apply(
        toPlane: Plane(width: 9, height: 5, repeating: 2), options: ApplyOptions(border: border))
      #expect(result == Plane(width: 9, height: 5))
    }
  }
}
