import FewtapCore

// Tolerances that follow from rounding: no test of ours needs a bare 1e-4.

/// Half the distance from 1 to the next Float: the largest relative error of one rounding.
package let floatRoundoff = 0x1p-24
/// The same for Double.
package let doubleRoundoff = 0x1p-53

/// The relative error that `operations` roundings can add up to.
///
/// Equation: `gamma_n = n u / (1 - n u)`: a sum of n products, in any order, is within `gamma_n sum|w x|` of exact.
/// Source:   Higham, "Accuracy and Stability of Numerical Algorithms", 2nd ed., SIAM 2002, lemma 3.1 and section 3.1.
package func gamma(_ operations: Int, roundoff: Double = doubleRoundoff) -> Double {
  let product = Double(operations) * roundoff
  precondition(product < 1, "the bound only holds while n u < 1")
  return product / (1 - product)
}

/// The filter whose weights are all replaced by their magnitudes: applied to `|image|` it gives the `sum|w x|` of every pixel.
package func magnitudes(_ filter: SparseFilter) -> SparseFilter {
  var result = filter
  for l in result.chain.layers.indices {
    for i in result.chain.layers[l].taps.indices {
      result.chain.layers[l].taps[i].weight = abs(result.chain.layers[l].taps[i].weight)
    }
  }
  result.gain = abs(result.gain)
  return result
}

/// The same for a plane.
package func magnitudes<Scalar>(_ plane: Plane<Scalar>) -> Plane<Scalar> { plane.map(\.magnitude) }

/// The same for a border rule's constant.
package func magnitudes(_ border: BorderRule) -> BorderRule {
  if case .constant(let value) = border { return .constant(abs(value)) }
  return border
}

extension SparseFilter {
  /// Roundings that a pixel of the Float engine can pass through: a layer of n integer taps rounds n additions, a product
  /// and a stored weight; the reference's own Double rounding counts as one more.
  /// Decimation and interpolation are sums too, run in steps: their roundings add up to no more than those of the whole for
  /// the columns and once more for each prime factor of the rows.
  package var roundings: Int {
    let layers = chain.layers.reduce(0) { $0 + $1.mergedIntegerTaps().count + 2 }
    guard let rate else { return layers }
    let (a, b) = (rate.prefilterWeights.values.count, rate.interpolatorWeights.values.count)
    let primes = (2...rate.factor).reduce(0) { sum, prime in
      var (count, rest) = (0, rate.factor)
      while rest % prime == 0 { (count, rest) = (count + 1, rest / prime) }
      return sum + ((2..<prime).allSatisfy { prime % $0 != 0 } ? count : 0)
    }
    return layers + (a + 2 + b + 2) * (1 + primes)
  }
}
