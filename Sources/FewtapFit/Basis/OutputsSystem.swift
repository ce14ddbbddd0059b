import CFewtapLAPACK
import FewtapCore
import FewtapSynthesis

/// The joint least-squares problem for the weights of all knots' filters.
///
/// Equation: least `sum_p c_p |sum_k a_k(p) S_k - T_p|^2`, linear in the weights: `sum_l M_kl G_kl x_l = b_k` with
///           `M_kl = sum_p c_p a_k(p) a_l(p)` and G the taps' inner products (``MixedRates``).
/// Method:   conjugate gradients, preconditioned with each knot's own block, factored. The blocks of hat functions' products have
///           eigenvalues of 1/2 to 3/2 of the diagonal's for each axis, so that a dozen steps give eight digits: the whole
///           matrix, which would be large in two dimensions, is never made.
/// Source:   METHOD.md section 7, there a block-tridiagonal solve.
struct OutputsSystem: Sendable {
  let supports: [KnotSupport]
  let threads: Int
  /// Inner products of taps of the rates i <= j by their distance.
  private let tables: [PairIndex: DistanceTable]
  private let factors: [[Double]]

  /// Added to the diagonal, relative to it: far above rounding, far below any error.
  private static let ridge = 1e-8

  /// Throws: ``BasisFitError/singular(knots:)``.
  init(
    _ supports: [KnotSupport], rates: MixedRates, power: [Double], grid: KnotGrid, threads: Int
  ) throws(BasisFitError) {
    (self.supports, self.threads) = (supports, threads)
    let used = Set(supports.map(\.rate)).sorted()
    var tables: [PairIndex: DistanceTable] = [:]
    for i in used {
      for j in used where j >= i {
        let step = rates.rates[j].factor / rates.rates[i].factor
        let reach = Self.reach(supports, i) + step * Self.reach(supports, j)
        let low = rates.lowGrids[i]
        let plane = low.inverse(rates.coupling(i, j, power: power))
        tables[PairIndex(i, j)] = DistanceTable(plane, side: low.size, reach: reach, step: step)
      }
    }
    self.tables = tables
    let factored = parallelMap(count: supports.count, threads: threads) { [tables] k -> [Double]? in
      let support = supports[k]
      guard let table = tables[PairIndex(support.rate, support.rate)] else { return nil }
      var matrix = table.gram(support)
      let n = support.positions.count
      for i in 0..<n { matrix[i * n + i] *= 1 + Self.ridge }
      return fewtap_factor_positive(Int32(n), &matrix) == FEWTAP_LAPACK_OK ? matrix : nil
    }
    factors = factored.compactMap { $0 }
    guard factors.count == supports.count else { throw .singular(knots: grid.shape) }
  }

  private static func reach(_ supports: [KnotSupport], _ rate: Int) -> Int {
    supports.filter { $0.rate == rate }.reduce(0) { max($0, $1.reach) }
  }

  /// `G_kl x`, one number for each tap of knot k.
  func product(_ k: Int, _ l: Int, _ x: [Double]) -> [Double] {
    var result = [Double](repeating: 0, count: supports[k].positions.count)
    add(k, l, x, scale: 1, to: &result)
    return result
  }

  private func add(_ k: Int, _ l: Int, _ x: [Double], scale: Double, to result: inout [Double]) {
    let (a, b) = (supports[k], supports[l])
    if a.rate <= b.rate {
      tables[PairIndex(a.rate, b.rate)]?.scatter(from: b, x, scale: scale, onto: a, &result)
    } else {
      tables[PairIndex(b.rate, a.rate)]?.gather(from: b, x, scale: scale, onto: a, &result)
    }
  }

  /// The weights for the given masses and right-hand sides; knots that are fixed keep weight 1.
  func solve(_ mass: KnotMass, _ rightSides: [[Double]]) -> [[Double]] {
    let free = supports.indices.filter { !supports[$0].isFixed }
    func image(_ x: [[Double]]) -> [[Double]] {
      parallelMap(count: supports.count, threads: threads) { k in
        var y = [Double](repeating: 0, count: x[k].count)
        guard !supports[k].isFixed else { return y }
        for (l, m) in mass.rows[k] where !supports[l].isFixed { add(k, l, x[l], scale: m, to: &y) }
        return y
      }
    }
    func preconditioned(_ r: [[Double]]) -> [[Double]] {
      parallelMap(count: supports.count, threads: threads) { k in
        guard !supports[k].isFixed else { return r[k] }
        return ownSolution(k, r[k], mass: mass.diagonal(k))
      }
    }
    func dot(_ a: [[Double]], _ b: [[Double]]) -> Double {
      free.reduce(0) { sum, k in sum + zip(a[k], b[k]).reduce(0) { $0 + $1.0 * $1.1 } }
    }
    var residual = rightSides
    for k in supports.indices {
      guard !supports[k].isFixed else {
        residual[k] = [0]
        continue
      }
      for (l, m) in mass.rows[k] where supports[l].isFixed { add(k, l, [1], scale: -m, to: &residual[k]) }
    }
    var x = supports.map { [Double](repeating: $0.isFixed ? 1 : 0, count: $0.positions.count) }
    var z = preconditioned(residual)
    var direction = z
    var energy = dot(residual, z)
    let enough = Self.converged * energy
    for _ in 0..<Self.maximumSteps where energy > enough {
      let product = image(direction)
      let step = energy / dot(direction, product)
      for k in free {
        for i in x[k].indices {
          x[k][i] += step * direction[k][i]
          residual[k][i] -= step * product[k][i]
        }
      }
      z = preconditioned(residual)
      let next = dot(residual, z)
      for k in free {
        for i in z[k].indices { direction[k][i] = z[k][i] + next / energy * direction[k][i] }
      }
      energy = next
    }
    return x
  }

  /// The energy of the residual falls to this share: 1e-12 of the solution's own, where errors are 1e-5 of it and more. Steps are
  /// a bound that well-posed problems do not reach.
  private static let (converged, maximumSteps) = (1e-12, 60)

  private func ownSolution(_ k: Int, _ r: [Double], mass: Double) -> [Double] {
    var x = r
    // Of a factor just made the only error is a bad argument.
    let status = fewtap_solve_factored(Int32(x.count), factors[k], &x)
    precondition(status == FEWTAP_LAPACK_OK, "a factor is as large as its right side")
    return x.map { $0 / mass }
  }

  /// For each tap what the sum of squares rises by if it is left out and its knot's others refitted: `w^2 m / [G^-1]_ii`.
  func costsOfLeavingOut(_ x: [[Double]], _ mass: KnotMass) -> [[Double]] {
    parallelMap(count: supports.count, threads: threads) { k in
      let support = supports[k]
      guard !support.isFixed, let table = tables[PairIndex(support.rate, support.rate)] else { return [.infinity] }
      let n = support.positions.count
      var inverse = table.gram(support)
      for i in 0..<n { inverse[i * n + i] *= 1 + Self.ridge }
      guard fewtap_invert_positive(Int32(n), &inverse) == FEWTAP_LAPACK_OK else {
        return [Double](repeating: .infinity, count: n)
      }
      return (0..<n).map { x[k][$0] * x[k][$0] * mass.diagonal(k) / inverse[$0 * n + $0] }
    }
  }
}

/// `M`: how much each pair of knots has to do with one another.
struct KnotMass: Sendable {
  /// For each unknown the unknowns that share samples with it, ascending, and their mass.
  private(set) var rows: [[(knot: Int, mass: Double)]]

  /// `samples`: the corners of each one, and its weight.
  init(count: Int, _ samples: [(corners: [(knot: Int, weight: Double)], weight: Double)]) {
    var sums = [[Int: Double]](repeating: [:], count: count)
    for sample in samples {
      for a in sample.corners {
        for b in sample.corners { sums[a.knot][b.knot, default: 0] += sample.weight * a.weight * b.weight }
      }
    }
    rows = sums.map { row in row.sorted { $0.key < $1.key }.map { (knot: $0.key, mass: $0.value) } }
  }

  func diagonal(_ knot: Int) -> Double { rows[knot].first { $0.knot == knot }?.mass ?? 0 }
}

private struct PairIndex: Hashable, Sendable {
  let finer: Int
  let coarser: Int
  init(_ finer: Int, _ coarser: Int) { (self.finer, self.coarser) = (finer, coarser) }
}

/// Inner products of a tap at the finer rate and one at the coarser rate, by where the one is seen from the other.
private struct DistanceTable: Sendable {
  /// `[dy + reach][dx + reach]`, d the finer tap's position less `step` times the coarser one's.
  let values: [Double]
  let reach: Int
  /// Finer pixels for a coarser one.
  let step: Int

  private var side: Int { 2 * reach + 1 }

  init(_ plane: [Double], side: Int, reach: Int, step: Int) {
    (self.reach, self.step) = (reach, step)
    let scale = Double(side * side)
    var values: [Double] = []
    values.reserveCapacity((2 * reach + 1) * (2 * reach + 1))
    func wrapped(_ n: Int) -> Int { ((n % side) + side) % side }
    for y in -reach...reach {
      for x in -reach...reach { values.append(scale * plane[wrapped(y) * side + wrapped(x)]) }
    }
    self.values = values
  }

  /// Index of the distance between a row's first position and a position at the coarser rate.
  private func index(_ row: KnotSupport.Row, _ coarse: PixelOffset) -> Int {
    (row.y - step * coarse.y + reach) * side + row.x - step * coarse.x + reach
  }

  /// `result_u += scale sum_v R(u - v) x_v` for the finer `target`.
  func scatter(
    from source: KnotSupport, _ x: [Double], scale: Double, onto target: KnotSupport, _ result: inout [Double]
  ) {
    values.withUnsafeBufferPointer { table in
      result.withUnsafeMutableBufferPointer { result in
        for (v, position) in source.positions.enumerated() {
          let weight = scale * x[v]
          for row in target.rows {
            let from = index(row, position)
            for i in 0..<row.count { result[row.start + i] += weight * table[from + i] }
          }
        }
      }
    }
  }

  /// `result_v += scale sum_u R(u - v) x_u` for the finer `source`.
  func gather(
    from source: KnotSupport, _ x: [Double], scale: Double, onto target: KnotSupport, _ result: inout [Double]
  ) {
    values.withUnsafeBufferPointer { table in
      x.withUnsafeBufferPointer { x in
        for (v, position) in target.positions.enumerated() {
          var sums = SIMD4<Double>.zero
          for row in source.rows {
            let from = index(row, position)
            var i = 0
            while i + 4 <= row.count {
              sums += four(table, from + i) * four(x, row.start + i)
              i += 4
            }
            while i < row.count {
              sums[i % 4] += table[from + i] * x[row.start + i]
              i += 1
            }
          }
          result[v] += scale * ((sums[0] + sums[1]) + (sums[2] + sums[3]))
        }
      }
    }
  }

  /// The inner products of a support's taps, row-major.
  func gram(_ support: KnotSupport) -> [Double] {
    let n = support.positions.count
    var matrix = [Double](repeating: 0, count: n * n)
    for (v, position) in support.positions.enumerated() {
      for row in support.rows {
        let from = index(row, position)
        for i in 0..<row.count { matrix[v * n + row.start + i] = values[from + i] }
      }
    }
    return matrix
  }
}

/// Four neighboring numbers.
@inline(__always)
private func four(_ values: UnsafeBufferPointer<Double>, _ index: Int) -> SIMD4<Double> {
  SIMD4(values[index], values[index + 1], values[index + 2], values[index + 3])
}
