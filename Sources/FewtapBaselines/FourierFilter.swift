import FewtapCore
import FewtapEngine
import FewtapSynthesis

/// A dense kernel applied by Fourier transforms of overlapping tiles (overlap-save), in Double: exact, at a cost that hardly depends on the kernel.
///
/// Accuracy: a few roundings of Double for each butterfly, far below Float's; held by FewtapBaselinesTests/FourierFilterTests to
///           ``FewtapEngine/DenseApply``.
/// Cost:     two transforms a tile; a plane of 1920 x 1080 in 30 to 90 ms for kernels of 33 to 55 pixels a side, one core
///           (`fewtap compare KERNEL --with fft`).
public struct FourierFilter: BaselineFilter {
  /// The kernel that it applies.
  public let kernel: Kernel
  private let tiles: OverlapSave
  private let spectrum: Spectrum

  /// The transform of `kernel`, on the tiles that cost least a pixel.
  public init(_ kernel: Kernel) {
    (self.kernel, tiles) = (kernel, OverlapSave(kernel.supportBounds))
    spectrum = tiles.grid.forward(tiles.grid.place(kernel))
  }

  /// None: a spectrum has no taps.
  public var tapCount: Int { 0 }
  /// Operations of both transforms and of the product, for each pixel that a tile keeps.
  public var multiplyAddCount: Double { tiles.cost }
  /// One: tiles stay in the cache.
  public var passCount: Int { 1 }
  /// Unknown: rounding in a transform is no product of weights.
  public var noiseGain: Double? { nil }

  /// The kernel itself.
  public func effectiveKernel() -> Kernel { kernel }

  /// The filtered plane. Throws: ``FewtapEngine/ApplyError``.
  public func apply(toPlane plane: Plane<Float>, options: ApplyOptions = ApplyOptions()) throws(ApplyError)
    -> Plane<Float>
  {
    try options.applyingNormalization(to: plane, sum: kernel.sum, absoluteSum: kernel.absoluteSum) {
      plane, options throws(ApplyError) in
      try tiles.filtered(plane, options) { _, image in tiles.grid.inverse(tiles.grid.product(image, spectrum)) }
    }
  }
}
