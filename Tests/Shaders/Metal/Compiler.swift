import Foundation

/// Shader text as functions of this process: C++ by `metal_stdlib`, which the environment variable METAL_STDLIB tells the folder of.
enum Compiler {
  static func functions(of source: String) throws -> [String: Function] {
    let entries = try source.matches(of: entry).map { try Entry($0.output.1, $0.output.2, $0.output.3) }
    let folder = FileManager.default.temporaryDirectory.appending(path: "metal-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    // What a group shares must outlive a thread, which here is a call.
    let text =
      head + source.replacing("\n  threadgroup float4 ", with: "\n  static float4 ") + entries.map(\.caller).joined()
    let (input, output) = (folder.appending(path: "text.cpp"), folder.appending(path: "text.so"))
    try Data(text.utf8).write(to: input)
    try compile(input, output)
    guard let library = dlopen(output.path, RTLD_NOW | RTLD_LOCAL) else {
      throw Problem(description: "the compiled text does not load: \(String(cString: dlerror()))")
    }
    return try Dictionary(
      uniqueKeysWithValues: entries.map { entry in
        guard entry.kind != .vertex else { return (entry.name, Function(.vertex, nil)) }
        guard let symbol = dlsym(library, "run_\(entry.name)") else { throw Problem(description: "no \(entry.name)") }
        return (entry.name, Function(entry.kind, unsafeBitCast(symbol, to: Work.self)))
      })
  }

  private static func compile(_ input: URL, _ output: URL) throws {
    let environment = ProcessInfo.processInfo.environment
    let (process, errors) = (Process(), Pipe())
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = [
      "clang++", "-std=c++17", "-O0", "-shared", "-fPIC", "-Wno-unknown-attributes", "-I",
      environment["METAL_STDLIB"] ?? ".", "-o", output.path, input.path,
    ]
    process.standardError = errors
    try process.run()
    let said = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw Problem(description: "clang: \(said.prefix(4000))") }
  }

  private static var entry: Regex<(Substring, Substring, Substring, Substring)> {
    /(?m)^(kernel|fragment|vertex) \w+ (\w+)\(([^{]*)\) \{/
  }

  private static let head = """
    #include <metal_stdlib>
    struct bound { void *texels; uint width, height, layers, rounds_to_half; };
    template <class T> static T as(const bound &b) {
      T t;
      t.data = (float4 *)b.texels, t.width = b.width, t.height = b.height, t.layers = b.layers;
      t.rounds_to_half = b.rounds_to_half;
      return t;
    }

    """

  /// A function that a pipeline may run.
  private struct Entry {
    let kind: Function.Kind
    let name: String
    private let arguments: [String]

    init(_ kind: Substring, _ name: Substring, _ parameters: Substring) throws {
      guard let kind = Function.Kind(rawValue: String(kind)) else { throw Problem(description: "no kind \(kind)") }
      (self.kind, self.name) = (kind, String(name))
      arguments = try parameters.split(separator: ",\n").map { parameter in
        guard let match = parameter.firstMatch(of: /^\s*(.+) \w+ \[\[(\w+)(?:\((\d+)\))?\]\]\s*$/) else {
          throw Problem(description: "\(name): no attribute in \(parameter)")
        }
        return switch match.output.2 {
        case "texture": "as<\(match.output.1)>(textures[\(match.output.3 ?? "")])"
        case "thread_position_in_grid": "uint2(g * width + x, h * height + y)"
        case "threadgroup_position_in_grid": "uint2(g, h)"
        case "thread_position_in_threadgroup": "uint2(x, y)"
        case "position": "float4(g + 0.5f, h + 0.5f, 0.0f, 1.0f)"
        case "vertex_id": "0"
        default: throw Problem(description: "\(name): \(match.output.2) is not known here")
        }
      }
    }

    /// What runs it over all groups. Each thread of a group runs up to a barrier first, then whole: loading twice changes nothing.
    var caller: String {
      let call = "\(name)(\(arguments.joined(separator: ", ")))"
      let step = kind == .fragment ? "as<texels>(textures[0]).put(\(call), uint2(g, h), layer)" : call
      return kind == .vertex
        ? ""
        : """

        extern "C" void run_\(name)(const bound *textures, uint columns, uint rows, uint width, uint height, uint layer) {
          for (uint h = 0; h < rows; ++h)
            for (uint g = 0; g < columns; ++g)
              for (int stops = 1; stops >= 0; --stops)
                for (uint y = 0; y < height; ++y)
                  for (uint x = 0; x < width; ++x) {
                    metal::stops_at_barriers = stops;
                    try { \(step); } catch (metal::at_barrier) {}
                  }
        }

        """
    }
  }
}
