import FewtapBaselines
import FewtapCore
import FewtapFit
import FewtapMetrics

/// How contenders stand for one kernel: what each errs and costs, and what its errors look like.
public struct Comparison: Sendable {
  /// The kernel that all stand for.
  public let kernel: Kernel
  /// The images that they were measured on; none if none was given.
  public let images: [Subject]
  /// Columns and rows of the plane that they were timed on.
  public let timedSize: (width: Int, height: Int)
  /// A row a contender, in the order asked for.
  public let rows: [Row]
  /// What the true kernel makes of the scenes that ``Row/crops`` show, in their order.
  public let trueCrops: [Crop]

  /// An image that contenders were measured on.
  public struct Subject: Sendable {
    /// Its file's name.
    public let name: String
    /// Columns that were measured.
    public let width: Int
    /// Rows that were measured.
    public let height: Int
    /// Color channels.
    public let channels: Int
    /// Whether these are the middle of a larger image.
    public let isCropped: Bool
  }

  /// A part of a scene, to be looked at pixel by pixel.
  public struct Crop: Sendable {
    /// What it shows: an image's name, or the points of light.
    public let name: String
    /// Linear light, one or three channels.
    public let image: Image
  }

  /// A contender, and how it did.
  public typealias Row = ComparisonRow<Measured>

  /// What a contender errs and costs.
  public struct Measured: Sendable {
    /// What it made, its costs and its errors as predicted from its kernel.
    public let result: BaselineResult
    /// Errors on each of ``Comparison/images``.
    public let images: [ImageFigures]
    /// How near it comes on points of light, ``HighlightScene``, as a display shows them: clipped at 1.
    public let highlights: ImageFigures
    /// How well it keeps brightness, position and width.
    public let moments: MomentsKept
    /// Milliseconds for one plane of ``Comparison/timedSize`` on one thread: the process' own time.
    public let time: Timing
    /// Most bytes held beyond the input while it filtered that plane, its result included; nil where the system does not tell.
    public let peakBytes: Int?
    /// What it makes of the scenes, as ``Comparison/trueCrops``.
    public let crops: [Crop]

    /// The filter, where it is one of sparse layers.
    public var filter: SparseFilter? { result.filter as? SparseFilter }
  }

  /// How near a filtered image comes to the truth.
  public struct ImageFigures: Equatable, Sendable {
    /// dB, peak 1, linear light.
    public let psnr: Double
    /// Structural similarity of what a display shows, 1 at best; nil for images below 11 pixels a side, and where ``flip`` is.
    public let ssim: Double?
    /// LDR-FLIP of what a display shows, 0 at best; nil for images of other than one or three colors.
    public let flip: Double?
  }
}

extension Comparison {
  /// Why contenders could not stand for the kernel, and which: those with one reason together, in the order of rows.
  public var refusals: [(reason: String, names: [String])] { rows.refusals() }
}

extension Comparison.Measured {
  /// dB on photographs: measured, the mean over the images, or predicted if there is none.
  public var photoMean: Double {
    images.isEmpty ? result.accuracy.photo.mean : images.map(\.psnr).reduce(0, +) / Double(images.count)
  }

  /// The same of the worst photograph.
  public var photoWorst: Double { images.map(\.psnr).min() ?? result.accuracy.photo.worst }

  /// Mean over the images that have it; nil if none has.
  public var ssim: Double? { images.mean(\.ssim) }

  /// The same of FLIP.
  public var flip: Double? { images.mean(\.flip) }
}
