import FewtapCore
import FewtapEngine
import TestSupport
import Testing

extension SparseFilter {
  /// One number of a filter that a loss can be differentiated by.
  enum Parameter: CaseIterable { case weight, x, y }

  subscript(layer: Int, tap: Int, parameter: Parameter) -> Double {
    get {
      let tap = chain.layers[layer].taps[tap]
      return parameter == .weight ? tap.weight : parameter == .x ? tap.x : tap.y
    }
    set {
      switch parameter {
      case .weight: chain.layers[layer].taps[tap].weight = newValue
      case .x: chain.layers[layer].taps[tap].x = newValue
      case .y: chain.layers[layer].taps[tap].y = newValue
      }
    }
  }
}

extension TapGradient {
  subscript(parameter: SparseFilter.Parameter) -> Double? {
    parameter == .weight ? weight : parameter == .x ? x : y
  }
}

/// What a fast gradient may be off by.
struct GradientBounds {
  var layers: [[TapGradient]]
  var gain: Double

  /// Pixels of a chunk that are added up in one lane of Float, at most: those of all columns.
  private static func lane(_ filter: SparseFilter, width: Int) -> Int { 16 * (width + filter.bounds.width) + 8 }

  /// `gamma_N` of products of magnitudes, N the roundings of a pixel of both chains and of a lane.
  private static func linear(
    _ filter: SparseFilter, _ cotangent: Plane<Double>, _ error: Plane<Double>, _ image: Plane<Double>,
    _ border: BorderRule
  ) throws -> GradientBounds {
    var probed = magnitudes(filter)
    // Taps without weight at the pixels that a bilinear tap reads: their gradients are the products there.
    for l in probed.chain.layers.indices where filter.chain.model == .bilinear {
      for tap in filter.chain.layers[l].taps {
        let (x, y) = (tap.x.rounded(.down), tap.y.rounded(.down))
        for (dx, dy) in [(0.0, 0.0), (1, 0), (0, 1), (1, 1)] {
          probed.chain.layers[l].taps.append(Tap(x: x + dx, y: y + dy, weight: 0))
        }
      }
    }
    func products(_ cotangent: Plane<Double>) throws -> FilterGradient {
      try ReferenceGradient.pullback(
        of: cotangent, at: magnitudes(image), through: probed, border: magnitudes(border)
      ).filter
    }
    let growth = gamma(2 * filter.roundings + lane(filter, width: image.width), roundoff: floatRoundoff)
    let (whole, off) = (try products(magnitudes(cotangent)), try products(error))
    func bound(_ l: Int, _ i: Int) -> Double {
      growth * whole.layers[l][i].weight + (1 + growth) * off.layers[l][i].weight
    }
    let layers = filter.chain.layers.enumerated().map { l, layer in
      layer.taps.enumerated().map { i, tap in
        guard filter.chain.model == .bilinear else { return TapGradient(weight: bound(l, i)) }
        // An offset's gradient is the weight times differences of the four.
        let corners = (0..<4).reduce(0) { $0 + bound(l, layer.taps.count + 4 * i + $1) }
        return TapGradient(weight: bound(l, i), x: abs(tap.weight) * corners, y: abs(tap.weight) * corners)
      }
    }
    return GradientBounds(layers: layers, gain: growth * whole.gain + (1 + growth) * off.gain)
  }

  init(layers: [[TapGradient]], gain: Double) { (self.layers, self.gain) = (layers, gain) }

  init(_ filter: SparseFilter, _ cotangent: Plane<Double>, _ image: Plane<Double>, _ border: BorderRule) throws {
    let (width, height) = (image.width, image.height)
    guard border == .normalized else {
      self = try Self.linear(filter, cotangent, Plane(width: width, height: height), image, border)
      return
    }
    let (quotient, error) = try AdjointBounds.quotients(filter, cotangent)
    let a = try Self.linear(filter, quotient, error, image, .constant(0))
    let ones = Plane<Double>(width: width, height: height, repeating: 1)
    let mask = try ReferenceApply.apply(filter, to: ones, border: .constant(0))
    let maskBound = try promisedBound(filter, ones, .constant(0))
    let result = try ReferenceApply.apply(filter, to: image, border: .normalized)
    let resultBound = try promisedBound(filter, image, .normalized)
    let sum = filter.chain.sum * filter.gain
    let few = gamma(4, roundoff: floatRoundoff)
    // The mask's cotangent is c y / m; where the share is held at its least there is none.
    var (given, off, ofSum) = (Plane<Double>(width: width, height: height), ones, 0.0)
    for y in 0..<height {
      for x in 0..<width {
        off[x, y] = 0
        let m = abs(mask[x, y]) - maskBound[x, y]
        guard mask[x, y] / sum > 0x1p-8, m > 0 else { continue }
        let (c, r) = (abs(cotangent[x, y]), abs(result[x, y]))
        given[x, y] = c * r / abs(mask[x, y])
        off[x, y] = c * (resultBound[x, y] + r * maskBound[x, y] / abs(mask[x, y])) / m + few * given[x, y]
        ofSum += c * (resultBound[x, y] + few * r) / abs(sum)
      }
    }
    let b = try Self.linear(filter, given, off, ones, .constant(0))
    self.init(
      layers: zip(a.layers, b.layers).enumerated().map { l, layers in
        let others = filter.chain.layers.enumerated().reduce(abs(filter.gain)) {
          $1.offset == l ? $0 : $0 * abs($1.element.sum)
        }
        return zip(layers.0, layers.1).map { a, b in
          TapGradient(
            weight: a.weight + b.weight + ofSum * others, x: a.x.map { $0 + (b.x ?? 0) },
            y: a.y.map { $0 + (b.y ?? 0) })
        }
      }, gain: a.gain + b.gain + ofSum * abs(filter.chain.sum))
  }

  /// Where a gradient is further from `expected` than it may be.
  func violation(_ found: FilterGradient?, _ expected: FilterGradient) -> String? {
    guard let found else { return "no gradient" }
    guard abs(found.gain - expected.gain) <= gain else {
      return "gain: \(found.gain), expected \(expected.gain) within \(gain)"
    }
    guard found.layers.map(\.count) == expected.layers.map(\.count) else { return "other layers" }
    for (l, layer) in layers.enumerated() {
      for (i, bound) in layer.enumerated() {
        for parameter in SparseFilter.Parameter.allCases {
          let (a, b) = (found.layers[l][i][parameter], expected.layers[l][i][parameter])
          let within = bound[parameter]
          if a == nil && b == nil && within == nil { continue }
          guard let a, let b, let within, abs(a - b) <= within else {
            return "\(parameter) of [\(l)][\(i)]: \(String(describing: a)), expected \(String(describing: b)) "
              + "within \(String(describing: within))"
          }
        }
      }
    }
    return nil
  }
}

@Suite("The gradients of a filter are what differences say") struct GradientDifferenceTests {
  private static let (width, height) = (11, 8)

  /// A loss that is linear in the result, and its gradients.
  private struct Sample {
    let filter: SparseFilter
    let border: BorderRule
    let image: Plane<Double>
    let cotangent: Plane<Double>
    let gradient: FilterGradient

    init(_ model: TapModel, _ rate: Resampling?, _ border: BorderRule, seed: UInt64) throws {
      var random = SeededGenerator(seed: seed)
      let chain = random.chain(model, layout: [4, 3], reach: rate == nil ? 3 : 1.5)
      (filter, self.border) = (SparseFilter(chain: chain, rate: rate, gain: 0.8), border)
      image = random.plane(width: width, height: height)
      cotangent = random.plane(width: width, height: height)
      gradient = try ReferenceGradient.pullback(of: cotangent, at: image, through: filter, border: border).filter
    }

    func loss(_ filter: SparseFilter) throws -> Double {
      dot(try ReferenceApply.apply(filter, to: image, border: border), cotangent)
    }

    /// What rounding can change the loss by.
    var rounding: Double {
      let weights = filter.chain.layers.reduce(1) { $0 * ($1.absoluteSum + 1) }
      return gamma(20_000) * weights * Double(width * height) * 4 * (border == .normalized ? 256 : 1)
    }

    func difference(_ step: Double, _ change: (inout SparseFilter, Double) -> Void) throws -> Double {
      var (less, more) = (filter, filter)
      change(&less, -step)
      change(&more, step)
      return (try loss(more) - loss(less)) / (2 * step)
    }

    /// The derivative by what `change` adds to, and what it may be off by. Where the loss is a line in it, one difference gives
    /// it; a normalized border divides by it too, so there the error is told by a second difference.
    func derivative(
      step: Double, _ change: (inout SparseFilter, Double) -> Void
    ) throws -> (value: Double, bound: Double) {
      guard border == .normalized else { return (try difference(step, change), rounding / step) }
      let (wide, narrow) = (try difference(0x1p-14, change), try difference(0x1p-15, change))
      // Errors fall by four with half the step: of the extrapolated value less than that of the better one.
      return ((4 * narrow - wide) / 3, abs(wide - narrow) + rounding * 0x1p16)
    }
  }

  @Test(arguments: everyBorder, [nil, Resampling(factor: 2), Resampling(factor: 4, interpolator: .cubic)])
  func differences(border: BorderRule, rate: Resampling?) throws {
    for model in TapModel.allCases {
      let sample = try Sample(model, rate, border, seed: 800)
      let layers = sample.gradient.layers
      for (l, layer) in sample.filter.chain.layers.enumerated() {
        for (i, tap) in layer.taps.enumerated() {
          for parameter in SparseFilter.Parameter.allCases {
            guard let found = layers[l][i][parameter] else {
              #expect(model == .integer && parameter != .weight)
              continue
            }
            let offset = parameter == .x ? tap.x : tap.y
            // Within a pixel the loss is a line in an offset.
            let room = min(offset - offset.rounded(.down), offset.rounded(.up) - offset) / 2
            let step = parameter == .weight ? 0.5 : room
            let (expected, bound) = try sample.derivative(step: step) { $0[l, i, parameter] += $1 }
            #expect(
              abs(found - expected) <= bound, "\(model) [\(l)][\(i)] \(parameter): \(found), \(expected), \(bound)")
          }
        }
      }
      let (expected, bound) = try sample.derivative(step: 0.25) { $0.gain += $1 }
      let gain = sample.gradient.gain
      #expect(abs(gain - expected) <= bound, "\(gain), \(expected), \(bound)")
      #expect(layers.joined().contains { abs($0.weight) > 0x1p10 * sample.rounding }, "nothing to compare")
    }
  }

  @Test("at a whole offset: the derivative to the right and downwards", arguments: everyBorder)
  func wholeOffsets(border: BorderRule) throws {
    guard border != .normalized else { return }
    var random = SeededGenerator(seed: 810)
    var chain = random.chain(.bilinear, layout: [3, 2], reach: 2)
    for l in chain.layers.indices {
      for i in chain.layers[l].taps.indices {
        chain.layers[l].taps[i].x.round()
        chain.layers[l].taps[i].y.round()
      }
    }
    let filter = SparseFilter(chain: chain, gain: 2)
    let image: Plane<Double> = random.plane(width: Self.width, height: Self.height)
    let cotangent: Plane<Double> = random.plane(width: Self.width, height: Self.height)
    let gradient = try ReferenceGradient.pullback(of: cotangent, at: image, through: filter, border: border).filter
    func loss(_ filter: SparseFilter) throws -> Double {
      dot(try ReferenceApply.apply(filter, to: image, border: border), cotangent)
    }
    for (l, layer) in gradient.layers.enumerated() {
      for (i, tap) in layer.enumerated() {
        for parameter in [SparseFilter.Parameter.x, .y] {
          var moved = filter
          moved[l, i, parameter] += 0.5
          let expected = 2 * (try loss(moved) - loss(filter))
          let found = try #require(tap[parameter])
          #expect(abs(found - expected) <= gamma(10_000) * 1e4, "[\(l)][\(i)] \(parameter): \(found), \(expected)")
        }
      }
    }
  }

  @Test("what cannot be is refused") func refusals() throws {
    let plane = Plane<Double>(width: 5, height: 4, repeating: 1)
    let filter = RateSamples.filter(nil)
    #expect(throws: ApplyError.cotangentSize(cotangent: [4, 5, 1], image: [5, 4, 1])) {
      try ReferenceGradient.pullback(of: Plane(width: 4, height: 5), at: plane, through: filter)
    }
    var short = plane
    short.values.removeLast()
    #expect(throws: ApplyError.malformedPlane(channel: 0, width: 5, height: 4, count: 19)) {
      try ReferenceGradient.pullback(of: short, at: plane, through: filter)
    }
    var broken = filter
    broken.gain = .nan
    #expect(throws: ApplyError.self) { try ReferenceGradient.pullback(of: plane, at: plane, through: broken) }
    broken.gain = 0
    #expect(throws: ApplyError.zeroSumNormalized(sum: 0)) {
      try ReferenceGradient.pullback(of: plane, at: plane, through: broken, border: .normalized)
    }
  }
}

@Suite("A plan's gradients are within rounding of the reference") struct GradientTests {
  @Test(arguments: everyBorder, RateSamples.rates)
  func accuracy(border: BorderRule, rate: Resampling?) throws {
    for (index, size) in AdjointTests.sizes.enumerated() {
      let filter = RateSamples.filter(rate, TapModel.allCases[index % 2], seed: UInt64(820 + index), gain: -0.75)
      var random = SeededGenerator(seed: UInt64(830 + index))
      let image: Plane<Float> = random.plane(width: size.0, height: size.1)
      let cotangent: Plane<Float> = random.plane(width: size.0, height: size.1)
      let (x, c) = (image.map { Double($0) }, cotangent.map { Double($0) })
      let expected = try ReferenceGradient.pullback(of: c, at: x, through: filter, border: border)
      let bounds = try GradientBounds(filter, c, x, border)
      let inputBound = try AdjointBounds.bound(filter, c, border)
      for kernels in RowKernels.all {
        let plan = try ApplyPlan(filter, width: size.0, kernels: kernels)
        for tile in [nil, (24, 20), (7, 64), (64, 9)] as [(Int, Int)?] {
          var options = ApplyOptions(border: border, threads: 2)
          (options.tileWidth, options.bandHeight) = (tile?.0, tile?.1)
          let found = try plan.pullback(
            of: Image(planes: [cotangent]), at: Image(planes: [image]), options: options)
          let place = "\(kernels.name), size \(size), tiles \(String(describing: tile))"
          #expect(bounds.violation(found.filter, expected.filter) == nil, "\(place)")
          let input = try #require(found.input).planes[0]
          #expect(violation(input, expected.input, within: inputBound) == nil, "\(place)")
          let taps = try plan.pullback(
            of: Image(planes: [cotangent]), at: Image(planes: [image]), wanting: .filter, options: options)
          #expect(bounds.violation(taps.filter, expected.filter) == nil, "\(place), the filter's alone")
        }
      }
    }
  }

  @Test("taps far from the center, on one side of it, without weight, and twice in one place", arguments: everyBorder)
  func oddLayers(border: BorderRule) throws {
    let layers = [
      TapLayer([Tap(x: 30, y: 25, weight: 0.7), Tap(x: 31, y: 27, weight: 0.5)]),
      TapLayer([Tap(x: -20, y: -31, weight: 1), Tap(x: 3, y: -31, weight: 0), Tap(x: -20, y: -31, weight: 0.25)]),
      TapLayer([Tap(x: 0, y: 40, weight: 1), Tap(x: 2, y: 41, weight: -0.5)]),
    ]
    for model in TapModel.allCases {
      let filter = SparseFilter(chain: TapChain(model: model, layers: layers), gain: 1.25)
      var random = SeededGenerator(seed: 840)
      let image: Plane<Float> = random.plane(width: 70, height: 90)
      let cotangent: Plane<Float> = random.plane(width: 70, height: 90)
      let (x, c) = (image.map { Double($0) }, cotangent.map { Double($0) })
      let expected = try ReferenceGradient.pullback(of: c, at: x, through: filter, border: border)
      let bounds = try GradientBounds(filter, c, x, border)
      for kernels in RowKernels.all {
        let found = try ApplyPlan(filter, width: 70, kernels: kernels).pullback(
          of: Image(planes: [cotangent]), at: Image(planes: [image]), options: ApplyOptions(border: border))
        #expect(bounds.violation(found.filter, expected.filter) == nil, "\(kernels.name), \(model)")
      }
    }
  }

  @Test(
    "no bit depends on threads; channels add up; the rest is left out", arguments: everyBorder, RateSamples.few)
  func invariance(border: BorderRule, rate: Resampling?) throws {
    let filter = RateSamples.filter(rate, .bilinear, gain: 0.7)
    var random = SeededGenerator(seed: 850)
    // More than one tile by itself.
    let size = (70, 700)
    func image() throws -> Image { try Image(planes: (0..<2).map { _ in random.plane(width: size.0, height: size.1) }) }
    let (x, c) = (try image(), try image())
    let plan = try ApplyPlan(filter, width: size.0)
    let whole = try plan.pullback(of: c, at: x, options: ApplyOptions(border: border, threads: 1))
    for threads in [2, 7] {
      let found = try plan.pullback(of: c, at: x, options: ApplyOptions(border: border, threads: threads))
      #expect(found.filter == whole.filter, "\(threads) threads")
      #expect(found.input == whole.input, "\(threads) threads")
    }
    let options = ApplyOptions(border: border)
    let input = try plan.pullback(of: c, at: x, wanting: .input, options: options)
    #expect(input.filter == nil)
    #expect(try plan.applyAdjoint(to: c, options: options) == input.input)
    let taps = try plan.pullback(of: c, at: x, wanting: .filter, options: ApplyOptions(border: border, threads: 1))
    #expect(taps.input == nil)
    #expect(
      try plan.pullback(of: c, at: x, wanting: .filter, options: ApplyOptions(border: border, threads: 7)) == taps)
    let first = try plan.pullback(
      of: Image(planes: [c.planes[0]]), at: Image(planes: [x.planes[0]]), options: options)
    let second = try plan.pullback(
      of: Image(planes: [c.planes[1]]), at: Image(planes: [x.planes[1]]), options: options)
    // The mask's cotangents are added up, and rounded, before they are used.
    guard border != .normalized else { return }
    let (one, other) = (try #require(first.filter), try #require(second.filter))
    for (l, layer) in try #require(whole.filter).layers.enumerated() {
      for (i, tap) in layer.enumerated() {
        let (a, b) = (one.layers[l][i].weight, other.layers[l][i].weight)
        #expect(abs(a + b - tap.weight) <= gamma(100) * (abs(a) + abs(b) + 1) * 1000)
      }
    }
  }

  @Test(
    "on a constant image a weight's gradient is what the others make of it, and offsets have none",
    arguments: RateSamples.few)
  func constant(rate: Resampling?) throws {
    let filter = RateSamples.filter(rate, .bilinear, gain: 0.5)
    let (width, height) = (48, 48)
    let image = Plane<Float>(width: width, height: height, repeating: 2)
    let cotangent = Plane<Float>(width: width, height: height, repeating: 1)
    let gradient = try ApplyPlan(filter, width: width).pullback(
      of: Image(planes: [cotangent]), at: Image(planes: [image]), options: ApplyOptions(border: .clamp))
    let bounds = try GradientBounds(filter, cotangent.map { Double($0) }, image.map { Double($0) }, .clamp)
    let pixels = Double(width * height)
    let found = try #require(gradient.filter)
    for (l, layer) in found.layers.enumerated() {
      let others = filter.chain.layers.enumerated().reduce(1.0) { $1.offset == l ? $0 : $0 * $1.element.sum }
      for (i, tap) in layer.enumerated() {
        #expect(abs(tap.weight - 0.5 * 2 * pixels * others) <= bounds.layers[l][i].weight)
        #expect(abs(try #require(tap.x)) <= bounds.layers[l][i].x ?? 0)
        #expect(abs(try #require(tap.y)) <= bounds.layers[l][i].y ?? 0)
      }
    }
    #expect(abs(found.gain - 2 * pixels * filter.chain.sum) <= bounds.gain)
  }

  @Test("a gain of 0 gives its own gradient and no other") func noGain() throws {
    let filter = RateSamples.filter(nil, .bilinear, gain: 0)
    var random = SeededGenerator(seed: 860)
    let x: Plane<Float> = random.plane(width: 30, height: 20, in: 0.5...1)
    let c: Plane<Float> = random.plane(width: 30, height: 20, in: 0.5...1)
    let gradient = try ApplyPlan(filter, width: 30).pullback(of: Image(planes: [c]), at: Image(planes: [x]))
    let exact = try ReferenceGradient.pullback(of: c.map { Double($0) }, at: x.map { Double($0) }, through: filter)
    var one = filter
    one.gain = 1
    let bounds = try GradientBounds(one, c.map { Double($0) }, x.map { Double($0) }, .clamp)
    let found = try #require(gradient.filter)
    #expect(abs(found.gain - exact.filter.gain) <= bounds.gain)
    #expect(abs(found.gain) > 100 * bounds.gain)
    #expect(found.layers.joined().allSatisfy { $0.weight == 0 && $0.x == 0 && $0.y == 0 })
  }

  @Test("what cannot be is refused, and what may be is not") func refusals() throws {
    var random = SeededGenerator(seed: 870)
    let plane: Plane<Float> = random.plane(width: 12, height: 9)
    let plan = try ApplyPlan(RateSamples.filter(nil, .bilinear), width: 12)
    let image = try Image(planes: [plane])
    let alpha = try Image(planes: [plane, plane], alphaIndex: 1)
    #expect(throws: ApplyError.adjointOfAlpha) { try plan.pullback(of: image, at: alpha) }
    #expect(throws: ApplyError.adjointOfAlpha) { try plan.pullback(of: alpha, at: image) }
    #expect(throws: ApplyError.cotangentSize(cotangent: [12, 9, 2], image: [12, 9, 1])) {
      try plan.pullback(of: Image(planes: [plane, plane]), at: image)
    }
    #expect(throws: ApplyError.cotangentSize(cotangent: [12, 8, 1], image: [12, 9, 1])) {
      try plan.pullback(of: Image(planes: [Plane(width: 12, height: 8)]), at: image)
    }
    let wide = try Image(planes: [Plane(width: 13, height: 9)])
    #expect(throws: ApplyError.widthDiffers(planned: 12, found: 13)) { try plan.pullback(of: wide, at: wide) }
    var broken = plane
    broken[7, 5] = .infinity
    let bad = try Image(planes: [broken])
    for parts in [GradientParts.filter, .all] {
      for (c, x) in [(bad, image), (image, bad)] {
        #expect(throws: ApplyError.nonFinitePixel(channel: 0, x: 7, y: 5, value: .infinity)) {
          try plan.pullback(of: c, at: x, wanting: parts)
        }
      }
    }
    broken[7, 5] = 0
    let zeroed = try Image(planes: [broken])
    for border in [BorderRule.clamp, .normalized] {
      let options = ApplyOptions(border: border, nonfinite: .zero)
      #expect(
        try plan.pullback(of: bad, at: bad, options: options) == plan.pullback(of: zeroed, at: zeroed, options: options)
      )
    }
    let cancellation = Cancellation()
    cancellation.cancel()
    for parts in [GradientParts.filter, .input] {
      #expect(throws: ApplyError.cancelled) {
        try plan.pullback(of: image, at: image, wanting: parts, options: ApplyOptions(cancellation: cancellation))
      }
    }
    // Sums of finite numbers may be infinite.
    let huge = try Image(planes: [Plane<Float>(width: 12, height: 9, repeating: 3e38)])
    #expect(try plan.pullback(of: huge, at: huge).filter?.layers.count == 3)
    #expect(try plan.pullback(of: image, at: image, wanting: []) == ApplyPlan.Gradient())
  }

  @Test("progress rises to 1") func progress() throws {
    let told = Told()
    let plan = try ApplyPlan(RateSamples.filter(nil), width: 50)
    let image = try Image(planes: [Plane<Float>(width: 50, height: 900, repeating: 1)])
    _ = try plan.pullback(of: image, at: image, options: ApplyOptions(threads: 2, progress: { told.append($0) }))
    let fractions = told.fractions
    #expect(fractions.last == 1 && fractions.count > 3)
    #expect(zip(fractions, fractions.dropFirst()).allSatisfy { $0 < $1 })
  }
}

/// The plan tells one fraction at a time.
private final class Told: @unchecked Sendable {
  private(set) var fractions: [Double] = []
  func append(_ fraction: Double) { fractions.append(fraction) }
}
