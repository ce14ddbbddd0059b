/// One sparse convolution: a set of taps.
public struct TapLayer: Equatable, Sendable {
  /// The taps. Several may share an offset; then their weights add.
  public var taps: [Tap]

  /// A layer of given taps.
  public init(_ taps: [Tap]) { self.taps = taps }

  /// Sum of the weights: what the layer does to a constant.
  public var sum: Double { taps.reduce(0) { $0 + $1.weight } }
  /// Sum of the weights' magnitudes: how much the layer can amplify noise of its input's rounding.
  public var absoluteSum: Double { taps.reduce(0) { $0 + abs($1.weight) } }
  /// Largest `|x|` or `|y|`, in pixels.
  public var reach: Double { taps.reduce(0) { max($0, abs($1.x), abs($1.y)) } }

  /// The integer offsets that the layer touches: a bilinear tap touches up to four pixels.
  public var bounds: OffsetBounds {
    var bounds: OffsetBounds?
    for tap in taps {
      let box = OffsetBounds(
        minX: Int(tap.x.rounded(.down)), maxX: Int(tap.x.rounded(.up)),
        minY: Int(tap.y.rounded(.down)), maxY: Int(tap.y.rounded(.up)))
      bounds = bounds?.union(box) ?? box
    }
    return bounds ?? OffsetBounds(PixelOffset(x: 0, y: 0))
  }

  /// The same convolution as integer taps: bilinear taps split into their four pixels, equal offsets merged, exact zeros
  /// dropped, sorted by (y, x).
  ///
  /// Equation: `k[n] = sum_i w_i tent(n - o_i)`, `tent(u) = max(0, 1-|u_x|) max(0, 1-|u_y|)`.
  public func mergedIntegerTaps() -> [(offset: PixelOffset, weight: Double)] {
    var weights: [PixelOffset: Double] = [:]
    for tap in taps {
      let (left, top) = (tap.x.rounded(.down), tap.y.rounded(.down))
      let (a, b) = (tap.x - left, tap.y - top)
      for (dx, dy, share) in [(0, 0, (1 - a) * (1 - b)), (1, 0, a * (1 - b)), (0, 1, (1 - a) * b), (1, 1, a * b)]
      where share != 0 {
        weights[PixelOffset(x: Int(left) + dx, y: Int(top) + dy), default: 0] += tap.weight * share
      }
    }
    return weights.filter { $0.value != 0 }
      .map { (offset: $0.key, weight: $0.value) }
      .sorted { ($0.offset.y, $0.offset.x) < ($1.offset.y, $1.offset.x) }
  }
}
