import FewtapCore
import FewtapEngine
import Synchronization
import TestSupport
import Testing

@Suite("What is refused, and how it is said")
struct ApplyErrorTests {
  static func filter(_ taps: [Tap], model: TapModel = .integer, gain: Double = 1) -> SparseFilter {
    SparseFilter(chain: TapChain(model: model, layers: [TapLayer(taps)]), gain: gain)
  }
  static let plane = Plane<Float>(width: 6, height: 5, repeating: 0.5)
  static let mean = filter([Tap(x: 0, y: 0, weight: 0.5), Tap(x: 1, y: 0, weight: 0.5)])

  @Test(
    "broken filters",
    arguments: [
      filter([]), filter([Tap(x: 0.5, y: 0, weight: 1)]), filter([Tap(x: .nan, y: 0, weight: 1)]),
      filter([Tap(x: 1e300, y: 0, weight: 1)], model: .bilinear), filter([Tap(x: 0, y: 0, weight: .infinity)]),
      filter([Tap(x: 0, y: 0, weight: 1)], gain: .nan), filter([Tap(x: 0, y: 0, weight: 1e39)]),
      filter([Tap(x: 0, y: 0, weight: 1e30)], gain: 1e10), SparseFilter(chain: TapChain(model: .integer, layers: [])),
    ])
  func brokenFilters(filter: SparseFilter) throws {
    let error = try #require(throws: ApplyError.self) { _ = try ApplyPlan(filter, width: 6) }
    guard case .filter(let cause) = error else {
      Issue.record("\(error)")
      return
    }
    #expect(error.description == cause.description)
  }

  @Test("a factor that there is not")
  func rates() {
    var filter = Self.mean
    filter.rate = Resampling(factor: 0)
    #expect(throws: ApplyError.self) { try ApplyPlan(filter, width: 3) }
    #expect(throws: ApplyError.self) { try ReferenceApply.apply(filter, to: Plane(width: 3, height: 3)) }
  }

  @Test(
    "non-finite pixels are refused with the first position, channel by channel",
    arguments: [Float.nan, .infinity, -.infinity])
  func nonFinite(value: Float) throws {
    var (first, second) = (Self.plane, Self.plane)
    first[5, 4] = value
    second[2, 3] = value
    second[1, 4] = value
    let plan = try ApplyPlan(Self.mean, width: Self.plane.width)
    let error = try #require(throws: ApplyError.self) {
      _ = try plan.apply(to: Image(planes: [Self.plane, second, first]))
    }
    guard case .nonFinitePixel(let channel, let x, let y, let found) = error else {
      Issue.record("\(error)")
      return
    }
    #expect(channel == 1 && x == 2 && y == 3 && found.bitPattern == value.bitPattern)
    #expect(error.description.contains("channel 1") && error.description.contains("column 2, row 3"))
  }

  @Test("or taken as 0, or kept")
  func nonFinitePolicies() throws {
    var (dirty, zeroed) = (Self.plane, Self.plane)
    dirty[2, 3] = .nan
    zeroed[2, 3] = 0
    let plan = try ApplyPlan(Self.mean, width: Self.plane.width)
    #expect(
      try plan.apply(toPlane: dirty, options: ApplyOptions(nonfinite: .zero)) == plan.apply(toPlane: zeroed))
    let kept = try plan.apply(toPlane: dirty, options: ApplyOptions(nonfinite: .keep))
    let expected: Set = [PixelOffset(x: 2, y: 3), PixelOffset(x: 3, y: 3)]
    for y in 0..<5 {
      for x in 0..<6 { #expect(kept[x, y].isNaN == expected.contains(PixelOffset(x: x, y: y))) }
    }
  }

  @Test("planes without pixels or with values that do not fit their size")
  func malformedPlanes() throws {
    var short = Self.plane
    short.values.removeLast()
    for plane in [Plane<Float>(width: 0, height: 0), Plane<Float>(width: 0, height: 4), short] {
      let expected = ApplyError.malformedPlane(
        channel: 0, width: plane.width, height: plane.height, count: plane.values.count)
      #expect(throws: expected) { try ApplyPlan(Self.mean, width: 6).apply(toPlane: plane) }
      var double = Plane<Double>(width: plane.width, height: plane.height)
      double.values = plane.values.map { Double($0) }
      #expect(throws: expected) { try ReferenceApply.apply(Self.mean, to: double) }
    }
  }

  @Test("a border constant that is no number")
  func nonFiniteBorder() throws {
    for value in [Float.nan, .infinity] {
      let error = try #require(throws: ApplyError.self) {
        _ = try ApplyPlan(Self.mean, width: Self.plane.width).apply(
          toPlane: Self.plane, options: ApplyOptions(border: .constant(value)))
      }
      #expect(error.description == "the border's constant is \(value): it must be finite")
    }
  }

  @Test("weights that cancel have nothing to normalize by")
  func zeroSum() throws {
    let edge = Self.filter([Tap(x: 0, y: 0, weight: 1), Tap(x: 1, y: 0, weight: -1)])
    let kernel = try Kernel(name: "edge", values: Plane(width: 3, height: 1, values: [1, 0, -1]))
    let normalized = ApplyOptions(border: .normalized)
    #expect(throws: ApplyError.zeroSumNormalized(sum: 0)) {
      try ApplyPlan(edge, width: Self.plane.width).apply(toPlane: Self.plane, options: normalized)
    }
    #expect(throws: ApplyError.zeroSumNormalized(sum: 0)) {
      try DenseApply(kernel).apply(toPlane: Self.plane, options: normalized)
    }
    #expect(throws: ApplyError.zeroSumNormalized(sum: 0)) {
      try ReferenceApply.apply(edge, to: Plane(width: 6, height: 5), border: .normalized)
    }
  }

  @Test(
    "nothing is divided by a sum that Float cannot hold, or whose inverse it cannot", arguments: [1e-40, -1e-39, 1e38])
  func sumsBeyondFloat(gain: Double) throws {
    var filter = Self.filter([Tap(x: 0, y: 0, weight: 1)])
    filter.gain = gain
    let plan = try ApplyPlan(filter, width: Self.plane.width)
    let opaque = Plane<Float>(width: Self.plane.width, height: Self.plane.height, repeating: 1)
    let image = try Image(planes: [opaque, opaque], alphaIndex: 1)
    let error = try #require(throws: ApplyError.self) { try plan.apply(to: image) }
    #expect(error == .sumBeyondFloat(gain))
    #expect(error.description.contains("\(gain)") && error.description.contains("1.1754944e-38"))
    #expect(throws: ApplyError.sumBeyondFloat(gain)) {
      try plan.apply(toPlane: opaque, options: ApplyOptions(border: .normalized))
    }
    // Nothing is divided here.
    #expect(try plan.apply(toPlane: opaque).values.allSatisfy { $0 == Float(gain) })
  }

  @Test("sums of the smallest and largest size that can be divided by", arguments: [0x1p-126, -0x1p-126, 0x1p126])
  func sumsWithinFloat(gain: Double) throws {
    var filter = Self.filter([Tap(x: 0, y: 0, weight: 1)])
    filter.gain = gain
    let opaque = Plane<Float>(width: 6, height: 5, repeating: 1)
    let image = try Image(planes: [opaque, opaque], alphaIndex: 1)
    let result = try ApplyPlan(filter, width: 6).apply(to: image)
    #expect(result.planes[1] == opaque)
    #expect(result.planes[0].values.allSatisfy { $0 == Float(gain) })
  }

  @Test("a chain whose layers together reach 260,000 pixels is refused, not tried")
  func workingSet() throws {
    let far = SparseFilter.maximumOffset
    let layer = TapLayer([Tap(x: far, y: far, weight: 0.5), Tap(x: -far, y: -far, weight: 0.5)])
    let filter = SparseFilter(
      chain: TapChain(
        model: .integer, layers: Array(repeating: layer, count: SparseFilter.maximumLayerCount)))
    let error = try #require(throws: ApplyError.self) {
      _ = try ApplyPlan(filter, width: Self.plane.width).apply(toPlane: Self.plane)
    }
    guard case .workingSet(let bytes, let limit) = error else {
      Issue.record("\(error)")
      return
    }
    #expect(bytes > limit)
    #expect(throws: ApplyError.self) { try ReferenceApply.apply(filter, to: Plane(width: 6, height: 5)) }
  }

  @Test("a basis has no radius of blur where it has no parameter", arguments: [-1, 1, .max])
  func radiusAxis(index: Int) throws {
    let basis = VaryingSamples.basis(.outputs, shape: [3], seed: 7)
    let error = ApplyError.noRadiusAxis(index, names: ["axis 0"])
    #expect(throws: error) { try DepthOfField(basis, radiusAxis: index) }
    #expect("\(error)".contains("no parameter \(index)"))
  }

  @Test("progress rises to 1, once a band")
  func progress() throws {
    let seen = Mutex<[Double]>([])
    var options = ApplyOptions(threads: 4, progress: { fraction in seen.withLock { $0.append(fraction) } })
    options.bandHeight = 2
    let image = try Image(planes: [Self.plane, Self.plane])
    _ = try ApplyPlan(Self.mean, width: image.width).apply(to: image, options: options)
    // Two planes, three bands each, of 2, 2 and 1 rows.
    let fractions = seen.withLock { $0 }
    #expect(fractions.count == 6 && fractions == fractions.sorted() && fractions.last == 1)
  }

  @Test("progress never goes back, though an image whose sums overflow is begun again")
  func progressOfOverflow() throws {
    let seen = Mutex<[Double]>([])
    var options = ApplyOptions(threads: 1, progress: { fraction in seen.withLock { $0.append(fraction) } })
    options.bandHeight = 1
    var plane = Plane<Float>(width: 6, height: 8, repeating: 1)
    plane[3, 6] = .greatestFiniteMagnitude
    let doubled = Self.filter([Tap(x: 0, y: 0, weight: 2)])
    let result = try ApplyPlan(doubled, width: 6).apply(toPlane: plane, options: options)
    #expect(result[3, 6] == .infinity && result[3, 7] == 2)
    let fractions = seen.withLock { $0 }
    #expect(fractions == (1...8).map { Double($0) / 8 })
  }

  @Test("a cancellation ends the work between bands")
  func cancellation() throws {
    let cancellation = Cancellation()
    let bands = Mutex(0)
    var options = ApplyOptions(
      threads: 1,
      progress: { _ in
        bands.withLock { $0 += 1 }
        cancellation.cancel()
      }, cancellation: cancellation)
    options.bandHeight = 1
    #expect(throws: ApplyError.cancelled) {
      try ApplyPlan(Self.mean, width: Self.plane.width).apply(toPlane: Self.plane, options: options)
    }
    #expect(bands.withLock { $0 } == 1)
  }
}
