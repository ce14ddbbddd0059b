import FewtapCore
import FewtapEngine
import FewtapShaders
import TestSupport
import Testing

/// What shaders make of alpha, against the engine.
@Suite("Shaders and alpha")
struct AlphaConformanceTests {
  @Test("straight and premultiplied colors come out as the engine has them, also where weights cancel")
  func alpha() throws {
    var random = SeededGenerator(seed: 621)
    let cancels = SparseFilter(
      chain: TapChain(model: .integer, layers: [TapLayer([Tap(x: 0, y: 0, weight: 1), Tap(x: 1, y: 0, weight: -1)])]))
    // No weights below 0 but in the last one: else coverage could come near 0, and quotients with it.
    let filters =
      [
        SparseFilter(chain: random.chain(.integer, layout: [7, 3], reach: 4), gain: 1.5),
        SparseFilter(chain: random.chain(.bilinear, layout: [6], reach: 4)),
        SparseFilter(chain: random.chain(.bilinear, layout: [4], reach: 2), rate: Resampling(factor: 2), gain: 0.5),
      ].map(magnitudes) + [cancels]
    var cases: [FilterConformanceTests.Case] = []
    for filter in filters {
      for border in FilterConformanceTests.borders where filter != cancels || border != .normalized {
        for alpha in [ShaderOptions.Alpha.straight, .premultiplied] {
          let number = cases.count
          var options = ShaderOptions()
          options.prefix = "a\(number)_"
          (options.border, options.alpha, options.format) = (border, alpha, .float)
          options.sampling = number % 2 == 0 ? .fetch : .hardware
          let stage: ShaderStage = number / 2 % 2 == 0 ? .compute : .fragment
          let (width, height) = (23, 19)
          var planes = FilterConformanceTests.image(&random, width, height)
          // No coverage near 0, which quotients could not be compared over.
          planes[3] = planes[3].map { 0.5 + 0.5 * $0 }
          let image = try Image(
            planes: planes.map { $0.map { Float($0) } }, alphaIndex: 3, alphaIsAssociated: alpha == .premultiplied)
          let result = try ApplyPlan(filter, width: width).apply(to: image, options: ApplyOptions(border: border))
          let job = MetalRun.Job(
            label: "\(filter.chain.layout), \(border), \(alpha), \(options.sampling), \(stage)",
            program: try ShaderProgram(filter, options: options), stage: stage, width: width, height: height,
            image: FilterConformanceTests.texels(planes))
          cases.append(
            FilterConformanceTests.Case(
              job: job, expected: result.planes.map { $0.map { Double($0) } },
              tolerance: FilterConformanceTests.promised(.float)))
        }
      }
    }
    try FilterConformanceTests.expectConformance(cases)
  }
}
