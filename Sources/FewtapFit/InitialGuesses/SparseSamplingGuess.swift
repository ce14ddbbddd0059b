import FewtapCore
import FewtapSynthesis

/// First layer: pixels of the support drawn at random with a minimum distance `r = sqrt(S / (N pi))`, S the number of nonzero
/// pixels, shrunk by a twentieth when no place is left, and dropped once it is
/// less than a pixel. Later layers: circles of radius `l` pixels.
///
/// Source: Wu, Zhe, Huo (DISK), ICLR 2026.
public struct SparseSamplingGuess: InitialGuess {
  /// The sparse sampling guess.
  public init() {}

  /// The least side of a grid on which a search from this guess wraps nothing around: what the layers reach in all, circles of
  /// radius 1, 2 and so on after the first one, and a quarter of the kernel's radius to move in. Other guesses reach less far.
  ///
  /// A grid of four radii, which is enough for four layers, holds six from radius 20 on and eight from radius 38 on.
  package static func gridSide(for kernel: Kernel, layers: Int) -> Int {
    2 * (kernel.radius + layers * (layers - 1) / 2 + kernel.radius / 4) + 2
  }

  /// Draws before the distance shrinks.
  private static let attempts = 2000

  /// See ``InitialGuess``.
  public func parameters(for kernel: Kernel, layout: [Int], using random: inout SeededGenerator) -> ChainParameters {
    var support: [PixelOffset] = []
    let peak = kernel.values.values.reduce(0) { max($0, abs($1)) }
    kernel.forEachOffset { x, y, weight in
      if abs(weight) > 1e-3 * peak { support.append(PixelOffset(x: x, y: y)) }
    }
    let count = layout[0]
    var distance = (Double(support.count) / (Double(count) * Double.pi)).squareRoot()
    var points: [PixelOffset] = []
    while points.count < count {
      for _ in 0..<Self.attempts where points.count < count {
        let candidate = support[random.index(support.count)]
        let isFree = points.allSatisfy { point in
          let (dx, dy) = (Double(point.x - candidate.x), Double(point.y - candidate.y))
          return dx * dx + dy * dy >= distance * distance
        }
        if isFree { points.append(candidate) }
      }
      // Below a pixel the support is used up: places repeat from then on.
      distance = distance < 1 ? 0 : distance * 0.95
    }
    let first = points.map { Tap(x: Double($0.x), y: Double($0.y), weight: 1 / Double(count)) }
    let later = layout.enumerated().dropFirst().map { layer, taps in circle(taps, radius: Double(layer)) }
    return ChainParameters(layers: [first] + later)
  }
}
