import FewtapBaselines
import FewtapCore
import FewtapFit
import FewtapSynthesis
import FewtapTargets
import TestSupport
import Testing

@Suite struct ConvergenceTests {
  private static func searches(_ layout: Layout) -> [Baseline] {
    var tempering = ParallelTempering.Options()
    (tempering.iterations, tempering.replicas) = (300, 4)
    return [.paper(layout: layout), .tempering(layout: layout, tempering)]
      + TapModel.allCases.map { model in
        var options = FitOptions()
        (options.budget, options.effort, options.tapModel) = (.layout(layout), .fast, model)
        return .fit(options)
      }
  }

  /// Work and time only grow, the end is better than the start, and it is the result.
  @Test(arguments: ["disk:radius=7", "star:points=4,radius=9,inner=3"])
  func aTraceLeadsToTheResult(name: String) throws {
    let kernel = try KernelSpecification(name).makeKernel()
    for rival in Self.searches(try Layout([12, 6])) {
      let result = try rival.run(for: kernel)
      let points = result.trace.points
      let (first, last) = (try #require(points.first), try #require(points.last))
      #expect(points.count > 5, "\(rival)")
      #expect(zip(points, points.dropFirst()).allSatisfy { $0.steps <= $1.steps && $0.seconds <= $1.seconds })
      #expect(last.photoPSNR == result.accuracy.photo.mean && last.relativeError == result.accuracy.relativeError)
      #expect(points.allSatisfy { $0.photoPSNR.isFinite && $0.relativeError > 0 })
      #expect(last.seconds == result.fitSeconds)
      #expect(last.photoPSNR > first.photoPSNR, "\(rival)")
      // Ours minimizes what photographs show, at times at the kernel's own cost; the others its error.
      if case .fit = rival { continue }
      #expect(last.relativeError < first.relativeError, "\(rival)")
    }
  }

  /// What parallel tempering tells last is its best chain, whose filter is the result: the gauge on the grid and the measure of the
  /// filter, tap by tap, agree up to rounding.
  @Test func theGaugeIsTheMeasure() throws {
    let kernel = try Kernel.star(points: 4, radius: 9, inner: 3)
    var options = ParallelTempering.Options()
    (options.iterations, options.replicas) = (200, 4)
    var last: FitProgress?
    let result = try ParallelTempering(kernel, layout: Layout([12, 6]), options).run { last = $0 }
    let told = try #require(last)
    let accuracy = try FilterAccuracy(of: result.filter, against: kernel)
    // Both errors are norms of differences of kernels; transforms of 64 x 64 points round some hundred times.
    #expect(abs(told.relativeError - accuracy.relativeError) <= gamma(4096))
    // The search's grid resolves the photographs' spectra less finely.
    #expect(abs(told.photoPSNR - accuracy.photo.mean) < 1)
    #expect(told.completed == 800 && told.total == 800)
  }

  /// Whoever listens changes no bit.
  @Test func recordingChangesNothing() throws {
    let kernel = try Kernel.disk(radius: 7)
    var options = FitOptions()
    (options.budget, options.effort) = (.taps(16), .fast)
    let filter = try #require(Baseline.fit(options).run(for: kernel).filter as? SparseFilter)
    #expect(filter == (try Fit(kernel, options).run().filter))
  }

  @Test func thinningKeepsTheEnds() throws {
    let points = (1...1000).map {
      ConvergenceTrace.Point(steps: $0, seconds: Double($0), photoPSNR: Double($0), relativeError: 1 / Double($0))
    }
    let trace = ConvergenceTrace(points)
    for count in [2, 3, 10, 40] {
      let thin = trace.thinned(to: count).points
      #expect(thin.count == count && thin.first == points.first && thin.last == points.last)
      #expect(zip(thin, thin.dropFirst()).allSatisfy { $0.steps < $1.steps })
    }
    #expect(trace.thinned(to: 1000) == trace)
    #expect(ConvergenceTrace().thinned(to: 5).points.isEmpty)
  }

  @Test func nothingIsRecordedTwice() {
    let recorder = ConvergenceRecorder()
    for step in 1...6 {
      let decibels = Double(step / 3)
      recorder.record(
        FitProgress(stage: .starts, completed: step, total: 6, photoPSNR: decibels, relativeError: 1 / (1 + decibels)))
    }
    #expect(recorder.trace.points.map(\.steps) == [1, 3, 6])
  }
}
