import FewtapCore
import TestSupport
import Testing

@Suite("Tap layers and chains")
struct TapChainTests {
  /// `factor * k_1 * ... * k_L` at every integer offset.
  static func effective(_ chain: TapChain, factor: Double = 1) -> [PixelOffset: Double] {
    chain.layers.reduce([PixelOffset(x: 0, y: 0): factor]) { kernel, layer in
      var next: [PixelOffset: Double] = [:]
      for (offset, value) in kernel {
        for tap in layer.mergedIntegerTaps() {
          next[PixelOffset(x: offset.x + tap.offset.x, y: offset.y + tap.offset.y), default: 0] += value * tap.weight
        }
      }
      return next
    }
  }

  @Test("merged taps are the tent sampled at the pixels, sorted, without doubles and zeros")
  func merged() {
    var random = SeededGenerator(seed: 71)
    let layer = random.chain(.bilinear, layout: [12], reach: 2).layers[0]
    let merged = layer.mergedIntegerTaps()
    for y in -4...4 {
      for x in -4...4 {
        let expected = layer.taps.reduce(0) { sum, tap in
          sum + tap.weight * max(0, 1 - abs(Double(x) - tap.x)) * max(0, 1 - abs(Double(y) - tap.y))
        }
        let actual = merged.first { $0.offset == PixelOffset(x: x, y: y) }?.weight ?? 0
        // Twelve products of three factors, each of a rounded difference, on both sides.
        #expect(abs(actual - expected) <= 2 * gamma(12 + 6) * layer.absoluteSum)
      }
    }
    #expect(zip(merged, merged.dropFirst()).allSatisfy { ($0.offset.y, $0.offset.x) < ($1.offset.y, $1.offset.x) })
    let cancelling = TapLayer([Tap(x: 1, y: 1, weight: 2), Tap(x: 1, y: 1, weight: -2), Tap(x: 0, y: 0, weight: 1)])
    #expect(cancelling.mergedIntegerTaps().map(\.offset) == [PixelOffset(x: 0, y: 0)])
  }

  @Test("bounds hold every pixel that is touched", arguments: TapModel.allCases)
  func bounds(model: TapModel) {
    var random = SeededGenerator(seed: 72)
    let chain = random.chain(model, layout: [5, 4, 3], reach: 3)
    let (bounds, kernel) = (chain.bounds, Self.effective(chain))
    for offset in kernel.keys {
      #expect((bounds.minX...bounds.maxX).contains(offset.x) && (bounds.minY...bounds.maxY).contains(offset.y))
    }
    #expect(bounds.minX == kernel.keys.map(\.x).min() && bounds.maxY == kernel.keys.map(\.y).max())
  }

  @Test(
    "the normal form: sums of 1, centroids within half a pixel of 0, sorted, and the same filter",
    arguments: TapModel.allCases)
  func normalForm(model: TapModel) {
    for seed in UInt64(1)...10 {
      var random = SeededGenerator(seed: seed)
      var chain = random.chain(model, layout: [7, 4, 3], reach: 4)
      for (index, scale) in [2.5, -0.3, 7].enumerated() {
        for tap in chain.layers[index].taps.indices {
          chain.layers[index].taps[tap].weight *= scale
          chain.layers[index].taps[tap].x += index == 1 ? 9 : 0
        }
      }
      let (normal, factor) = chain.normalForm()
      for (index, layer) in normal.layers.enumerated() {
        #expect(abs(layer.sum - 1) <= gamma(layer.taps.count) * layer.absoluteSum, "seed \(seed), layer \(index)")
        #expect(zip(layer.taps, layer.taps.dropFirst()).allSatisfy { ($0.y, $0.x) <= ($1.y, $1.x) })
        let centroid = layer.taps.reduce(0) { $0 + abs($1.weight) * $1.x } / layer.absoluteSum
        let slack = 0.5 + gamma(2 * layer.taps.count + 8) * 32
        #expect(index == 0 || abs(centroid) <= slack, "seed \(seed), layer \(index)")
      }
      // Translations are whole pixels, so the two effective kernels can be compared offset by offset.
      let (before, after) = (Self.effective(chain), Self.effective(normal, factor: factor))
      let bound = gamma(64) * chain.noiseGain
      for offset in Set(before.keys).union(after.keys) {
        #expect(abs((before[offset] ?? 0) - (after[offset] ?? 0)) <= bound, "seed \(seed), \(offset)")
      }
    }
  }

  @Test("the normal form of a normal form is itself", arguments: TapModel.allCases)
  func idempotent(model: TapModel) {
    var random = SeededGenerator(seed: 73)
    let (once, _) = random.chain(model, layout: [7, 4, 3], reach: 4).normalForm()
    let (twice, factor) = once.normalForm()
    #expect(abs(factor - 1) <= gamma(3 * 7) * once.noiseGain)
    for (a, b) in zip(once.layers, twice.layers) {
      for (s, t) in zip(a.taps, b.taps) {
        #expect(abs(s.weight - t.weight) <= gamma(32) * once.noiseGain)
        #expect(abs(s.x - t.x) <= gamma(64) * 16 && abs(s.y - t.y) <= gamma(64) * 16)
      }
    }
  }

  @Test("a layer whose weights cancel gets sum|w| = 1")
  func zeroSum() {
    let layer = TapLayer([Tap(x: 0, y: 0, weight: 3), Tap(x: 1, y: 0, weight: -3)])
    let (normal, factor) = TapChain(model: .integer, layers: [layer]).normalForm()
    #expect(factor == 6 && normal.layers[0].sum == 0 && normal.layers[0].absoluteSum == 1)
    let nothing = TapChain(model: .integer, layers: [TapLayer([Tap(x: 0, y: 0, weight: 0)])])
    #expect(nothing.normalForm().chain == nothing && nothing.normalForm().factor == 1)
  }
}
