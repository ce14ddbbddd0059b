import Foundation

#if canImport(Darwin)
import Darwin
#elseif canImport(Glibc)
import Glibc
#endif

/// Where figures were measured.
struct Machine: Encodable {
  let commit: String
  let processor: String
  let cores: Int
  let swift: String
  /// Threads of every fit.
  let threads = 1

  init() {
    let changed = !(Host.output("git", "status", "--porcelain", "--untracked-files=no") ?? "").isEmpty
    commit = (Host.output("git", "rev-parse", "--short=12", "HEAD") ?? "unknown") + (changed ? " with changes" : "")
    processor = Host.processorName() ?? "unknown"
    cores = ProcessInfo.processInfo.activeProcessorCount
    swift = Host.output("swift", "--version")?.split(separator: "\n").first.map(String.init) ?? "unknown"
  }

  var text: String {
    """
    commit     \(commit)
    processor  \(processor), \(cores) cores
    threads    \(threads) for every fit and filter
    compiler   \(swift)
    """
  }
}

/// Processor seconds of this process so far, all threads: unlike the clock on the wall, other programs don't change it.
func processorSeconds() -> Double {
  var time = timespec()
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
  return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
}

/// Most memory that this process held so far, in MiB.
///
/// Throws: ``MemoryError`` if the system does not tell.
func peakMemory() throws -> Double {
  #if canImport(Darwin)
  var usage = rusage()
  guard getrusage(RUSAGE_SELF, &usage) == 0 else { throw MemoryError() }
  return Double(usage.ru_maxrss) / 1_048_576
  #else
  // Not `ru_maxrss`: a child inherits its parent's there.
  let lines = try String(contentsOfFile: "/proc/self/status", encoding: .utf8).split(separator: "\n")
  let fields = lines.first { $0.hasPrefix("VmHWM:") }?.split(whereSeparator: \.isWhitespace) ?? []
  guard fields.count == 3, let kibibytes = Double(fields[1]) else { throw MemoryError() }
  return kibibytes / 1024
  #endif
}

/// The system did not say how much memory is held.
struct MemoryError: Error, CustomStringConvertible {
  var description: String { "the system does not tell how much memory this process held" }
}
