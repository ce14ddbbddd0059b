import FewtapCore
import FewtapSynthesis

/// The error of a filter's effective kernel against the kernel that it stands for.
public struct FilterAccuracy: Equatable, Sendable {
  /// `|K - T|_2 / |T|_2`.
  public var relativeError: Double
  /// PSNR on photographs, dB, peak 1, linear light; see ``PhotoSpectrum``.
  public var photo: PhotoSpectrum.Prediction

  /// Measures `filter` against `kernel`: the effective kernel is computed tap by tap, in Double, not on the grid of the fit.
  ///
  /// Throws: as ``SparseFilter/effectiveKernel()``.
  public init(of filter: SparseFilter, against kernel: Kernel) throws {
    self.init(of: try filter.effectiveKernel(), against: kernel)
  }

  init(of effective: Kernel, against kernel: Kernel) {
    let extent = max(effective.radius, kernel.radius)
    // 256 resolves the spectra's lowest bin; more where the kernels need it.
    let grid = GridTransform(minimumSize: max(256, 2 * extent + 2))
    var difference = grid.place(effective)
    let target = grid.place(kernel)
    for i in difference.indices { difference[i] -= target[i] }
    let square = { (plane: [Double]) in plane.reduce(0) { $0 + $1 * $1 } }
    relativeError = (square(difference) / square(target)).squareRoot()
    photo = PhotoSpectrum(grid: grid).prediction(grid.forward(difference))
  }
}
