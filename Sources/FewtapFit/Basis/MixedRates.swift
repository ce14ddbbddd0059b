import FewtapCore
import FewtapSynthesis

/// Inner products of filters that run at different rates, seen through images of a given power: exact across the rates, aliasing
/// included.
///
/// Equation: a filter of low-rate spectrum `s` at rate 1/D has the output `P(f) sum_j A(f + j/D) X(f + j/D) / D^2`,
///           `P(f) = B(f) s(D f)`. Over images of power Phi, whose frequencies are uncorrelated, filters at the rates 1/D and
///           1/E have the inner product `sum_nu fold(conj(P) P') fold(conj(A) A' Phi) / (D E)^2`, fold the sum over the
///           frequencies that are alike modulo 1/h, h the greatest common divisor of D and E. The kernel aimed at is a filter at
///           rate 1.
/// Shapes:   spectra on ``grid``, of side n; low-rate ones on its n/D.
/// Source:   METHOD.md section 7; held by FewtapFitTests/BasisAccuracyTests, to kernels on a plain grid.
struct MixedRates: Sendable {
  /// The image's grid.
  let grid: GridTransform
  /// The rates; nil: the image's own.
  let rates: [Resampling?]
  /// A grid for each rate.
  let lowGrids: [GridTransform]
  private let responses: [RateResponse]

  /// Rates whose factors divide the side of `grid` evenly.
  init(_ rates: [Resampling?], on grid: GridTransform) {
    (self.rates, self.grid) = (rates, grid)
    lowGrids = rates.map { GridTransform(minimumSize: grid.size / $0.factor) }
    responses = rates.map { RateResponse($0, side: grid.size) }
  }

  /// A grid of side at least `minimumSize` for rates whose factors have the common multiple `multiple`.
  static func grid(minimumSize: Int, multiple: Int) -> GridTransform {
    let low = GridTransform(minimumSize: (max(4 * multiple, minimumSize) + multiple - 1) / multiple)
    return GridTransform(minimumSize: low.size * multiple)
  }

  /// `fold(conj(A) A' Phi) / (D E)^2` for the rates `i` and `j`.
  func seen(_ i: Int, _ j: Int, power: [Double]) -> Spectrum {
    let (a, b) = (responses[i].prefilter, responses[j].prefilter)
    let factors = Double(rates[i].factor * rates[j].factor)
    let scale = 1 / (factors * factors)
    var product = a.conjugateProduct(b).outer(on: grid)
    for index in power.indices {
      product.re[index] *= power[index] * scale
      product.im[index] *= power[index] * scale
    }
    return folded(product, by: common(i, j))
  }

  /// `fold(conj(B) B')` for the rates `i` and `j`.
  private func interpolated(_ i: Int, _ j: Int) -> Spectrum {
    let (a, b) = (responses[i].interpolator, responses[j].interpolator)
    return folded(a.conjugateProduct(b).outer(on: grid), by: common(i, j))
  }

  /// The inner product of single taps of the rates `i` and `j` as a spectrum over their distance, on the finer one's grid. The
  /// finer rate's factor must divide the other's.
  func coupling(_ i: Int, _ j: Int, power: [Double]) -> Spectrum {
    let low = lowGrids[i]
    return low.product(interpolated(i, j), seen(i, j, power: power))
  }

  /// `A B / D^2` of rate `i`: what a tap's mean response is.
  func meanResponse(_ i: Int) -> Spectrum {
    let (a, b, scale) = (
      responses[i].prefilter, responses[i].interpolator, 1 / Double(rates[i].factor * rates[i].factor)
    )
    var product = grid.product(
      a.outer(on: grid), b.outer(on: grid))
    for index in product.re.indices {
      product.re[index] *= scale
      product.im[index] *= scale
    }
    return product
  }

  /// `conj(A B) Phi / D^2` of rate `i`: what ``products(_:_:rate:)`` needs.
  func taps(_ i: Int, power: [Double]) -> Spectrum {
    var response = meanResponse(i)
    for index in power.indices {
      response.re[index] *= power[index]
      response.im[index] *= -power[index]
    }
    return response
  }

  /// The inner products of single taps of rate `i` and a kernel of the spectrum `target`, a plane of the low rate by the tap's
  /// position; `taps` from ``taps(_:power:)``.
  func products(_ target: Spectrum, _ taps: Spectrum, rate i: Int) -> [Double] {
    let low = lowGrids[i]
    let scale = Double(low.size * low.size)
    return low.inverse(folded(grid.product(target, taps), by: rates[i].factor)).map { $0 * scale }
  }

  /// `P` of a filter at rate `i` whose layers have the spectrum `low`.
  func interpolated(_ low: Spectrum, rate i: Int) -> Spectrum {
    let (b, lowGrid) = (responses[i].interpolator, lowGrids[i])
    var result = b.outer(on: grid)
    let (stride, lowStride) = (grid.spectrumCount / grid.size, lowGrid.spectrumCount / lowGrid.size)
    for kx in 0..<grid.size {
      for ky in 0...grid.size / 2 {
        let (x, y) = (kx % lowGrid.size, ky % lowGrid.size)
        let isStored = y <= lowGrid.size / 2
        let index = (isStored ? x : (lowGrid.size - x) % lowGrid.size) * lowStride + (isStored ? y : lowGrid.size - y)
        let (re, im) = (low.re[index], isStored ? low.im[index] : -low.im[index])
        let at = kx * stride + ky
        (result.re[at], result.im[at]) = (
          result.re[at] * re - result.im[at] * im, result.re[at] * im + result.im[at] * re
        )
      }
    }
    return result
  }

  /// The sum over the frequencies that are alike modulo 1/h, on the grid of side n/h.
  func folded(_ spectrum: Spectrum, by h: Int) -> Spectrum {
    guard h > 1 else { return spectrum }
    let (n, low) = (grid.size, lowGrids.first { $0.size * h == grid.size } ?? GridTransform(minimumSize: grid.size / h))
    let (g, stride, lowStride) = (low.size, grid.spectrumCount / grid.size, low.spectrumCount / low.size)
    var result = Spectrum(count: low.spectrumCount)
    for x in 0..<g {
      for i in 0..<h {
        let kx = x + i * g
        let mirrored = (n - kx) % n
        for j in 0..<h {
          for y in 0...g / 2 {
            let ky = y + j * g
            let (from, isStored) = ky <= n / 2 ? (kx * stride + ky, true) : (mirrored * stride + n - ky, false)
            result.re[x * lowStride + y] += spectrum.re[from]
            result.im[x * lowStride + y] += isStored ? spectrum.im[from] : -spectrum.im[from]
          }
        }
      }
    }
    return result
  }

  /// The greatest common divisor of two rates' factors.
  func common(_ i: Int, _ j: Int) -> Int {
    var (a, b) = (rates[i].factor, rates[j].factor)
    while b > 0 { (a, b) = (b, a % b) }
    return a
  }
}

extension Resampling? {
  /// Pixels for a low-rate pixel; 1 at the image's own rate.
  var factor: Int { self?.factor ?? 1 }
}

/// The spectra of prefilter and interpolator along one axis, for k / side cycles a pixel.
private struct RateResponse: Sendable {
  let prefilter: Waves
  let interpolator: Waves

  init(_ rate: Resampling?, side: Int) {
    prefilter = Waves(rate?.prefilterWeights, side: side)
    interpolator = Waves(rate?.interpolatorWeights, side: side)
  }
}

/// A spectrum along one axis: the whole of it.
private struct Waves: Sendable {
  var re: [Double]
  var im: [Double]

  /// Of nil: of a single 1 at 0.
  init(_ weights: Resampling.Weights?, side: Int) {
    re = [Double](repeating: weights == nil ? 1 : 0, count: side)
    im = [Double](repeating: 0, count: side)
    guard let weights else { return }
    let turn = (0..<side).map { -2 * .pi * Double($0) / Double(side) }
    let (cosines, sines) = (turn.map(cosine), turn.map(sine))
    for (i, weight) in weights.values.enumerated() {
      let offset = ((weights.first + i) % side + side) % side
      for k in 0..<side {
        // Whole turns taken out in whole numbers.
        let at = k * offset % side
        re[k] += weight * cosines[at]
        im[k] += weight * sines[at]
      }
    }
  }

  /// The product with another one of the same side, this one conjugated.
  func conjugateProduct(_ other: Waves) -> Waves {
    var result = self
    for k in re.indices {
      result.re[k] = re[k] * other.re[k] + im[k] * other.im[k]
      result.im[k] = re[k] * other.im[k] - im[k] * other.re[k]
    }
    return result
  }

  /// The function of both frequencies that is the product of this one's of each.
  func outer(on grid: GridTransform) -> Spectrum {
    var result = Spectrum(count: grid.spectrumCount)
    let stride = grid.spectrumCount / grid.size
    for kx in 0..<grid.size {
      for ky in 0...grid.size / 2 {
        result.re[kx * stride + ky] = re[kx] * re[ky] - im[kx] * im[ky]
        result.im[kx * stride + ky] = re[kx] * im[ky] + im[kx] * re[ky]
      }
    }
    return result
  }
}
