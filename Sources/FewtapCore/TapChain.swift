/// Layers of taps, applied one after the other.
///
/// Equation: `I_l[p] = sum_i w_{l,i} I_{l-1}(p - o_{l,i})`; effective kernel `K = k_1 * k_2 * ... * k_L`.
/// Source:   Wu, Zhe, Huo, "DISK: Differentiable Sparse Kernel Complex for Efficient Spatially-Variant Convolution",
///           ICLR 2026 (arXiv 2512.04556).
public struct TapChain: Equatable, Sendable {
  /// How taps read between pixels.
  public var model: TapModel
  /// The layers, first applied first.
  public var layers: [TapLayer]

  /// A chain of given layers.
  public init(model: TapModel, layers: [TapLayer]) {
    self.model = model
    self.layers = layers
  }

  /// Taps in all layers: the cost of the chain in texture reads or multiply-adds a pixel (integer model).
  public var tapCount: Int { layers.reduce(0) { $0 + $1.taps.count } }
  /// Taps a layer, first layer first.
  public var layout: [Int] { layers.map(\.taps.count) }
  /// Multiply-adds a pixel and channel on a CPU: bilinear taps split into pixels, equal offsets merged.
  public var multiplyAddCount: Int { layers.reduce(0) { $0 + $1.mergedIntegerTaps().count } }
  /// `prod_l sum_i |w_{l,i}|`: how much the chain can amplify rounding and noise on its way. 1 is the least for a sum of 1.
  public var noiseGain: Double { layers.reduce(1) { $0 * $1.absoluteSum } }
  /// Product of the layers' sums: what the chain does to a constant.
  public var sum: Double { layers.reduce(1) { $0 * $1.sum } }
  /// The offsets that the effective kernel can touch.
  public var bounds: OffsetBounds {
    layers.reduce(OffsetBounds(PixelOffset(x: 0, y: 0))) { $0.sum($1.bounds) }
  }

  /// The same filter in normal form, and the factor taken out: `self = factor * chain`.
  ///
  /// Every layer's weights sum to 1 (a layer whose sum vanishes, `|sum| <= 1e-6 sum|w|`, has `sum|w| = 1` instead); layers
  /// after the first have their centroid within half a pixel of 0, the first takes up the shifts; taps are sorted by (y, x).
  ///
  /// Shifts are whole pixels for bilinear taps too: a fraction would change how much the tent between pixels smooths, and with
  /// it the filter (a fit of 98 dB fell to 92 dB).
  public func normalForm() -> (chain: TapChain, factor: Double) {
    var result = self
    var factor = 1.0
    for index in layers.indices {
      let (sum, absoluteSum) = (layers[index].sum, layers[index].absoluteSum)
      let scale = abs(sum) > 1e-6 * absoluteSum ? sum : absoluteSum
      guard scale != 0 else { continue }
      factor *= scale
      result.layers[index].scale(by: 1 / scale)
      result.layers[index].makeSumExact()
    }
    for index in layers.indices.dropFirst() {
      let shift = result.layers[index].centroidShift()
      result.layers[index].translate(x: -shift.x, y: -shift.y)
      result.layers[0].translate(x: shift.x, y: shift.y)
    }
    for index in layers.indices { result.layers[index].taps.sort { ($0.y, $0.x) < ($1.y, $1.x) } }
    return (result, factor)
  }
}

extension TapLayer {
  mutating func scale(by factor: Double) {
    for index in taps.indices { taps[index].weight *= factor }
  }

  /// Puts what rounding left of `1 - sum` onto the largest weight, so that brightness is kept to the last bit or so.
  mutating func makeSumExact() {
    guard let largest = taps.indices.max(by: { abs(taps[$0].weight) < abs(taps[$1].weight) }) else { return }
    let target = abs(sum) > 0.5 ? 1.0 : 0.0
    for _ in 0..<4 where sum != target { taps[largest].weight += target - sum }
  }

  mutating func translate(x: Double, y: Double) {
    for index in taps.indices {
      taps[index].x += x
      taps[index].y += y
    }
  }

  /// The shift that the normal form takes out: the pixel nearest to the centroid of the magnitudes (a signed mean could lie
  /// anywhere).
  func centroidShift() -> (x: Double, y: Double) {
    let total = absoluteSum
    guard total > 0 else { return (0, 0) }
    let x = taps.reduce(0) { $0 + abs($1.weight) * $1.x } / total
    let y = taps.reduce(0) { $0 + abs($1.weight) * $1.y } / total
    return (x.rounded(), y.rounded())
  }
}
