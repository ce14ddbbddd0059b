import Dispatch
import Fewtap
import Foundation

/// Turns the first SIGINT (Ctrl-C) or SIGTERM into a request to stop; a second one ends the process at once.
enum Interruption {
  /// Runs `work`, which looks at the request; afterwards signals end the process again.
  static func during<Result>(_ work: (Cancellation) throws -> Result) rethrows -> Result {
    let cancellation = Cancellation()
    // A queue of its own: the work may hold every thread of the shared ones.
    let queue = DispatchQueue(label: "fewtap.interruption")
    let sources = [SIGINT, SIGTERM].map { number in
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
      source.setEventHandler {
        // A shell reports a process that a signal ended as 128 and the signal's number.
        if cancellation.isCancelled { _exit(128 + number) }
        cancellation.cancel()
      }
      source.resume()
      return source
    }
    defer {
      for source in sources { source.cancel() }
      for number in [SIGINT, SIGTERM] { signal(number, SIG_DFL) }
    }
    return try work(cancellation)
  }
}
