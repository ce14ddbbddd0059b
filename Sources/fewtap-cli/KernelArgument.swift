import ArgumentParser
import Fewtap
import FewtapImageIO
import Foundation

/// KERNEL on the command line: a file, a specification (`heart:size=49`) or a glyph (`glyph:text=&`).
struct KernelArgument: ExpressibleByArgument {
  /// What it stands for.
  enum Source {
    case file(String)
    case specification(KernelSpecification)
    case glyph(GlyphSpecification)
  }

  static let help = ArgumentHelp(
    "A file (PNG, TIFF, EXR, NPY, PFM, FITS, ...) or name:key=value,... (heart:size=49).", valueName: "kernel")

  let text: String

  init(argument: String) { text = argument }

  /// Refuses a kernel beside `--list`, and neither of them.
  static func check(_ kernel: KernelArgument?, list: Bool) throws {
    guard (kernel != nil) != list else {
      throw ValidationError(
        list
          ? "--list takes no kernel: leave \(kernel?.text ?? "it") out"
          : "KERNEL is missing: give a file or a name such as heart:size=49 ('fewtap kernel --list' lists the names)")
    }
  }

  /// What the text stands for: a file if there is one of that name, else words.
  ///
  /// Throws: ``Failure``: a usage one unless the text looks like the path of a file.
  func source() throws -> Source {
    guard !text.isEmpty else { throw Failure("KERNEL is empty: give a file or a name such as heart:size=49", .usage) }
    var status = stat()
    let exists = stat(text, &status) == 0
    if exists, status.st_mode & S_IFMT != S_IFDIR { return .file(text) }
    if let words = try Self.words(text) { return words }
    if exists { throw Failure("\(text): it is a folder; give a file or a name such as heart:size=49") }
    if text.contains("/") || text.lowercased().hasSuffix(".npy") || ImageFormat(path: text) != nil {
      throw Failure("\(text): there is no such file; KERNEL is a file or a name such as heart:size=49")
    }
    do {
      return .specification(try KernelSpecification(text))
    } catch {
      throw Failure("\(text) is no file, and \(error), glyph", .usage)
    }
  }

  /// The specification or glyph that `text` spells; nil if it begins with no kernel's name.
  static func words(_ text: String) throws -> Source? {
    let name = text.prefix { $0 != ":" }
    do {
      if name == "glyph" { return .glyph(try GlyphSpecification(text)) }
      guard (try? KernelCatalog.entry(named: String(name))) != nil else { return nil }
      return .specification(try KernelSpecification(text))
    } catch {
      throw Failure(text, error, .usage)
    }
  }
}

/// How a kernel is taken from a file.
struct KernelOptions: ParsableArguments {
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Column and row, from 0, of the kernel's center; the middle of an odd size by default.", valueName: "x,y"),
    transform: OptionValue.pixel)
  var center: PixelOffset?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Scale a kernel file so that its longer side has this odd size.", valueName: "n"),
    transform: OptionValue.whole(1...Kernel.maximumSide))
  var size: Int?

  @Flag(help: "Keep the sum of a kernel file's values; otherwise a kernel without negative values is scaled to sum 1.")
  var keepSum = false

  func validate() throws {
    if let size, size.isMultiple(of: 2) {
      throw ValidationError("--size \(size): it must be odd, so that the kernel has a middle pixel")
    }
  }

  /// Makes the kernel of `argument`.
  func kernel(_ argument: KernelArgument) throws -> Kernel {
    let source = try argument.source()
    if case .file = source {
    } else if size != nil {
      throw Failure("--size: it is for kernel files; write the size in words, \(argument.text):size=N", .usage)
    } else if keepSum {
      throw Failure("--keep-sum: it is for kernel files; \(argument.text) has a sum of its own", .usage)
    }
    return try source.kernel(center: center, size: size, keepSum: keepSum)
  }
}

extension KernelArgument.Source {
  /// The kernel; `size` and `keepSum` are for files.
  func kernel(center: PixelOffset? = nil, size: Int? = nil, keepSum: Bool = false) throws -> Kernel {
    switch self {
    case .specification(let specification):
      do {
        return try Self.centered(specification.makeKernel(), at: center)
      } catch {
        throw Failure("\(specification)", error, .usage)
      }
    case .glyph(let glyph): return try Self.centered(glyph.kernel(), at: center)
    case .file(let path):
      guard let size else { return try KernelFile.read(path: path, center: center, keepSum: keepSum) }
      return try Self.scaled(path, center: center, size: size, keepSum: keepSum)
    }
  }

  private static func centered(_ kernel: Kernel, at center: PixelOffset?) throws -> Kernel {
    guard let center else { return kernel }
    do {
      return try kernel.centered(at: center)
    } catch {
      throw Failure("--center \(center.x),\(center.y)", error, .usage)
    }
  }

  /// Photographs of an aperture are taken as they come; the limit of memory is that of images.
  private static let maximumMaskSide = 1 << 15

  private static func scaled(_ path: String, center: PixelOffset?, size: Int, keepSum: Bool) throws -> Kernel {
    let values = try KernelFile.values(
      path: path, maximumSide: maximumMaskSide, memoryLimit: ImageFile.defaultMemoryLimit)
    let name = String(path.split(separator: "/").last ?? "")
    do {
      let kernel = try Kernel.mask(values, name: name, size: size, center: center)
      // The mask divided by its sum, unless that has negative values.
      let sum = values.values.reduce(0, +)
      return keepSum && kernel.isNonnegative ? try kernel.scaled(by: sum) : kernel
    } catch {
      throw Failure(path, error)
    }
  }
}

extension Kernel {
  /// The same weights around another pixel.
  func centered(at center: PixelOffset) throws(KernelError) -> Kernel {
    try Kernel(name: name, values: values, center: center)
  }
}
