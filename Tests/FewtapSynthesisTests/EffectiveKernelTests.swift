import FewtapCore
import FewtapSynthesis
import TestSupport
import Testing

@Suite struct EffectiveKernelTests {
  /// The grid's periodic synthesis and the tap-by-tap one are independent ways to the same kernel.
  @Test(arguments: TapModel.allCases, 1...4 as ClosedRange<UInt64>)
  func gridAndTapsAgree(model: TapModel, seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let chain = random.chain(model, layout: [6, 4, 3], reach: 4)
    let effective = try SparseFilter(chain: chain, gain: 2).effectiveKernel()
    let grid = GridTransform(minimumSize: 64)
    let onGrid = ChainSynthesis(ChainParameters(chain), on: grid).effectiveKernel()
    let direct = grid.place(effective)
    // Transforms of a chain whose spectrum is bounded by its noise gain.
    let bound = gamma(16 * 12 * 3) * chain.noiseGain * 2
    for (a, b) in zip(onGrid, direct) { #expect(abs(2 * a - b) <= bound) }
  }

  @Test func layersThatOvershootAndReturnAreFollowed() throws {
    let chain = TapChain(
      model: .integer,
      layers: [
        TapLayer([Tap(x: 9, y: -7, weight: 1)]),
        TapLayer([Tap(x: -9, y: 7, weight: 0.5), Tap(x: -8, y: 7, weight: 2)]),
      ])
    let kernel = try SparseFilter(chain: chain).effectiveKernel()
    #expect(kernel.values[kernel.center.x, kernel.center.y] == 0.5)
    #expect(kernel.values[kernel.center.x + 1, kernel.center.y] == 2)
  }

  @Test func aFilterThatReachesTooFarIsRefused() {
    let far = TapChain(
      model: .integer, layers: [TapLayer([Tap(x: 4096, y: 0, weight: 1), Tap(x: 0, y: 0, weight: 1)])])
    let farther = TapChain(model: .integer, layers: far.layers + far.layers)
    #expect(throws: FilterError.self) { try SparseFilter(chain: farther).effectiveKernel() }
    // Larger than a kernel that a user may give, but not than what a fit can make.
    let near = TapChain(
      model: .integer, layers: [TapLayer([Tap(x: 2000, y: 0, weight: 1), Tap(x: 0, y: 0, weight: 1)])])
    #expect((try? SparseFilter(chain: near).effectiveKernel().width) == 2001)
    let bad = TapChain(model: .integer, layers: [TapLayer([Tap(x: 0, y: 0, weight: .nan)])])
    #expect(throws: FilterError.self) { try SparseFilter(chain: bad).effectiveKernel() }
  }
}
