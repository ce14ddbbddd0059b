import FewtapCore
import FewtapSynthesis

/// The error of a filter's effective kernel against the kernel that it stands for.
///
/// A filter at a lower rate has a kernel for every phase of the decimation, and folds an image's fine detail onto coarse one
/// (aliasing): all of that counts.
public struct FilterAccuracy: Equatable, Sendable {
  /// `|K - T|_2 / |T|_2`: how wrong a point of light is; at a lower rate that of the worst phase's kernel.
  public var relativeError: Double
  /// The same of the mean kernel over all phases; at the image's own rate, where there is one kernel, ``relativeError``.
  public var meanKernelError: Double
  /// PSNR on photographs, dB, peak 1, linear light; see ``PhotoSpectrum``. Aliasing included.
  public var photo: PhotoSpectrum.Prediction
  /// ``SparseFilter/flicker()``: how much a point of light changes from phase to phase; 0 at the image's own rate.
  public var flicker: Double

  /// Measures `filter` against `kernel`: the effective kernel is computed tap by tap, in Double, not on the grid of the fit.
  ///
  /// Throws: as ``SparseFilter/effectiveKernel()``.
  public init(of filter: SparseFilter, against kernel: Kernel) throws {
    self = try AccuracyGauge(kernel).accuracy(of: filter)
  }

  package init(relativeError: Double, meanKernelError: Double, photo: PhotoSpectrum.Prediction, flicker: Double) {
    (self.relativeError, self.meanKernelError, self.photo, self.flicker) =
      (relativeError, meanKernelError, photo, flicker)
  }
}

/// Measures filters against one kernel; what depends on the kernel alone is computed once.
///
/// Equation: the mean square error on an image of power spectral density S, over all pixels and phases, is
///           `integral |M^ - T^|^2 S + integral |s^|^2 (W - W_direct)`, M the mean kernel and W as in ``FoldedPower``: frequencies
///           of an image are uncorrelated, so those that fall on one another add their powers.
/// Accuracy: on an image of just that spectrum, within the scatter of one image: 0.2 dB of the measured PSNR. Held by
///           FewtapFitTests/RateAccuracyTests.
/// Cost:     0.6 ms to make and 0.8 ms a filter for radii to 25; 3 and 3 to 6 ms for a radius of 100.
package struct AccuracyGauge: Sendable {
  private let kernel: Kernel
  private let square: Double
  private let grid: GridTransform
  private let target: [Double]
  private let photographs: PhotoSpectrum

  /// A gauge against `kernel` for filters that reach up to `reach` pixels; those that reach further take longer.
  package init(_ kernel: Kernel, reach: Int = 0) {
    self.kernel = kernel
    // 256 resolves the spectra's lowest bin; more where the kernels need it.
    grid = GridTransform(minimumSize: max(256, 2 * max(reach, kernel.radius) + 2))
    target = grid.place(kernel)
    square = target.reduce(0) { $0 + $1 * $1 }
    photographs = PhotoSpectrum(grid: grid)
  }

  /// The accuracy of `filter`. Throws: as ``SparseFilter/effectiveKernel()``.
  package func accuracy(of filter: SparseFilter) throws -> FilterAccuracy {
    guard let phases = try filter.phaseSynthesis() else { return try accuracy(of: filter.effectiveKernel(), nil) }
    return try accuracy(of: phases.meanKernel(), phases)
  }

  /// The accuracy of a filter whose effective kernel is `effective`, whatever it is made of.
  package func accuracy(ofKernel effective: Kernel) throws -> FilterAccuracy { try accuracy(of: effective, nil) }

  /// Its mean PSNR on photographs and the error of its mean kernel alone, in less time.
  ///
  /// Throws: as ``SparseFilter/effectiveKernel()``.
  package func figures(of filter: SparseFilter) throws -> (photoPSNR: Double, relativeError: Double) {
    let phases = try filter.phaseSynthesis()
    let effective = try phases?.meanKernel() ?? filter.effectiveKernel()
    let gauge = enlarged(for: effective)
    let difference = gauge.difference(effective)
    return (gauge.photo(difference, phases).mean, gauge.error(difference))
  }

  private func accuracy(of effective: Kernel, _ phases: PhaseSynthesis?) throws -> FilterAccuracy {
    let gauge = enlarged(for: effective)
    let difference = gauge.difference(effective)
    let error = gauge.error(difference)
    let worst = phases.map { (($0.errors(against: kernel).max() ?? 0) / square).squareRoot() }
    return FilterAccuracy(
      relativeError: worst ?? error, meanKernelError: error, photo: gauge.photo(difference, phases),
      flicker: phases?.flicker ?? 0)
  }

  /// A gauge whose grid holds `effective`.
  private func enlarged(for effective: Kernel) -> AccuracyGauge {
    let isLargeEnough = 2 * effective.radius + 2 <= grid.size || grid.size == GridTransform.maximumSize
    return isLargeEnough ? self : AccuracyGauge(kernel, reach: effective.radius)
  }

  private func difference(_ effective: Kernel) -> [Double] {
    var difference = grid.place(effective)
    for i in difference.indices { difference[i] -= target[i] }
    return difference
  }

  private func error(_ difference: [Double]) -> Double {
    (difference.reduce(0) { $0 + $1 * $1 } / square).squareRoot()
  }

  private func photo(_ difference: [Double], _ phases: PhaseSynthesis?) -> PhotoSpectrum.Prediction {
    photographs.prediction(grid.forward(difference), aliasing: phases.map(Self.aliasing) ?? [])
  }

  /// Mean square of what decimation folds onto other frequencies, for each photograph.
  private static func aliasing(_ phases: PhaseSynthesis) -> [Double] {
    let factor = phases.rate.factor
    // Aliasing changes slowly with frequency, and vanishes at 0: a coarser grid than the mean kernel's will do.
    let grid = GridTransform(minimumSize: max(20, (240 + factor - 1) / factor))
    let area = Double(grid.size * grid.size * factor * factor)
    let low = grid.forward(grid.place(phases.low))
    let multiplicity = grid.multiplicity
    return PhotoSpectrum.quarters(side: grid.size * factor).map { density in
      let power = FoldedPower(phases.rate, power: density)
      let weight = zip(power.total.spectrum(on: grid), power.direct.spectrum(on: grid)).map { max(0, $0 - $1) / area }
      return grid.power(low, weight: zip(weight, multiplicity).map { $0 * $1 })
    }
  }
}
