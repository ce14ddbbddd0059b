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
    let changed = !(Self.output("git", "status", "--porcelain", "--untracked-files=no") ?? "").isEmpty
    commit = (Self.output("git", "rev-parse", "--short=12", "HEAD") ?? "unknown") + (changed ? " with changes" : "")
    processor = Self.processorName() ?? "unknown"
    cores = ProcessInfo.processInfo.activeProcessorCount
    swift = Self.output("swift", "--version")?.split(separator: "\n").first.map(String.init) ?? "unknown"
  }

  var text: String {
    """
    commit     \(commit)
    processor  \(processor), \(cores) cores
    threads    \(threads) for every fit and filter
    compiler   \(swift)
    """
  }

  private static func processorName() -> String? {
    #if canImport(Darwin)
    return output("sysctl", "-n", "machdep.cpu.brand_string")
    #else
    let lines = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8))?.split(separator: "\n") ?? []
    return lines.first { $0.hasPrefix("model name") }?.split(separator: ":").last?.trimmingCharacters(in: .whitespaces)
    #endif
  }

  /// What a command prints; nil if it cannot be run or fails.
  private static func output(_ command: String...) -> String? {
    let process = Process()
    let pipe = Pipe()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = command
    process.standardOutput = pipe
    process.standardError = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return nil }
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { return nil }
    return String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
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
