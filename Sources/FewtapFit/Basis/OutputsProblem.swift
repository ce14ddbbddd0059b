import FewtapCore
import FewtapSynthesis
import FewtapTargets

/// The joint fit of an outputs basis for given knots: where taps are, their weights, and the way between the knots.
struct OutputsProblem: Sendable {
  /// What the fits of one family have in common.
  struct Setting: Sendable {
    let family: KernelFamily
    let rates: MixedRates
    /// The objective's power, in a spectrum's layout.
    let power: [Double]
    /// The mean (of the logarithms) of the photographs' power, for choosing rates.
    let photo: [Double]
    let threads: Int
  }

  /// What a sample contributes.
  private struct Target: Sendable {
    /// Unknowns of its corners.
    let corners: [Int]
    /// For each corner the inner products of its taps with the kernel there.
    let products: [[Double]]
    /// `|T|^2`.
    let square: Double
  }

  let setting: Setting
  let grid: KnotGrid
  private(set) var shares: KnotShares
  private(set) var weights: [[Double]] = []
  private(set) var supports: [KnotSupport]
  /// For each unknown the squared error that its rate cannot help making.
  private let floors: [Double]
  private let samples: [KnotGrid.Sample]
  private var targets: [Target]
  private var system: OutputsSystem
  /// How much each sample counts.
  private var emphasis: [Double]

  /// Throws: what the family's maker throws; ``BasisFitError/singular(knots:)``.
  init(_ setting: Setting, _ grid: KnotGrid, _ choices: [KnotPlanner.Choice]) throws {
    (self.setting, self.grid) = (setting, grid)
    (supports, floors) = (choices.map(\.support), choices.map(\.floor))
    samples = grid.samples
    shares = KnotShares(grid)
    emphasis = [Double](repeating: 1, count: samples.count)
    targets = try Self.targets(setting, grid, supports, samples, shares)
    system = try OutputsSystem(
      supports, rates: setting.rates, power: setting.power, grid: grid, threads: setting.threads)
  }

  private static func targets(
    _ setting: Setting, _ grid: KnotGrid, _ supports: [KnotSupport], _ samples: [KnotGrid.Sample], _ shares: KnotShares
  ) throws -> [Target] {
    let rates = setting.rates
    let seen = rates.rates.indices.map { rates.taps($0, power: setting.power) }
    let multiplicity = zip(setting.power, rates.grid.multiplicity).map { $0 * $1 }
    let results = parallelMap(count: samples.count, threads: setting.threads) { index -> Result<Target, any Error> in
      Result {
        let corners = shares.corners(of: samples[index], in: grid).map { grid.unknown($0.indices) }
        let target = rates.grid.forward(rates.grid.place(try setting.family.summingKernel(at: samples[index].point)))
        var planes: [Int: [Double]] = [:]
        let products = corners.map { corner in
          let support = supports[corner]
          let plane = planes[support.rate] ?? rates.products(target, seen[support.rate], rate: support.rate)
          planes[support.rate] = plane
          let low = rates.lowGrids[support.rate]
          return support.positions.map { plane[low.wrapped($0.y) * low.size + low.wrapped($0.x)] }
        }
        return Target(
          corners: corners, products: products, square: rates.grid.power(target, weight: multiplicity))
      }
    }
    return try results.map { try $0.get() }
  }

  // MARK: Steps

  /// The best weights for the present way between the knots.
  ///
  /// Throws: ``BasisFitError/singular(knots:)``.
  mutating func solve() throws(BasisFitError) {
    let mass = mass
    var sides = supports.map { [Double](repeating: 0, count: $0.positions.count) }
    for (index, sample) in samples.enumerated() {
      for (corner, part) in shares.corners(of: sample, in: grid).enumerated() {
        let (k, scale) = (targets[index].corners[corner], emphasis[index] * part.weight)
        for (i, product) in targets[index].products[corner].enumerated() { sides[k][i] += scale * product }
      }
    }
    weights = system.solve(mass, sides)
    // Taps are scaled to the sum 1, which is near already: brightness weighs most.
    for weights in weights {
      let (sum, all) = weights.reduce((0, 0)) { ($0.0 + $1, $0.1 + abs($1)) }
      guard all.isFinite, abs(sum) > 1e-3 * all else { throw .singular(knots: grid.shape) }
    }
  }

  private var mass: KnotMass {
    KnotMass(
      count: supports.count,
      samples.indices.map { index in
        let parts = shares.corners(of: samples[index], in: grid)
        return (parts.enumerated().map { (targets[index].corners[$0], $1.weight) }, emphasis[index])
      })
  }

  /// Squared errors, a sample each.
  func costs() -> [Double] {
    let products = Products(self)
    return samples.indices.map { index in
      let parts = shares.corners(of: samples[index], in: grid).map(\.weight)
      return max(products.square(of: parts, index) - 2 * products.target(parts, index) + targets[index].square, 0)
    }
  }

  /// The best way between the knots for the present weights, rising from knot to knot.
  mutating func refitShares() {
    let products = Products(self)
    for axis in grid.axes.indices {
      var sums: [KnotGrid.Stop: (above: Double, below: Double)] = [:]
      // The mixture is (1 - t) U + t V; with V - U for it, least squares for t.
      let (upper, lower) = (shares.replaced(axis, with: 1), shares.replaced(axis, with: 0))
      for (index, sample) in samples.enumerated() {
        let stop = sample.stops[axis]
        guard stop.step > 0, stop.step < grid.samplesPerInterval else { continue }
        let (v, u) = (
          upper.corners(of: sample, in: grid).map(\.weight), lower.corners(of: sample, in: grid).map(\.weight)
        )
        let difference = zip(v, u).map { $0 - $1 }
        let above = products.target(difference, index) - products.product(difference, u, index)
        let below = products.square(of: difference, index)
        sums[stop, default: (0, 0)].above += emphasis[index] * above
        sums[stop, default: (0, 0)].below += emphasis[index] * below
      }
      for (stop, sum) in sums where sum.below > 0 { shares[axis, stop] = min(max(sum.above / sum.below, 0), 1) }
      for interval in shares.values[axis].indices {
        for step in 1..<grid.samplesPerInterval {
          let before = shares.values[axis][interval][step - 1]
          shares.values[axis][interval][step] = max(shares.values[axis][interval][step], before)
        }
      }
    }
  }

  /// Weighs samples by their errors' roots, so that the worst ones shrink.
  mutating func emphasizeWorst() {
    let costs = costs()
    let mean = costs.reduce(0, +) / Double(costs.count)
    guard mean > 0 else { return }
    emphasis = zip(emphasis, costs).map { $0 * max($1 / mean, 1e-6).squareRoot() }
    let sum = emphasis.reduce(0, +)
    emphasis = emphasis.map { $0 * Double(costs.count) / sum }
  }

  /// Leaves out taps as long as that raises the errors by no more than the share `tolerance` in all, and the worst one by no more
  /// than twice that: the costliest for the engine first, and only from the ends of columns, since the engine takes a column's
  /// taps in runs.
  mutating func prune(tolerance: Double) throws {
    func figures(_ problem: OutputsProblem) -> (sum: Double, worst: Double) {
      let costs = problem.costs()
      return (zip(costs, emphasis).reduce(0) { $0 + $1.0 * $1.1 }, costs.max() ?? 0)
    }
    let start = figures(self)
    var (now, share) = (start, 1.0)
    // Leaving out neighbors costs more than the sum of both, so that a round may fail and must then be bolder no more.
    for _ in 0..<Self.pruningRounds {
      let left = (1 + tolerance) * start.sum - now.sum
      guard let next = try pruned(allowed: share * left) else { break }
      let reached = figures(next)
      if reached.sum <= (1 + tolerance) * start.sum, reached.worst <= (1 + 2 * tolerance) * start.worst {
        (self, now) = (next, reached)
      } else {
        share /= 4
      }
    }
  }

  private static let pruningRounds = 6

  /// The problem without the taps whose costs come to `allowed`, solved; nil if there is none to leave out.
  private func pruned(allowed: Double) throws -> OutputsProblem? {
    let leaving = system.costsOfLeavingOut(weights, mass)
    let order = supports.indices.flatMap { k -> [(price: Double, cost: Double, knot: Int, tap: Int)] in
      let factor = Double(setting.rates.rates[supports[k].rate].factor)
      return supports[k].columnEnds.map { tap in
        let cost = leaving[k][tap]
        return (cost * factor * factor, cost, k, tap)
      }
    }.sorted { ($0.price, $0.knot, $0.tap) < ($1.price, $1.knot, $1.tap) }
    var (left, kept) = (allowed, supports.map { [Bool](repeating: true, count: $0.positions.count) })
    var count = 0
    for entry in order {
      guard entry.cost <= left else { break }
      left -= entry.cost
      kept[entry.knot][entry.tap] = false
      count += 1
    }
    guard count > 0 else { return nil }
    // A knot keeps one tap at least: something must make its sum.
    for k in kept.indices where !kept[k].contains(true) { kept[k] = kept[k].map { _ in true } }
    func remaining<Value>(_ k: Int, _ values: [Value]) -> [Value] { zip(values, kept[k]).compactMap { $1 ? $0 : nil } }
    var result = self
    result.supports = supports.enumerated().map { k, support in
      KnotSupport(rate: support.rate, remaining(k, support.positions), isFixed: support.isFixed)
    }
    result.targets = targets.map { target in
      Target(
        corners: target.corners, products: zip(target.corners, target.products).map { remaining($0, $1) },
        square: target.square)
    }
    result.system = try OutputsSystem(
      result.supports, rates: setting.rates, power: setting.power, grid: grid, threads: setting.threads)
    try result.solve()
    return result
  }

  /// Inner products of the filters with one another and with the samples' kernels.
  private struct Products {
    private let pairs: [[Int: Double]]
    private let withTargets: [[Double]]
    private let corners: [[Int]]

    init(_ problem: OutputsProblem) {
      let (mass, system, weights) = (problem.mass, problem.system, problem.weights)
      pairs = parallelMap(count: problem.supports.count, threads: problem.setting.threads) { k in
        var row: [Int: Double] = [:]
        for (l, _) in mass.rows[k] where l >= k {
          row[l] = zip(weights[k], system.product(k, l, weights[l])).reduce(0) { $0 + $1.0 * $1.1 }
        }
        return row
      }
      corners = problem.targets.map(\.corners)
      withTargets = problem.targets.map { target in
        zip(target.corners, target.products).map { k, products in
          zip(weights[k], products).reduce(0) { $0 + $1.0 * $1.1 }
        }
      }
    }

    func target(_ parts: [Double], _ sample: Int) -> Double {
      zip(parts, withTargets[sample]).reduce(0) { $0 + $1.0 * $1.1 }
    }

    func product(_ a: [Double], _ b: [Double], _ sample: Int) -> Double {
      var sum = 0.0
      for (i, k) in corners[sample].enumerated() {
        for (j, l) in corners[sample].enumerated() { sum += a[i] * b[j] * (pairs[min(k, l)][max(k, l)] ?? 0) }
      }
      return sum
    }

    func square(of parts: [Double], _ sample: Int) -> Double { product(parts, parts, sample) }
  }

  // MARK: Errors by interval

  /// What knots closer together would lower of the squared errors, a sample each: all but what the rates cannot help making.
  private func avoidableCosts() -> [Double] {
    zip(costs(), samples.indices).map { cost, index in
      let corners = zip(shares.corners(of: samples[index], in: grid), targets[index].corners)
      return max(cost - corners.reduce(0) { $0 + $1.0.weight * floors[$1.1] }, Self.leastAvoidable * cost)
    }
  }

  /// The share of the worst sample's squared error that closer knots would lower.
  var avoidableShareOfWorst: Double {
    zip(costs(), avoidableCosts()).max { $0.0 < $1.0 }.map { $0 > 0 ? $1 / $0 : 0 } ?? 0
  }

  /// Neighbors' errors are shared, so that a sample may come below its own floor.
  private static let leastAvoidable = 0.1

  /// The mean of the squared errors that closer knots would lower, for each interval along each axis.
  func intervalErrors() -> [[Double]] {
    let costs = avoidableCosts()
    return grid.axes.indices.map { axis in
      var sums = [(cost: Double, count: Double)](repeating: (0, 0), count: grid.knots[axis].count - 1)
      for (sample, cost) in zip(samples, costs) {
        sums[sample.stops[axis].interval].cost += cost
        sums[sample.stops[axis].interval].count += 1
      }
      return sums.map { $0.cost / max(1, $0.count) }
    }
  }
}
