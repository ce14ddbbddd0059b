import FewtapBaselines
import FewtapCore
import FewtapEngine
import FewtapFit
import FewtapTargets
import Testing

/// Filters that are kept for many planes, and how much rounding grows in them.
@Suite struct PreparedFilterTests {
  private static let rivals: [Baseline] = [
    .dense, .fourier, .lowRank(2), .kawase, .dualFilter, .complexDisk(components: 2), .iteratedBox(passes: 3),
    .recursiveGaussian,
  ]

  /// Twice the kernel's sum, so that rivals of sum 1 are scaled as well.
  private func kernel(_ name: String) throws -> Kernel { try KernelSpecification(name).makeKernel().scaled(by: 2) }

  @Test(arguments: ["disk:radius=5", "gaussian:sigma=2.5,size=31"])
  func preparingChangesNoBit(name: String) throws {
    let kernel = try kernel(name)
    var made = 0
    var random = SeededGenerator(seed: 1)
    let plane = Plane(width: 45, height: 33, exactly: (0..<45 * 33).map { _ in Float(random.unit()) })
    for rival in Self.rivals {
      guard let filter = try? rival.run(for: kernel).filter else { continue }
      made += 1
      let run = try filter.prepared(width: plane.width)
      for border in [BorderRule.mirror, .normalized] {
        let options = ApplyOptions(border: border)
        let direct = try filter.apply(toPlane: plane, options: options)
        #expect(try run(plane, options) == direct, "\(rival)")
        #expect(try run(plane, options) == direct, "\(rival), again")
      }
    }
    #expect(made == (name.hasPrefix("disk") ? 6 : 7))
  }

  /// 1 is the least that a filter which keeps brightness can have, whatever the kernel's own sum.
  @Test func noiseGainIsThatOfTheWeights() throws {
    let disk = try kernel("disk:radius=5")
    for rival in [Baseline.dense, .kawase, .dualFilter] {
      let gain = try #require(try rival.run(for: disk).noiseGain)
      #expect(abs(gain - 1) <= 0x1p-40, "\(rival)")
    }
    #expect(try #require(try Baseline.complexDisk(components: 2).run(for: disk).noiseGain) > 1.01)
    let sharpen = try kernel("sharpen:sigma=2,amount=1")
    let dense = try #require(try Baseline.dense.run(for: sharpen).noiseGain)
    #expect(abs(dense - sharpen.absoluteSum / sharpen.sum) <= 0x1p-40)
    // Weights that cancel have no gain of their own to be measured against, except where they are scaled to magnitudes of 1.
    let log = try kernel("log:sigma=2")
    #expect(try Baseline.lowRank(2).run(for: log).noiseGain == nil)
    let one = try #require(try Baseline.dense.run(for: log).noiseGain)
    #expect(abs(one - 1) <= 0x1p-40)
  }
}
