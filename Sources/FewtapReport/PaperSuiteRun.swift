import FewtapBaselines
import FewtapCore
import FewtapFit
import Foundation
import Synchronization

extension PaperSuite {
  /// How far a suite is.
  public struct Progress: Sendable {
    /// The share of the estimated work that is done, 0...1.
    public var share: Double
    /// What was begun last.
    public var label: String
  }

  /// Points of a trace that are kept: enough for a smooth curve over a logarithmic axis of a page's width.
  static let tracePoints = 48

  /// Makes all runs, and tells `progress` when one begins, from the threads that work.
  ///
  /// One seed follows the other, so that after `cancellation` there are tables of fewer seeds. The runs under way are dropped then:
  /// a search that was ended early is none of the paper's.
  public func run(
    cancellation: Cancellation = Cancellation(), progress: @escaping @Sendable (Progress) -> Void = { _ in }
  ) -> PaperResults {
    let tasks = tasks()
    let work = tasks.map(\.work)
    let order = tasks.indices.sorted { (tasks[$0].seed ?? 0, $0) < (tasks[$1].seed ?? 0, $1) }
    let total = max(work.reduce(0, +), .leastNormalMagnitude)
    let done = Mutex(0.0)
    let outcomes = parallelMap(count: order.count, threads: threads) { place -> Outcome? in
      guard !cancellation.isCancelled else { return nil }
      let index = order[place]
      progress(Progress(share: done.withLock { $0 } / total, label: tasks[index].label))
      let outcome = tasks[index].outcome(cancellation)
      done.withLock { $0 += work[index] }
      return cancellation.isCancelled ? nil : outcome
    }
    var inOrder = [Outcome?](repeating: nil, count: tasks.count)
    for (index, outcome) in zip(order, outcomes) { inOrder[index] = outcome }
    return PaperResults(tasks, inOrder)
  }

  /// About how long ``run(cancellation:progress:)`` takes, in seconds: what the kinds of runs took where they were measured, scaled
  /// by what a short one takes here and now.
  public func estimatedSeconds() -> Double {
    let work = tasks().reduce(0) { $0 + $1.work }
    var options = ParallelTempering.Options()
    options.iterations = 200
    guard let subject = subjects.first, let layout = try? Layout(parsing: "24x4") else { return 0 }
    let sample = Task(subject, layout, .tempering, nil, seed: 1, .tempering(layout: layout, options))
    // The least of three: other programs only make it longer.
    let times = (0..<3).map { _ in ContinuousClock().measure { _ = sample.outcome(Cancellation()) } / .seconds(1) }
    return work / Double(max(1, threads)) * (times.min() ?? 0) / sample.work
  }

  /// What a run gave.
  enum Outcome: Sendable {
    case run(PaperResults.Run)
    case failure(String)
  }
}

extension PaperSuite.Task {
  func outcome(_ cancellation: Cancellation) -> PaperSuite.Outcome {
    do {
      let start = processorSeconds()
      let result = try baseline.run(for: subject.kernel, cancellation: cancellation)
      let seconds = processorSeconds() - start
      return .run(PaperResults.Run(result, of: subject.kernel, seconds: seconds, seed: seed, keepsTrace: guess != nil))
    } catch {
      return .failure("\(error)")
    }
  }

  /// Seconds that the run took on one core of a AMD EPYC with AVX-512, 49 x 49 pixels: within a third for 48 to 384 taps in
  /// 4 to 8 layers, which is enough to tell minutes.
  var work: Double {
    let taps = Double(layout.map(\.tapCount) ?? 0) / 96
    let layers = Double(layout?.layers.count ?? 0) / 4
    // The search's grid is four radii wide, 64 at least.
    let side = Double(max(64, 4 * subject.kernel.radius + 2)) / 98
    let area = side * side
    switch baseline {
    case .fit(let options) where options.recipe == .fewtap && options.tapModel == .integer:
      return area * (0.25 + 0.06 * taps * taps)
    case .fit: return area * (0.35 + 0.13 * taps * taps * layers)
    case .paper: return area * (0.15 + 0.4 * layers)
    case .tempering(_, let options):
      return 2.5e-5 * Double(options.iterations * options.replicas) * (0.5 + 0.5 * area) * (0.7 + 0.3 * layers)
    default: return 0.005
    }
  }
}

extension PaperResults {
  /// Puts the outcomes of `tasks` under one another; nil stands for a run that was not made.
  init(_ tasks: [PaperSuite.Task], _ outcomes: [PaperSuite.Outcome?]) {
    (rows, ranks, guesses, isComplete) = ([], [], [], outcomes.allSatisfy { $0 != nil })
    var all: [Row] = []
    for (task, outcome) in zip(tasks, outcomes) {
      let rank: Int? = if case .lowRank(let rank) = task.baseline { rank } else { nil }
      var row = Row(
        kernel: task.subject.name, layout: task.layout, rival: task.rival, guess: task.guess, rank: rank, runs: [],
        runsAsked: 0)
      if let last = all.last, last.isRow(of: row) { row = all.removeLast() }
      row.runsAsked += 1
      switch outcome {
      case .run(let run): row.runs.append(run)
      case .failure(let reason): row.failure = reason
      case nil: break
      }
      all.append(row)
    }
    all.removeAll { $0.runs.isEmpty && $0.failure == nil }
    ranks = all.filter { $0.layout == nil }
    guesses = all.filter { $0.guess != nil }
    rows = all.filter { $0.layout != nil && $0.guess == nil }
  }
}

extension PaperResults.Row {
  fileprivate func isRow(of other: Self) -> Bool {
    kernel == other.kernel && layout == other.layout && rival == other.rival && guess == other.guess
      && rank == other.rank
  }
}

extension PaperResults.Run {
  init(_ result: BaselineResult, of kernel: Kernel, seconds: Double, seed: UInt64?, keepsTrace: Bool) {
    (self.seed, fitSeconds) = (seed, seconds)
    (photoPSNR, worstPhotoPSNR) = (result.accuracy.photo.mean, result.accuracy.photo.worst)
    relativeError = result.accuracy.relativeError
    absoluteError = kernel.absoluteDistance(to: result.effectiveKernel) / kernel.absoluteSum
    noiseGain = result.noiseGain
    (tapCount, multiplyAddCount) = (result.tapCount, result.multiplyAddCount)
    trace = keepsTrace ? result.trace.thinned(to: PaperSuite.tracePoints) : ConvergenceTrace()
    guard result.fitSeconds > 0 else { return }
    // The trace's clock hangs on the wall, where other threads and programs are seen.
    for index in trace.points.indices { trace.points[index].seconds *= seconds / result.fitSeconds }
  }
}

extension Kernel {
  /// The sum of `|K - T|` over all pixels of both, their centers laid on each other.
  fileprivate func absoluteDistance(to other: Kernel) -> Double {
    let bounds = (width: max(width, other.width), height: max(height, other.height))
    var sum = 0.0
    for y in -bounds.height...bounds.height {
      for x in -bounds.width...bounds.width { sum += abs(weight(atX: x, y: y) - other.weight(atX: x, y: y)) }
    }
    return sum
  }

  /// The weight at an offset from the center, 0 outside.
  private func weight(atX x: Int, y: Int) -> Double {
    let (column, row) = (x + center.x, y + center.y)
    return (0..<width).contains(column) && (0..<height).contains(row) ? values[column, row] : 0
  }
}

/// What the calling thread has worked: other threads and programs hardly change it.
private func processorSeconds() -> Double {
  var time = timespec()
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
  return Double(time.tv_sec) + 1e-9 * Double(time.tv_nsec)
}
