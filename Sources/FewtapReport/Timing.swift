import Foundation

/// Several timings of the same work.
public struct Timing: Equatable, Sendable {
  /// In milliseconds.
  public let median: Double
  /// Median absolute deviation from it.
  public let deviation: Double
  /// What the fastest quarter stays below: on a machine that does other things too, nearer to the truth.
  public let lowerQuartile: Double

  /// Summarizes timings in milliseconds.
  public init(_ milliseconds: [Double]) {
    func middle(_ values: [Double]) -> Double {
      let sorted = values.sorted()
      guard !sorted.isEmpty else { return 0 }
      return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
    }
    let median = middle(milliseconds)
    (self.median, deviation) = (median, middle(milliseconds.map { abs($0 - median) }))
    lowerQuartile = middle(milliseconds.filter { $0 <= median })
  }

  /// What time is read from.
  public enum Clock: Sendable {
    /// The clock on the wall.
    case wall
    /// What this process has worked, on all threads: other programs hardly change it.
    case processor

    /// Seconds.
    public var now: Double {
      var time = timespec()
      clock_gettime(self == .wall ? CLOCK_MONOTONIC : CLOCK_PROCESS_CPUTIME_ID, &time)
      return Double(time.tv_sec) + 1e-9 * Double(time.tv_nsec)
    }

    /// Milliseconds that `work` takes.
    public func time(_ work: () throws -> Void) rethrows -> Double {
      let start = now
      try work()
      return 1e3 * (now - start)
    }
  }
}
