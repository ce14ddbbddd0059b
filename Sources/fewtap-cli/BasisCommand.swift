import ArgumentParser
import Fewtap
import FewtapImageIO
import FewtapShaders
import Foundation

/// `fewtap basis`: from a family of kernels to a basis file.
struct BasisCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "basis",
    abstract: "Fit filters at the knots of a family of kernels, for a different one at every pixel.",
    discussion: """
      Examples:
        fewtap basis disk:radius=0...24 -o bokeh.json --knots 16
        fewtap basis disk:radius=0...100 -o wide.json --error 60
        fewtap basis motion:length=1...24,angle=0...180 -o motion.json --checkpoint motion.checkpoint
        fewtap basis motion:length=1...24,angle=0...180 -o motion.json --resume motion.checkpoint
        fewtap basis blades.png:size=3...41,rotation=0...60 -o blades.json --knots 8,7
        fewtap basis psfs.npy --positions psfs.csv -o psfs.json --knots 5,5
        fewtap basis star:radius=4...22,inner=32%,rotation=0...90 -o star.json --operator offsets --knots 6,9
        fewtap basis star:radius=4...22,inner=32%,rotation=0...90 -o star.json --operator offsets --tracks series --terms 4,3
        fewtap basis disk:radius=1...20 -o gpu.json --for gpu --error 62
        fewtap basis disk:radius=1...20 -o paper.json --operator offsets --recipe paper --knots 8

      FAMILY is a kernel in words ('fewtap kernel --list') with a range a...b for every number that changes; a length of 0 \
      is a single pixel, a percentage is a share of the first length that has a range. Knots are fitted together, and the \
      error is told between them too. A seed gives the same file for any number of threads. Ctrl-C (and SIGTERM) ends the \
      search: the best basis so far is written, its file says "cancelled", and the exit code is 1. A second Ctrl-C quits at once.
      """)

  @Argument(help: FamilyArgument.help)
  var family: FamilyArgument

  @Option(
    name: .shortAndLong, help: ArgumentHelp("The basis file to write (JSON); - for standard output.", valueName: "file")
  )
  var output: String

  @Option(
    name: .customLong("operator"),
    help:
      "What is interpolated between knots: outputs of filters (for processors), or offsets of taps (for GPUs). (default: outputs; with --for gpu offsets)"
  )
  var givenInterpolation: FilterBasis.Interpolation?

  @Option(
    name: .customLong("for"),
    help:
      "What runs the basis. For gpu, taps and layers that are not given are the cheapest that keep --error. (default: cpu)"
  )
  var target: CostModel.Target?

  @Option(
    help: ArgumentHelp("With --for gpu: times of your own to choose by. (default: a built-in table)", valueName: "file")
  )
  var costModel: String?

  @OptionGroup var gpu: GPUArguments

  private var interpolation: FilterBasis.Interpolation {
    givenInterpolation ?? (target == .gpu ? .offsets : .outputs)
  }

  /// Whether taps and layers are chosen by what they cost a graphics processor.
  private var isPlanned: Bool {
    target == .gpu && interpolation == .offsets && recipe == .fewtap && taps == nil && layers == nil
      && (error != nil || (knots == nil && terms == nil))
  }

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Knots along each parameter: 16, or 6,9 for two. (default: as many as --error needs)", valueName: "n,..."),
    transform: OptionValue.counts)
  var knots: [Int]?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Add knots until so many dB on photographs hold at the worst place between them. (default: 60, unless --knots or --terms is given)",
      valueName: "dB"), transform: OptionValue.number(atLeast: 1))
  var error: Double?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Taps of a filter, for --operator offsets. (default: 96)", valueName: "n"),
    transform: OptionValue.whole(1...Layout.maximumTaps))
  var taps: Int?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Layers of a filter, for --operator offsets: 2 for maps with edges. (default: what is best on smooth maps)",
      valueName: "n"), transform: OptionValue.whole(Layout.layerCounts))
  var layers: Int?

  @Option(
    help: ArgumentHelp(
      """
      For --operator offsets, how taps change with the parameters: straight from knot to knot; along a series of Chebyshev \
      polynomials, for angles of sines and cosines in a frame that turns; or auto, the better one of as many numbers.
      """))
  var tracks: BasisFitOptions.Tracks = .knots

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Functions of each parameter, for --tracks series: 8, or 5,3 for two. (default: as many as --error needs)",
      valueName: "n,..."), transform: OptionValue.terms)
  var terms: [Int]?

  @Option(
    parsing: .unconditional, help: ArgumentHelp("Seed of every random choice.", valueName: "n"),
    transform: OptionValue.seed)
  var seed: UInt64 = 1

  @Option(help: "What an error costs.")
  var objective: Objective = .photo

  @Option(help: "The method; paper is the DISK paper's own, each knot alone, as a yardstick.")
  var recipe: FitOptions.Recipe = .fewtap

  @Option(
    help: ArgumentHelp("Where to write, every few seconds, what --resume can go on from.", valueName: "file"))
  var checkpoint: String?

  @Option(help: ArgumentHelp("Go on from what --checkpoint wrote, and write there again.", valueName: "file"))
  var resume: String?

  @OptionGroup var familyOptions: FamilyOptions

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Column and row, from 0, of the measured kernels' center; the middle of an odd size by default.", valueName: "x,y"
    ),
    transform: OptionValue.pixel)
  var center: PixelOffset?

  @Flag(help: "Keep the sums of measured kernels; otherwise those without negative values are scaled to sum 1.")
  var keepSum = false

  @OptionGroup var threading: ThreadOptions

  @Flag(help: "Overwrite the output file and the checkpoint if they exist.")
  var force = false

  @OptionGroup var report: ReportOptions

  func validate() throws {
    try gpu.check(target)
    if costModel != nil, !isPlanned {
      throw ValidationError("--cost-model: it is for --for gpu where taps and layers are to be chosen; leave it out")
    }
    if isPlanned, checkpoint != nil || resume != nil {
      throw ValidationError("--checkpoint: several bases are fitted with --for gpu; give --taps, and there is one")
    }
    if taps != nil, interpolation == .outputs {
      throw ValidationError("--taps: it is for --operator offsets; the planner chooses the taps of outputs")
    }
    if layers != nil, interpolation == .outputs || recipe == .paper {
      throw ValidationError("--layers: it is for --operator offsets by our own recipe")
    }
    if tracks != .knots, interpolation == .outputs || recipe == .paper {
      throw ValidationError("--tracks \(tracks.rawValue): it is for --operator offsets by our own recipe")
    }
    if terms != nil, tracks != .series { throw ValidationError("--terms: it is for --tracks series") }
    if knots != nil, tracks == .series {
      throw ValidationError("--knots: a series has none; give --terms, or --error")
    }
    if output == "-", report.json {
      throw ValidationError("-o - and --json would both write to standard output: give a file name after -o")
    }
    if let checkpoint, checkpoint == output {
      throw ValidationError("--checkpoint and -o are one file: give two names")
    }
  }

  func run() throws {
    let file = FilterFile(path: output)
    if !file.isStandardStream { try OutputPath(path: output).check(force: force) }
    if let checkpoint, checkpoint != resume { try OutputPath(path: checkpoint).check(force: force) }
    if let kernels = try familyOptions.separateKernels(family, center: center, keepSum: keepSum) {
      return try fitEach(kernels, file)
    }
    let family = try familyOptions.family(self.family, center: center, keepSum: keepSum)
    let resumed = try resume.map { try CheckpointFile(path: $0).read() }
    let keeper = (checkpoint ?? resume).map { CheckpointKeeper(CheckpointFile(path: $0)) }
    let bar = ProgressBar(enabled: !report.quiet)
    let basis: FilterBasis
    do {
      defer { bar.end() }
      basis = try fit(family, resumed, keeper, bar)
    } catch {
      throw Failure(self.family.text, error)
    }
    let seconds = bar.elapsed
    let work = target == .gpu ? try gpuFigures(basis, family) : nil
    try finish(basis, file, warnings: [keeper?.failure].compactMap { $0 }, seconds: seconds, gpu: work)
  }

  private func costs() throws -> CostModel {
    guard let costModel else { return .builtIn(.gpu) }
    guard let model = try CostModelFile(path: costModel).read(.gpu) else {
      throw Failure("\(costModel): there is no such file")
    }
    return model
  }

  /// What the basis is to a graphics processor.
  private func gpuFigures(_ basis: FilterBasis, _ family: KernelFamily) throws -> BasisReport.GPU {
    var options = ShaderOptions()
    options.format = gpu.target.format == .half ? .half : .float
    do {
      let work = try ShaderProgram(basis, options: options).work
      let delivered = try basis.delivered(by: gpu.target, against: family, threads: threading.threads)
      return BasisReport.GPU(work: work, target: gpu.target, mean: delivered.mean, worst: delivered.worst)
    } catch {
      throw Failure(self.family.text, error)
    }
  }

  /// Fits kernels that no parameters tell apart.
  private func fitEach(_ kernels: [Kernel], _ file: FilterFile) throws {
    let unfit = [
      ("--operator", interpolation != .outputs), ("--for", target == .gpu), ("--knots", knots != nil),
      ("--recipe", recipe != .fewtap),
      ("--checkpoint", checkpoint != nil), ("--resume", resume != nil), ("--objective", objective != .photo),
    ]
    if let flag = unfit.first(where: \.1)?.0 {
      throw Failure(
        "\(flag): it is for a family; each kernel of a stack without --positions is fitted for itself", .usage)
    }
    var options = PlanOptions(.error(decibels: error ?? PlanOptions.standardError))
    (options.seed, options.threads) = (seed, threading.threads)
    let bar = ProgressBar(enabled: !report.quiet)
    let basis: FilterBasis
    do {
      defer { bar.end() }
      let fit = try EachFit(kernels, options)
      basis = try Interruption.during { cancellation in
        try fit.run(cancellation: cancellation, progress: { bar.show($0) })
      }
    } catch {
      throw Failure(family.text, error)
    }
    try finish(basis, file, warnings: [], seconds: bar.elapsed)
  }

  private func finish(
    _ basis: FilterBasis, _ file: FilterFile, warnings: [String], seconds: Double, gpu: BasisReport.GPU? = nil
  ) throws {
    try file.write(basis)
    for warning in warnings { report.warn(warning) }
    try report.print(
      BasisReport(basis: basis, command: "basis", name: output, seconds: seconds, gpu: gpu), warnings: warnings,
      textToError: file.isStandardStream)
    if basis.fit?.termination == "cancelled" {
      Console.writeError(
        "fewtap: interrupted: \(file.isStandardStream ? "standard output" : output) has the best basis so far")
      throw ExitCode.failure
    }
  }

  private func fit(
    _ family: KernelFamily, _ resumed: BasisCheckpoint?, _ keeper: CheckpointKeeper?, _ bar: ProgressBar
  ) throws -> FilterBasis {
    if isPlanned {
      let fit = try GPUBasisFit(family, options, for: gpu.target, costs: costs())
      return try Interruption.during { cancellation in
        report.note("choosing taps and layers for a graphics processor; Ctrl-C keeps the best so far")
        return try fit.run(cancellation: cancellation, progress: { bar.show($0) })
      }
    }
    let fit = try BasisFit(family, options)
    return try Interruption.during { cancellation in
      report.note("fitting \(family.name) on up to \(threading.threads) threads; Ctrl-C keeps the best so far")
      defer { keeper?.flush() }
      var keep: (@Sendable (BasisCheckpoint) -> Void)?
      if let keeper { keep = { keeper.keep($0) } }
      return try fit.run(
        resuming: resumed, cancellation: cancellation, checkpoint: keep, progress: { bar.show($0) })
    }
  }

  private var options: BasisFitOptions {
    var options = BasisFitOptions()
    (options.interpolation, options.knots, options.error) = (interpolation, knots, error)
    if let taps { options.taps = taps }
    options.layers = layers
    (options.tracks, options.terms) = (tracks, terms)
    (options.objective, options.recipe, options.seed) = (objective, recipe, seed)
    options.threads = threading.threads
    return options
  }
}

extension FilterBasis.Interpolation: ExpressibleByArgument {}
extension BasisFitOptions.Tracks: ExpressibleByArgument {}

extension ProgressBar {
  /// Where a basis fit is.
  fileprivate func show(_ progress: BasisFitProgress) {
    let knots = progress.knots.map(String.init).joined(separator: "x")
    let share = progress.total.map { Double(progress.completed) / Double(max(1, $0)) }
    let worst = progress.worstPhotoPSNR.map { "worst \(fixed($0, 2)) dB" } ?? ""
    let unit = progress.countsFunctions ? "functions" : "knots"
    show(progress.stage, share: share ?? 0, "\(knots) \(unit)  \(worst)")
  }
}

extension OptionValue {
  /// Whole numbers of 2 or more, `6,9`.
  @Sendable static func counts(_ text: String) throws -> [Int] {
    try list(text, of: KnotAxis.knotCounts, example: "16 or 6,9")
  }

  /// Whole numbers of 1 or more, `5,3`.
  @Sendable static func terms(_ text: String) throws -> [Int] {
    try list(text, of: 1...TapSeries.maximumFunctionCount, example: "8 or 5,3")
  }

  private static func list(_ text: String, of counts: ClosedRange<Int>, example: String) throws -> [Int] {
    let numbers = text.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
    let found = numbers.compactMap { $0 }.filter { counts.contains($0) }
    guard found.count == numbers.count, found.count <= ParameterAxis.maximumCount else {
      throw ValidationError(
        "it must be a whole number for each parameter, \(counts.lowerBound) to \(counts.upperBound), for example \(example)"
      )
    }
    return found
  }
}
