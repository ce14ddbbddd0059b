import FewtapCore
import FewtapEngine
import FewtapShaders
import TestSupport
import Testing

/// Shader text of filters, executed, against the reference.
@Suite("Shaders of filters")
struct FilterConformanceTests {
  /// What the project promises of a shader against the CPU's reference, images up to 1: METHOD.md section 9.
  static func promised(_ format: TexelFormat) -> Double { format == .float ? 1e-5 : 2e-3 }

  static let borders: [BorderRule] = [.clamp, .mirror, .wrap, .constant(0.75), .normalized]

  /// Filters of every kind: whole and real offsets, one layer and three, lower rates, a gain.
  static func filters() -> [(String, SparseFilter)] {
    var random = SeededGenerator(seed: 601)
    let rates: [(String, Resampling?)] = [
      ("", nil), (" /2", Resampling(factor: 2)),
      (" /3 cubic", Resampling(factor: 3, prefilter: .cubic, interpolator: .cubic)),
      (" /4 linear", Resampling(factor: 4, prefilter: .quadratic, interpolator: .linear)),
    ]
    var filters: [(String, SparseFilter)] = []
    for (rateName, rate) in rates {
      for (model, layout) in [(TapModel.integer, [7, 3]), (.bilinear, [6]), (.bilinear, [5, 4, 3])] {
        let chain = random.chain(model, layout: layout, reach: rate == nil ? 5 : 2.5)
        filters.append(("\(model) \(layout)\(rateName)", SparseFilter(chain: chain, rate: rate, gain: 0.8)))
      }
    }
    return filters
  }

  /// A job and what its output must be.
  struct Case {
    var job: MetalRun.Job
    var expected: [Plane<Double>]
    var tolerance: Double
  }

  static func image(_ random: inout SeededGenerator, _ width: Int, _ height: Int) -> [Plane<Double>] {
    (0..<4).map { _ in
      let plane: Plane<Float> = random.plane(width: width, height: height, in: 0...1)
      return plane.map { Double($0) }
    }
  }

  static func texels(_ planes: [Plane<Double>]) -> [Float] {
    planes[0].values.indices.flatMap { index in planes.map { Float($0.values[index]) } }
  }

  /// Holds what every language's text gives to what is expected.
  static func expectConformance(_ cases: [Case]) throws {
    for runner in ShaderRunners.available { try expectConformance(cases, by: runner) }
  }

  /// Holds what one of them gives to what is expected.
  static func expectConformance(_ cases: [Case], by runner: any ShaderRunner) throws {
    let results = try runner.results(cases.map(\.job))
    for (item, result) in zip(cases, results) { expectConformance(item, result, runner.name) }
  }

  private static func expectConformance(_ item: Case, _ result: [Float], _ language: String) {
    var worst = (difference: 0.0, place: "")
    for (channel, plane) in item.expected.enumerated() {
      for index in plane.values.indices {
        let difference = abs(Double(result[4 * index + channel]) - plane.values[index])
        // NaN, which texels have that nothing wrote or that lie outside, is never near.
        guard !(difference <= worst.difference) else { continue }
        worst = (
          difference.isNaN ? .infinity : difference,
          "channel \(channel) at (\(index % plane.width), \(index / plane.width))"
        )
      }
    }
    #expect(worst.difference <= item.tolerance, "\(language), \(item.job.label): \(worst.difference) \(worst.place)")
  }

  @Test("a tile that a group shares changes nothing, with every border, form of constants and alpha")
  func tiles() throws {
    var (cases, random) = ([Case](), SeededGenerator(seed: 603))
    for (name, filter) in Self.filters() {
      for border in Self.borders {
        let number = cases.count
        var options = ShaderOptions()
        options.prefix = "t\(number)_"
        (options.border, options.format, options.sampling, options.usesTile) = (border, .float, .fetch, true)
        options.constants = [.unrolled, .table, .texture][number % 3]
        let (width, height) = number % 4 == 1 ? (7, 5) : (37, 29)
        let image = Self.image(&random, width, height)
        let program = try ShaderProgram(filter, options: options)
        // Every pass that reads more than one texel: layers, decimation and interpolation.
        let shared = program.passes.filter { pass in
          program.text(of: pass, in: .msl, .compute).contains("threadgroup_barrier")
        }
        #expect(shared.map(\.name) == program.passes.map(\.name), "\(name)")
        let job = MetalRun.Job(
          label: "tile, \(name), \(border), \(options.constants)", program: program, stage: .compute, width: width,
          height: height, image: Self.texels(image))
        let expected = try image.map { try ReferenceApply.apply(filter, to: $0, border: border) }
        cases.append(Case(job: job, expected: expected, tolerance: Self.promised(options.format)))
      }
    }
    try Self.expectConformance(cases)
  }

  @Test("every tap model, rate, border, stage, sampling, and form of constants gives what the reference gives")
  func filters() throws { try Self.expectConformance(Self.cases()) }

  /// Every filter with every border; the other choices take turns.
  static func cases() throws -> [Case] {
    var (cases, random) = ([Case](), SeededGenerator(seed: 602))
    for (name, filter) in filters() {
      for border in borders {
        let number = cases.count
        var options = ShaderOptions()
        options.prefix = "c\(number)_"
        options.border = border
        options.format = number % 7 == 3 ? .half : .float
        options.sampling = number % 3 == 0 ? .fetch : .hardware
        options.constants = number % 2 == 0 ? .unrolled : .table
        let stage: ShaderStage = number / 2 % 2 == 0 ? .compute : .fragment
        let (width, height) = number % 4 == 1 ? (7, 5) : (37, 29)
        let image = image(&random, width, height)
        let job = MetalRun.Job(
          label: "\(name), \(border), \(options.sampling), \(options.constants), \(stage), \(options.format)",
          program: try ShaderProgram(filter, options: options), stage: stage, width: width, height: height,
          image: texels(image))
        let expected = try image.map { try ReferenceApply.apply(filter, to: $0, border: border) }
        cases.append(Case(job: job, expected: expected, tolerance: promised(options.format)))
      }
    }
    return cases
  }
}
