import FewtapCore

/// Where the fit of a series is.
struct SeriesFitState: Equatable, Sendable {
  /// Functions of each parameter, and those that there will be.
  private(set) var terms: [Int]
  var target: [Int]
  /// How often the samples have been changed since there were as many.
  private(set) var round = 0
  /// See ``SeriesProblem``.
  var coefficients: [Double]
  var damping = DescentState.firstDamping
  var stalled = 0
  /// Steps with as many functions, and in all.
  var (stepsHere, steps) = (0, 0)
  /// Whether the descent has come to its end.
  var isDone = false
  /// How often in a row more functions have brought nothing.
  var idle = 0
  /// The least PSNR with fewer functions; nil if these are the first.
  var worstBefore: Double?

  init(terms: [Int], target: [Int], coefficients: [Double]) {
    (self.terms, self.target, self.coefficients) = (terms, target, coefficients)
  }

  /// Takes over what a descent has reached.
  mutating func note(_ position: DescentState) {
    (coefficients, damping, stalled) = (position.tracks, position.damping, position.stalled)
    stepsHere += 1
    steps += 1
  }

  /// Takes the taps to other functions.
  mutating func go(on terms: [Int], round: Int, _ coefficients: [Double]) {
    (self.terms, self.round, self.coefficients) = (terms, round, coefficients)
    (damping, stalled, stepsHere, isDone) = (DescentState.firstDamping, 0, 0, false)
  }
}

extension SeriesFitState {
  private enum Key {
    static let (terms, target) = ("series terms", "series target")
    static let (coefficients, damping) = ("series coefficients", "series damping")
    static let (counts, worst) = ("series stalled, steps here, steps, done, idle, round", "series worst before")
    static let all = [terms, target, coefficients, damping, counts, worst]
  }

  /// The state as numbers with names, for a checkpoint.
  var numbers: [String: [Double]] {
    [
      Key.terms: terms.map(Double.init), Key.target: target.map(Double.init), Key.coefficients: coefficients,
      Key.damping: [damping],
      Key.counts: [stalled, stepsHere, steps, isDone ? 1 : 0, idle, round].map(Double.init),
      Key.worst: worstBefore.map { [$0] } ?? [],
    ]
  }

  /// The state that a checkpoint holds for `axisCount` parameters and numbers of `side` a function; nil if it holds none.
  ///
  /// Throws: ``BasisFitError/badCheckpoint(_:)``.
  init?(_ checkpoint: BasisCheckpoint, axisCount: Int, side: Int) throws(BasisFitError) {
    guard Key.all.contains(where: { checkpoint.state[$0] != nil }) else { return nil }
    func numbers(_ key: String, count: Int?) throws(BasisFitError) -> [Double] {
      guard let values = checkpoint.state[key], count == nil || values.count == count,
        values.allSatisfy({ $0.isFinite && abs($0) < 1e9 })
      else { throw .badCheckpoint("its \(key) \(count == nil ? "is missing" : "is not \(count ?? 0) numbers")") }
      return values
    }
    func functions(_ key: String) throws(BasisFitError) -> [Int] {
      let counts = try numbers(key, count: axisCount)
      let range = 1...Double(TapSeries.maximumFunctionCount)
      guard counts.allSatisfy({ range.contains($0) && $0 == $0.rounded() }),
        counts.reduce(1, *) * Double(side) <= Double(TapSeries.maximumCoefficientCount)
      else { throw .badCheckpoint("its \(key) is \(counts)") }
      return counts.map { Int($0) }
    }
    let (terms, target) = (try functions(Key.terms), try functions(Key.target))
    guard zip(terms, target).allSatisfy({ $0 <= $1 }) else {
      throw .badCheckpoint("its \(Key.terms) are \(terms), beyond \(target)")
    }
    self.init(
      terms: terms, target: target, coefficients: try numbers(Key.coefficients, count: terms.reduce(1, *) * side))
    let found = try numbers(Key.counts, count: 6)
    guard found.allSatisfy({ $0 >= 0 && $0 < 1e6 && $0 == $0.rounded() }) else {
      throw .badCheckpoint("its \(Key.counts) are \(found)")
    }
    (stalled, stepsHere, steps) = (Int(found[0]), Int(found[1]), Int(found[2]))
    (isDone, idle, round) = (found[3] > 0, Int(found[4]), Int(found[5]))
    let damping = try numbers(Key.damping, count: 1)[0]
    let worst = try numbers(Key.worst, count: nil)
    guard damping > 0, worst.count <= 1 else { throw .badCheckpoint("its \(Key.damping) is \(damping)") }
    (self.damping, worstBefore) = (damping, worst.first)
  }
}
