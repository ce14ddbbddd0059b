import FewtapCore
import FewtapEngine
import FewtapFit
import FewtapShaders
import FewtapTargets
import TestSupport
import Testing

/// What fits for graphics processors promise, held to text that runs with their roundings.
@Suite("Fits for graphics processors", .enabled(if: MetalRun.compiler != nil, "needs clang++"))
struct GPUFitTests {
  /// What text makes of a point of light where the texture unit keeps so many bits of a place.
  private static func executed(_ filter: SparseFilter, fractionBits: Int?) throws -> Kernel {
    let side = 2 * filter.bounds.reach + 3
    var options = ShaderOptions()
    options.format = .float
    var point = [Float](repeating: 0, count: 4 * side * side)
    point[4 * (side / 2 * side + side / 2)] = 1
    let job = MetalRun.Job(
      label: "point", program: try ShaderProgram(filter, options: options), stage: .compute, width: side, height: side,
      image: point)
    var runner = MetalRun()
    runner.fractionBits = fractionBits
    let texels = try runner.results([job])[0]
    return try Kernel(
      name: "executed", values: Plane(width: side, height: side) { x, y in Double(texels[4 * (y * side + x)]) },
      center: PixelOffset(x: side / 2, y: side / 2))
  }

  @Test("the error that is told is that of 8 bits between texels; without them it would not be")
  func fractions() throws {
    let kernel = try Kernel.disk(radius: 7)
    var options = FitOptions()
    (options.tapModel, options.budget, options.effort) = (.bilinear, .layout(try Layout([40, 8])), .fast)
    let exact = try Fit(kernel, options).run()
    // Few bits, so that they matter.
    options.fractionBits = 4
    let fitted = try Fit(kernel, options).run()
    for tap in fitted.filter.chain.layers.flatMap(\.taps) {
      #expect(tap.x * 16 == (tap.x * 16).rounded() && tap.y * 16 == (tap.y * 16).rounded())
    }
    let gauge = AccuracyGauge(kernel)
    let (promised, told) = (fitted.summary.accuracy.photo.mean, exact.summary.accuracy.photo.mean)
    let got = try gauge.accuracy(ofKernel: Self.executed(fitted.filter, fractionBits: 4)).photo.mean
    // Floats' rounding is below 100 dB.
    #expect(abs(got - promised) < 0.05, "\(got), promised \(promised)")
    let spoiled = try gauge.accuracy(ofKernel: Self.executed(exact.filter, fractionBits: 4)).photo.mean
    #expect(spoiled < told - 1, "\(spoiled), told \(told)")
    let predicted = try gauge.accuracy(of: exact.filter.rounded(toFractionBits: 4)).photo.mean
    #expect(abs(spoiled - predicted) < 0.05, "\(spoiled), predicted \(predicted)")
    // Weights fitted to the rounded places make good for some of it.
    #expect(promised > spoiled + 0.5, "\(promised), \(spoiled)")
  }

  @Test("a plan's filter does what the plan says, at full and lower rates")
  func plans() throws {
    for (text, rate) in [("disk:radius=6", true), ("disk:radius=16", false)] {
      let kernel = try KernelSpecification(text).makeKernel()
      var options = PlanOptions(.error(decibels: 60), costs: .builtIn(.gpu))
      options.exactShift = rate
      let plan = try Planner(kernel, options).run()
      let filter = plan.result.filter
      guard filter.rate == nil else {
        // A point has a kernel a phase; the text's is the one of its place.
        let side = try Self.executed(filter, fractionBits: 8)
        let told = try filter.phaseKernel(x: side.center.x, y: side.center.y)
        let worst = Self.difference(side, told)
        // Pairs of the splines' weights are read to 1/512, each of at most the brightest place of the kernel.
        #expect(worst <= 2.0 / 512 * (told.values.values.map(abs).max() ?? 0) * 4, "\(text): \(worst)")
        continue
      }
      let got = try AccuracyGauge(kernel).accuracy(ofKernel: Self.executed(filter, fractionBits: 8)).photo.mean
      #expect(abs(got - plan.result.summary.accuracy.photo.mean) < 0.05, "\(text)")
    }
  }

  private static func difference(_ a: Kernel, _ b: Kernel) -> Double {
    var worst = 0.0
    a.forEachOffset { x, y, weight in
      let (column, row) = (x + b.center.x, y + b.center.y)
      let isInside = (0..<b.width).contains(column) && (0..<b.height).contains(row)
      worst = max(worst, abs(weight - (isInside ? b.values[column, row] : 0)))
    }
    return worst
  }

  @Test("half floats' noise is what is predicted, and an image beyond their range overflows")
  func halfFloats() throws {
    var random = SeededGenerator(seed: 661)
    let low = Resampling(factor: 3)
    let filters: [(String, SparseFilter)] = [
      ("one layer", SparseFilter(chain: random.chain(.integer, layout: [30], reach: 5))),
      ("three layers", SparseFilter(chain: random.chain(.bilinear, layout: [12, 6, 4], reach: 4))),
      ("gain", SparseFilter(chain: random.chain(.integer, layout: [6, 4], reach: 4), gain: 40)),
      ("lower rate", SparseFilter(chain: random.chain(.integer, layout: [9, 4], reach: 2), rate: low)),
    ]
    // Numbers that half floats hold, so that only passes round.
    let image = (0..<4).map { _ in
      Plane<Double>(width: 96, height: 96) { _, _ in (1024 + Double(random.index(1024))) / 2048 }
    }
    var jobs: [MetalRun.Job] = []
    for (name, filter) in filters {
      var options = ShaderOptions()
      (options.prefix, options.border, options.pairing) = ("h\(jobs.count)_", .wrap, .never)
      jobs.append(
        MetalRun.Job(
          label: name, program: try ShaderProgram(filter, options: options), stage: .fragment, width: 96, height: 96,
          image: FilterConformanceTests.texels(image)))
    }
    for (item, result) in zip(filters, try MetalRun().results(jobs)) {
      let expected = try image.map { try ReferenceApply.apply(item.1, to: $0, border: .wrap) }
      var square = 0.0
      for (channel, plane) in expected.enumerated() {
        for index in plane.values.indices {
          let error = Double(result[4 * index + channel]) - plane.values[index]
          square += error * error / Double(4 * plane.values.count)
        }
      }
      let storage = try HalfStorage(item.1)
      let excess = 10 * logarithm10(square / (storage.noise * storage.noise))
      // Sums gather about their mean: where that lies beside a power of two, and not in the middle of two, steps are of one kind.
      let least = item.1.rate == nil && item.1.gain == 1 ? -1.5 : -4
      #expect((least...1.5).contains(excess), "\(item.0): \(excess) dB")
    }
  }

  @Test("images beyond half floats' range overflow, and up to it they do not")
  func range() throws {
    let layer = TapLayer((0..<4).map { Tap(x: Double($0), y: 0, weight: 0.25) })
    let filter = SparseFilter(chain: TapChain(model: .integer, layers: [layer, layer]), gain: 50)
    let storage = try HalfStorage(filter)
    #expect(storage.largest == 65504.0 / 50)
    for (factor, overflows) in [(0.99, false), (1.01, true)] {
      let value = Float(storage.largest * factor)
      let job = MetalRun.Job(
        label: "range", program: try ShaderProgram(filter), stage: .compute, width: 9, height: 9,
        image: [Float](repeating: value, count: 4 * 9 * 9))
      #expect(try MetalRun().results([job])[0].contains { $0.isInfinite } == overflows)
    }
  }
}
