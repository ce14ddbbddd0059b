import FewtapCore
import FewtapEngine
import FewtapSynthesis

/// Overlapping tiles on which kernels in a box are applied by Fourier transforms.
///
/// Equation: on a grid of side G a tile's samples and a kernel convolve cyclically; the `G - w + 1` columns and `G - h + 1` rows that
///           no wrap reaches are kept.
/// Source:   Stockham, "High-speed convolution and correlation", AFIPS 1966.
struct OverlapSave: Sendable {
  /// The box that holds the kernels.
  let bounds: OffsetBounds
  /// The grid of a tile.
  let grid: GridTransform

  /// A tile: the pixels that are kept of it.
  struct Tile {
    let x: Range<Int>
    let y: Range<Int>
    fileprivate let start: Int
    fileprivate let stride: Int

    /// Where a pixel of the tile lies on the grid.
    func place(_ x: Int, _ y: Int) -> Int { start + (y - self.y.lowerBound) * stride + x - self.x.lowerBound }
  }

  /// Sides tried for the tiles: from where a transform is mostly overhead to where it leaves the cache.
  private static let sides = [64, 96, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048, 3072, 4096]

  /// Tiles that cost least a pixel, for kernels in a box.
  init(_ bounds: OffsetBounds) {
    self.bounds = bounds
    let fitting = Self.sides.filter { $0 > max(bounds.width, bounds.height) }
    let best = fitting.min { Self.cost(side: $0, bounds) < Self.cost(side: $1, bounds) }
    grid = GridTransform(minimumSize: best ?? GridTransform.maximumSize)
  }

  /// Multiply-adds a pixel for one transform forth, one product and one transform back: a real transform of n numbers takes some
  /// `2.5 n log2 n` operations (Frigo, Johnson, "The design and implementation of FFTW3", 2005), and a product of n / 2 complex numbers
  /// takes three each.
  var cost: Double { Self.cost(side: grid.size, bounds) }

  private static func cost(side: Int, _ bounds: OffsetBounds) -> Double {
    let points = Double(side * side)
    let kept = Double((side - bounds.width + 1) * (side - bounds.height + 1))
    return points * (5 * logarithm2(points) + 1.5) / kept
  }

  /// A plane of the sums that `filter` makes on the grid of each tile from the spectrum of what the tile reads.
  ///
  /// Throws: ``FewtapEngine/ApplyError/cancelled``.
  func filtered(
    _ plane: Plane<Float>, _ options: ApplyOptions, _ filter: @Sendable (Tile, Spectrum) -> [Double]
  ) throws(ApplyError) -> Plane<Float> {
    let (width, height) = (plane.width, plane.height)
    let (columns, rows) = (grid.size - bounds.width + 1, grid.size - bounds.height + 1)
    let tilesAcross = (width + columns - 1) / columns
    let count = tilesAcross * ((height + rows - 1) / rows)
    var result = Plane<Float>(width: width, height: height)
    plane.values.withUnsafeBufferPointer { input in
      result.values.withUnsafeMutableBufferPointer { output in
        // Each tile writes pixels of its own.
        nonisolated(unsafe) let (input, output) = (input, output)
        parallelForEach(count: count, threads: options.threads) { index in
          if options.cancellation?.isCancelled ?? false { return }
          let (left, top) = (index % tilesAcross * columns, index / tilesAcross * rows)
          // The pixel at p reads p - o, so that a tile begins at the largest offset before its first pixel.
          let tile = Tile(
            x: left..<min(left + columns, width), y: top..<min(top + rows, height),
            start: bounds.maxY * grid.size + bounds.maxX, stride: grid.size)
          let sums = filter(tile, grid.forward(samples(input, width, height, tile, options.border)))
          for y in tile.y { for x in tile.x { output[y * width + x] = Float(sums[tile.place(x, y)]) } }
        }
      }
    }
    if options.cancellation?.isCancelled ?? false { throw .cancelled }
    options.progress?(1)
    return result
  }

  /// What a tile reads, its border around it.
  private func samples(
    _ input: UnsafeBufferPointer<Float>, _ width: Int, _ height: Int, _ tile: Tile, _ border: BorderRule
  ) -> [Double] {
    let xs = (0..<grid.size).map { border.source(of: tile.x.lowerBound - bounds.maxX + $0, count: width) }
    var samples = [Double](repeating: Double(border.outside), count: grid.size * grid.size)
    for row in 0..<grid.size {
      guard let y = border.source(of: tile.y.lowerBound - bounds.maxY + row, count: height) else { continue }
      for (column, x) in xs.enumerated() {
        if let x { samples[row * grid.size + column] = Double(input[y * width + x]) }
      }
    }
    return samples
  }
}
