import FewtapCore

extension CompiledOffsets.Layer {
  /// Numbers of its table of coefficients, and of gains.
  var coefficientCount: Int { cellCount * 3 * terms * Int(packed.stride) }
  var gainCount: Int { packed.gains == nil ? 0 : cellCount * terms }
  private var terms: Int { 1 << Int(packed.axes) }
}

extension CompiledOffsets {
  /// Adds what a loss changes by with the numbers of filters at knots, from what it changes by with the coefficients of the cells
  /// between them: the transpose of how those are made.
  func addSlopes(
    ofTaps taps: [Double], gains: [Double], layer index: Int, basis: FilterBasis, to filters: inout [FilterGradient]
  ) {
    let (layer, terms) = (layers[index], 1 << shape.count)
    let stride = Int(layer.packed.stride)
    // A last layer's weights have the gain, if it is one for all.
    let hasGain = index == layers.count - 1 && gains.isEmpty
    for (cell, knots) in Self.cells(shape).enumerated() {
      for tap in 0..<Int(layer.packed.taps) {
        let slopes = (0..<3).map { quantity in
          transposed((0..<terms).map { taps[((cell * 3 + quantity) * terms + $0) * stride + tap] })
        }
        for (corner, knot) in knots.enumerated() {
          let (gain, own) = (basis.filters[knot].gain, basis.filters[knot].chain.layers[index].taps[tap])
          // Places are read at -o.
          filters[knot].layers[index][tap].add(
            TapGradient(weight: slopes[2][corner] * (hasGain ? gain : 1), x: -slopes[0][corner], y: -slopes[1][corner]))
          if hasGain { filters[knot].gain += slopes[2][corner] * own.weight }
        }
      }
      guard !gains.isEmpty else { continue }
      let slopes = transposed((0..<terms).map { gains[cell * terms + $0] })
      for (corner, knot) in knots.enumerated() { filters[knot].gain += slopes[corner] }
    }
  }

  /// Along each axis: to the second knot what is the step's, which the first one is taken from.
  private func transposed(_ slopes: [Double]) -> [Double] {
    shape.indices.reduce(slopes) { slopes, axis in
      slopes.indices.map { $0 >> axis & 1 == 1 ? slopes[$0] : slopes[$0] - slopes[$0 | 1 << axis] }
    }
  }
}
