import FewtapCore
import FewtapSynthesis
import FewtapTargets

/// Chooses for each knot the rate at which its filter runs, and where its taps may be.
struct KnotPlanner: Sendable {
  private let setting: OutputsProblem.Setting
  /// For each rate: what a tap sees of the photographs, and its power there.
  private let photo: [(taps: Spectrum, power: Spectrum)]
  private let objective: [(taps: Spectrum, power: Spectrum)]

  init(_ setting: OutputsProblem.Setting) {
    self.setting = setting
    let rates = setting.rates
    func tables(_ power: [Double]) -> [(taps: Spectrum, power: Spectrum)] {
      rates.rates.indices.map { (rates.taps($0, power: power), rates.coupling($0, $0, power: power)) }
    }
    (photo, objective) = (tables(setting.photo), tables(setting.power))
  }

  /// Where a knot's filter has its taps, and the squared error, of the objective, that its rate cannot help making.
  struct Choice: Sendable {
    let support: KnotSupport
    let floor: Double
  }

  /// Choices for the unknowns of `grid`: at the lowest rate that would come to `quality`, dB on photographs, for the knot's
  /// kernel alone.
  ///
  /// Throws: what the family's maker throws.
  func choices(_ grid: KnotGrid, quality: Double) throws -> [Choice] {
    let results = parallelMap(count: grid.unknownCount, threads: setting.threads) { unknown in
      Result { try choice(grid, grid.indices(ofUnknown: unknown), quality) }
    }
    return try results.map { try $0.get() }
  }

  private func choice(_ grid: KnotGrid, _ indices: [Int], _ quality: Double) throws -> Choice {
    let (full, kernel) = (setting.rates.grid, try setting.family.summingKernel(at: grid.point(indices)))
    guard !kernel.isIdentity else { return Choice(support: .identity, floor: 0) }
    let target = full.forward(full.place(kernel))
    var rate = setting.rates.rates.indices.last { $0 == 0 || photoPSNR(target, rate: $0) >= quality } ?? 0
    // What the filter stands for is the family from halfway before the knot to halfway behind it.
    let sum = full.forward(try neighborhood(grid, indices))
    func support() -> KnotSupport {
      let low = setting.rates.lowGrids[rate]
      return KnotSupport(
        rate: rate, of: low.inverse(best(sum, rate, objective)), side: low.size, reach: low.size / 2 - 2,
        threshold: Self.threshold)
    }
    var chosen = support()
    while chosen.positions.count > Self.maximumTaps, rate < setting.rates.rates.count - 1 {
      rate += 1
      chosen = support()
    }
    return Choice(support: chosen, floor: floor(target, rate, setting.power, objective))
  }

  /// Taps beyond which a lower rate is taken, whatever it loses: their inner products fill 32 MB a knot.
  private static let maximumTaps = 2000
  /// Share of a plane's largest weight below which there need be no tap: what is left out too much its neighbors make up for, and
  /// what is taken too much is pruned.
  private static let threshold = 0.02

  private func neighborhood(_ grid: KnotGrid, _ indices: [Int]) throws -> [Double] {
    var points: [[Double]] = [[]]
    for (axis, index) in indices.enumerated() {
      points = points.flatMap { head in
        [-0.4, 0, 0.4].map { head + [grid.value(axis, at: Double(index) + $0)] }
      }
    }
    let full = setting.rates.grid
    var sum = [Double](repeating: 0, count: full.size * full.size)
    for point in points {
      try setting.family.kernel(at: point).forEachOffset { x, y, weight in
        sum[full.wrapped(y) * full.size + full.wrapped(x)] += weight
      }
    }
    return sum
  }

  /// For each axis the mean squared error of the kernels midway between two of its knots, when they are mixed of those at the
  /// knots: what more knots would lower. A joint fit spreads its errors over all samples, so that they do not tell.
  ///
  /// Throws: what the family's maker throws.
  func bends(_ grid: KnotGrid) throws -> [Double] {
    let full = setting.rates.grid
    let weight = zip(setting.power, full.multiplicity).map { $0 * $1 }
    func spectra(_ points: [[Double]]) throws -> [Spectrum] {
      try parallelMap(count: points.count, threads: setting.threads) { index in
        Result { full.forward(full.place(try setting.family.summingKernel(at: points[index]))) }
      }.map { try $0.get() }
    }
    let knots = (0..<grid.knotCount).map { grid.indices(ofKnot: $0) }
    let atKnots = Dictionary(uniqueKeysWithValues: zip(knots, try spectra(knots.map { grid.point($0) })))
    return try grid.axes.indices.map { axis in
      let lower = knots.filter { $0[axis] < grid.knots[axis].count - 1 }
      let middles = try spectra(
        lower.map { indices in
          var point = grid.point(indices)
          point[axis] = grid.value(axis, at: Double(indices[axis]) + 0.5)
          return point
        })
      let errors = zip(lower, middles).map { indices, middle -> Double in
        var next = indices
        next[axis] += 1
        guard let a = atKnots[indices], let b = atKnots[next] else { return 0 }
        let (way, step) = (full.difference(middle, a), full.difference(b, a))
        // The best mixture of both: |way|^2 - <way, step>^2 / |step|^2; the product from |way - step|^2.
        let (ways, steps) = (full.power(way, weight: weight), full.power(step, weight: weight))
        guard steps > 0 else { return ways }
        let rest = full.power(full.difference(way, step), weight: weight)
        let product = (ways + steps - rest) / 2
        return max(ways - product * product / steps, 0)
      }
      return errors.reduce(0, +) / Double(max(1, errors.count))
    }
  }

  /// The layers' spectrum that is best for a kernel at rate `i`.
  private func best(_ target: Spectrum, _ i: Int, _ tables: [(taps: Spectrum, power: Spectrum)]) -> Spectrum {
    let (rates, table) = (setting.rates, tables[i])
    var result = rates.folded(rates.grid.product(target, table.taps), by: rates.rates[i].factor)
    for index in result.re.indices where table.power.re[index] > 0 {
      result.re[index] /= table.power.re[index]
      result.im[index] /= table.power.re[index]
    }
    return result
  }

  /// PSNR of the best that rate `i` can make of a kernel.
  private func photoPSNR(_ target: Spectrum, rate i: Int) -> Double {
    let side = Double(setting.rates.grid.size)
    return -10 * logarithm10(max(floor(target, i, setting.photo, photo), 1e-30) / (side * side))
  }

  /// The squared error of the best that rate `i` can make of a kernel; 0 at the image's own rate, which can make all.
  private func floor(
    _ target: Spectrum, _ i: Int, _ power: [Double], _ tables: [(taps: Spectrum, power: Spectrum)]
  ) -> Double {
    guard setting.rates.rates[i] != nil else { return 0 }
    let (grid, low) = (setting.rates.grid, setting.rates.lowGrids[i])
    let square = grid.power(target, weight: zip(power, grid.multiplicity).map { $0 * $1 })
    let made = low.power(best(target, i, tables), weight: zip(tables[i].power.re, low.multiplicity).map { $0 * $1 })
    return max(square - made, 0)
  }
}

extension Kernel {
  /// Whether it changes nothing: what is not at offset 0 is rounding, 2^-32 of that.
  var isIdentity: Bool {
    let own = abs(values[center.x, center.y])
    return absoluteSum - own <= 0x1p-32 * own
  }
}
