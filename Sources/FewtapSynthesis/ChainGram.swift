import FewtapCore

/// The Gram matrix `J^T W J` of a chain's parameters, without its Jacobian.
///
/// Equation: `<dK/dp_i, dK/dp_j>_W` is a look-up of 3 x 3 neighbors in `R_lm`, the cross-correlation of `P_l` and `P_m` under
///           the weight, since a tap's derivative has four grid points and two such meet in nine differences.
/// Shapes:   the matrix is `[3n x 3n]` (or `[n x n]` for weights alone), row-major, symmetric, both triangles filled.
/// Cost:     L (L + 1) / 2 transforms and O(n^2) look-ups.
extension ChainSynthesis {
  /// `<dK/dw_i, dK/dw_j>_W` for the weights alone.
  package func weightGram(metric: [Double], others: [Spectrum]) -> [Double] {
    let n = parameters.tapCount
    let isInteger = zip(parameters.x, parameters.y).allSatisfy { $0 == $0.rounded() && $1 == $1.rounded() }
    guard isInteger else {
      let full = gram(metric: metric, others: others)
      return (0..<n).flatMap { full[$0 * 3 * n..<$0 * 3 * n + n] }
    }
    var matrix = [Double](repeating: 0, count: n * n)
    let columns = parameters.x.map { grid.wrapped(Int($0)) }
    let rows = parameters.y.map { grid.wrapped(Int($0)) }
    forEachLayerPair(metric: metric, others: others) { first, second, table in
      for i in first {
        for j in second where j >= i {
          let value = table[grid.folded(rows[i] - rows[j]) * grid.size + grid.folded(columns[i] - columns[j])]
          matrix[i * n + j] = value
          matrix[j * n + i] = value
        }
      }
    }
    return matrix
  }

  /// The whole Gram matrix.
  public func gram(metric: [Double]) -> [Double] { gram(metric: metric, others: otherLayers()) }

  package func gram(metric: [Double], others: [Spectrum]) -> [Double] {
    let n = parameters.tapCount
    let side = 3 * n
    var matrix = [Double](repeating: 0, count: side * side)
    let taps = (0..<n).map { AxisPair(parameters.x[$0], parameters.y[$0], grid) }
    let weights = parameters.weights
    matrix.withUnsafeMutableBufferPointer { matrix in
      forEachLayerPair(metric: metric, others: others) { first, second, table in
        table.withUnsafeBufferPointer { table in
          for i in first {
            for j in second where j >= i {
              let block = taps[i].inner(taps[j], table, grid)
              let (wi, wj) = (weights[i], weights[j])
              let ours = SIMD3(1, wj, wj)
              for (r, row) in [block.0 * ours, block.1 * ours * wi, block.2 * ours * wi].enumerated() {
                for c in 0..<3 {
                  matrix[(r * n + i) * side + c * n + j] = row[c]
                  matrix[(c * n + j) * side + r * n + i] = row[c]
                }
              }
            }
          }
        }
      }
    }
    return matrix
  }

  /// Calls `body` with the taps of two layers and their table `R_lm`, for every pair l <= m.
  private func forEachLayerPair(
    metric: [Double], others: [Spectrum], _ body: (Range<Int>, Range<Int>, [Double]) -> Void
  ) {
    let ranges = parameters.ranges
    for l in ranges.indices {
      for m in l..<ranges.count {
        body(ranges[l], ranges[m], grid.inverse(grid.correlation(others[l], others[m], weight: metric)))
      }
    }
  }
}

/// A tap's position, split into grid point and fraction on each axis.
private struct AxisPair {
  let column: Int, row: Int
  let a: Double, b: Double

  init(_ x: Double, _ y: Double, _ grid: GridTransform) {
    let (left, top) = (x.rounded(.down), y.rounded(.down))
    (column, row) = (grid.wrapped(Int(left)), grid.wrapped(Int(top)))
    (a, b) = (x - left, y - top)
  }

  /// Inner products under `table` of {value, d/dx, d/dy} of this tap's tent with those of `other`'s: rows are ours.
  @inline(__always)
  func inner(_ other: AxisPair, _ table: UnsafeBufferPointer<Double>, _ grid: GridTransform)
    -> (SIMD3<Double>, SIMD3<Double>, SIMD3<Double>)
  {
    let n = grid.size
    let (x0, y0) = (column - other.column, row - other.row)
    let (xm, xc, xp) = (grid.folded(x0 - 1), grid.folded(x0), grid.folded(x0 + 1))
    let (ym, yc, yp) = (grid.folded(y0 - 1) * n, grid.folded(y0) * n, grid.folded(y0 + 1) * n)
    // Columns of the neighborhood, top to bottom, weighted along y by value x value, value x slope, slope x value, slope x slope.
    let top = SIMD3(table[ym + xm], table[ym + xc], table[ym + xp])
    let middle = SIMD3(table[yc + xm], table[yc + xc], table[yc + xp])
    let bottom = SIMD3(table[yp + xm], table[yp + xc], table[yp + xp])
    let ey = Self.overlaps(b, other.b)
    let ex = Self.overlaps(a, other.a)
    let vv = ey.valueValue.x * top + ey.valueValue.y * middle + ey.valueValue.z * bottom
    let vs = ey.valueSlope.x * top + ey.valueSlope.y * middle + ey.valueSlope.z * bottom
    let sv = ey.slopeValue.x * top + ey.slopeValue.y * middle + ey.slopeValue.z * bottom
    let ss = middle * 2 - top - bottom
    let slopeSlope = SIMD3<Double>(-1, 2, -1)
    return (
      SIMD3((ex.valueValue * vv).sum(), (ex.valueSlope * vv).sum(), (ex.valueValue * vs).sum()),
      SIMD3((ex.slopeValue * vv).sum(), (slopeSlope * vv).sum(), (ex.slopeValue * vs).sum()),
      SIMD3((ex.valueValue * sv).sum(), (ex.valueSlope * sv).sum(), (ex.valueValue * ss).sum())
    )
  }

  /// Overlaps along one axis of {1-a, a} or its slope {-1, 1} with {1-c, c} or its slope, by difference -1, 0, 1.
  @inline(__always)
  private static func overlaps(_ a: Double, _ c: Double)
    -> (valueValue: SIMD3<Double>, valueSlope: SIMD3<Double>, slopeValue: SIMD3<Double>)
  {
    (
      SIMD3((1 - a) * c, (1 - a) * (1 - c) + a * c, a * (1 - c)),
      SIMD3(1 - a, 2 * a - 1, -a),
      SIMD3(-c, 2 * c - 1, 1 - c)
    )
  }
}
