import FewtapCore
import FewtapSynthesis

/// How large a kernel's error is on photographs, predicted from the photographs' power spectra.
///
/// Equation: `MSE = integral |D^(f)|^2 S(f) df`, D the difference of the kernels, S the power spectral density of a photograph
///           (linear light, luminance, peak 1), plus `mean^2 D^(0)^2` for an error of brightness; `PSNR = -10 log10 MSE`.
/// Accuracy: the mean is within 0.7 dB, the worst within 2.5 dB, of the PSNR measured by filtering those photographs, for the
///           kernels and chains of the benchmark; `make bench` prints the deviation. Another photograph differs by its own contrast and sharpness: 6 dB between these three.
/// Source:   `Benchmarks/photo_spectra.py` measures the table on the photographs astronaut, coffee and chelsea of PyPI's
///           scikit-image, in 24 bins, three an octave from f = 2^-8 cycles a pixel; `--check` there holds it.
public struct PhotoSpectrum: Sendable {
  /// PSNR in dB on the reference photographs.
  public struct Prediction: Equatable, Sendable {
    /// Mean over the photographs.
    public var mean: Double
    /// The worst photograph's.
    public var worst: Double

    package init(meanSquares: [Double]) {
      // 1e-30 keeps an exact filter at 300 dB, below any rounding of a Double.
      let values = meanSquares.map { -10 * logarithm10(max($0, 1e-30)) }
      mean = values.reduce(0, +) / Double(values.count)
      worst = values.min() ?? 0
    }
  }

  private let grid: GridTransform
  /// For each photograph, S over the stored frequencies, scaled so that `power` gives the mean square.
  private let densities: [[Double]]

  /// Tables for kernels on `grid`.
  public init(grid: GridTransform) {
    self.grid = grid
    let area = Double(grid.size * grid.size)
    let multiplicity = grid.multiplicity
    densities = Self.quarters(side: grid.size).map { quarter in
      zip(quarter.spectrum(on: grid), multiplicity).map { $0 * $1 / area }
    }
  }

  /// PSNR for the spectrum of a difference of kernels.
  public func prediction(_ difference: Spectrum) -> Prediction { prediction(difference, aliasing: []) }

  /// PSNR for the spectrum of a difference of kernels, with a further error on each photograph (its mean square).
  func prediction(_ difference: Spectrum, aliasing: [Double]) -> Prediction {
    Prediction(
      meanSquares: meanSquares(difference).enumerated().map { index, square in
        square + (index < aliasing.count ? aliasing[index] : 0)
      })
  }

  /// The mean square error on each photograph, for the spectrum of a difference of kernels.
  package func meanSquares(_ difference: Spectrum) -> [Double] {
    densities.map { grid.power(difference, weight: $0) }
  }

  /// The photographs' power spectral densities on a grid of `side x side` frequencies.
  package static func quarters(side: Int) -> [QuarterPlane] {
    let area = Double(side * side)
    let positions = QuarterPlane(side: side) { min(max((0.5 * logarithm2($0) + 8) * 3, 0), Double(binCount - 1)) }
    return logarithms.map { table in
      var density = positions.map { position in
        let bin = min(Int(position), binCount - 2)
        let fraction = position - Double(bin)
        return exponential2(table[bin] * (1 - fraction) + table[bin + 1] * fraction)
      }
      // At f = 0 the error is one of brightness: a photograph's mean square is about 0.1, spread over no bandwidth.
      density[0, 0] = 0.1 * area
      return density
    }
  }

  /// Bins of a table, three an octave.
  private static let binCount = 24

  /// log2 of S in each bin.
  private static let logarithms: [[Double]] = [
    // astronaut
    [
      7.35, 6.73, 6.04, 5.17, 4.96, 4.42, 3.20, 2.43, 1.61, 0.85, 0.01, -0.89,
      -1.94, -2.98, -3.97, -4.98, -6.00, -7.01, -8.00, -9.02, -10.09, -11.00, -12.16, -12.62,
    ],
    // coffee
    [
      5.98, 4.30, 5.00, 5.02, 3.90, 3.20, 2.34, 1.76, 0.91, 0.17, -0.74, -2.18,
      -3.31, -4.05, -4.89, -5.72, -6.31, -6.92, -7.72, -8.40, -9.58, -10.40, -10.44, -11.05,
    ],
    // chelsea
    [
      5.08, 3.16, 2.86, 3.20, 2.84, 1.80, 1.54, 0.31, -0.68, -1.71, -2.56, -3.58,
      -4.49, -5.78, -6.94, -7.85, -8.58, -9.12, -9.88, -10.74, -11.77, -12.64, -13.82, -14.73,
    ],
  ]
}
