import FewtapCore
import FewtapFit
import FewtapSynthesis
import FewtapTargets
import TestSupport
import Testing

@Suite("Fits at a lower rate that need no search")
struct ClosedFitTests {
  private static func kernel(_ name: String) throws -> Kernel { try KernelSpecification(name).makeKernel() }

  static let rates = [
    Resampling(factor: 2), Resampling(factor: 3, prefilter: .linear), Resampling(factor: 4, interpolator: .cubic),
    Resampling(factor: 4, prefilter: .linear), Resampling(factor: 5, prefilter: .cubic), Resampling(factor: 8),
  ]

  /// Under an objective that weighs all frequencies alike, the error is the mean over phases of the kernels' squared distance:
  /// which is known without any spectrum. Half-pixel delays of mixed splines, aliasing and a kernel off center are all in it.
  @Test("the weighted error of a low-rate kernel is that of its phases' kernels", arguments: rates)
  func errorByPhases(rate: Resampling) throws {
    var random = SeededGenerator(seed: 71)
    let values: Plane<Double> = random.plane(width: 15, height: 12, in: 0...1)
    let kernel = try Kernel(name: "random", values: values, center: PixelOffset(x: 3, y: 9))
    let unit = try kernel.scaled(by: 1 / kernel.sum)
    let target = LowRateTarget(kernel: unit, objective: .highlights, rate: rate)
    // Sum 1, as the target: the weight of the sum is another.
    let low = random.chain(.integer, layout: [7], reach: 2)
    var plane = [Double](repeating: 0, count: target.grid.size * target.grid.size)
    for tap in low.layers[0].taps {
      plane[target.grid.wrapped(Int(tap.y)) * target.grid.size + target.grid.wrapped(Int(tap.x))] += tap.weight
    }
    let phases = try #require(try SparseFilter(chain: low, rate: rate).phaseSynthesis())
    let errors = phases.errors(against: unit)
    let side = Double(target.grid.size * rate.factor)
    let expected = side * side * errors.reduce(0, +) / Double(errors.count)
    // Transforms of a few thousand numbers, and differences of squares as large as the sum's weight times its square.
    let bound = gamma(1000) * (expected + SpectralWeight.ofSum)
    #expect(abs(target.floor + target.error(of: plane) - expected) <= bound)
  }

  private enum SpectralWeight { static let ofSum = 100.0 }

  /// METHOD.md section 12: the prototype's figures, less half a decibel for its own photographs.
  @Test(
    "every kernel meets its figure",
    arguments: [
      ("disk:radius=20,size=49", 4, 67.6), ("heart:size=49", 4, 64), ("star:points=4,radius=22,inner=7,size=49", 4, 58),
      ("psf:coma=0.55,sampling=2.3272727272727272,size=49", 4, 53), ("gaussian:sigma=9", 4, 82),
      ("disk:radius=8", 2, 65), ("disk:radius=12", 2, 71), ("disk:radius=48", 8, 67.1), ("disk:radius=64", 8, 70.8),
      ("disk:radius=100", 16, 60.7), ("disk:radius=128", 16, 65), ("gaussian:sigma=20", 8, 77),
      ("gaussian:sigma=60", 16, 77),
    ])
  func figures(name: String, factor: Int, decibels: Double) throws {
    let kernel = try Self.kernel(name)
    let filter = try ClosedFit(kernel, rate: Resampling(factor: factor)).cheapest()
    let accuracy = try FilterAccuracy(of: filter, against: kernel)
    #expect(accuracy.photo.mean > decibels - 0.5)
    #expect(filter.chain.noiseGain < 4 && accuracy.flicker < 0.21)
  }

  @Test("brightness is exact, whatever the kernel's sum", arguments: ["disk:radius=20", "gaussian:sigma=9"])
  func brightness(name: String) throws {
    let kernel = try Self.kernel(name).scaled(by: 3)
    let fit = try ClosedFit(kernel, rate: Resampling(factor: 4))
    for filter in [fit.dense(), fit.separable(), fit.dense(runLength: 1, threshold: 0.1)] {
      #expect(filter.gain == kernel.sum)
      for layer in filter.chain.layers { #expect(abs(layer.sum - 1) <= gamma(layer.taps.count) * layer.absoluteSum) }
      let effective = try filter.effectiveKernel()
      #expect(abs(effective.sum - kernel.sum) <= gamma(4000) * effective.absoluteSum)
    }
  }

  @Test("more taps are no worse, and all of them leave the rate's own error alone")
  func thresholds() throws {
    let fit = try ClosedFit(try Self.kernel("star:points=5,radius=20"), rate: Resampling(factor: 3))
    var (before, taps) = (Double.infinity, 0)
    for threshold in ClosedFit.thresholds + [0] {
      let filter = fit.dense(threshold: threshold)
      let error = fit.error(of: filter)
      #expect(filter.chain.tapCount >= taps)
      // The solve stops at 1e-8 of its energy, and the sum is made exact after it: 1% of the least error is far above both.
      #expect(error <= before + 0.01 * fit.floor)
      (before, taps) = (error, filter.chain.tapCount)
    }
    #expect(before < 0.001 * fit.floor)
    #expect(fit.error(of: fit.dense()) <= 0.05 * fit.floor)
  }

  /// Weights at the positions kept, by factorizing the normal equations.
  @Test("the solve is the least-squares one")
  func leastSquares() throws {
    let fit = try ClosedFit(try Self.kernel("disk:radius=14"), rate: Resampling(factor: 4))
    let filter = fit.dense(threshold: 0.16)
    let best = fit.error(of: filter)
    var random = SeededGenerator(seed: 72)
    // Any change that keeps the sum raises the error.
    for _ in 0..<200 {
      var other = filter
      let (i, j) = (random.index(filter.chain.tapCount), random.index(filter.chain.tapCount))
      guard i != j else { continue }
      let step = random.uniform(-0.01, 0.01)
      other.chain.layers[0].taps[i].weight += step
      other.chain.layers[0].taps[j].weight -= step
      // Within 1e-3 of the optimum, by the solve's tolerance and the sum's correction.
      #expect(fit.error(of: other) > best * (1 - 1e-3))
    }
  }

  @Test(
    "a separable kernel gets a row and a column, at no loss; a disk does not",
    arguments: ["gaussian:sigma=9", "box:width=40"])
  func separable(name: String) throws {
    let kernel = try Self.kernel(name)
    let fit = try ClosedFit(kernel, rate: Resampling(factor: 4))
    let filter = fit.cheapest()
    #expect(filter.chain.layers.count == 2 && filter.chain.tapCount < 60)
    let (two, one) = (
      try FilterAccuracy(of: filter, against: kernel).photo.mean,
      try FilterAccuracy(of: fit.dense(), against: kernel).photo.mean
    )
    #expect(two > one - 0.2)
    let disk = try ClosedFit(try Self.kernel("disk:radius=20"), rate: Resampling(factor: 4)).cheapest()
    #expect(disk.chain.layers.count == 1)
  }

  @Test("a kernel whose weights cancel keeps its sum of 0")
  func zeroSum() throws {
    let kernel = try Self.kernel("log:sigma=6")
    let filter = try ClosedFit(kernel, rate: Resampling(factor: 2)).cheapest()
    let effective = try filter.effectiveKernel()
    #expect(abs(effective.sum) <= gamma(4000) * effective.absoluteSum)
    #expect(try FilterAccuracy(of: filter, against: kernel).relativeError < 0.05)
  }
}

@Suite("Vertical runs that cover a plane")
struct RunSupportTests {
  @Test(
    "all that is above the threshold is covered, once, by no more runs than needed", arguments: 1...5, [0.0, 0.1, 0.6])
  func covers(length: Int, threshold: Double) {
    let (side, reach) = (24, 8)
    var random = SeededGenerator(seed: 73)
    for _ in 0..<20 {
      var plane = [Double](repeating: 0, count: side * side)
      for y in -reach...reach {
        for x in -reach...reach {
          plane[(y + side) % side * side + (x + side) % side] = random.unit() < 0.3 ? random.uniform(-1, 1) : 0
        }
      }
      func value(_ x: Int, _ y: Int) -> Double { plane[(y + side) % side * side + (x + side) % side] }
      let floor = threshold * plane.reduce(0) { max($0, abs($1)) }
      let support = RunSupport(covering: plane, side: side, reach: reach, length: length, threshold: threshold)
      let positions = support.positions
      #expect(Set(positions).count == positions.count)
      #expect(positions.allSatisfy { abs($0.x) <= reach && abs($0.y) < reach + length })
      var needed = 0
      for x in -reach...reach {
        var y = -reach
        while y <= reach {
          if abs(value(x, y)) > floor {
            #expect(positions.contains(PixelOffset(x: x, y: y)))
            // From the top on, the fewest intervals of a length that cover points.
            needed += 1
            let end = y + length
            while y <= reach, y < end {
              if abs(value(x, y)) > floor { #expect(positions.contains(PixelOffset(x: x, y: y))) }
              y += 1
            }
          } else {
            y += 1
          }
        }
      }
      #expect(support.tops.count == needed)
    }
  }
}
