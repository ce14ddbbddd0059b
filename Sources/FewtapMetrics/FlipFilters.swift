import FewtapCore

/// The one-dimensional weights of FLIP's filters, each run along rows and along columns: blurs as wide as the eye's, one for
/// lightness and one for red-green, two whose results are added for blue-yellow; a Gaussian and its first two derivatives, which
/// find edges and points.
///
/// Shapes: `2 reach + 1` weights, offset 0 in the middle; shorter ones are padded with zeros.
/// Source: Andersson et al. 2020 (see ``Flip``), sections 4.1.1 and 4.3, tables 1 and 2.
struct FlipFilters: Sendable {
  let reach: Int
  let lightness: [Double]
  let redGreen: [Double]
  let blueYellow: (narrow: [Double], wide: [Double])
  let gaussian: [Double]
  let edge: [Double]
  let point: [Double]

  init(pixelsPerDegree: Double) {
    // The spreads b of table 1, in square degrees, of Gaussians `a sqrt(pi / b) exp(-pi^2 d^2 / b)`.
    let spread = (lightness: 0.0047, redGreen: 0.0053, narrow: 0.025, wide: 0.04)
    let amplitude = (narrow: 13.5, wide: 34.1)
    // Three deviations of the widest.
    let reach = Int((3 * (spread.wide / (2 * .pi * .pi)).squareRoot() * pixelsPerDegree).rounded(.up))
    let offsets = (-reach...reach).map(Double.init)

    func gaussians(_ b: Double) -> [Double] {
      offsets.map { exponential(-(.pi * .pi) * ($0 / pixelsPerDegree) * ($0 / pixelsPerDegree) / b) }
    }
    func eye(_ b: Double, amplitude: Double) -> [Double] {
      // A product of two such weights carries the amplitude once.
      let size = (amplitude * (.pi / b).squareRoot()).squareRoot()
      return gaussians(b).map { size * $0 }
    }
    func scaled(_ weights: [Double], by factor: Double) -> [Double] { weights.map { factor * $0 } }
    func sum(_ weights: [Double]) -> Double { weights.reduce(0, +) }

    self.reach = reach
    let (light, red) = (gaussians(spread.lightness), gaussians(spread.redGreen))
    lightness = scaled(light, by: 1 / sum(light))
    redGreen = scaled(red, by: 1 / sum(red))
    let narrow = eye(spread.narrow, amplitude: amplitude.narrow)
    let wide = eye(spread.wide, amplitude: amplitude.wide)
    // The two-dimensional weights of both together sum to 1.
    let norm = (sum(narrow) * sum(narrow) + sum(wide) * sum(wide)).squareRoot()
    blueYellow = (scaled(narrow, by: 1 / norm), scaled(wide, by: 1 / norm))

    // The eye's edge detectors are 0.082 degrees wide; they end at three deviations.
    let deviation = 0.5 * 0.082 * pixelsPerDegree
    let end = (3 * deviation).rounded(.up)
    func bell(_ x: Double) -> Double { abs(x) <= end ? exponential(-x * x / (2 * deviation * deviation)) : 0 }
    let bells = offsets.map(bell)
    gaussian = scaled(bells, by: 1 / sum(bells))
    edge = Self.balanced(offsets.map { -$0 * bell($0) })
    point = Self.balanced(offsets.map { ($0 * $0 / (deviation * deviation) - 1) * bell($0) })
  }

  /// Positive weights scaled to sum to 1, negative ones to -1.
  private static func balanced(_ weights: [Double]) -> [Double] {
    let (above, below) = (weights.reduce(0) { $0 + max($1, 0) }, weights.reduce(0) { $0 - min($1, 0) })
    return weights.map { $0 / ($0 > 0 ? above : below) }
  }
}
