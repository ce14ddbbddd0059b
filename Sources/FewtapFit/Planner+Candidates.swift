import FewtapCore
import FewtapSynthesis

extension Planner {
  // MARK: At the image's own rate

  /// The kernel's own taps, and a row and a column of taps where that comes near it.
  func exactRate() throws -> [PlanCandidate] {
    // More taps than these are never the cheapest; as a last resort they may still be all that does.
    try [direct(limit: 4096)].compactMap { $0 } + separable()
  }

  /// The kernel's own taps, if they are at most `limit`.
  func direct(limit: Int) throws -> PlanCandidate? {
    guard kernel.supportCount <= limit else { return nil }
    var (taps, scale) = ([Tap](), Fit.scale(kernel))
    kernel.forEachOffset { x, y, weight in
      if weight != 0 { taps.append(Tap(x: Double(x), y: Double(y), weight: weight / scale)) }
    }
    return try candidate(
      .direct, SparseFilter(TapChain(model: .integer, layers: [TapLayer(taps)]), rate: nil, standingFor: kernel))
  }

  /// The best row and column, and the same with ends cut off that hardly matter.
  private func separable() throws -> [PlanCandidate] {
    guard let factors = SeparableKernel(kernel), factors.residual <= Self.largestSeparableError else { return [] }
    return try parallel(Self.separableThresholds) { threshold in
      try factors.layers(threshold: threshold).map { layers in
        [
          try candidate(
            .separable, SparseFilter(TapChain(model: .integer, layers: layers), rate: nil, standingFor: kernel))
        ]
      } ?? []
    }
  }

  /// Beyond this relative error a kernel is not worth a look as a row and a column: at 0.3 photographs see less than 50 dB.
  private static let largestSeparableError = 0.3
  /// Shares of the largest weight below which ends are cut off.
  private static let separableThresholds = [0, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2]

  // MARK: At lower rates, without a search

  /// Dense filters at lower rates that cost less than `other`.
  func lowerRates(thanBeats other: PlanCandidate?) throws -> [PlanCandidate] {
    // Under a bound of cost all are made: the cheapest must be known, should it be too dear.
    let useful = other.map(\.milliseconds) ?? .infinity
    let rates = rates().filter { rate in
      if case .cost = options.demand { return true }
      return milliseconds(rate, Self.smallestLayout) < useful
    }
    return try parallel(rates) { rate in
      let fit = try ClosedFit(kernel, rate: rate)
      // What comes nearest to the rate's best says whether it is worth more looks.
      let finest = try candidate(.dense, fit.dense(threshold: Self.finestThreshold))
      return try [finest] + separable(fit, near: finest) + thinned(fit, from: finest)
    }
  }

  /// A row and a column at a lower rate, and the same with ends cut off: for kernels that are near such a product.
  private func separable(_ fit: ClosedFit, near finest: PlanCandidate) throws -> [PlanCandidate] {
    var found: [PlanCandidate] = []
    for threshold in Self.lowRateSeparableThresholds {
      found.append(try candidate(.separable, fit.separable(threshold: threshold)))
      // Another kernel is missed by far.
      guard found[0].accuracy.photo.mean > finest.accuracy.photo.mean - Self.tolerated else { return [] }
    }
    return found
  }

  /// The same dense filter with fewer of its small taps: for a demanded error the fewest that will do, by halving the range.
  private func thinned(_ fit: ClosedFit, from finest: PlanCandidate) throws -> [PlanCandidate] {
    let thresholds = ClosedFit.thresholds.filter { $0 > Self.finestThreshold }
    guard case .error = options.demand else {
      return try thresholds.map { try candidate(.dense, fit.dense(threshold: $0)) }
    }
    guard isFeasible(finest) else { return [] }
    var (found, range) = ([PlanCandidate](), 0..<thresholds.count)
    while !range.isEmpty {
      let middle = (range.lowerBound + range.upperBound) / 2
      let next = try candidate(.dense, fit.dense(threshold: thresholds[middle]))
      found.append(next)
      range = isFeasible(next) ? range.lowerBound..<middle : middle + 1..<range.upperBound
    }
    return found
  }

  private static let finestThreshold = 0.0025
  private static let lowRateSeparableThresholds = [0.002, 0.01, 0.03]
  /// dB that taps left out may cost beside what the rate can do.
  private static let tolerated = 15.0

  /// Rates around a fifth of the kernel's radius, with prefilters and interpolators of several degrees.
  private func rates() -> [Resampling] {
    let radius = Double(kernel.radius)
    let factors = LowRateTarget.factors.filter { factor in
      factor <= 24 && (2.5...12).contains(radius / Double(factor))
    }
    // Below a dozen pixels only the smallest factor is left, if any.
    let usable = factors.isEmpty && radius >= 4 ? [2] : factors
    return usable.flatMap { factor in
      Self.splines.map { Resampling(factor: factor, prefilter: $0, interpolator: $1) }
    }
  }

  /// Prefilter and interpolator.
  private static let splines: [(Resampling.BSpline, Resampling.BSpline)] = [
    (.quadratic, .quadratic), (.linear, .quadratic), (.linear, .linear), (.quadratic, .linear), (.quadratic, .cubic),
    (.linear, .cubic),
  ]

  private static let smallestLayout = Layout(exactly: Layout.Layer(count: 1))

  // MARK: Chains

  /// Chains that could be better than the best of `candidates`, by search: at each rate by halving the range of sizes.
  func chains(besides candidates: [PlanCandidate], thoroughly: Bool) throws -> [PlanCandidate] {
    var rates: [Resampling?] = [nil]
    if !options.exactShift, kernel.radius >= 6 { rates += [Resampling(factor: 2), Resampling(factor: 3)] }
    if !options.exactShift, kernel.radius >= 40 { rates += [Resampling(factor: 4), Resampling(factor: 5)] }
    let useful = (thoroughly ? 1 : Self.leastGain) * largestUsefulCost(candidates)
    return try parallel(rates) { rate in
      // What all taps at a rate do bounds what a chain there can do.
      let bound = candidates.filter { $0.filter.rate?.factor == rate?.factor && $0.method == .dense }
        .map(\.accuracy.photo.mean).max()
      if case .error(let decibels) = options.demand, let bound, bound < decibels { return [] }
      let sizes = layouts(rate, thoroughly: thoroughly)
        .filter { milliseconds(rate, $0) < useful }
      return try search(rate, sizes, thoroughly: thoroughly)
    }
  }

  /// A chain must be cheaper by this factor to be worth a quick search.
  private static let leastGain = 0.97

  /// Layouts that rise in cost; none has more taps than the kernel has pixels.
  private func layouts(_ rate: Resampling?, thoroughly: Bool) -> [Layout] {
    let support = kernel.supportCount / (rate.map { $0.factor * $0.factor } ?? 1)
    let layouts: [Layout?] =
      switch options.costs.target {
      case .cpu where thoroughly: (8...48).map { Layout(exactly: Self.runs($0)) }
      case .cpu:
        Self.chainSizes.map { Layout.candidates(runs: $0, of: VerticalRun.maximumLength, support: support).first }
      // A fetch is a bilinear tap, of which twice the runs' number reach about the same.
      case .gpu: Self.chainSizes.map { try? Layout(Layout.candidates(taps: 2 * $0)[0]) }
      }
    return layouts.compactMap { $0 }.filter { $0.taps.reduce(0, +) < kernel.supportCount }
  }

  /// Runs in all, in steps of about a seventh: finer ones are within what a search scatters by.
  private static let chainSizes = [8, 10, 12, 14, 16, 18, 21, 24, 28, 32, 37, 42, 48]

  private static func runs(_ count: Int, of length: Int = VerticalRun.maximumLength) -> Layout.Layer {
    Layout.Layer(count: count, length: length)
  }

  /// The smallest of `sizes` that will do, or the best within the cost: the largest.
  private func search(_ rate: Resampling?, _ sizes: [Layout], thoroughly: Bool) throws -> [PlanCandidate] {
    if case .cost = options.demand { return try sizes.last.map { try chains(rate, $0, thoroughly: thoroughly) } ?? [] }
    var (found, range) = ([PlanCandidate](), 0..<sizes.count)
    while !range.isEmpty, !cancellation.isCancelled {
      let middle = (range.lowerBound + range.upperBound) / 2
      let candidates = try chains(rate, sizes[middle], thoroughly: thoroughly)
      found += candidates
      range = candidates.contains(where: isFeasible) ? range.lowerBound..<middle : middle + 1..<range.upperBound
    }
    return found
  }

  /// A chain of `layout`; thoroughly, from two starts, and of other shapes too that cost no more.
  private func chains(_ rate: Resampling?, _ layout: Layout, thoroughly: Bool) throws -> [PlanCandidate] {
    guard thoroughly else { return [try chain(rate, layout, effort: .fast, seed: options.seed)] }
    let layouts = options.costs.target == .cpu ? shapes(rate, like: layout) : [layout]
    let starts = layouts.flatMap { layout in [0, 1].map { (layout: layout, seed: options.seed &+ $0) } }
    return try parallel(starts) { [try chain(rate, $0.layout, effort: .normal, seed: $0.seed)] }
  }

  /// Layouts that cost no more than `layout`: the first layer as large as that allows, and some of few runs after it.
  private func shapes(_ rate: Resampling?, like layout: Layout) -> [Layout] {
    let limit = milliseconds(rate, layout)
    return Self.laterLayers.compactMap { later in
      (4...layout.layers[0].count).reversed().lazy
        .compactMap { try? Layout(layers: [Self.runs($0)] + later) }
        .first { milliseconds(rate, $0) <= limit }
    }
  }

  /// A few short runs repeat what the first layer made, moved a little: the best of these do with 8 to 22% fewer runs on disks,
  /// hearts, stars and glyphs, and none is the best everywhere.
  private static let laterLayers: [[Layout.Layer]] = [
    [], [runs(2, of: 2)], [runs(3, of: 2)], [runs(4, of: 2)], [runs(6, of: 2)], [runs(3, of: 3)], [runs(4)], [runs(8)],
    [runs(4), runs(3)], [runs(4), runs(3), runs(2)],
  ]

  private func chain(
    _ rate: Resampling?, _ layout: Layout, effort: FitOptions.Effort, seed: UInt64
  ) throws -> PlanCandidate {
    var fitOptions = FitOptions()
    (fitOptions.budget, fitOptions.rate) = (.layout(layout), rate)
    (fitOptions.effort, fitOptions.seed, fitOptions.threads) = (effort, seed, 1)
    if options.costs.target == .gpu {
      (fitOptions.tapModel, fitOptions.fractionBits) = (.bilinear, options.gpu.fractionBits)
    }
    let result = try Fit(kernel, fitOptions).run(cancellation: cancellation)
    var filter = result.filter
    // The plan tells where it came from.
    (filter.kernel, filter.fit) = (nil, nil)
    return try candidate(.chain, filter, result.summary.accuracy)
  }
}
