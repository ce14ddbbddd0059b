import FewtapCore
import FewtapSynthesis

/// What half floats between a filter's passes do to it: rounding noise, and where their range ends.
///
/// Equation: `noise^2 = sum_p q(s_p)^2 E_p`. Of pass p, s_p is what it makes of a constant 1 (or of a point of light, where that is
///           more), q the root mean square of rounding numbers uniform in `s / 2` to s, and E_p what the passes after it make
///           of white noise of variance 1.
///           `largest = 65504 / max_p prod sum|w|`, over the passes up to p.
/// Accuracy: the noise of an image whose values are uniform in 1/2...1 within 1.5 dB at the image's own rate and a gain of 1; darker images
///           have less. At other gains and lower rates it is up to 4 dB too much: results may gather below a power of two, and noise
///           that decimation leaves is taken as it is near frequency 0. Held by FewtapShadersTests to text that runs.
public struct HalfStorage: Equatable, Sendable {
  /// Root mean square of the rounding noise in the result, for images up to 1.
  public let noise: Double
  /// The largest value of an image that no intermediate result overflows for.
  public let largest: Double

  /// The noise as PSNR, dB, peak 1.
  public var photoPSNR: Double { Self.decibels(noise * noise) }

  /// Half floats' largest number.
  public static let maximum = 65504.0

  /// The level, dB, of an error of so many dB with the noise.
  public func with(photoPSNR: Double) -> Double { Self.decibels(power(10, -photoPSNR / 10) + noise * noise) }

  private static func decibels(_ square: Double) -> Double { square > 0 ? -10 * logarithm10(square) : 300 }

  /// The storage of `filter`, with a pass a layer and three of resampling.
  ///
  /// Throws: as `SparseFilter.effectiveKernel()`.
  public init(_ filter: SparseFilter) throws {
    let (layers, model) = (filter.chain.layers, filter.chain.model)
    var (square, reach) = (0.0, 1.0)
    let gain = filter.gain * filter.gain
    // Decimation makes of a constant the same, so does interpolation.
    let interpolation = filter.rate.map(InterpolatedNoise.init)
    for index in 0...layers.count {
      let isLast = index == layers.count
      let after = TapChain(model: model, layers: Array(layers[index...]))
      let rest = try after.layers.isEmpty ? nil : SparseFilter(chain: after).effectiveKernel().values
      let energy = (interpolation?.energy(rest) ?? rest?.squares ?? 1) * (isLast ? 1 : gain)
      if index == 0 {
        guard let rate = filter.rate else { continue }
        let step = Self.rounding(1)
        square += step * step * energy * (1 + 1 / Double(rate.factor))
        continue
      }
      let before = SparseFilter(
        chain: TapChain(model: model, layers: Array(layers[..<index])), gain: isLast ? filter.gain : 1)
      let made = try before.effectiveKernel().values
      let step = Self.rounding(max(abs(made.values.reduce(0, +)), made.squares.squareRoot()))
      square += step * step * energy
      reach = max(reach, before.chain.noiseGain * abs(before.gain))
    }
    if filter.rate != nil {
      let step = Self.rounding(abs(filter.chain.sum * filter.gain))
      square += step * step
    }
    (noise, largest) = (square.squareRoot(), Self.maximum / reach)
  }

  /// Root mean square of rounding numbers uniform in `value / 2` to `value` to 11 bits, or to half floats' smallest step.
  ///
  /// Equation: `value = m 2^e`, m in 1..<2: of the numbers a share `2 (m - 1) / m` lies above 2^e, where steps are `2^(e - 10)`, the others
  ///           have steps of half that; a step's square over 12.
  private static func rounding(_ value: Double) -> Double {
    guard value > 0 else { return 0 }
    let step = Double(sign: .plus, exponent: max(Int(value.exponent) - 10, -24), significand: 1)
    let above = 2 * (value.significand - 1) / value.significand
    return step * ((above + (1 - above) / 4) / 12).squareRoot()
  }
}

/// What interpolation makes of white noise at the lower rate.
private struct InterpolatedNoise {
  private let factor: Int
  /// `r[d] = sum_n b[n] b[n - D d]`, d from 0.
  private let correlation: [Double]

  init(_ rate: Resampling) {
    let (b, factor) = (rate.interpolatorWeights.values, rate.factor)
    self.factor = factor
    correlation = stride(from: 0, to: b.count, by: factor).map { shift in
      (shift..<b.count).reduce(0) { $0 + b[$1] * b[$1 - shift] }
    }
  }

  /// Its mean variance over the phases, after a kernel at the lower rate; nil: none.
  ///
  /// Equation: `1 / D^2 sum_m sum_d k[m] k[m - d] r[d_x] r[d_y]`.
  func energy(_ kernel: Plane<Double>?) -> Double {
    let area = Double(factor * factor)
    guard let kernel else { return correlation[0] * correlation[0] / area }
    let reach = correlation.count - 1
    var sum = 0.0
    for y in 0..<kernel.height {
      for x in 0..<kernel.width where kernel[x, y] != 0 {
        var around = 0.0
        for v in max(0, y - reach)...min(kernel.height - 1, y + reach) {
          for u in max(0, x - reach)...min(kernel.width - 1, x + reach) {
            around += kernel[u, v] * correlation[abs(u - x)] * correlation[abs(v - y)]
          }
        }
        sum += kernel[x, y] * around
      }
    }
    return sum / area
  }
}

extension Plane<Double> {
  fileprivate var squares: Double { values.reduce(0) { $0 + $1 * $1 } }
}
