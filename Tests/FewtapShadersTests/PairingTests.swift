import FewtapCore
import FewtapEngine
import FewtapFit
import FewtapShaders
import TestSupport
import Testing

/// Two whole texels that the texture unit reads at once.
@Suite("Shaders and pairs of taps")
struct PairingTests {
  /// Filters with neighbors to pair: a box in one layer, two layers of crosses, and lower rates with every spline.
  private static func filters() -> [(String, SparseFilter)] {
    func layer(_ offsets: [(Int, Int)]) -> TapLayer {
      // No two weights alike, so that a pair the wrong way round shows.
      let sum = Double(offsets.count * (offsets.count + 1) / 2)
      return TapLayer(
        offsets.enumerated().map { Tap(x: Double($1.0), y: Double($1.1), weight: Double($0 + 1) / sum) })
    }
    let box = layer((-1...2).flatMap { y in (-2...2).map { ($0, y) } })
    let cross = layer([(-3, 0), (-1, 0), (0, 0), (0, 1), (0, -1), (1, 0), (4, 2)])
    var signed = layer([(0, 0), (1, 0), (2, 0), (2, 1)])
    signed.taps[1].weight *= -1
    func chain(_ layers: [TapLayer]) -> TapChain { TapChain(model: .integer, layers: layers) }
    return [
      ("box", SparseFilter(chain: chain([box]))), ("crosses", SparseFilter(chain: chain([cross, cross]), gain: 0.7)),
      ("signed", SparseFilter(chain: chain([box, signed]))),
      ("/2", SparseFilter(chain: chain([cross]), rate: Resampling(factor: 2))),
      (
        "/3 cubic",
        SparseFilter(chain: chain([box]), rate: Resampling(factor: 3, prefilter: .cubic, interpolator: .cubic))
      ),
      (
        "/4 linear",
        SparseFilter(
          chain: chain([cross, signed]), rate: Resampling(factor: 4, prefilter: .quadratic, interpolator: .linear))
      ),
    ]
  }

  @Test("give what the reference gives, with every border, stage, and form of constants")
  func conformance() throws {
    var (cases, random) = ([FilterConformanceTests.Case](), SeededGenerator(seed: 651))
    for (name, filter) in Self.filters() {
      for border in FilterConformanceTests.borders {
        let number = cases.count
        var options = ShaderOptions()
        options.prefix = "p\(number)_"
        (options.border, options.format) = (border, number % 5 == 4 && border != .normalized ? .half : .float)
        options.pairing = options.format == .half ? .automatic : .always
        options.constants = [.unrolled, .table, .texture][number % 3]
        let stage: ShaderStage = number / 2 % 2 == 0 ? .compute : .fragment
        let (width, height) = number % 4 == 1 ? (7, 5) : (37, 29)
        let image = FilterConformanceTests.image(&random, width, height)
        let program = try ShaderProgram(filter, options: options)
        let job = MetalRun.Job(
          label: "pairs, \(name), \(border), \(options.constants), \(stage), \(options.format)", program: program,
          stage: stage, width: width, height: height, image: FilterConformanceTests.texels(image))
        let expected = try image.map { try ReferenceApply.apply(filter, to: $0, border: border) }
        cases.append(
          FilterConformanceTests.Case(
            job: job, expected: expected, tolerance: FilterConformanceTests.promised(options.format)))
      }
    }
    try FilterConformanceTests.expectConformance(cases)
  }

  @Test("take as many fetches as the planner counts, about half of those alone")
  func fetches() throws {
    for (name, filter) in Self.filters() + FilterConformanceTests.filters() {
      var options = ShaderOptions()
      let paired = try ShaderProgram(filter, options: options)
      let counted = GPUWork(filter)
      #expect(paired.passes.count == counted.passes, "\(name)")
      // Sums of a few fractions.
      #expect(abs(paired.work.fetches - counted.fetches) <= gamma(16) * counted.fetches, "\(name)")
      #expect(abs(paired.work.bytes - counted.bytes) <= gamma(16) * counted.bytes, "\(name)")
      options.pairing = .never
      let single = try ShaderProgram(filter, options: options)
      #expect(single.work.fetches >= paired.work.fetches, "\(name)")
      if name == "box" { #expect(single.work.fetches == 20 && paired.work.fetches == 10) }
      options.format = .float
      options.pairing = .automatic
      #expect(try ShaderProgram(filter, options: options).work.fetches == single.work.fetches, "\(name)")
    }
  }

  @Test("are not worth a pass that extends the image, unless there are many")
  func extensions() throws {
    var options = ShaderOptions()
    options.border = .mirror
    let few = Self.filters()[1].1
    let many = Self.filters()[0].1
    #expect(try ShaderProgram(few, options: options).passes.map(\.name) == ["layer1", "layer2"])
    #expect(try ShaderProgram(many, options: options).passes.map(\.name) == ["extend", "layer1"])
  }

  @Test(
    "are off by no more than the text says where fractions have 8 bits",
    .enabled(if: MetalRun.compiler != nil, "needs clang++"))
  func fractions() throws {
    var random = SeededGenerator(seed: 652)
    var rounding = MetalRun()
    rounding.fractionBits = 8
    var (jobs, bounds) = ([MetalRun.Job](), [Double]())
    for (name, filter) in Self.filters() + FilterConformanceTests.filters() {
      var options = ShaderOptions()
      (options.prefix, options.format, options.pairing) = ("f\(jobs.count)_", .float, .always)
      let image = FilterConformanceTests.image(&random, 37, 29)
      let program = try ShaderProgram(filter, options: options)
      jobs.append(
        MetalRun.Job(
          label: name, program: program, stage: .compute, width: 37, height: 29,
          image: FilterConformanceTests.texels(image)))
      bounds.append(try #require(program.fractionError()))
    }
    let (rounded, exact) = (try rounding.results(jobs), try MetalRun().results(jobs))
    for (index, job) in jobs.enumerated() {
      let worst = zip(rounded[index], exact[index]).map { abs(Double($0) - Double($1)) }.max() ?? .infinity
      #expect(worst <= bounds[index] + FilterConformanceTests.promised(.float), "\(job.label)")
      // Roundings go both ways, and what they meet is noise: a hundredth of the bound and more is left.
      if bounds[index] > 1e-4 { #expect(worst > bounds[index] / 100, "\(job.label): \(worst) of \(bounds[index])") }
    }
    #expect(bounds.contains { $0 > 1e-4 })
  }
}
