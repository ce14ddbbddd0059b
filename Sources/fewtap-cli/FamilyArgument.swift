import ArgumentParser
import Fewtap
import FewtapImageIO
import Foundation

/// FAMILY on the command line: a specification with ranges (`disk:radius=0...24`), measured kernels (a folder, a NumPy stack), or
/// a picture of an aperture with ranges of its size and rotation (`aperture.png:size=3...41`).
struct FamilyArgument: ExpressibleByArgument {
  static let help = ArgumentHelp(
    """
    A kernel in words with ranges (disk:radius=0...24), a picture of an aperture (blades.png:size=3...41,rotation=0...60), a \
    folder of kernels named by their parameters (radius=3.5.png) or with a parameters.json, or a NumPy array (kernels, rows, \
    columns): with --positions a family, without them each kernel for itself, for 'fewtap apply --weights'.
    """, valueName: "family")

  let text: String

  init(argument: String) { text = argument }

  /// What the text stands for.
  enum Source: Equatable {
    case words
    case folder
    case stack
    case aperture(path: String, parameters: String)
  }

  /// A file or folder if there is one of that name, else words.
  func source() throws -> Source {
    guard !text.isEmpty else {
      throw Failure("FAMILY is empty: give a kernel with a range, such as disk:radius=0...24", .usage)
    }
    if let existing { return existing }
    let path = String(text.prefix { $0 != ":" })
    if (try? KernelCatalog.entry(named: path)) == nil, path.contains("/") || ImageFormat(path: path) != nil {
      throw Failure("\(path): there is no such file")
    }
    return .words
  }

  /// What files the text names; nil if none.
  var existing: Source? {
    switch Self.kind(text) {
    case S_IFDIR: return .folder
    case S_IFREG: return .stack
    default: break
    }
    for colon in text.indices.reversed() where text[colon] == ":" && Self.kind(String(text[..<colon])) == S_IFREG {
      return .aperture(path: String(text[..<colon]), parameters: String(text[text.index(after: colon)...]))
    }
    return nil
  }

  /// What lies at a path, as `stat` tells its kind; nil if nothing does.
  private static func kind(_ path: String) -> mode_t? {
    var status = stat()
    return stat(path, &status) == 0 ? status.st_mode & S_IFMT : nil
  }
}

/// How a family is taken from files.
struct FamilyOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Where the kernels of a NumPy stack were measured: NPY of (kernels, parameters), or CSV with the parameters' names.",
      valueName: "file"))
  var positions: String?

  @Option(
    help: ArgumentHelp(
      "Names of the parameters of --positions. (default: those of the CSV; x,y)", valueName: "name,..."))
  var axes: String?

  @Flag(help: "The kernels' two parameters stand on no grid: between them the family is linear on triangles.")
  var scattered = false

  /// The family of `argument`; measured kernels, around `center`, are scaled to sum 1 if they have no negative value, unless
  /// `keepSum`.
  func family(
    _ argument: FamilyArgument, center: PixelOffset? = nil, keepSum: Bool = false
  ) throws -> KernelFamily {
    let source = try argument.source()
    let others = [("--center", center != nil), ("--keep-sum", keepSum)].first(where: \.1)?.0
    if let others, case .aperture = source {
      throw Failure("\(others): it is for measured kernels, not for an aperture", .usage)
    }
    if let flag = others ?? given, source == .words {
      throw Failure("\(flag): it is for measured kernels, not for words", .usage)
    }
    if positions != nil, source != .stack {
      throw Failure("--positions: it is for a NumPy stack of kernels; \(argument.text) is none", .usage)
    }
    do {
      switch source {
      case .words: return try KernelFamily(argument.text)
      case .aperture(let path, let parameters): return try aperture(path, parameters)
      case .folder:
        let stack = try KernelStack(folder: argument.text, center: center, keepSum: keepSum)
        return try measured(argument.text, stack.axes, stack.members)
      case .stack: return try self.stack(argument.text, center, keepSum: keepSum)
      }
    } catch let error as TargetError {
      throw Failure(argument.text, error, source == .words ? .usage : .failed)
    }
  }

  /// An option that was given, if there is one.
  var given: String? {
    [("--positions", positions != nil), ("--axes", axes != nil), ("--scattered", scattered)].first(where: \.1)?.0
  }

  /// Photographs of an aperture are taken as they come; the limit of memory is that of images.
  private func aperture(_ path: String, _ parameters: String) throws -> KernelFamily {
    let values = try KernelFile.values(
      path: path, maximumSide: 1 << 15, memoryLimit: ImageFile.defaultMemoryLimit)
    return try KernelFamily(aperture: values, name: path, parameters: parameters)
  }

  /// The kernels of a stack without positions, which make no family.
  func separateKernels(
    _ argument: FamilyArgument, center: PixelOffset?, keepSum: Bool
  ) throws -> [Kernel]? {
    guard positions == nil, try argument.source() == .stack, argument.text.lowercased().hasSuffix(".npy") else {
      return nil
    }
    if scattered || axes != nil {
      throw Failure("\(scattered ? "--scattered" : "--axes"): it is for kernels with --positions", .usage)
    }
    return try KernelStack.kernels(path: argument.text, center: center, keepSum: keepSum)
  }

  private func stack(_ path: String, _ center: PixelOffset?, keepSum: Bool) throws -> KernelFamily {
    guard let positions else {
      throw Failure(
        "\(path): a file of kernels needs --positions FILE; an aperture needs its size, \(path):size=3...41", .usage)
    }
    let kernels = try KernelStack.kernels(path: path, center: center, keepSum: keepSum)
    let (names, points) = try KernelStack.points(path: positions)
    guard points.count == kernels.count else {
      throw Failure("\(positions): it has \(points.count) points for \(kernels.count) kernels: one for each is needed")
    }
    let columns = points[0].count
    let own = axes?.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    let known = own ?? names ?? (columns == 2 ? ["x", "y"] : nil)
    guard let known, known.count == columns, known.allSatisfy({ !$0.isEmpty }), Set(known).count == columns else {
      throw Failure("\(positions): it has \(columns) parameters: name each with --axes NAME,...", .usage)
    }
    return try measured(path, known, Array(zip(points, kernels)))
  }

  private func measured(_ name: String, _ axes: [String], _ members: [([Double], Kernel)]) throws -> KernelFamily {
    let measured = MeasuredKernels(
      axes: axes.map { ($0, Self.unit($0)) }, members: members.map { (point: $0.0, kernel: $0.1) })
    return scattered
      ? try KernelFamily(name: name, scattered: measured) : try KernelFamily(name: name, measured: measured)
  }

  /// The units of the parameters that our own kernels have, by their names.
  private static func unit(_ name: String) -> String {
    switch name {
    case "radius", "size", "length", "sigma", "width", "height": "px"
    case "angle", "rotation": "degrees"
    default: ""
    }
  }
}
