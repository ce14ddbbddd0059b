import ArgumentParser
import Fewtap
import FewtapReport
import Foundation

/// `fewtap bench gradient`: how long a filter's adjoint and its gradients take on this machine, against the filter itself.
struct BenchGradientCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "gradient", abstract: "Time the adjoint and the gradients of filters against the filters themselves.",
    discussion: """
      Examples:
        fewtap bench gradient heart.json disk.json
        fewtap bench gradient heart.json --size 3840x2160 --threads 1 --json

      A training step takes the filter once forward, and its pullback: the gradients of a loss with respect to the image, to \
      the weight and offset of every tap, and to the gain. Both run over planes of noise in memory, in the same rounds. Before \
      the clock starts, gradients of a loss on a crop are held to the slow reference, and those of the whole image to each \
      other. Times are medians over rounds, with the median absolute deviation.
      """)

  @Argument(help: ArgumentHelp("Filter files.", valueName: "filter"))
  var filters: [String]

  @Option(
    parsing: .unconditional, help: ArgumentHelp("Columns and rows of the image.", valueName: "WxH"),
    transform: OptionValue.size)
  var size = PixelSize(width: 1920, height: 1080)

  @Option(
    parsing: .unconditional, help: ArgumentHelp("How often each is run.", valueName: "n"),
    transform: OptionValue.whole(1...10_000))
  var rounds = 15

  @Option(parsing: .unconditional, help: "Channels of the image.", transform: OptionValue.whole(1...4))
  var channels = 1

  @OptionGroup var threading: ThreadOptions
  @OptionGroup var report: ReportOptions

  /// What is timed, in the table's order.
  enum Work: String, CaseIterable {
    case forward, adjoint
    /// The gradients of the taps and of the gain alone.
    case filterGradient = "filter gradient"
    case pullback

    var key: String { self == .filterGradient ? "filterGradient" : rawValue }
  }

  func run() throws {
    var random = SeededGenerator(seed: 1)
    func noise(_ least: Double) -> Image {
      Image(
        sameSizePlanes: (0..<channels).map { _ in
          let values = (0..<size.width * size.height).map { _ in Float(random.uniform(least, 1)) }
          return Plane(width: size.width, height: size.height, exactly: values)
        })
    }
    let (image, cotangent) = (noise(0), noise(-1))
    let options = ApplyOptions(threads: threading.threads)
    let bar = ProgressBar(enabled: !report.quiet)
    defer { bar.end() }
    let subjects = try filters.enumerated().map { index, path in
      let file = FilterFile(path: path)
      let filter = try file.read()
      bar.show("checking", share: Double(index) / Double(filters.count), file.name)
      do {
        let plan = try ApplyPlan(filter, width: size.width)
        try GradientCheck(plan: plan, name: file.name, options: options).check(image, cotangent)
        return (name: file.name, plan: plan)
      } catch let error as ApplyError {
        throw Failure(file.name, error)
      }
    }
    // What one thread works other programs hardly change.
    let clock: Timing.Clock = threading.threads == 1 ? .processor : .wall
    var times = subjects.map { _ in [[Double]](repeating: [], count: Work.allCases.count) }
    for round in 0...rounds {
      bar.show("timing", share: Double(round) / Double(rounds + 1), "round \(round)")
      for (subject, (_, plan)) in subjects.enumerated() {
        for (index, work) in Work.allCases.enumerated() {
          let time = try clock.time {
            switch work {
            case .forward: _ = try plan.apply(to: image, options: options)
            case .adjoint: _ = try plan.applyAdjoint(to: cotangent, options: options)
            case .filterGradient: _ = try plan.pullback(of: cotangent, at: image, wanting: .filter, options: options)
            case .pullback: _ = try plan.pullback(of: cotangent, at: image, options: options)
            }
          }
          // The first round warms caches and the processor's clock up.
          if round > 0 { times[subject][index].append(time) }
        }
      }
    }
    bar.end()
    let rows = zip(subjects, times).map { subject, times in
      GradientRow(name: subject.name, filter: subject.plan.filter, times: times.map { Timing($0) })
    }
    try report.print(
      GradientReport(
        machine: Machine(), size: size, channels: channels, threads: threading.threads, rounds: rounds, rows: rows))
  }
}

/// What one filter took: a timing for each ``BenchGradientCommand/Work``.
private struct GradientRow {
  let name: String
  let filter: SparseFilter
  let times: [Timing]

  func ratio(_ index: Int) -> Double { times[index].median / times[0].median }
}

/// The table.
private struct GradientReport: Report {
  let machine: Machine
  let size: PixelSize
  let channels: Int
  let threads: Int
  let rounds: Int
  let rows: [GradientRow]

  private typealias Work = BenchGradientCommand.Work

  var json: [(String, JSON)] {
    [
      ("command", .string("bench gradient")), ("machine", machine.json), ("width", .integer(size.width)),
      ("height", .integer(size.height)), ("channels", .integer(channels)), ("threads", .integer(threads)),
      ("rounds", .integer(rounds)), ("rows", .array(rows.map(json))),
    ]
  }

  private func json(_ row: GradientRow) -> JSON {
    .object(
      [
        ("filter", .string(row.name)), ("taps", .string(row.filter.chain.model.rawValue)),
        ("layout", .array(row.filter.chain.layout.map { .integer($0) })),
        ("rate", .integer(row.filter.rate?.factor ?? 1)),
      ]
        + Work.allCases.enumerated().map { index, work in
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
      [["filter", "taps", "layout", "rate", "work", "ms", "+-", "x forward"]]
      + rows.flatMap { row in
        Work.allCases.enumerated().map { index, work in
          [
            legible(row.name), row.filter.chain.model.rawValue,
            row.filter.chain.layout.map { "\($0)" }.joined(separator: ","),
            row.filter.rate.map { "1/\($0.factor)" } ?? "1", work.rawValue, fixed(row.times[index].median, 3),
            fixed(row.times[index].deviation, 3), fixed(row.ratio(index), 2),
          ]
        }
      }
    return "\(size.width)x\(size.height), \(channels) channels, \(threads) threads, \(rounds) rounds, \(machine.text)\n"
      + columns(table, leading: 5) + "\n  Gradients were held to the reference before they were timed."
  }
}
