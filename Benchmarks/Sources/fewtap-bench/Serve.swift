import ArgumentParser
import Fewtap
import Foundation

/// `fewtap-bench serve`: applies filters on request, so that another program can time them between its own methods without
/// paying for the start of a process. `Benchmarks/peers.py` drives it.
///
/// A request is one line of JSON on standard input, its answer one line on standard output:
/// `{"load": {...}}` (``Job/Request``) makes a plan ready; answers `{"job": index}`.
/// `{"take": {"job": index, "path": "file"}}` reads an image: raw interleaved samples, row by row, in this machine's byte order.
/// `{"run": {"job": index, "times": n}}` runs it once untimed, unless `"warm": false` is there, and n times timed; answers
/// `{"wall": ms, "processor": ms}` a run.
/// `{"output": {"job": index, "path": "file"}}` writes the last result's raw samples; answers `{}`.
/// What cannot be done answers `{"error": "why"}`.
struct Serve: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Apply filters on request: lines of JSON on standard input (peers.py drives it).")

  func run() throws {
    var jobs: [Job] = []
    let encoder = JSONEncoder()
    encoder.outputFormatting = .withoutEscapingSlashes
    while let line = readLine() {
      let answer: Answer
      do {
        answer = try Self.answer(JSONDecoder().decode(Request.self, from: Data(line.utf8)), &jobs)
      } catch {
        answer = Answer(error: "\(error)")
      }
      print(String(decoding: try encoder.encode(answer), as: UTF8.self))
      fflush(nil)
    }
  }

  private static func answer(_ request: Request, _ jobs: inout [Job]) throws -> Answer {
    func index(_ job: Int) throws -> Int {
      guard jobs.indices.contains(job) else { throw ServeError("job \(job) is not loaded: \(jobs.count) are") }
      return job
    }
    if let load = request.load {
      jobs.append(try Job(load))
      return Answer(job: jobs.count - 1)
    }
    if let take = request.take {
      try jobs[index(take.job)].take(take.path)
      return Answer()
    }
    if let run = request.run {
      let times = run.times ?? 1
      guard times > 0 else { throw ServeError("times is \(times): it must be at least 1") }
      let job = try index(run.job)
      if run.warm ?? true { try jobs[job].run() }
      let (wall, processor) = (DispatchTime.now().uptimeNanoseconds, processorSeconds())
      for _ in 0..<times { try jobs[job].run() }
      let (spent, worked) = (DispatchTime.now().uptimeNanoseconds - wall, processorSeconds() - processor)
      return Answer(wall: Double(spent) * 1e-6 / Double(times), processor: worked * 1e3 / Double(times))
    }
    if let output = request.output {
      try jobs[index(output.job)].write(to: output.path)
      return Answer()
    }
    throw ServeError("a request is load, take, run or output")
  }

  private struct Request: Decodable {
    struct Run: Decodable { let job: Int, times: Int?, warm: Bool? }
    struct File: Decodable { let job: Int, path: String }
    let load: Job.Request?
    let take: File?
    let run: Run?
    let output: File?
  }

  private struct Answer: Encodable {
    var job: Int?
    var wall: Double?
    var processor: Double?
    var error: String?
  }
}

/// A filter, an image that it is run over, and the last result.
private final class Job {
  struct Request: Decodable {
    /// A filter file.
    let filter: String
    let width: Int, height: Int, channels: Int
    /// `float` (linear light) or an integer type (sRGB).
    let type: String
    let threads: Int
  }

  private let request: Request
  private let plan: ApplyPlan
  private let layout: PixelLayout
  private let options: ApplyOptions
  private let image, result: UnsafeMutableRawBufferPointer

  init(_ request: Request) throws {
    guard let type = PixelType(rawValue: request.type) else {
      let known = PixelType.allCases.map(\.rawValue).joined(separator: ", ")
      throw ServeError("\"\(request.type)\" is no type of samples: expected one of \(known)")
    }
    self.request = request
    layout = .interleaved(
      type: type, transfer: type.isInteger ? .srgb : .linear, width: request.width, channels: request.channels)
    plan = try ApplyPlan(
      SparseFilter(json: try Data(contentsOf: URL(fileURLWithPath: request.filter))), width: request.width)
    options = ApplyOptions(border: .clamp, threads: request.threads)
    let count = try layout.byteRange(height: request.height).count
    image = .allocate(byteCount: count, alignment: 64)
    result = .allocate(byteCount: count, alignment: 64)
    // Pages that were never written cost their first run.
    for buffer in [image, result] { buffer.initializeMemory(as: UInt8.self, repeating: 0) }
  }

  deinit {
    image.deallocate()
    result.deallocate()
  }

  func take(_ path: String) throws {
    let data = try Data(contentsOf: URL(fileURLWithPath: path))
    guard data.count == image.count else {
      throw ServeError("\(path) has \(data.count) bytes: this size, type and channels need \(image.count)")
    }
    image.copyBytes(from: data)
  }

  func run() throws {
    try plan.apply(
      from: UnsafeRawBufferPointer(image), layout, to: result, layout, height: request.height, options: options)
  }

  func write(to path: String) throws { try Data(result).write(to: URL(fileURLWithPath: path)) }
}

/// Why a request was not answered.
private struct ServeError: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}
