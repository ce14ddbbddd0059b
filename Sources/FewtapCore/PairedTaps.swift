extension TapLayer {
  /// The layer for a texture unit, which reads between pixels for nothing: two neighboring taps of one sign are one bilinear tap
  /// between them. Offsets must be whole.
  ///
  /// Equation: `a I[p] + b I[p + 1] = (a + b) I[p + b / (a + b)]`, read bilinearly.
  package func withPairedTaps() -> TapLayer {
    var rest = mergedIntegerTaps().map { (x: Double($0.offset.x), y: Double($0.offset.y), weight: $0.weight) }
    var paired: [Tap] = []
    // Down the columns first; what is left over may have a neighbor in its row.
    for (dx, dy) in [(0.0, 1.0), (1.0, 0.0)] {
      rest.sort { dx == 0 ? ($0.x, $0.y) < ($1.x, $1.y) : ($0.y, $0.x) < ($1.y, $1.x) }
      var single: [(x: Double, y: Double, weight: Double)] = []
      var index = 0
      while index < rest.count {
        let tap = rest[index]
        index += 1
        if index < rest.count, rest[index].x == tap.x + dx, rest[index].y == tap.y + dy,
          rest[index].weight * tap.weight > 0
        {
          let weight = tap.weight + rest[index].weight
          let share = rest[index].weight / weight
          paired.append(Tap(x: tap.x + dx * share, y: tap.y + dy * share, weight: weight))
          index += 1
        } else {
          single.append(tap)
        }
      }
      rest = single
    }
    let taps = paired + rest.map { Tap(x: $0.x, y: $0.y, weight: $0.weight) }
    // A layer whose weights are all 0 keeps its taps: a layer has one at least.
    return taps.isEmpty ? self : TapLayer(taps)
  }

  /// The layer with its offsets rounded to what texture units tell apart, `2^-bits` of a pixel: then they read where it says.
  package func rounded(toFractionBits bits: Int) -> TapLayer {
    let scale = Double(1 << bits)
    return TapLayer(
      taps.map { Tap(x: ($0.x * scale).rounded() / scale, y: ($0.y * scale).rounded() / scale, weight: $0.weight) })
  }
}

extension SparseFilter {
  /// The same filter with its taps paired, of bilinear ones.
  package func withPairedTaps() -> SparseFilter {
    guard chain.model == .integer else { return self }
    var result = self
    result.chain = TapChain(model: .bilinear, layers: chain.layers.map { $0.withPairedTaps() })
    return result
  }

  /// What a texture unit that keeps `bits` bits of the place between two pixels makes of the filter; integer taps stay as they are.
  package func rounded(toFractionBits bits: Int) -> SparseFilter {
    guard chain.model == .bilinear else { return self }
    var result = self
    result.chain.layers = chain.layers.map { $0.rounded(toFractionBits: bits) }
    return result
  }
}
