import FewtapBaselines
import FewtapCore
import FewtapEngine
import FewtapTargets
import TestSupport
import Testing

/// Product-convolution held to a dense kernel at every pixel.
@Suite struct ProductConvolutionTests {
  private struct Case {
    let lattice: ParameterLattice
    let kernels: [Kernel]

    init(_ family: String, _ counts: [Int]) throws {
      let family = try KernelFamily(family)
      lattice = ParameterLattice(family.axes, counts: counts)
      kernels = try lattice.kernels(of: family, threads: 2)
    }

    func filter(_ terms: Int) throws -> ProductConvolution {
      try ProductConvolution(EigenKernels(lattice, kernels, threads: 2), terms: terms)
    }

    /// A map of the lattice's own values, any of them at any pixel.
    func map(width: Int, height: Int, seed: UInt64) -> ParameterMap {
      var random = SeededGenerator(seed: seed)
      let points = (0..<width * height).map { _ in lattice.point(Int(random.unit() * Double(lattice.count))) }
      return ParameterMap(
        sameSizePlanes: lattice.axes.indices.map { axis in
          Plane(width: width, height: height, exactly: points.map { Float($0[axis]) })
        })
    }
  }

  private static let cases: [(family: String, counts: [Int])] = [
    ("disk:radius=1...5", [7]), ("motion:length=2...9,angle=0...180", [3, 4]),
  ]

  private func noise(width: Int, height: Int) -> Plane<Float> {
    var random = SeededGenerator(seed: 2)
    return random.plane(width: width, height: height)
  }

  /// With all terms nothing is cut off: what is left is rounding, of the dense sums' Floats above all, and of the shares with which
  /// neighboring points count, which are rounded once for each step from the first.
  @Test(arguments: cases, [BorderRule.mirror, .clamp, .constant(0.5)])
  func allTermsAreTheTruth(family: (family: String, counts: [Int]), border: BorderRule) throws {
    let all = try Case(family.family, family.counts)
    let filter = try all.filter(all.lattice.count)
    let dense = try QuantizedDense(all.lattice, all.kernels)
    let weights = all.kernels.map(\.supportCount).max() ?? 0
    let steps = 4 * family.counts.reduce(0, +)
    // Images of one tile and of several.
    for (width, height) in [(37, 23), (240, 190)] {
      let (plane, map) = (noise(width: width, height: height), all.map(width: width, height: height, seed: 4))
      let options = ApplyOptions(border: border, threads: 2)
      let result = try filter.prepared(width: width)(plane, map, options)
      let truth = try dense.prepared(width: width)(plane, map, options)
      let largest = zip(result.values, truth.values).map { abs(Double($0) - Double($1)) }.max() ?? .infinity
      #expect(largest <= gamma(weights + 2, roundoff: floatRoundoff) + 2 * gamma(steps, roundoff: floatRoundoff))
    }
  }

  /// Each term is there for something, and brightness stays whatever the map, once terms have half of every member's.
  @Test func moreTermsAreNearerAndAllKeepBrightness() throws {
    let all = try Case("disk:radius=1...6", [16])
    let dense = try QuantizedDense(all.lattice, all.kernels)
    let (plane, map) = (noise(width: 64, height: 48), all.map(width: 64, height: 48, seed: 1))
    let truth = try dense.prepared(width: 64)(plane, map, ApplyOptions())
    var errors: [Double] = []
    for terms in [4, 8, 12] {
      let filter = try all.filter(terms)
      let result = try filter.prepared(width: 64)(plane, map, ApplyOptions())
      errors.append(zip(result.values, truth.values).reduce(0) { $0 + Double(($1.0 - $1.1) * ($1.0 - $1.1)) })
      let between = ParameterMap(width: 64, height: 48, axisCount: 1) { _, row, columns, values in
        for (index, x) in columns.enumerated() { values[index] = Float(1 + 5 * Double((7 * x + 3 * row) % 64) / 64) }
      }
      let ones = try filter.prepared(width: 64)(Plane(width: 64, height: 48, repeating: 1), between, ApplyOptions())
      // Terms and shares of two points, each rounded, where terms may cancel up to the noise gain.
      let bound = gamma(8 + 2 * terms, roundoff: floatRoundoff) * max(1, try #require(filter.noiseGain))
      #expect(
        ones.values.allSatisfy { abs(Double($0) - 1) <= bound },
        "\(terms): \(ones.values.map { abs(Double($0) - 1) }.max() ?? 0) beyond \(bound)")
      #expect(try #require(filter.noiseGain) >= 1 - bound)
    }
    #expect(zip(errors, errors.dropFirst()).allSatisfy { $0 > 2 * $1 }, "\(errors)")
  }

  /// A map of one value everywhere filters with the kernel that it is said to have there.
  @Test func itsKernelIsWhatItDoes() throws {
    let all = try Case("motion:length=2...9,angle=0...180", [3, 4])
    let filter = try all.filter(3)
    let plane = noise(width: 50, height: 40)
    for point in [[2.0, 0.0], [5.3, 100], [9, 179]] {
      let kernel = try filter.effectiveKernel(at: point)
      let result = try filter.prepared(width: 50)(
        plane, ParameterMap(width: 50, height: 40, constant: point), ApplyOptions(border: .wrap))
      let truth = try DenseApply(kernel).apply(toPlane: plane, options: ApplyOptions(border: .wrap))
      let bound = 2 * floatRoundoff * kernel.absoluteSum + gamma(2000) * kernel.absoluteSum
      for (a, b) in zip(result.values, truth.values) { #expect(abs(Double(a) - Double(b)) <= bound) }
    }
  }

  @Test func threadsDoNotShow() throws {
    let all = try Case("disk:radius=1...5", [7])
    let (plane, map) = (noise(width: 300, height: 200), all.map(width: 300, height: 200, seed: 9))
    let run = try all.filter(4).prepared(width: 300)
    #expect(try run(plane, map, ApplyOptions(threads: 1)) == run(plane, map, ApplyOptions(threads: 4)))
  }

  @Test func whatCannotBeIsRefused() throws {
    let all = try Case("disk:radius=1...5", [7])
    #expect(throws: BaselineError.badTermCount(8, most: 7)) { try all.filter(8) }
    #expect(throws: BaselineError.badTermCount(0, most: 7)) { try all.filter(0) }
    let run = try all.filter(2).prepared(width: 9)
    #expect(throws: BaselineError.normalizedBorder(rival: "product-convolution")) {
      try run(
        Plane(width: 9, height: 9, repeating: 1), ParameterMap(width: 9, height: 9, constant: [2]),
        ApplyOptions(border: .normalized))
    }
  }
}
