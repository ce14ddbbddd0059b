import Dispatch
import Synchronization

/// Calls `body` for every index below `count` on up to `threads` threads, and returns when all are done.
///
/// Indices are taken from a shared counter, so uneven work spreads; results must not depend on which thread ran them.
public func parallelForEach(count: Int, threads: Int, _ body: @Sendable (Int) -> Void) {
  let workers = min(max(1, threads), count)
  guard workers > 1 else {
    for index in 0..<max(0, count) { body(index) }
    return
  }
  let next = Atomic<Int>(0)
  DispatchQueue.concurrentPerform(iterations: workers) { _ in
    while true {
      let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
      guard index < count else { return }
      body(index)
    }
  }
}

/// The results of `transform` for every index below `count`, in order, computed on up to `threads` threads.
package func parallelMap<Result: Sendable>(
  count: Int, threads: Int, _ transform: @Sendable (Int) -> Result
) -> [Result] {
  let results = Mutex<[Int: Result]>([:])
  parallelForEach(count: count, threads: threads) { index in
    let result = transform(index)
    results.withLock { $0[index] = result }
  }
  return results.withLock { results in (0..<max(0, count)).compactMap { results[$0] } }
}

/// A request to stop, raised from anywhere (a signal handler, another thread) and looked at between steps of work.
public final class Cancellation: Sendable {
  private let flag = Atomic<Bool>(false)

  /// A request not yet made.
  public init() {}

  /// True once ``cancel()`` was called.
  public var isCancelled: Bool { flag.load(ordering: .relaxed) }

  /// Asks for the work to stop at its next step.
  public func cancel() { flag.store(true, ordering: .relaxed) }
}
