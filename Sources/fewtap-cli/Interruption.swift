import Dispatch
import Fewtap
import Foundation

/// Turns the first SIGINT (Ctrl-C) or SIGTERM into a request to stop; a second one ends the process at once.
struct Interruption {
  /// The request.
  let cancellation = Cancellation()
  private let sources: [any DispatchSourceSignal]

  init() {
    let cancellation = self.cancellation
    // A queue of its own: the work may hold every thread of the shared ones.
    let queue = DispatchQueue(label: "fewtap.interruption")
    sources = [SIGINT, SIGTERM].map { number in
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
  }
}
