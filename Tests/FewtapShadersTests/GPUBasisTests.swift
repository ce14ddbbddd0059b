import FewtapCore
import FewtapFit
import FewtapShaders
import FewtapTargets
import TestSupport
import Testing

/// Bases fitted for graphics processors, held to text that runs with their roundings.
@Suite("Bases for graphics processors")
struct GPUBasisTests {
  private let disks: KernelFamily
  private let options: BasisFitOptions

  init() throws {
    disks = try KernelFamily("disk:radius=1...5")
    var options = BasisFitOptions()
    (options.interpolation, options.error) = (.offsets, 48)
    self.options = options
  }

  /// What the text makes of a point of light where all pixels have one parameter.
  private static func executed(_ basis: FilterBasis, at parameter: Double, fractionBits: Int) throws -> Kernel {
    let side = 2 * basis.bounds.reach + 3
    var options = ShaderOptions()
    options.format = .float
    var point = [Float](repeating: 0, count: 4 * side * side)
    point[4 * (side / 2 * side + side / 2)] = 1
    let job = MetalRun.Job(
      label: "point", program: try ShaderProgram(basis, options: options), stage: .fragment, width: side, height: side,
      image: point, parameters: [Float](repeating: Float(parameter), count: 4 * side * side))
    let texels = try MetalRun(fractionBits: fractionBits).results([job])[0]
    return try Kernel(
      name: "executed", values: Plane(width: side, height: side) { x, y in Double(texels[4 * (y * side + x)]) },
      center: PixelOffset(x: side / 2, y: side / 2))
  }

  @Test("the cheapest layers and taps that keep the error, at places that are rounded, and half floats' noise with it")
  func choice() throws {
    let basis = try GPUBasisFit(disks, options).run()
    let delivered = try basis.delivered(by: GPUTarget(), against: disks)
    #expect(delivered.worst >= 48)
    let exact = try #require(basis.fit)
    #expect(delivered.worst <= exact.worstPhotoPSNR + 0.1 && delivered.worst > exact.worstPhotoPSNR - 1)
    let layout = basis.filters[0].chain.layout
    // 96 taps are what a basis has that nobody chose for.
    #expect(layout.reduce(0, +) < 96)
    let better = try GPUBasisFit(
      disks,
      {
        var more = options; more.error = 58; return more
      }()
    ).run()
    #expect(better.filters[0].chain.tapCount > layout.reduce(0, +))
    #expect(try better.delivered(by: GPUTarget(), against: disks).worst >= 58)
  }

  @Test("what cannot be reached, and another operator, are refused")
  func refusals() throws {
    var outputs = options
    outputs.interpolation = .outputs
    #expect(throws: BasisFitError.self) { try GPUBasisFit(disks, outputs) }
    #expect(throws: BasisFitError.self) { try GPUBasisFit(disks, options, costs: .builtIn(.cpu)) }
    var much = options
    much.error = 120
    do {
      _ = try GPUBasisFit(disks, much).run()
      Issue.record("half floats round by more")
    } catch BasisFitError.templateNotReached(let asked, let reached, _) {
      #expect(asked == 120 && reached < 77.1)
    }
    #expect(throws: BasisFitError.cancelled) {
      let cancellation = Cancellation()
      cancellation.cancel()
      _ = try GPUBasisFit(disks, options).run(cancellation: cancellation)
    }
  }

  @Test(
    "places that are rounded at each pixel cost what is told",
    .enabled(if: MetalRun.compiler != nil, "needs clang++"))
  func fractions() throws {
    var fixed = options
    (fixed.error, fixed.knots, fixed.taps) = (nil, [3], 20)
    let basis = try BasisFit(disks, fixed).run()
    var gpu = GPUTarget()
    (gpu.format, gpu.fractionBits) = (.float, 4)
    let coarse = try basis.delivered(by: gpu, against: disks)
    gpu.fractionBits = 16
    let fine = try basis.delivered(by: gpu, against: disks)
    #expect(coarse.mean < fine.mean - 0.2 && abs(fine.mean - (basis.fit?.photoPSNR ?? 0)) < 0.01)
    for parameter in [1.7, 3.3, 4.6] {
      let told = try BasisAccuracy(of: basis, against: disks, at: [[parameter]], fractionBits: 4).photoPSNR
      let kernel = try disks.kernel(at: [parameter])
      let got = try AccuracyGauge(kernel).accuracy(
        ofKernel: Self.executed(basis, at: parameter, fractionBits: 4)
      ).photo.mean
      // Floats may round an offset that lies midway the other way.
      #expect(abs(got - told) < 0.3, "\(parameter): \(got), told \(told)")
    }
  }

  @Test("their fetches and bytes are those of the text")
  func work() throws {
    var random = SeededGenerator(seed: 671)
    for axes in [["radius"], ["radius", "angle"]] {
      let knots = axes.map { KnotAxis(name: $0, knots: [0, 1, 2]) }
      let filters = (0..<knots.reduce(1) { $0 * $1.knots.count }).map { _ in
        SparseFilter(chain: random.chain(.bilinear, layout: [5, 3], reach: 4))
      }
      let basis = FilterBasis(interpolation: .offsets, axes: knots, filters: filters)
      #expect(try ShaderProgram(basis).work == GPUWork(offsetsOver: axes.count, taps: [5, 3]))
    }
  }
}
