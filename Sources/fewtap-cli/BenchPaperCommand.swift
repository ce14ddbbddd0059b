import ArgumentParser
import Fewtap
import FewtapImageIO
import FewtapReport

/// `fewtap bench paper`: the DISK paper's tables, run again on this machine.
struct BenchPaperCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "paper", abstract: "Run the DISK paper's tables again: ours, its recipe, tempering, low rank.",
    discussion: """
      Examples:
        fewtap bench paper --quick
        fewtap bench paper --kernels disk,star --layouts 24x4,32x4 --seeds 3
        fewtap bench paper -o paper.json

      Each kernel is fitted with as many taps as each layout has, by all rivals and from several seeds; the tables tell the PSNR \
      on photographs with mean and spread, wins and losses counted alike. Then the searches start from each initial guess. All of \
      it takes about 40 minutes on two cores; it says how long before it starts. Ctrl-C (and SIGTERM) prints what is done until \
      then; the exit code is then 1. All figures but seconds are the same for any number of threads.

      Kernels: \(PaperSuite.kernels.map(\.name).joined(separator: ", ")).
      """)

  @Flag(help: "Three kernels, layout 24x4 and two seeds, unless told otherwise: about a minute on two cores.")
  var quick = false

  @Option(
    help: ArgumentHelp("Kernels, by name. (default: all)", valueName: "name,..."),
    transform: BenchPaperCommand.kernelNames)
  var kernels: KernelNames?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Layouts. (default: \(PaperSuite.layouts.joined(separator: ",")))", valueName: "NxL,..."),
    transform: BenchPaperCommand.layoutList)
  var layouts: LayoutList?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Runs of each rival. (default: 5)", valueName: "n"), transform: OptionValue.whole(1...100))
  var seeds: Int?

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp("Write what --json prints to this file too, beside the tables.", valueName: "file"))
  var output: String?

  @Flag(help: "Overwrite the --output file if it exists.")
  var force = false

  @OptionGroup var threading: ThreadOptions
  @OptionGroup var report: ReportOptions

  /// Names of ``PaperSuite/kernels``.
  struct KernelNames { let names: [String] }
  /// Layouts, each once.
  struct LayoutList { let layouts: [Layout] }

  @Sendable static func kernelNames(_ text: String) throws -> KernelNames {
    let known = PaperSuite.kernels.map(\.name)
    let names = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    for (index, name) in names.enumerated() {
      guard known.contains(name) else {
        throw ValidationError(
          "there is no kernel \"\(legible(name, limit: 40))\": it must be of \(known.joined(separator: ", "))")
      }
      guard !names[..<index].contains(name) else { throw ValidationError("\(name) is given twice") }
    }
    return KernelNames(names: names)
  }

  @Sendable static func layoutList(_ text: String) throws -> LayoutList {
    var layouts: [Layout] = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      // A layer's taps alone would be a layout of one layer here, and of several elsewhere.
      guard part.contains("x") else {
        throw ValidationError(
          "\"\(legible(String(part), limit: 40))\" is no layout of equal layers: write taps x layers, for example 24x4,32x4"
        )
      }
      let layout = try Layout(parsing: String(part))
      guard !layouts.contains(layout) else { throw ValidationError("\(part) is given twice") }
      layouts.append(layout)
    }
    return LayoutList(layouts: layouts)
  }

  func validate() throws {
    if output == "-" { throw ValidationError("-o -: --json prints to standard output; give a file name after -o") }
  }

  private static let quickKernels = ["gaussian7", "disk", "star"]

  func run() throws {
    if let output { try OutputPath(path: output).check(force: force) }
    let (subjects, skipped) = try subjects()
    for skip in skipped { report.warn("\(skip.name) is skipped: \(skip.reason)") }
    guard !subjects.isEmpty else { throw Failure("no kernel is left to run") }
    let layouts = try layouts?.layouts ?? (quick ? ["24x4"] : PaperSuite.layouts).map { try Layout(parsing: $0) }
    var suite = PaperSuite(subjects, layouts: layouts, seeds: seeds ?? (quick ? 2 : 5))
    suite.threads = threading.threads
    if quick, subjects.contains(where: { $0.name == "star" }) { suite.guessSubjects = ["star"] }
    let machine = try Machine()
    let estimate = suite.estimatedSeconds()
    if !report.quiet {
      let amount =
        "\(counted(subjects.count, "kernel")), \(counted(layouts.count, "layout")), \(counted(suite.seeds, "seed"))"
      Console.writeError("fewtap: \(amount) on \(counted(suite.threads, "thread")): about \(Self.spoken(estimate))")
    }
    let bar = ProgressBar(enabled: !report.quiet)
    let (finished, configured) = Interruption.during { [suite] cancellation in
      (suite.run(cancellation: cancellation) { bar.show("running", share: $0.share, $0.label) }, suite)
    }
    bar.end()
    let tables = BenchPaperReport(
      machine: machine, suite: configured, results: finished, skipped: skipped, seconds: bar.elapsed,
      isVerbose: report.verbose)
    try report.print(tables)
    if let output { try AtomicFile.write(Array((JSON.object(tables.json).text() + "\n").utf8), to: output) }
    guard finished.isComplete else {
      Console.writeError("fewtap: interrupted: the tables have what was done until then")
      throw ExitCode.failure
    }
  }

  /// The kernels that can be made here, and those that cannot.
  private func subjects() throws -> ([PaperSuite.Subject], skipped: [SkippedKernel]) {
    let wanted = kernels?.names ?? (quick ? Self.quickKernels : PaperSuite.kernels.map(\.name))
    var (subjects, skipped): ([PaperSuite.Subject], [SkippedKernel]) = ([], [])
    for name in wanted {
      guard let words = PaperSuite.kernels.first(where: { $0.name == name })?.words else { continue }
      do {
        guard let source = try KernelArgument.words(words) else { continue }
        subjects.append(PaperSuite.Subject(name: name, kernel: try source.kernel()))
      } catch {
        skipped.append(SkippedKernel(name: name, reason: "\(error)"))
      }
    }
    return (subjects, skipped)
  }

  private static func spoken(_ seconds: Double) -> String {
    seconds < 90 ? "\(Int(seconds.rounded(.up))) s" : "\(Int((seconds / 60).rounded(.up))) minutes"
  }

  private func counted(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }
}

/// A kernel that could not be made, and why.
struct SkippedKernel {
  let name: String
  let reason: String
}
