import FewtapCore
import FewtapEngine
import FewtapSynthesis

/// A dense kernel applied by Fourier transforms of overlapping tiles, in Double: exact, at a cost that hardly depends on the kernel.
///
/// Equation: on a grid of side G a tile's samples and the kernel convolve cyclically; the `G - w + 1` columns and `G - h + 1` rows that
///           no wrap reaches are kept (overlap-save).
/// Accuracy: a few roundings of Double for each butterfly, far below Float's; held by FewtapBaselinesTests/FourierFilterTests to
///           ``FewtapEngine/DenseApply``.
/// Cost:     two transforms a tile; a plane of 1920 x 1080 in 30 to 90 ms for kernels of 33 to 55 pixels a side, one core
///           (`fewtap compare KERNEL --with fft`).
/// Source:   Stockham, "High-speed convolution and correlation", AFIPS 1966.
public struct FourierFilter: BaselineFilter {
  /// The kernel that it applies.
  public let kernel: Kernel
  private let bounds: OffsetBounds
  private let grid: GridTransform
  private let spectrum: Spectrum

  /// Sides tried for the tiles: from where a transform is mostly overhead to where it leaves the cache.
  private static let sides = [64, 96, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048, 3072, 4096]

  /// The transform of `kernel`, on the tiles that cost least a pixel.
  public init(_ kernel: Kernel) {
    (self.kernel, bounds) = (kernel, kernel.supportBounds)
    let bounds = self.bounds
    grid = GridTransform(minimumSize: Self.tileSide(bounds))
    spectrum = grid.forward(grid.place(kernel))
  }

  /// The side of the tiles that cost least a pixel, for kernels in a box.
  static func tileSide(_ bounds: OffsetBounds) -> Int {
    let fitting = sides.filter { $0 > max(bounds.width, bounds.height) }
    return fitting.min { cost(side: $0, bounds) < cost(side: $1, bounds) } ?? GridTransform.maximumSize
  }

  /// Multiply-adds a pixel with tiles of `side`: a real transform of n numbers takes some `2.5 n log2 n` operations (Frigo, Johnson,
  /// "The design and implementation of FFTW3", 2005), of which there are two, and a product of n / 2 complex numbers takes three each.
  private static func cost(side: Int, _ bounds: OffsetBounds) -> Double {
    let points = Double(side * side)
    let kept = Double((side - bounds.width + 1) * (side - bounds.height + 1))
    return points * (5 * logarithm2(points) + 1.5) / kept
  }

  /// None: a spectrum has no taps.
  public var tapCount: Int { 0 }
  /// Operations of both transforms and of the product, for each pixel that a tile keeps.
  public var multiplyAddCount: Double { Self.cost(side: grid.size, bounds) }
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
      plane, options throws(ApplyError) in try filtered(plane, options)
    }
  }

  private func filtered(_ plane: Plane<Float>, _ options: ApplyOptions) throws(ApplyError) -> Plane<Float> {
    let (width, height) = (plane.width, plane.height)
    let (columns, rows) = (grid.size - bounds.width + 1, grid.size - bounds.height + 1)
    let tilesAcross = (width + columns - 1) / columns
    let count = tilesAcross * ((height + rows - 1) / rows)
    var result = Plane<Float>(width: width, height: height)
    plane.values.withUnsafeBufferPointer { input in
      result.values.withUnsafeMutableBufferPointer { output in
        // Each tile writes pixels of its own.
        nonisolated(unsafe) let (input, output) = (input, output)
        parallelForEach(count: count, threads: options.threads) { tile in
          if options.cancellation?.isCancelled ?? false { return }
          let (left, top) = (tile % tilesAcross * columns, tile / tilesAcross * rows)
          // The pixel at p reads p - o, so that a tile begins at the largest offset before its first pixel.
          let xs = (0..<grid.size).map { options.border.source(of: left - bounds.maxX + $0, count: width) }
          let ys = (0..<grid.size).map { options.border.source(of: top - bounds.maxY + $0, count: height) }
          let outside = Double(options.border.outside)
          var samples = [Double](repeating: outside, count: grid.size * grid.size)
          for (row, y) in ys.enumerated() {
            guard let y else { continue }
            for (column, x) in xs.enumerated() {
              if let x { samples[row * grid.size + column] = Double(input[y * width + x]) }
            }
          }
          let sums = grid.inverse(grid.product(grid.forward(samples), spectrum))
          for y in top..<min(top + rows, height) {
            let row = (y - top + bounds.maxY) * grid.size + bounds.maxX - left
            for x in left..<min(left + columns, width) { output[y * width + x] = Float(sums[row + x]) }
          }
        }
      }
    }
    if options.cancellation?.isCancelled ?? false { throw .cancelled }
    options.progress?(1)
    return result
  }
}
