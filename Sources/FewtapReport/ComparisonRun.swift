import FewtapBaselines
import FewtapCore
import FewtapEngine
import FewtapFit
import FewtapMetrics

/// Makes and measures contenders for one kernel: all on the same planes, the same images and by the same rules.
public struct ComparisonRun: Sendable {
  /// How contenders are compared.
  public struct Options: Sendable {
    /// Who takes part, in the order of rows.
    public var contenders = Contender.standard
    /// What stands outside of images.
    public var border = BorderRule.mirror
    /// Columns and rows of the plane to be timed on.
    public var timedSize = (width: 1920, height: 1080)
    /// How often each is timed; the slow ones less often, see ``ComparisonRun/timeLimit``.
    public var rounds = 7
    /// Work of our searches.
    public var effort = FitOptions.Effort.normal
    /// Seed of every random choice.
    public var seed: UInt64 = 1
    /// Threads to use; no figure but seconds depends on it, and filters are timed on one.
    public var threads = 1

    /// The defaults: the standard contenders, seven rounds on a plane of 1920 x 1080, mirrored borders, seed 1.
    public init() {}
  }

  /// An image to measure on.
  public struct Scene: Sendable {
    let subject: Comparison.Subject
    package let image: Image

    /// An image with its file's name; of one of more than `largestArea` pixels the middle, of the same shape. Only finite pixels can be
    /// measured; colors are taken premultiplied, and alpha is left out.
    public init(name: String, image: Image, largestArea: Int? = nil) {
      let colors = image.premultipliedColors()
      let isCropped = image.width * image.height > largestArea ?? .max
      self.image = isCropped ? colors.cropped(to: CropWindow(middleOf: colors, area: largestArea ?? .max)) : colors
      subject = Comparison.Subject(
        name: name, width: self.image.width, height: self.image.height, channels: colors.planes.count,
        isCropped: isCropped)
    }
  }

  /// What is being done, for a person who waits.
  public struct Progress: Sendable {
    /// `fitting`, `timing` or `measuring`.
    public let stage: String
    /// The contender's name.
    public let contender: String
    /// Share done, 0...1.
    public let share: Double
  }

  private let kernel: Kernel
  private let scenes: [Scene]
  private let options: Options

  /// A contender is not timed again after so many seconds in all.
  static let timeLimit = 4.0

  /// A comparison for `kernel` on `scenes`.
  public init(_ kernel: Kernel, scenes: [Scene], _ options: Options = Options()) {
    (self.kernel, self.scenes, self.options) = (kernel, scenes, options)
  }
}

extension Image {
  /// The colors, multiplied by alpha if there is one that they are not multiplied by; alpha left out unless it is all there is.
  func premultipliedColors() -> Image {
    guard let alphaIndex, planes.count > 1 else { return Image(sameSizePlanes: planes) }
    let alpha = planes[alphaIndex]
    return Image(
      sameSizePlanes: planes.indices.filter { $0 != alphaIndex }.map { index in
        var plane = planes[index]
        if !alphaIsAssociated { for i in plane.values.indices { plane.values[i] *= alpha.values[i] } }
        return plane
      })
  }
}

extension ComparisonRun {
  /// Makes every contender's filter, times it and measures it.
  ///
  /// Throws: ``FewtapEngine/ApplyError/cancelled``, and what an image or a border is refused for. A contender that cannot stand for the
  ///         kernel is no error: its row says why.
  public func run(
    cancellation: Cancellation = Cancellation(), progress: @escaping @Sendable (Progress) -> Void = { _ in }
  ) throws -> Comparison {
    let contenders = options.contenders
    // Fits, timings and measurements take about as long as one another.
    func report(_ stage: Int, _ index: Int) {
      let names = ["fitting", "timing", "measuring"]
      progress(
        Progress(
          stage: names[stage], contender: contenders[index].description,
          share: (Double(stage) + Double(index) / Double(contenders.count)) / 3))
    }
    var made: [Result<BaselineResult, Refusal>] = []
    for (index, contender) in contenders.enumerated() {
      report(0, index)
      made.append(Result { () throws(Refusal) in try make(contender, cancellation) })
      if cancellation.isCancelled { throw ApplyError.cancelled }
    }
    let results = made.map { try? $0.get() }
    let timings = try time(results, cancellation) { report(1, $0) }

    var applied = ApplyOptions(border: options.border, threads: options.threads, cancellation: cancellation)
    applied.nonfinite = .refuse
    let views = try ComparisonView.views(of: kernel, scenes.map(\.image), names: scenes.map(\.subject.name), applied)
    var rows: [Comparison.Row] = []
    for (index, contender) in contenders.enumerated() {
      report(2, index)
      rows.append(
        Comparison.Row(
          name: contender.description, side: contender.side,
          outcome: try outcome(made[index], timings[index], views, applied)))
    }
    return Comparison(
      kernel: kernel, images: scenes.map(\.subject), timedSize: options.timedSize, rows: rows,
      trueCrops: views.map { $0.trueCrop })
  }

  /// Why a contender cannot stand for the kernel.
  private struct Refusal: Error {
    let reason: String

    /// What `error` says, without the name that rivals begin with.
    init(_ error: any Error, of contender: Contender) {
      let text = "\(error)"
      let parts = text.split(separator: ": ", maxSplits: 1)
      let isNamed = parts.count == 2 && contender.description.hasPrefix(parts[0])
      reason = isNamed ? String(parts[1]) : text
    }
  }

  /// The contender's filter, and what it took to make it.
  private func make(_ contender: Contender, _ cancellation: Cancellation) throws(Refusal) -> BaselineResult {
    do {
      switch contender.seeded(options.seed, threads: options.threads) {
      case .rival(let baseline): return try baseline.run(for: kernel, cancellation: cancellation)
      case .planned(let decibels):
        var plan = PlanOptions(.error(decibels: decibels))
        (plan.seed, plan.threads, plan.isThorough) = (options.seed, options.threads, options.effort == .thorough)
        let (clock, planner) = (ContinuousClock(), try Planner(kernel, plan, cancellation: cancellation))
        let start = clock.now
        let filter = try planner.run().result.filter
        return try BaselineResult(
          name: contender.description, filter, standingFor: kernel, made: clock.now - start)
      case .fitted(let taps): return try fit(contender, .taps(taps), .integer, cancellation)
      case .fittedLayout(let layout): return try fit(contender, .layout(layout), .bilinear, cancellation)
      }
    } catch {
      throw Refusal(error, of: contender)
    }
  }

  private func fit(
    _ contender: Contender, _ budget: FitOptions.Budget, _ model: TapModel, _ cancellation: Cancellation
  ) throws -> BaselineResult {
    var fit = FitOptions()
    (fit.budget, fit.tapModel, fit.effort) = (budget, model, options.effort)
    (fit.seed, fit.threads) = (options.seed, options.threads)
    var result = try Baseline.fit(fit).run(for: kernel, cancellation: cancellation)
    result.name = contender.description
    return result
  }

  private func outcome(
    _ made: Result<BaselineResult, Refusal>, _ timing: Cost?, _ views: [ComparisonView], _ applied: ApplyOptions
  ) throws -> Comparison.Row.Outcome {
    switch made {
    case .failure(let refusal): return .cannot(refusal.reason)
    case .success(let result):
      guard let timing else { return .cannot("not timed") }
      let figures = try views.map { try $0.measure(result.filter, applied) }
      return .measured(
        Comparison.Measured(
          result: result, images: figures.dropLast().map(\.figures), highlights: figures[figures.count - 1].figures,
          moments: MomentsKept(of: result.effectiveKernel, against: kernel), time: timing.time,
          peakBytes: timing.peakBytes, crops: figures.map(\.crop)))
    }
  }

  /// How long a filter takes, and how much memory.
  private struct Cost {
    let time: Timing
    let peakBytes: Int?
  }

  /// Times all filters on one plane.
  private func time(
    _ results: [BaselineResult?], _ cancellation: Cancellation, _ report: (Int) -> Void
  ) throws -> [Cost?] {
    let plane = Self.noise(width: options.timedSize.width, height: options.timedSize.height)
    let single = ApplyOptions(border: options.border, threads: 1, cancellation: cancellation)
    var filters: [PlaneFilter?] = []
    var peaks: [Int?] = []
    for (index, result) in results.enumerated() {
      guard let result else {
        filters.append(nil)
        peaks.append(nil)
        continue
      }
      report(index)
      let filter = try result.filter.prepared(width: plane.width)
      // It also warms up what the first run alone must fetch.
      peaks.append(try PeakMemory.during { try filter(plane, single) }.bytes)
      filters.append(filter)
    }
    let runs = filters.map { filter in filter.map { filter in { _ = try filter(plane, single) } } }
    let times = try Self.times(rounds: options.rounds, runs, report)
    return filters.indices.map { index in
      filters[index].map { _ in Cost(time: Timing(times[index]), peakBytes: peaks[index]) }
    }
  }

  /// Milliseconds of what each of `runs` takes in every round, one after the other in each: what disturbs the machine disturbs all alike.
  static func times(
    rounds: Int, _ runs: [(() throws -> Void)?], _ report: (Int) -> Void
  ) throws -> [[Double]] {
    var times = [[Double]](repeating: [], count: runs.count)
    for _ in 0..<rounds {
      for (index, run) in runs.enumerated() {
        guard let run, times[index].reduce(0, +) < 1e3 * timeLimit else { continue }
        times[index].append(try Timing.Clock.processor.time(run))
        report(index)
      }
    }
    return times
  }

  private static func noise(width: Int, height: Int) -> Plane<Float> {
    var random = SeededGenerator(seed: 1)
    var plane = Plane<Float>(width: width, height: height)
    for index in plane.values.indices { plane.values[index] = Float(random.unit()) }
    return plane
  }
}
