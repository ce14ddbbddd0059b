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
      "What 'fewtap bench calibrate --output' wrote; for gpu a table of your own. (default: this machine's, or a built-in table)",
      valueName: "file"))
  var costModel: String?

  @OptionGroup var gpu: GPUArguments

  /// An option that only the planner takes, if there is one.
  var given: String? {
    let options = [
      ("--error", error != nil), ("--cost", cost != nil), ("--for", target != nil), ("--exact-shift", exactShift),
      ("--highlights", highlights), ("--cost-model", costModel != nil),
    ]
    return options.first(where: \.1)?.0 ?? gpu.given
  }

  func validate() throws {
    if error != nil, cost != nil { throw ValidationError("--error and --cost contradict each other: give one") }
    if cost != nil, target == .gpu, costModel == nil {
      throw ValidationError("--cost: no graphics processor was measured; give --cost-model with its times, or --error")
    }
    try gpu.check(target)
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
    options.gpu = gpu.target
    return options
  }

  private func costs() throws -> CostModel {
    let target = target ?? .cpu
    if let costModel {
      guard let model = try CostModelFile(path: costModel).read(target) else {
        throw Failure(
          "\(costModel): there is no such file"
            + (target == .cpu ? "; 'fewtap bench calibrate --output \(costModel)' makes it" : ""))
      }
      return model
    }
    guard target == .cpu else { return .builtIn(.gpu) }
    return try CostModelFile.standard().read() ?? .builtIn(.cpu)
  }
}

/// What a graphics processor keeps of a filter.
struct GPUArguments: ParsableArguments {
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      """
      For --for gpu: bits of the place between two pixels that the texture unit reads with; offsets are rounded to them, and the error \
      told is that of what is read. (default: \(GPUTarget().fractionBits))
      """, valueName: "n"), transform: OptionValue.whole(GPUTarget.fractionBitCounts))
  var fractionBits: Int?

  @Option(
    help: ArgumentHelp(
      "For --for gpu: what textures hold; half floats' rounding counts as error. (default: \(GPUTarget().format.rawValue))"
    ))
  var format: TexelFormat?

  /// An option that was given, if there is one.
  var given: String? { fractionBits != nil ? "--fraction-bits" : format != nil ? "--format" : nil }

  func check(_ target: CostModel.Target?) throws {
    if let given, target != .gpu { throw ValidationError("\(given): it is for --for gpu; give that too") }
  }

  var target: GPUTarget {
    var target = GPUTarget()
    if let fractionBits { target.fractionBits = fractionBits }
    if let format { target.format = format }
    return target
  }
}

extension CostModel.Target: ExpressibleByArgument {}

/// The front that a planner considered, and what it chose.
struct PlanReport {
  let plan: Plan
  let costs: CostModel
  let gpu: GPUTarget

  private var isForGPU: Bool { costs.target == .gpu }

  var json: JSON {
    .object(
      [
        ("machine", .string(costs.machine)), ("considered", .integer(plan.considered)),
        ("chosen", .integer(plan.chosen)), ("reason", .string(plan.reason)), ("front", .array(plan.front.map(json))),
      ]
        + (isForGPU
          ? [("fractionBits", .integer(gpu.fractionBits)), ("format", .string(gpu.format.rawValue))] : []))
  }

  private func json(_ candidate: PlanCandidate) -> JSON {
    .object(
      [
        ("method", .string(candidate.method.rawValue)), ("rate", candidate.filter.rate?.json ?? .null),
        ("layout", .array(candidate.filter.chain.layout.map { .integer($0) })),
        ("runs", .array(candidate.runs.map { .integer($0) })),
        ("millisecondsAMegapixel", costs.isMeasured ? .number(candidate.milliseconds) : .null),
        ("photoPSNR", .number(candidate.photoPSNR)), ("worstPhotoPSNR", .number(candidate.accuracy.photo.worst)),
        ("relativeError", .number(candidate.accuracy.relativeError)), ("flicker", .number(candidate.accuracy.flicker)),
      ] + (isForGPU ? workJSON(candidate) : []))
  }

  private func workJSON(_ candidate: PlanCandidate) -> [(String, JSON)] {
    work(candidate).json
      + [
        ("roundingPSNR", .number(candidate.storage?.photoPSNR)),
        ("largestValue", .number(candidate.storage?.largest)),
      ]
  }

  private func work(_ candidate: PlanCandidate) -> GPUWork { GPUWork(candidate.filter, format: gpu.format) }

  /// A line a candidate, the chosen one marked.
  var text: String {
    let head = ["", "method", "rate", "layers"] + costHead + ["dB", "worst", "point", "flicker"]
    let rows = plan.front.enumerated().map { index, candidate in
      let accuracy = candidate.accuracy
      return [
        index == plan.chosen ? "->" : "", candidate.method.rawValue,
        candidate.filter.rate.map { "1/\($0.factor) \($0.prefilter.degree)-\($0.interpolator.degree)" } ?? "1",
        layers(candidate),
      ] + costs(candidate) + [
        decibels(candidate.photoPSNR), decibels(accuracy.photo.worst), fixed(accuracy.relativeError, 3),
        fixed(accuracy.flicker, 3),
      ]
    }
    return columns([head] + rows, leading: 4) + "\n  " + plan.reason + "\n  costs of: " + legible(costs.machine)
      + gpuText
  }

  private var costHead: [String] {
    (isForGPU ? ["fetches", "passes", "bytes"] : []) + (costs.isMeasured ? ["ms/MP"] : [])
  }

  private func costs(_ candidate: PlanCandidate) -> [String] {
    let milliseconds = costs.isMeasured ? [fixed(candidate.milliseconds, 3)] : []
    guard isForGPU else { return milliseconds }
    let work = work(candidate)
    return [fixed(work.fetches, 1), "\(work.passes)", fixed(work.bytes, 1)] + milliseconds
  }

  /// What the graphics processor makes of the chosen filter.
  private var gpuText: String {
    guard isForGPU else { return "" }
    let chosen = plan.front[plan.chosen]
    let storage = chosen.storage.map {
      "; half floats round by \(fixed($0.photoPSNR, 1)) dB and hold images up to \(significant($0.largest))"
    }
    return
      "\n  Fetches and bytes are a pixel's, of \(gpu.format.rawValue). Offsets are multiples of 1/\(1 << gpu.fractionBits)"
      + (storage ?? "") + "."
  }

  /// Runs a layer and the taps in them.
  private func layers(_ candidate: PlanCandidate) -> String {
    let taps = candidate.filter.chain.layout.map(String.init).joined(separator: ",")
    guard costs.target == .cpu else { return taps }
    return "\(taps) in \(candidate.runs.map(String.init).joined(separator: ",")) runs"
  }

  /// What rounding leaves of an exact filter is no figure.
  private func decibels(_ value: Double) -> String { value > 200 ? "exact" : fixed(value, 1) }
}

extension GPUWork {
  /// Its figures for reports.
  var json: [(String, JSON)] {
    [("fetches", .number(fetches)), ("passes", .integer(passes)), ("bytes", .number(bytes))]
  }
}

extension Resampling.BSpline {
  /// 1, 2 or 3.
  fileprivate var degree: Int { boxes - 1 }
}
