import ArgumentParser
import Fewtap
import FewtapBaselines
import FewtapGPU
import FewtapReport
import FewtapShaders
import Foundation

/// `fewtap bench gpu`: how long exported passes take on the GPU at hand.
struct BenchGPUCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "gpu", abstract: "Time exported passes on a GPU, beside a dense shader and a separable one.",
    discussion: """
      Examples:
        fewtap bench gpu
        fewtap bench gpu heart:size=45 disk.json --size 1920x1080 --size 3840x2160 --json
        fewtap bench gpu near.json --sampling fetch --format rgba32f

      Of a kernel it plans a filter for GPUs, and runs beside it the kernel itself, all of its taps in one pass, and the best \
      separable filter: columns after rows. Of a filter's or basis' file it runs what is in it, a basis with each parameter \
      rising over the image. Each runs the text that 'fewtap export' writes, through OpenGL ES, over four channels of noise; a \
      crop of each result is held to the slow reference first. Times are medians over rounds of the sum of all passes, by the \
      device's own clock where it can be believed; uploads are left out.
      """)

  @Argument(help: ArgumentHelp("Kernels, and files of filters or bases.", valueName: "kernel"))
  var subjects: [String] = []

  @Option(
    parsing: .unconditionalSingleValue,
    help: ArgumentHelp(
      "Columns and rows of the image; more than once for more. (default: 1920x1080)", valueName: "WxH"),
    transform: OptionValue.size)
  var size: [PixelSize] = []

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("The dB on photographs that filters of kernels are planned for.", valueName: "dB"),
    transform: OptionValue.number(atLeast: 1))
  var error = PlanOptions.standardError

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("How often each is run, at most: after two seconds once is enough.", valueName: "n"),
    transform: OptionValue.whole(1...10_000))
  var rounds = 50

  @Option(help: "Who interpolates between texels.")
  var sampling: ShaderOptions.Sampling = .hardware

  @Option(help: "What textures between passes, and the result, hold.")
  var format: TexelFormat = .half

  @Option(help: "How passes run. (default: compute where the device has it)")
  var stage: ShaderStage?

  @Flag(help: "Let compute groups share a tile of their input, where it fits their memory.")
  var tile = false

  @Flag(help: "Leave the dense and the separable shaders out.")
  var noRivals = false

  @OptionGroup var threading: ThreadOptions
  @OptionGroup var report: ReportOptions

  private static let kernels = ["disk:radius=20", "heart:size=45", "gaussian:sigma=11"]

  func run() throws {
    let device: GPUDevice
    do { device = try GPUDevice() } catch {
      throw Failure(legible("\(error)", limit: 500), error.meansNoDevice ? .noDevice : .failed)
    }
    let contenders = try (subjects.isEmpty ? Self.kernels : subjects).flatMap(contenders)
    let sizes = size.isEmpty ? [PixelSize(width: 1920, height: 1080)] : size
    let bar = ProgressBar(enabled: !report.quiet)
    defer { bar.end() }
    var rows: [GPURow] = []
    for size in sizes {
      for contender in contenders {
        bar.show("running", share: Double(rows.count) / Double(sizes.count * contenders.count), contender.subject)
        do {
          rows.append(try row(contender, on: device, size))
        } catch {
          throw Failure("\(contender.subject), \(contender.name)", error)
        }
      }
    }
    bar.end()
    try report.print(GPUReport(machine: Machine(), device: device, options: options, rows: rows))
  }

  private var options: ShaderOptions {
    var options = ShaderOptions()
    (options.sampling, options.format, options.usesTile) = (sampling, format, tile)
    return options
  }

  // MARK: What runs

  private func contenders(_ subject: String) throws -> [GPUContender] {
    let argument = KernelArgument(argument: subject)
    if case .file(let path) = try argument.source(), path.lowercased().hasSuffix(".json") {
      switch try FilterFile(path: path).readAny() {
      case .filter(let filter):
        return [GPUContender(subject: path, name: "file", work: .filter(filter), decibels: filter.fit?.photoPSNR)]
      case .basis(let basis):
        return [GPUContender(subject: path, name: "file", work: .basis(basis), decibels: nil)]
      }
    }
    let kernel = try argument.source().kernel()
    var plan = PlanOptions(.error(decibels: error), costs: .builtIn(.gpu))
    plan.threads = threading.threads
    let filter = try Planner(kernel, plan).run().result.filter
    func contender(_ name: String, _ filter: SparseFilter) throws -> GPUContender {
      let accuracy = try FilterAccuracy(of: filter, against: kernel)
      return GPUContender(subject: subject, name: name, work: .filter(filter), decibels: accuracy.photo.mean)
    }
    var all = [try contender("fewtap", filter)]
    guard !noRivals else { return all }
    let separable = try LowRank(kernel).brightFilter(rank: 1).filters
    all += try separable.map { try contender("separable", $0) }
    return all + [try contender("dense", SparseFilter(dense: kernel))]
  }

  // MARK: Running it

  private func row(_ contender: GPUContender, on device: GPUDevice, _ size: PixelSize) throws -> GPURow {
    let program: ShaderProgram
    let parameters: ParameterMap?
    switch contender.work {
    case .filter(let filter): (program, parameters) = (try ShaderProgram(filter, options: options), nil)
    case .basis(let basis):
      program = try ShaderProgram(basis, options: options)
      parameters = try ParameterMap(
        basis.axes.enumerated().map { Self.rise($1, isUpright: $0.isMultiple(of: 2), size) })
    }
    let filter = try GPUFilter(program, on: device, stage: stage, width: size.width, height: size.height)
    if let parameters { try filter.setParameters(parameters) }
    let texels = Self.noise(size)
    let result = try filter.run(texels)
    let difference = try contender.difference(result, from: texels, parameters, size)
    // Half floats and a texture unit's fractions of 1/256 leave so much; else it is rounding.
    let bound = options.format == .float && options.sampling == .fetch ? 1e-5 : 4e-3
    guard difference <= bound else {
      throw Failure(
        "its result is off by \(difference) from the reference, more than the \(bound) that rounding may leave: a defect of "
          + "fewtap, or of the driver")
    }
    var (times, totals) = ([String: [Double]](), [Double]())
    let start = ContinuousClock.now
    repeat {
      try filter.repeatPasses()
      for time in filter.times { times[time.pass, default: []].append(time.milliseconds) }
      totals.append(filter.times.reduce(0) { $0 + $1.milliseconds })
    } while totals.count < rounds && ContinuousClock.now - start < .seconds(2)
    return GPURow(
      contender: contender, size: size, time: Timing(totals), clock: filter.clock, difference: difference,
      passes: filter.times.map { ($0.pass, Timing(times[$0.pass] ?? []).median) })
  }

  /// Noise of a fixed seed, four channels a pixel.
  private static func noise(_ size: PixelSize) -> [Float] {
    var random = SeededGenerator(seed: 1)
    return (0..<4 * size.width * size.height).map { _ in Float(random.unit()) }
  }

  /// A parameter that rises over the image, from its first knot to its last.
  private static func rise(_ axis: KnotAxis, isUpright: Bool, _ size: PixelSize) -> Plane<Float> {
    var plane = Plane<Float>(width: size.width, height: size.height)
    let (first, last) = (axis.knots[0], axis.knots[axis.knots.count - 1])
    for y in 0..<size.height {
      for x in 0..<size.width {
        let share = isUpright ? Double(y) / Double(size.height) : Double(x) / Double(size.width)
        plane[x, y] = Float(first + share * (last - first))
      }
    }
    return plane
  }
}

/// What one of them took.
private struct GPURow {
  let contender: GPUContender
  let size: PixelSize
  /// Of all passes.
  let time: Timing
  let clock: GPUFilter.Clock
  /// The largest difference from the reference.
  let difference: Double
  let passes: [(name: String, milliseconds: Double)]
}

/// The table.
private struct GPUReport: Report {
  let machine: Machine
  let device: GPUDevice
  let options: ShaderOptions
  let rows: [GPURow]

  var json: [(String, JSON)] {
    [
      ("command", .string("bench gpu")), ("machine", machine.json), ("device", .string(device.name)),
      ("driver", .string(device.version)), ("sampling", .string(options.sampling.rawValue)),
      ("format", .string(options.format.rawValue)), ("rows", .array(rows.map(json))),
    ]
  }

  private func json(_ row: GPURow) -> JSON {
    let passes = row.passes.map { pass in
      JSON.object([("name", .string(pass.name)), ("milliseconds", .number(pass.milliseconds))])
    }
    return .object([
      ("kernel", .string(row.contender.subject)), ("shader", .string(row.contender.name)),
      ("width", .integer(row.size.width)), ("height", .integer(row.size.height)),
      ("taps", .integer(row.contender.taps)), ("photoPSNR", .number(row.contender.decibels)),
      ("milliseconds", .number(row.time.median)), ("deviation", .number(row.time.deviation)),
      ("clock", .string(row.clock.rawValue)), ("difference", .number(row.difference)), ("passes", .array(passes)),
    ])
  }

  var text: String {
    let table =
      [["kernel", "shader", "size", "taps", "passes", "dB", "ms", "+-", "clock", "off by"]]
      + rows.map { row in
        [
          legible(row.contender.subject), row.contender.name, "\(row.size.width)x\(row.size.height)",
          "\(row.contender.taps)", "\(row.passes.count)",
          row.contender.decibels.map { $0 > 200 ? "exact" : fixed($0, 1) } ?? "?", fixed(row.time.median, 3),
          fixed(row.time.deviation, 3), row.clock.rawValue, significant(row.difference, 2),
        ]
      }
    return "\(legible(device.name)), \(legible(device.version))\n\(options.format.rawValue), sampling by "
      + "\(options.sampling.rawValue); on \(machine.text)\n" + columns(table, leading: 3)
  }
}
