import FewtapCore
import FewtapSynthesis
import FewtapTargets

/// The fit of an offsets basis: filters whose taps are interpolated between the knots.
///
/// A template is fitted to the family's largest kernel. Turned and scaled to the other knots it makes tap i correspond everywhere,
/// and then all knots are fitted at once to kernels between them: on two knots an axis first, then on twice as many, until there
/// are as many as asked for. Knots in a row are then moved toward intervals of equal errors. A family that turns its kernels is fitted in a turning frame before, where knots along the other axes
/// suffice.
/// Source: the operator is that of Wu, Zhe, Huo (DISK), ICLR 2026, "filter-space interpolation"; the joint fit is ours.
package struct OffsetsBasisFit: Sendable {
  private let family: OffsetsFamily
  private let options: BasisFitOptions
  /// Time between checkpoints, at least.
  private let pause: Duration

  /// The fit of a basis to `family`. Throws: ``BasisFitError``; what the family's maker throws.
  package init(_ family: KernelFamily, _ options: BasisFitOptions, pause: Duration = .seconds(5)) throws {
    guard options.recipe == .paper || options.objective != .charbonnier else {
      throw BasisFitError.option(
        "objective", value: options.objective.rawValue, required: "photo, balanced or highlights")
    }
    self.family = try OffsetsFamily(family)
    (self.options, self.pause) = (options, pause)
  }

  /// Steps on one grid, at most, and the relative decrease that counts as none.
  private static let (steps, tolerance) = (150, 2e-4)
  /// How often knots in a row are moved, and the steps before each time: the errors show their intervals soon.
  private static let (evenings, stepsBeforeEvening) = (4, 10)
  /// Knots in all beyond which none are added.
  private static let mostKnots = 1024

  /// Runs the fit; see ``BasisFit/run(resuming:cancellation:checkpoint:progress:)``.
  package func run(resuming: BasisCheckpoint? = nil, _ watch: BasisFitWatch = BasisFitWatch()) throws -> FilterBasis {
    if options.recipe == .paper {
      return try OffsetsPaperFit(family: family, options: options).run(resuming: resuming, watch)
    }
    var state: OffsetsFitState
    let template: OffsetsTemplate
    if let resuming {
      state = try OffsetsFitState(resuming, family, taps: options.taps)
      template = try OffsetsTemplate(family, options, parameters: state.template)
    } else {
      let plan = OffsetsPlan(family, options)
      template = try OffsetsTemplate(family, options, watch, knots: plan.last.shape)
      state = OffsetsFitState(template: template.parameters, plan: plan)
      state.tracks = try template.tracks(at: plan.stages[0], of: family)
    }
    var lastCheckpoint = ContinuousClock.now
    func keep(_ state: OffsetsFitState, always: Bool = false) {
      guard let checkpoint = watch.checkpoint, always || ContinuousClock.now - lastCheckpoint > pause else {
        return
      }
      lastCheckpoint = .now
      checkpoint(state.checkpoint(family.family.name, options))
    }
    if resuming == nil { keep(state, always: true) }
    if options.tracks == .series { return try series(&state, template, watch) { keep($0, always: $1) } }
    while true {
      if state.series == nil { try descend(&state, template, watch) { keep($0) } }
      let basis = try self.basis(state, template)
      let accuracy = try BasisAccuracy(of: basis, against: family.family, threads: options.threads)
      let worst = accuracy.worst.photoPSNR
      watch.progress?(
        BasisFitProgress(stage: "between knots", knots: basis.shape, completed: state.steps, worstPhotoPSNR: worst))
      let isCancelled = watch.cancellation.isCancelled
      guard let demand = options.demand, !isCancelled, worst < demand, state.series == nil else {
        let knots = basis.with(accuracy, options, termination: isCancelled ? .cancelled : .completed)
        guard options.tracks == .auto, !isCancelled else { return knots }
        return try better(knots, accuracy, &state, template, watch) { keep($0, always: $1) }
      }
      let axis = try basis.neediestAxis(family.family, threads: options.threads)
      let next = state.plan.refined(along: axis, of: family)
      // Knots that bring nothing any more will not come to bring something.
      let isStuck = state.worstBefore.map { worst < $0 + 0.2 } ?? false
      guard !isStuck, next.last.count <= Self.mostKnots else {
        throw BasisFitError.errorNotReached(asked: demand, reached: worst, knots: basis.shape)
      }
      state.goOn(on: next, family: family, worst: worst)
      keep(state)
    }
  }

  /// The series of as many numbers as the filters at `knots` have, at most, or those if they are nearer to the family.
  private func better(
    _ knots: FilterBasis, _ accuracy: BasisAccuracy, _ state: inout OffsetsFitState, _ template: OffsetsTemplate,
    _ watch: BasisFitWatch, keep: (OffsetsFitState, Bool) -> Void
  ) throws -> FilterBasis {
    let fit = SeriesFit(family: family, options: options, template: template)
    var series = try state.series ?? fit.start(fit.terms(for: knots.shape), at: state.tracks, on: state.grid)
    state.series = series
    keep(state, true)
    let basis: FilterBasis
    do {
      try fit.descend(&series, watch) {
        state.series = $0
        keep(state, false)
      }
      basis = try fit.basis(series)
    } catch is FilterError {
      // No table follows it.
      return knots
    }
    let points = accuracy.points.map(\.parameters)
    let found = try BasisAccuracy(of: basis, against: family.family, at: points, threads: options.threads)
    watch.progress?(
      BasisFitProgress(
        stage: "series between knots", terms: series.terms, completed: series.steps,
        worstPhotoPSNR: found.worst.photoPSNR))
    let isCancelled = watch.cancellation.isCancelled
    let isBetter = found.worst.photoPSNR > accuracy.worst.photoPSNR
    return (isBetter ? basis : knots).with(
      isBetter ? found : accuracy, options, termination: isCancelled ? .cancelled : .completed)
  }

  /// The basis of a series, from what a fit at few knots gives.
  private func series(
    _ state: inout OffsetsFitState, _ template: OffsetsTemplate, _ watch: BasisFitWatch,
    keep: (OffsetsFitState, Bool) -> Void
  ) throws -> FilterBasis {
    let fit = SeriesFit(family: family, options: options, template: template)
    var series: SeriesFitState
    if let begun = state.series {
      series = begun
    } else {
      if state.plan.stagesBeforeSeries > 0 { try descend(&state, template, watch) { keep($0, false) } }
      series = try fit.start(options.terms ?? fit.firstTerms, at: state.tracks, on: state.grid)
      state.series = series
      keep(state, true)
    }
    while true {
      try fit.descend(&series, watch) {
        state.series = $0
        keep(state, false)
      }
      let basis = try fit.basis(series)
      let accuracy = try BasisAccuracy(of: basis, against: family.family, threads: options.threads)
      let worst = accuracy.worst.photoPSNR
      watch.progress?(
        BasisFitProgress(
          stage: "between samples", terms: series.terms, completed: series.steps, worstPhotoPSNR: worst))
      let isCancelled = watch.cancellation.isCancelled
      guard let demand = options.demand, !isCancelled, worst < demand else {
        return basis.with(accuracy, options, termination: isCancelled ? .cancelled : .completed)
      }
      let next = try fit.refined(series, worst: worst)
      guard next.idle < 2, next.terms.reduce(1, *) <= SeriesFit.mostTerms,
        next.terms.allSatisfy({ $0 <= TapSeries.maximumFunctionCount })
      else {
        throw BasisFitError.errorNotReachedBySeries(asked: demand, reached: worst, terms: series.terms)
      }
      series = next
      state.series = series
      keep(state, true)
    }
  }

  /// Fits on the grids that are left, one after the other.
  private func descend(
    _ state: inout OffsetsFitState, _ template: OffsetsTemplate, _ watch: BasisFitWatch,
    keep: (OffsetsFitState) -> Void
  ) throws {
    while true {
      let stages = options.tracks == .series ? state.plan.stagesBeforeSeries : state.plan.stages.count
      let descent = OffsetsDescent(try problem(state.grid, template), tolerance: Self.tolerance)
      var position = descent.start(at: state.tracks, damping: state.damping, stalled: state.stalled)
      var goesOn = true
      let evens =
        options.tracks != .series && state.plan.isRow && state.stage == state.plan.stages.count - 1
        && state.evenings < Self.evenings
      while goesOn, state.stepsHere < (evens ? Self.stepsBeforeEvening : Self.steps), !watch.cancellation.isCancelled {
        goesOn = descent.step(&position)
        state.note(position)
        watch.progress?(
          BasisFitProgress(stage: "taps at all knots", knots: state.grid.shape, completed: state.steps))
        if goesOn { keep(state) }
      }
      if evens, !watch.cancellation.isCancelled {
        state.even(try intervalErrors(state, template), family: family)
      } else if !state.enterNextStage(family, of: stages) {
        return
      }
    }
  }

  /// The joint problem on a grid of knots.
  private func problem(_ grid: OffsetsGrid, _ template: OffsetsTemplate) throws -> OffsetsProblem {
    let points = OffsetsSampling(grid, family).points
    let samples = parallelMap(count: points.count, threads: options.threads) { index in
      Result {
        let (point, weight) = points[index]
        let kernel = try family.kernel(at: point)
        return OffsetsProblem.Sample(
          target: template.grid.forward(template.grid.place(kernel)), shares: grid.shares(at: point),
          turn: grid.isTurning ? family.turn(at: point) : SIMD2(1, 0), weight: weight)
      }
    }
    return OffsetsProblem(
      layout: template.parameters.layout, knotCount: grid.count, samples: try samples.map { try $0.get() },
      objective: options.objective, grid: template.grid, limits: template.limits, threads: options.threads)
  }

  /// The largest squared error, on photographs, of each interval of a row.
  private func intervalErrors(_ state: OffsetsFitState, _ template: OffsetsTemplate) throws -> [Double] {
    let basis = try self.basis(state, template)
    let points = try BasisAccuracy(of: basis, against: family.family, threads: options.threads).points
    return basis.axes[0].knots.dropLast().enumerated().map { index, low in
      points.reduce(0) { largest, point in
        let isInside = point.parameters[0] > low && point.parameters[0] < basis.axes[0].knots[index + 1]
        return isInside ? max(largest, power(10, -point.photoPSNR / 10)) : largest
      }
    }
  }

  /// The filters of the tracks.
  private func basis(_ state: OffsetsFitState, _ template: OffsetsTemplate) throws -> FilterBasis {
    let grid = state.plan.last
    let m = 3 * template.parameters.tapCount
    let filters = try (0..<grid.count).map { knot in
      let numbers = Array(state.tracks[knot * m..<(knot + 1) * m])
      let layers = template.parameters.with(numbers).chain(model: .bilinear).layers.map { $0.ofUnitSum() }
      return SparseFilter(
        chain: TapChain(model: .bilinear, layers: layers),
        gain: try family.family.kernel(at: grid.point(knot)).sum)
    }
    return FilterBasis(
      interpolation: .offsets, axes: zip(family.family.axes, grid.knots).map { KnotAxis($0, knots: $1) },
      filters: filters, family: family.family.name)
  }
}

extension FilterBasis {
  /// The basis with what is known of it.
  func with(
    _ accuracy: BasisAccuracy, _ options: BasisFitOptions, termination: FitSummary.Termination
  ) -> FilterBasis {
    var basis = self
    basis.fit = BasisRecord(self, options, accuracy, termination: termination)
    return basis
  }

  /// The axis that more knots along would gain most: where it is worst midway between knots along one axis, at knots along all
  /// others. Throws: as ``BasisAccuracy``.
  fileprivate func neediestAxis(_ family: KernelFamily, threads: Int) throws -> Int {
    guard axes.count > 1 else { return 0 }
    let means = try axes.indices.map { axis in
      var points: [[Double]] = [[]]
      for (index, knots) in axes.map(\.knots).enumerated() {
        let values = index == axis ? zip(knots, knots.dropFirst()).map { ($0 + $1) / 2 } : knots
        points = points.flatMap { head in values.map { head + [$0] } }
      }
      return try BasisAccuracy(of: self, against: family, at: points, threads: threads).photoPSNR
    }
    return means.indices.min { means[$0] < means[$1] } ?? 0
  }
}

extension TapLayer {
  /// The layer with its weights scaled to sum 1, what rounding leaves of that put onto the largest.
  fileprivate func ofUnitSum() -> TapLayer {
    let sum = sum
    var layer = TapLayer(taps.map { Tap(x: $0.x, y: $0.y, weight: $0.weight / sum) })
    guard let largest = taps.indices.max(by: { abs(taps[$0].weight) < abs(taps[$1].weight) }) else { return layer }
    for _ in 0..<4 where layer.sum != 1 { layer.taps[largest].weight += 1 - layer.sum }
    return layer
  }
}
