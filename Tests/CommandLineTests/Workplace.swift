import Foundation
import Testing

/// What a run of the command gave.
struct Outcome {
  let code: Int32
  let output: String
  let errors: String

  /// The JSON object on standard output.
  func json() throws -> [String: Any] {
    try #require(JSONSerialization.jsonObject(with: Data(output.utf8)) as? [String: Any])
  }
}

/// A folder of its own for a test, in which it runs the built command.
final class Workplace {
  let folder: String

  /// The command, beside the tests' own executable or bundle.
  private static let command: URL = {
    let tests = Bundle.allBundles.first { $0.bundlePath.hasSuffix(".xctest") }?.bundleURL ?? Bundle.main.bundleURL
    let executable = Bundle.main.executableURL?.deletingLastPathComponent() ?? tests
    let folders = [executable, tests, tests.deletingLastPathComponent()]
    return folders.map { $0.appendingPathComponent("fewtap") }
      .first { FileManager.default.isExecutableFile(atPath: $0.path) } ?? executable.appendingPathComponent("fewtap")
  }()

  init() throws {
    folder = FileManager.default.temporaryDirectory.appendingPathComponent("fewtap-cli-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  func path(_ name: String) -> String { folder + "/" + name }
  func bytes(_ name: String) -> Data? { FileManager.default.contents(atPath: path(name)) }
  func write(_ bytes: some Sequence<UInt8>, to name: String) throws {
    try Data(bytes).write(to: URL(fileURLWithPath: path(name)))
  }

  /// Names of all that lies in the folder, in folders of it too.
  func files() throws -> [String] { try FileManager.default.subpathsOfDirectory(atPath: folder).sorted() }

  /// Runs the command in the folder. `output` takes its standard output instead of the outcome; `environment` adds to that of the
  /// tests.
  @discardableResult
  func run(
    _ arguments: [String], input: Data? = nil, output: FileHandle? = nil, environment: [String: String] = [:]
  ) throws -> Outcome {
    let streams = try Streams()
    let process = try start(arguments, streams, input: input, output: output, environment: environment)
    process.waitUntilExit()
    return try streams.outcome(of: process)
  }

  /// Runs `arguments`, sends SIGINT once standard error says `text` and `body` is done with what it says, and waits for the end.
  func interrupt(
    _ arguments: [String], when text: String,
    // Long enough for some steps of the work, far from enough for all.
    after body: (_ errors: String) throws -> Void = { _ in usleep(300_000) }
  ) throws -> Outcome {
    let streams = try Streams()
    let process = try start(arguments, streams)
    // Ends by itself if the process does, so a missing text fails the test instead of hanging it.
    while process.isRunning, try !streams.errors().contains(text) { usleep(10_000) }
    do {
      try body(streams.errors())
    } catch {
      process.interrupt()
      process.waitUntilExit()
      throw error
    }
    process.interrupt()
    process.waitUntilExit()
    return try streams.outcome(of: process)
  }

  #if os(Linux)
  /// Runs `arguments`, and looks how much memory the command held at most, in bytes.
  func runMeasured(_ arguments: [String]) throws -> (outcome: Outcome, peak: Int) {
    let streams = try Streams()
    let process = try start(arguments, streams)
    var peak = 0
    while process.isRunning {
      // VmHWM of proc(5), in kB; gone once the process ended.
      let status = (try? String(contentsOfFile: "/proc/\(process.processIdentifier)/status", encoding: .utf8)) ?? ""
      if let line = status.split(separator: "\n").first(where: { $0.hasPrefix("VmHWM") }),
        let size = line.split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst().first.flatMap({ Int($0) })
      {
        peak = max(peak, size << 10)
      }
      usleep(5_000)
    }
    process.waitUntilExit()
    return (try streams.outcome(of: process), peak)
  }
  #endif

  private func start(
    _ arguments: [String], _ streams: Streams, input: Data? = nil, output: FileHandle? = nil,
    environment: [String: String] = [:]
  ) throws -> Process {
    let process = Process()
    // No test depends on what was measured on the machine, and no driver writes where files are counted.
    process.environment = ProcessInfo.processInfo.environment
      .merging(["XDG_CACHE_HOME": folder + "/no-cache", "MESA_SHADER_CACHE_DISABLE": "true"]) { $1 }
      .merging(environment) { $1 }
    process.executableURL = Self.command
    process.arguments = arguments
    process.currentDirectoryURL = URL(fileURLWithPath: folder)
    process.standardInput = try streams.input(input)
    process.standardOutput = try output ?? streams.handle(streams.outputPath)
    process.standardError = try streams.handle(streams.errorPath)
    try process.run()
    return process
  }

  /// Expects that the command refuses `arguments` with `code`, names each of `words`, and writes nothing.
  func expectRefusal(
    _ code: Int32, naming words: [String], _ arguments: [String], input: Data? = nil,
    at location: SourceLocation = #_sourceLocation
  ) throws {
    let before = try files()
    let outcome = try run(arguments, input: input)
    let after = try files()
    #expect(outcome.code == code, "\(arguments): \(outcome.errors)", sourceLocation: location)
    // A decoder's library may say something of its own before.
    let says = outcome.errors.split(separator: "\n").contains { $0.hasPrefix("fewtap: error: ") }
    #expect(says, "\(outcome.errors)", sourceLocation: location)
    for word in words {
      #expect(outcome.errors.contains(word), "\(word) is not in: \(outcome.errors)", sourceLocation: location)
    }
    #expect(outcome.output.isEmpty, sourceLocation: location)
    #expect(after == before, sourceLocation: location)
  }
}

/// Files that take a process's streams: unlike pipes they never fill up.
private final class Streams {
  private let folder: URL
  var outputPath: String { folder.path + "/output" }
  var errorPath: String { folder.path + "/errors" }

  init() throws {
    folder = FileManager.default.temporaryDirectory.appendingPathComponent("fewtap-streams-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    for path in [outputPath, errorPath] { try Data().write(to: URL(fileURLWithPath: path)) }
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  func handle(_ path: String) throws -> FileHandle { try FileHandle(forWritingTo: URL(fileURLWithPath: path)) }

  func input(_ bytes: Data?) throws -> FileHandle {
    guard let bytes else { return .nullDevice }
    let file = folder.appendingPathComponent("input")
    try bytes.write(to: file)
    return try FileHandle(forReadingFrom: file)
  }

  func errors() throws -> String {
    String(decoding: try Data(contentsOf: URL(fileURLWithPath: errorPath)), as: UTF8.self)
  }

  func outcome(of process: Process) throws -> Outcome {
    // A signal's number, made negative, is no exit code: a crash fails every expectation of one.
    let code = process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus
    let output = String(decoding: try Data(contentsOf: URL(fileURLWithPath: outputPath)), as: UTF8.self)
    return Outcome(code: code, output: output, errors: try errors())
  }
}
