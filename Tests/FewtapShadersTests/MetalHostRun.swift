#if os(Linux)
import FewtapShaders
import Foundation
import TestSupport

/// Runs exports by the host that is written beside them in Swift. `Tests/Shaders/Metal` stands in for Apple's framework: it has what the
/// host uses, and runs the text as C++. What Metal itself makes of host and text, only a device of Apple's can tell.
struct MetalHostRun: ShaderRunner {
  let name = "Swift host"

  private static let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
  private static let compiler: String? = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
    .map { "\($0)/swiftc" }.first { FileManager.default.isExecutableFile(atPath: $0) }

  var missing: String? {
    Self.compiler == nil ? "no swiftc" : MetalRun.compiler == nil ? "no clang++" : nil
  }

  func results(_ jobs: [MetalRun.Job]) throws -> [[Float]] {
    try TemporaryFolder.with { folder in
      var exports: [String] = []
      for (number, job) in jobs.enumerated() {
        let place = URL(filePath: "\(folder)/\(number)")
        try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
        // Mostly one file for all passes, since starting a compiler takes longer than its work.
        let files = try ShaderFiles(
          job.program, language: .msl, stage: job.stage, isSingle: number % 5 != 0, host: .swift)
        for file in files.all { try Data(file.bytes).write(to: place.appending(path: file.name)) }
        try Data("\(job.width) \(job.height)".utf8).write(to: place.appending(path: "size"))
        try job.image.withUnsafeBytes { try Data($0).write(to: place.appending(path: "image")) }
        try job.parameters.withUnsafeBytes { try Data($0).write(to: place.appending(path: "parameters")) }
        exports.append(place.path)
      }
      guard !jobs.isEmpty else { return [] }
      try Self.build("\(exports[0])/FewtapFilter.swift", folder)
      try Self.run("\(folder)/run", exports)
      return try exports.map { path in
        let bytes = try Data(contentsOf: URL(filePath: "\(path)/result"))
        return bytes.withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
      }
    }
  }

  /// Compiles the host as it was exported; a warning is an error.
  private static func build(_ host: String, _ folder: String) throws {
    let rules = ["-swift-version", "6", "-warnings-as-errors"]
    let standIn = ["Metal", "Device", "Compiler"].map { tests.appending(path: "Shaders/Metal/\($0).swift").path }
    try run(
      compiler ?? "swiftc",
      rules + ["-parse-as-library", "-wmo", "-module-name", "Metal", "-emit-module", "-emit-object"] + standIn
        + ["-emit-module-path", "\(folder)/Metal.swiftmodule", "-o", "\(folder)/Metal.o"])
    try run(
      compiler ?? "swiftc",
      rules + ["-I", folder, host, tests.appending(path: "Shaders/Metal/main.swift").path, "\(folder)/Metal.o"]
        + ["-o", "\(folder)/run"])
  }

  private static func run(_ path: String, _ arguments: [String]) throws {
    let (process, errors) = (Process(), Pipe())
    process.executableURL = URL(filePath: path)
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment.merging(
      ["METAL_STDLIB": tests.appending(path: "Shaders").path]
    ) { $1 }
    process.standardError = errors
    try process.run()
    let text = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      throw MetalRun.Problem.failed("\(path) ended with \(process.terminationStatus): \(text.prefix(4000))")
    }
  }
}
#endif
