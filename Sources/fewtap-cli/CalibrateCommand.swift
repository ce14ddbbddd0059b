import ArgumentParser
import Fewtap
import FewtapReport
import FewtapImageIO
import Foundation

/// `fewtap bench calibrate`: the cost model of this machine.
struct CalibrateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "calibrate",
    abstract: "Measure what filters cost on this machine, for 'fewtap fit --error' and '--cost'.",
    discussion: """
      Examples:
        fewtap bench calibrate
        fewtap bench calibrate --output model.json --json

      Takes some seconds on one core of an idle machine. The figures go to fewtap/cost-model.json in $XDG_CACHE_HOME (or \
      ~/.cache), where 'fewtap fit' finds them; without them it uses a built-in table.
      """)

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp("Write the model there instead; 'fewtap fit --cost-model' reads it.", valueName: "file"))
  var output: String?

  @Option(
    parsing: .unconditional, help: ArgumentHelp("How often each filter is run.", valueName: "n"),
    transform: OptionValue.whole(1...10_000))
  var rounds = 15

  @Flag(help: "Overwrite the --output file if it exists. The standard place is always overwritten.")
  var force = false

  @OptionGroup var report: ReportOptions

  func run() throws {
    let file = output.map { CostModelFile(path: $0) } ?? .standard()
    if let output { try OutputPath(path: output).check(force: force) }
    let machine = try Machine()
    let bench = PlaneBench(width: 1920, height: 1080, channels: 1, samples: .float)
    let probes = CostModel.probes
    let plans = try probes.map { try ApplyPlan($0, width: bench.width) }
    let bar = ProgressBar(enabled: !report.quiet)
    let times = try bench.milliseconds(plans, threads: 1, rounds: rounds, clock: .processor) { round in
      bar.show("calibrating", share: Double(round) / Double(rounds + 1), "")
    }
    bar.end()
    let measurements = zip(probes, times).map { (filter: $0, milliseconds: $1.lowerQuartile / bench.megapixels) }
    let model: CostModel
    do {
      model = try CostModel(
        machine: "\(machine.processor), \(machine.instructionSet)", measurements: measurements)
    } catch {
      throw Failure("calibrate", error)
    }
    try file.write(model, makingFolder: output == nil)
    let errors = measurements.map { model.milliseconds($0.filter) / $0.milliseconds - 1 }
    for (measurement, error) in zip(measurements, errors) {
      report.note(
        "\(Self.text(measurement.filter)): \(fixed(measurement.milliseconds, 4)) ms/MP, model "
          + "\(error < 0 ? "" : "+")\(fixed(100 * error, 0)) %")
    }
    try report.print(CalibrationReport(path: file.path, model: model, machine: machine, errors: errors))
  }

  private static func text(_ filter: SparseFilter) -> String {
    let rate = filter.rate.map { "D\($0.factor) \($0.prefilter.rawValue) \($0.interpolator.rawValue)" } ?? "full rate"
    return "\(rate), layers of \(filter.chain.layout.map(String.init).joined(separator: ",")) taps"
  }
}

/// What was measured.
private struct CalibrationReport: Report {
  let path: String
  let model: CostModel
  let machine: Machine
  /// Relative deviation of the model from each measurement.
  let errors: [Double]

  private var largest: Double { errors.reduce(0) { max($0, abs($1)) } }

  var json: [(String, JSON)] {
    let times = CostModel.Part.allCases.compactMap { part in
      model.milliseconds[part].map { (part.rawValue, JSON.number($0)) }
    }
    return [
      ("command", .string("bench calibrate")), ("output", .string(path)), ("machine", machine.json),
      ("millisecondsAMegapixel", .object(times)), ("largestDeviation", .number(largest)),
    ]
  }

  var text: String {
    let rows = CostModel.Part.allCases.compactMap { part in
      model.milliseconds[part].map { (label: part.rawValue, value: "\(fixed($0, 4)) ms a megapixel") }
    }
    return "\(path): \(machine.text)\n" + aligned(rows)
      + "\n  The measured filters are within \(fixed(100 * largest, 0)) % of this model."
  }
}
