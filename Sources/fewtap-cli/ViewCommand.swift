import ArgumentParser
import Fewtap
import FewtapImageIO
import FewtapShaders
import FewtapViewer

/// `fewtap view`: a filter or basis at work, as one page for a browser.
struct ViewCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "view", abstract: "Write a page that shows a filter or basis at work in a browser, on any image.",
    discussion: """
      Examples:
        fewtap view heart.json -o heart.html
        fewtap view heart.json photo.jpg -o heart.html
        fewtap view my-bokeh.json photo.jpg -o bokeh.html --kernel my-bokeh.png
        fewtap view bokeh.json photo.jpg -o shallow.html --depth depth.png --focus 0.3
        fewtap view disk.json photo.jpg -o apertures.html --also hexagon.json --also heart.json
        fewtap view psfs.json photo.jpg -o psfs.html --kernel psfs.npy --positions psfs.csv
        fewtap view motion.json photo.jpg -o zoom.html --radial length:inner=10%,high=20 --field angle=direction
        fewtap view heart.json photo.jpg --serve

      The page is one file: it runs the shaders that fewtap export writes, by WebGPU or WebGL 2, opens from a disk and asks \
      nothing of a network. It takes photographs that are dropped on it; IMAGE is the one it opens with, scaled down beyond 4 \
      megapixels, with light above 1 beyond one.

      Its reader can switch to the filters of --also, on the same image: to another aperture, or another number of taps.

      The kernel that a filter stands for, or a basis' family, is made again from the words in its file, or given with \
      --kernel; then the page shows it beside the filter's. With IMAGE and a map it also holds IMAGE filtered by the dense \
      kernel of every pixel. Depths blur each pixel by itself here, as with --no-occlusion.

      With --depth the page holds the depths: its reader focuses elsewhere by a click, and moves focus and f-stop; they begin as \
      the command line says, for which the dense kernels are made.

      --serve gives the page to browsers of this machine, at the address that it tells, until Ctrl-C ends it.
      """)

  @Argument(help: ArgumentHelp("The filter or basis file; - for standard input.", valueName: "filter"))
  var filter: String

  @Argument(help: ArgumentHelp("The image that the page opens with.", valueName: "image"))
  var image: String?

  @Option(name: .shortAndLong, help: ArgumentHelp("The page to write.", valueName: "page.html"))
  var output: String?

  @Flag(help: "Give the page to browsers of this machine, over HTTP on 127.0.0.1 alone, until Ctrl-C.")
  var serve = false

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("The port of --serve; 0: one that is free. (default: 0)", valueName: "n"),
    transform: OptionValue.whole(0...65535))
  var port: Int?

  @Option(
    help: ArgumentHelp("The kernel that <filter> was fitted to, or the basis' family.", valueName: "kernel"))
  var kernel: String?

  @Option(
    name: .customLong("also"),
    help: ArgumentHelp("Another filter or basis of the page; may be given several times.", valueName: "filter"))
  var others: [String] = []

  @OptionGroup(title: "Measured kernels (for --kernel)") var familyOptions: FamilyOptions

  @Option(help: "Who interpolates between texels.")
  var sampling: ShaderOptions.Sampling = .hardware

  @Option(help: "What textures between passes, and the result, hold.")
  var format: TexelFormat = .half

  @OptionGroup(title: "Maps (for a basis)") var maps: MapArguments

  @Flag(help: "Leave out the image filtered by the dense kernel of every pixel, which may take long.")
  var noTruth = false

  @OptionGroup var threading: ThreadOptions

  @Flag(help: "Overwrite the page if it exists.")
  var force = false

  @OptionGroup var report: ReportOptions

  func validate() throws {
    if output == nil, !serve { throw ValidationError("say where the page goes: -o PAGE.html, or --serve") }
    if port != nil, !serve { throw ValidationError("--port: it is for --serve; give that too") }
    if let flag = familyOptions.given, kernel == nil {
      throw ValidationError("\(flag): it tells of the kernels of --kernel; give that too")
    }
    if others.count >= Self.maximumCount {
      throw ValidationError("--also: a page shows \(Self.maximumCount) filters at most, here are \(others.count + 1)")
    }
  }

  /// Most filters of a page.
  private static let maximumCount = 12

  func run() throws {
    if let output { try OutputPath(path: output).check(force: force) }
    let files = ([filter] + others).map { FilterFile(path: $0) }
    let stored = try files.map { try $0.readAny() }
    for (file, stored) in zip(files, stored) { try checkOptions(stored, file) }
    let picture = try image.map { try PagePicture(path: $0, readsPixels: maps.given != nil) }
    var warnings = picture?.warnings ?? []
    let views = try zip(files, stored).enumerated().map { index, item -> Shown in
      // --kernel is of the first one.
      let kernel = index == 0 ? kernel : nil
      switch item.1 {
      case .filter(let filter): return try shown(filter, item.0, kernel)
      case .basis(let basis): return try shown(basis, item.0, kernel, picture)
      }
    }
    warnings += views.flatMap(\.warnings)
    let page = ViewPage(views[0].data, or: views[1...].map(\.data), image: picture?.image)
    if page.ownByteCount > ViewPage.promisedByteCount {
      warnings.append(
        "the page has \(fixed(Double(page.ownByteCount) / 1e6, 1)) MB beside its pictures: use fewer or smaller filters"
      )
    }
    for warning in warnings { report.warn(warning) }
    let bytes = page.bytes
    if let output { try AtomicFile.write(bytes, to: output) }
    let server = serve ? try PageServer(bytes, port: UInt16(port ?? 0)) : nil
    try report.print(
      ViewReport(
        output: output, address: server?.address, name: files[0].name, views: views, picture: picture,
        bytes: bytes.count), warnings: warnings)
    guard let server else { return }
    if !report.quiet { Console.writeError("fewtap: serving \(server.address) until Ctrl-C") }
    Interruption.during { server.run(until: $0) }
  }

  private var options: ShaderOptions {
    var options = ShaderOptions()
    (options.sampling, options.format) = (sampling, format)
    return options
  }

  /// Throws unless the options of families and maps suit what is shown.
  private func checkOptions(_ stored: StoredFilter, _ file: FilterFile) throws {
    if case .filter = stored, file.path == filter, let flag = familyOptions.given {
      throw Failure("\(flag): \(file.name) is one filter; measured kernels are the family of a basis", .usage)
    }
    guard let flag = maps.given else { return }
    if case .filter = stored {
      throw Failure("\(flag): \(file.name) is one filter, the same at every pixel; maps are for a basis", .usage)
    }
    if maps.weights != nil { throw Failure("--weights: a page shows maps of parameters; use fewtap apply", .usage) }
    if maps.physics == .scatter {
      throw Failure("--physics scatter: a page shows what pixels collect; use fewtap apply", .usage)
    }
    if image == nil { throw Failure("\(flag): a map belongs to an image; give IMAGE too", .usage) }
  }

  private func shown(
    _ filter: SparseFilter, _ file: FilterFile, _ kernel: String?
  ) throws -> Shown {
    let given = kernel.map { KernelArgument(argument: $0) }
    var target: Kernel?
    var accuracy: ViewAccuracy?
    do {
      let kernel = try TargetOfFilter(filter: filter, name: file.name, given: given).kernel()
      target = kernel
      if InfoCommand.isQuick(filter) {
        let measured = try FilterAccuracy(of: filter, against: kernel)
        accuracy = ViewAccuracy(
          decibels: measured.photo.mean, worstDecibels: measured.photo.worst, relativeError: measured.relativeError)
      }
    } catch {
      guard kernel == nil else { throw error }
      report.note("the page has no dense kernel of \(file.name): \(error)")
    }
    do throws(ViewError) {
      let data = try ViewData(
        filter, name: file.shortName, target: target, accuracy: accuracy, options: options, oneOf: others.count + 1)
      return Shown(data: data, warnings: [], hasTarget: target != nil)
    } catch {
      throw Failure(file.name, error)
    }
  }

  private func shown(
    _ basis: FilterBasis, _ file: FilterFile, _ kernel: String?, _ picture: PagePicture?
  ) throws -> Shown {
    var family: FamilyOfBasis?
    var targets: [Kernel]?
    do {
      let found = try FamilyOfBasis(basis, name: file.name, given: kernel, options: familyOptions)
      targets = try found.kernels(at: ViewData.knots(of: basis).map(basis.parameters), threads: threading.threads)
      family = found
    } catch {
      guard kernel == nil else { throw error }
      report.note("the page has no dense kernels of \(file.name): \(error)")
    }
    do {
      var data = try ViewData(
        basis, name: file.shortName, targets: targets, options: options, oneOf: others.count + 1)
      guard let picture, let pixels = picture.pixels else {
        return Shown(data: data, warnings: [], hasTarget: targets != nil)
      }
      let reader = MapReader(arguments: maps, axes: basis.axes.map(\.axis))
      let depth = try reader.depth()
      let made = try reader.map(
        width: pixels.width, height: pixels.height, threads: threading.threads, depth: depth)
      let map = made.map
      var warnings = made.warnings
      do {
        try data.setMap(map, depth: depth?.view(width: pixels.width, height: pixels.height))
      } catch ViewError.depth(let x, let y, let value) {
        // A value that no focus gives.
        warnings.append(
          "--depth: the depth at column \(x), row \(y) is \(value): the page holds the finished map, and its focus stays"
        )
        try data.setMap(map)
      }
      if let family, !noTruth { data.truth = try truth(family, pixels, map, isBright: picture.image.kind == .light) }
      return Shown(data: data, warnings: warnings, hasTarget: targets != nil)
    } catch let error as ViewError {
      throw Failure(file.name, error)
    }
  }

  private func truth(
    _ family: FamilyOfBasis, _ pixels: Image, _ map: ParameterMap, isBright: Bool
  ) throws -> ViewImage {
    let bar = ProgressBar(enabled: !report.quiet)
    defer { bar.end() }
    do {
      return try Interruption.during { cancellation in
        let options = ApplyOptions(
          threads: threading.threads, progress: { bar.show("dense kernels", share: $0) }, cancellation: cancellation)
        let truth = try family.filtered(pixels, by: map, options)
        return try isBright ? ViewImage(light: truth) : ViewImage(kind: .png, bytes: ReportFolder.png(truth))
      }
    } catch ApplyError.cancelled {
      throw Failure("interrupted: no page was written; --no-truth makes one without dense kernels")
    }
  }
}

extension FilterFile {
  /// Its name without folders.
  var shortName: String { isStandardStream ? name : String(path.split(separator: "/").last ?? "") }
}

/// A filter as a page shows it.
private struct Shown {
  let data: ViewData
  let warnings: [String]
  /// Whether the kernel that is meant is known.
  let hasTarget: Bool
}

/// What a page holds.
private struct ViewReport: Report {
  /// The file; nil where the page is served alone.
  let output: String?
  /// Where it is served.
  let address: String?
  let name: String
  let views: [Shown]
  let picture: PagePicture?
  let bytes: Int

  var json: [(String, JSON)] {
    let image = picture.map { picture in
      JSON.object([
        ("type", .string(picture.image.kind.rawValue)), ("bytes", .integer(picture.image.bytes.count)),
        ("asStored", .bool(picture.isAsStored)),
      ])
    }
    let (first, data) = (views[0], views[0].data)
    return [
      ("command", .string("view")), ("filter", .string(name)), ("output", .string(output)),
      ("address", .string(address)), ("bytes", .integer(bytes)),
      ("title", .string(data.title)), ("also", .array(views[1...].map { .string($0.data.title) })),
      ("target", .bool(first.hasTarget)), ("image", image ?? .null), ("map", .bool(data.hasMap)),
      ("depth", .bool(data.hasDepth)),
      ("truth", .bool(data.truth != nil)),
    ]
  }

  var text: String {
    let (first, data) = (views[0], views[0].data)
    let parts = [
      views.count > 1 ? "\(views.count) filters" : nil, first.hasTarget ? "the dense kernel" : nil,
      picture.map { $0.isAsStored ? "the image" : "the image, encoded again" },
      data.hasDepth ? "the depths" : data.hasMap ? "the map" : nil,
      data.truth != nil ? "the image filtered by dense kernels" : nil,
    ].compactMap { $0 }
    let holds = parts.isEmpty ? "" : ", with " + parts.joined(separator: ", ")
    return "\(output ?? address ?? name): \(fixed(Double(bytes) / 1e6, 2)) MB\(holds); open it in a browser"
  }
}
