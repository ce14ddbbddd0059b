import FewtapCore
import FewtapEngine
import FewtapFit
import FewtapSynthesis
import FewtapTargets
import Foundation
import TestSupport
import Testing

@Suite("The planner gives what is asked of it")
struct PlannerTests {
  private func kernel(_ text: String) throws -> Kernel { try KernelSpecification(text).makeKernel() }

  private func plan(_ kernel: Kernel, _ demand: PlanOptions.Demand, _ change: (inout PlanOptions) -> Void = { _ in })
    throws -> Plan
  {
    var options = PlanOptions(demand)
    change(&options)
    return try Planner(kernel, options).run()
  }

  /// Pixels whose power falls as the square of the frequency, as photographs' does, of the mean square of theirs.
  private func image(side: Int, seed: UInt64) throws -> Plane<Float> {
    let grid = GridTransform(minimumSize: side)
    var random = SeededGenerator(seed: seed)
    var spectrum = grid.forward((0..<grid.size * grid.size).map { _ in random.normal() })
    let density = PhotoSpectrum.quarters(side: grid.size)
    let amplitude = grid.tabulate { fx, fy in
      let (x, y) = (Int((abs(fx) * Double(grid.size)).rounded()), Int((fy * Double(grid.size)).rounded()))
      return x == 0 && y == 0 ? 0 : (density.reduce(0) { $0 + $1[x, y] } / Double(density.count)).squareRoot()
    }
    for i in spectrum.re.indices {
      spectrum.re[i] *= amplitude[i]
      spectrum.im[i] *= amplitude[i]
    }
    return try Plane(width: grid.size, height: grid.size, values: grid.inverse(spectrum).map { Float($0) })
  }

  @Test(
    "the error asked for, as predicted and as filtering gives it",
    arguments: ["disk:radius=20", "heart:size=45", "star:points=5,radius=22", "gaussian:sigma=5"], [58.0, 66.0])
  func error(text: String, decibels: Double) throws {
    let kernel = try kernel(text)
    let plan = try plan(kernel, .error(decibels: decibels))
    let filter = plan.result.filter
    let predicted = try FilterAccuracy(of: filter, against: kernel).photo.mean
    #expect(predicted >= decibels && predicted == plan.result.summary.accuracy.photo.mean)
    #expect(filter.fit?.recipe == Planner.recipe && filter.kernel == KernelReference(kernel))

    let image = try image(side: 240, seed: 3)
    let options = ApplyOptions(border: .wrap)
    let found = try ApplyPlan(filter, width: image.width).apply(toPlane: image, options: options)
    let truth = try DenseApply(kernel).apply(toPlane: image, options: options)
    let square = zip(found.values, truth.values).reduce(0.0) { $0 + Double($1.0 - $1.1) * Double($1.0 - $1.1) }
    // The power of the mean over the photographs is that of the worst at most, which is 3 to 4 dB below their mean PSNR.
    #expect(-10 * log10(square / Double(truth.values.count)) >= plan.result.summary.accuracy.photo.worst - 1)
  }

  @Test("the front rises, has the chosen one, and nothing in it does as well for less")
  func front() throws {
    let plan = try plan(kernel("disk:radius=12"), .error(decibels: 60))
    let chosen = plan.front[plan.chosen]
    #expect(chosen.filter.chain == plan.result.filter.chain && chosen.filter.rate == plan.result.filter.rate)
    for (a, b) in zip(plan.front, plan.front.dropFirst()) {
      #expect(a.milliseconds <= b.milliseconds && a.accuracy.photo.mean < b.accuracy.photo.mean)
    }
    #expect(!plan.front.contains { $0.accuracy.photo.mean >= 60 && $0.milliseconds < chosen.milliseconds })
    #expect(plan.considered > plan.front.count && plan.reason.contains("60"))
  }

  @Test("the cost asked for, by the model; more of it is no worse")
  func cost() throws {
    let (kernel, costs) = (try kernel("disk:radius=12"), CostModel.builtIn(.cpu))
    var last = 0.0
    for milliseconds in [0.6, 1.0, 2.0] {
      let plan = try plan(kernel, .cost(milliseconds: milliseconds))
      #expect(costs.milliseconds(plan.result.filter) <= milliseconds)
      #expect(plan.result.summary.accuracy.photo.mean >= last)
      last = plan.result.summary.accuracy.photo.mean
    }
    #expect(last > 65)
  }

  @Test("a thorough search finds a cheaper filter, the same on any number of threads")
  func thorough() throws {
    let kernel = try kernel("star:points=4,radius=10")
    let quick = try plan(kernel, .error(decibels: 64))
    let plans = try [1, 3].map { threads in
      try plan(kernel, .error(decibels: 64)) { ($0.isThorough, $0.threads) = (true, threads) }
    }
    let costs = CostModel.builtIn(.cpu)
    #expect(costs.milliseconds(plans[0].result.filter) < costs.milliseconds(quick.result.filter))
    #expect(plans[0].result.summary.accuracy.photo.mean >= 64)
    #expect(plans[0].result.filter == plans[1].result.filter)
  }

  @Test("an exact shift forbids lower rates")
  func exactShift() throws {
    let kernel = try kernel("disk:radius=10")
    let free = try plan(kernel, .error(decibels: 60))
    #expect(free.result.filter.rate != nil)
    let exact = try plan(kernel, .error(decibels: 60)) { $0.exactShift = true }
    #expect(exact.front.allSatisfy { $0.filter.rate == nil })
    #expect(exact.result.summary.accuracy.photo.mean >= 60 && exact.result.summary.accuracy.flicker == 0)
  }

  @Test("points of light are kept where that is asked")
  func pointLight() throws {
    let kernel = try kernel("disk:radius=20")
    let free = try plan(kernel, .error(decibels: 58)).result.summary.accuracy
    let bounds = PlanOptions.PointLight.clean
    #expect(free.flicker > bounds.flicker, "the bound is no test if it holds anyhow")
    let kept = try plan(kernel, .error(decibels: 58)) { $0.pointLight = bounds }.result.summary.accuracy
    #expect(kept.flicker <= bounds.flicker && kept.relativeError <= bounds.relativeError && kept.photo.mean >= 58)
  }

  @Test("a small kernel runs as it is")
  func direct() throws {
    let kernel = try kernel("disk:radius=2")
    let plan = try plan(kernel, .error(decibels: 60))
    #expect(plan.front[plan.chosen].method == .direct && plan.result.filter.chain.tapCount == kernel.supportCount)
    #expect(try plan.result.filter.effectiveKernel().values.values.count { $0 != 0 } == kernel.supportCount)
  }

  @Test("a separable kernel runs as a row and a column, to the last bit where that is asked")
  func separable() throws {
    let kernel = try kernel("gaussian:sigma=4")
    let plan = try plan(kernel, .error(decibels: 120))
    let chosen = plan.front[plan.chosen]
    #expect(chosen.method == .separable && chosen.filter.rate == nil && chosen.accuracy.photo.mean >= 120)
    #expect(chosen.filter.chain.layers[0].taps.allSatisfy { $0.y == 0 })
    #expect(chosen.filter.chain.layers[1].taps.allSatisfy { $0.x == 0 })
  }

  @Test(
    "never slower than the obvious thing",
    arguments: ["gaussian:sigma=2", "gaussian:sigma=20", "box:width=15,height=9"])
  func obvious(text: String) throws {
    let kernel = try kernel(text)
    let chosen = try plan(kernel, .error(decibels: 60)).result.filter
    let (columns, rows) = (kernel.supportBounds.width, kernel.supportBounds.height)
    let row = TapLayer((0..<columns).map { Tap(x: Double($0), y: 0, weight: 1) })
    let column = TapLayer((0..<rows).map { Tap(x: 0, y: Double($0), weight: 1) })
    let costs = CostModel.builtIn(.cpu)
    #expect(
      costs.milliseconds(chosen)
        <= costs.milliseconds(SparseFilter(chain: TapChain(model: .integer, layers: [row, column]))))
  }

  @Test("the cost hardly depends on the radius")
  func radii() throws {
    let costs = try [8.0, 20, 48].map { radius in
      let plan = try plan(Kernel.disk(radius: radius), .error(decibels: 60))
      return plan.front[plan.chosen].milliseconds
    }
    #expect((costs.max() ?? 0) <= 1.5 * (costs.min() ?? 0))
  }

  @Test("a seed gives the same plan on any number of threads")
  func determinism() throws {
    let kernel = try kernel("star:points=5,radius=12")
    let plans = try [1, 2, 5].map { threads in
      try plan(kernel, .error(decibels: 66)) { ($0.threads, $0.seed) = (threads, 9) }
    }
    #expect(plans[1] == plans[0] && plans[2] == plans[0])
  }

  @Test("a graphics processor gets bilinear taps, two neighbors in one, and the same kernel")
  func graphics() throws {
    let kernel = try kernel("disk:radius=12")
    var options = PlanOptions(.error(decibels: 60), costs: .builtIn(.gpu))
    options.seed = 2
    let plan = try Planner(kernel, options).run()
    #expect(plan.result.filter.chain.model == .bilinear)
    #expect(try FilterAccuracy(of: plan.result.filter, against: kernel).photo.mean >= 60)
    let direct = try #require(plan.front.first { $0.method == .direct })
    #expect(direct.filter.chain.tapCount < kernel.supportCount * 6 / 10)
    let effective = try direct.filter.effectiveKernel()
    let largest = kernel.values.values.max() ?? 0
    kernel.forEachOffset { x, y, weight in
      let found = effective.values[x + effective.center.x, y + effective.center.y]
      // A pair of neighbors is read to 1/512 of a pixel near where it lies.
      #expect(abs(found - weight) <= 2 * largest / 512 + gamma(kernel.supportCount) * kernel.absoluteSum, "\(x) \(y)")
    }
    for tap in plan.front.flatMap({ $0.filter.chain.layers.flatMap(\.taps) }) {
      #expect(tap.x * 256 == (tap.x * 256).rounded() && tap.y * 256 == (tap.y * 256).rounded())
    }
  }

  @Test("what half floats cannot hold, or round too much for, is refused with the figures")
  func halfFloats() throws {
    let box = try kernel("box:width=3")
    var options = PlanOptions(.error(decibels: 90), costs: .builtIn(.gpu))
    do {
      _ = try Planner(box, options).run()
      Issue.record("half floats round by more")
    } catch PlanError.halfNoise(let asked, let best, let inFloats) {
      // One pass that stores 11 bits of numbers up to 1: 2^-11 / sqrt(12).
      #expect(asked == 90 && abs(best - 77.02) < 0.01 && inFloats > 150)
    }
    options.gpu.format = .float
    #expect(try Planner(box, options).run().result.summary.accuracy.photo.mean >= 90)
    options.gpu.format = .half
    let loud = try box.scaled(by: 1e5)
    do {
      _ = try Planner(loud, options).run()
      Issue.record("half floats end at 65504")
    } catch PlanError.halfRange(let largest) {
      #expect(abs(largest - 0.65504) < 1e-9)
    }
  }

  @Test("signed kernels, and kernels whose weights cancel")
  func signed() throws {
    for text in ["sharpen", "log:sigma=4"] {
      let kernel = try kernel(text)
      let plan = try plan(kernel, .error(decibels: 60))
      #expect(try FilterAccuracy(of: plan.result.filter, against: kernel).photo.mean >= 60, "\(text)")
    }
  }

  @Test("what cannot be is refused")
  func refusals() throws {
    let kernel = try kernel("disk:radius=12")
    for value in [0, -1, Double.nan, .infinity] {
      #expect(throws: PlanError.self) { try Planner(kernel, PlanOptions(.error(decibels: value))) }
      #expect(throws: PlanError.self) { try Planner(kernel, PlanOptions(.cost(milliseconds: value))) }
    }
    #expect(throws: PlanError.outOfReach(asked: 1000, best: 300)) { try plan(kernel, .error(decibels: 1000)) }
    do {
      _ = try plan(kernel, .cost(milliseconds: 0.001))
      Issue.record("nothing is so cheap")
    } catch PlanError.tooCheap(_, let least) {
      #expect(least > 0.1 && least < 1)
    }
    #expect(throws: PlanError.cancelled) {
      let cancellation = Cancellation()
      cancellation.cancel()
      _ = try Planner(Kernel.disk(radius: 60), PlanOptions(.cost(milliseconds: 0.001)), cancellation: cancellation)
        .run()
    }
    #expect(throws: FitError.self) { try Planner(kernel.scaled(by: 1e-200), PlanOptions(.error(decibels: 60))) }
  }
}
