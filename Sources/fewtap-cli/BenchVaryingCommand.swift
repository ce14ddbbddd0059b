import ArgumentParser
import Fewtap
import FewtapBaselines
import FewtapImageIO
import FewtapReport
import Foundation

/// `fewtap bench varying`: how long varying filters take on this machine, and how true they are.
struct BenchVaryingCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "varying", abstract: "Time bases of filters on this machine against a dense kernel at every pixel.",
    discussion: """
      Examples:
        fewtap bench varying near.json --family disk:radius=0...24
        fewtap bench varying near.json wide.json --family disk:radius=0...100 --image photo.png --threads 1

      Each basis of one parameter runs over a plane by maps that are smooth (tilt, radial), have edges (edgy) and are noise \
      (noisy), look-up of the map included. The rival is a vectorized loop over the whole kernel at every pixel, with the \
      family's kernels at 128 values; with it as truth, the basis' PSNR is measured on the same values. Times are medians \
      over rounds.
      """)

  @Argument(help: ArgumentHelp("Basis files.", valueName: "basis"))
  var bases: [String]

  @Option(
    help: ArgumentHelp(
      "The family that the bases stand for, as 'fewtap basis' takes it; without it there is no rival and no truth.",
      valueName: "family"))
  var family: FamilyArgument?

  @Option(help: "A photograph to run over, in linear light. (default: noise)")
  var image: String?

  @Option(
    parsing: .unconditional, help: ArgumentHelp("Columns and rows of the plane.", valueName: "WxH"),
    transform: OptionValue.size)
  var size = PixelSize(width: 1920, height: 1080)

  @Option(
    parsing: .unconditional, help: ArgumentHelp("How often each basis is run.", valueName: "n"),
    transform: OptionValue.whole(1...10_000))
  var rounds = 9

  @Option(parsing: .unconditional, help: "Channels of the image.", transform: OptionValue.whole(1...4))
  var channels = 1

  @Option(help: "Whose filter counts: gather, or scatter, which has no rival. (default: gather)")
  var physics = VaryingDirection.gather

  @Option(help: "Only this map.")
  var map: VaryingScene?

  @OptionGroup var familyOptions: FamilyOptions
  @OptionGroup var threading: ThreadOptions
  @OptionGroup var report: ReportOptions

  /// Values of the parameter at which the rival has a kernel.
  private static let levelCount = 128

  func validate() throws {
    guard physics == .gather || family == nil else {
      throw ValidationError("--family: its rival and truth gather, so it is not for --physics scatter")
    }
  }

  func run() throws {
    let family = try self.family.map { try familyOptions.family($0) }
    let bases = try bases.map { (path: $0, basis: try basis($0, of: family)) }
    let plane = try picture()
    let (width, height) = (plane.width, plane.height)
    var rows: [VaryingRow] = []
    let bar = ProgressBar(enabled: !report.quiet)
    defer { bar.end() }
    let options = ApplyOptions(threads: threading.threads)
    let layout = PixelLayout.planar(
      type: .float, transfer: .linear, width: width, height: height, channels: channels)
    let input = (0..<channels).flatMap { _ in plane.values }
    var output = [Float](repeating: 0, count: input.count)
    for (path, basis) in bases {
      let plan: VaryingPlan
      do { plan = try VaryingPlan(basis, width: width) } catch { throw Failure(path, error) }
      let axis = basis.axes[0].axis
      let lattice = ParameterLattice([axis], counts: [Self.levelCount])
      let rival = try family.map { try DenseVarying(lattice.kernels(of: $0, threads: threading.threads)) }
      for (index, scene) in VaryingScene.allCases.enumerated() where map == nil || map == scene {
        bar.show("timing", share: Double(index) / 4, "\(path) \(scene.rawValue)")
        // On the rival's values, so that it is the truth.
        let parameters = lattice.snapped(
          ParameterMap(sameSizePlanes: [scene.plane(width: width, height: height, axis.range)]))
        let indices = lattice.nearest(parameters)
        let mapped = try plan.mapped(by: parameters, direction: physics)
        var times: [Double] = []
        for round in 0...rounds {
          let time = try Timing.Clock.wall.time {
            try input.withUnsafeBytes { input in
              try output.withUnsafeMutableBytes { output in
                _ = try mapped.apply(from: input, layout, to: output, layout, height: height, options: options)
              }
            }
          }
          if round > 0 { times.append(time) }
        }
        var (dense, decibels): (Timing?, Double?) = (nil, nil)
        if let rival {
          var truth = plane
          let time = try Timing.Clock.wall.time {
            truth = try rival.apply(toPlane: plane, indices: indices, options: options)
          }
          dense = Timing([time])
          // Further channels repeat the first.
          let found = Plane(width: width, height: height, exactly: Array(output.prefix(truth.values.count)))
          decibels = try ImageComparison(found, reference: truth).psnr
        }
        rows.append(VaryingRow(basis: path, scene: scene, time: Timing(times), dense: dense, decibels: decibels))
      }
    }
    bar.end()
    try report.print(
      VaryingReport(
        machine: Machine(), width: width, height: height, channels: channels, threads: threading.threads,
        rounds: rounds, rows: rows))
  }

  /// The basis of a file, of the one parameter that `family` has, if there is one.
  private func basis(_ path: String, of family: KernelFamily?) throws -> FilterBasis {
    guard case .basis(let basis) = try FilterFile(path: path).readAny() else {
      throw Failure("\(path): it is one filter, not a basis; 'fewtap bench apply' times filters")
    }
    for (name, count) in [(path, basis.axes.count)] + (family.map { [($0.name, $0.axes.count)] } ?? [])
    where count != 1 {
      throw Failure("\(name): it has \(count) parameters; bases and families of one can be timed")
    }
    return basis
  }

  /// The plane to run over.
  private func picture() throws -> Plane<Float> {
    guard let image else {
      var random = SeededGenerator(seed: 1)
      var plane = Plane<Float>(width: size.width, height: size.height)
      for index in plane.values.indices { plane.values[index] = Float(random.unit()) }
      return plane
    }
    let photo = try ImageFile.read(path: image).image
    if let bad = photo.firstNonFinite() {
      throw Failure(
        "\(image): channel \(bad.channel) is \(bad.value) at column \(bad.x), row \(bad.y): only finite pixels can be measured"
      )
    }
    return photo.middlePlane(width: size.width, height: size.height)
  }
}

extension VaryingScene: ExpressibleByArgument {}

/// What a basis took on a map.
private struct VaryingRow {
  let basis: String
  let scene: VaryingScene
  let time: Timing
  let dense: Timing?
  let decibels: Double?
}

/// The table.
private struct VaryingReport: Report {
  let machine: Machine
  let width: Int
  let height: Int
  let channels: Int
  let threads: Int
  let rounds: Int
  let rows: [VaryingRow]

  var json: [(String, JSON)] {
    [
      ("command", .string("bench varying")), ("machine", machine.json), ("width", .integer(width)),
      ("height", .integer(height)), ("channels", .integer(channels)), ("threads", .integer(threads)),
      ("rounds", .integer(rounds)),
      (
        "rows",
        .array(
          rows.map { row in
            .object([
              ("basis", .string(row.basis)), ("map", .string(row.scene.rawValue)),
              ("milliseconds", .number(row.time.median)), ("deviation", .number(row.time.deviation)),
              ("denseMilliseconds", .number(row.dense?.median)), ("psnr", .number(row.decibels)),
            ])
          })
      ),
    ]
  }

  var text: String {
    let table =
      [["basis", "map", "ms", "+-", "dense ms", "ratio", "dB"]]
      + rows.map { row in
        [
          legible(row.basis), row.scene.rawValue, fixed(row.time.median, 2), fixed(row.time.deviation, 2),
          row.dense.map { fixed($0.median, 0) } ?? "-",
          // The rival runs over one channel.
          row.dense.map { fixed($0.median * Double(channels) / row.time.median, 1) } ?? "-",
          row.decibels.map { fixed($0, 1) } ?? "-",
        ]
      }
    return "\(width)x\(height), \(channels) channels, \(threads) threads, \(rounds) rounds, \(machine.text)\n"
      + columns(table, leading: 2)
  }
}
