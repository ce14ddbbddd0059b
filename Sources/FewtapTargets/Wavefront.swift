/// A polynomial over the pupil, of the fourth degree at most: how many waves its light is ahead.
///
/// Units: x and y in pupil radii, +y down.
package struct Wavefront: Equatable, Sendable {
  /// The highest power.
  static let degree = 4

  /// Coefficients of `x^i y^j`, at `i * (degree + 1) + j`.
  private var coefficients = [Double](repeating: 0, count: (degree + 1) * (degree + 1))

  /// The sum of terms `coefficient x^i y^j`.
  init(_ terms: [(x: Int, y: Int, coefficient: Double)] = []) {
    for term in terms { self[term.x, term.y] += term.coefficient }
  }

  /// The coefficient of `x^i y^j`.
  subscript(i: Int, j: Int) -> Double {
    get { coefficients[i * (Self.degree + 1) + j] }
    set { coefficients[i * (Self.degree + 1) + j] = newValue }
  }

  static func * (wavefront: Wavefront, factor: Double) -> Wavefront {
    var result = wavefront
    for index in result.coefficients.indices { result.coefficients[index] *= factor }
    return result
  }

  static func += (sum: inout Wavefront, other: Wavefront) {
    for index in sum.coefficients.indices { sum.coefficients[index] += other.coefficients[index] }
  }

  /// The derivatives by x and y.
  package var gradient: (x: Wavefront, y: Wavefront) {
    var (x, y) = (Wavefront(), Wavefront())
    for i in 0...Self.degree {
      for j in 0...Self.degree {
        if i > 0 { x[i - 1, j] = Double(i) * self[i, j] }
        if j > 0 { y[i, j - 1] = Double(j) * self[i, j] }
      }
    }
    return (x, y)
  }

  /// The coefficients of the powers of x along a row.
  func row(_ y: Double) -> [Double] {
    (0...Self.degree).map { i in
      (0...Self.degree).reversed().reduce(0) { $0 * y + self[i, $1] }
    }
  }

  /// The value at a point.
  package func callAsFunction(_ x: Double, _ y: Double) -> Double {
    row(y).reversed().reduce(0) { $0 * x + $1 }
  }
}

/// Cosine and sine of whole turns' fractions.
///
/// Equation: the Taylor polynomials of degree 18 and 17 at half the angle, within a quarter of a turn, and its double.
/// Accuracy: 1e-13: the first terms left out are below `(pi/2)^20 / 20!` and `(pi/2)^19 / 19!`, 4e-15 and 5e-14.
@inline(__always)
func cosineAndSine(turns: SIMD4<Double>) -> (cosine: SIMD4<Double>, sine: SIMD4<Double>) {
  // Adding this number leaves no place for fractions: the nearest whole number, for less than 2^51 turns.
  let whole = SIMD4<Double>(repeating: 0x1.8p52)
  let x = (turns - ((turns + whole) - whole)) * .pi
  let square = x * x
  var c = SIMD4<Double>(repeating: -1 / 6402373705728000)
  c = c * square + 1 / 20922789888000
  c = c * square - 1 / 87178291200
  c = c * square + 1 / 479001600
  c = c * square - 1 / 3628800
  c = c * square + 1 / 40320
  c = c * square - 1 / 720
  c = c * square + 1 / 24
  c = c * square - 1 / 2
  c = c * square + 1
  var s = SIMD4<Double>(repeating: 1 / 355687428096000)
  s = s * square - 1 / 1307674368000
  s = s * square + 1 / 6227020800
  s = s * square - 1 / 39916800
  s = s * square + 1 / 362880
  s = s * square - 1 / 5040
  s = s * square + 1 / 120
  s = s * square - 1 / 6
  s = s * square + 1
  s *= x
  return (1 - 2 * (s * s), 2 * (s * c))
}
