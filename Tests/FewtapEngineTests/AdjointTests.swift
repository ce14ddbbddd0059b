import FewtapCore
import FewtapEngine
import TestSupport
import Testing

/// What the adjoint of a uniform filter may be off by.
enum AdjointBounds {
  /// The border without what is no part of the linear map.
  static func linear(_ border: BorderRule) -> BorderRule {
    if case .constant = border { return .constant(0) }
    return border
  }

  /// The adjoint in Double.
  static func exact(_ filter: SparseFilter, _ plane: Plane<Double>, _ border: BorderRule) throws -> Plane<Double> {
    let zeros = Plane<Double>(width: plane.width, height: plane.height)
    return try ReferenceGradient.pullback(of: plane, at: zeros, through: filter, border: linear(border)).input
  }

  /// Pixels of the frame that go to one pixel of the image, at most.
  static func folded(_ filter: SparseFilter, _ border: BorderRule, width: Int, height: Int) -> Int {
    let bounds = filter.bounds
    func most(_ count: Int, _ least: Int, _ last: Int) -> Int {
      var counts = [Int](repeating: 0, count: count)
      for index in -max(0, last)..<count + max(0, -least) {
        if let source = border.source(of: index, count: count) { counts[source] += 1 }
      }
      return counts.max() ?? 1
    }
    return most(width, bounds.minX, bounds.maxX) * most(height, bounds.minY, bounds.maxY)
  }

  /// `gamma_N |A|^T |y|`, and for a normalized border what y is off by after its division.
  static func bound(_ filter: SparseFilter, _ plane: Plane<Double>, _ border: BorderRule) throws -> Plane<Double> {
    let count = folded(filter, border, width: plane.width, height: plane.height)
    let growth = gamma(filter.roundings + count, roundoff: floatRoundoff)
    let weights = magnitudes(filter)
    guard border == .normalized else {
      return try exact(weights, magnitudes(plane), border).map { growth * $0 }
    }
    let (quotient, error) = try quotients(filter, plane)
    let a = try exact(weights, magnitudes(quotient), .constant(0))
    let b = try exact(weights, error, .constant(0))
    return Plane(width: plane.width, height: plane.height) { x, y in growth * a[x, y] + (1 + growth) * b[x, y] }
  }

  /// What a normalized border makes of a cotangent first, and what that is off by.
  static func quotients(
    _ filter: SparseFilter, _ plane: Plane<Double>
  ) throws -> (exact: Plane<Double>, error: Plane<Double>) {
    let ones = Plane<Double>(width: plane.width, height: plane.height, repeating: 1)
    let mask = try ReferenceApply.apply(filter, to: ones, border: .constant(0))
    let maskBound = try promisedBound(filter, ones, .constant(0))
    let sum = filter.chain.sum * filter.gain
    let quotient = Plane<Double>(width: plane.width, height: plane.height) { x, y in
      plane[x, y] / max(mask[x, y] / sum, 0x1p-8)
    }
    let nothing = Plane<Double>(width: plane.width, height: plane.height)
    return (quotient, quotientBound(quotient, nothing, mask: mask, maskBound, sum: sum))
  }
}

func dot<A, B>(_ a: Plane<A>, _ b: Plane<B>) -> Double {
  zip(a.values, b.values).reduce(0) { $0 + Double($1.0) * Double($1.1) }
}

@Suite("The adjoint of a uniform filter is what the definition says") struct AdjointTests {
  static let sizes = [(1, 1), (1, 9), (9, 1), (3, 2), (17, 13), (53, 41)]

  @Test("<A x, y> = <x, A' y> of the references", arguments: everyBorder, RateSamples.rates)
  func reference(border: BorderRule, rate: Resampling?) throws {
    for (index, size) in Self.sizes.enumerated() {
      let filter = RateSamples.filter(rate, TapModel.allCases[index % 2], seed: UInt64(700 + index))
      var random = SeededGenerator(seed: UInt64(710 + index))
      let x: Plane<Double> = random.plane(width: size.0, height: size.1)
      let y: Plane<Double> = random.plane(width: size.0, height: size.1)
      let linear = AdjointBounds.linear(border)
      let left = dot(try ReferenceApply.apply(filter, to: x, border: linear), y)
      let right = dot(x, try AdjointBounds.exact(filter, y, border))
      // Every product of both sums, with all roundings of a pixel, and those of the other one's weights.
      var spread = dot(
        try AdjointBounds.exact(magnitudes(filter), magnitudes(y), border == .normalized ? .constant(0) : border),
        magnitudes(x))
      if border == .normalized { spread *= 256 }
      let edge = rate.map { 4 * $0.factor * $0.factor * 16 } ?? 0
      let bound = gamma(8 * filter.chain.tapCount + edge + 4 * size.0 * size.1 + 10_000) * spread
      #expect(abs(left - right) <= bound, "size \(size): \(left) and \(right) within \(bound)")
      #expect(index < 4 || spread > 0x1p20 * bound, "nothing to compare")
    }
  }

  @Test("the plan's adjoint is within its promised rounding", arguments: everyBorder, RateSamples.rates)
  func accuracy(border: BorderRule, rate: Resampling?) throws {
    for (index, size) in Self.sizes.enumerated() {
      let filter = RateSamples.filter(rate, TapModel.allCases[index % 2], seed: UInt64(720 + index))
      var random = SeededGenerator(seed: UInt64(730 + index))
      let plane: Plane<Float> = random.plane(width: size.0, height: size.1)
      let given = plane.map { Double($0) }
      let expected = try AdjointBounds.exact(filter, given, border)
      let bound = try AdjointBounds.bound(filter, given, border)
      var options = ApplyOptions(border: border, threads: 2)
      (options.tileWidth, options.bandHeight) = (24, 20)
      for kernels in RowKernels.all {
        let plan = try ApplyPlan(filter, width: size.0, kernels: kernels)
        let actual = try plan.applyAdjoint(toPlane: plane, options: options)
        #expect(violation(actual, expected, within: bound) == nil, "\(kernels.name), size \(size)")
      }
    }
  }

  @Test("<A x, y> = <x, A' y> of the plan", arguments: everyBorder, RateSamples.few)
  func dotProduct(border: BorderRule, rate: Resampling?) throws {
    let filter = RateSamples.filter(rate, .bilinear, seed: 740)
    var random = SeededGenerator(seed: 741)
    let (width, height) = (67, 45)
    // Of one sign, so that the products do not cancel, and the bound is small beside them.
    let x: Plane<Float> = random.plane(width: width, height: height, in: 0.2...1)
    let y: Plane<Float> = random.plane(width: width, height: height, in: 0.2...1)
    let linear = AdjointBounds.linear(border)
    let (exactX, exactY) = (x.map { Double($0) }, y.map { Double($0) })
    let bound =
      dot(try promisedBound(filter, exactX, linear), magnitudes(y))
      + dot(try AdjointBounds.bound(filter, exactY, border), magnitudes(x))
    let plan = try ApplyPlan(filter, width: width)
    let left = dot(try plan.apply(toPlane: x, options: ApplyOptions(border: linear)), y)
    let right = dot(x, try plan.applyAdjoint(toPlane: y, options: ApplyOptions(border: border)))
    #expect(abs(left - right) <= bound, "\(left) and \(right) within \(bound)")
    #expect(abs(left) > 4 * bound, "nothing to compare: \(left), \(bound)")
  }

  @Test("no bit depends on threads, tiles and channels", arguments: everyBorder, RateSamples.few)
  func invariance(border: BorderRule, rate: Resampling?) throws {
    var random = SeededGenerator(seed: 750)
    let image = try Image(planes: (0..<3).map { _ in random.plane(width: 75, height: 43) })
    let plan = try ApplyPlan(RateSamples.filter(rate, .bilinear), width: image.width)
    var options = ApplyOptions(border: border, threads: 1)
    let whole = try plan.applyAdjoint(to: image, options: options)
    for (threads, tileWidth, bandHeight) in [(2, nil, nil), (7, 16, 7), (2, 7, 16)] as [(Int, Int?, Int?)] {
      (options.threads, options.tileWidth, options.bandHeight) = (threads, tileWidth, bandHeight)
      #expect(firstDifference(try plan.applyAdjoint(to: image, options: options), whole) == nil)
    }
    let plane = try plan.applyAdjoint(toPlane: image.planes[1], options: options)
    #expect(firstDifference(plane.values, whole.planes[1].values) == nil)
  }

  @Test("one tap far outside a small image", arguments: everyBorder) func farTap(border: BorderRule) throws {
    let far = SparseFilter.maximumOffset
    var random = SeededGenerator(seed: 760)
    let plane: Plane<Float> = random.plane(width: 5, height: 3)
    for (x, y) in [(far, -far), (-far, 0), (0, far)] where border != .normalized {
      let filter = SparseFilter(chain: TapChain(model: .integer, layers: [TapLayer([Tap(x: x, y: y, weight: 1)])]))
      let actual = try ApplyPlan(filter, width: 5).applyAdjoint(toPlane: plane, options: ApplyOptions(border: border))
      let bound = try AdjointBounds.bound(filter, plane.map { Double($0) }, .constant(0))
      var expected = Plane<Double>(width: 5, height: 3)
      for row in 0..<3 {
        for column in 0..<5 {
          if let fromX = border.source(of: column - Int(x), count: 5),
            let fromY = border.source(of: row - Int(y), count: 3)
          {
            expected[fromX, fromY] += Double(plane[column, row])
          }
        }
      }
      // Fifteen numbers of at most 1, of which all may go to one pixel.
      #expect(violation(actual, expected, within: bound.map { $0 + gamma(15, roundoff: floatRoundoff) * 15 }) == nil)
    }
  }

  @Test("what cannot be is refused") func refusals() throws {
    var random = SeededGenerator(seed: 770)
    let plane: Plane<Float> = random.plane(width: 12, height: 9)
    let plan = try ApplyPlan(RateSamples.filter(nil), width: 12)
    #expect(throws: ApplyError.adjointOfAlpha) {
      try plan.applyAdjoint(to: Image(planes: [plane, plane], alphaIndex: 1))
    }
    #expect(throws: ApplyError.widthDiffers(planned: 12, found: 13)) {
      try plan.applyAdjoint(toPlane: Plane(width: 13, height: 9))
    }
    #expect(throws: ApplyError.malformedPlane(channel: 0, width: 0, height: 9, count: 0)) {
      try plan.applyAdjoint(toPlane: Plane(width: 0, height: 9))
    }
    var broken = plane
    broken[7, 5] = .infinity
    #expect(throws: ApplyError.nonFinitePixel(channel: 0, x: 7, y: 5, value: .infinity)) {
      try plan.applyAdjoint(toPlane: broken)
    }
    broken[7, 5] = 0
    let zeroed = try plan.applyAdjoint(toPlane: broken)
    broken[7, 5] = .nan
    #expect(try plan.applyAdjoint(toPlane: broken, options: ApplyOptions(nonfinite: .zero)) == zeroed)
    #expect(throws: ApplyError.nonFiniteBorder(.infinity)) {
      try plan.applyAdjoint(toPlane: plane, options: ApplyOptions(border: .constant(.infinity)))
    }
    let cancellation = Cancellation()
    cancellation.cancel()
    #expect(throws: ApplyError.cancelled) {
      try plan.applyAdjoint(toPlane: plane, options: ApplyOptions(cancellation: cancellation))
    }
  }
}
