import ArgumentParser
import Fewtap
import FewtapImageIO
import FewtapMetrics
import FewtapReport
import Foundation

/// `fewtap bench depth`: how near depth of field comes to a lens, on a scene of ours of which all is known.
struct BenchDepthCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "depth", abstract: "Hold depth of field to a lens, on a scene whose depth is known exactly.",
    discussion: """
      Examples:
        fewtap bench depth near.json
        fewtap bench depth near.json --samples 4096 --output depth --threads 2

      Renders a scene as a pinhole sees it, with its exact depth, and as a lens sees it, from many points of the lens. Then the \
      basis (of a disk's radius, in pixels) makes depth of field from the pinhole's picture: with occlusion, without, and for \
      comparison dense kernels at 128 radii without. PSNR and FLIP are those of what a display shows (sRGB codes, white and above \
      are one); near edges are pixels whose blur jumps within their reach. The lens' own figures are those of two halves of its \
      samples.
      """)

  @Argument(help: ArgumentHelp("A basis of one parameter, the radius of a disk.", valueName: "basis"))
  var basis: String

  @Option(
    parsing: .unconditional, help: ArgumentHelp("Columns and rows of the scene.", valueName: "WxH"),
    transform: OptionValue.size)
  var size = PixelSize(width: 1920, height: 1080)

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Points of the lens for each pixel.", valueName: "n"),
    transform: OptionValue.whole(16...1_000_000))
  var samples = 1024

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Largest radius of blur. (default: 24 px in 1080 rows)", valueName: "px"),
    transform: OptionValue.number(atLeast: 0.01))
  var radius: Double?

  @Option(help: ArgumentHelp("A folder for the pictures, the depth and enlarged parts.", valueName: "dir"))
  var output: String?

  @Option(
    help: ArgumentHelp(
      "The lens' picture of an earlier run, lens.npy in its --output; not rendered then.", valueName: "file"))
  var truth: String?

  @Flag(help: "Leave the dense kernels out.")
  var quick = false

  @OptionGroup var threading: ThreadOptions
  @OptionGroup var report: ReportOptions

  func run() throws {
    let basis = try FilterBasis(json: Data(readBytes(path: basis, limit: FilterBasis.maximumFileSize)))
    guard basis.axes.count == 1 else { throw Failure("\(self.basis) has \(basis.axes.count) parameters: expected one") }
    let scene: DepthScene
    do {
      scene = try DepthScene(width: size.width, height: size.height, largestRadius: radius)
    } catch {
      throw Failure("the scene", error)
    }
    let bar = ProgressBar(enabled: !report.quiet)
    defer { bar.end() }
    let threads = threading.threads
    bar.show("rendering", share: 0)
    let (pinhole, blur) = (scene.pinhole(threads: threads), scene.radius)
    var (rows, pictures) = ([DepthRow](), [(name: String, image: Image)]())
    let (lens, noise) = try lensPicture(scene, bar)
    let edges = blur.nearJumps(atLeast: 2)
    let shown = try DisplayPicture(lens, threads: threads)
    func judge(_ name: String, _ image: Image, milliseconds: Double?) throws {
      bar.show("measuring", share: 0.9, name)
      let picture = try DisplayPicture(image, threads: threads)
      pictures.append((name, image))
      rows.append(
        DepthRow(
          name: name, milliseconds: milliseconds, psnr: picture.psnr(shown, where: nil),
          edgePSNR: picture.psnr(shown, where: edges), flip: try Flip(picture, reference: shown, threads: threads).mean)
      )
    }
    let options = ApplyOptions(threads: threads)
    func time(_ work: () throws -> Image) throws -> (Image, Double) {
      // Once to warm up: plans, pages.
      var image = try work()
      let times = try (0..<3).map { _ in try Timing.Clock.wall.time { image = try work() } }
      return (image, Timing(times).median)
    }
    bar.show("blurring", share: 0.6)
    let field = try DepthOfField(basis)
    let signed = try ParameterMap([blur])
    let (layered, layeredTime) = try time { try field.apply(to: pinhole, map: signed, options: options) }
    try judge("with occlusion", layered, milliseconds: layeredTime)
    var sizes = blur
    let range = basis.axes[0].axis.range
    for index in sizes.values.indices {
      sizes.values[index] = min(max(abs(sizes.values[index]), Float(range.lowerBound)), Float(range.upperBound))
    }
    let plain = try VaryingPlan(basis, width: scene.width)
    let (gathered, gatheredTime) = try time {
      try plain.apply(to: pinhole, map: ParameterMap([sizes]), options: options)
    }
    try judge("plain gather", gathered, milliseconds: gatheredTime)
    if !quick {
      let (dense, denseTime) = try denseGather(pinhole, sizes, range, options)
      try judge("dense gather", dense, milliseconds: denseTime)
    }
    try judge("no blur", pinhole, milliseconds: nil)
    if let output {
      try DepthPictures(pinhole: pinhole, lens: lens, radius: blur, blurred: Array(pictures.dropLast())).write(output)
    }
    bar.end()
    try report.print(
      DepthReport(
        machine: Machine(), width: scene.width, height: scene.height, radius: scene.largestRadius, threads: threads,
        samples: truth == nil ? samples : nil, noise: noise, rows: rows))
  }

  /// The lens' picture, and the PSNR between two halves of its samples.
  private func lensPicture(_ scene: DepthScene, _ bar: ProgressBar) throws -> (Image, Double?) {
    if let truth {
      let image = try ImageFile.read(path: truth, transfer: .linear).image
      guard image.width == scene.width, image.height == scene.height, image.planes.count == 3 else {
        throw Failure(
          "\(truth): it is not the lens' picture of this scene: expected \(scene.width)x\(scene.height), 3 channels")
      }
      return (image, nil)
    }
    bar.show("rendering the lens", share: 0.1)
    let first = scene.lens(samples: samples / 2, threads: threading.threads)
    bar.show("rendering the lens", share: 0.35)
    let second = scene.lens(samples: samples / 2, from: samples / 2, threads: threading.threads)
    let noise = try DisplayPicture(first).psnr(DisplayPicture(second), where: nil)
    let planes = zip(first.planes, second.planes).map { a, b in
      var mean = a
      for index in mean.values.indices { mean.values[index] = 0.5 * (a.values[index] + b.values[index]) }
      return mean
    }
    return (try Image(planes: planes), noise)
  }

  /// The family's kernels at 128 radii, each pixel its own.
  private func denseGather(
    _ image: Image, _ sizes: Plane<Float>, _ range: ClosedRange<Double>, _ options: ApplyOptions
  ) throws -> (Image, Double) {
    let count = 128
    let family = try KernelFamily("disk:radius=\(range.lowerBound)...\(range.upperBound)")
    let step = (range.upperBound - range.lowerBound) / Double(count - 1)
    let dense = try DenseVarying((0..<count).map { try family.kernel(at: [range.lowerBound + step * Double($0)]) })
    let indices = sizes.values.map { Int32(((Double($0) - range.lowerBound) / step).rounded()) }
    var planes = image.planes
    let time = try Timing.Clock.wall.time {
      for channel in planes.indices {
        planes[channel] = try dense.apply(toPlane: image.planes[channel], indices: indices, options: options)
      }
    }
    return (try Image(planes: planes), time)
  }
}

extension Plane<Float> {
  /// Pixels within whose blur, or that of pixels beside, the blur jumps: those that show what a lens does at edges.
  fileprivate func nearJumps(atLeast jump: Float) -> [Bool] {
    var result = [Bool](repeating: false, count: values.count)
    for y in 0..<height {
      for x in 0..<width {
        for (dx, dy) in [(1, 0), (0, 1)] where x + dx < width && y + dy < height {
          let (a, b) = (self[x, y], self[x + dx, y + dy])
          guard abs(a - b) >= jump else { continue }
          let reach = Int(Swift.max(abs(a), abs(b))) + 1
          for row in Swift.max(0, y - reach)...Swift.min(height - 1, y + reach) {
            for column in Swift.max(0, x - reach)...Swift.min(width - 1, x + reach) {
              result[row * width + column] = true
            }
          }
        }
      }
    }
    return result
  }
}

extension DisplayPicture {
  /// dB between two pictures of one size, peak 1.
  fileprivate func psnr(_ other: DisplayPicture, where mask: [Bool]?) -> Double {
    var (sum, count) = (0.0, 0)
    for (a, b) in zip(planes, other.planes) {
      for index in a.values.indices where mask?[index] ?? true {
        let difference = Double(a.values[index] - b.values[index])
        sum += difference * difference
        count += 1
      }
    }
    return -10 * log10(Swift.max(sum / Double(Swift.max(count, 1)), 1e-30))
  }
}

/// How near a picture comes to the lens'.
private struct DepthRow {
  let name: String
  let milliseconds: Double?
  let psnr: Double
  let edgePSNR: Double
  let flip: Double
}

/// The table.
private struct DepthReport: Report {
  let machine: Machine
  let width: Int
  let height: Int
  let radius: Double
  let threads: Int
  let samples: Int?
  let noise: Double?
  let rows: [DepthRow]

  var json: [(String, JSON)] {
    [
      ("command", .string("bench depth")), ("machine", machine.json), ("width", .integer(width)),
      ("height", .integer(height)), ("largestRadius", .number(radius)), ("threads", .integer(threads)),
      ("samples", .number(samples.map { Double($0) })), ("halvesPSNR", .number(noise)),
      (
        "rows",
        .array(
          rows.map { row in
            .object([
              ("name", .string(row.name)), ("milliseconds", .number(row.milliseconds)), ("psnr", .number(row.psnr)),
              ("edgePSNR", .number(row.edgePSNR)), ("flip", .number(row.flip)),
            ])
          })
      ),
    ]
  }

  var text: String {
    let table =
      [["picture", "ms", "dB", "dB near edges", "FLIP"]]
      + rows.map { row in
        [
          row.name, row.milliseconds.map { fixed($0, 0) } ?? "-", fixed(row.psnr, 2), fixed(row.edgePSNR, 2),
          fixed(row.flip, 4),
        ]
      }
    let lens =
      samples.map { "lens: \($0) samples a pixel" + (noise.map { ", its halves \(fixed($0, 1)) dB apart" } ?? "") }
      ?? "lens: from a file"
    return
      "\(width)x\(height), radius to \(fixed(radius, 1)) px, 3 channels, \(threads) threads, \(machine.text)\n\(lens)\n"
      + columns(table, leading: 1)
  }
}
