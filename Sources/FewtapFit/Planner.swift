import FewtapCore
import FewtapSynthesis

/// Chooses rate, layers, runs and taps for a kernel, from what is demanded and what filters cost.
///
/// First come filters that need no search: the kernel's own taps, a row and a column of them, and all taps at lower rates. Chains
/// of sparse layers, which a search takes a tenth of a second for, are tried only where they could be cheaper than the cheapest
/// of those that will do, or better than the best of those within the cost.
///
/// Accuracy: what it promises is ``FilterAccuracy``'s prediction; held by FewtapFitTests/PlannerTests, on noise with a
///           photograph's spectrum too.
/// Cost:     half a second of a core for radii to 25, a few seconds for 128.
/// Source:   METHOD.md, section 12: quality follows the ratio of radius and factor, so that factors near a fifth of the radius
///           are tried.
public struct Planner: Sendable {
  let kernel: Kernel
  let options: PlanOptions
  let gauge: AccuracyGauge
  let cancellation: Cancellation

  /// A planner for `kernel` under `options`.
  ///
  /// Throws: ``PlanError/badDemand(_:)``; as ``Fit/init(_:_:)`` for kernels.
  public init(_ kernel: Kernel, _ options: PlanOptions, cancellation: Cancellation = Cancellation()) throws {
    switch options.demand {
    case .error(let value), .cost(let value): guard value > 0, value.isFinite else { throw PlanError.badDemand(value) }
    }
    try Fit.checkScale(kernel)
    (self.kernel, self.options, self.cancellation) = (kernel, options, cancellation)
    gauge = AccuracyGauge(kernel)
  }

  /// Makes the plan.
  ///
  /// Throws: ``PlanError``.
  public func run() throws -> Plan {
    var candidates = try exactRate()
    if !options.exactShift {
      candidates += try lowerRates(thanBeats: best(of: candidates))
    }
    candidates += try chains(besides: candidates, thoroughly: false)
    if options.isThorough { candidates += try chains(besides: candidates, thoroughly: true) }
    if best(of: candidates) == nil, let direct = try direct(limit: SparseFilter.maximumTapCount) {
      candidates.append(direct)
    }
    if cancellation.isCancelled, best(of: candidates) == nil { throw PlanError.cancelled }
    guard let chosen = best(of: candidates) else { throw failure(candidates) }
    return try plan(chosen, candidates)
  }

  /// The front goes up in steps of at least so many dB: smaller ones tell nothing.
  private static let step = 1.0

  /// What a plan's filter says of its recipe.
  public static let recipe = "planner"

  // MARK: What is better

  /// Whether it keeps a point of light, and the error demanded or the cost.
  func isFeasible(_ candidate: PlanCandidate) -> Bool {
    // Images go up to 1 where nobody says otherwise.
    if let storage = candidate.storage, storage.largest < 1 { return false }
    if let bounds = options.pointLight {
      guard candidate.accuracy.relativeError <= bounds.relativeError, candidate.accuracy.flicker <= bounds.flicker
      else {
        return false
      }
    }
    switch options.demand {
    case .error(let decibels): return candidate.photoPSNR >= decibels
    case .cost(let milliseconds): return candidate.milliseconds <= milliseconds
    }
  }

  /// The best of those that will do; of equals the first.
  func best(of candidates: [PlanCandidate]) -> PlanCandidate? {
    let feasible = candidates.filter(isFeasible)
    switch options.demand {
    case .error: return feasible.min { $0.milliseconds < $1.milliseconds }
    case .cost:
      // min, and not max: that one gives the last of equals.
      return feasible.min { ($1.photoPSNR, $0.milliseconds) < ($0.photoPSNR, $1.milliseconds) }
    }
  }

  /// The most that another filter may cost to be of use beside `candidates`.
  func largestUsefulCost(_ candidates: [PlanCandidate]) -> Double {
    switch options.demand {
    case .error: best(of: candidates)?.milliseconds ?? .infinity
    case .cost(let milliseconds): milliseconds
    }
  }

  private func failure(_ candidates: [PlanCandidate]) -> PlanError {
    let ranges = candidates.compactMap(\.storage?.largest)
    if let largest = ranges.max(), largest < 1 { return .halfRange(largest: largest) }
    switch options.demand {
    case .error(let decibels):
      let (best, inFloats) = (
        candidates.map(\.photoPSNR).max() ?? 0, candidates.map(\.accuracy.photo.mean).max() ?? 0
      )
      guard inFloats < decibels else { return .halfNoise(asked: decibels, best: best, inFloats: inFloats) }
      return .outOfReach(asked: decibels, best: best)
    case .cost(let milliseconds):
      let least = candidates.map(\.milliseconds).min() ?? 0
      return least > milliseconds ? .tooCheap(asked: milliseconds, least: least) : .pointLight(asked: milliseconds)
    }
  }

  // MARK: Candidates

  private func milliseconds(_ filter: SparseFilter) -> Double {
    options.costs.milliseconds(filter, format: options.gpu.format)
  }

  func milliseconds(_ rate: Resampling?, _ layout: Layout) -> Double {
    options.costs.milliseconds(rate: rate, layout: layout, format: options.gpu.format)
  }

  /// Measures `filter`.
  func candidate(_ method: PlanCandidate.Method, _ filter: SparseFilter) throws -> PlanCandidate {
    guard options.costs.target == .gpu else {
      return PlanCandidate(
        method: method, filter: filter, milliseconds: milliseconds(filter),
        accuracy: try gauge.accuracy(of: filter), storage: nil)
    }
    let filter = filter.withPairedTaps().rounded(toFractionBits: options.gpu.fractionBits)
    return try candidate(method, filter, gauge.accuracy(of: filter))
  }

  /// The candidate of a filter whose accuracy is known.
  func candidate(_ method: PlanCandidate.Method, _ filter: SparseFilter, _ accuracy: FilterAccuracy) throws
    -> PlanCandidate
  {
    let isHalf = options.costs.target == .gpu && options.gpu.format == .half
    return PlanCandidate(
      method: method, filter: filter, milliseconds: milliseconds(filter), accuracy: accuracy,
      storage: isHalf ? try HalfStorage(filter) : nil)
  }

  /// The results of `make` in order, as far as there was time.
  func parallel<Item: Sendable>(
    _ items: [Item], _ make: @Sendable (Item) throws -> [PlanCandidate]
  ) throws -> [PlanCandidate] {
    try parallelMap(count: items.count, threads: options.threads) { index in
      Result { cancellation.isCancelled ? [] : try make(items[index]) }
    }.flatMap { try $0.get() }
  }

  private func plan(_ chosen: PlanCandidate, _ candidates: [PlanCandidate]) throws -> Plan {
    // The front in cost and error; what the demand bounds beyond those two may lie behind it.
    var front: [PlanCandidate] = []
    for candidate in candidates.sorted(by: {
      ($0.milliseconds, $1.photoPSNR) < ($1.milliseconds, $0.photoPSNR)
    }) {
      let best = front.map(\.photoPSNR).max() ?? -.infinity
      // The chosen one may lie close to a cheaper one that is too wrong, or, of a point of light, behind it.
      if candidate.photoPSNR >= best + Self.step || candidate == chosen { front.append(candidate) }
    }
    let index = front.firstIndex(of: chosen) ?? 0
    var fitOptions = FitOptions()
    fitOptions.seed = options.seed
    fitOptions.tapModel = chosen.filter.chain.model
    fitOptions.rate = chosen.filter.rate
    fitOptions.effort = options.isThorough ? .thorough : .fast
    if chosen.method != .chain { fitOptions.budget = .dense }
    let termination: FitSummary.Termination = cancellation.isCancelled ? .cancelled : .completed
    var result = FitResult(chosen.filter, chosen.accuracy, fittedTo: kernel, fitOptions, termination: termination)
    result.filter.fit?.recipe = Self.recipe
    return Plan(
      front: front, chosen: index, considered: candidates.count, reason: reason(chosen, candidates), result: result)
  }

  private func reason(_ chosen: PlanCandidate, _ candidates: [PlanCandidate]) -> String {
    let rest = candidates.filter { $0 != chosen && isFeasible($0) }
    let what = "\(chosen.summary) \(cost(chosen))"
    switch options.demand {
    case .error(let decibels):
      let next = rest.filter { $0.shape != chosen.shape }.min { $0.milliseconds < $1.milliseconds }
      let dearer = next.map { "; next, \($0.summary) \(cost($0))" } ?? ""
      return "the cheapest with \(PlanText.number(decibels, 2)) dB\(pointLightText): \(what)\(dearer)"
    case .cost(let milliseconds):
      return "the best within \(PlanText.number(milliseconds, 3)) ms a megapixel\(pointLightText): \(what), "
        + "\(PlanText.number(chosen.photoPSNR, 2)) dB"
    }
  }

  /// The cost in words; milliseconds only where a machine was measured.
  private func cost(_ candidate: PlanCandidate) -> String {
    guard options.costs.isMeasured else {
      let work = GPUWork(candidate.filter, format: options.gpu.format)
      return "\(PlanText.number(work.fetches, 1)) fetches and \(PlanText.number(work.bytes, 1)) bytes a pixel in "
        + "\(work.passes) pass\(work.passes == 1 ? "" : "es")"
    }
    return "\(PlanText.number(candidate.milliseconds, 3)) ms a megapixel"
  }

  private var pointLightText: String {
    options.pointLight.map { " and a point of light within \($0.relativeError), flicker within \($0.flicker)" } ?? ""
  }
}

extension PlanCandidate {
  /// `dense at 1/4,`: method and rate.
  var summary: String { "\(shape):" }

  /// The same without a colon.
  var shape: String {
    filter.rate.map { "\(method.rawValue) at a rate of 1/\($0.factor)" } ?? "\(method.rawValue) at full rate"
  }
}

/// Numbers in a plan's sentences, without Foundation.
enum PlanText {
  /// `value` with at most so many digits after the point.
  static func number(_ value: Double, _ digits: Int) -> String {
    let scale = (0..<digits).reduce(1.0) { scale, _ in 10 * scale }
    return "\((value * scale).rounded() / scale)"
  }
}
