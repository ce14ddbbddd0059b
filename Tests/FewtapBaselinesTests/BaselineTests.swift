import FewtapBaselines
import FewtapCore
import FewtapEngine
import FewtapFit
import FewtapTargets
import Foundation
import TestSupport
import Testing

@Suite struct BaselineTests {
  private static func quick(_ layout: Layout) -> Baseline {
    var options = ParallelTempering.Options()
    (options.iterations, options.replicas) = (60, 3)
    return .tempering(layout: layout, options)
  }

  private static func rivals() throws -> [Baseline] {
    let layout = try Layout([8, 4])
    return [
      .dense, .paper(layout: layout), quick(layout), .lowRank(2), .kawase, .dualFilter, .complexDisk(components: 2),
      .iteratedBox(passes: 3), .recursiveGaussian,
    ]
  }

  /// What is printed of a rival is what its filter has, and the filter does to a plane what its kernel says.
  @Test(arguments: ["disk:radius=5", "gaussian:sigma=2.5,size=31", "star:points=4,radius=8,inner=3"])
  func figuresAreThoseOfTheFilter(name: String) throws {
    let kernel = try KernelSpecification(name).makeKernel()
    var made = 0
    for rival in try Self.rivals() {
      guard let result = try? rival.run(for: kernel) else { continue }
      made += 1
      #expect(result.name == rival.description && !result.name.isEmpty)
      #expect(result.tapCount > 0 && result.multiplyAddCount > 0 && result.passCount > 0 && result.fitSeconds >= 0)
      #expect(result.effectiveKernel == (try result.filter.effectiveKernel()))
      #expect(result.accuracy == (try result.filter.accuracy(against: kernel)))
      // Brightness is kept by all, the recursion's to its tails along both axes.
      #expect(abs(result.effectiveKernel.sum - kernel.sum) <= 2 * recursionTail)
      let ones = try result.filter.apply(
        toPlane: Plane(width: 9, height: 7, repeating: 1), options: ApplyOptions())
      #expect(
        violation(ones, Plane<Double>(width: 9, height: 7, repeating: 1), within: Self.roundings) == nil, "\(rival)")
      let isSearched =
        switch rival {
        case .paper, .tempering: true
        default: false
        }
      #expect(result.trace.points.isEmpty != isSearched)
    }
    #expect(made == (name.hasPrefix("star") ? 6 : name.hasPrefix("disk") ? 7 : 8))
  }

  /// Of a constant 1 in Float: no more than 128 roundings on its way, of weights whose magnitudes sum to 4 at most.
  private static let roundings = 4 * gamma(128, roundoff: floatRoundoff)

  @Test func denseIsExact() throws {
    let kernel = try KernelSpecification("psf:coma=0.5,size=21").makeKernel()
    let result = try Baseline.dense.run(for: kernel)
    // Weights are divided by the kernel's scale, and the filter's gain multiplies by it; then 16 steps of a transform, of sums and
    // products of complex numbers.
    #expect(
      result.accuracy.relativeError <= gamma(2 + 4 * 16, roundoff: 0x1p-53)
        && result.multiplyAddCount == Double(kernel.supportCount))
  }

  private func error(_ rival: Baseline, _ kernel: Kernel) throws -> BaselineError {
    do {
      _ = try rival.run(for: kernel)
    } catch let error as BaselineError {
      return error
    }
    throw Unexpected()
  }
  private struct Unexpected: Error {}

  /// A kernel that a rival cannot stand for is told as such, in words for a table's row.
  @Test func whatARivalCannotDoIsSaid() throws {
    let star = try Kernel.star(points: 4, radius: 12, inner: 4)
    let disk = try Kernel.disk(radius: 9)
    guard case .disksOnly("complex-separable 2", let distance) = try error(.complexDisk(components: 2), star) else {
      throw Unexpected()
    }
    #expect(distance > 0.3 && distance < 1)
    #expect(
      "\(try error(.complexDisk(components: 2), star))".hasPrefix("complex-separable 2: disks only, and this kernel"))
    guard case .gaussiansOnly = try error(.iteratedBox(passes: 3), disk),
      case .gaussiansOnly = try error(.recursiveGaussian, disk),
      case .disksOnly = try error(.complexDisk(components: 1), .polygon(blades: 6, radius: 20)),
      case .disksOnly = try error(.complexDisk(components: 1), .gaussian(sigma: 4)),
      case .gaussiansOnly = try error(.recursiveGaussian, .gaussian(sigma: 6, sigmaY: 2, angle: 30))
    else { throw Unexpected() }
    let edges = try Kernel.laplacianOfGaussian(sigma: 2)
    for rival in [
      Baseline.kawase, .dualFilter, .complexDisk(components: 2), .iteratedBox(passes: 2), .recursiveGaussian,
    ] {
      #expect(try error(rival, edges) == .zeroSum(rival: rival.description))
      guard case .nonnegativeOnly = try error(rival, .sharpen(sigma: 2, amount: 1)) else { throw Unexpected() }
    }
    guard case .deviation = try error(.kawase, .delta()),
      case .disksOnly = try error(.complexDisk(components: 1), .delta())
    else { throw Unexpected() }
  }

  /// Shapes are recognized whatever their size, canvas and scale.
  @Test(arguments: [2.0, 4.3, 9, 20.7]) func disksAreRecognized(radius: Double) throws {
    let disk = try Kernel.disk(radius: radius, size: 49)
    let error = try Baseline.complexDisk(components: 3).run(for: disk).accuracy.relativeError
    let own = try ComplexDisk.filter(radius: radius, components: 3).accuracy(against: disk).relativeError
    #expect(abs(error - own) < 0.01)
  }

  /// Users draw disks in whole pixels.
  @Test(arguments: [10, 20, 33]) func jaggedDisksAreDisks(radius: Int) throws {
    let side = 2 * radius + 5
    let values = Plane<Double>(width: side, height: side) { x, y in
      let (dx, dy) = (x - side / 2, y - side / 2)
      return dx * dx + dy * dy <= radius * radius ? 1 : 0
    }
    let kernel = try Kernel(name: "drawn", values: values)
    let result = try Baseline.complexDisk(components: 4).run(for: kernel)
    #expect(result.accuracy.relativeError < 0.2)
    #expect(abs(result.effectiveKernel.sum / kernel.sum - 1) <= gamma(side * side))
  }

  @Test func anisotropicGaussiansAreRecognized() throws {
    let kernel = try Kernel.gaussian(sigma: 6, sigmaY: 2.5, size: 61)
    #expect(try Baseline.recursiveGaussian.run(for: kernel).accuracy.relativeError < 0.01)
    #expect(try Baseline.iteratedBox(passes: 4).run(for: kernel).accuracy.relativeError < 0.06)
  }

  /// A kernel of another sum gets the same filters times that sum; errors on photographs grow with it.
  @Test func sumsAreKept() throws {
    let kernel = try Kernel.gaussian(sigma: 2.5, size: 31)
    let scaled = try kernel.scaled(by: 3)
    for rival in [Baseline.kawase, .dualFilter, .iteratedBox(passes: 3), .recursiveGaussian, .lowRank(1)] {
      let (one, three) = (try rival.run(for: kernel), try rival.run(for: scaled))
      #expect(abs(three.effectiveKernel.sum - 3 * one.effectiveKernel.sum) <= gamma(10_000) * 3)
      let rounding = gamma(10_000) / one.accuracy.relativeError
      #expect(abs(three.accuracy.relativeError - one.accuracy.relativeError) <= rounding)
      // An exact filter's PSNR is at its limit; others' changes by what rounding changes the error, in decibels.
      if rival != .lowRank(1) {
        let fall = one.accuracy.photo.mean - three.accuracy.photo.mean
        #expect(abs(fall - 20 * log10(3)) <= 20 / log(10) * rounding / one.accuracy.relativeError)
      }
      let ones = try three.filter.apply(
        toPlane: Plane(width: 9, height: 7, repeating: 1), options: ApplyOptions())
      let expected = Plane<Double>(width: 9, height: 7, repeating: 3)
      #expect(violation(ones, expected, within: 3 * Self.roundings) == nil, "\(rival)")
    }
  }

  /// DISK's point: 1,000 steps along gradients get further than 10,000 random moves, which take as long. Mean of three seeds.
  @Test(arguments: ["disk:radius=20,size=49", "star:points=4,radius=22,inner=7,size=49"])
  func gradientsBeatRandomMovesAtEqualEffort(name: String) throws {
    let kernel = try KernelSpecification(name).makeKernel()
    let layout = try Layout(parsing: "24x4")
    func mean(_ rival: (UInt64) -> Baseline) throws -> Double {
      try (1...3).reduce(0) { try $0 + rival($1).run(for: kernel).accuracy.photo.mean / 3 }
    }
    let gradients = try mean { .paper(layout: layout, seed: $0) }
    let moves = try mean { seed in
      var options = ParallelTempering.Options()
      (options.iterations, options.seed, options.threads) = (1000, seed, 2)
      return .tempering(layout: layout, options)
    }
    // Seeds spread by 3 dB, their means by less than 2.
    #expect(gradients > moves + 2, "\(gradients), \(moves)")
  }
}
