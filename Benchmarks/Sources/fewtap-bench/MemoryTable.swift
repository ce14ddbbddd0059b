import Fewtap
import Foundation

/// Most memory that a process of one fit held.
struct MemoryMeasurement: Codable {
  let kernel: String
  let method: String
  /// Most MiB before the fit: program, libraries (OpenImageIO and what it needs are the most of it), kernel.
  let before: Double
  /// MiB in all.
  let peak: Double

  /// Fits in this process, of which little else must have been asked.
  init(fitting benchmark: BenchmarkKernel, by method: Method) throws {
    let fit = try Fit(benchmark.makeKernel(), method.options())
    before = try peakMemory()
    _ = try fit.run()
    peak = try peakMemory()
    (kernel, self.method) = (benchmark.name, method.rawValue)
  }

  /// Measures in a process of its own, since a peak never falls again.
  static func inChild(_ benchmark: BenchmarkKernel, _ method: Method) throws -> MemoryMeasurement {
    let process = Process()
    let pipe = Pipe()
    process.executableURL = Bundle.main.executableURL
    process.arguments = ["fit-once", benchmark.name, method.rawValue]
    process.standardOutput = pipe
    try process.run()
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return try JSONDecoder().decode(MemoryMeasurement.self, from: data)
  }

  /// The largest kernel of a shape, a point spread function and a Gaussian, in the ways that hold the most.
  static func table(_ kernels: [BenchmarkKernel]) throws -> [MemoryMeasurement] {
    let table = Table(
      "Memory: resident, MiB, normal effort", ["kernel____", "fit__________", "before", "peak__", "the fit"])
    var all: [MemoryMeasurement] = []
    for benchmark in kernels where ["disk", "coma", "gaussian11"].contains(benchmark.name) {
      for method in [Method.integer96, .integer192, .bilinear96] {
        let m = try inChild(benchmark, method)
        all.append(m)
        table.row([
          m.kernel, method.title, decimals(m.before, 1), decimals(m.peak, 1), decimals(m.peak - m.before, 1),
        ])
      }
    }
    return all
  }
}
