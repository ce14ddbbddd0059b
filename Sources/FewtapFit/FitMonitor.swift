import FewtapCore
import FewtapSynthesis
import Synchronization

/// Watches a fit from all its threads: counts steps, reports progress, says when to stop.
final class FitMonitor: Sendable {
  private struct Tally {
    var completed = 0
    var total: Int?
    var bestCost = Double.infinity
    var figures = (photoPSNR: 0.0, relativeError: Double.infinity)
    var ranOutOfTime = false
  }

  private let tally = Mutex(Tally())
  private let figures: @Sendable (FitProblem.Point) -> (photoPSNR: Double, relativeError: Double)
  private let cancellation: Cancellation
  private let progress: @Sendable (FitProgress) -> Void
  private let start = ContinuousClock.now
  private let limit: Duration?

  /// Share of a time limit that goes to the starts.
  private static let shareOfStarts = 0.4

  /// `figures` tells those of a point.
  init(
    _ figures: @escaping @Sendable (FitProblem.Point) -> (photoPSNR: Double, relativeError: Double),
    _ effort: FitOptions.Effort, _ cancellation: Cancellation,
    _ progress: @escaping @Sendable (FitProgress) -> Void
  ) {
    self.figures = figures
    self.cancellation = cancellation
    self.progress = progress
    if case .seconds(let seconds) = effort { limit = .seconds(min(seconds, 1e9)) } else { limit = nil }
  }

  /// Says how many steps the fit will make.
  func begin(total: Int) {
    tally.withLock { $0.total = limit == nil ? total : nil }
  }

  /// True while neither the caller nor the clock asks for an end.
  func hasTime(for stage: FitProgress.Stage) -> Bool {
    if cancellation.isCancelled { return false }
    guard let limit else { return true }
    let share = stage == .starts ? Self.shareOfStarts : 1
    let inTime = ContinuousClock.now - start < limit * share
    if !inTime, stage == .refinement { tally.withLock { $0.ranOutOfTime = true } }
    return inTime
  }

  /// Counts a step that reached `point`; false if the search should end.
  func step(_ point: FitProblem.Point, _ stage: FitProgress.Stage) -> Bool {
    tally.withLock { tally in
      tally.completed += 1
      if point.cost < tally.bestCost {
        tally.bestCost = point.cost
        tally.figures = figures(point)
      }
      progress(
        FitProgress(
          stage: stage, completed: tally.completed, total: tally.total, photoPSNR: tally.figures.photoPSNR,
          relativeError: tally.figures.relativeError))
    }
    return hasTime(for: stage)
  }

  var termination: FitSummary.Termination {
    if cancellation.isCancelled { return .cancelled }
    return tally.withLock { $0.ranOutOfTime } ? .timeLimit : .completed
  }
}
