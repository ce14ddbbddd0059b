import FewtapShaders
import Foundation
import TestSupport

/// Runs programs' WGSL, or their HLSL made SPIR-V by glslang, by WebGPU over Vulkan: `Scripts/run-shaders` in a Python of its own.
struct WebGPURun: ShaderRunner {
  let language: ShaderLanguage

  var name: String { language.rawValue.uppercased() }

  private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()
  private static let python = root.appending(path: ".build/shader-tools/bin/python").path
  private static let script = root.appending(path: "Scripts/run-shaders").path
  /// What the script says that is missing.
  private static let complaints: [ShaderLanguage: String] = Dictionary(
    uniqueKeysWithValues: [ShaderLanguage.wgsl, .hlsl].compactMap { language in
      complaint(language).map { (language, $0) }
    })

  var missing: String? { Self.complaints[language] }

  private static func complaint(_ language: ShaderLanguage) -> String? {
    guard FileManager.default.isExecutableFile(atPath: python) else { return "no \(python)" }
    if language == .hlsl, Glslang.path == nil { return "no glslangValidator" }
    do {
      try run(["--check"])
      return nil
    } catch {
      return "\(error)"
    }
  }

  private static func run(_ arguments: [String]) throws {
    let (process, errors) = (Process(), Pipe())
    process.executableURL = URL(filePath: python)
    process.arguments = [script] + arguments
    process.standardError = errors
    try process.run()
    let text = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      throw MetalRun.Problem.failed("run-shaders ended with \(process.terminationStatus): \(text.suffix(4000))")
    }
  }

  func results(_ jobs: [MetalRun.Job]) throws -> [[Float]] {
    try TemporaryFolder.with { folder in
      var numbers: [Float] = []
      let described = jobs.map { describe($0, &numbers) }
      try JSONEncoder().encode(described).write(to: URL(filePath: "\(folder)/jobs.json"))
      try numbers.withUnsafeBytes { try Data($0).write(to: URL(filePath: "\(folder)/input")) }
      try Self.run([folder])
      let bytes = try Data(contentsOf: URL(filePath: "\(folder)/output"))
      var rest = bytes.withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }[...]
      return jobs.map { job in
        defer { rest = rest.dropFirst(4 * job.width * job.height) }
        return Array(rest.prefix(4 * job.width * job.height))
      }
    }
  }

  // MARK: What the script reads

  private struct Job: Encodable {
    let label: String
    let language: String
    let stage: String
    let textures: [Texture]
    let passes: [Pass]
    let vertex: String
    let vertexEntry: String
    let output: String
  }

  private struct Texture: Encodable {
    let name: String
    let width: Int
    let height: Int
    let layers: Int?
    let format: String
    /// Whether its texels are the next ones of the input.
    let isGiven: Bool
  }

  private struct Pass: Encodable {
    struct Input: Encodable {
      let binding: Int
      let texture: String
      let linear: String?
    }

    let entry: String
    let text: String
    let inputs: [Input]
    let sampler: Int?
    let output: String
    let layer: Int?
    let group: Int
  }

  /// The job as the script reads it; adds the texels of its textures to `numbers`.
  private func describe(_ job: MetalRun.Job, _ numbers: inout [Float]) -> Job {
    let program = job.program
    let textures = program.textures.map { texture in
      let size = texture.size(imageWidth: job.width, imageHeight: job.height)
      let texels: [Float]? =
        switch texture.role {
        case .image: job.image
        case .parameters: job.parameters
        case .table(let numbers): numbers
        case .intermediate, .output: nil
        }
      numbers += texels ?? []
      return Texture(
        name: texture.name, width: size.width, height: size.height, layers: texture.layers,
        format: texture.format.rawValue, isGiven: texels != nil)
    }
    let passes = program.passes.map { pass in
      Pass(
        entry: program.entryPoint(of: pass, in: language), text: program.text(of: pass, in: language, job.stage),
        inputs: pass.inputs.map {
          Pass.Input(binding: $0.binding, texture: $0.texture, linear: $0.linear?.rawValue)
        }, sampler: pass.samplerBinding, output: pass.output, layer: pass.layer, group: pass.groupSide)
    }
    return Job(
      label: job.label, language: language.rawValue, stage: job.stage.rawValue, textures: textures, passes: passes,
      vertex: program.fullscreenText(in: language), vertexEntry: program.fullscreenEntryPoint(in: language),
      output: program.textures.first { $0.role == .output }?.name ?? "")
  }
}
