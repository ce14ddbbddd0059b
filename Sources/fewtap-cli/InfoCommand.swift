import ArgumentParser
import Fewtap

/// `fewtap info`: what is in a filter file.
struct InfoCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "info", abstract: "Tell a filter's layers, cost, error, noise gain and provenance.",
    discussion: """
      Examples:
        fewtap info heart.json
        fewtap info my-bokeh.json --kernel my-bokeh.png
        fewtap info heart.json --taps --json
        fewtap fit disk -o - | fewtap info -

      The error is computed anew if the kernel can be made again from the words in the file, or is given with --kernel; \
      else it is what the file says.
      """)

  @Argument(help: ArgumentHelp("The filter file; - for standard input.", valueName: "filter"))
  var filter: String

  @Option(
    help: ArgumentHelp("The kernel that the filter was fitted to, where it was a file.", valueName: "kernel"))
  var kernel: KernelArgument?

  @Flag(help: "List every tap: dx, dy, weight.")
  var taps = false

  @OptionGroup var report: ReportOptions

  /// True if the effective kernel takes some seconds at most, 1e10 multiply-adds: four times the largest filter that a fit
  /// makes (2048 taps over 1025x1025 pixels). A file may ask for a thousand times as much.
  private static func isQuick(_ filter: SparseFilter) -> Bool {
    let bounds = filter.chain.bounds
    return Double(bounds.width) * Double(bounds.height) * Double(filter.chain.multiplyAddCount) <= 1e10
  }

  func run() throws {
    let file = FilterFile(path: filter)
    let filter = try file.read()
    let target = TargetOfFilter(filter: filter, name: file.name, given: kernel)
    var recomputed: FilterAccuracy?
    do {
      guard kernel != nil || Self.isQuick(filter) else { throw Failure("that would take minutes; ask with --kernel") }
      recomputed = try FilterAccuracy(of: filter, against: target.kernel())
    } catch {
      guard kernel == nil else { throw error }
      report.note("the error is not computed anew: \(error)")
    }
    try report.print(
      FilterReport(filter: filter, name: file.name, recomputed: recomputed, listsTaps: taps))
  }
}
