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
    "2048,1", " 24x4", "r", "r4", "4r", "4r0", "4r9", "4r-1", "0r4", "4r4r4", "4r4,", "4r4x", "4r4x0", "257r8", "4R4",
    "4 r4", "9223372036854775807r8", "4r4x17",
  ])
  func layouts(text: String) {
    #expect(throws: FitError.badLayout(text)) { try Layout(parsing: text) }
  }

  @Test func goodLayouts() throws {
    #expect(try Layout(parsing: "24x4").taps == [24, 24, 24, 24])
    #expect(try Layout(parsing: "76,8,6,6").taps == [76, 8, 6, 6])
    #expect(try Layout(parsing: "5").taps == [5])
    #expect(try Layout([76, 8]).description == "76,8")
    let runs = try Layout(parsing: "17r4,4r3,5,6r1")
    #expect(runs.taps == [68, 12, 5, 6] && runs.description == "17r4,4r3,5,6")
    #expect(try Layout(parsing: runs.description) == runs)
    #expect(try Layout(parsing: "6r4x3").layers == Array(repeating: Layout.Layer(count: 6, length: 4), count: 3))
    #expect(try Layout(parsing: "256r8").taps == [2048])
    #expect(throws: FitError.badLayout("3r-2")) { try Layout(layers: [Layout.Layer(count: 3, length: -2)]) }
    #expect(throws: FitError.badLayout("\(Int.max)r8")) { try Layout(layers: [Layout.Layer(count: .max, length: 8)]) }
  }

  @Test(arguments: FitOptions.Recipe.allCases) func runsAreOfIntegerTaps(recipe: FitOptions.Recipe) throws {
    let layout = try Layout(parsing: "8r4,4")
    #expect(
      try error {
        $0.budget = .layout(layout)
        $0.tapModel = .bilinear
        $0.recipe = recipe
      } == .runsNeedIntegerTaps(layout))
  }

  @Test func budgetsAreSpentWholly() {
    for taps in 1...300 {
      for layout in Layout.candidates(taps: taps) {
        #expect(layout.reduce(0, +) == taps && layout.allSatisfy { $0 >= 1 } && layout[0] * 2 >= taps)
      }
    }
  }

  /// Whatever is asked, the runs are spent wholly; and the fewer taps there are for a kernel, the more layers come first.
  @Test(arguments: [1, 2, 4, 8]) func budgetsOfRunsAreSpentWholly(length: Int) {
    for count in 1...120 {
      var layers = 0
      for support in [1, 40, 300, 1300, 100_000] {
        let candidates = Layout.candidates(runs: count, of: length, support: support)
        for layout in candidates {
          #expect(layout.layers.allSatisfy { $0.length == length && $0.count >= 1 })
          #expect(layout.taps.reduce(0, +) == count * length && layout.layers[0].count * 2 >= count)
        }
        #expect(Set(candidates.map(\.layers.count)).count == candidates.count)
        // From 20 runs on there is room for all four layers.
        let best = candidates.first?.layers.count ?? 0
        #expect(best >= max(layers, 1) && (count < 20 || support < 100_000 || best == 4))
        layers = best
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

  @Test func everySentenceNamesValueAndRemedy() throws {
    let errors: [FitError] = [
      .badLayout("7y"), .badTapCount(-3), .cannotReach(layout: [1, 1], radius: 9),
      .recipe(option: "tap model", value: "integer", required: "bilinear taps"), .kernelIsSigned(minimum: -0.5),
      .noiseGainTooLow(asked: 0.5, least: 1), .noiseGainNotReached(asked: 1.1, reached: 1.4), .badSeconds(-2),
      .runsNeedIntegerTaps(try Layout(parsing: "8r4,4")),
    ]
    let values = ["7y", "-3", "1,1", "integer", "-0.5", "0.5", "1.4", "-2", "8r4,4"]
    for (error, value) in zip(errors, values) { #expect(error.description.contains(value)) }
  }
}
