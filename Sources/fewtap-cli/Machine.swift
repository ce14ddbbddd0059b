import Fewtap
import Foundation

#if canImport(Darwin)
import Darwin
#elseif canImport(Glibc)
import Glibc
#endif

/// Where figures were measured.
struct Machine {
  /// The processor's name, and the instruction set that filters run in.
  let processor: String
  let instructionSet: String
  let cores = ProcessInfo.processInfo.activeProcessorCount
  /// Commit of the checkout that the command runs in; "unknown" elsewhere.
  let commit: String

  /// Throws: ``ApplyError/unknownInstructionSet(_:available:)``.
  init() throws {
    processor = Self.processorName() ?? "unknown processor"
    instructionSet = try RowKernels.chosen().name
    commit = Self.output("git", "rev-parse", "--short=12", "HEAD") ?? "unknown"
  }

  var json: JSON {
    .object([
      ("commit", .string(commit)), ("processor", .string(processor)), ("instructionSet", .string(instructionSet)),
      ("cores", .integer(cores)),
    ])
  }

  var text: String { "\(processor), \(instructionSet), \(cores) cores, commit \(commit)" }

  private static func processorName() -> String? {
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
  private static func output(_ command: String...) -> String? {
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
