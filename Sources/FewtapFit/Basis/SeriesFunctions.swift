import FewtapCore

/// The products of functions of a ``TapSeries``, made orthonormal over weighted samples: in them the normal equations are nearly those of
/// one filter, once for each function.
///
/// Equation: `sum_p w_p q_k(p) q_l(p) / P = 1` for `k = l`, else 0; `q_k = sum_(j <= k) T_jk f_j`. The first one is the constant 1.
/// Source:   modified Gram-Schmidt, twice: Giraud, Langou, Rozloznik, "The loss of orthogonality in the Gram-Schmidt
///           orthogonalization process", 2005.
struct SeriesFunctions: Sendable {
  /// Their values: a row a sample.
  let rows: [[Double]]
  /// T, of which column k stands in entry k.
  private let columns: [[Double]]
  private let weights: [Double]

  var count: Int { columns.count }

  /// Throws: ``BasisFitError/singular(knots:)`` for functions that the samples do not tell apart.
  init(_ axes: [TapSeries.Axis], points: [[Double]], weights: [Double]) throws(BasisFitError) {
    let series = TapSeries(axes: axes, layers: [], gain: [])
    let count = series.termCount
    let raw = points.map { series.terms(at: $0) }
    let unit = 1 / Double(points.count)
    func product(_ a: [Double], _ b: [Double]) -> Double {
      var sum = 0.0
      for p in a.indices { sum += weights[p] * a[p] * b[p] }
      return sum * unit
    }
    var (values, columns) = ([[Double]](), [[Double]]())
    for k in 0..<count {
      var value = raw.map { $0[k] }
      var column = (0..<count).map { $0 == k ? 1.0 : 0.0 }
      let size = product(value, value)
      for _ in 0..<2 {
        for j in 0..<k {
          let share = product(values[j], value)
          for p in value.indices { value[p] -= share * values[j][p] }
          for i in 0...j { column[i] -= share * columns[j][i] }
        }
      }
      let norm = product(value, value)
      // Of a function nothing is left but rounding.
      guard norm > 0x1p-40 * size, size.isFinite else { throw .singular(knots: series.shape) }
      let scale = 1 / norm.squareRoot()
      values.append(value.map { scale * $0 })
      columns.append(column.map { scale * $0 })
    }
    rows = points.indices.map { p in values.map { $0[p] } }
    (self.columns, self.weights) = (columns, weights)
  }

  /// The coefficients, function after function, of what comes nearest to `values`, a row of numbers a sample.
  func projected(_ values: [[Double]]) -> [Double] {
    let side = values[0].count
    var result = [Double](repeating: 0, count: count * side)
    for (p, row) in rows.enumerated() {
      for (k, function) in row.enumerated() {
        let factor = weights[p] * function / Double(rows.count)
        for i in 0..<side { result[k * side + i] += factor * values[p][i] }
      }
    }
    return result
  }

  /// The same numbers' coefficients in the functions that these are made of.
  func plain(_ coefficients: [Double]) -> [Double] {
    let side = coefficients.count / count
    var result = [Double](repeating: 0, count: coefficients.count)
    for (k, column) in columns.enumerated() {
      for j in 0...k {
        for i in 0..<side { result[j * side + i] += column[j] * coefficients[k * side + i] }
      }
    }
    return result
  }
}
