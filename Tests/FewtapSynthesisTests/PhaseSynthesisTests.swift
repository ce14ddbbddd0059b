import FewtapCore
import FewtapSynthesis
import TestSupport
import Testing

@Suite("Kernels of a filter at a lower rate, phase by phase")
struct PhaseSynthesisTests {
  static let rates = [
    Resampling(factor: 2), Resampling(factor: 3, prefilter: .linear, interpolator: .cubic), Resampling(factor: 4),
    Resampling(factor: 5, prefilter: .cubic, interpolator: .linear), Resampling(factor: 8),
  ]

  private func filter(_ rate: Resampling, seed: UInt64 = 5) -> SparseFilter {
    var random = SeededGenerator(seed: seed)
    return SparseFilter(chain: random.chain(.integer, layout: [5, 3], reach: 2), rate: rate, gain: 1.5)
  }

  /// A kernel by the definition: an impulse at the phase, decimated, layered, interpolated.
  private func byDefinition(_ filter: SparseFilter, _ rate: Resampling, px: Int, py: Int) throws -> [PixelOffset:
    Double]
  {
    let low = try SparseFilter(chain: filter.chain, gain: filter.gain).effectiveKernel()
    let (a, b, factor) = (rate.prefilterWeights, rate.interpolatorWeights, rate.factor)
    var result: [PixelOffset: Double] = [:]
    func weight(_ weights: Resampling.Weights, _ n: Int) -> Double {
      weights.values.indices.contains(n - weights.first) ? weights.values[n - weights.first] : 0
    }
    for my in -4...4 {
      for mx in -4...4 {
        let light = weight(a, factor * mx - px) * weight(a, factor * my - py)
        guard light != 0 else { continue }
        low.forEachOffset { lx, ly, value in
          for (j, wy) in b.values.enumerated() {
            for (i, wx) in b.values.enumerated() {
              let offset = PixelOffset(
                x: factor * (mx + lx) + b.first + i - px, y: factor * (my + ly) + b.first + j - py)
              result[offset, default: 0] += light * value * wx * wy
            }
          }
        }
      }
    }
    return result
  }

  private func norm(_ a: [PixelOffset: Double], minus b: [PixelOffset: Double] = [:]) -> Double {
    Set(a.keys).union(b.keys).reduce(0) { sum, offset in
      let difference = (a[offset] ?? 0) - (b[offset] ?? 0)
      return sum + difference * difference
    }.squareRoot()
  }

  private func weights(_ kernel: Kernel) -> [PixelOffset: Double] {
    var result: [PixelOffset: Double] = [:]
    kernel.forEachOffset { result[PixelOffset(x: $0, y: $1)] = $2 }
    return result
  }

  @Test("each phase's kernel is an impulse's response, and the effective kernel is their mean", arguments: rates)
  func kernels(rate: Resampling) throws {
    let filter = filter(rate)
    var mean: [PixelOffset: Double] = [:]
    let bound = gamma(1000) * filter.chain.noiseGain * filter.gain
    for py in 0..<rate.factor {
      for px in 0..<rate.factor {
        let expected = try byDefinition(filter, rate, px: px, py: py)
        let actual = weights(try filter.phaseKernel(x: px, y: py))
        #expect(norm(actual, minus: expected) <= bound)
        #expect(
          try filter.phaseKernel(x: px - 3 * rate.factor, y: py + rate.factor) == filter.phaseKernel(x: px, y: py))
        for (offset, value) in expected {
          mean[offset, default: 0] += value / Double(rate.factor * rate.factor)
        }
      }
    }
    let effective = try filter.effectiveKernel()
    #expect(norm(weights(effective), minus: mean) <= bound)
    let bounds = filter.bounds
    #expect(effective.supportBounds.union(bounds) == bounds)
  }

  @Test("flicker and errors are those of the kernels themselves", arguments: rates)
  func norms(rate: Resampling) throws {
    let filter = filter(rate)
    let phases = try #require(try filter.phaseSynthesis())
    var random = SeededGenerator(seed: 9)
    // Off center and smaller than the filter on some sides.
    let target = try Kernel(
      name: "target", values: random.plane(width: 9, height: 14, in: 0...0.1), center: PixelOffset(x: 2, y: 11))
    let (errors, distances) = (phases.errors(against: target), phases.distances())
    let mean = weights(try filter.effectiveKernel())
    let scale = norm(mean) + norm(weights(target))
    // Norms come from differences of squares.
    let bound = gamma(4000) * scale * scale
    var largest = 0.0
    for py in 0..<rate.factor {
      for px in 0..<rate.factor {
        let kernel = weights(try filter.phaseKernel(x: px, y: py))
        let (error, distance) = (norm(kernel, minus: weights(target)), norm(kernel, minus: mean))
        #expect(abs(errors[py * rate.factor + px] - error * error) <= bound)
        #expect(abs(distances.squares[py * rate.factor + px] - distance * distance) <= bound)
        largest = max(largest, distance)
      }
    }
    #expect(abs(try filter.flicker() - largest / norm(mean)) <= bound / (largest * norm(mean)))
    #expect(largest > 0.01 * norm(mean))
  }

  /// Discrete splines of two boxes or more reproduce straight lines: light keeps its sum and its place at every phase.
  @Test("a point of light keeps its flux and its centroid at every phase", arguments: rates)
  func fluxAndCentroid(rate: Resampling) throws {
    let filter = filter(rate)
    let low = try SparseFilter(chain: filter.chain, gain: filter.gain).effectiveKernel()
    func centroid(_ kernel: Kernel) -> (x: Double, y: Double) {
      var (x, y) = (0.0, 0.0)
      kernel.forEachOffset {
        x += Double($0) * $2; y += Double($1) * $2
      }
      return (x / kernel.sum, y / kernel.sum)
    }
    let shift = centroid(low)
    // Half a pixel each where prefilter and interpolator have an even count, in opposite directions.
    let halves = [rate.prefilterWeights, rate.interpolatorWeights].reduce(0) { $0 + Double($1.first + $1.last) / 2 }
    let reach = Double(filter.bounds.reach)
    for py in 0..<rate.factor {
      for px in 0..<rate.factor {
        let kernel = try filter.phaseKernel(x: px, y: py)
        let bound = gamma(4000) * kernel.absoluteSum
        #expect(abs(kernel.sum - filter.gain) <= bound)
        let center = centroid(kernel)
        #expect(abs(center.x - Double(rate.factor) * shift.x - halves) <= bound * reach)
        #expect(abs(center.y - Double(rate.factor) * shift.y - halves) <= bound * reach)
      }
    }
  }

  @Test("a filter at the image's own rate has one kernel and no flicker")
  func fullRate() throws {
    var filter = filter(Resampling(factor: 2))
    filter.rate = nil
    #expect(try filter.phaseKernel(x: 5, y: -3) == filter.effectiveKernel())
    #expect(try filter.flicker() == 0)
  }

  @Test("a kernel too large to hold is refused, and so is a factor that there is not")
  func refused() throws {
    let far = TapChain(model: .integer, layers: [TapLayer([Tap(x: 100, y: 0, weight: 1), Tap(x: 0, y: 0, weight: 1)])])
    #expect(throws: FilterError.self) { try SparseFilter(chain: far, rate: Resampling(factor: 64)).effectiveKernel() }
    #expect(throws: FilterError.self) { try SparseFilter(chain: far, rate: Resampling(factor: 0)).flicker() }
    // Off to one side, offset 0 is not under the kernel's weights.
    let aside = TapChain(model: .integer, layers: [TapLayer([Tap(x: -20, y: 20, weight: 1)])])
    let kernel = try SparseFilter(chain: aside, rate: Resampling(factor: 4)).effectiveKernel()
    let bound = 100 * gamma(2 * kernel.values.values.count)
    #expect(abs(kernel.moments.centroidX + 80) <= bound && abs(kernel.moments.centroidY - 80) <= bound)
  }
}
