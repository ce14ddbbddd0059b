import FewtapCore
import FewtapEngine
import FewtapShaders
import TestSupport
import Testing

/// Shader text of bases, executed, against the reference.
@Suite("Shaders of bases")
struct BasisConformanceTests {
  private static let radius = KnotAxis(
    name: "radius", unit: "px", knots: [0, 1.5, 4, 9],
    curve: [
      .init(value: 0.5, coordinate: 0.4), .init(value: 2, coordinate: 1.1), .init(value: 3, coordinate: 1.7),
      .init(value: 8, coordinate: 2.5),
    ])
  private static let angle = KnotAxis(name: "angle", unit: "degrees", knots: [0, 70, 180], isPeriodic: true)

  /// Bases of interpolated taps over one axis, a periodic one, and two.
  private static func offsets(_ random: inout SeededGenerator) -> [(String, FilterBasis)] {
    let grids: [(String, [KnotAxis])] = [("radius", [radius]), ("angle", [angle]), ("both", [radius, angle])]
    return grids.flatMap { name, axes in
      [false, true].map { gainVaries in
        let count = axes.reduce(1) { $0 * $1.knots.count }
        let filters = (0..<count).map { index in
          SparseFilter(
            chain: random.chain(.bilinear, layout: [5, 3], reach: 4), gain: gainVaries ? 1 + 0.1 * Double(index) : 0.9)
        }
        return (
          "offsets \(name)\(gainVaries ? " gains" : "")",
          FilterBasis(interpolation: .offsets, axes: axes, filters: filters)
        )
      }
    }
  }

  /// Bases of outputs: of whole filters at many rates, of full-rate ones alone, of low-rate ones alone; all sums 1.
  private static func outputs(_ random: inout SeededGenerator) -> [(String, FilterBasis)] {
    func filter(_ kind: Int) -> SparseFilter {
      switch kind {
      case 0: SparseFilter(chain: TapChain(model: .integer, layers: [TapLayer([Tap(x: 0, y: 0, weight: 1)])]))
      case 1: SparseFilter(chain: random.chain(.integer, layout: [9], reach: 3))
      case 2: SparseFilter(chain: random.chain(.bilinear, layout: [6], reach: 3))
      case 3: SparseFilter(chain: random.chain(.integer, layout: [5, 4], reach: 3))
      case 4: SparseFilter(chain: random.chain(.integer, layout: [5], reach: 2), rate: Resampling(factor: 2))
      case 5: SparseFilter(chain: random.chain(.bilinear, layout: [5, 3], reach: 1), rate: Resampling(factor: 4))
      case 6:
        SparseFilter(
          chain: random.chain(.integer, layout: [5], reach: 1),
          rate: Resampling(factor: 6, prefilter: .quadratic, interpolator: .cubic))
      default:
        SparseFilter(
          chain: random.chain(.integer, layout: [4], reach: 1),
          rate: Resampling(factor: 3, prefilter: .linear, interpolator: .linear))
      }
    }
    func basis(_ axes: [KnotAxis], _ kinds: [Int]) -> FilterBasis {
      var basis = FilterBasis(interpolation: .outputs, axes: axes, filters: kinds.map(filter))
      // A periodic axis comes around to the same filter.
      for (axis, knots) in axes.enumerated() where knots.isPeriodic {
        for index in basis.filters.indices where basis.knot(index)[axis] == knots.knots.count - 1 {
          var first = basis.knot(index)
          first[axis] = 0
          basis.filters[index] = basis.filters[basis.index(of: first)]
        }
      }
      return basis
    }
    let long = KnotAxis(name: "radius", unit: "px", knots: [0, 1, 2, 3, 4, 6, 9, 12])
    return [
      ("outputs of every kind", basis([long], [0, 1, 2, 3, 4, 5, 6, 7])),
      ("outputs at full rate", basis([radius], [0, 1, 1, 3])),
      ("outputs at low rates", basis([radius], [4, 4, 5, 5])),
      ("outputs over both", basis([radius, angle], [0, 0, 0, 1, 2, 1, 4, 5, 4, 5, 6, 5])),
    ]
  }

  /// Values of a parameter, some of them outside of the knots.
  private static func map(_ axis: KnotAxis, _ width: Int, _ height: Int, _ random: inout SeededGenerator) -> Plane<
    Float
  > {
    let (low, high) = (axis.knots[0], axis.knots[axis.knots.count - 1])
    return random.plane(width: width, height: height, in: low - 0.2 * (high - low)...high + 0.3 * (high - low))
  }

  @Test("tiles that groups share change nothing for interpolated taps, nor for the levels and layers of outputs")
  func tiles() throws {
    var random = SeededGenerator(seed: 612)
    var cases: [FilterConformanceTests.Case] = []
    for (name, signed) in Self.offsets(&random) + Self.outputs(&random) where name != "outputs over both" {
      for border in FilterConformanceTests.borders {
        var basis = signed
        // Weights of both signs may leave little to divide by, and quotients with it.
        if border == .normalized { basis.filters = basis.filters.map { Self.ofOneSum(magnitudes($0)) } }
        var options = ShaderOptions()
        options.prefix = "v\(cases.count)_"
        (options.border, options.format, options.sampling, options.usesTile) = (border, .float, .fetch, true)
        let program = try ShaderProgram(basis, options: options)
        let shared = program.passes.filter { pass in
          program.text(of: pass, in: .msl, .compute).contains("threadgroup_barrier")
        }.map(\.name)
        let expected = basis.interpolation == .offsets ? ["layer1", "layer2"] : ["level2_decimate_x"]
        if name != "outputs at full rate", name != "outputs at low rates" {
          #expect(Set(shared).isSuperset(of: expected), "\(name): \(shared)")
        }
        cases.append(
          try Self.conformance(
            name, basis, options, program, .compute, (33, 27), &random))
      }
    }
    try FilterConformanceTests.expectConformance(cases)
  }

  /// A filter whose layers have the sum 1 and that does the same to a constant as all of its kind: what a normalized border divides by.
  private static func ofOneSum(_ filter: SparseFilter) -> SparseFilter {
    var result = filter
    result.chain.layers = filter.chain.layers.map { layer in
      TapLayer(layer.taps.map { Tap(x: $0.x, y: $0.y, weight: $0.weight / layer.sum) })
    }
    result.gain = 0.9
    return result
  }

  /// A case of a basis over an image and a map of noise.
  private static func conformance(
    _ name: String, _ basis: FilterBasis, _ options: ShaderOptions, _ program: ShaderProgram, _ stage: ShaderStage,
    _ size: (width: Int, height: Int), _ random: inout SeededGenerator
  ) throws -> FilterConformanceTests.Case {
    let image = FilterConformanceTests.image(&random, size.width, size.height)
    let maps = basis.axes.map { map($0, size.width, size.height, &random) }
    let coordinates = zip(basis.axes, maps).map { axis, map in map.map { axis.coordinate(of: Double($0)) } }
    let reference = try ReferenceVarying(basis, coordinates: coordinates, border: options.border)
    let blank = Plane<Double>(width: size.width, height: size.height)
    let parameters = (0..<4).map { $0 < maps.count ? maps[$0].map { Double($0) } : blank }
    let job = MetalRun.Job(
      label: "\(name), \(options.border), \(options.sampling), \(stage), \(options.format)", program: program,
      stage: stage, width: size.width, height: size.height, image: FilterConformanceTests.texels(image),
      parameters: FilterConformanceTests.texels(parameters))
    return FilterConformanceTests.Case(
      job: job, expected: try image.map { try reference.apply(to: $0) },
      tolerance: FilterConformanceTests.promised(options.format))
  }

  @Test("offsets and outputs, over grids of one and two axes, with every border, stage and sampling")
  func bases() throws { try FilterConformanceTests.expectConformance(Self.cases()) }

  /// Every basis with every border; the other choices take turns.
  static func cases() throws -> [FilterConformanceTests.Case] {
    var random = SeededGenerator(seed: 611)
    var cases: [FilterConformanceTests.Case] = []
    for (name, filters) in offsets(&random) + outputs(&random) {
      for border in FilterConformanceTests.borders {
        var basis = filters
        if border == .normalized { basis.filters = basis.filters.map(ofOneSum) }
        let number = cases.count
        var options = ShaderOptions()
        options.prefix = "b\(number)_"
        options.border = border
        // Random weights of both signs leave little to divide by at places, which halfs cannot bear.
        options.format = number % 7 == 3 && border != .normalized ? .half : .float
        options.sampling = number % 3 == 0 ? .fetch : .hardware
        let stage: ShaderStage = number / 2 % 2 == 0 ? .compute : .fragment
        cases.append(
          try Self.conformance(
            name, basis, options, ShaderProgram(basis, options: options), stage, number % 4 == 1 ? (9, 5) : (33, 27),
            &random))
      }
    }
    return cases
  }
}
