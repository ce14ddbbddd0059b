import Fewtap
import FewtapImageIO

extension ApplyCommand {
  /// Filters the image by a basis, each pixel by its own parameters.
  func filterVarying(_ basis: FilterBasis, _ file: FilterFile) throws {
    if compare || half {
      throw Failure("\(compare ? "--compare" : "--half"): it is for single filters; \(file.name) is a basis", .usage)
    }
    if maps.weights == nil, !maps.depth.depth.isEmpty, !maps.depth.noOcclusion { return try filterByDepth(basis, file) }
    let source = try ImageArgument(path: input).open(transfer: transfer)
    let layout = source.layout
    var clock = StageClock()
    if maps.weights != nil, let flag = maps.givenBesideWeights {
      throw Failure("\(flag) and --weights contradict each other: weights need no map", .usage)
    }
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

extension ApplyCommand {
  /// Filters the image by the blur of its depths, what is near hiding what is far.
  private func filterByDepth(_ basis: FilterBasis, _ file: FilterFile) throws {
    if let physics = maps.physics {
      throw Failure(
        "--physics \(physics.rawValue): with occlusion there is no choice; leave it out, or give --no-occlusion", .usage
      )
    }
    let programBytes = MemoryNeed.ofProgram
    let layout = try ImageArgument(path: input).open(transfer: transfer).layout
    var clock = StageClock()
    var reader = MapReader(arguments: maps, axes: basis.axes.map(\.axis))
    reader.keepsSides = true
    let axis = try reader.depthAxis() ?? 0
    let (map, mapWarnings) = try reader.map(width: layout.width, height: layout.height, threads: threading.threads)
    clock.end("map")
    let field: DepthOfField
    do {
      field = try DepthOfField(basis, radiusAxis: axis)
    } catch {
      throw Failure(file.name, error)
    }
    let need = MemoryNeed(
      program: programBytes, reading: 4 * layout.width * layout.height * layout.channels,
      filtering: field.byteCount(width: layout.width, height: layout.height, channels: layout.channels), writing: 0)
    guard need.total <= memory else {
      throw Failure(
        "it takes about \(need), more than the \(MemoryNeed.mebibytes(memory)) allowed: with occlusion the whole image is in "
          + "memory; allow more (--memory), or give --no-occlusion")
    }
    report.note("takes \(need)")
    let image = try ImageFile.read(path: input, transfer: transfer, memoryLimit: memory)
    clock.end("read")
    let result = try run("depth of field", interrupted: "nothing was written") { options in
      try field.apply(to: image.image, map: map, options: options)
    }
    clock.end("filter")
    let written = try ImageFile(image: result, metadata: image.metadata).write(
      path: output, options: WriteOptions(type: type, transfer: transfer, jpegQuality: quality))
    clock.end("write")
    let warnings = mapWarnings + image.warnings.map { "\(input): \($0)" } + written.map { "\(output): \($0)" }
    for warning in warnings { report.warn(warning) }
    try report.print(
      VaryingApplyReport(
        output: output, layout: layout, names: basis.axes.map { ($0.name, $0.unit) }, map: map, stages: clock.stages,
        memory: need), warnings: warnings)
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
