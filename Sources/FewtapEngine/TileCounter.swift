import FewtapCore
import Synchronization

/// Counts finished pixels over all tiles of one image, tells the progress, and sees the request to stop.
final class TileCounter: Sendable {
  private let total: Int
  private let progress: (@Sendable (Double) -> Void)?
  private let cancellation: Cancellation?
  private let finished = Mutex(0)
  private let clippedSamples = Atomic<Int>(0)
  private let nonFinite = Atomic<Bool>(false)

  init(total: Int, options: ApplyOptions) {
    self.total = total
    progress = options.progress
    cancellation = options.cancellation
  }

  /// Samples that the target's type could not hold.
  var clipped: Int { clippedSamples.load(ordering: .relaxed) }
  /// Whether a tile met a NaN or infinity.
  var sawNonFinite: Bool { nonFinite.load(ordering: .relaxed) }
  /// Whether there is nothing more to do.
  var isStopped: Bool { sawNonFinite || (cancellation?.isCancelled ?? false) }

  /// Tells that so many pixels more are done; false if there is nothing more to do. The lock is held while `progress`
  /// runs, so that its fractions come in order.
  func advance(_ pixels: Int) -> Bool {
    if let progress {
      finished.withLock { finished in
        finished += pixels
        progress(min(1, Double(finished) / Double(total)))
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
