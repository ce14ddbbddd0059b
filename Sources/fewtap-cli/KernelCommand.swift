import ArgumentParser
import Fewtap
import FewtapImageIO
import Foundation

/// `fewtap kernel`: make or import a kernel, look at it, write it.
struct KernelCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "kernel", abstract: "Make or import a kernel, look at it, write it to a file.",
    discussion: """
      Examples:
        fewtap kernel heart:size=49 --show
        fewtap kernel psf:coma=0.5,size=49 -o psf.exr
        fewtap kernel 'glyph:text=&,size=49' -o ampersand.png
        fewtap kernel mask.png --size 65 --json
        fewtap kernel --list

      Kernels convolve: a point of light becomes the kernel as it looks, +y down. Files are read as linear coverage, color \
      as luminance; a kernel without negative values is scaled to sum 1 unless --keep-sum is given. NPY keeps every bit.
      """)

  @Argument(help: KernelArgument.help)
  var kernel: KernelArgument?

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp("Write the kernel: .npy, .exr, .tif, .pfm, .fits or .png.", valueName: "file"))
  var output: String?

  @Flag(help: "Show the kernel as text.")
  var show = false

  @Flag(help: "List the kernels that have names, with their parameters.")
  var list = false

  @OptionGroup var kernelOptions: KernelOptions

  @Flag(help: "Overwrite the output file if it exists.")
  var force = false

  @OptionGroup var report: ReportOptions

  func validate() throws {
    try KernelArgument.check(kernel, list: list)
    guard let output, !output.lowercased().hasSuffix(".npy") else { return }
    guard let format = ImageFormat(path: output), format != .jpeg, format != .hdr else {
      throw ValidationError("\(output): a kernel is written as .npy, .exr, .tif, .pfm, .fits, .png or .pgm")
    }
  }

  func run() throws {
    guard let argument = kernel else { return try report.print(CatalogReport()) }
    if let output { try OutputPath(path: output).check(force: force) }
    let kernel = try kernelOptions.kernel(argument)
    var warnings: [String] = []
    if let output { warnings = try KernelFile.write(kernel, path: output).map { "\(output): \($0)" } }
    for warning in warnings { report.warn(warning) }
    try report.print(KernelReport(kernel: kernel, output: output, isShown: show), warnings: warnings)
  }
}
