import FewtapCore

/// A file of an export.
public struct ShaderFile: Equatable, Sendable {
  /// Its name in the folder.
  public let name: String
  /// What is in it.
  public let bytes: [UInt8]

  init(_ name: String, _ text: String) { (self.name, bytes) = (name, Array(text.utf8)) }
  init(_ name: String, bytes: [UInt8]) { (self.name, self.bytes) = (name, bytes) }
}

/// A program in a language, as files: shader text, tables, `passes.json` for a host, and `README.txt` for who writes one.
public struct ShaderFiles: Sendable {
  /// The program.
  public let program: ShaderProgram
  /// The language of its text.
  public let language: ShaderLanguage
  /// How passes run.
  public let stage: ShaderStage
  /// Whether one file has all passes.
  public let isSingle: Bool
  /// A program that runs it; none unless asked for.
  public let host: [ShaderFile]

  /// The files of a program.
  ///
  /// Throws: ``ShaderError/host(_:language:stage:)`` if the host does not run that language and stage.
  public init(
    _ program: ShaderProgram, language: ShaderLanguage, stage: ShaderStage, isSingle: Bool = false,
    host: ShaderHost? = nil
  ) throws(ShaderError) {
    (self.program, self.language, self.stage, self.isSingle) = (program, language, stage, isSingle)
    self.host = try host?.files(language, stage) ?? []
  }

  /// What `format` says in `passes.json`.
  public static let formatName = "fewtap.shader"
  /// What `version` says there.
  public static let formatVersion = 1
  /// Names that every export has.
  static let (readme, index) = ("README.txt", "passes.json")

  /// All files; the same bytes each time.
  public var all: [ShaderFile] { parts + host + [ShaderFile(Self.index, json), ShaderFile(Self.readme, readme)] }

  /// Those that `passes.json` tells of: text and tables.
  package var parts: [ShaderFile] {
    var files: [ShaderFile] = []
    if isSingle {
      files.append(ShaderFile(fileName(ofPass: 0), program.text(in: language, stage)))
    } else {
      for (index, pass) in program.passes.enumerated() {
        files.append(ShaderFile(fileName(ofPass: index), program.text(of: pass, in: language, stage)))
      }
    }
    if let fullscreen { files.append(ShaderFile(fullscreen, program.fullscreenText(in: language))) }
    for texture in program.textures {
      guard case .table(let values) = texture.role, let name = fileName(of: texture) else { continue }
      let bytes = values.flatMap { value in
        (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> (8 * UInt32($0))) }
      }
      files.append(ShaderFile(name, bytes: bytes))
    }
    return files
  }

  /// The file that a pass' text is in.
  public func fileName(ofPass index: Int) -> String {
    let end = language.dialect.fileExtension(stage)
    guard !isSingle else { return "passes.\(end)" }
    return "\(index < 9 ? "0" : "")\(index + 1)_\(program.passes[index].name).\(end)"
  }

  /// The vertex shader's file; nil for compute.
  public var fullscreen: String? {
    guard stage == .fragment else { return nil }
    let end = language.dialect.fileExtension(stage).replacing("frag", with: "vert")
    return "fullscreen.\(end)"
  }

  /// The file of a table's floats, 32 bits, little endian; nil for other textures.
  public func fileName(of texture: ShaderTexture) -> String? {
    if case .table = texture.role { return "\(texture.name).f32" }
    return nil
  }

  /// Whether a host defines the pass that it compiles, where one file has them all.
  var choosesPasses: Bool { language == .glsl || language == .essl || language == .hlsl }

  // MARK: passes.json

  /// The text of `passes.json`.
  package var json: String {
    let options = program.options
    let head = [
      ("format", quoted(Self.formatName)), ("version", "\(Self.formatVersion)"), ("title", quoted(program.title)),
      ("language", quoted(language.rawValue)), ("stage", quoted(stage.rawValue)), ("prefix", quoted(options.prefix)),
      ("border", quoted(Self.words(options.border))), ("alpha", quoted(options.alpha.rawValue)),
      (
        "fullscreen",
        fullscreen.map {
          object([("file", quoted($0)), ("entryPoint", quoted(program.fullscreenEntryPoint(in: language)))])
        } ?? "null"
      ),
    ]
    let lines =
      head.map { "  \"\($0)\": \($1)" } + [
        list("textures", program.textures.map(json)), list("passes", program.passes.indices.map(json)),
      ]
    return "{\n" + lines.joined(separator: ",\n") + "\n}\n"
  }

  private func list(_ name: String, _ items: [String]) -> String {
    "  \"\(name)\": [\n    \(items.joined(separator: ",\n    "))\n  ]"
  }

  private func object(_ fields: [(String, String)]) -> String {
    "{ " + fields.map { "\"\($0)\": \($1)" }.joined(separator: ", ") + " }"
  }

  private func json(_ texture: ShaderTexture) -> String {
    func grid(_ grid: TexelGrid) -> String {
      object([
        ("factor", "\(grid.factor)"), ("added", "\(grid.added)"), ("extra", "\(grid.extra)"),
        ("origin", "\(grid.origin)"),
      ])
    }
    return object([
      ("name", quoted(texture.name)), ("role", quoted(texture.role.word)), ("format", quoted(texture.format.rawValue)),
      ("x", grid(texture.x)), ("y", grid(texture.y)), ("layers", texture.layers.map { "\($0)" } ?? "null"),
      ("file", fileName(of: texture).map(quoted) ?? "null"),
    ])
  }

  private func json(_ index: Int) -> String {
    let pass = program.passes[index]
    let inputs = pass.inputs.map { input in
      object([
        ("binding", "\(input.binding)"), ("texture", quoted(input.texture)),
        ("name", quoted(program.inputName(input, of: pass))),
        ("linear", input.linear.map { quoted($0.rawValue) } ?? "null"),
      ])
    }
    var fields = [
      ("name", quoted(pass.name)), ("file", quoted(fileName(ofPass: index))),
      ("entryPoint", quoted(program.entryPoint(of: pass, in: language))),
    ]
    if isSingle, choosesPasses {
      fields.append(("define", quoted("\(program.passMacro) \(index + 1)")))
    }
    return object(
      fields + [
        ("inputs", "[" + inputs.joined(separator: ", ") + "]"),
        ("sampler", pass.samplerBinding.map { "\($0)" } ?? "null"), ("output", quoted(pass.output)),
        ("layer", pass.layer.map { "\($0)" } ?? "null"), ("group", "[\(pass.groupSide), \(pass.groupSide)]"),
        ("dependsOn", quoted(pass.dependsOn.rawValue)),
      ])
  }

  static func words(_ border: BorderRule) -> String {
    switch border {
    case .clamp: "clamp"
    case .mirror: "mirror"
    case .wrap: "wrap"
    case .constant(let value): "constant \(value)"
    case .normalized: "normalized"
    }
  }
}

extension ShaderTexture.Role {
  /// The role as files call it.
  var word: String {
    switch self {
    case .image: "image"
    case .parameters: "parameters"
    case .intermediate: "intermediate"
    case .output: "output"
    case .table: "table"
    }
  }
}
