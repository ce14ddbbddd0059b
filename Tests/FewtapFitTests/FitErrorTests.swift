import FewtapCore
import FewtapFit
import FewtapTargets
import Testing

@Suite struct FitErrorTests {
  private func error(_ name: String = "disk:radius=5", _ change: (inout FitOptions) -> Void) throws -> FitError? {
    var options = FitOptions()
    options.effort = .fast
    change(&options)
    do {
      _ = try Fit(try KernelSpecification(name).makeKernel(), options).run()
      return nil
    } catch let error as FitError {
      return error
    }
  }

  @Test(arguments: [0, -1, 2049, Int.min, Int.max]) func tapCounts(count: Int) throws {
    #expect(try error { $0.budget = .taps(count) } == .badTapCount(count))
  }

  @Test(arguments: [
    "", "x", "24x", "x4", "24x0", "24x-1", "0x4", "24x17", "3,", ",3", "3,,4", "3,0", "a,b", "24x4x2", "1e3",
    "99999999999999999999x2",
    "2048,1", " 24x4",
  ])
  func layouts(text: String) {
    #expect(throws: FitError.badLayout(text)) { try Layout(parsing: text) }
  }

  @Test func goodLayouts() throws {
    #expect(try Layout(parsing: "24x4").taps == [24, 24, 24, 24])
    #expect(try Layout(parsing: "76,8,6,6").taps == [76, 8, 6, 6])
    #expect(try Layout(parsing: "5").taps == [5])
    #expect(try Layout([76, 8]).description == "76,8")
  }

  @Test func budgetsAreSpentWholly() {
    for taps in 1...300 {
      for layout in Layout.candidates(taps: taps) {
        #expect(layout.reduce(0, +) == taps && layout.allSatisfy { $0 >= 1 } && layout[0] * 2 >= taps)
      }
    }
  }

  @Test func layersOfOneTapReachNothing() throws {
    let layout = try Layout(parsing: "1x4")
    #expect(try error { $0.budget = .layout(layout) } == .cannotReach(layout: [1, 1, 1, 1], radius: 5))
    #expect(try error("delta") { $0.budget = .layout(layout) } == nil)
  }

  @Test func nonnegativeNeedsANonnegativeKernel() throws {
    guard case .kernelIsSigned = try error("log:sigma=2", { $0.nonnegative = true }) else {
      Issue.record("a signed kernel was taken")
      return
    }
  }

  @Test(arguments: [0.99, 0, -1, .nan, -.infinity]) func noiseGains(gain: Double) throws {
    guard case .noiseGainTooLow(_, 1) = try error(_: "disk:radius=5", { $0.maximumNoiseGain = gain }) else {
      Issue.record("a noise gain of \(gain) was taken")
      return
    }
  }

  @Test(arguments: [0, -1, .nan, .infinity]) func seconds(value: Double) throws {
    guard case .badSeconds = try error(_: "disk:radius=5", { $0.effort = .seconds(value) }) else {
      Issue.record("\(value) seconds were taken")
      return
    }
  }

  @Test func theRecipeFixesItsOptions() throws {
    #expect(
      try error {
        $0.recipe = .paper
        $0.tapModel = .integer
      } == .recipe(option: "tap model", value: "integer", required: "bilinear taps"))
    #expect(
      try error {
        $0.recipe = .paper
        $0.tapModel = .bilinear
        $0.nonnegative = true
      } != nil)
  }

  @Test func everySentenceNamesValueAndRemedy() {
    let errors: [FitError] = [
      .badLayout("7y"), .badTapCount(-3), .cannotReach(layout: [1, 1], radius: 9),
      .recipe(option: "tap model", value: "integer", required: "bilinear taps"), .kernelIsSigned(minimum: -0.5),
      .noiseGainTooLow(asked: 0.5, least: 1), .noiseGainNotReached(asked: 1.1, reached: 1.4), .badSeconds(-2),
    ]
    let values = ["7y", "-3", "1,1", "integer", "-0.5", "0.5", "1.4", "-2"]
    for (error, value) in zip(errors, values) { #expect(error.description.contains(value)) }
  }
}
