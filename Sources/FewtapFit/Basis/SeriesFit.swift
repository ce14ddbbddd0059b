import FewtapCore
import FewtapSynthesis
import FewtapTargets

/// The fit of taps that follow a series: the series nearest to taps that a fit at knots has found, and then its coefficients all at once.
///
/// Source: METHOD.md section 13.
struct SeriesFit: Sendable {
  let family: OffsetsFamily
  let options: BasisFitOptions
  let template: OffsetsTemplate

  /// Steps on the last samples, at most, and the relative decrease that counts as none; steps on others, and how often samples are
  /// changed once there are all functions: the cost has kinks, where a tap crosses a pixel at a sample, and other samples have others.
  private static let (steps, tolerance, stepsBefore, rounds) = (60, 5e-4, 12, 3)

  /// The parameters' functions: a turning frame comes around after a quarter, since the grid of pixels does, and with it what the
  /// frame leaves to be followed.
  func axes(_ terms: [Int]) -> [TapSeries.Axis] {
    zip(family.family.axes, zip(terms, family.turns)).map { axis, entry in
      let (count, turn) = entry
      let span = axis.range.upperBound - axis.range.lowerBound
      let functions: TapSeries.Functions =
        turn != 0
        ? .fourier(count: count, period: 90)
        : axis.isPeriodic ? .fourier(count: count, period: span) : .chebyshev(count: count)
      return TapSeries.Axis(range: axis.range, functions: functions, turn: turn)
    }
  }

  /// Functions and samples of a number of terms.
  private struct Setting {
    let axes: [TapSeries.Axis]
    let points: [[Double]]
    let weights: [Double]
    let functions: SeriesFunctions
  }

  private func setting(_ terms: [Int], _ round: Int) throws(BasisFitError) -> Setting {
    let sampling = OffsetsSampling(terms: terms, round: round, family)
    let (axes, points) = (axes(terms), sampling.points.map(\.point))
    let weights = sampling.points.map(\.weight)
    return Setting(
      axes: axes, points: points, weights: weights,
      functions: try SeriesFunctions(axes, points: points, weights: weights))
  }

  /// The series nearest to the tracks through the knots of `grid`. Throws: ``BasisFitError/singular(knots:)``.
  func start(_ target: [Int], at tracks: [Double], on grid: OffsetsGrid) throws(BasisFitError) -> SeriesFitState {
    let terms = path(to: target)[0]
    let setting = try setting(terms, 0)
    let m = 3 * template.parameters.tapCount
    let values = setting.points.map { point in
      var numbers = [Double](repeating: 0, count: m)
      for (knot, weight) in grid.shares(at: point) {
        for i in 0..<m { numbers[i] += weight * tracks[knot * m + i] }
      }
      if !grid.isTurning { turn(&numbers, by: family.turn(at: point), forward: false) }
      return numbers
    }
    return SeriesFitState(terms: terms, target: target, coefficients: setting.functions.projected(values))
  }

  /// A state that goes on to more functions, since with its own it came to `worst`.
  func refined(_ state: SeriesFitState, worst: Double) throws(BasisFitError) -> SeriesFitState {
    var result = try extended(state, to: grown(state), round: 0)
    result.worstBefore = worst
    result.idle = state.worstBefore.map { worst < $0 + 0.2 ? state.idle + 1 : 0 } ?? 0
    result.target = result.terms
    return result
  }

  /// The numbers of functions that a fit goes through: from few, which follow the taps of two knots exactly, to `target`.
  func path(to target: [Int]) -> [[Int]] {
    var path = [target]
    while let next = path.last {
      let halved = next.indices.map { index in
        step(index) == 2
          ? max(min(1, next[index]), (next[index] + 1) / 4 * 2 - 1) : min(next[index], max(2, (next[index] + 1) / 2))
      }
      guard halved != next else { break }
      path.append(halved)
    }
    return path.reversed()
  }

  /// The same taps in more functions.
  private func extended(_ state: SeriesFitState, to terms: [Int], round: Int) throws(BasisFitError) -> SeriesFitState {
    let (before, after) = (try setting(state.terms, state.round), try setting(terms, round))
    let plain = before.functions.plain(state.coefficients)
    let m = 3 * template.parameters.tapCount
    let old = TapSeries(axes: before.axes, layers: [], gain: [])
    let values = after.points.map { point in
      var numbers = [Double](repeating: 0, count: m)
      for (k, term) in old.terms(at: point).enumerated() {
        for i in 0..<m { numbers[i] += term * plain[k * m + i] }
      }
      return numbers
    }
    var result = state
    result.go(on: terms, round: round, after.functions.projected(values))
    return result
  }

  /// More functions of the parameter whose last ones still move the taps most.
  private func grown(_ state: SeriesFitState) -> [Int] {
    let m = 3 * template.parameters.tapCount
    let n = m / 3
    var tails = state.terms.map { _ in 0.0 }
    for k in 0..<state.terms.reduce(1, *) {
      var (rest, index) = (k, [Int]())
      for count in state.terms.reversed() {
        index.append(rest % count)
        rest /= count
      }
      var energy = 0.0
      for i in n..<m {
        let value = state.coefficients[k * m + i]
        energy += abs(template.parameters.weights[i % n]) * value * value
      }
      for (axis, place) in index.reversed().enumerated() where place >= state.terms[axis] - step(axis) {
        tails[axis] += energy / Double(step(axis))
      }
    }
    let axis = tails.indices.max { tails[$0] < tails[$1] } ?? 0
    var terms = state.terms
    terms[axis] += step(axis) * max(1, terms[axis] / (4 * step(axis)))
    return terms
  }

  /// Functions that go together: cosine and sine.
  private func step(_ axis: Int) -> Int {
    family.turns[axis] != 0 || family.family.axes[axis].isPeriodic ? 2 : 1
  }

  /// As many functions as a series starts with that grows.
  var firstTerms: [Int] { family.family.axes.indices.map { step($0) == 2 ? 3 : family.family.axes.count == 1 ? 4 : 3 } }

  /// Functions in all that a fit chooses by itself at most.
  static let mostTerms = 128

  /// Functions for as many numbers as filters at so many knots have, at most: cosines with their sines.
  func terms(for knots: [Int]) -> [Int] {
    var terms = knots.enumerated().map { index, count in
      let count = min(count, TapSeries.maximumFunctionCount)
      return step(index) == 2 && count.isMultiple(of: 2) ? count - 1 : count
    }
    while terms.reduce(1, *) > Self.mostTerms, let largest = terms.indices.max(by: { terms[$0] < terms[$1] }) {
      terms[largest] -= step(largest)
    }
    return terms
  }

  /// Turns offsets into a frame, or out of it.
  private func turn(_ numbers: inout [Double], by turn: SIMD2<Double>, forward: Bool) {
    let n = numbers.count / 3
    for i in n..<2 * n {
      let place = SIMD2(turn.x, forward ? turn.y : -turn.y).applied(to: SIMD2(numbers[i], numbers[n + i]))
      (numbers[i], numbers[n + i]) = (place.x, place.y)
    }
  }

  /// Makes steps until there are no more to make, with ever more functions.
  ///
  /// Throws: as ``basis(_:)``, after the first functions whose taps no table follows: more functions bend them no less.
  func descend(_ state: inout SeriesFitState, _ watch: BasisFitWatch, keep: (SeriesFitState) -> Void) throws {
    while true {
      try descendHere(&state, watch, keep: keep)
      guard state.isDone, !watch.cancellation.isCancelled, !isLast(state) else { return }
      _ = try series(state).tableKnots()
      let path = path(to: state.target)
      let next = path.firstIndex(of: state.terms).map { path[min($0 + 1, path.count - 1)] } ?? state.target
      state = try extended(state, to: next, round: next == state.terms ? state.round + 1 : 0)
      keep(state)
    }
  }

  /// Whether neither functions nor samples will change any more.
  private func isLast(_ state: SeriesFitState) -> Bool {
    state.terms == state.target && state.round + 1 >= Self.rounds
  }

  private func descendHere(_ state: inout SeriesFitState, _ watch: BasisFitWatch, keep: (SeriesFitState) -> Void) throws
  {
    guard !state.isDone, !watch.cancellation.isCancelled else { return }
    let setting = try setting(state.terms, state.round)
    let samples = parallelMap(count: setting.points.count, threads: options.threads) { index in
      Result {
        let point = setting.points[index]
        let kernel = try family.kernel(at: point)
        return OffsetsProblem.Sample(
          target: template.grid.forward(template.grid.place(kernel)),
          shares: setting.functions.rows[index].enumerated().map { ($0, $1) }, turn: family.turn(at: point),
          weight: setting.weights[index])
      }
    }
    let chains = OffsetsProblem(
      layout: template.parameters.layout, knotCount: setting.functions.count, samples: try samples.map { try $0.get() },
      objective: options.objective, grid: template.grid, limits: template.limits, threads: options.threads)
    let descent = OffsetsDescent(SeriesProblem(chains, setting.functions), tolerance: Self.tolerance)
    var position = descent.start(at: state.coefficients, damping: state.damping, stalled: state.stalled)
    while !state.isDone, !watch.cancellation.isCancelled {
      state.isDone = !descent.step(&position) || state.stepsHere + 1 >= (isLast(state) ? Self.steps : Self.stepsBefore)
      state.note(position)
      watch.progress?(
        BasisFitProgress(stage: "coefficients of taps", terms: state.terms, completed: state.steps))
      if !state.isDone { keep(state) }
    }
  }

  /// The basis. Throws: as the family; ``FilterError`` for taps that no table follows.
  func basis(_ state: SeriesFitState) throws -> FilterBasis {
    try FilterBasis(series: series(state), axes: family.family.axes, family: family.family.name)
  }

  private func series(_ state: SeriesFitState) throws -> TapSeries {
    let setting = try setting(state.terms, state.round)
    let plain = setting.functions.plain(state.coefficients)
    let (n, count) = (template.parameters.tapCount, setting.functions.count)
    func coefficients(_ number: Int) -> [Double] { (0..<count).map { plain[$0 * 3 * n + number] } }
    let layers = template.parameters.ranges.map { range in
      range.map {
        TapSeries.Track(x: coefficients(n + $0), y: coefficients(2 * n + $0), weight: coefficients($0))
      }.ofUnitSum()
    }
    let gains = try parallelMap(count: setting.points.count, threads: options.threads) { index in
      Result { try family.family.kernel(at: setting.points[index]).sum }
    }.map { try $0.get() }
    let alike = gains.allSatisfy { abs($0 - gains[0]) <= 0x1p-40 * abs(gains[0]) }
    let gain =
      alike
      ? (0..<count).map { $0 == 0 ? gains[0] : 0 }
      : setting.functions.plain(setting.functions.projected(gains.map { [$0] }))
    return TapSeries(axes: setting.axes, layers: layers, gain: gain)
  }
}

extension [TapSeries.Track] {
  /// The layer with weights that sum to 1 everywhere: those of the constant function to 1, and of every other one to 0.
  fileprivate func ofUnitSum() -> [TapSeries.Track] {
    var tracks = self
    let total = reduce(0) { $0 + $1.weight[0] }
    for i in indices { tracks[i].weight[0] /= total }
    let sizes = tracks.map { abs($0.weight[0]) }
    let size = sizes.reduce(0, +)
    let largest = indices.max { sizes[$0] < sizes[$1] } ?? 0
    for k in self[0].weight.indices {
      func rest() -> Double { tracks.reduce(k == 0 ? 1 : 0) { $0 - $1.weight[k] } }
      let spread = rest()
      for i in indices { tracks[i].weight[k] += spread * sizes[i] / size }
      // What rounding leaves goes onto one.
      for _ in 0..<4 where rest() != 0 { tracks[largest].weight[k] += rest() }
    }
    return tracks
  }
}
