import FewtapBaselines
import FewtapCore
import FewtapFit
import FewtapReport
import FewtapTargets
import TestSupport
import Synchronization
import Testing

@Suite struct PaperSuiteTests {
  /// Two kernels of few pixels; guesses are compared on those named.
  private static func suite(
    _ layouts: [String] = ["4x2"], seeds: Int = 2, threads: Int = 1, guesses: [String] = []
  ) throws -> PaperSuite {
    let disk = PaperSuite.Subject(name: "small disk", kernel: try Kernel.disk(radius: 4))
    let star = PaperSuite.Subject(name: "small star", kernel: try Kernel.star(points: 4, radius: 6, inner: 2))
    var suite = PaperSuite(
      [disk, star], layouts: try layouts.map { try Layout(parsing: $0) }, seeds: seeds)
    (suite.tempering.iterations, suite.tempering.replicas, suite.threads) = (100, 3, threads)
    suite.guessSubjects = guesses
    return suite
  }

  /// Kernels x layouts x rivals, low rank once a kernel, and rivals x guesses; all runs in their place.
  @Test func everyRowIsThere() throws {
    let results = try Self.suite(["4x2", "6,3"], guesses: ["small star"]).run()
    #expect(results.isComplete)
    #expect(results.kernels == ["small disk", "small star"])
    #expect(results.layouts.map(\.description) == ["4x2", "6,3"])
    #expect(results.rows.count == 2 * 2 * PaperSuite.Rival.allCases.count)
    #expect(results.ranks.map(\.rank) == (PaperSuite.ranks + PaperSuite.ranks).map { $0 })
    #expect(results.guesses.count == 4 * FitOptions.Guess.allCases.count)
    for row in results.rows + results.guesses {
      let seeds: [UInt64?] = row.rival == .lowRank ? [nil] : [1, 2]
      #expect(row.runs.map(\.seed) == seeds && row.failure == nil)
      let taps = row.runs.map(\.tapCount)
      // A kernel of no more pixels than taps is its own filter; these have more.
      if row.rival != .lowRank { #expect(taps.allSatisfy { $0 == row.layout?.taps.reduce(0, +) }) }
      #expect(row.runs.allSatisfy { $0.trace.points.isEmpty == (row.guess == nil) })
      #expect(row.runs.allSatisfy { ($0.noiseGain ?? 0) >= 1 - gamma(64) && $0.worstPhotoPSNR <= $0.photoPSNR })
    }
  }

  /// What a row tells is what its baseline gives, run alone.
  @Test func rowsAreTheirBaselines() throws {
    let suite = try Self.suite()
    let results = suite.run()
    let (subject, layout) = (suite.subjects[0], suite.layouts[0])
    let disk = try #require(results.row(subject.name, layout, .paper))
    let alone = try Baseline.paper(layout: layout, seed: 2).run(for: subject.kernel)
    #expect(disk.runs[1].photoPSNR == alone.accuracy.photo.mean)
    #expect(disk.runs[1].relativeError == alone.accuracy.relativeError)
    // The error by its definition: the effective kernel's offsets, and what the disk has besides.
    var (distance, met) = (0.0, 0.0)
    let kernel = subject.kernel
    alone.effectiveKernel.forEachOffset { x, y, weight in
      let (column, row) = (x + kernel.center.x, y + kernel.center.y)
      let isInside = (0..<kernel.width).contains(column) && (0..<kernel.height).contains(row)
      let wanted = isInside ? kernel.values[column, row] : 0
      (distance, met) = (distance + abs(weight - wanted), met + wanted)
    }
    let absolute = distance + kernel.sum - met
    #expect(abs(disk.runs[1].absoluteError - absolute) <= gamma(1000) * absolute)
    var options = FitOptions()
    (options.budget, options.effort) = (.taps(8), .fast)
    let ours = try #require(results.row(subject.name, layout, .ours))
    #expect(ours.runs[0].photoPSNR == (try Baseline.fit(options).run(for: subject.kernel).accuracy.photo.mean))
    // 8 taps are fewer than a row and a column: one term, whose own taps are told.
    let low = try #require(results.row(subject.name, layout, .lowRank))
    #expect(low.rank == 1 && low.runs[0].tapCount == subject.kernel.width + subject.kernel.height)
    #expect(low.photoPSNR?.deviation == 0)
  }

  /// All but seconds are the same bits for any number of threads.
  @Test func threadsDoNotMatter() throws {
    func figures(_ results: PaperResults) -> [[Double]] {
      (results.rows + results.ranks + results.guesses).flatMap(\.runs).map { run in
        [run.photoPSNR, run.worstPhotoPSNR, run.relativeError, run.noiseGain ?? 0, Double(run.tapCount)]
          + run.trace.points.flatMap { [Double($0.steps), $0.photoPSNR, $0.relativeError] }
      }
    }
    func run(_ threads: Int) throws -> PaperResults {
      var suite = try Self.suite(threads: threads, guesses: ["small disk"])
      suite.subjects.removeLast()
      return suite.run()
    }
    let one = figures(try run(1))
    #expect(figures(try run(3)) == one)
  }

  @Test func gainsAreDifferencesOfMeans() throws {
    let results = try Self.suite(["4x2", "6,3"]).run()
    let (wins, all) = results.absoluteWins(of: .ours, over: .paper)
    let (losses, _) = results.absoluteWins(of: .paper, over: .ours)
    #expect(all == 4 && wins + losses == all)
    for (first, second) in PaperResults.pairs {
      let gains = results.gains(of: first, over: second)
      #expect(gains.count == 4)
      for gain in gains {
        let high = try #require(results.row(gain.kernel, gain.layout, first)?.photoPSNR)
        let low = try #require(results.row(gain.kernel, gain.layout, second)?.photoPSNR)
        #expect(gain.decibels == high.mean - low.mean)
      }
    }
  }

  /// A layout that a rival cannot do is told in its rows, and spoils no other.
  @Test func whatARivalCannotDoIsSaid() throws {
    let results = try Self.suite(["3r2,2r2"]).run()
    for kernel in results.kernels {
      for rival in [PaperSuite.Rival.paper, .tempering, .oursBilinear] {
        let row = try #require(results.row(kernel, results.layouts[0], rival))
        #expect(row.runs.isEmpty && row.failure?.contains("runs") == true)
      }
      #expect(results.row(kernel, results.layouts[0], .ours)?.isComplete == true)
    }
    #expect(results.gains(of: .ours, over: .paper).isEmpty && results.gains(of: .ours, over: .lowRank).count == 2)
  }

  /// Runs that were under way are dropped, those before are kept: every row of the first seed, some of the second.
  @Test func cancellationKeepsWhatIsDone() throws {
    let cancellation = Cancellation()
    let results = try Self.suite(seeds: 3).run(cancellation: cancellation) { progress in
      if progress.label.contains("small disk 4x2 DISK seed 2") { cancellation.cancel() }
    }
    #expect(!results.isComplete)
    #expect(results.kernels == ["small disk", "small star"])
    #expect(results.rows.map(\.runs.count) == [2, 2, 1, 1, 1, 1] + [1, 1, 1, 1, 1, 1])
    // Of the seeds that both have.
    let (layout, gains) = (results.layouts[0], results.gains(of: .ours, over: .paper))
    #expect(gains.count == 2)
    let ours = try #require(results.row("small disk", layout, .ours)?.runs.first)
    let disk = try #require(results.row("small disk", layout, .paper)?.runs.first)
    #expect(gains[0].decibels == ours.photoPSNR - disk.photoPSNR)
  }

  @Test func progressRises() throws {
    let shares = Shares()
    _ = try Self.suite().run { shares.add($0.share) }
    let all = shares.all
    #expect(all.first == 0 && zip(all, all.dropFirst()).allSatisfy { $0 < $1 } && all.allSatisfy { $0 < 1 })
    let suite = try Self.suite()
    #expect(suite.estimatedSeconds() > 0)
  }

  /// Without a spread there is none; of two values the deviation is their distance over the root of 2.
  @Test func spreads() throws {
    #expect(Spread([]) == nil)
    #expect(try #require(Spread([3])).deviation == 0)
    let pair = try #require(Spread([1, 4]))
    #expect(pair.mean == 2.5 && pair.least == 1 && pair.most == 4)
    #expect(abs(pair.deviation - 3 / 2.0.squareRoot()) <= gamma(8) * 3)
  }

  /// Words that the command line reads make every kernel but the glyph, whose font it finds.
  @Test func theKernelsAreThere() throws {
    for (name, words) in PaperSuite.kernels where !words.hasPrefix("glyph:") {
      let kernel = try KernelSpecification(words).makeKernel()
      #expect((31...67).contains(kernel.width), "\(name)")
    }
    #expect(try PaperSuite.layouts.map { try Layout(parsing: $0).description } == PaperSuite.layouts)
    #expect(PaperSuite.guessKernels.allSatisfy { name in PaperSuite.kernels.contains { $0.name == name } })
  }
}

/// Shares as they are told, by several threads.
private final class Shares: Sendable {
  private let told = Mutex<[Double]>([])
  func add(_ share: Double) { told.withLock { $0.append(share) } }
  var all: [Double] { told.withLock { $0 } }
}
