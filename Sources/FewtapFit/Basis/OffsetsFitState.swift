import FewtapCore
import FewtapSynthesis

/// Where a fit of an offsets basis is: all that another run needs to go on to the same result.
struct OffsetsFitState: Equatable, Sendable {
  /// The chain that the taps were made from.
  let template: ChainParameters
  var plan: OffsetsPlan
  /// Index among the plan's grids.
  var stage = 0
  /// See ``OffsetsProblem``.
  var tracks: [Double] = []
  var damping = DescentState.firstDamping
  var stalled = 0
  /// Steps on this grid, and in all.
  var (stepsHere, steps) = (0, 0)
  /// How often the knots of a row have been moved toward equal errors since there were as many.
  var evenings = 0
  /// The least PSNR with the knots before; nil if these are the first.
  var worstBefore: Double?
  /// The series that comes after; nil as long as there is none.
  var series: SeriesFitState?

  init(template: ChainParameters, plan: OffsetsPlan) { (self.template, self.plan) = (template, plan) }

  /// The grid that is fitted on.
  var grid: OffsetsGrid { plan.stages[stage] }

  /// Takes over what a descent has reached.
  mutating func note(_ position: DescentState) {
    (tracks, damping, stalled) = (position.tracks, position.damping, position.stalled)
    stepsHere += 1
    steps += 1
  }

  /// Takes the tracks to the plan's next grid; false if there is none.
  mutating func enterNextStage(_ family: OffsetsFamily, of count: Int) -> Bool {
    guard stage + 1 < count else { return false }
    tracks = grid.resampled(tracks, to: plan.stages[stage + 1], family: family)
    stage += 1
    restart()
    return true
  }

  /// Takes the tracks to the first grid of another plan.
  mutating func goOn(on plan: OffsetsPlan, family: OffsetsFamily, worst: Double) {
    tracks = grid.resampled(tracks, to: plan.stages[0], family: family)
    (self.plan, stage, worstBefore, evenings) = (plan, 0, worst, 0)
    restart()
  }

  /// Moves the knots of a row toward intervals of equal errors; `errors` has each interval's squared one.
  mutating func even(_ errors: [Double], family: OffsetsFamily) {
    let knots = plan.last.knots[0]
    let moved = OffsetsPlan(row: KnotSpacing.evened(knots, onset: knots[0], errors: errors))
    tracks = grid.resampled(tracks, to: moved.last, family: family)
    (plan, stage) = (moved, 0)
    evenings += 1
    restart()
  }

  private mutating func restart() { (damping, stalled, stepsHere) = (DescentState.firstDamping, 0, 0) }
}

extension OffsetsFitState {
  private enum Key {
    static let (layout, template, tracks, damping) = ("layout", "template", "tracks", "damping")
    static let (counts, worst) = ("stage, stalled, steps here, steps, evenings", "worst before")
  }

  /// The state as numbers with names.
  func checkpoint(_ family: String, _ options: BasisFitOptions) -> BasisCheckpoint {
    BasisCheckpoint(
      family: family, options: options, stage: .offsets, knots: plan.last.knots,
      state: [
        Key.layout: template.layout.map(Double.init), Key.template: template.weights + template.x + template.y,
        Key.tracks: tracks, Key.damping: [damping],
        Key.counts: [stage, stalled, stepsHere, steps, evenings].map(Double.init),
        Key.worst: worstBefore.map { [$0] } ?? [],
      ].merging(series?.numbers ?? [:]) { $1 })
  }

  /// The state that a checkpoint of `family` holds. Throws: ``BasisFitError/badCheckpoint(_:)``.
  init(_ checkpoint: BasisCheckpoint, _ family: OffsetsFamily, taps: Int) throws(BasisFitError) {
    func numbers(_ key: String, count: Int?) throws(BasisFitError) -> [Double] {
      guard let values = checkpoint.state[key], count == nil || values.count == count,
        values.allSatisfy({ $0.isFinite && abs($0) < 1e9 })
      else { throw .badCheckpoint("its \(key) \(count == nil ? "is missing" : "is not \(count ?? 0) numbers")") }
      return values
    }
    guard checkpoint.stage == .offsets else { throw .badCheckpoint("stage is \(checkpoint.stage.rawValue)") }
    let layout = try numbers(Key.layout, count: nil)
    let blank = try Self.chain(layout: layout, taps: taps)
    let n = blank.tapCount
    let parameters = blank.with(try numbers(Key.template, count: 3 * n))
    let worst = try numbers(Key.worst, count: nil)
    guard worst.count <= (checkpoint.options.demand == nil ? 0 : 1) else {
      throw .badCheckpoint("its \(Key.worst) is \(worst)")
    }
    let counts = try numbers(Key.counts, count: 5)
    let isFirst = worst.isEmpty && counts[4] == 0
    guard let plan = OffsetsPlan(family, knots: checkpoint.knots, isFirst: isFirst) else {
      throw .badCheckpoint("its knots are \(checkpoint.knots)")
    }
    self.init(template: parameters, plan: plan)
    guard counts.allSatisfy({ $0 >= 0 && $0 == $0.rounded() }), Int(counts[0]) < plan.stages.count else {
      throw .badCheckpoint("its counts are \(counts)")
    }
    (stage, stalled, stepsHere, steps) = (Int(counts[0]), Int(counts[1]), Int(counts[2]), Int(counts[3]))
    evenings = Int(counts[4])
    tracks = try numbers(Key.tracks, count: 3 * n * plan.stages[stage].count)
    let damping = try numbers(Key.damping, count: 1)[0]
    guard damping > 0 else { throw .badCheckpoint("its damping is \(damping)") }
    (self.damping, worstBefore) = (damping, worst.first)
    series = try SeriesFitState(checkpoint, axisCount: family.turns.count, side: 3 * n)
    guard series == nil || checkpoint.options.tracks != .knots else {
      throw .badCheckpoint("it has a series, which knots do not have")
    }
  }

  /// A chain of this layout, all of its numbers 0. Throws: ``BasisFitError/badCheckpoint(_:)`` for a layout that no fit with so
  /// many taps has.
  static func chain(layout: [Double], taps: Int) throws(BasisFitError) -> ChainParameters {
    guard (1...Layout.maximumLayers).contains(layout.count),
      layout.allSatisfy({ $0 >= 1 && $0 <= Double(taps) && $0 == $0.rounded() }), layout.reduce(0, +) <= Double(taps)
    else { throw .badCheckpoint("its layout is \(layout)") }
    return ChainParameters(
      layers: layout.map { Array(repeating: Tap(x: 0, y: 0, weight: 0), count: Int($0)) })
  }
}

extension ChainParameters {
  /// The chain with other numbers: weights, then columns, then rows.
  func with(_ numbers: [Double]) -> ChainParameters {
    let n = tapCount
    var result = self
    result.weights = Array(numbers[..<n])
    result.x = Array(numbers[n..<2 * n])
    result.y = Array(numbers[(2 * n)...])
    return result
  }
}
