import FewtapCore
import FewtapSynthesis
import FewtapTargets

/// The joint fit of an outputs basis: a stack of filters, one layer of integer taps each, at the rate that its kernel allows.
///
/// Method: the family is linear in the filters' weights, so the joint fit is one least-squares problem (``OutputsSystem``); it
///         takes turns with the way between the knots, and knots move toward equal errors. Each knot runs at the lowest rate whose
///         own error is small beside that of interpolation.
/// Accuracy: disks of radius 0 to 24, PSNR on photographs, mean and worst between the knots: 68.1 and 63.3 dB by 16 knots, 75.8 and
///         68.2 by 24; 0 to 100 by 24 knots 67.2 and 62.0. Held by FewtapFitTests/BasisFitTests.
/// Cost:   on one core 3 s for those of 16 knots, 6 to 13 s for those of 24; 6 to 20 s for 54 knots of two parameters.
/// Source: METHOD.md section 7; there knots move toward equal errors of all kinds, here of those that knots can change.
struct OutputsBasisFit: Sendable {
  private let family: KernelFamily
  private let options: BasisFitOptions
  private let setting: OutputsProblem.Setting
  private let onsets: [Double]

  /// Throws: ``BasisFitError``; what the family's maker throws.
  init(_ family: KernelFamily, _ options: BasisFitOptions) throws {
    (self.family, self.options) = (family, options)
    guard options.recipe == .fewtap else {
      throw BasisFitError.option("recipe", value: options.recipe.rawValue, required: "fewtap, or the offsets operator")
    }
    guard options.objective != .charbonnier else {
      throw BasisFitError.option(
        "objective", value: options.objective.rawValue, required: "photo, balanced or highlights")
    }
    LevenbergMarquardt.prepareLibrary
    onsets = try family.axes.indices.map { try Self.onset(family, $0) }
    let radius = try Self.radius(family)
    let factors = Self.factors.filter { $0 == 1 || Double(radius) >= 2 * Double($0) * logarithm2(Double($0)) }
    let largest = factors.last ?? 1
    // The effective kernels must not wrap around, and the objective's corner frequency be resolved.
    let grid = MixedRates.grid(minimumSize: max(2 * (radius + 4 * largest) + 2, 128), multiple: largest)
    let rates = MixedRates(
      factors.map { $0 == 1 ? nil : Resampling(factor: $0, prefilter: .linear, interpolator: .quadratic) }, on: grid)
    let photos = PhotoSpectrum.quarters(side: grid.size).map { $0.spectrum(on: grid) }
    let photo = photos[0].indices.map { i in
      photos[0][i] > 0 ? exponential2(photos.reduce(0) { $0 + logarithm2($1[i]) } / Double(photos.count)) : 0
    }
    setting = OutputsProblem.Setting(
      family: family, rates: rates, power: Self.spectralPower(options.objective, photo, on: grid), photo: photo,
      threads: options.threads)
  }

  /// For photographs their own mean power, so that errors are even in decibels between small and large kernels.
  private static func spectralPower(_ objective: Objective, _ photo: [Double], on grid: GridTransform) -> [Double] {
    guard objective != .photo else { return photo }
    var power = QuarterPlane(side: grid.size) { objective.power(squaredFrequency: $0) }
    power[0, 0] *= SpectralLoss.weightOfSum
    return power.spectrum(on: grid)
  }

  /// Factors between the rates: one divides the next.
  private static let factors = [1, 2, 4, 8, 16, 32]

  /// The value up to which, from the first one on, the kernel is the identity, whatever the other parameters are.
  private static func onset(_ family: KernelFamily, _ axis: Int) throws -> Double {
    let range = family.axes[axis].range
    var others: [[Double]] = [[]]
    for (index, other) in family.axes.enumerated() {
      let (low, high) = (other.range.lowerBound, other.range.upperBound)
      let values = index == axis ? [low] : [low, (low + high) / 2, high]
      others = others.flatMap { head in values.map { head + [$0] } }
    }
    func isIdentity(_ value: Double) throws -> Bool {
      try others.allSatisfy { point in
        var point = point
        point[axis] = value
        return try family.kernel(at: point).isIdentity
      }
    }
    guard try isIdentity(range.lowerBound), try !isIdentity(range.upperBound) else { return range.lowerBound }
    // Thirty halvings find it to a billionth of the range.
    var (low, high) = (range.lowerBound, range.upperBound)
    for _ in 0..<30 {
      let middle = (low + high) / 2
      if try isIdentity(middle) { low = middle } else { high = middle }
    }
    // Closer to the end than anyone can tell there is none.
    return low - range.lowerBound > 1e-4 * (range.upperBound - range.lowerBound) ? low : range.lowerBound
  }

  /// The largest kernel's radius, looked for at the ends and in the middle of each parameter.
  private static func radius(_ family: KernelFamily) throws -> Int {
    var points: [[Double]] = [[]]
    for axis in family.axes {
      let (low, high) = (axis.range.lowerBound, axis.range.upperBound)
      points = points.flatMap { head in [low, (low + high) / 2, high].map { head + [$0] } }
    }
    return try points.reduce(1) { try max($0, family.summingKernel(at: $1).radius) }
  }

  /// Points an interval at which the fit looks: in three dimensions and more, cells have many neighbors to learn from.
  private var samplesPerInterval: Int { family.axes.count < 3 ? 5 : 3 }

  // MARK: The search for knots and rates

  /// Where the search is: all that a checkpoint must hold.
  private struct State: Sendable {
    var knots: [[Double]]
    /// What a rate must come to for its knot's kernel alone, dB on photographs.
    var quality: Double
    /// Times that the knots have moved since there are so many.
    var moves = 0
    /// The best knots until now, with what they reached.
    var best: Best?

    struct Best: Sendable {
      var knots: [[Double]]
      var quality: Double
      var mean: Double
      var worst: Double
    }

    static let (firstQuality, lastQuality) = (60.0, 100.0)
  }

  func run(resuming: BasisCheckpoint?, _ watch: BasisFitWatch) throws -> FilterBasis {
    var state = try resuming.map(restored) ?? start()
    var completed = 0
    var last: OutputsProblem?
    func report(_ stage: String) {
      completed += 1
      watch.checkpoint?(checkpoint(state))
      watch.progress?(
        BasisFitProgress(
          stage: stage, knots: state.knots.map(\.count), completed: completed, worstPhotoPSNR: state.best?.worst))
    }
    search: while !watch.cancellation.isCancelled {
      while state.moves < Self.moves, !watch.cancellation.isCancelled {
        let problem = try fitted(state.knots, quality: state.quality, turns: 2)
        state.knots = KnotSpacing.evened(problem.grid, errors: problem.intervalErrors())
        (state.moves, last) = (state.moves + 1, problem)
        report("moving knots")
      }
      guard !watch.cancellation.isCancelled else { break }
      let problem = try fitted(state.knots, quality: state.quality, turns: Self.turns)
      last = problem
      let accuracy = try BasisAccuracy(of: basis(problem), against: family, threads: options.threads)
      let found = State.Best(
        knots: state.knots, quality: state.quality, mean: accuracy.photoPSNR, worst: accuracy.worst.photoPSNR)
      if let demand = options.demand {
        let gain = found.worst - (state.best?.worst ?? -.infinity)
        if gain > Self.leastGain { state.best = found }
        if found.worst >= demand {
          state.best = found
          break search
        }
        if options.knots == nil, problem.avoidableShareOfWorst > 0.5 {
          guard try grow(&state, problem, lack: demand - found.worst) else { break search }
        } else {
          let rise = state.quality - (state.best?.quality ?? state.quality)
          guard gain > Self.leastGain || rise < Self.patience, state.quality < State.lastQuality else { break search }
          state.quality += Self.qualityStep
        }
      } else {
        let gain = state.best.map { (found.mean + found.worst - $0.mean - $0.worst) / 2 } ?? .infinity
        let rise = state.quality - (state.best?.quality ?? 0)
        if gain >= Self.balance * rise { state.best = found }
        // A step may fall between two rates of the knots that matter.
        guard gain >= Self.balance * rise || rise < Self.patience, state.quality < State.lastQuality else {
          break search
        }
        state.quality += Self.qualityStep
      }
      // The errors' balance changes a little.
      state.moves = min(state.moves, Self.moves - 1)
      report("choosing knots and rates")
    }
    return try finished(state, last, isCancelled: watch.cancellation.isCancelled)
  }

  /// Times that knots move; by then they move by percents.
  private static let moves = 5
  /// Turns that weights and the way between the knots take.
  private static let turns = 3
  /// Decibels by which rates rise at a time.
  private static let qualityStep = 2.0
  /// Decibels by which rates may rise without a gain.
  private static let patience = 6.0
  /// A better rate is worth it while its error is the larger part: then a decibel less of it is half a decibel or more less of
  /// all.
  private static let balance = 0.5
  /// Less than this, dB, is no progress.
  private static let leastGain = 0.1
  /// Knots beyond which there is no hope: a family that so many do not describe has no use for a basis.
  private static let maximumUnknowns = 512
  /// Share of the errors that left-out taps may add: 0.1 dB.
  private static let pruned = 0.02

  private func start() -> State {
    let counts = options.knots ?? family.axes.map { $0.isPeriodic ? 7 : 5 }
    return State(
      knots: family.axes.indices.map {
        KnotSpacing.initial(family.axes[$0], count: counts[$0], onset: onsets[$0])
      }, quality: options.demand.map { $0 + 2 } ?? State.firstQuality)
  }

  /// More knots along the axis whose intervals bend most; false if there are too many.
  private func grow(_ state: inout State, _ problem: OutputsProblem, lack: Double) throws -> Bool {
    let bends = try KnotPlanner(setting).bends(problem.grid)
    let axis = bends.indices.max { bends[$0] < bends[$1] } ?? 0
    let count = state.knots[axis].count
    // The error of interpolation falls as the fourth power of the knots' number.
    let factor = min(max(exponential2(lack / 40 * logarithm2(10)), 1.1), 1.5)
    let next = max(count + 1, Int((Double(count) * factor).rounded()))
    guard problem.grid.unknownCount / count * next <= Self.maximumUnknowns else { return false }
    state.knots[axis] = KnotSpacing.resampled(state.knots[axis], count: next, onset: onsets[axis])
    state.moves = Self.moves - 2
    state.best = nil
    return true
  }

  private func finished(_ state: State, _ last: OutputsProblem?, isCancelled: Bool) throws -> FilterBasis {
    guard var problem = try state.best.map({ try fitted($0.knots, quality: $0.quality, turns: Self.turns) }) ?? last
    else {
      throw BasisFitError.cancelled
    }
    var (result, accuracy) = try measured(problem)
    if !isCancelled {
      try problem.prune(tolerance: Self.pruned)
      let smaller = try measured(problem)
      let demand = options.demand ?? -.infinity
      if smaller.accuracy.worst.photoPSNR >= demand || accuracy.worst.photoPSNR < demand {
        (result, accuracy) = smaller
      }
      guard accuracy.worst.photoPSNR >= demand else {
        throw BasisFitError.errorNotReached(
          asked: demand, reached: accuracy.worst.photoPSNR, knots: problem.grid.shape)
      }
    }
    result.fit = BasisRecord(result, options, accuracy, termination: isCancelled ? .cancelled : .completed)
    return result
  }

  private func measured(_ problem: OutputsProblem) throws -> (basis: FilterBasis, accuracy: BasisAccuracy) {
    let basis = try basis(problem)
    return (basis, try BasisAccuracy(of: basis, against: family, threads: options.threads))
  }

  // MARK: Checkpoints

  private func checkpoint(_ state: State) -> BasisCheckpoint {
    var numbers = ["quality": [state.quality], "moves": [Double(state.moves)]]
    if let best = state.best {
      numbers["best"] = [best.quality, best.mean, best.worst]
      for (axis, knots) in best.knots.enumerated() { numbers["best knots \(axis)"] = knots }
    }
    return BasisCheckpoint(
      family: family.name, options: options, stage: .outputs, knots: state.knots, state: numbers)
  }

  private func restored(_ checkpoint: BasisCheckpoint) throws(BasisFitError) -> State {
    guard checkpoint.stage == .outputs, let quality = checkpoint.state["quality"]?.first,
      let moves = checkpoint.state["moves"]?.first, (0...200).contains(quality), (0...100).contains(moves)
    else { throw .badCheckpoint("it does not say where the fit was") }
    var state = State(knots: checkpoint.knots, quality: quality, moves: Int(moves))
    if let best = checkpoint.state["best"], best.count == 3 {
      let knots = family.axes.indices.compactMap { checkpoint.state["best knots \($0)"] }
      guard knots.map(\.count) == checkpoint.knots.map(\.count) else {
        throw .badCheckpoint("its best knots are not as many as its knots")
      }
      state.best = State.Best(knots: knots, quality: best[0], mean: best[1], worst: best[2])
    }
    return state
  }

  // MARK: Fits

  /// The joint fit for given knots: weights and the way between them take turns.
  private func fitted(_ knots: [[Double]], quality: Double, turns: Int) throws -> OutputsProblem {
    let grid = KnotGrid(axes: family.axes, knots: knots, samplesPerInterval: samplesPerInterval, onsets: onsets)
    var problem = try OutputsProblem(setting, grid, KnotPlanner(setting).choices(grid, quality: quality))
    for _ in 0..<turns {
      try problem.solve()
      problem.refitShares()
    }
    if turns >= Self.turns { problem.emphasizeWorst() }
    try problem.solve()
    return problem
  }

  /// The kernel's sum at a point; 1 if it only differs by rounding.
  private func gain(_ point: [Double]) throws -> Double {
    let sum = try family.summingKernel(at: point).sum
    return abs(sum - 1) < 1e-9 ? 1 : sum
  }

  private func basis(_ problem: OutputsProblem) throws -> FilterBasis {
    let grid = problem.grid
    let axes = grid.axes.indices.map { axis in
      KnotAxis(
        grid.axes[axis], knots: grid.knots[axis],
        curve: grid.knots[axis].indices.dropLast().flatMap { interval in
          (1..<grid.samplesPerInterval).map { step in
            KnotAxis.CurvePoint(
              value: grid.value(axis, KnotGrid.Stop(interval: interval, step: step)),
              coordinate: Double(interval) + problem.shares.values[axis][interval][step])
          }
        })
    }
    let filters = try (0..<grid.knotCount).map { knot in
      let indices = grid.indices(ofKnot: knot)
      let unknown = grid.unknown(indices)
      let (support, weights) = (problem.supports[unknown], problem.weights[unknown])
      let sum = weights.reduce(0, +)
      return SparseFilter(
        chain: TapChain(
          model: .integer,
          layers: [
            TapLayer(
              zip(support.positions, weights).map { Tap(x: Double($0.x), y: Double($0.y), weight: $1 / sum) })
          ]), rate: setting.rates.rates[support.rate], gain: try gain(grid.point(indices)))
    }
    return FilterBasis(interpolation: .outputs, axes: axes, filters: filters, family: family.name)
  }
}

extension KernelFamily {
  /// The kernel at a point, for a filter whose taps have the sum 1 and a gain.
  ///
  /// Throws: ``BasisFitError/badSum(at:_:)``; what the family's maker throws.
  func summingKernel(at point: [Double]) throws -> Kernel {
    let kernel = try kernel(at: point)
    guard !kernel.isZeroSum, BasisFitError.sums.contains(abs(kernel.sum)) else {
      throw BasisFitError.badSum(at: point, kernel.sum)
    }
    return kernel
  }
}
