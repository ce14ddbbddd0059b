import Foundation

// Benchmarks, a package of its own that sees nothing but the public API, compiles this very file through a link.

/// The computer that the program runs on.
enum Host {
  static func processorName() -> String? {
    #if canImport(Darwin)
    return output("sysctl", "-n", "machdep.cpu.brand_string")
    #else
    // Its size is said to be 0, so that it must be read to the end.
    let bytes = try? FileHandle(forReadingFrom: URL(fileURLWithPath: "/proc/cpuinfo")).readToEnd()
    let lines = bytes.map { String(decoding: $0, as: UTF8.self) }?.split(separator: "\n") ?? []
    return lines.first { $0.hasPrefix("model name") }?.split(separator: ":").last?.trimmingCharacters(in: .whitespaces)
    #endif
  }

  /// What a command prints; nil if it cannot be run or fails.
  static func output(_ command: String...) -> String? {
    let (process, pipe) = (Process(), Pipe())
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
