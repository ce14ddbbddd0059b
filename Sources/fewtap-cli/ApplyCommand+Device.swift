import Fewtap
import FewtapGPU
import FewtapImageIO
import FewtapShaders

extension ApplyCommand {
  /// Filters the image on a GPU, by a filter.
  func filterOnDevice(_ filter: SparseFilter, _ file: FilterFile) throws {
    try filterOnDevice(file, axes: []) { options throws(ShaderError) in try ShaderProgram(filter, options: options) }
  }

  /// Filters the image on a GPU by a basis, each pixel by its own parameters.
  func filterOnDevice(_ basis: FilterBasis, _ file: FilterFile) throws {
    if maps.weights != nil { throw Failure("--weights: shaders have no such thing; leave out --device gpu", .usage) }
    if maps.physics == .scatter {
      throw Failure("--physics scatter: shaders gather; leave out --device gpu", .usage)
    }
    guard maps.depth.depth.isEmpty || maps.depth.noOcclusion else {
      throw Failure(
        "--depth: shaders do not hide what is far behind what is near; give --no-occlusion, or leave out --device gpu",
        .usage)
    }
    try filterOnDevice(file, axes: basis.axes.map(\.axis)) { options throws(ShaderError) in
      try ShaderProgram(basis, options: options)
    }
  }

  private func filterOnDevice(
    _ file: FilterFile, axes: [ParameterAxis], program: (ShaderOptions) throws(ShaderError) -> ShaderProgram
  ) throws {
    if compare { throw Failure("--compare: it is for --device cpu", .usage) }
    var clock = StageClock()
    let device = try openDevice()
    clock.end("device")
    let programBytes = MemoryNeed.ofProgram
    let layout = try ImageArgument(path: input).open(transfer: transfer).layout
    let need = try memoryNeed(layout, axes: axes.count, programBytes)
    var (map, warnings): (ParameterMap?, [String]) = (nil, [])
    if !axes.isEmpty {
      (map, warnings) = try MapReader(arguments: maps, axes: axes).map(
        width: layout.width, height: layout.height, threads: threading.threads)
      clock.end("map")
    }
    let source = try ImageFile.read(path: input, transfer: transfer, memoryLimit: memory)
    let image = try admitted(source.image)
    clock.end("read")
    var options = ShaderOptions()
    options.border = border.rule(constant: constant)
    options.alpha = .init(of: image)
    options.format = half ? .half : .float
    if let sampling = self.device.sampling { options.sampling = sampling }
    let shaders = try naming(file.name) { try program(options) }
    let (filter, result) = try naming(input) {
      let filter = try GPUFilter(
        shaders, on: device, stage: self.device.stage, width: image.width, height: image.height)
      clock.end("compile")
      if let map { try filter.setParameters(map) }
      return (filter, try filter.apply(to: image))
    }
    clock.end("filter")
    let written = try ImageFile(image: result, metadata: source.metadata).write(
      path: output, options: WriteOptions(type: type, transfer: transfer, jpegQuality: quality))
    clock.end("write")
    warnings += source.warnings.map { "\(input): \($0)" } + written.map { "\(output): \($0)" }
    for warning in warnings { report.warn(warning) }
    for time in filter.times { report.note("\(time.pass): \(fixed(time.milliseconds, 3)) ms") }
    try report.print(
      DeviceApplyReport(output: output, layout: layout, filter: filter, stages: clock.stages, memory: need),
      warnings: warnings)
  }

  private func openDevice() throws -> GPUDevice {
    do {
      let device = try GPUDevice()
      report.note("device: \(legible(device.name)), \(legible(device.version))")
      return device
    } catch {
      throw Failure("--device gpu: \(legible("\(error)", limit: 500))", error.meansNoDevice ? .noDevice : .failed)
    }
  }

  /// What the image takes here; what it takes on the device is the device's to say.
  private func memoryNeed(_ layout: SampleLayout, axes: Int, _ programBytes: Int) throws -> MemoryNeed {
    let pixels = layout.width * layout.height
    // The result's planes, and texels in and out of four floats.
    let need = MemoryNeed(
      program: programBytes, reading: 4 * pixels * (layout.channels + axes),
      filtering: 4 * pixels * layout.channels + 2 * 16 * pixels, writing: 0)
    guard need.total <= memory else {
      throw Failure(
        "it takes about \(need), more than the \(MemoryNeed.mebibytes(memory)) allowed: on a GPU the whole image is in "
          + "memory; allow more (--memory), or leave out --device gpu")
    }
    report.note("takes \(need)")
    return need
  }

  private func admitted(_ image: Image) throws -> Image {
    let planes = try image.planes.enumerated().map { channel, plane in
      try naming(input) { try nonfinite.admit(plane, channel: channel) }
    }
    return Image(sameSizePlanes: planes, alphaIndex: image.alphaIndex, alphaIsAssociated: image.alphaIsAssociated)
  }

  /// Tells which file an error is about.
  private func naming<Result>(_ name: String, _ body: () throws -> Result) throws -> Result {
    do { return try body() } catch { throw Failure(name, error) }
  }
}

/// What was filtered on which device, and how long each pass took there.
struct DeviceApplyReport: Report {
  let output: String
  let layout: SampleLayout
  let filter: GPUFilter
  let stages: [(name: String, seconds: Double)]
  let memory: MemoryNeed

  private var milliseconds: Double { filter.times.reduce(0) { $0 + $1.milliseconds } }

  var json: [(String, JSON)] {
    let passes = filter.times.map { time in
      JSON.object([("name", .string(time.pass)), ("milliseconds", .number(time.milliseconds))])
    }
    let device = JSON.object([
      ("name", .string(filter.device.name)), ("version", .string(filter.device.version)),
      ("stage", .string(filter.stage.rawValue)), ("format", .string(filter.program.options.format.rawValue)),
      ("sampling", .string(filter.program.options.sampling.rawValue)), ("clock", .string(filter.clock.rawValue)),
      ("milliseconds", .number(milliseconds)), ("passes", .array(passes)),
    ])
    return [
      ("command", .string("apply")), ("output", .string(output)), ("width", .integer(layout.width)),
      ("height", .integer(layout.height)), ("channels", .integer(layout.channels)), ("device", device),
      ("seconds", .object(stages.map { ($0.name, .number($0.seconds)) })), ("memoryNeeded", .integer(memory.total)),
    ]
  }

  var text: String {
    let clock = filter.clock == .device ? "by its own clock" : "waited for"
    return "\(output)\n"
      + aligned([
        ("image", "\(layout.width)x\(layout.height), \(layout.channels) channels"),
        ("device", legible(filter.device.name)),
        ("passes", "\(filter.times.count) of \(filter.stage.rawValue), \(fixed(milliseconds, 3)) ms \(clock)"),
        ("time", stages.map { "\($0.name) \(fixed($0.seconds, 2)) s" }.joined(separator: ", ")),
      ])
  }
}
