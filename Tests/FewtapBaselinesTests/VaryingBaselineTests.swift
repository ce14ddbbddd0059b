import FewtapBaselines
import FewtapCore
import FewtapEngine
import FewtapFit
import FewtapSynthesis
import FewtapTargets
import TestSupport
import Testing

/// Bases of rivals, and the lattice of parameters that the truth stands on.
@Suite struct VaryingBaselineTests {
  private func noise(width: Int, height: Int) -> Plane<Float> {
    var random = SeededGenerator(seed: 2)
    return random.plane(width: width, height: height)
  }

  @Test func aLatticeFindsItsPoints() throws {
    let family = try KernelFamily("motion:length=2...9,angle=0...180")
    let lattice = ParameterLattice(family.axes, counts: [3, 4])
    for index in 0..<lattice.count {
      let map = ParameterMap(width: 1, height: 1, constant: lattice.point(index))
      #expect(lattice.nearest(map) == [Int32(index)])
    }
    #expect(lattice.point(7) == [5.5, 135])
    // Around the circle, beyond the ends, and what is no number.
    for (point, index) in [
      ([2.0, 180.0], 0), ([2, 170], 0), ([2, -45], 3), ([2, 720], 0), ([100, 45], 9), ([-5, 0], 0), ([.nan, .nan], 0),
    ] {
      #expect(lattice.nearest(ParameterMap(width: 1, height: 1, constant: point)) == [Int32(index)], "\(point)")
    }
  }

  /// A map of one value everywhere filters with the kernel that the basis is said to have there.
  @Test func kernelsOfALowRankBasisAreWhatItDoes() throws {
    let family = try KernelFamily("disk:radius=0...6")
    let basis = try LowRankBasis(family, rank: 3, axes: [family.axes[0].knots(count: 4)])
    let plane = noise(width: 60, height: 40)
    for radius in [0, 2.7, 6] {
      let kernel = try basis.effectiveKernel(at: [radius])
      #expect(abs(kernel.sum - 1) <= gamma(200))
      let map = ParameterMap(width: 60, height: 40, constant: [radius])
      let result = try basis.prepared(width: 60)(plane, map, ApplyOptions(border: .mirror))
      let truth = try DenseApply(kernel).apply(toPlane: plane, options: ApplyOptions(border: .mirror))
      // Three terms of two layers of at most 13 taps, at two knots, and sums of all.
      let bound = gamma(2 * (13 + 2) + 2 + 3, roundoff: floatRoundoff) * (try #require(basis.noiseGain))
      for (a, b) in zip(result.values, truth.values) { #expect(abs(Double(a) - Double(b)) <= bound, "\(radius)") }
    }
  }

  /// Higher rank is nearer, as far as the knots go.
  @Test func aHigherRankIsNearer() throws {
    let family = try KernelFamily("disk:radius=3...6")
    let truth = try family.kernel(at: [6])
    let errors = try [1, 2, 4].map { rank in
      let kernel = try LowRankBasis(family, rank: rank, axes: [family.axes[0].knots(count: 3)])
        .effectiveKernel(at: [6])
      return try Kernel(name: "difference", sumOf: [(kernel, 1), (truth, -1)]).values.values.reduce(0) { $0 + $1 * $1 }
    }
    #expect(errors[0] > 2 * errors[1] && errors[1] > 2 * errors[2], "\(errors)")
  }

  /// Each knot has what tempering finds there alone, whatever the threads.
  @Test func aTemperingBasisHasTemperedKnots() throws {
    let family = try KernelFamily("disk:radius=2...5")
    let axis = family.axes[0].knots(count: 3)
    var options = ParallelTempering.Options()
    (options.iterations, options.replicas, options.seed) = (40, 2, 7)
    let layout = try Layout([6, 4])
    let basis = try FilterBasis.tempering(family, layout: layout, axes: [axis], options)
    try basis.checkInvariants()
    options.threads = 2
    #expect(try FilterBasis.tempering(family, layout: layout, axes: [axis], options) == basis)
    options.seed = 9
    let alone = try ParallelTempering(family.kernel(at: [5]), layout: layout, options).run().filter.effectiveKernel()
    let kernel = try basis.effectiveKernel(at: [5])
    let rest = zip(alone.values.values, kernel.values.values).map { abs($0 - $1) }.max() ?? .infinity
    #expect(alone.width == kernel.width && rest <= gamma(100) * alone.absoluteSum)
  }
}
