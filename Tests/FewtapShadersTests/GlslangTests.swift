import FewtapCore
import FewtapShaders
import Foundation
import TestSupport
import Testing

/// GLSL, ESSL and HLSL as the reference compiler takes them.
@Suite(
  "Shaders and glslang", .enabled(if: Glslang.path != nil, "needs glslangValidator to compile GLSL, ESSL and HLSL"))
struct GlslangTests {
  /// Programs with every kind of pass.
  static func programs() throws -> [ShaderProgram] {
    var random = SeededGenerator(seed: 631)
    var programs: [ShaderProgram] = []
    var options = ShaderOptions()
    for (border, sampling) in [
      (BorderRule.clamp, ShaderOptions.Sampling.hardware), (.mirror, .hardware), (.wrap, .fetch), (.normalized, .fetch),
    ] {
      (options.border, options.sampling) = (border, sampling)
      options.alpha = border == .wrap ? .none : .straight
      options.usesTile = sampling == .fetch
      let chain = random.chain(.bilinear, layout: [5, 3], reach: 3)
      options.constants = border == .mirror ? .texture : border == .wrap ? .table : .unrolled
      programs.append(try ShaderProgram(SparseFilter(chain: chain, rate: Resampling(factor: 3)), options: options))
      programs.append(try ShaderProgram(SparseFilter(chain: chain), options: options))
      options.constants = .automatic
      let axis = KnotAxis(name: "angle", knots: [0, 1, 2, 4], isPeriodic: false)
      let turned = KnotAxis(name: "radius", knots: [0, 2], isPeriodic: true)
      let filters = (0..<8).map { _ in SparseFilter(chain: random.chain(.bilinear, layout: [4, 3], reach: 3)) }
      programs.append(
        try ShaderProgram(
          FilterBasis(interpolation: .offsets, axes: [axis, turned], filters: filters), options: options))
      let outputs = (0..<4).map {
        SparseFilter(chain: filters[$0].chain, rate: $0 < 2 ? nil : Resampling(factor: 2))
      }
      programs.append(
        try ShaderProgram(FilterBasis(interpolation: .outputs, axes: [axis], filters: outputs), options: options))
    }
    return programs
  }

  @Test(
    "every pass compiles, as a file of its own and out of the one for all",
    arguments: [ShaderLanguage.glsl, .essl, .hlsl], [ShaderStage.compute, .fragment])
  func compiles(language: ShaderLanguage, stage: ShaderStage) throws {
    try TemporaryFolder.with { folder in
      // Half of them for each stage, since starting the compiler takes longer than its work.
      for (number, program) in try Self.programs().enumerated() where number / 4 % 2 == (stage == .compute ? 0 : 1) {
        let single = program.text(in: language, stage)
        for (index, pass) in program.passes.enumerated() where !pass.name.hasPrefix("mask_decimate") {
          let entry = program.entryPoint(of: pass, in: language)
          try Glslang.expect(program.text(of: pass, in: language, stage), language, stage, entry, folder)
          guard index == 1 else { continue }
          // The first line tells the version; nothing may stand before it.
          let parts = single.split(separator: "\n", maxSplits: 1)
          let chosen = "\(parts[0])\n#define \(program.passMacro) \(index + 1)\n\(parts[1])"
          try Glslang.expect(chosen, language, stage, entry, folder)
          if language == .hlsl { try Glslang.expect(single, language, stage, entry, folder) }
        }
      }
    }
  }

  @Test("the triangle over the output compiles", arguments: [ShaderLanguage.glsl, .essl, .hlsl])
  func fullscreen(language: ShaderLanguage) throws {
    let program = try Self.programs()[0]
    try TemporaryFolder.with { folder in
      try Glslang.expect(
        program.fullscreenText(in: language), language, nil, program.fullscreenEntryPoint(in: language), folder)
    }
  }

  @Test("what is wrong is refused")
  func refuses() throws {
    try TemporaryFolder.with { folder in
      let complaint = try Glslang.complaint(
        "#version 450\nvoid main() { nothing(); }\n", .glsl, .fragment, "main", folder)
      #expect(complaint != nil)
    }
  }
}

/// The reference compiler, if this machine has it.
enum Glslang {
  static let path: String? = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
    .map { "\($0)/glslangValidator" }.first { FileManager.default.isExecutableFile(atPath: $0) }

  static func expect(
    _ text: String, _ language: ShaderLanguage, _ stage: ShaderStage?, _ entry: String, _ folder: String
  ) throws {
    let complaint = try complaint(text, language, stage, entry, folder)
    #expect(complaint == nil, "\(language) \(entry): \(complaint ?? "")\n\(text.prefix(6000))")
  }

  /// What it says of a text that it refuses; nil for what it takes. No stage: a vertex shader.
  static func complaint(
    _ text: String, _ language: ShaderLanguage, _ stage: ShaderStage?, _ entry: String, _ folder: String
  ) throws -> String? {
    let (file, process, output) = ("\(folder)/shader", Process(), Pipe())
    try Data(text.utf8).write(to: URL(filePath: file))
    let name = stage == .compute ? "comp" : stage == .fragment ? "frag" : "vert"
    // HLSL goes to SPIR-V, which needs Vulkan's rules; the others are checked by OpenGL's.
    let mode = language == .hlsl ? ["-D", "-V", "-e", entry, "-o", "\(folder)/shader.spv"] : []
    process.executableURL = URL(filePath: path ?? "glslangValidator")
    process.arguments = mode + ["-S", name, file]
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.run()
    let said = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return process.terminationStatus == 0 ? nil : String(said.prefix(2000))
  }
}
