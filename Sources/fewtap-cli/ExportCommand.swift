import ArgumentParser
import Fewtap
import FewtapImageIO
import FewtapShaders
import Foundation

/// `fewtap export`: a filter or basis as shader text.
struct ExportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export", abstract: "Write a filter or basis as shader text: GLSL, OpenGL ES, HLSL, Metal or WGSL.",
    discussion: """
      Examples:
        fewtap export heart.json --language wgsl --stage compute -o heart-shader
        fewtap export heart.json --language essl --stage fragment -o heart-gl --border mirror --alpha straight
        fewtap export bokeh.json --language hlsl --stage compute -o bokeh --prefix Bokeh_ --single-file
        fewtap export heart.json --language essl --stage fragment -o heart-web --host js

      DIR gets a file a pass (or one for all), the vertex shader for fragments, a basis' tables, README.txt for people and \
      passes.json for programs: which texture goes where, sizes, formats, the passes in order. The text has no uniforms; all \
      sizes follow from the image's.

      --sampling hardware leaves interpolation between texels to the texture unit, which many drivers round to 1/256 of a texel; \
      borders that it cannot do are made by a pass before. --sampling fetch is exact.
      """)

  @Argument(help: ArgumentHelp("The filter or basis file; - for standard input.", valueName: "filter"))
  var filter: String

  @Option(help: "The language: GLSL 4.50, OpenGL ES 3, HLSL of shader model 5, Metal, or WebGPU's.")
  var language: ShaderLanguage

  @Option(help: "How passes run.")
  var stage: ShaderStage

  @Option(
    name: .shortAndLong, help: ArgumentHelp("The folder to write to; made if it is missing.", valueName: "dir"))
  var output: String

  @Option(help: ArgumentHelp("What every name in the text starts with.", valueName: "word"))
  var prefix = ShaderOptions().prefix

  @Option(help: "What stands outside the image.")
  var border: ApplyCommand.Border = .clamp

  @Option(
    parsing: .unconditional, help: ArgumentHelp("The value of --border constant. (default: 0)", valueName: "v"),
    transform: OptionValue.float)
  var constant: Float?

  @Option(help: "Who interpolates between texels.")
  var sampling: ShaderOptions.Sampling = .hardware

  @Option(
    help: """
      With --sampling hardware: whether two whole texels side by side are read at once, between them. auto: where textures hold half \
      floats, whose rounding is about as large.
      """)
  var pairing: ShaderOptions.Pairing = .automatic

  @Option(
    help: """
      How numbers stand in the text: statements up to \(ShaderLimits.unrolledTaps) taps a pass, a table up to \
      \(ShaderLimits.constantTaps), else a texture; of a basis a texture.
      """)
  var constants: ShaderOptions.Constants = .automatic

  @Option(help: "What the fourth channel is: like the others, or coverage that colors are not, or are, multiplied by.")
  var alpha: ShaderOptions.Alpha = .none

  @Option(help: "What textures between passes, and the result, hold.")
  var format: TexelFormat = .half

  @Flag(
    help:
      "Let compute groups share a tile of their input, where it fits their memory and texels are fetched: taps, decimation, interpolation and interpolated taps."
  )
  var tile = false

  @Flag(help: "Write all passes into one file.")
  var singleFile = false

  @Option(
    help: """
      Also write a program that runs it: swift for msl (Metal), js for wgsl (WebGPU) and for essl of the fragment stage (WebGL 2).
      """)
  var host: ShaderHost?

  @Flag(help: "Overwrite files of the folder.")
  var force = false

  @OptionGroup var report: ReportOptions

  func validate() throws {
    if constant != nil, border != .constant {
      throw ValidationError("--constant: it is the value of --border constant; give that too")
    }
    if tile, stage != .compute {
      throw ValidationError("--tile: only compute groups share memory; use --stage compute, or leave it out")
    }
  }

  func run() throws {
    let folder = ExportFolder(path: output)
    let file = FilterFile(path: filter)
    let stored = try file.readAny()
    let files: ShaderFiles
    do throws(ShaderError) {
      let program =
        switch stored {
        case .filter(let filter): try ShaderProgram(filter, options: options)
        case .basis(let basis): try ShaderProgram(basis, options: options)
        }
      if tile { try program.checkTile() }
      files = try ShaderFiles(program, language: language, stage: stage, isSingle: singleFile, host: host)
    } catch {
      throw Failure(
        error.isOfCommandLine ? "\(error)" : "\(file.name): \(error)", error.isOfCommandLine ? .usage : .failed)
    }
    let all = files.all
    try folder.check(all.map(\.name), force: force)
    try folder.write(all)
    try report.print(ExportReport(folder: output, name: file.name, files: files, all: all))
  }

  private var options: ShaderOptions {
    var options = ShaderOptions()
    (options.prefix, options.border) = (prefix, border.rule(constant: constant))
    (options.sampling, options.constants, options.alpha) = (sampling, constants, alpha)
    (options.format, options.usesTile, options.pairing) = (format, tile, pairing)
    return options
  }
}

extension ShaderError {
  /// Whether a flag is wrong, not the file.
  fileprivate var isOfCommandLine: Bool {
    switch self {
    case .prefix, .border, .constants, .tile, .host: true
    case .filter, .number, .taps, .table, .sumsDiffer, .zeroSumNormalized: false
    }
  }
}

extension ShaderLanguage: ExpressibleByArgument {}
extension ShaderStage: ExpressibleByArgument {}
extension ShaderHost: ExpressibleByArgument {}
extension ShaderOptions.Sampling: ExpressibleByArgument {}
extension ShaderOptions.Pairing: ExpressibleByArgument {}
extension ShaderOptions.Constants: ExpressibleByArgument {}
extension ShaderOptions.Alpha: ExpressibleByArgument {}
extension TexelFormat: ExpressibleByArgument {}

/// The folder that an export goes to.
private struct ExportFolder {
  let path: String

  /// Throws a sentence that names the path unless files of these names can be written there; ones that exist only with `force`.
  func check(_ names: [String], force: Bool) throws {
    guard !path.isEmpty else { throw Failure("--output: the folder's name is empty: give a folder", .usage) }
    var status = stat()
    guard stat(path, &status) == 0 else { return try OutputPath(path: path.trimmedSlashes).check(force: false) }
    guard status.st_mode & S_IFMT == S_IFDIR else {
      throw Failure("\(path): it is no folder; -o takes a folder, which is made if it is missing")
    }
    for name in names { try OutputPath(path: "\(path.trimmedSlashes)/\(name)").check(force: force) }
  }

  /// Writes the files, each whole or not at all; what tells how to use the others comes last.
  func write(_ files: [ShaderFile]) throws {
    do {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    } catch {
      throw Failure("\(path): the folder cannot be made; choose another place")
    }
    for file in files { try AtomicFile.write(file.bytes, to: "\(path.trimmedSlashes)/\(file.name)") }
  }
}

/// What was exported.
private struct ExportReport: Report {
  let folder: String
  let name: String
  let files: ShaderFiles
  let all: [ShaderFile]

  var json: [(String, JSON)] {
    let program = files.program
    return [
      ("command", .string("export")), ("filter", .string(name)), ("folder", .string(folder)),
      ("language", .string(files.language.rawValue)), ("stage", .string(files.stage.rawValue)),
      ("passes", .array(program.passes.map { .string($0.name) })), ("fetches", .number(program.work.fetches)),
      ("bytes", .number(program.work.bytes)),
      ("textures", .integer(program.textures.count)),
      (
        "files",
        .array(all.map { .object([("name", .string($0.name)), ("bytes", .integer($0.bytes.count))]) })
      ),
    ]
  }

  var text: String {
    let program = files.program
    return "\(folder): \(all.count) files, \(program.passes.count) passes of \(files.language.rawValue) "
      + "for the \(files.stage.rawValue) stage; README.txt tells how to run them"
  }
}
