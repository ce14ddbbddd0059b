import FewtapCore
import FewtapFit
import FewtapSynthesis
import FewtapTargets
import Synchronization
import TestSupport
import Testing

@Suite("Fits of chains at a lower rate")
struct RateFitTests {
  private func kernel(_ name: String) throws -> Kernel { try KernelSpecification(name).makeKernel() }

  private func options(_ factor: Int, _ change: (inout FitOptions) throws -> Void = { _ in }) rethrows -> FitOptions {
    var options = FitOptions()
    options.effort = .fast
    options.budget = .taps(32)
    options.rate = Resampling(factor: factor)
    try change(&options)
    return options
  }

  /// METHOD.md section 12, less half a decibel.
  @Test(
    "chains meet their figures",
    arguments: [
      ("disk:radius=20,size=49", 2, "24r4,4r4,2r4", 70.9), ("disk:radius=20,size=49", 2, "16r4,3r4,2r4", 67.0),
      ("star:points=4,radius=22,inner=7,size=49", 2, "24r4,4r4,2r4", 66),
      ("disk:radius=20,size=49", 4, "14r4,3r3", 64.3), ("disk:radius=20,size=49", 4, "20,6", 60.8),
    ])
  func figures(name: String, factor: Int, layout: String, decibels: Double) throws {
    let result = try Fit(
      try kernel(name),
      options(factor) {
        $0.effort = .normal
        $0.budget = .layout(try Layout(parsing: layout))
        $0.threads = 2
      }
    ).run()
    #expect(result.summary.accuracy.photo.mean > decibels - 0.5)
    #expect(result.filter.rate == Resampling(factor: factor))
  }

  @Test(
    "a seed gives the same bits on any number of threads, and other bits than another seed",
    arguments: TapModel.allCases)
  func determinism(model: TapModel) throws {
    let kernel = try kernel("star:points=4,radius=18,inner=6")
    func fit(_ seed: UInt64, _ threads: Int) throws -> SparseFilter {
      try Fit(
        kernel,
        options(2) {
          $0.tapModel = model
          $0.effort = model == .integer ? .normal : .fast
          $0.seed = seed
          $0.threads = threads
        }
      ).run().filter
    }
    let first = try fit(1, 1)
    #expect(try fit(1, 3) == first)
    #expect(try fit(2, 1) != first)
    #expect(first.chain.tapCount == 32 && first.chain.model == model)
  }

  @Test("sums, provenance and flicker", arguments: [FitOptions.Budget.taps(32), .dense])
  func record(budget: FitOptions.Budget) throws {
    let kernel = try kernel("disk:radius=16").scaled(by: 3)
    let result = try Fit(kernel, options(3) { $0.budget = budget }).run()
    let filter = result.filter
    #expect(filter.gain == kernel.sum)
    for layer in filter.chain.layers { #expect(abs(layer.sum - 1) <= gamma(layer.taps.count) * layer.absoluteSum) }
    #expect(filter.fit?.flicker == result.summary.accuracy.flicker && result.summary.accuracy.flicker > 0)
    #expect(filter.fit?.relativeError == result.summary.accuracy.relativeError)
    #expect(filter.fit?.effort == (budget == .dense ? "none" : "fast"))
    #expect(result.summary.accuracy.relativeError < 0.5)
    #expect(filter.kernel == KernelReference(kernel))
    #expect(try SparseFilter(json: filter.json()) == filter)
    #expect(try FilterAccuracy(of: filter, against: kernel) == result.summary.accuracy)
  }

  @Test(
    "every objective but the paper's fits", arguments: [Objective.photo, .balanced, .highlights], TapModel.allCases)
  func objectives(objective: Objective, model: TapModel) throws {
    let result = try Fit(
      try kernel("disk:radius=14"),
      options(2) {
        $0.objective = objective
        $0.tapModel = model
      }
    ).run()
    #expect(result.summary.accuracy.photo.mean > 55 && result.summary.accuracy.relativeError < 0.4)
  }

  @Test("nonnegative weights, and a cap on the noise gain")
  func bounds() throws {
    let kernel = try kernel("disk:radius=16")
    let nonnegative = try Fit(kernel, options(2) { $0.nonnegative = true }).run()
    #expect(nonnegative.filter.chain.layers.allSatisfy { $0.taps.allSatisfy { $0.weight >= 0 } })
    #expect(nonnegative.summary.accuracy.relativeError < 0.5)
    for budget in [FitOptions.Budget.taps(32), .dense] {
      let free = try Fit(kernel, options(4) { $0.budget = budget }).run()
      #expect(free.summary.noiseGain > 1.1)
      let capped = try Fit(
        kernel,
        options(4) {
          $0.budget = budget
          $0.maximumNoiseGain = 1.1
        }
      ).run()
      #expect(capped.summary.noiseGain <= 1.1 && capped.summary.accuracy.relativeError < 0.6)
    }
  }

  @Test("progress tells the photo PSNR of the whole filter")
  func progress() throws {
    let fit = try Fit(try kernel("disk:radius=16"), options(2))
    let seen = ProgressRecord()
    let result = try fit.run { seen.append($0.photoPSNR) }
    // The last step is before the final refinement and the exact sum.
    #expect(abs((seen.values.last ?? 0) - result.summary.accuracy.photo.mean) < 3)
  }

  @Test("signed and zero-sum kernels", arguments: ["log:sigma=6", "sharpen:sigma=8,amount=1"])
  func signed(name: String) throws {
    let kernel = try kernel(name)
    let result = try Fit(kernel, options(2) { $0.budget = .taps(60) }).run()
    let effective = try result.filter.effectiveKernel()
    #expect(abs(effective.sum - (kernel.isZeroSum ? 0 : kernel.sum)) <= gamma(4000) * effective.absoluteSum)
    #expect(result.summary.accuracy.relativeError.isFinite)
  }

  @Test("a kernel smaller than a low-rate pixel is fitted badly, not wrongly", arguments: ["delta", "disk:radius=1"])
  func tiny(name: String) throws {
    let kernel = try kernel(name)
    for budget in [FitOptions.Budget.taps(8), .dense] {
      let result = try Fit(kernel, options(16) { $0.budget = budget }).run()
      #expect(result.filter.rate?.factor == 16 && result.summary.accuracy.photo.mean.isFinite)
    }
  }

  @Test("the largest kernel at a lower rate")
  func largest() throws {
    let result = try Fit(try kernel("box:width=1025,height=1"), options(32) { $0.budget = .dense }).run()
    #expect(result.summary.accuracy.relativeError.isFinite)
  }

  @Test("what a lower rate does not take")
  func refused() throws {
    let kernel = try kernel("disk:radius=9")
    func error(_ change: (inout FitOptions) -> Void) -> FitError? {
      do {
        _ = try Fit(kernel, options(2, change))
        return nil
      } catch {
        return error as? FitError
      }
    }
    for factor in [Int.min, -2, 0, 1, 7, 22, 65, .max] {
      #expect(error { $0.rate = Resampling(factor: factor) } == .badFactor(factor))
    }
    #expect(
      error {
        $0.recipe = .paper
        $0.tapModel = .bilinear
      } == .lowerRate(option: "recipe", value: "paper", required: "fewtap"))
    guard case .lowerRate("objective", "charbonnier", _) = error({ $0.objective = .charbonnier }) else {
      Issue.record("charbonnier was taken")
      return
    }
    #expect(
      error {
        $0.budget = .dense
        $0.rate = nil
      } == .dense(option: "rate", value: "none", required: "a lower one"))
    #expect(
      error {
        $0.budget = .dense
        $0.tapModel = .bilinear
      } == .dense(option: "tap model", value: "bilinear", required: "integer taps"))
    #expect(
      error {
        $0.budget = .dense
        $0.nonnegative = true
      } == .dense(option: "weights", value: "nonnegative", required: "signed weights"))
    let sentences: [(FitError, String)] = [
      (.badFactor(7), "7"), (.lowerRate(option: "recipe", value: "paper", required: "fewtap"), "paper"),
      (.dense(option: "rate", value: "none", required: "a lower one"), "none"),
    ]
    for (error, value) in sentences { #expect(error.description.contains(value)) }
  }
}

/// Figures reported while a fit runs.
private final class ProgressRecord: Sendable {
  private let list = Mutex<[Double]>([])
  var values: [Double] { list.withLock { $0 } }
  func append(_ value: Double) { list.withLock { $0.append(value) } }
}
