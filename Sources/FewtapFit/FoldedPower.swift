import FewtapCore
import FewtapSynthesis

/// What decimation and interpolation do to the power of an image, at the frequencies of the low rate, where D x D frequencies of
/// the image fall on one.
///
/// Equation: for an image of power spectral density S, the part of the output that passes through the layers' spectrum `s(nu)`
///           has the power `sum_nu |s|^2 W`, with
///           `W(nu) = sum_i |B(nu + i/D)|^2 sum_j |A(nu + j/D)|^2 S(nu + j/D) / D^4`; of that the terms i = j,
///           `sum_i |B A|^2 S / D^4`, come out at the frequency at which they went in. The rest is aliasing.
/// Source:   METHOD.md section 12.
struct FoldedPower {
  /// `W`.
  let total: QuarterPlane
  /// The share that keeps its frequency.
  let direct: QuarterPlane

  /// For an image of the density `power`, on a low-rate grid of side `power.side / rate.factor`, even.
  init(_ rate: Resampling, power: QuarterPlane) {
    let (factor, side) = (rate.factor, power.side / rate.factor)
    let gains = RateGains(rate, side: power.side)
    var (total, direct) = (QuarterPlane(side: side), QuarterPlane(side: side))
    // The image's frequencies that fall on one of the low rate, mirrored into the quarter plane.
    let aliases = (0...side / 2).map { nu in
      (0..<factor).map { i in min(nu + i * side, power.side - nu - i * side) }
    }
    let interpolated = aliases.map { $0.reduce(0) { $0 + gains.interpolator[$1] } }
    for y in 0...side / 2 {
      for x in 0...y {
        var (through, kept) = (0.0, 0.0)
        for ky in aliases[y] {
          for kx in aliases[x] {
            let seen = gains.prefilter[kx] * gains.prefilter[ky] * power[kx, ky]
            through += seen
            kept += seen * gains.interpolator[kx] * gains.interpolator[ky]
          }
        }
        through *= interpolated[x] * interpolated[y]
        (total[x, y], total[y, x]) = (through, through)
        (direct[x, y], direct[y, x]) = (kept, kept)
      }
    }
    (self.total, self.direct) = (total, direct)
  }
}

/// Squared magnitudes of prefilter and interpolator along one axis, for k / side cycles a pixel, `k` in `0...side/2`; each holds a
/// factor 1 / D of the decimation.
private struct RateGains {
  let prefilter: [Double]
  let interpolator: [Double]

  init(_ rate: Resampling, side: Int) {
    let box = (0...side / 2).map { boxGain(rate.factor, frequency: Double($0) / Double(side)) }
    func power(_ gain: Double, _ exponent: Int) -> Double { (0..<exponent).reduce(1) { product, _ in product * gain } }
    prefilter = box.map { power($0 * $0, rate.prefilter.boxes) }
    // |B / D|^2, since B(0) = D.
    interpolator = box.map { power($0 * $0, rate.interpolator.boxes) }
  }
}

/// Spectrum of a box of `width` weights `1 / width` about its middle; `frequency` in cycles a pixel.
func boxGain(_ width: Int, frequency: Double) -> Double {
  let (above, below) = (sine(.pi * frequency * Double(width)), Double(width) * sine(.pi * frequency))
  return below == 0 ? 1 : above / below
}
