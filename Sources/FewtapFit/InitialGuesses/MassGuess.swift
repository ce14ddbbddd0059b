import FewtapCore
import FewtapSynthesis

/// First layer: the centroids of cells that share the kernel's mass (Lloyd's iteration on |weights|). The variance left inside
/// the cells is shared by the later layers, as small sunflower spirals whose rms radius falls by a constant ratio.
///
/// Source: METHOD.md, section 3 (measured best of three); Lloyd, IEEE Trans. Inf. Theory 28(2), 1982; Vogel, Math. Biosci. 44,
///         1979 (spiral).
public struct MassGuess: InitialGuess {
  /// Ratio of the rms radius of a layer to the one before, among the later layers.
  private let ratio: Double

  /// The mass guess; a ratio of 0.6...0.7 was measured best.
  public init(ratio: Double = 0.7) { self.ratio = ratio }

  private static let iterations = 15

  /// See ``InitialGuess``.
  public func parameters(for kernel: Kernel, layout: [Int], using random: inout SeededGenerator) -> ChainParameters {
    let cells = lloyd(kernel, count: layout[0], using: &random)
    let laterCount = layout.count - 1
    var shares: [Double] = []
    for layer in 0..<laterCount { shares.append(layer == 0 ? 1 : shares[layer - 1] * ratio * ratio) }
    let total = shares.reduce(0, +)
    let later = layout.dropFirst().enumerated().map { layer, taps in
      spiral(taps, deviation: (cells.variance * shares[layer] / total).squareRoot(), using: &random)
    }
    return ChainParameters(layers: [cells.taps] + later)
  }

  /// Taps at the centroids of `count` cells, and the variance per axis that is left inside the cells.
  private func lloyd(_ kernel: Kernel, count: Int, using random: inout SeededGenerator) -> (
    taps: [Tap], variance: Double
  ) {
    let floor = 1e-6 * kernel.values.values.reduce(0) { max($0, abs($1)) }
    var pixels: [Tap] = []
    kernel.forEachOffset { x, y, weight in
      if abs(weight) > floor { pixels.append(Tap(x: Double(x), y: Double(y), weight: abs(weight))) }
    }
    let mass = pixels.reduce(0) { $0 + $1.weight }
    for i in pixels.indices { pixels[i].weight /= mass }
    var centers = draw(count, from: pixels, using: &random)
    var weights = [Double](repeating: 0, count: count)
    var variance = 0.0
    for iteration in 0...Self.iterations {
      var sums = [SIMD3<Double>](repeating: .zero, count: count)
      variance = 0
      for pixel in pixels {
        let position = SIMD2(pixel.x, pixel.y)
        var (nearest, least) = (0, Double.infinity)
        for (index, center) in centers.enumerated() {
          let d = center - position
          let distance = d.x * d.x + d.y * d.y
          if distance < least { (nearest, least) = (index, distance) }
        }
        sums[nearest] += SIMD3(pixel.x, pixel.y, 1) * pixel.weight
        variance += pixel.weight * least / 2
      }
      weights = sums.map(\.z)
      guard iteration < Self.iterations else { break }
      for i in 0..<count where sums[i].z > 0 { centers[i] = SIMD2(sums[i].x, sums[i].y) / sums[i].z }
    }
    // A cell that lost its pixels keeps a small weight, so that the search can still use it.
    weights = weights.map { max($0, 0.1 / Double(count)) }
    let total = weights.reduce(0, +)
    return (zip(centers, weights).map { Tap(x: $0.x, y: $0.y, weight: $1 / total) }, variance)
  }

  /// Positions drawn in proportion to mass, without repetition while there are pixels, jittered inside their pixel.
  private func draw(_ count: Int, from pixels: [Tap], using random: inout SeededGenerator) -> [SIMD2<Double>] {
    var remaining = pixels.map(\.weight)
    var total = remaining.reduce(0, +)
    return (0..<count).map { drawn in
      if drawn % pixels.count == 0 {
        remaining = pixels.map(\.weight)
        total = remaining.reduce(0, +)
      }
      var threshold = random.unit() * total
      var chosen = remaining.lastIndex { $0 > 0 } ?? 0
      for (index, weight) in remaining.enumerated() where weight > 0 {
        threshold -= weight
        if threshold < 0 {
          chosen = index
          break
        }
      }
      total -= remaining[chosen]
      remaining[chosen] = 0
      return SIMD2(pixels[chosen].x + random.uniform(-0.5, 0.5), pixels[chosen].y + random.uniform(-0.5, 0.5))
    }
  }

  /// A sunflower spiral of `count` equal taps with the given standard deviation per axis, slightly jittered so that no two
  /// restarts begin alike.
  private func spiral(_ count: Int, deviation: Double, using random: inout SeededGenerator) -> [Tap] {
    let (phase, goldenAngle) = (random.uniform(0, 2 * Double.pi), Double.pi * (3 - 5.0.squareRoot()))
    // Mean square radius of the unit spiral is 1/2 over both axes.
    return (0..<count).map { i in
      let radius = 2 * deviation * ((Double(i) + 0.5) / Double(count)).squareRoot()
      let angle = goldenAngle * (Double(i) + 0.5) + phase
      return Tap(
        x: radius * cosine(angle) + 0.1 * deviation * random.normal(),
        y: radius * sine(angle) + 0.1 * deviation * random.normal(), weight: 1 / Double(count))
    }
  }
}
