import FewtapCore

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// How to apply a filter. None of it but `border`, `nonfinite` and `allowsHalfs` changes a single bit of the result.
public struct ApplyOptions: Sendable {
  /// What stands outside the image.
  public var border: BorderRule
  /// Most threads to work on; less than 1 counts as 1.
  public var threads: Int
  /// What to do with NaN and infinite pixels.
  public var nonfinite: NonfinitePolicy
  /// Told the finished fraction, 0...1, after each band of rows: always more than before, one call at a time, from any
  /// thread. Where sums of finite pixels overflow, the image is begun again, and nothing is told until more is done.
  public var progress: (@Sendable (Double) -> Void)?
  /// Looked at before each band of rows.
  public var cancellation: Cancellation?
  /// Whether rows between layers may be kept in half floats, where that is faster (``ApplyPlan/keepsHalfs(_:)`` says): with many
  /// single taps, by some 5%. Each such row is rounded to 11 bits, and what is beyond 65504 comes to that: the plan's error
  /// grows by `2^-11` of the same magnitudes a layer; held by FewtapEngineTests/PlanAccuracyTests.
  public var allowsHalfs = false
  /// Keeps rows between layers in half floats, or does not; nil chooses. For tests.
  package var keepsHalfs: Bool?
  /// Rows and columns of a tile; nil chooses. For tests: no result depends on them.
  package var bandHeight: Int?
  package var tileWidth: Int?

  /// Options; by default clamped borders, every core, and no NaN let through.
  public init(
    border: BorderRule = .clamp, threads: Int = ProcessInfo.processInfo.activeProcessorCount,
    nonfinite: NonfinitePolicy = .refuse, progress: (@Sendable (Double) -> Void)? = nil,
    cancellation: Cancellation? = nil
  ) {
    self.border = border
    self.threads = threads
    self.nonfinite = nonfinite
    self.progress = progress
    self.cancellation = cancellation
  }
}
