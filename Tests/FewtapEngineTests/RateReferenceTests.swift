import FewtapCore
import FewtapEngine
import TestSupport
import Testing

@Suite("The reference at a lower rate is what the definition says")
struct RateReferenceTests {
  static let rates = [
    Resampling(factor: 2), Resampling(factor: 3, prefilter: .linear, interpolator: .cubic),
    Resampling(factor: 4, prefilter: .cubic, interpolator: .linear), Resampling(factor: 5),
  ]

  /// A low-rate chain of integer taps, both signs, off center.
  static func filter(_ rate: Resampling, model: TapModel = .integer, seed: UInt64 = 31) -> SparseFilter {
    var random = SeededGenerator(seed: seed)
    return SparseFilter(chain: random.chain(model, layout: [5, 2], reach: 2), rate: rate, gain: 1.25)
  }

  /// Roundings of a pixel: sums over prefilter, layers and interpolator, each product of two one-dimensional weights.
  private static func roundings(_ filter: SparseFilter) -> Int {
    guard let rate = filter.rate else { return 0 }
    let (a, b) = (rate.prefilterWeights.values.count, rate.interpolatorWeights.values.count)
    return a * a + b * b + 4 * filter.chain.tapCount + 16
  }

  /// Every sum written out over an image without end.
  @Test("all sums written out", arguments: everyBorder, rates)
  func writtenOut(border: BorderRule, rate: Resampling) throws {
    let filter = Self.filter(rate)
    var random = SeededGenerator(seed: 32)
    let (width, height) = (13, 7)
    let plane: Plane<Double> = random.plane(width: width, height: height)
    let kernel = try ReferenceApplyTests.effectiveKernel(SparseFilter(chain: filter.chain, gain: filter.gain))
    let (a, b, factor) = (rate.prefilterWeights, rate.interpolatorWeights, rate.factor)

    func convolved(_ plane: Plane<Double>) -> Plane<Double> {
      func pixel(_ x: Int, _ y: Int) -> Double {
        guard let x = border.source(of: x, count: width), let y = border.source(of: y, count: height) else {
          return Double(border.outside)
        }
        return plane[x, y]
      }
      var lowPixels: [PixelOffset: Double] = [:]
      func low(_ m: PixelOffset) -> Double {
        if let known = lowPixels[m] { return known }
        var sum = 0.0
        for (j, wy) in a.values.enumerated() {
          for (i, wx) in a.values.enumerated() {
            sum += wy * wx * pixel(factor * m.x - (a.first + i), factor * m.y - (a.first + j))
          }
        }
        lowPixels[m] = sum
        return sum
      }
      func layered(_ m: PixelOffset) -> Double {
        var sum = 0.0
        kernel.forEachOffset { x, y, weight in
          if weight != 0 { sum += weight * low(PixelOffset(x: m.x - x, y: m.y - y)) }
        }
        return sum
      }
      var layeredPixels: [PixelOffset: Double] = [:]
      return Plane(width: width, height: height) { x, y in
        var sum = 0.0
        for my in -20...20 where b.values.indices.contains(y - factor * my - b.first) {
          for mx in -20...20 where b.values.indices.contains(x - factor * mx - b.first) {
            let m = PixelOffset(x: mx, y: my)
            let value = layeredPixels[m] ?? layered(m)
            layeredPixels[m] = value
            sum += b.values[y - factor * my - b.first] * b.values[x - factor * mx - b.first] * value
          }
        }
        return sum
      }
    }
    var expected = convolved(plane)
    if border == .normalized {
      let ones = convolved(Plane(width: width, height: height, repeating: 1))
      for index in expected.values.indices {
        expected.values[index] /= max(ones.values[index] / (filter.chain.sum * filter.gain), 0x1p-8)
      }
    }
    let actual = try ReferenceApply.apply(filter, to: plane, border: border)
    // Values are at most 2, the constant; a normalized border divides by 1/256 or more.
    let bound =
      gamma(2 * Self.roundings(filter) + kernel.values.values.count) * filter.chain.noiseGain * filter.gain * 2
      * (border == .normalized ? 256 * 256 : 1)
    #expect(violation(actual, expected, within: bound) == nil)
  }

  @Test("a constant stays constant, times the gain", arguments: everyBorder, rates)
  func constant(border: BorderRule, rate: Resampling) throws {
    if case .constant = border { return }
    for model in TapModel.allCases {
      let filter = Self.filter(rate, model: model)
      let result = try ReferenceApply.apply(filter, to: Plane(width: 17, height: 9, repeating: 0.75), border: border)
      let expected = Plane<Double>(width: 17, height: 9, repeating: 0.75 * filter.gain)
      let bound =
        gamma(2 * Self.roundings(filter)) * filter.chain.noiseGain * filter.gain
        * (border == .normalized ? 256 * 256 : 1)
      #expect(violation(result, expected, within: bound) == nil, "\(model)")
    }
  }

  @Test("shifts by multiples of the factor commute to the bit, others do not", arguments: rates)
  func shifts(rate: Resampling) throws {
    let (filter, factor) = (Self.filter(rate), rate.factor)
    var random = SeededGenerator(seed: 33)
    let plane: Plane<Double> = random.plane(width: 6 * factor, height: 5 * factor)
    func shifted(_ plane: Plane<Double>, _ dx: Int, _ dy: Int) -> Plane<Double> {
      Plane(width: plane.width, height: plane.height) { x, y in
        plane[(x + plane.width - dx) % plane.width, (y + plane.height - dy) % plane.height]
      }
    }
    let result = try ReferenceApply.apply(filter, to: plane, border: .wrap)
    for (dx, dy) in [(factor, 0), (0, factor), (3 * factor, 2 * factor)] {
      let moved = try ReferenceApply.apply(filter, to: shifted(plane, dx, dy), border: .wrap)
      #expect(moved == shifted(result, dx, dy), "shift \(dx), \(dy)")
    }
    #expect(try ReferenceApply.apply(filter, to: shifted(plane, 1, 0), border: .wrap) != shifted(result, 1, 0))
  }

  @Test("a crop that starts at a multiple of the factor gives the same pixels", arguments: rates)
  func crops(rate: Resampling) throws {
    let (filter, factor) = (Self.filter(rate), rate.factor)
    let reach = filter.bounds.reach
    var random = SeededGenerator(seed: 34)
    let side = 2 * reach + 2 * factor + 6
    let plane: Plane<Double> = random.plane(width: side, height: side)
    let whole = try ReferenceApply.apply(filter, to: plane)
    let cut = Plane<Double>(width: side - 2 * factor, height: side - factor) { plane[$0 + 2 * factor, $1 + factor] }
    let result = try ReferenceApply.apply(filter, to: cut)
    var compared = 0
    for y in reach..<cut.height - reach {
      for x in reach..<cut.width - reach {
        #expect(result[x, y] == whole[x + 2 * factor, y + factor])
        compared += 1
      }
    }
    #expect(compared >= 36)
  }

  @Test("the reach is what can change a pixel, and no more", arguments: rates)
  func reach(rate: Resampling) throws {
    let factor = rate.factor
    // One tap: the bounds are those of prefilter and interpolator alone.
    let chain = TapChain(model: .integer, layers: [TapLayer([Tap(x: 1, y: -1, weight: 1)])])
    let filter = SparseFilter(chain: chain, rate: rate)
    let bounds = filter.bounds
    var touched: OffsetBounds?
    let side = 12 * factor
    for phaseY in 0..<factor {
      for phaseX in 0..<factor {
        var plane = Plane<Double>(width: side, height: side)
        let (x0, y0) = (6 * factor + phaseX, 6 * factor + phaseY)
        plane[x0, y0] = 1
        let result = try ReferenceApply.apply(filter, to: plane)
        for y in 0..<side {
          for x in 0..<side where result[x, y] != 0 {
            let offset = OffsetBounds(PixelOffset(x: x - x0, y: y - y0))
            touched = touched?.union(offset) ?? offset
          }
        }
      }
    }
    #expect(touched == bounds)
  }
}
