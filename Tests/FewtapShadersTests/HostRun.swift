import FewtapShaders
import Foundation
import TestSupport

/// Runs exports by the hosts that are written beside them, in a browser: `Scripts/run-hosts`.
struct HostRun: ShaderRunner {
  enum Interface: String, CaseIterable {
    case webGL2 = "webgl2"
    case webGPU = "webgpu"

    var language: ShaderLanguage { self == .webGL2 ? .essl : .wgsl }
  }

  /// What a host is given, and what it is asked for.
  enum Kind: String, Encodable {
    /// Floats for floats.
    case floats
    /// Codes of sRGB drawn onto a canvas, for the codes there.
    case picture
    /// The same from another canvas.
    case canvas
    /// Bad input, for what it says of that.
    case refusals
  }

  let interface: Interface

  var name: String { "\(interface) host" }
  var missing: String? { Self.complaints[interface] }

  private static let script = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "Scripts/run-hosts").path
  /// What the script says that is missing.
  private static let complaints: [Interface: String] = Dictionary(
    uniqueKeysWithValues: Interface.allCases.compactMap { interface in
      do {
        try run([interface.rawValue, "--check"])
        return nil
      } catch {
        return (interface, "\(error)")
      }
    })

  /// What the page, opened as a file, has become.
  static func open(_ page: String) throws -> String {
    try TemporaryFolder.with { folder in
      try Data(page.utf8).write(to: URL(filePath: "\(folder)/page.html"))
      return try run(["\(folder)/page.html"])
    }
  }

  @discardableResult
  private static func run(_ arguments: [String]) throws -> String {
    let (process, output, errors) = (Process(), Pipe(), Pipe())
    process.executableURL = URL(filePath: script)
    process.arguments = arguments
    (process.standardOutput, process.standardError) = (output, errors)
    try process.run()
    // One after the other: neither says so much that its pipe fills before the end of the other.
    let said = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    let text = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      throw MetalRun.Problem.failed("run-hosts ended with \(process.terminationStatus): \(text.prefix(4000))")
    }
    return said
  }

  /// Of WebGL 2, which has no compute stage, jobs of that run as fragments.
  func results(_ jobs: [MetalRun.Job]) throws -> [[Float]] {
    let tasks = jobs.map { job in Task(job: job, kind: .floats, image: job.image.withUnsafeBytes { Data($0) }) }
    return try results(tasks).map { bytes in
      bytes.withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
    }
  }

  /// A job, and instead of its own image what a host is given.
  struct Task {
    var job: MetalRun.Job
    var kind: Kind
    var image: Data
  }

  /// What the host gave.
  func results(_ tasks: [Task]) throws -> [Data] {
    try TemporaryFolder.with { folder in
      var described: [Job] = []
      for (number, task) in tasks.enumerated() {
        let job = task.job
        let place = URL(filePath: "\(folder)/\(number)")
        try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
        let files = try ShaderFiles(
          job.program, language: interface.language, stage: interface == .webGL2 ? .fragment : job.stage,
          isSingle: number % 2 == 1, host: .js)
        for file in files.all { try Data(file.bytes).write(to: place.appending(path: file.name)) }
        try task.image.write(to: place.appending(path: "image"))
        try job.parameters.withUnsafeBytes { try Data($0).write(to: place.appending(path: "parameters")) }
        described.append(
          Job(
            label: job.label, folder: "\(number)", kind: task.kind, width: job.width, height: job.height,
            hasParameters: job.program.textures.contains { $0.role == .parameters }))
      }
      try JSONEncoder().encode(described).write(to: URL(filePath: "\(folder)/jobs.json"))
      try Self.run([interface.rawValue, folder])
      return try tasks.indices.map { try Data(contentsOf: URL(filePath: "\(folder)/\($0)/result")) }
    }
  }

  /// What the page reads.
  private struct Job: Encodable {
    let label: String
    let folder: String
    let kind: Kind
    let width: Int
    let height: Int
    let hasParameters: Bool
  }
}
