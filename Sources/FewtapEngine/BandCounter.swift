import FewtapCore
import Synchronization

/// Counts finished bands over all channels of one image, tells the progress, and sees the request to stop.
final class BandCounter: Sendable {
  private let total: Int
  private let progress: (@Sendable (Double) -> Void)?
  private let cancellation: Cancellation?
  private let finished = Mutex(0)

  init(total: Int, options: ApplyOptions) {
    self.total = total
    progress = options.progress
    cancellation = options.cancellation
  }

  var isCancelled: Bool { cancellation?.isCancelled ?? false }

  /// The lock is held while `progress` runs, so that its fractions come in order.
  func bandDone() {
    guard let progress else { return }
    finished.withLock { finished in
      finished += 1
      progress(Double(finished) / Double(total))
    }
  }
}
