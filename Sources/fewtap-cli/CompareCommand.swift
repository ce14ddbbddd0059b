import ArgumentParser
import Fewtap
import FewtapImageIO
import FewtapReport

/// `fewtap compare`: a filter of ours beside its rivals, on the user's kernel and images.
struct CompareCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare", abstract: "Compare filters of ours with rivals, on your kernel and your images.",
    discussion: """
      Examples:
        fewtap compare heart:size=49
        fewtap compare disk:radius=20 photo.jpg --report disk-report
        fewtap compare my-bokeh.png photo.jpg night.jpg --with fewtap:60dB --with paper:24x4 --with low-rank:4
        fewtap compare disk:radius=0...24 photo.jpg --map edgy
        fewtap compare --effect radial-motion photo.jpg --report zoom-report
        fewtap compare psfs.npy photo.jpg --positions psfs.csv
        fewtap compare --list

      Each contender makes a filter for the kernel; all are measured on the same images against the true kernel, in linear \
      light with mirrored borders, and timed in turns on the same plane of noise by one thread. Of an image larger than a \
      megapixel the middle is taken unless --whole is given. Without an image, errors on photographs are predicted. "Points" is the PSNR on \
      points of light, brighter than a display can show, where the kernel itself is seen. A contender that cannot stand for the \
      kernel stays in the table and says why.

      A kernel with a range of a parameter is a family (and so is what 'fewtap basis' takes as one): then the filters differ from pixel to pixel by a map (--map; tilt or radial by \
      default), and are measured against a dense kernel at every pixel, for which the map's values are rounded to some 256 of one \
      parameter or 1000 of two. They are timed on a plane of the image's size unless --plane is given. Of two parameters or more, \
      parallel tempering takes part only if --with asks for it: its searches at all knots take a quarter of an hour.
      """)

  @Argument(help: KernelArgument.help)
  var kernel: KernelArgument?

  @Argument(help: ArgumentHelp("Images to measure on.", valueName: "image"))
  var images: [String] = []

  @Option(
    name: .customLong("with"),
    help: ArgumentHelp(
      "Who takes part: NAME or NAME:VALUE, see --list; once for each. (default: all, in usual sizes)",
      valueName: "contender"),
    transform: { try ContenderArgument($0) })
  var contenders: [ContenderArgument] = []

  @Option(
    help: ArgumentHelp(
      "The parameters of every pixel, for a family: tilt, radial, rotation, edgy, noisy, or an image as apply takes it.",
      valueName: "name or file"))
  var map: String?

  @Option(help: "A family and a map at once, as the DISK paper has them; then there is no KERNEL.")
  var effect: VaryingEffect?

  @Flag(help: "List who can take part.")
  var list = false

  @Flag(help: "Measure on whole images, however large.")
  var whole = false

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Columns and rows of the plane to time on. (default: 1920x1080; for a family the image's)", valueName: "WxH"),
    transform: OptionValue.size)
  var plane: PixelSize?

  @Option(
    parsing: .unconditional, help: ArgumentHelp("How often each filter is timed. (default: 7)", valueName: "n"),
    transform: OptionValue.whole(1...1000))
  var rounds = 7

  @Option(help: "How much work our searches for one kernel do. (default: normal)")
  var effort: FitCommand.Effort?

  @Option(
    parsing: .unconditional, help: ArgumentHelp("Seed of every random choice.", valueName: "n"),
    transform: OptionValue.seed)
  var seed: UInt64 = 1

  @Option(
    name: .customLong("report"),
    help: ArgumentHelp(
      "Write a page with pictures, its figures as SVG and comparison.json to a folder, made if it is missing.",
      valueName: "folder"))
  var folder: String?

  @Flag(help: "Overwrite a report that stands in the folder.")
  var force = false

  @OptionGroup var threading: ThreadOptions
  @OptionGroup var kernelOptions: KernelOptions
  @OptionGroup var familyOptions: FamilyOptions
  @OptionGroup var report: ReportOptions

  func validate() throws {
    if effect == nil { try KernelArgument.check(kernel, list: list) }
    guard effect == nil || !list else { throw ValidationError("--list takes no effect: leave --effect out") }
    guard !force || folder != nil else {
      throw ValidationError("--force: it is for --report; nothing else is written")
    }
  }

  func run() throws {
    if list { return try report.print(ContenderList()) }
    let folder = folder.map(ReportFolder.init(path:))
    try folder?.check(force: force)
    if isVarying { return try runVarying(folder) }
    guard let argument = kernel else { return }
    let kernel = try kernelOptions.kernel(argument)
    let scenes = try images.map(scene)
    let (contenders, warnings) = try chosen(for: kernel)
    for warning in warnings { report.warn(warning) }
    let comparison = try compare(kernel, scenes, contenders)
    let table = try CompareReport(
      comparison: comparison, machine: Machine(), seed: seed, effort: searchEffort.rawValue, page: folder?.pagePath)
    if let folder {
      let page = try ComparisonPage(
        comparison, context: context(table.machine, warnings), encodePNG: ReportFolder.png)
      try folder.write(page.html, page.figures, json: ReportOptions.jsonText(table, warnings: warnings))
    }
    try report.print(table, warnings: warnings)
  }

  /// Who takes part, and who is left out of a comparison that asks for nobody.
  private func chosen(for kernel: Kernel) throws -> ([Contender], warnings: [String]) {
    guard contenders.isEmpty else {
      do { return (try contenders.map { try Contender($0.text) }, []) } catch {
        throw Failure("--with: \(error)", .usage)
      }
    }
    guard kernel.radius > Contender.largestQuickRadius else { return (Contender.standard, []) }
    let left = Contender.standard.filter(\.isLongSearch).map(\.description)
    return (
      Contender.standard.filter { !$0.isLongSearch },
      [
        "left out, since a search for a kernel of radius \(kernel.radius) takes minutes: \(left.joined(separator: ", ")); "
          + "ask for them by --with"
      ]
    )
  }

  private var searchEffort: FitCommand.Effort { effort ?? .normal }

  /// Where a page comes from.
  func context(_ machine: Machine, _ notes: [String]) -> ComparisonPage.Context {
    ComparisonPage.Context(
      machine: "\(machine.processor), \(machine.instructionSet), \(machine.cores) cores", commit: machine.commit,
      version: FewtapCommand.configuration.version, seed: seed, effort: searchEffort.rawValue, border: "mirror",
      rounds: rounds,
      commands: [ReportFolder.command(["fewtap"] + CommandLine.arguments.dropFirst())], notes: notes)
  }

  /// Most pixels that are measured of an image unless the whole is asked for.
  private static let usualArea = 1 << 20

  func scene(_ path: String) throws -> ComparisonRun.Scene {
    guard !path.isEmpty else { throw Failure("IMAGE is empty: give an image file", .usage) }
    let file = try ImageFile.read(path: path, transfer: .automatic)
    let image = file.image
    if let bad = image.firstNonFinite() {
      throw Failure(
        "\(path): channel \(bad.channel) is \(bad.value) at column \(bad.x), row \(bad.y): only finite pixels can be compared"
      )
    }
    let name = legible(String(path.split(separator: "/").last ?? ""))
    return ComparisonRun.Scene(name: name, image: image, largestArea: whole ? nil : Self.usualArea)
  }

  private func compare(
    _ kernel: Kernel, _ scenes: [ComparisonRun.Scene], _ contenders: [Contender]
  ) throws -> Comparison {
    var options = ComparisonRun.Options()
    options.contenders = contenders
    if let plane { options.timedSize = (plane.width, plane.height) }
    (options.rounds, options.effort, options.seed) = (rounds, searchEffort.effort, seed)
    options.threads = threading.threads
    let bar = ProgressBar(enabled: !report.quiet)
    defer { bar.end() }
    do {
      return try Interruption.during { cancellation in
        report.note("comparing \(contenders.count) contenders on up to \(threading.threads) threads")
        return try ComparisonRun(kernel, scenes: scenes, options).run(cancellation: cancellation) { progress in
          bar.show(progress.stage, share: progress.share, progress.contender)
        }
      }
    } catch ApplyError.cancelled {
      throw Failure("interrupted: nothing was compared")
    } catch {
      throw Failure(kernel.name, error)
    }
  }
}

/// Who can take part in a comparison.
private struct ContenderList: Report {
  var json: [(String, JSON)] {
    [
      ("command", .string("compare")),
      (
        "contenders",
        .array(
          ContenderName.allCases.map { name in
            .object([
              ("name", .string(name.rawValue)), ("summary", .string(name.summary)), ("value", .string(name.form)),
              ("default", name.form == nil ? .null : .string(name.standard)),
            ])
          })
      ),
      (
        "varyingContenders",
        .array(
          VaryingContender.Name.allCases.map { name in
            .object([
              ("name", .string(name.rawValue)), ("summary", .string(name.summary)), ("value", .string(name.form)),
            ])
          })
      ),
    ]
  }

  var text: String {
    aligned(
      ContenderName.allCases.map { name in
        (
          name.rawValue + (name.form == nil ? "" : ":..."),
          name.summary + (name.form.map { " (\($0); \(name.standard) if not given)" } ?? "")
        )
      }) + "\nfor a family of kernels:\n"
      + aligned(
        VaryingContender.Name.allCases.map { name in
          (name.rawValue + (name.form == nil ? "" : ":..."), name.summary + (name.form.map { " (\($0))" } ?? ""))
        })
  }
}
