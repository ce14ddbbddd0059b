import ArgumentParser
import Fewtap
import FewtapReport
import Foundation

/// `fewtap bench apply`: how long filters take on this machine.
struct BenchApplyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "apply", abstract: "Time filters on this machine, by channels, type of samples and threads.",
    discussion: """
      Examples:
        fewtap bench apply
        fewtap bench apply heart.json disk.json --size 3840x2160 --json

      Without a file it plans filters of its own, for disks of radius 8 to 128, a heart, a star and a Gaussian, at 60 dB. Each \
      filter runs over noise in memory: planar floats, and interleaved sRGB bytes, one and three channels, on one thread and \
      on all. A crop of each result is held to the slow reference before the clock starts. Times are medians over rounds, \
      with the median absolute deviation.
      """)

  @Argument(help: ArgumentHelp("Filter files.", valueName: "filter"))
  var filters: [String] = []

  @Option(
    parsing: .unconditional, help: ArgumentHelp("Columns and rows of the image.", valueName: "WxH"),
    transform: OptionValue.size)
  var size = PixelSize(width: 1920, height: 1080)

  @Option(
    parsing: .unconditional, help: ArgumentHelp("How often each filter is run.", valueName: "n"),
    transform: OptionValue.whole(1...10_000))
  var rounds = 15

  @OptionGroup var threading: ThreadOptions
  @OptionGroup var report: ReportOptions

  func run() throws {
    let subjects = try filters.isEmpty ? planned() : files()
    var rows: [BenchRow] = []
    let bar = ProgressBar(enabled: !report.quiet)
    defer { bar.end() }
    let threads = threading.threads > 1 ? [1, threading.threads] : [1]
    let runs = PlaneBench.Samples.allCases.flatMap { samples in [1, 3].map { (samples: samples, channels: $0) } }
    for (index, run) in runs.enumerated() {
      let bench = PlaneBench(width: size.width, height: size.height, channels: run.channels, samples: run.samples)
      let plans = try subjects.map { try ApplyPlan($0.filter, width: size.width) }
      var output = [UInt8](repeating: 0, count: bench.image.count)
      for (subject, plan) in zip(subjects, plans) {
        bar.show("checking", share: Double(index) / Double(runs.count), subject.name)
        try bench.apply(plan, into: &output, threads: threading.threads)
        try CropCheck(bench: bench, filter: subject.filter).check(output, name: subject.name)
      }
      for threads in threads {
        let times = try bench.milliseconds(plans, threads: threads, rounds: rounds, clock: .wall) { _ in
          bar.show("timing", share: Double(index) / Double(runs.count), "\(run.samples.rawValue) x\(run.channels)")
        }
        rows += zip(subjects, times).map { subject, time in
          BenchRow(subject: subject, bench: bench, threads: threads, time: time)
        }
      }
    }
    bar.end()
    try report.print(BenchReport(machine: Machine(), size: size, rounds: rounds, rows: rows))
  }

  private func files() throws -> [BenchSubject] {
    try filters.map { path in
      let file = FilterFile(path: path)
      let filter = try file.read()
      do {
        _ = try ApplyPlan(filter, width: size.width)
      } catch {
        throw Failure(file.name, error)
      }
      return BenchSubject(name: file.name, filter: filter, radius: filter.bounds.reach)
    }
  }

  private static let kernels = [
    "disk:radius=8", "disk:radius=20", "disk:radius=48", "disk:radius=128", "heart:size=45", "star:points=5,radius=22",
    "gaussian:sigma=20",
  ]

  private func planned() throws -> [BenchSubject] {
    try Self.kernels.map { text in
      let kernel = try KernelSpecification(text).makeKernel()
      var options = PlanOptions(.error(decibels: PlanOptions.standardError))
      options.threads = threading.threads
      let filter = try Planner(kernel, options).run().result.filter
      return BenchSubject(name: text, filter: filter, radius: kernel.radius)
    }
  }
}

/// A filter to be timed.
struct BenchSubject {
  let name: String
  let filter: SparseFilter
  /// Of the kernel, or what the filter touches.
  let radius: Int
}

/// What a filter took.
struct BenchRow {
  let subject: BenchSubject
  let channels: Int
  let samples: PlaneBench.Samples
  let threads: Int
  /// Of the whole image, in milliseconds.
  let time: Timing
  let megapixels: Double

  init(subject: BenchSubject, bench: PlaneBench, threads: Int, time: Timing) {
    (self.subject, self.threads, self.time) = (subject, threads, time)
    (channels, samples, megapixels) = (bench.channels, bench.samples, bench.megapixels)
  }

  var perMegapixel: Double { time.median / megapixels }
}

/// The table.
private struct BenchReport: Report {
  let machine: Machine
  let size: PixelSize
  let rounds: Int
  let rows: [BenchRow]

  var json: [(String, JSON)] {
    [
      ("command", .string("bench apply")), ("machine", machine.json), ("width", .integer(size.width)),
      ("height", .integer(size.height)), ("rounds", .integer(rounds)), ("rows", .array(rows.map(json))),
    ]
  }

  private func json(_ row: BenchRow) -> JSON {
    .object([
      ("filter", .string(row.subject.name)), ("radius", .integer(row.subject.radius)),
      ("rate", row.subject.filter.rate.map { .integer($0.factor) } ?? .integer(1)),
      ("photoPSNR", .number(row.subject.filter.fit?.photoPSNR)), ("samples", .string(row.samples.rawValue)),
      ("channels", .integer(row.channels)), ("threads", .integer(row.threads)),
      ("milliseconds", .number(row.time.median)), ("deviation", .number(row.time.deviation)),
      ("millisecondsAMegapixel", .number(row.perMegapixel)),
    ])
  }

  var text: String {
    let table =
      [["filter", "radius", "rate", "dB", "samples", "channels", "threads", "ms", "+-", "ms/MP"]]
      + rows.map { row in
        [
          legible(row.subject.name), "\(row.subject.radius)", row.subject.filter.rate.map { "1/\($0.factor)" } ?? "1",
          row.subject.filter.fit.map { $0.photoPSNR > 200 ? "exact" : fixed($0.photoPSNR, 1) } ?? "?",
          row.samples.rawValue,
          "\(row.channels)", "\(row.threads)", fixed(row.time.median, 3), fixed(row.time.deviation, 3),
          fixed(row.perMegapixel, 3),
        ]
      }
    return "\(size.width)x\(size.height), \(rounds) rounds, \(machine.text)\n" + columns(table, leading: 1)
      + "\n  Each result was held to the reference before it was timed."
  }
}

/// Rows of cells under one another, the first `leading` columns at the left, the others at the right.
func columns(_ table: [[String]], leading: Int) -> String {
  let count = table.map(\.count).max() ?? 0
  let widths = (0..<count).map { column in table.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0 }
  return table.map { row in
    let cells = zip(row, widths).enumerated().map { column, cell in
      let space = String(repeating: " ", count: cell.1 - cell.0.count)
      return column < leading ? cell.0 + space : space + cell.0
    }
    return "  " + cells.joined(separator: "  ")
  }.joined(separator: "\n")
}
