import Foundation

/// The most memory that the process has held since the last ``reset()``, where the system tells.
enum PeakMemory {
  /// Forgets the peak so far. False where that cannot be done.
  static func reset() -> Bool {
    // 5 resets the peak resident set (proc(5), Linux 4.0).
    guard let file = fopen("/proc/self/clear_refs", "w") else { return false }
    defer { fclose(file) }
    return fputs("5", file) >= 0 && fflush(file) == 0
  }

  /// The peak and what is held now, in bytes; nil where the system does not tell.
  static func read() -> (peak: Int, now: Int)? {
    guard let status = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8) else { return nil }
    func bytes(_ key: String) -> Int? {
      let line = status.split(separator: "\n").first { $0.hasPrefix(key) }
      return line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) }.map { $0 << 10 }
    }
    guard let peak = bytes("VmHWM:"), let now = bytes("VmRSS:") else { return nil }
    return (peak, now)
  }

  /// Returns freed memory to the system, where its library can: what earlier work has freed would hide what comes next. The
  /// function has no module.
  private static func returnFreed() {
    guard let symbol = dlsym(nil, "malloc_trim") else { return }
    _ = unsafeBitCast(symbol, to: (@convention(c) (Int) -> Int32).self)(0)
  }

  /// What `work` returns, and the most bytes that were held while it ran beyond those before; nil where the system does not tell.
  static func during<Result>(_ work: () throws -> Result) rethrows -> (result: Result, bytes: Int?) {
    returnFreed()
    let before = reset() ? read() : nil
    let result = try work()
    guard let before, let after = read() else { return (result, nil) }
    return (result, max(0, after.peak - before.now))
  }
}
