import FewtapCore
import FewtapShaders
import Foundation
import TestSupport

/// Runs programs' Metal text on the CPU: clang compiles it as C++ against `Tests/Shaders/metal_stdlib`, all programs as one.
struct MetalRun: ShaderRunner {
  /// A program and what it is given.
  struct Job {
    var label: String
    var program: ShaderProgram
    var stage: ShaderStage
    var width: Int
    var height: Int
    /// Four numbers a pixel.
    var image: [Float]
    /// The same of a basis' parameters.
    var parameters: [Float] = []
  }

  /// The compiler, if this machine has it.
  static let compiler: String? = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
    .map { "\($0)/clang++" }.first { FileManager.default.isExecutableFile(atPath: $0) }

  private static let standIn = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "Shaders").path

  let name = "MSL"
  /// Bits of the place between two texels that samplers keep; nil: all.
  var fractionBits: Int?
  var missing: String? { Self.compiler == nil ? "no clang++" : nil }

  enum Problem: Error { case failed(String) }

  /// The output of each job, four numbers a pixel. Prefixes must differ from job to job.
  func results(_ jobs: [Job]) throws -> [[Float]] {
    try TemporaryFolder.with { folder in
      try Data(Self.source(jobs).utf8).write(to: URL(filePath: "\(folder)/main.cpp"))
      try Self.run(
        Self.compiler ?? "clang++",
        [
          "-std=c++17", "-O0", "-Wno-unknown-attributes", "-I", Self.standIn, "-o", "\(folder)/program",
          "\(folder)/main.cpp",
        ] + (fractionBits.map { ["-DFRACTION_BITS=\($0)"] } ?? []))
      let input = jobs.flatMap { $0.image + $0.parameters + Self.tables($0.program) }
      try input.withUnsafeBytes { try Data($0).write(to: URL(filePath: "\(folder)/input")) }
      try Self.run("\(folder)/program", ["\(folder)/input", "\(folder)/output"])
      let bytes = try Data(contentsOf: URL(filePath: "\(folder)/output"))
      var rest = bytes.withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }[...]
      return jobs.map { job in
        defer { rest = rest.dropFirst(4 * job.width * job.height) }
        return Array(rest.prefix(4 * job.width * job.height))
      }
    }
  }

  private static func run(_ path: String, _ arguments: [String]) throws {
    let (process, errors) = (Process(), Pipe())
    process.executableURL = URL(filePath: path)
    process.arguments = arguments
    process.standardError = errors
    try process.run()
    let text = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      throw Problem.failed("\(path) ended with \(process.terminationStatus): \(text.prefix(4000))")
    }
  }

  private static func tables(_ program: ShaderProgram) -> [Float] {
    program.textures.flatMap { texture -> [Float] in
      if case .table(let values) = texture.role { return values }
      return []
    }
  }

  private static func source(_ jobs: [Job]) -> String {
    var text = """
      #include <metal_stdlib>
      #include <cstdio>
      #include <cstdlib>
      static FILE *input, *output;
      static metal::texels made(uint width, uint height, uint layers, bool half) {
        metal::texels t;
        t.width = width, t.height = height, t.layers = layers, t.rounds_to_half = half;
        if (posix_memalign((void **)&t.data, 16, 16 * size_t(width) * height * layers)) abort();
        for (size_t i = 0; i < size_t(width) * height * layers; ++i) t.data[i] = float4(__builtin_nanf(""));
        return t;
      }
      static void load(metal::texels t) {
        if (fread(t.data, 16, size_t(t.width) * t.height, input) != size_t(t.width) * t.height) abort();
      }
      template <class T> static T as(metal::texels t) { T r; static_cast<metal::texels &>(r) = t; return r; }

      """
    for (index, job) in jobs.enumerated() {
      // What a group shares must outlive a thread, which here is a call.
      text += job.program.text(in: .msl, job.stage).replacing("\n  threadgroup float4 ", with: "\n  static float4 ")
      text += "static void run\(index)() {\n"
      // The order in which the input has them.
      let order: [(ShaderTexture.Role) -> Bool] = [
        { $0 == .image }, { $0 == .parameters },
        { role in if case .table = role { true } else { false } }, { $0 == .intermediate || $0 == .output },
      ]
      for matches in order {
        for texture in job.program.textures where matches(texture.role) {
          let size = texture.size(imageWidth: job.width, imageHeight: job.height)
          let isWritten = texture.role == .intermediate || texture.role == .output
          let half = isWritten && job.program.options.format == .half
          text += "  auto t_\(texture.name) = made(\(size.width), \(size.height), \(texture.layers ?? 1), \(half));\n"
          if !isWritten { text += "  load(t_\(texture.name));\n" }
        }
      }
      for pass in job.program.passes { text += call(pass, job) }
      text += "  fwrite(t_output.data, 16, size_t(t_output.width) * t_output.height, output);\n}\n"
    }
    text += "int main(int, char **names) {\n  input = fopen(names[1], \"rb\"), output = fopen(names[2], \"wb\");\n"
    for index in jobs.indices { text += "  run\(index)();\n" }
    return text + "  return fclose(output);\n}\n"
  }

  /// Loops over the texels of a pass' output.
  private static func call(_ pass: ShaderPass, _ job: Job) -> String {
    func argument(_ name: String, _ access: String) -> String {
      let type = job.program.texture(name)?.layers == nil ? "texture2d" : "texture2d_array"
      return "as<metal::\(type)<float, metal::access::\(access)>>(t_\(name))"
    }
    let name = job.program.entryPoint(of: pass, in: .msl)
    let inputs = pass.inputs.map { argument($0.texture, "sample") }
    let (side, output) = (pass.groupSide, "t_\(pass.output)")
    if job.program.text(of: pass, in: .msl, job.stage).contains("thread_position_in_threadgroup") {
      let all =
        [argument(pass.output, "write")] + inputs
        + ["uint2(\(side) * g + x, \(side) * h + y)", "uint2(g, h)", "uint2(x, y)"]
      return """
          for (uint h = 0; h < (\(output).height + \(side - 1)) / \(side); ++h)
            for (uint g = 0; g < (\(output).width + \(side - 1)) / \(side); ++g)
              for (int stops = 1; stops >= 0; --stops)
                for (uint y = 0; y < \(side); ++y)
                  for (uint x = 0; x < \(side); ++x) {
                    metal::stops_at_barriers = stops;
                    try { \(name)(\(all.joined(separator: ", "))); } catch (metal::at_barrier) {}
                  }

        """
    }
    if job.stage == .compute {
      let all = [argument(pass.output, "write")] + inputs + ["uint2(x, y)"]
      // Whole groups, as hosts dispatch them: threads beyond the edge must not write.
      return """
          for (uint y = 0; y < (\(output).height + \(side - 1)) / \(side) * \(side); ++y)
            for (uint x = 0; x < (\(output).width + \(side - 1)) / \(side) * \(side); ++x)
              \(name)(\(all.joined(separator: ", ")));

        """
    }
    let all = ["float4(x + 0.5f, y + 0.5f, 0.0f, 1.0f)"] + inputs
    return """
        for (uint y = 0; y < \(output).height; ++y)
          for (uint x = 0; x < \(output).width; ++x)
            \(output).put(\(name)(\(all.joined(separator: ", "))), uint2(x, y), \(pass.layer ?? 0));

      """
  }
}
