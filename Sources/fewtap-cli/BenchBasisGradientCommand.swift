import ArgumentParser
import Fewtap
import FewtapReport
import Foundation

/// `fewtap bench basis-gradient`: how long a varying filter's adjoint and gradients take on this machine, against the filter itself.
struct BenchBasisGradientCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "basis-gradient",
    abstract: "Time the adjoint and the gradients of bases against the varying filters themselves.",
    discussion: """
      Examples:
        fewtap bench basis-gradient near.json
        fewtap bench basis-gradient near.json --map edgy --physics scatter --threads 1 --json

      A training step takes the filter once forward, and then the gradients of a loss with respect to the image and the \
      parameter map, or to the taps of the basis. All run over a plane of noise in memory, by maps that are smooth (tilt, \
      radial), have edges (edgy) and are noise (noisy), in the same rounds. Before the clock starts, the gradients on a small \
      image are held to the slow reference. Times are medians over rounds, with the median absolute deviation.
      """)

  @Argument(help: ArgumentHelp("Basis files.", valueName: "basis"))
  var bases: [String]

  @Option(
    parsing: .unconditional, help: ArgumentHelp("Columns and rows of the image.", valueName: "WxH"),
    transform: OptionValue.size)
  var size = PixelSize(width: 1920, height: 1080)

  @Option(
    parsing: .unconditional, help: ArgumentHelp("How often each is run.", valueName: "n"),
    transform: OptionValue.whole(1...10_000))
  var rounds = 7

  @Option(parsing: .unconditional, help: "Channels of the image.", transform: OptionValue.whole(1...4))
  var channels = 1

  @Option(help: "Whose filter counts: gather or scatter. (default: gather)")
  var physics = VaryingDirection.gather

  @Option(help: "Only this map.")
  var map: VaryingScene?

  @Flag(help: "Leave out the gradient of the taps, which takes longest.")
  var noTaps = false

  @OptionGroup var threading: ThreadOptions
  @OptionGroup var report: ReportOptions

  func run() throws {
    let bench = BasisGradientBench(
      size: size, channels: channels, direction: physics, scenes: map.map { [$0] } ?? VaryingScene.allCases,
      works: BasisGradientBench.Work.allCases.filter { $0 != .taps || !noTaps }, rounds: rounds,
      options: ApplyOptions(threads: threading.threads))
    let bar = ProgressBar(enabled: !report.quiet)
    defer { bar.end() }
    var rows: [BasisGradientBench.Row] = []
    for (index, path) in bases.enumerated() {
      let file = FilterFile(path: path)
      guard case .basis(let basis) = try file.readAny() else {
        throw Failure("\(path): it is one filter, not a basis; 'fewtap bench gradient' times filters")
      }
      bar.show("timing", share: Double(index) / Double(bases.count), file.name)
      do {
        rows += try bench.rows(of: basis, name: file.name)
      } catch let error as ApplyError {
        throw Failure(file.name, error)
      }
    }
    bar.end()
    try report.print(BasisGradientReport(machine: Machine(), bench: bench, rows: rows))
  }
}

/// Times varying filters and their gradients.
struct BasisGradientBench {
  /// What is timed, in the table's order.
  enum Work: String, CaseIterable {
    case forward, adjoint
    /// The gradient of the map alone.
    case map
    /// Those of the image and the map: what a training step of a network before the map takes.
    case imageAndMap = "image and map"
    /// The gradient of the taps alone.
    case taps

    var key: String { self == .imageAndMap ? "imageAndMap" : rawValue }
  }

  /// What a basis took on a map.
  struct Row {
    let basis: String
    let interpolation: FilterBasis.Interpolation
    let scene: VaryingScene
    /// One for each work.
    let times: [Timing]
    /// How far gradients of the small image were from the reference's, as a share of those.
    let difference: Double

    func ratio(_ index: Int) -> Double { times[index].median / times[0].median }
  }

  let size: PixelSize
  let channels: Int
  let direction: VaryingDirection
  let scenes: [VaryingScene]
  let works: [Work]
  let rounds: Int
  let options: ApplyOptions

  /// Throws: ``Failure`` if gradients are not the reference's.
  func rows(of basis: FilterBasis, name: String) throws -> [Row] {
    var random = SeededGenerator(seed: 1)
    let (image, cotangent) = (
      noise(size.width, size.height, channels, &random), noise(size.width, size.height, channels, &random)
    )
    let plan = try VaryingPlan(basis, width: size.width)
    // What one thread works other programs hardly change.
    let clock: Timing.Clock = options.threads == 1 ? .processor : .wall
    return try scenes.map { scene in
      let difference = try difference(basis, scene, name)
      let map = parameters(scene, basis, size.width, size.height)
      var times = works.map { _ in [Double]() }
      for round in 0...rounds {
        for (index, work) in works.enumerated() {
          let time = try clock.time {
            switch work {
            case .forward: _ = try plan.apply(to: image, map: map, direction: direction, options: options)
            case .adjoint: _ = try plan.applyAdjoint(to: cotangent, map: map, direction: direction, options: options)
            case .map: try pull(plan, cotangent, image, map, .map)
            case .imageAndMap: try pull(plan, cotangent, image, map, [.input, .map])
            case .taps: try pull(plan, cotangent, image, map, .filters)
            }
          }
          // The first round warms caches and the processor's clock up.
          if round > 0 { times[index].append(time) }
        }
      }
      return Row(
        basis: name, interpolation: basis.interpolation, scene: scene, times: times.map { Timing($0) },
        difference: difference)
    }
  }

  private func pull(
    _ plan: VaryingPlan, _ cotangent: Image, _ image: Image, _ map: ParameterMap, _ parts: BasisGradient.Parts
  ) throws {
    _ = try plan.pullback(
      of: cotangent, at: image, map: map, direction: direction, options: options, wanting: parts)
  }

  private func noise(_ width: Int, _ height: Int, _ count: Int, _ random: inout SeededGenerator) -> Image {
    Image(
      sameSizePlanes: (0..<count).map { _ in
        Plane(
          width: width, height: height, exactly: (0..<width * height).map { _ in Float(random.uniform(-1, 1)) })
      })
  }

  /// The scene over each axis.
  private func parameters(_ scene: VaryingScene, _ basis: FilterBasis, _ width: Int, _ height: Int) -> ParameterMap {
    ParameterMap(
      sameSizePlanes: basis.axes.map { scene.plane(width: width, height: height, $0.axis.range) })
  }

  /// Columns and rows of the image that the reference runs over.
  private static let small = (width: 40, height: 24)
  /// Rounding leaves some 1e-6 of gradients; where a tap's place lies within rounding of a pixel's middle, one of two slopes stands. A
  /// wrong formula is off by the gradient itself.
  private static let allowed = 0.01
  /// The map's gradient has one of two slopes where a value lies within a cell of a bend of the look-up: in at most one pixel of so many.
  private static let bends = 8

  private static let map = "the map"

  private func difference(_ basis: FilterBasis, _ scene: VaryingScene, _ name: String) throws -> Double {
    var random = SeededGenerator(seed: 2)
    let (width, height) = Self.small
    let (image, cotangent) = (noise(width, height, 1, &random), noise(width, height, 1, &random))
    let map = parameters(scene, basis, width, height)
    let reference = try ReferenceVarying(
      basis, map: basis.axes.indices.map { doubles(map.plane(axis: $0)) }, direction: direction)
    let expected = try reference.pullback(of: doubles(cotangent.planes[0]), at: doubles(image.planes[0]))
    let found = try VaryingPlan(basis, width: width).pullback(
      of: cotangent, at: image, map: map, direction: direction, options: options)
    func numbers(_ filters: [FilterGradient]) -> [Double] {
      filters.flatMap { $0.layers.joined().flatMap { [$0.weight, $0.x ?? 0, $0.y ?? 0] } }
    }
    let pairs: [(String, [Double], [Double])] = [
      ("the image", (found.input?.planes[0].values ?? []).map { Double($0) }, expected.input.values),
      (Self.map, (found.map ?? []).flatMap { $0.values.map { Double($0) } }, expected.map.flatMap(\.values)),
      ("the taps", numbers(found.filters ?? []), numbers(expected.filters)),
    ]
    var worst = 0.0
    for (what, found, expected) in pairs {
      let all = expected.reduce(0) { $0 + abs($1) }
      let differences = zip(found, expected).map { abs($0 - $1) }.sorted()
      let kept = what == Self.map ? differences.dropLast(differences.count / Self.bends) : differences[...]
      let off = kept.reduce(0, +)
      guard found.count == expected.count, off <= Self.allowed * all else {
        throw Failure("\(name): the gradient of \(what) is off by \(off / all) of the reference's: nothing is timed")
      }
      worst = max(worst, all > 0 ? off / all : 0)
    }
    return worst
  }

  private func doubles(_ plane: Plane<Float>) -> Plane<Double> {
    Plane(width: plane.width, height: plane.height, exactly: plane.values.map { Double($0) })
  }
}

/// The table.
private struct BasisGradientReport: Report {
  let machine: Machine
  let bench: BasisGradientBench
  let rows: [BasisGradientBench.Row]

  var json: [(String, JSON)] {
    [
      ("command", .string("bench basis-gradient")), ("machine", machine.json), ("width", .integer(bench.size.width)),
      ("height", .integer(bench.size.height)), ("channels", .integer(bench.channels)),
      ("physics", .string(bench.direction.rawValue)), ("threads", .integer(bench.options.threads)),
      ("rounds", .integer(bench.rounds)), ("rows", .array(rows.map(json))),
    ]
  }

  private func json(_ row: BasisGradientBench.Row) -> JSON {
    .object(
      [
        ("basis", .string(row.basis)), ("operator", .string(row.interpolation.rawValue)),
        ("map", .string(row.scene.rawValue)), ("difference", .number(row.difference)),
      ]
        + bench.works.enumerated().map { index, work in
          (
            work.key,
            .object([
              ("milliseconds", .number(row.times[index].median)), ("deviation", .number(row.times[index].deviation)),
              ("ratio", .number(row.ratio(index))),
            ])
          )
        })
  }

  var text: String {
    let table =
      [["basis", "operator", "map", "work", "ms", "+-", "x forward"]]
      + rows.flatMap { row in
        bench.works.enumerated().map { index, work in
          [
            legible(row.basis), row.interpolation.rawValue, row.scene.rawValue, work.rawValue,
            fixed(row.times[index].median, 2), fixed(row.times[index].deviation, 2), fixed(row.ratio(index), 2),
          ]
        }
      }
    return "\(bench.size.width)x\(bench.size.height), \(bench.channels) channels, \(bench.direction.rawValue), "
      + "\(bench.options.threads) threads, \(bench.rounds) rounds, \(machine.text)\n" + columns(table, leading: 4)
      + "\n  Gradients were held to the reference before they were timed."
  }
}
