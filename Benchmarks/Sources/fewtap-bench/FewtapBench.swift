import ArgumentParser
import Fewtap
import FewtapImageIO
import Foundation

/// `fewtap-bench`: measures fits, and prints tables. Nothing in it passes or fails.
@main struct FewtapBench: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fewtap-bench", abstract: "Measure fits of the benchmark kernels on real photographs.",
    subcommands: [Measure.self, FitOnce.self, Serve.self], defaultSubcommand: Measure.self)
}

struct Measure: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Print the tables.", discussion: "Benchmarks/get-photos fetches the photographs.")

  enum Part: String, CaseIterable, ExpressibleByArgument { case fit, fast, seeds, memory, all }

  @Argument(help: "Which table: fit, fast, seeds, memory or all.")
  var part = Part.all

  @Argument(help: "Further photographs to measure fits on.", completion: .file())
  var photographs: [String] = []

  @Option(help: "Only these kernels, by name, separated by commas.")
  var kernels: String?

  @Option(help: "Folder of astronaut.png, coffee.png and chelsea.png.", completion: .directory)
  var photos = ".bench/photos"

  @Option(help: "Write all figures to this file, too.", completion: .file())
  var json: String?

  func run() throws {
    let bench = Bench(
      kernels: try chosenKernels(),
      photographs: try (Photograph.references.map { "\(photos)/\($0).png" } + photographs).map(Photograph.init))
    var report = Report(machine: Machine())
    print(report.machine.text)
    if [.fit, .all].contains(part) { report.fits = try bench.fits() }
    if [.fast, .all].contains(part) { report.fast = try bench.fast() }
    if [.seeds, .all].contains(part) { report.seeds = try bench.seeds() }
    if [.memory, .all].contains(part) { report.memory = try MemoryMeasurement.table(bench.kernels) }
    if let json {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
      // An exact filter's PSNR is infinite.
      encoder.nonConformingFloatEncodingStrategy = .convertToString(
        positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
      try encoder.encode(report).write(to: URL(fileURLWithPath: json), options: .atomic)
    }
  }

  private func chosenKernels() throws -> [BenchmarkKernel] {
    guard let kernels else { return BenchmarkKernel.all }
    return try kernels.split(separator: ",").map { try BenchmarkKernel.named(String($0)) }
  }
}

/// One fit, for ``MemoryMeasurement``.
struct FitOnce: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fit-once", abstract: "Fit once and print the memory held, as JSON.", shouldDisplay: false)

  @Argument var kernel: String
  @Argument var method: String

  func run() throws {
    guard let method = Method(rawValue: method) else {
      let known = Method.allCases.map(\.rawValue).joined(separator: ", ")
      throw ValidationError("\"\(method)\" is no way to fit: expected one of \(known)")
    }
    let measurement = try MemoryMeasurement(fitting: BenchmarkKernel.named(kernel), by: method)
    print(String(decoding: try JSONEncoder().encode(measurement), as: UTF8.self))
  }
}

extension BenchmarkKernel {
  /// The kernel of that name.
  static func named(_ name: String) throws -> BenchmarkKernel {
    guard let kernel = all.first(where: { $0.name == name }) else {
      let known = all.map(\.name).joined(separator: ", ")
      throw ValidationError("\"\(name)\" is no benchmark kernel: expected some of \(known)")
    }
    return kernel
  }
}

/// All figures of a run.
private struct Report: Encodable {
  let machine: Machine
  var fits: [FitMeasurement] = []
  var fast: [FitMeasurement] = []
  var seeds: [FitMeasurement] = []
  var memory: [MemoryMeasurement] = []
}
