import ArgumentParser
import Fewtap
import FewtapImageIO
import Foundation

/// `fewtap apply`: run a filter, or a basis by a parameter map, over an image file.
struct ApplyCommand: ParsableCommand {
  /// Border rules by name; `--constant` gives the value of one.
  enum Border: String, CaseIterable, ExpressibleByArgument {
    case clamp, mirror, wrap, constant, normalized

    /// The rule; `value` is that of a constant.
    func rule(constant value: Float?) -> BorderRule {
      switch self {
      case .clamp: .clamp
      case .mirror: .mirror
      case .wrap: .wrap
      case .constant: .constant(value ?? 0)
      case .normalized: .normalized
      }
    }
  }

  static let configuration = CommandConfiguration(
    commandName: "apply",
    abstract: "Run a filter over an image, or a basis by a map: a different filter at every pixel.",
    discussion: """
      Examples:
        fewtap apply heart.json photo.jpg blurred.png
        fewtap apply heart.json render.exr blurred.exr --border mirror --threads 4
        fewtap apply heart.json photo.jpg blurred.png --compare --force
        fewtap apply my-bokeh.json scan.tif blurred.tif --type uint16 --compare --kernel my-bokeh.png
        fewtap apply heart.json mosaic.tif blurred.tif --memory 512M --verbose
        fewtap apply bokeh.json photo.jpg shallow.png --depth depth.png --focus 0.3 --focus-range 0.25...0.35
        fewtap apply bokeh.json room.exr room-f2.exr --depth z.exr --focal-length 50 --f-stop 2 --focus 2.5
        fewtap apply bokeh.json photo.jpg toy.png --ramp y=60%,sharp=8%,falloff=40%,high=18
        fewtap apply bokeh.json photo.jpg masked.png --map radius.png --map-range 0...12 --strict
        fewtap apply motion.json photo.jpg zoom.png --radial length:inner=10%,high=20 --field angle=direction
        fewtap apply motion.json photo.jpg moved.png --at length=12,angle=30
        fewtap apply psfs.json sky.fits seen.fits --field x=x --field y=y --physics scatter
        fewtap apply heart.json photo.jpg blurred.png --device gpu --verbose

      Images are filtered in linear light with premultiplied alpha: 8- and 16-bit files are taken as sRGB and encoded again, \
      float files (and .npy, rows x columns [x channels]) as linear, unless --transfer says otherwise. The extension of \
      OUT tells its format; what it cannot hold is warned about. --compare also filters with the true dense kernel, which \
      may take minutes, and prints how far the result is from that on this very image.

      A basis (fewtap basis) needs a value of each of its parameters at every pixel: an image, whose codes are taken as they \
      are, a constant, a ramp, the place in the field, or the blur by depth. Values that the basis was not made for are \
      clamped, with a warning that counts them.

      With --depth what is near hides what is far: sharp foreground does not bleed into blurred background, and blurred \
      foreground spreads over what is sharp behind it. --no-occlusion leaves that out.

      --device gpu runs exported shaders by the system's OpenGL ES, in floats or, with --half, half floats, and tells how long each \
      pass took. Without a driver it ends with exit code 69; images must fit a texture.
      """)

  @Argument(help: ArgumentHelp("The filter or basis file; - for standard input.", valueName: "filter"))
  var filter: String
  @Argument(help: ArgumentHelp("The image to filter.", valueName: "in"))
  var input: String
  @Argument(help: ArgumentHelp("The image to write.", valueName: "out"))
  var output: String

  @Option(help: "What stands outside the image.")
  var border: Border = .clamp

  @Option(
    parsing: .unconditional, help: ArgumentHelp("The value of --border constant. (default: 0)", valueName: "v"),
    transform: OptionValue.float)
  var constant: Float?

  @Option(help: "How stored values stand for light.")
  var transfer: Transfer = .automatic

  @Option(help: "Type of the written samples. (default: that of the input, or the nearest that OUT can hold)")
  var type: PixelType?

  @Option(help: "What to do with NaN and infinite pixels.")
  var nonfinite: NonfinitePolicy = .refuse

  @Option(
    parsing: .unconditional, help: ArgumentHelp("JPEG's quality, 1 to 100.", valueName: "q"),
    transform: OptionValue.whole(1...100))
  var quality = 95

  @OptionGroup(title: "Maps (for a basis)") var maps: MapArguments

  @OptionGroup(title: "Device") var device: DeviceArguments

  @OptionGroup var threading: ThreadOptions

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Most memory to take, in bytes or with K, M or G; no image is too tall for it. (default: half of the machine's)",
      valueName: "size"),
    transform: OptionValue.memory)
  var memory: Int = ImageFile.defaultMemoryLimit

  @Flag(
    help:
      "Allow half floats between layers, rounded to 11 bits: some 5% faster where taps are mostly single, more on a GPU."
  )
  var half = false

  @Flag(help: "Also filter with the dense kernel, and print how far the result is from that.")
  var compare = false

  @Option(help: ArgumentHelp("The kernel for --compare, where the filter was fitted to a file.", valueName: "kernel"))
  var kernel: KernelArgument?

  @Flag(help: "Overwrite the output file if it exists.")
  var force = false

  @OptionGroup var report: ReportOptions

  func validate() throws {
    if constant != nil, border != .constant {
      throw ValidationError("--constant: it is the value of --border constant; give that too")
    }
    if kernel != nil, !compare { throw ValidationError("--kernel: it is for --compare; give that too") }
    try ImageArgument(path: output).checkFormat(type: type)
  }

  func run() throws {
    try OutputPath(path: output).check(force: force)
    let file = FilterFile(path: filter)
    switch try file.readAny() {
    case .filter(let filter):
      if let flag = maps.given {
        throw Failure("\(flag): \(file.name) is one filter, the same at every pixel; maps are for a basis", .usage)
      }
      if device.device == .gpu { try filterOnDevice(filter, file) } else { try filterUniformly(filter, file) }
    case .basis(let basis):
      if device.device == .gpu { try filterOnDevice(basis, file) } else { try filterVarying(basis, file) }
    }
  }

  private func filterUniformly(_ filter: SparseFilter, _ file: FilterFile) throws {
    let target = compare ? try TargetOfFilter(filter: filter, name: file.name, given: kernel).kernel() : nil
    let programBytes = MemoryNeed.ofProgram
    let source = try ImageArgument(path: input).open(transfer: transfer)
    let plan: ApplyPlan
    do {
      plan = try ApplyPlan(filter, width: source.layout.width)
    } catch {
      throw Failure(file.name, error)
    }
    var outcome = try write(plan, source, file.name, programBytes)
    var warnings = source.warnings.map { "\(input): \($0)" } + outcome.warnings.map { "\(output): \($0)" }
    for warning in warnings { report.warn(warning) }

    var comparison: ImageComparison?
    if let target {
      var clock = StageClock()
      do {
        comparison = try compare(plan, with: target)
      } catch let error as ComparisonError {
        warnings.append("--compare: \(error)")
        report.warn("--compare: \(error)")
      }
      clock.end("dense")
      outcome.stages += clock.stages
    }
    try report.print(
      ApplyReport(
        output: output, layout: source.layout, channelNames: source.metadata.channelNames, plan: plan,
        target: target, comparison: comparison, stages: outcome.stages, memory: outcome.memory), warnings: warnings)
  }

  /// Filters the file into the other.
  func write(
    _ plan: any PixelPlan, _ source: ImageRowReader, _ name: String, _ programBytes: Int
  ) throws -> (stages: [(name: String, seconds: Double)], warnings: [ImageWarning], memory: MemoryNeed) {
    let about = source.metadata
    report.note(
      "\(input): \(about.format.map { "\($0), " } ?? "")\(about.pixelType), \(about.transfer.rawValue)"
        + (about.colorProfile == nil ? "" : ", with an ICC profile"))
    report.note("\(name): halo \(plan.bounds.reach) px, \(border.rawValue) border, \(threading.threads) threads")
    let options = WriteOptions(type: type, transfer: transfer, jpegQuality: quality)
    let result = try ImageArgument(path: output).create(like: source, options: options)
    return try run("filter", interrupted: "nothing was written") { options in
      let work = try FileFilter(
        plan: plan, reader: source, writer: result, options: options, programBytes: programBytes, memoryLimit: memory)
      report.note("takes \(work.memory)")
      if half, let plan = plan as? ApplyPlan {
        report.note("rows between layers: \(plan.keepsHalfs(options) ? "half floats" : "floats, as fast here")")
      }
      let outcome = try work.run(options)
      return (outcome.stages, outcome.warnings, work.memory)
    }
  }

  /// Filters the image once more, and with the dense kernel, both without rounding to the file's type.
  private func compare(_ plan: ApplyPlan, with kernel: Kernel) throws -> ImageComparison {
    let image = try ImageFile.read(path: input, transfer: transfer).image
    warnDense(kernel, image)
    let (result, truth) = try run("dense kernel", interrupted: "\(output) is written, but not compared") { options in
      (try plan.apply(to: image, options: options), try DenseApply(kernel).apply(to: image, options: options))
    }
    return try ImageComparison(result, reference: truth)
  }

  func run<Result>(
    _ label: String, interrupted: String, _ work: (ApplyOptions) throws -> Result
  ) throws -> Result {
    let bar = ProgressBar(enabled: !report.quiet)
    defer { bar.end() }
    do {
      return try Interruption.during { cancellation in
        var options = ApplyOptions(
          border: border.rule(constant: constant), threads: threading.threads, nonfinite: nonfinite,
          progress: { bar.show(label, share: $0) }, cancellation: cancellation)
        options.allowsHalfs = half
        return try work(options)
      }
    } catch ApplyError.cancelled {
      throw Failure("interrupted: \(interrupted)")
    } catch let error as ImageFileError {
      // It names its file.
      throw error
    } catch {
      throw Failure(input, error)
    }
  }

  /// ``DenseApply`` makes about 5e9 multiply-adds a second and core (its own measurement: half a second a megapixel for
  /// 49x49).
  private func warnDense(_ kernel: Kernel, _ image: Image) {
    let work = Double(kernel.supportCount) * Double(image.width) * Double(image.height) * Double(image.planes.count)
    let cores = min(threading.threads, ProcessInfo.processInfo.activeProcessorCount)
    let seconds = work / 5e9 / Double(cores)
    if seconds > 5 {
      report.warn("--compare: the dense kernel takes about \(Int(seconds.rounded())) s on this image; Ctrl-C skips it")
    }
  }
}
