import Foundation

/// The process's standard streams.
enum Console {
  /// Writes to standard output. A reader that is gone is no failure; a full disk is.
  static func write(_ text: String) throws {
    guard writeAll(text, to: STDOUT_FILENO) || errno == EPIPE else {
      throw Failure("cannot write to standard output: \(String(cString: strerror(errno)))")
    }
  }

  /// Writes lines to standard error, what they quote from files made ``legible(_:limit:)``; there is nowhere left to complain if that
  /// fails.
  static func writeError(_ text: String) {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { legible(String($0), limit: .max) }
    _ = writeAll(lines.joined(separator: "\n") + "\n", to: STDERR_FILENO)
  }

  /// Rewrites the last line of a terminal.
  static func rewriteLine(_ text: String) { _ = writeAll("\r" + text, to: STDERR_FILENO) }

  static var errorIsTerminal: Bool { isatty(STDERR_FILENO) == 1 }

  /// Columns of the terminal behind a stream; what COLUMNS says, or 80, if there is none.
  static func width(of stream: Int32) -> Int {
    var size = winsize()
    if ioctl(stream, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 { return Int(size.ws_col) }
    let told = ProcessInfo.processInfo.environment["COLUMNS"].flatMap { Int($0) } ?? 80
    return (20...10_000).contains(told) ? told : 80
  }

  private static func writeAll(_ text: String, to stream: Int32) -> Bool {
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Foundation.write(stream, $0.baseAddress, $0.count) }
      guard count > 0 else {
        if count < 0, errno == EINTR { continue }
        return false
      }
      rest = rest.dropFirst(count)
    }
    return true
  }
}
