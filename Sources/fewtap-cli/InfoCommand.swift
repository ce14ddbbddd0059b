import ArgumentParser
import Fewtap

/// `fewtap info`: what is in a filter or basis file.
struct InfoCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "info", abstract: "Tell a filter's or a basis' layers, knots, cost, error, noise gain and provenance.",
    discussion: """
      Examples:
        fewtap info heart.json
        fewtap info my-bokeh.json --kernel my-bokeh.png
        fewtap info heart.json --taps --json
        fewtap info bokeh.basis.json --taps
        fewtap fit disk -o - | fewtap info -

      The error is computed anew if the kernel can be made again from the words in the file, or is given with --kernel; \
      else it is what the file says. A basis' error is that between its knots, as its fit measured it.
      """)

  @Argument(help: ArgumentHelp("The filter or basis file; - for standard input.", valueName: "filter"))
  var filter: String

  @Option(
    help: ArgumentHelp("The kernel that the filter was fitted to, where it was a file.", valueName: "kernel"))
  var kernel: KernelArgument?

  @Flag(help: "List every tap: dx, dy, weight; of a basis, every knot's filter.")
  var taps = false

  @OptionGroup var report: ReportOptions

  /// True if the effective kernel takes some seconds at most, 1e10 multiply-adds: four times the largest filter that a fit
  /// makes (2048 taps over 1025x1025 pixels). A file may ask for a thousand times as much.
  static func isQuick(_ filter: SparseFilter) -> Bool {
    let bounds = filter.chain.bounds
    return Double(bounds.width) * Double(bounds.height) * Double(filter.chain.multiplyAddCount) <= 1e10
  }

  func run() throws {
    let file = FilterFile(path: filter)
    switch try file.readAny() {
    case .filter(let filter): try tell(filter, file)
    case .basis(let basis):
      if kernel != nil { throw Failure("--kernel: it is for filters; \(file.name) is a basis of many", .usage) }
      try report.print(BasisReport(basis: basis, command: "info", name: file.name, listsFilters: taps))
    }
  }

  private func tell(_ filter: SparseFilter, _ file: FilterFile) throws {
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
