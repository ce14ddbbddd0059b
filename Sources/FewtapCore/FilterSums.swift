/// What filters do to a constant 1: what alpha and a normalized border divide by.
package struct FilterSums: Sendable {
  /// What all of them do to it, if they agree; layer by layer where those are interpolated.
  package let common: Double?
  /// What each does by itself.
  package let each: [Double]
  /// Whether that is little against the weights' magnitudes, as where weights cancel.
  package let cancels: Bool

  /// Sums that differ by less than this count as one: what rounding leaves of filters of a common sum, and far below what
  /// can be seen.
  private static let tolerance = 1e-6

  /// Those of a basis.
  package init(_ basis: FilterBasis) {
    each = basis.filters.map { $0.chain.sum * $0.gain }
    cancels = basis.filters.allSatisfy {
      abs($0.chain.sum * $0.gain) <= 0x1p-10 * $0.chain.noiseGain * abs($0.gain)
    }
    let parts =
      basis.interpolation == .outputs
      ? [each]
      : [basis.filters.map(\.gain)]
        + basis.filters[0].chain.layers.indices.map { layer in basis.filters.map { $0.chain.layers[layer].sum } }
    let agree = parts.allSatisfy { sums in
      let largest = sums.reduce(0) { max($0, abs($1)) }
      return sums.allSatisfy { abs($0 - sums[0]) <= Self.tolerance * largest }
    }
    common = agree ? parts.reduce(1) { $0 * $1[0] } : nil
  }

  /// Those of one filter.
  package init(_ sum: Double, cancels: Bool) { (common, each, self.cancels) = (sum, [sum], cancels) }

  /// Those of filters that leave a constant as it is.
  package static let one = FilterSums(1, cancels: false)
}
