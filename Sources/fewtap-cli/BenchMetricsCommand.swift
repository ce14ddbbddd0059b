import ArgumentParser
import Fewtap
import FewtapImageIO
import FewtapMetrics

/// `fewtap bench metrics`: how far one picture is from another.
struct BenchMetricsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "metrics", abstract: "Measure how far a picture is from another: PSNR, SSIM, FLIP.",
    discussion: """
      Examples:
        fewtap bench metrics blurred.png expected.png
        fewtap bench metrics blurred.png expected.png --map difference.png --json

      All are taken of what a display shows: sRGB codes, clamped to 0...1, colors over black. PSNR counts squares (higher is \
      closer), SSIM looks at local structure (1 is equal), FLIP at what a person sees who flips between the two on a large \
      display at 67 pixels a degree (0 is equal). SSIM wants sides of 11 pixels at least.
      """)

  @Argument(help: ArgumentHelp("The picture: an image file of one or three colors.", valueName: "picture"))
  var picture: String

  @Argument(help: ArgumentHelp("What it should look like; of the same size and channels.", valueName: "reference"))
  var reference: String

  @Option(help: "How stored values stand for light: automatic (sRGB in integers, light in floats), linear, srgb.")
  var transfer: Transfer = .automatic

  @Option(help: ArgumentHelp("Write FLIP's map there, gray, 0 (black) to 1.", valueName: "file"))
  var map: String?

  @Flag(help: "Overwrite the map if it exists.")
  var force = false

  @OptionGroup var threading: ThreadOptions
  @OptionGroup var report: ReportOptions

  func run() throws {
    if let map {
      try ImageArgument(path: map).checkFormat(type: nil)
      try OutputPath(path: map).check(force: force)
    }
    let (shown, expected) = (try read(picture), try read(reference))
    do {
      let figures = try PictureFigures(shown, reference: expected, threads: threading.threads)
      if let map { try write(figures.flip.map, to: map) }
      try report.print(MetricsReport(picture: picture, reference: reference, map: map, figures: figures))
    } catch let error as MetricError {
      throw Failure("\(picture) beside \(reference)", error)
    }
  }

  private func read(_ path: String) throws -> DisplayPicture {
    guard !path.isEmpty else { throw Failure("the picture's name is empty: give an image file", .usage) }
    let image = try ImageFile.read(path: path, transfer: transfer).image
    do {
      return try DisplayPicture(image, threads: threading.threads)
    } catch {
      throw Failure(path, error)
    }
  }

  private func write(_ plane: Plane<Float>, to path: String) throws {
    // The map's values are the file's codes, as fine as its format has them.
    let type: PixelType = ImageFormat(path: path)?.types.contains(.float) ?? false ? .float : .uint16
    let file = ImageFile(image: try Image(planes: [plane]), metadata: ImageMetadata(pixelType: type))
    for warning in try file.write(path: path, options: WriteOptions(type: nil, transfer: .linear)) {
      report.warn("\(path): \(warning)")
    }
  }
}

/// All metrics of one pair of pictures, and what they took.
private struct PictureFigures {
  let comparison: ImageComparison
  let similarity: StructuralSimilarity
  let flip: Flip
  let stages: [(name: String, seconds: Double)]

  init(_ picture: DisplayPicture, reference: DisplayPicture, threads: Int) throws {
    var clock = StageClock()
    similarity = try StructuralSimilarity(picture, reference: reference, threads: threads)
    clock.end("ssim")
    flip = try Flip(picture, reference: reference, threads: threads)
    clock.end("flip")
    comparison = try ImageComparison(Image(planes: picture.planes), reference: Image(planes: reference.planes))
    clock.end("psnr")
    stages = clock.stages
  }
}

/// The figures.
private struct MetricsReport: Report {
  let picture: String
  let reference: String
  let map: String?
  let figures: PictureFigures

  var json: [(String, JSON)] {
    [
      ("command", .string("bench metrics")), ("picture", .string(picture)), ("reference", .string(reference)),
      ("psnr", .number(figures.comparison.psnr)), ("largestDifference", .number(figures.comparison.largestDifference)),
      ("ssim", .number(figures.similarity.mean)),
      ("ssimPerChannel", .array(figures.similarity.perChannel.map { .number($0) })),
      ("flip", .number(figures.flip.mean)), ("map", .string(map)),
      ("seconds", .object(figures.stages.map { ($0.name, .number($0.seconds)) })),
    ]
  }

  var text: String {
    let psnr = figures.comparison.psnr
    var rows = [
      ("PSNR", psnr.isFinite ? "\(fixed(psnr, 2)) dB" : "equal"), ("SSIM", fixed(figures.similarity.mean, 6)),
      ("FLIP", fixed(figures.flip.mean, 6)),
    ]
    rows.append(("time", figures.stages.map { "\($0.name) \(fixed($0.seconds, 2)) s" }.joined(separator: ", ")))
    if let map { rows.append(("map", legible(map))) }
    return "\(legible(picture)) beside \(legible(reference))\n" + aligned(rows.map { (label: $0.0, value: $0.1) })
  }
}
