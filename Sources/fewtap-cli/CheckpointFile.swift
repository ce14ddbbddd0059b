import Fewtap
import FewtapImageIO
import Foundation
import Synchronization

/// The file of a basis fit on its way.
struct CheckpointFile {
  let path: String

  /// Most bytes of a checkpoint: that of a basis.
  private static let maximumSize = FilterBasis.maximumFileSize

  /// Throws: a sentence that names the file.
  func read() throws -> BasisCheckpoint {
    let bytes = try readBytes(path: path, limit: Self.maximumSize)
    do {
      return try BasisCheckpoint(json: Data(bytes))
    } catch {
      throw Failure(path, error)
    }
  }

  /// Writes it, whole or not at all: what was there stays until the new one is complete.
  func write(_ checkpoint: BasisCheckpoint) throws { try AtomicFile.write(Array(checkpoint.json()), to: path) }
}

/// Writes checkpoints as they come, but not more often than every few seconds, and the last one in any case.
final class CheckpointKeeper: Sendable {
  private let file: CheckpointFile
  private let state = Mutex(State())

  private struct State {
    var last: ContinuousClock.Instant?
    var waiting: BasisCheckpoint?
    var failure: String?
  }

  /// A killed fit loses no more than this and the step that it was in.
  private static let interval = Duration.seconds(10)

  init(_ file: CheckpointFile) { self.file = file }

  /// Why a checkpoint could not be written, if one could not.
  var failure: String? { state.withLock(\.failure) }

  func keep(_ checkpoint: BasisCheckpoint) {
    state.withLock { state in
      state.waiting = checkpoint
      if let last = state.last, ContinuousClock.now - last < Self.interval { return }
      write(&state)
    }
  }

  /// Writes what waits.
  func flush() { state.withLock { write(&$0) } }

  private func write(_ state: inout State) {
    guard let checkpoint = state.waiting else { return }
    (state.waiting, state.last) = (nil, .now)
    do {
      try file.write(checkpoint)
    } catch {
      // The fit is worth more than its checkpoint: it goes on.
      state.failure = "the checkpoint was not written: \(error)"
    }
  }
}
