import FewtapCore
import Synchronization

/// Counts finished pixels over all tiles of one image, tells the progress, and sees the request to stop.
final class TileCounter: Sendable {
  private let total: Int
  private let progress: (@Sendable (Double) -> Void)?
  private let cancellation: Cancellation?
  /// Pixels, and the largest fraction that was told.
  private let finished: Locked<(pixels: Int, told: Double)>
  private let clippedSamples = Atomic<Int>(0)
  private let nonFinite = Atomic<Bool>(false)

  /// `toldFraction` was told by a run before over the same pixels.
  init(total: Int, options: ApplyOptions, toldFraction: Double = 0) {
    self.total = total
    finished = Locked((0, toldFraction))
    progress = options.progress
    cancellation = options.cancellation
  }

  /// Samples that the target's type could not hold.
  var clipped: Int { clippedSamples.load(ordering: .relaxed) }
  /// Whether a tile met a NaN or infinity.
  var sawNonFinite: Bool { nonFinite.load(ordering: .relaxed) }
  var isCancelled: Bool { cancellation?.isCancelled ?? false }
  /// Whether there is nothing more to do.
  var isStopped: Bool { sawNonFinite || isCancelled }
  /// The largest finished fraction that was told.
  var toldFraction: Double { finished.withLock { $0.told } }

  /// Tells that so many pixels more are done; false if there is nothing more to do. The lock is held while `progress`
  /// runs, so that its fractions come in order.
  func advance(_ pixels: Int) -> Bool {
    if let progress {
      finished.withLock { finished in
        finished.pixels += pixels
        let fraction = min(1, Double(finished.pixels) / Double(total))
        guard fraction > finished.told else { return }
        finished.told = fraction
        progress(fraction)
      }
    }
    return !isStopped
  }

  /// Tells what a tile met that is done.
  func finishTile(sawNonFinite: Bool, clipped: Int) {
    clippedSamples.add(clipped, ordering: .relaxed)
    if sawNonFinite { nonFinite.store(true, ordering: .relaxed) }
  }
}
