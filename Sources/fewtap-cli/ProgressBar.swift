import Foundation
import Synchronization

/// One line on a terminal that tells how far the work is; nothing where standard error is no terminal.
final class ProgressBar: Sendable {
  private let start = ContinuousClock.now
  private let lastShown = Mutex<ContinuousClock.Instant?>(nil)
  private let isShown: Bool

  /// A bar; `enabled` is false where the user wants silence.
  init(enabled: Bool) { isShown = enabled && Console.errorIsTerminal }

  /// Time since the bar was made, in seconds.
  var elapsed: Double { (ContinuousClock.now - start) / .seconds(1) }

  /// Shows the share done, 0...1, between two texts; at most ten times a second, for reading.
  func show(_ label: String, share: Double, _ figures: String = "") {
    guard isShown else { return }
    let isDue = lastShown.withLock { last in
      if let last, ContinuousClock.now - last < .milliseconds(100) { return false }
      last = .now
      return true
    }
    guard isDue else { return }
    let share = min(max(share, 0), 1)
    let ends = ("\(label) [", "] \(Int(share * 100))%  \(fixed(elapsed, 1)) s  \(figures)")
    let width = Console.width(of: STDERR_FILENO) - 1
    let cells = min(max(width - ends.0.count - ends.1.count, 0), 40)
    let done = Int(share * Double(cells))
    let bar = String(repeating: "#", count: done) + String(repeating: "-", count: cells - done)
    let line = String((ends.0 + bar + ends.1).prefix(width))
    Console.rewriteLine(line + String(repeating: " ", count: width - line.count))
  }

  /// Clears the line.
  func end() {
    guard isShown, lastShown.withLock({ $0 != nil }) else { return }
    Console.rewriteLine(String(repeating: " ", count: Console.width(of: STDERR_FILENO) - 1) + "\r")
  }
}
