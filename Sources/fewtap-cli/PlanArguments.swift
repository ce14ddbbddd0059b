import ArgumentParser
import Fewtap

/// What is demanded of a filter, where the planner is to choose its rate, layers and taps.
struct PlanArguments: ParsableArguments {
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "The cheapest filter with at least so many dB on photographs (60 is hard to see): rate, layers and taps are chosen. (default: 60, unless --cost or options of a search are given)",
      valueName: "dB"), transform: OptionValue.number(atLeast: 1))
  var error: Double?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "The best filter within so many milliseconds a megapixel and channel on one core, by the cost model.",
      valueName: "ms"), transform: OptionValue.number(atLeast: 1e-6))
  var cost: Double?

  @Option(name: .customLong("for"), help: "What runs the filter. (default: cpu)")
  var target: CostModel.Target?

  @Flag(help: "No lower rate, so that an image moved by a pixel gives the same result, moved.")
  var exactShift = false

  @Flag(
    help: """
      Points of light too, their error at most \(PlanOptions.PointLight.clean.relativeError) and their \
      flicker at most \(PlanOptions.PointLight.clean.flicker).
      """)
  var highlights = false

  @Option(
    help: ArgumentHelp(
      "What 'fewtap bench calibrate --output' wrote. (default: this machine's, or a built-in table)",
      valueName: "file"))
  var costModel: String?

  /// An option that only the planner takes, if there is one.
  var given: String? {
    let options = [
      ("--error", error != nil), ("--cost", cost != nil), ("--for", target != nil), ("--exact-shift", exactShift),
      ("--highlights", highlights), ("--cost-model", costModel != nil),
    ]
    return options.first(where: \.1)?.0
  }

  func validate() throws {
    if error != nil, cost != nil { throw ValidationError("--error and --cost contradict each other: give one") }
    if costModel != nil, target == .gpu {
      throw ValidationError("--cost-model: it is measured on a processor; leave it out, or use --for cpu")
    }
  }

  /// The demand; without one, that of ``PlanOptions/standardError``.
  func options(seed: UInt64, threads: Int) throws -> PlanOptions {
    let demand =
      cost.map { PlanOptions.Demand.cost(milliseconds: $0) }
      ?? .error(decibels: error ?? PlanOptions.standardError)
    var options = PlanOptions(demand, costs: try costs())
    options.exactShift = exactShift
    if highlights { options.pointLight = .clean }
    (options.seed, options.threads) = (seed, threads)
    return options
  }

  private func costs() throws -> CostModel {
    if target == .gpu { return .builtIn(.gpu) }
    if let costModel {
      guard let model = try CostModelFile(path: costModel).read() else {
        throw Failure("\(costModel): there is no such file; 'fewtap bench calibrate --output \(costModel)' makes it")
      }
      return model
    }
    return try CostModelFile.standard().read() ?? .builtIn(.cpu)
  }
}

extension CostModel.Target: ExpressibleByArgument {}

/// The front that a planner considered, and what it chose.
struct PlanReport {
  let plan: Plan
  let costs: CostModel

  var json: JSON {
    .object([
      ("machine", .string(costs.machine)), ("considered", .integer(plan.considered)), ("chosen", .integer(plan.chosen)),
      ("reason", .string(plan.reason)), ("front", .array(plan.front.map(json))),
    ])
  }

  private func json(_ candidate: PlanCandidate) -> JSON {
    .object([
      ("method", .string(candidate.method.rawValue)), ("rate", candidate.filter.rate?.json ?? .null),
      ("layout", .array(candidate.filter.chain.layout.map { .integer($0) })),
      ("runs", .array(candidate.runs.map { .integer($0) })),
      ("millisecondsAMegapixel", .number(candidate.milliseconds)),
      ("photoPSNR", .number(candidate.accuracy.photo.mean)),
      ("worstPhotoPSNR", .number(candidate.accuracy.photo.worst)),
      ("relativeError", .number(candidate.accuracy.relativeError)), ("flicker", .number(candidate.accuracy.flicker)),
    ])
  }

  /// A line a candidate, the chosen one marked.
  var text: String {
    let head = ["", "method", "rate", "layers", "ms/MP", "dB", "worst", "point", "flicker"]
    let rows = plan.front.enumerated().map { index, candidate in
      let accuracy = candidate.accuracy
      return [
        index == plan.chosen ? "->" : "", candidate.method.rawValue,
        candidate.filter.rate.map { "1/\($0.factor) \($0.prefilter.degree)-\($0.interpolator.degree)" } ?? "1",
        layers(candidate), fixed(candidate.milliseconds, 3), decibels(accuracy.photo.mean),
        decibels(accuracy.photo.worst),
        fixed(accuracy.relativeError, 3), fixed(accuracy.flicker, 3),
      ]
    }
    return columns([head] + rows, leading: 4) + "\n  " + plan.reason + "\n  costs of: " + legible(costs.machine)
  }

  /// Runs a layer and the taps in them.
  private func layers(_ candidate: PlanCandidate) -> String {
    let taps = candidate.filter.chain.layout.map(String.init).joined(separator: ",")
    guard costs.target == .cpu else { return "\(taps) fetches" }
    return "\(taps) in \(candidate.runs.map(String.init).joined(separator: ",")) runs"
  }

  /// What rounding leaves of an exact filter is no figure.
  private func decibels(_ value: Double) -> String { value > 200 ? "exact" : fixed(value, 1) }
}

extension Resampling.BSpline {
  /// 1, 2 or 3.
  fileprivate var degree: Int { boxes - 1 }
}
