import ArgumentParser
import Fewtap
import Foundation

/// `fewtap fit`: from a kernel to a filter file.
struct FitCommand: ParsableCommand {
  /// Effort by name; `--seconds` is the other way to say it.
  enum Effort: String, CaseIterable, ExpressibleByArgument {
    case fast, normal, thorough

    var effort: FitOptions.Effort {
      switch self {
      case .fast: .fast
      case .normal: .normal
      case .thorough: .thorough
      }
    }
  }

  static let configuration = CommandConfiguration(
    commandName: "fit", abstract: "Fit a short chain of sparse layers to a kernel.",
    discussion: """
      Examples:
        fewtap fit heart:size=49 -o heart.json --error 60
        fewtap fit heart:size=49 -o heart.json --error 66 --effort thorough
        fewtap fit heart:size=49 -o heart.json --for gpu --error 60
        fewtap fit heart:size=49 -o heart.json --taps 96
        fewtap fit aperture.png --size 65 -o aperture.json --effort thorough
        fewtap fit disk:radius=20 -o disk.json --layout 76,8,6,6 --seed 7 --force
        fewtap fit disk:radius=20 -o disk.json --layout 17r4,4r4,3r4,2r4
        fewtap fit disk:radius=20 -o disk.json --rate 4 --dense
        fewtap fit disk:radius=20 -o disk.json --rate 2 --layout 24r4,4r4,2r4
        fewtap fit psf:coma=0.5,size=49 -o paper.json --recipe paper

      A seed gives the same file on any machine load and for any number of threads, but not with --seconds. Ctrl-C (and \
      SIGTERM) ends the search: the best filter so far is written, a message says so, its file says "cancelled", and the \
      exit code is 1, so that a script does not take it for the full search. A second Ctrl-C quits at once.

      The PSNR is predicted on reference photographs; 'fewtap apply --compare' measures it on yours. 'fewtap kernel \
      --list' lists the kernels that have names.
      """)

  @Argument(help: KernelArgument.help)
  var kernel: KernelArgument

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp("The filter file to write (JSON); - for standard output.", valueName: "file"))
  var output: String

  @OptionGroup var plan: PlanArguments

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Taps in all; the fit finds the layers. (default with other options of a search: 96)", valueName: "n"),
    transform: OptionValue.whole(1...Layout.maximumTaps))
  var taps: Int?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      """
      Taps a layer: 76,8,6,6, or 24x4 for 24 taps in each of 4 layers (the default of --recipe paper). 17r4,4r4 has \
      vertical runs of taps, 17 of 4 and then 4 of 4: for a processor a run of 4 is little more work than one tap.
      """,
      valueName: "spec"), transform: OptionValue.layout)
  var layout: Layout?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      """
      Run the layers on an image decimated by so much, aliasing included in the fit: best near a fifth of the kernel's \
      radius, where the cost hardly depends on the radius. (default: the image's own rate)
      """, valueName: "factor"), transform: OptionValue.whole(Resampling.factors))
  var rate: Int?

  @Flag(help: "With --rate: all taps that the kernel has there, solved at once without a search.")
  var dense = false

  @Option(help: "How taps read between pixels. (default: integer; with --recipe paper: bilinear)")
  var tapModel: TapModel?

  @Option(help: "What an error costs. (default: photo)")
  var objective: Objective?

  @Option(
    help:
      "The method; paper is the DISK paper's own, as a yardstick: it takes --taps, --layout, --initial-guess and --seed only."
  )
  var recipe: FitOptions.Recipe = .fewtap

  @Option(help: "Where the search starts. (default: mass; with --recipe paper: sparse)")
  var initialGuess: FitOptions.Guess?

  @Option(
    parsing: .unconditional, help: ArgumentHelp("Seed of every random choice.", valueName: "n"),
    transform: OptionValue.seed)
  var seed: UInt64 = 1

  @Option(
    help: """
      How much work to do, counted in steps. With --error or --cost, thorough searches for up to half a minute and \
      finds layers of up to a quarter fewer runs. (default: normal)
      """)
  var effort: Effort?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Search for so long instead: the result then depends on the machine and its load.", valueName: "s"),
    transform: OptionValue.number(atLeast: 0.001))
  var seconds: Double?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Cap on the noise gain; 1 is the least there is.", valueName: "g"),
    transform: OptionValue.number(atLeast: 1))
  var maxNoiseGain: Double?

  @Flag(help: "No negative weights (costs 3 to 9 dB).")
  var nonnegative = false

  @OptionGroup var threading: ThreadOptions
  @OptionGroup var kernelOptions: KernelOptions

  @Flag(help: "Overwrite the output file if it exists.")
  var force = false

  @OptionGroup var report: ReportOptions

  func validate() throws {
    if let planned = plan.given, let (flag, _) = searchFlags.first(where: \.1) {
      throw ValidationError(
        "\(flag) and \(planned) contradict each other: the planner chooses what a search is told; give one")
    }
    if taps != nil, layout != nil { throw ValidationError("--taps and --layout contradict each other: give one") }
    if dense {
      let contradicting = [
        ("--taps", taps != nil), ("--layout", layout != nil), ("--effort", effort != nil),
        ("--seconds", seconds != nil),
        ("--initial-guess", initialGuess != nil), ("--nonnegative", nonnegative),
        ("--tap-model", tapModel == .bilinear),
      ]
      if let (flag, _) = contradicting.first(where: \.1) {
        throw ValidationError("\(flag): --dense takes all taps and makes no search; leave one of them out")
      }
      if rate == nil { throw ValidationError("--dense needs a lower rate: give --rate, for example --rate 4") }
    }
    if let layout, layout.hasRuns, tapModel == .bilinear || recipe == .paper {
      throw ValidationError("--layout: \(FitError.runsNeedIntegerTaps(layout))")
    }
    if effort != nil, seconds != nil { throw ValidationError("--effort and --seconds contradict each other: give one") }
    if output == "-", report.json {
      throw ValidationError("-o - and --json would both write to standard output: give a file name after -o")
    }
    guard recipe == .paper else { return }
    let fixed = [
      ("--tap-model", tapModel != nil && tapModel != .bilinear), ("--objective", objective != nil),
      ("--effort", effort != nil), ("--seconds", seconds != nil), ("--max-noise-gain", maxNoiseGain != nil),
      ("--nonnegative", nonnegative), ("--rate", rate != nil),
    ]
    if let (flag, _) = fixed.first(where: \.1) {
      throw ValidationError("\(flag): the paper's recipe fixes it; leave it out, or use --recipe fewtap")
    }
  }

  /// What a search is told, and a planner is not. Both take `--effort`, which alone asks for a search.
  private var searchFlags: [(String, Bool)] {
    [
      ("--taps", taps != nil), ("--layout", layout != nil), ("--rate", rate != nil), ("--dense", dense),
      ("--tap-model", tapModel != nil), ("--objective", objective != nil), ("--recipe", recipe != .fewtap),
      ("--initial-guess", initialGuess != nil), ("--seconds", seconds != nil),
      ("--max-noise-gain", maxNoiseGain != nil), ("--nonnegative", nonnegative),
    ]
  }

  func run() throws {
    let file = FilterFile(path: output)
    if !file.isStandardStream { try OutputPath(path: output).check(force: force) }
    let kernel = try kernelOptions.kernel(self.kernel)
    let (result, plan, seconds) = try planned(kernel) ?? fit(kernel)
    try file.write(result.filter)
    try report.print(
      FitReport(result: result, plan: plan, kernel: kernel, output: output, seconds: seconds),
      textToError: file.isStandardStream)
    if result.summary.termination == .cancelled {
      Console.writeError(
        "fewtap: interrupted: \(file.isStandardStream ? "standard output" : output) has the best filter so far")
      throw ExitCode.failure
    }
  }

  /// What the planner chooses, unless a search is asked for.
  private func planned(_ kernel: Kernel) throws -> (FitResult, PlanReport?, seconds: Double)? {
    guard plan.given != nil || !(effort != nil || searchFlags.contains(where: \.1)) else { return nil }
    var options = try plan.options(seed: seed, threads: threading.threads)
    options.isThorough = effort == .thorough
    let clock = ContinuousClock.now
    do {
      let plan = try Interruption.during { cancellation in
        report.note("planning \(kernel.name) for \(options.costs.machine); Ctrl-C takes the best so far")
        return try Planner(kernel, options, cancellation: cancellation).run()
      }
      return (
        plan.result, PlanReport(plan: plan, costs: options.costs, gpu: options.gpu),
        (ContinuousClock.now - clock) / .seconds(1)
      )
    } catch {
      throw Failure(self.kernel.text, error)
    }
  }

  private func fit(_ kernel: Kernel) throws -> (FitResult, PlanReport?, seconds: Double) {
    let bar = ProgressBar(enabled: !report.quiet)
    defer { bar.end() }
    do {
      let fit = try Fit(kernel, options)
      let result = try Interruption.during { cancellation in
        report.note("fitting \(kernel.name) on up to \(threading.threads) threads; Ctrl-C keeps the best so far")
        return try fit.run(cancellation: cancellation) { progress in
          let share = progress.total.map { Double(progress.completed) / Double(max(1, $0)) }
          bar.show(
            progress.stage.rawValue, share: share ?? bar.elapsed / (seconds ?? 1),
            "\(fixed(progress.photoPSNR, 2)) dB")
        }
      }
      return (result, nil, bar.elapsed)
    } catch let error as FitError {
      throw Failure(self.kernel.text, error)
    }
  }

  private var options: FitOptions {
    var options = FitOptions()
    options.recipe = recipe
    options.tapModel = tapModel ?? (recipe == .paper ? .bilinear : .integer)
    if let objective { options.objective = objective }
    options.rate = rate.map { Resampling(factor: $0) }
    if dense {
      options.budget = .dense
    } else if let layout {
      options.budget = .layout(layout)
    } else {
      // Of 96 taps the paper's recipe makes its 24x4.
      options.budget = .taps(taps ?? 96)
    }
    options.initialGuess = initialGuess
    if let effort { options.effort = effort.effort }
    if let seconds { options.effort = .seconds(seconds) }
    options.seed = seed
    options.maximumNoiseGain = maxNoiseGain
    options.nonnegative = nonnegative
    options.threads = threading.threads
    return options
  }
}
