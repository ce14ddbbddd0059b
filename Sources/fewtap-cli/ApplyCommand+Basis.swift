import Fewtap
import FewtapImageIO

extension ApplyCommand {
  /// Filters the image by a basis, each pixel by its own parameters.
  func filterVarying(_ basis: FilterBasis, _ file: FilterFile) throws {
    if compare || half {
      throw Failure("\(compare ? "--compare" : "--half"): it is for single filters; \(file.name) is a basis", .usage)
    }
    let source = try ImageArgument(path: input).open(transfer: transfer)
    let layout = source.layout
    var clock = StageClock()
    if maps.weights != nil { try maps.checkWeightsAlone() }
    let weights = try maps.weights.map { try WeightFile(path: $0).map(width: layout.width, height: layout.height) }
    let (map, mapWarnings) =
      try weights.map { ($0, []) }
      ?? MapReader(arguments: maps, axes: basis.axes.map(\.axis)).map(
        width: layout.width, height: layout.height, threads: threading.threads)
    clock.end("map")
    let plan: MappedPlan
    do {
      let (varying, direction) = (try VaryingPlan(basis, width: layout.width), maps.physics ?? .gather)
      plan =
        try weights != nil
        ? varying.mapped(byWeights: map, direction: direction) : varying.mapped(by: map, direction: direction)
    } catch {
      throw Failure(file.name, error)
    }
    // The map is in memory already: it counts as the program's.
    let outcome = try write(plan, source, file.name, MemoryNeed.ofProgram)
    let warnings =
      mapWarnings + source.warnings.map { "\(input): \($0)" } + outcome.warnings.map { "\(output): \($0)" }
    for warning in warnings { report.warn(warning) }
    try report.print(
      VaryingApplyReport(
        output: output, layout: layout,
        names: weights == nil
          ? basis.axes.map { ($0.name, $0.unit) } : basis.filters.indices.map { ("weight \($0)", "") },
        map: map, stages: clock.stages + outcome.stages,
        memory: outcome.memory), warnings: warnings)
  }
}

/// What was filtered by a basis, by which values, and how long it took.
struct VaryingApplyReport: Report {
  let output: String
  let layout: SampleLayout
  /// The map's planes and their units.
  let names: [(name: String, unit: String)]
  let map: ParameterMap
  let stages: [(name: String, seconds: Double)]
  let memory: MemoryNeed

  /// Least and largest value of each parameter.
  private var ranges: [ClosedRange<Double>?] { (0..<map.axisCount).map { map.plane(axis: $0).finiteRange } }

  var json: [(String, JSON)] {
    let values = zip(names, ranges).map { axis, range in
      (axis.name, JSON.array([.number(range?.lowerBound), .number(range?.upperBound)]))
    }
    return [
      ("command", .string("apply")), ("output", .string(output)), ("width", .integer(layout.width)),
      ("height", .integer(layout.height)), ("channels", .integer(layout.channels)), ("parameters", .object(values)),
      ("seconds", .object(stages.map { ($0.name, .number($0.seconds)) })), ("memoryNeeded", .integer(memory.total)),
    ]
  }

  var text: String {
    let values = zip(names, ranges).map { axis, range in
      (
        label: legible(axis.name, limit: 20),
        value: range.map { "\(significant($0.lowerBound))...\(significant($0.upperBound)) \(legible(axis.unit))" } ?? ""
      )
    }
    return "\(output)\n"
      + aligned(
        [("image", "\(layout.width)x\(layout.height), \(layout.channels) channels")] + values + [
          ("time", stages.map { "\($0.name) \(fixed($0.seconds, 2)) s" }.joined(separator: ", "))
        ])
  }
}
