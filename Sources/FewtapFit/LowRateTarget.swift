import FewtapCore
import FewtapSynthesis

/// The fit of a filter at a lower rate, aliasing included, as a weighted least-squares problem for the layers alone.
///
/// Equation: with `A`, `B` the spectra of prefilter and interpolator, `Phi` the objective's power and `T` the kernel's spectrum,
///           the error on an image of power Phi is `sum_nu W |s - t|^2` and a floor that no layers change;
///           `W(nu) = sum_i |B(nu + i/D)|^2 sum_j |A(nu + j/D)|^2 Phi(nu + j/D) / D^4`,
///           `t(nu) = sum_i conj(B A) T Phi (nu + i/D) / (D^2 W)`.
/// Shapes:   spectra on ``grid``, of side g; the image's grid has side `D g`.
/// Source:   METHOD.md section 12.
/// Cost:     two transforms of side `D g`.
package struct LowRateTarget: Sendable {
  package let rate: Resampling
  /// The low rate's grid.
  package let grid: GridTransform
  /// `W` in the layout of a spectrum.
  let weight: [Double]
  /// `t`.
  package let spectrum: Spectrum
  /// `sum Phi |T|^2`: what the error is relative to.
  let scale: Double
  /// The kernel's radius in low-rate pixels, rounded up, and whether it has no negative weight.
  private let radius: Int
  private let isNonnegative: Bool

  /// Largest offset of a tap, in low-rate pixels, whose response does not wrap around the image's grid.
  package var maximumOffset: Int { grid.size / 2 - 1 - (rate.boxCount + 1) / 2 }

  /// Factors for which there is a fast transform of the image's grid: products of 2, 3 and 5.
  package static let factors = Resampling.factors.filter { factor in
    var rest = factor
    for prime in [2, 3, 5] { while rest % prime == 0 { rest /= prime } }
    return rest == 1
  }

  /// The problem of fitting `kernel`, which should have sum 1 (or sum of magnitudes 1 if its sum is zero), on a grid of side at
  /// least `minimumSize` low-rate pixels. `rate.factor` must be one of ``factors``.
  package init(kernel: Kernel, objective: Objective, rate: Resampling, minimumSize: Int = 0) {
    self.rate = rate
    let factor = rate.factor
    radius = (kernel.radius + factor - 1) / factor
    isNonnegative = kernel.isNonnegative
    // The effective kernel must not wrap around, and the objective's corner frequency be resolved.
    let room = max(2 * (kernel.radius + rate.boxCount * factor) + 2, 128)
    grid = GridTransform(minimumSize: max(minimumSize, (room + factor - 1) / factor))
    let full = GridTransform(minimumSize: grid.size * factor)
    var power = QuarterPlane(side: full.size) { objective.power(squaredFrequency: $0) }
    power[0, 0] *= SpectralLoss.weightOfSum
    weight = FoldedPower(rate, power: power).total.spectrum(on: grid)
    let target = full.forward(full.place(kernel))
    let density = power.spectrum(on: full)
    scale = full.power(target, weight: zip(density, full.multiplicity).map { $0 * $1 })
    spectrum = Self.folded(target, density, rate, from: full, to: grid, over: weight)
  }

  /// `t`: the kernel through interpolator, objective and prefilter, at every D-th pixel.
  private static func folded(
    _ target: Spectrum, _ density: [Double], _ rate: Resampling, from full: GridTransform, to grid: GridTransform,
    over weight: [Double]
  ) -> Spectrum {
    let (factor, side) = (rate.factor, Double(full.size))
    let response = Response(rate, side: full.size)
    let magnitude = zip(
      full.tabulate { fx, fy in
        response.gain[Int((abs(fx) * side).rounded())] * response.gain[Int((fy * side).rounded())]
      }, density
    ).map { $0 * $1 }
    var seen = target
    for i in seen.re.indices {
      seen.re[i] *= magnitude[i]
      seen.im[i] *= magnitude[i]
    }
    if response.shift != 0 { full.translate(&seen, by: response.shift) }
    let plane = full.inverse(seen)
    // A sum over aliases is a decimation; its factor 1 / D^2 is that of t's equation, where B has D^2.
    var low = [Double](repeating: 0, count: grid.size * grid.size)
    for y in 0..<grid.size {
      for x in 0..<grid.size {
        low[y * grid.size + x] = plane[factor * (y * full.size + x)] * Double(factor * factor)
      }
    }
    var result = grid.forward(low)
    for i in result.re.indices where weight[i] > 0 {
      result.re[i] /= weight[i]
      result.im[i] /= weight[i]
    }
    return result
  }

  /// Indices of offsets in a plane of the low rate's grid.
  func indices(_ positions: [PixelOffset]) -> [Int] {
    positions.map { grid.wrapped($0.y) * grid.size + grid.wrapped($0.x) }
  }

  /// A plane of zeros but for `weights` at `indices`.
  func plane(_ indices: [Int], _ weights: [Double]) -> [Double] {
    var plane = [Double](repeating: 0, count: grid.size * grid.size)
    for (index, weight) in zip(indices, weights) { plane[index] = weight }
    return plane
  }

  /// A plane whose spectrum is multiplied by `metric`.
  func filtered(_ plane: [Double], by metric: [Double]) -> [Double] {
    var spectrum = grid.forward(plane)
    for i in metric.indices {
      spectrum.re[i] *= metric[i]
      spectrum.im[i] *= metric[i]
    }
    return grid.inverse(spectrum)
  }

  /// `sum_nu W |s - t|^2` for the layers' kernel, a plane: what it adds to ``floor``.
  package func error(of plane: [Double]) -> Double {
    grid.power(grid.difference(grid.forward(plane), spectrum), weight: zip(weight, grid.multiplicity).map { $0 * $1 })
  }

  /// The error that no layers undercut: what of the kernel the rate cannot make, and what it folds.
  ///
  /// Accuracy: a difference of sums as large as ``scale``, so that 1e-12 of that is rounding.
  package var floor: Double {
    max(0, scale - grid.power(spectrum, weight: zip(weight, grid.multiplicity).map { $0 * $1 }))
  }

  /// `t` as a plane, offset 0 first, wrapped around.
  package func plane() -> [Double] { grid.inverse(spectrum) }

  /// The kernel that the layers should make, as far as searches start from it: near the kernel's own reach, and without the
  /// ringing below zero that makes up for prefilter and interpolator; its sum 1 (its magnitudes', if that vanishes).
  func kernel() throws -> Kernel {
    let (plane, reach) = (plane(), min(radius + 2, maximumOffset))
    var values = Plane<Double>(width: 2 * reach + 1, height: 2 * reach + 1)
    for y in -reach...reach {
      for x in -reach...reach {
        let value = plane[grid.wrapped(y) * grid.size + grid.wrapped(x)]
        values[x + reach, y + reach] = isNonnegative ? max(0, value) : value
      }
    }
    let kernel = try Kernel(name: "low rate", values: values)
    return try kernel.scaled(by: 1 / (kernel.isZeroSum ? kernel.absoluteSum : abs(kernel.sum)))
  }
}

extension Resampling {
  /// Boxes of prefilter and interpolator together: what they reach, in low-rate pixels, twice.
  fileprivate var boxCount: Int { prefilter.boxes + interpolator.boxes }
}

/// `conj(A B) / D` along one axis: a real gain, and a shift of half a pixel or none.
private struct Response {
  /// For k / side cycles a pixel, `k` in `0...side/2`.
  let gain: [Double]
  /// Pixels by which `conj(A B)` moves a plane, against the shift of `A B`.
  let shift: Double

  init(_ rate: Resampling, side: Int) {
    gain = (0...side / 2).map { k in
      let box = boxGain(rate.factor, frequency: Double(k) / Double(side))
      return (0..<rate.boxCount).reduce(1) { product, _ in product * box }
    }
    shift = -[rate.prefilterWeights, rate.interpolatorWeights].reduce(0) { $0 + Double($1.first + $1.last) / 2 }
  }
}

extension GridTransform {
  /// Moves the plane of `spectrum` by `shift` pixels along both axes.
  fileprivate func translate(_ spectrum: inout Spectrum, by shift: Double) {
    // Only even factors shift by halves, and their responses are 0 at f = 1/2, which has no direction to turn in.
    let angles = tabulate { fx, fy in -2 * .pi * shift * (fx + fy) }
    for i in angles.indices {
      let (c, s) = (cosine(angles[i]), sine(angles[i]))
      (spectrum.re[i], spectrum.im[i]) = (
        spectrum.re[i] * c - spectrum.im[i] * s, spectrum.re[i] * s + spectrum.im[i] * c
      )
    }
  }
}
