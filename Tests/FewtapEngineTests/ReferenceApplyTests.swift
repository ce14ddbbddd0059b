import FewtapCore
import FewtapEngine
import TestSupport
import Testing

@Suite("The reference is what the definition says")
struct ReferenceApplyTests {
  /// `K = gain * k_1 * ... * k_L` at every integer offset, by brute force.
  static func effectiveKernel(_ filter: SparseFilter) throws -> Kernel {
    let bounds = filter.chain.bounds
    var kernel: [PixelOffset: Double] = [PixelOffset(x: 0, y: 0): filter.gain]
    for layer in filter.chain.layers {
      var next: [PixelOffset: Double] = [:]
      for (offset, value) in kernel {
        for tap in layer.taps {
          for y in Int(tap.y.rounded(.down))...Int(tap.y.rounded(.up)) {
            for x in Int(tap.x.rounded(.down))...Int(tap.x.rounded(.up)) {
              let tent = max(0, 1 - abs(Double(x) - tap.x)) * max(0, 1 - abs(Double(y) - tap.y))
              next[PixelOffset(x: offset.x + x, y: offset.y + y), default: 0] += value * tap.weight * tent
            }
          }
        }
      }
      kernel = next
    }
    let values = Plane<Double>(width: bounds.width, height: bounds.height) { x, y in
      kernel[PixelOffset(x: x + bounds.minX, y: y + bounds.minY)] ?? 0
    }
    // The center must be a pixel of the kernel: chains in these tests reach to both sides of 0.
    return try Kernel(name: "effective", values: values, center: PixelOffset(x: -bounds.minX, y: -bounds.minY))
  }

  @Test("a chain gives what its effective kernel gives, at every border", arguments: everyBorder, TapModel.allCases)
  func chainIsEffectiveKernel(border: BorderRule, model: TapModel) throws {
    var random = SeededGenerator(seed: 11)
    let filter = SparseFilter(chain: random.chain(model, layout: [6, 3, 2], reach: 3), gain: 1.5)
    let kernel = try Self.effectiveKernel(filter)
    let plane: Plane<Double> = random.plane(width: 11, height: 6)
    let byChain = try ReferenceApply.apply(filter, to: plane, border: border)
    let byKernel = try ReferenceApply.apply(kernel, to: plane, border: border)
    // Both are sums of at most (all taps' pixels) products, for brute force and convolution alike; values are at most 2
    // (the constant), and a normalized border divides by 1/256 or more.
    let terms = 4 * filter.chain.tapCount + kernel.values.values.count
    let bound = gamma(2 * terms) * filter.chain.noiseGain * 1.5 * 2 * (border == .normalized ? 256 * 256 : 1)
    #expect(violation(byChain, byKernel, within: bound) == nil)
  }

  @Test("dense convolution by definition, with an even size and a center off the middle", arguments: everyBorder)
  func denseByDefinition(border: BorderRule) throws {
    var random = SeededGenerator(seed: 12)
    let values: Plane<Double> = random.plane(width: 4, height: 3, in: 0...1)
    let kernel = try Kernel(name: "random", values: values, center: PixelOffset(x: 3, y: 0))
    let plane: Plane<Double> = random.plane(width: 5, height: 4)
    func at(_ plane: Plane<Double>, _ x: Int, _ y: Int) -> Double {
      guard let x = border.source(of: x, count: 5), let y = border.source(of: y, count: 4) else {
        return Double(border.outside)
      }
      return plane[x, y]
    }
    func convolved(_ plane: Plane<Double>) -> Plane<Double> {
      Plane(width: 5, height: 4) { x, y in
        var sum = 0.0
        for j in 0..<3 {
          for i in 0..<4 { sum += values[i, j] * at(plane, x - (i - 3), y - (j - 0)) }
        }
        return sum
      }
    }
    var expected = convolved(plane)
    if border == .normalized {
      let ones = convolved(Plane(width: 5, height: 4, repeating: 1))
      for index in expected.values.indices {
        expected.values[index] /= max(ones.values[index] / kernel.sum, 0x1p-8)
      }
    }
    let actual = try ReferenceApply.apply(kernel, to: plane, border: border)
    // 12 products of at most 1 * 2, twice, divided by no less than 1/256.
    let bound = gamma(26) * 12 * 2 * (border == .normalized ? 256 * 256 : 1)
    #expect(violation(actual, expected, within: bound) == nil)
  }

  @Test("the dense engine agrees with the dense reference to Float's rounding", arguments: everyBorder)
  func denseEngine(border: BorderRule) throws {
    var random = SeededGenerator(seed: 13)
    let kernel = try Kernel(
      name: "random", values: random.plane(width: 9, height: 7, in: -0.2...1), center: PixelOffset(x: 1, y: 5))
    let plane: Plane<Float> = random.plane(width: 23, height: 41)
    let expected = try ReferenceApply.apply(kernel, to: plane.map { Double($0) }, border: border)
    let actual = try DenseApply(kernel).apply(toPlane: plane, options: ApplyOptions(border: border))
    // Rounded to Float once; two Double sums of 63 products of at most 1, over a share of 1/256 or more, differ by far less
    // than the second rounding and the 2^-20 allowed here.
    let bound = expected.map { gamma(2, roundoff: floatRoundoff) * (abs($0) + 0x1p-20) }
    #expect(violation(actual, expected, within: bound) == nil)
  }
}
