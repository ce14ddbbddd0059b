import FewtapCore
import FewtapSynthesis

/// A fit of a sparse filter to a kernel.
///
/// Starts from several guesses, keeps the best few, and refines them; the best of all becomes the filter, its layers' sums made
/// exact. Independent parts run on several threads, each with random numbers of its own, so that a seed gives the same bits
/// whatever the number of threads.
public struct Fit: Sendable {
  private let kernel: Kernel
  private let options: FitOptions
  /// Layouts to start from, in turn.
  private let layouts: [Layout]
  private let problem: FitProblem

  /// The fit of `kernel` under `options`.
  ///
  /// Throws: ``FitError`` for options that contradict each other or the kernel, and for a kernel whose values are too large or
  ///         too small to be scaled.
  public init(_ kernel: Kernel, _ options: FitOptions = FitOptions()) throws {
    self.kernel = kernel
    self.options = options
    layouts = try Self.layouts(kernel, options)
    try Self.check(kernel, options)
    try Self.checkScale(kernel)
    let scale = Self.scale(kernel)
    let (scaled, largestLayer) = (try kernel.scaled(by: 1 / scale), layouts.flatMap(\.taps).max() ?? 1)
    problem =
      if let rate = options.rate {
        try FitProblem(
          kernel: scaled, rate: rate, objective: options.objective, nonnegative: options.nonnegative,
          largestLayer: largestLayer)
      } else {
        // The paper's recipe keeps no offset from wrapping around.
        FitProblem(
          kernel: scaled, objective: options.objective, nonnegative: options.nonnegative, largestLayer: largestLayer,
          minimumSide: options.recipe == .paper
            ? SparseSamplingGuess.gridSide(for: kernel, layers: layouts[0].layers.count) : 64)
      }
  }

  /// The factor between the kernel and what a chain of layers with sum 1 can make.
  package static func scale(_ kernel: Kernel) -> Double { kernel.isZeroSum ? kernel.absoluteSum : kernel.sum }

  /// Squares of the kernel's values must neither overflow nor vanish.
  ///
  /// Throws: ``FitError/scaleOutOfRange(_:)``.
  package static func checkScale(_ kernel: Kernel) throws(FitError) {
    guard (1e-150...1e150).contains(abs(scale(kernel))), kernel.absoluteSum < 1e150 else {
      throw .scaleOutOfRange(kernel.absoluteSum)
    }
  }

  private static func layouts(_ kernel: Kernel, _ options: FitOptions) throws(FitError) -> [Layout] {
    var layouts: [Layout] = []
    switch options.budget {
    case .dense: return []
    case .layout(let layout):
      layouts = [layout]
      if options.tapModel != .integer, layout.hasRuns { throw .runsNeedIntegerTaps(layout) }
    case .taps(let count):
      guard (1...Layout.maximumTaps).contains(count) else { throw .badTapCount(count) }
      for taps in options.recipe == .paper ? [Self.paperLayout(count)] : Layout.candidates(taps: count) {
        layouts.append(try Layout(taps))
      }
    }
    for layout in layouts where kernel.supportCount > 1 && layout.taps.allSatisfy({ $0 == 1 }) {
      throw .cannotReach(layout: layout.taps, radius: kernel.radius)
    }
    return layouts
  }

  /// The paper's layouts have four equal layers; what four does not divide goes to the first ones.
  private static func paperLayout(_ count: Int) -> [Int] {
    (0..<min(4, count)).map { count / min(4, count) + ($0 < count % min(4, count) ? 1 : 0) }
  }

  private static func check(_ kernel: Kernel, _ options: FitOptions) throws(FitError) {
    if case .seconds(let seconds) = options.effort, !(seconds > 0 && seconds.isFinite) { throw .badSeconds(seconds) }
    // An exact filter cannot do with less; rounding of the kernel's own sum is forgiven.
    let least = kernel.isZeroSum ? 1 : kernel.absoluteSum / abs(kernel.sum)
    if let cap = options.maximumNoiseGain, !(cap >= least * (1 - 1e-9)) {
      throw .noiseGainTooLow(asked: cap, least: max(1, least))
    }
    if options.nonnegative, !kernel.isNonnegative {
      throw .kernelIsSigned(minimum: kernel.values.values.min() ?? 0)
    }
    try checkRate(options)
    if options.recipe == .paper {
      if options.tapModel != .bilinear {
        throw .recipe(option: "tap model", value: options.tapModel.rawValue, required: "bilinear taps")
      }
      if options.nonnegative { throw .recipe(option: "weights", value: "nonnegative", required: "signed weights") }
    }
  }

  private static func checkRate(_ options: FitOptions) throws(FitError) {
    if let rate = options.rate {
      guard LowRateTarget.factors.contains(rate.factor) else { throw .badFactor(rate.factor) }
      if options.recipe == .paper { throw .lowerRate(option: "recipe", value: "paper", required: "fewtap") }
      if options.objective == .charbonnier {
        throw .lowerRate(option: "objective", value: "charbonnier", required: "photo, balanced or highlights")
      }
    }
    guard options.budget == .dense else { return }
    if options.rate == nil { throw .dense(option: "rate", value: "none", required: "a lower one") }
    if options.tapModel != .integer {
      throw .dense(option: "tap model", value: options.tapModel.rawValue, required: "integer taps")
    }
    if options.nonnegative { throw .dense(option: "weights", value: "nonnegative", required: "signed weights") }
  }

  /// Runs the fit.
  ///
  /// `progress` is called from the threads that work, one call at a time; `cancellation` ends the fit early with the best filter
  /// so far.
  /// Throws: ``FitError/noiseGainNotReached(asked:reached:)``.
  public func run(
    cancellation: Cancellation = Cancellation(), progress: @escaping @Sendable (FitProgress) -> Void = { _ in }
  ) throws -> FitResult {
    if let rate = options.rate, options.budget == .dense { return try dense(rate) }
    if let exact = try exactFilter() { return exact }
    let monitor = FitMonitor(try progressGauge(), options.effort, cancellation, progress)
    var best: ChainParameters
    switch options.recipe {
    case .paper:
      best = PaperRecipe(problem: problem, guess: options.initialGuess ?? .sparse, seed: options.seed).run(
        layout: layouts[0].taps, monitor)
    case .fewtap:
      best = refine(start(monitor), monitor)
      // Adam knows no constraint on signs.
      if options.objective == .charbonnier, !options.nonnegative { best = polishCharbonnier(best, monitor) }
      best = try capNoiseGain(onSubtexelGrid(best))
    }
    return try finish(best.chain(model: options.tapModel), termination: monitor.termination)
  }

  /// First fits from several guesses, the best first.
  private func start(_ monitor: FitMonitor) -> [FitProblem.Point] {
    let schedule = Schedule(options)
    monitor.begin(total: schedule.startSteps * schedule.starts + schedule.refineSteps * schedule.refined)
    let points = parallelMap(count: schedule.starts, threads: options.threads) { index -> FitProblem.Point? in
      guard index == 0 || monitor.hasTime(for: .starts) else { return nil }
      var random = SeededGenerator(seed: options.seed, stream: UInt64(index))
      let layers = layouts[index % layouts.count].layers
      let guess = (options.initialGuess ?? .mass).guess.parameters(
        for: problem.kernel, layout: layers.map(\.count), using: &random
      ).withRuns(of: layers.map(\.length))
      switch options.tapModel {
      case .integer:
        return IntegerSearch(problem: problem, shouldStop: { !monitor.hasTime(for: .starts) }).run(
          from: guess, sweeps: schedule.startSteps, using: &random
        ) { monitor.step($0, .starts) }
      case .bilinear:
        return BilinearSearch(problem: problem, freeLayout: freeLayout).descend(
          from: guess, iterations: schedule.startSteps
        ) { monitor.step($0, .starts) }
      }
    }
    return points.compactMap { $0 }.enumerated().sorted { ($0.element.cost, $0.offset) < ($1.element.cost, $1.offset) }
      .map(\.element)
  }

  /// The best of the best few after refinement.
  private func refine(_ points: [FitProblem.Point], _ monitor: FitMonitor) -> ChainParameters {
    let schedule = Schedule(options)
    let refined = parallelMap(count: min(schedule.refined, points.count), threads: options.threads) { index in
      var random = SeededGenerator(seed: options.seed, stream: UInt64(index) + 1 << 32)
      switch options.tapModel {
      case .integer:
        return IntegerSearch(problem: problem, shouldStop: { !monitor.hasTime(for: .refinement) }).run(
          from: points[index].parameters, sweeps: schedule.refineSteps, using: &random
        ) { monitor.step($0, .refinement) }
      case .bilinear:
        let search = BilinearSearch(problem: problem, freeLayout: freeLayout)
        let hopped = search.hop(from: points[index], hops: schedule.refineSteps, using: &random) {
          monitor.step($0, .refinement)
        }
        return search.polish(hopped) { !monitor.hasTime(for: .refinement) }
      }
    }
    return (refined.min { $0.cost < $1.cost } ?? points[0]).parameters
  }

  private var freeLayout: Bool {
    if case .taps = options.budget { return true }
    return false
  }

  /// Last steps on the paper's loss itself: the search minimized the squared error, whose taps are a good start.
  private func polishCharbonnier(_ parameters: ChainParameters, _ monitor: FitMonitor) -> ChainParameters {
    let loss = CharbonnierLoss(kernel: problem.kernel, grid: problem.grid)
    let adam = Adam(
      loss, on: problem.grid, offsetScale: Double(max(1, problem.kernel.radius)),
      freeOffsets: options.tapModel == .bilinear, steps: 500, rates: (1e-4, 1e-5))
    let start = adam.start(at: parameters)
    let end = adam.run(from: parameters, iterations: 500) { _ in !monitor.hasTime(for: .refinement) }
    return end.cost < start.cost ? end.parameters : parameters
  }

  /// Bilinear offsets where the texture unit reads, and the weights that are best there.
  private func onSubtexelGrid(_ parameters: ChainParameters) -> ChainParameters {
    guard options.tapModel == .bilinear, let bits = options.fractionBits else { return parameters }
    let layers = parameters.chain(model: .bilinear).layers.map { $0.rounded(toFractionBits: bits).taps }
    let rounded = ChainParameters(layers: layers)
    // That loss has no fit of weights alone; its own are near the best.
    guard options.objective != .charbonnier else { return rounded }
    return LevenbergMarquardt(problem, freedom: .weights, tolerance: 1e-4).run(from: rounded, iterations: 30).parameters
  }

  /// Raises the ridge until the noise gain is within the bound, weights refitted each time.
  private func capNoiseGain(_ parameters: ChainParameters) throws(FitError) -> ChainParameters {
    guard let cap = options.maximumNoiseGain else { return parameters }
    var (problem, best) = (self.problem, parameters)
    func gain(_ parameters: ChainParameters) -> Double {
      parameters.chain(model: options.tapModel).normalForm().chain.noiseGain
    }
    // Thirty doublings take the ridge from 1e-7 to far beyond the cost of an empty filter.
    for _ in 0..<30 where gain(best) > cap {
      problem.ridge *= 2
      best = LevenbergMarquardt(problem, freedom: .weights, tolerance: 1e-4).run(from: best, iterations: 30).parameters
    }
    guard gain(best) <= cap else { throw .noiseGainNotReached(asked: cap, reached: gain(best)) }
    return best
  }

  /// A kernel of no more nonzero pixels than taps is its own sparse filter.
  private func exactFilter() throws -> FitResult? {
    guard case .taps(let count) = options.budget, options.recipe == .fewtap, options.rate == nil,
      kernel.supportCount <= count
    else {
      return nil
    }
    var taps: [Tap] = []
    problem.kernel.forEachOffset { x, y, weight in
      if weight != 0 { taps.append(Tap(x: Double(x), y: Double(y), weight: weight)) }
    }
    let chain = TapChain(model: options.tapModel, layers: [TapLayer(taps)])
    if let cap = options.maximumNoiseGain, chain.normalForm().chain.noiseGain > cap { return nil }
    return try finish(chain, termination: .completed)
  }

  /// What tells the figures of a chain on its way.
  private func progressGauge() throws
    -> @Sendable (FitProblem.Point) -> (photoPSNR: Double, relativeError: Double)
  {
    guard let rate = options.rate else {
      let gauge = ConvergenceGauge(problem.loss.target, on: problem.grid)
      return { gauge($0.synthesis.kernel) }
    }
    let (gauge, model) = (AccuracyGauge(try kernel.scaled(by: 1 / Self.scale(kernel))), options.tapModel)
    return { point in
      let filter = SparseFilter(chain: point.parameters.chain(model: model), rate: rate)
      return (try? gauge.figures(of: filter)) ?? (0, .infinity)
    }
  }

  /// The fit without a search, its ridge raised until the noise gain is within the bound.
  private func dense(_ rate: Resampling) throws -> FitResult {
    let fit = try ClosedFit(kernel, rate: rate, objective: options.objective)
    var (ridge, filter) = (0.0, fit.cheapest())
    if let cap = options.maximumNoiseGain {
      // From 1e-9 of the mean weight, far below any effect, to far above it.
      for _ in 0..<40 where filter.chain.noiseGain > cap {
        ridge = max(2 * ridge, 1e-9)
        filter = fit.cheapest(ridge: ridge)
      }
      guard filter.chain.noiseGain <= cap else {
        throw FitError.noiseGainNotReached(asked: cap, reached: filter.chain.noiseGain)
      }
    }
    return try finish(filter, termination: .completed)
  }

  private func finish(_ chain: TapChain, termination: FitSummary.Termination) throws -> FitResult {
    try finish(SparseFilter(chain, rate: options.rate, standingFor: kernel), termination: termination)
  }

  private func finish(_ filter: SparseFilter, termination: FitSummary.Termination) throws -> FitResult {
    try FitResult(filter, fittedTo: kernel, options, termination: termination)
  }
}

extension FitResult {
  /// A filter that was fitted to `kernel` under `options`, with its provenance and accuracy.
  ///
  /// Throws: as ``FewtapCore/SparseFilter/effectiveKernel()``.
  package init(
    _ filter: SparseFilter, fittedTo kernel: Kernel, _ options: FitOptions, termination: FitSummary.Termination
  ) throws {
    self.init(
      filter, try FilterAccuracy(of: filter, against: kernel), fittedTo: kernel, options, termination: termination)
  }

  /// The same of a filter whose accuracy is known.
  init(
    _ filter: SparseFilter, _ accuracy: FilterAccuracy, fittedTo kernel: Kernel, _ options: FitOptions,
    termination: FitSummary.Termination
  ) {
    let noiseGain = filter.chain.noiseGain
    self.filter = filter
    self.filter.kernel = KernelReference(kernel)
    self.filter.fit = FitRecord(
      objective: options.recipe == .paper ? Objective.charbonnier.rawValue : options.objective.rawValue,
      recipe: options.recipe.rawValue, effort: options.budget == .dense ? "none" : options.effort.name,
      seed: options.seed, relativeError: accuracy.relativeError, photoPSNR: accuracy.photo.mean,
      worstPhotoPSNR: accuracy.photo.worst, noiseGain: noiseGain, termination: termination.rawValue,
      flicker: filter.rate == nil ? nil : accuracy.flicker)
    summary = FitSummary(accuracy: accuracy, noiseGain: noiseGain, termination: termination)
  }
}

extension SparseFilter {
  /// The filter of a chain that was fitted to `kernel`, scaled as ``Fit`` scales: normal form, exact sum.
  package init(_ chain: TapChain, rate: Resampling?, standingFor kernel: Kernel) {
    let (normal, factor) = (kernel.isZeroSum ? chain.withZeroSum() : chain).normalForm()
    self.init(
      chain: normal, rate: rate, gain: kernel.isZeroSum ? Fit.scale(kernel) * factor : kernel.sum)
  }
}

extension TapChain {
  /// The chain with the layer whose sum is nearest to zero, relative to its magnitudes, made exactly zero-sum.
  fileprivate func withZeroSum() -> TapChain {
    var result = self
    let imbalance = { (layer: TapLayer) in abs(layer.sum) / max(layer.absoluteSum, .leastNormalMagnitude) }
    guard let index = layers.indices.min(by: { imbalance(layers[$0]) < imbalance(layers[$1]) }) else { return self }
    let excess = layers[index].sum / max(layers[index].absoluteSum, .leastNormalMagnitude)
    for i in layers[index].taps.indices {
      result.layers[index].taps[i].weight -= excess * abs(layers[index].taps[i].weight)
    }
    return result
  }
}

/// How many starts, and steps in each stage. A step is an exchange sweep (integer), a Levenberg-Marquardt iteration or a hop
/// (bilinear).
///
/// Measured on the kernels of `make bench`: fast is what 0.3 s of one core hold for 96 integer taps; normal brings five seeds
/// within 0.6 dB and all integer and 24 of 26 bilinear fits above their floors; thorough the other two.
private struct Schedule {
  let starts: Int
  let startSteps: Int
  let refined: Int
  let refineSteps: Int

  init(_ options: FitOptions) {
    // More than any clock lets a fit do.
    let unbounded = 4096
    switch (options.tapModel, options.effort) {
    case (.integer, .fast): (starts, startSteps, refined, refineSteps) = (1, 28, 1, 0)
    case (.integer, .normal): (starts, startSteps, refined, refineSteps) = (8, 12, 2, 40)
    case (.integer, .thorough): (starts, startSteps, refined, refineSteps) = (16, 20, 4, 300)
    case (.integer, .seconds): (starts, startSteps, refined, refineSteps) = (unbounded, 12, 2, unbounded)
    case (.bilinear, .fast): (starts, startSteps, refined, refineSteps) = (1, 40, 1, 10)
    case (.bilinear, .normal): (starts, startSteps, refined, refineSteps) = (6, 40, 4, 100)
    case (.bilinear, .thorough): (starts, startSteps, refined, refineSteps) = (16, 40, 8, 150)
    case (.bilinear, .seconds): (starts, startSteps, refined, refineSteps) = (unbounded, 60, 2, unbounded)
    }
  }
}
