import FewtapCore

/// How contenders filter images by a parameter map: what each errs and costs, and what its errors look like.
package struct VaryingComparison: Sendable {
  /// The family's name.
  package let family: String
  /// The map's name.
  package let mapName: String
  /// The family's parameters.
  package let axes: [ParameterAxis]
  /// How many values of each parameter the maps hold.
  package let levels: [Int]
  /// The images that they were measured on; one or more.
  package let images: [Comparison.Subject]
  /// Columns and rows of the plane that they were timed on.
  package let timedSize: (width: Int, height: Int)
  /// A row a contender, in the order asked for.
  package let rows: [Row]
  /// Pixels of the first image whose kernels are shown.
  package let places: [Place]
  /// What is seen of the images that the true kernels make, in their order.
  package let trueViews: [View]
  /// The maps of the images, a plane an axis, each value as a share of its range.
  package let maps: [[Plane<Double>]]

  /// A pixel, its parameters and its kernel.
  package struct Place: Sendable {
    package let (x, y): (Int, Int)
    package let parameters: [Double]
    package let kernel: Kernel
  }

  /// A contender, and how it did.
  package typealias Row = ComparisonRow<Measured>

  /// What a contender errs and costs.
  package struct Measured: Sendable {
    /// What it is made of.
    package let makeup: String
    /// Weights, offsets and coefficients that it keeps.
    package let numberCount: Int
    /// Bytes of its file; nil for what has none.
    package let fileByteCount: Int?
    /// How much rounding may grow, at the worst parameters.
    package let noiseGain: Double?
    /// Seconds that making it took, by the wall clock.
    package let fitSeconds: Double
    /// Milliseconds for the plane of ``VaryingComparison/timedSize``, look-up of the map included, on one thread.
    package let time: Timing
    /// Errors on each of ``VaryingComparison/images``.
    package let images: [Figures]
    /// Kernels at ``VaryingComparison/places``.
    package let kernels: [Kernel]
    /// What is seen of what it makes of the images.
    package let views: [View]
  }

  /// How near a filtered image comes to the truth.
  package struct Figures: Equatable, Sendable {
    /// dB, peak 1, linear light.
    package let psnr: Double
    /// The same of the pixels within 2 and within 8 px of the map's edges; nil for a map without edges.
    package let nearEdges: Double?
    package let aroundEdges: Double?
    /// The same of the worst tile of ``VaryingTruth/tileSide`` pixels a side.
    package let worstTile: Double
    /// Structural similarity and LDR-FLIP of what a display shows; nil where they cannot be had.
    package let ssim: Double?
    package let flip: Double?
  }

  /// What is seen of a filtered image.
  package struct View: Sendable {
    /// The image's name.
    package let name: String
    /// A part of it, pixel by pixel.
    package let part: Image
    /// All of it, smaller: of each block of pixels how much the one that errs most differs from the truth, in codes of a display.
    package let errors: Plane<Double>
  }
}

extension VaryingComparison {
  /// Those that could, with their figures.
  package var measured: [(row: Row, figures: Measured)] {
    rows.compactMap { row in row.measured.map { (row, $0) } }
  }

  /// Why contenders could not take part, and which: those with one reason together.
  package var refusals: [(reason: String, names: [String])] { rows.refusals() }
}

extension VaryingComparison.Measured {
  /// Means over the images; of what only some have over those, nil if none has.
  package var psnr: Double { images.map(\.psnr).reduce(0, +) / Double(images.count) }
  package var nearEdges: Double? { images.mean(\.nearEdges) }
  package var aroundEdges: Double? { images.mean(\.aroundEdges) }
  package var ssim: Double? { images.mean(\.ssim) }
  package var flip: Double? { images.mean(\.flip) }
  /// The worst tile of all images.
  package var worstTile: Double { images.map(\.worstTile).min() ?? 0 }
}
