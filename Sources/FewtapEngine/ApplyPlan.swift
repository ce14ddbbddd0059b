internal import CFewtapKernels
import FewtapCore

/// A sparse filter made ready to run: built once for images of one width, used for any number of them, from any number of
/// threads.
///
/// Equation: `I_l[p] = sum_i w_{l,i} I_{l-1}(p - o_{l,i})`, the last layer times the filter's gain (convolution); for a filter
///           with a rate, on the decimated image, interpolated afterwards (``Resampling``).
/// Border:   the rule extends the *image* once, by the whole filter's reach; between stages nothing is cut or extended, so
///           the result is what the effective kernel gives.
/// Accuracy: against ``ReferenceApply``, a pixel of a plane is within `gamma_N (|b| |k_1| * ... * |k_L| |a| |I|)(p)` with
///           `u = 2^-24`; N counts, stage by stage, one rounding an addition or fused multiply-add, one a product and one
///           a stored weight. Held by FewtapEngineTests/ApplyAccuracyTests for every instruction set.
/// Cost:     `multiplyAddCount` a pixel and channel. A thread works in the rows of one tile that its stages read next,
///           mostly below 2 MiB. Tiles go to threads; no bit depends on how many, nor on where tiles end. Many threads share
///           the rows at the low rate, of 4 bytes a pixel there and channel, where the filter reaches beyond their tiles.
public struct ApplyPlan: PixelPlan {
  /// The filter that it runs.
  public let filter: SparseFilter
  /// Columns of the images that it takes.
  public let width: Int
  /// Multiply-adds a pixel and channel: taps in all layers, bilinear ones split into pixels and equal offsets merged, and the
  /// weights of decimation and interpolation.
  public let multiplyAddCount: Double

  /// The offsets, in pixels, that a pixel of the result reads at most.
  public var bounds: OffsetBounds { filter.bounds }
  /// How it runs; the engine's own.
  public var work: PixelWork { PixelWork(kind: .uniform(self)) }

  let compiled: CompiledFilter
  let kernels: RowKernels
  let pool = WorkspacePool()
  /// What runs backwards, made when it is first asked for.
  let backward = Locked(Backward())

  /// A plan for `filter` on images of `width` columns.
  ///
  /// Throws: ``ApplyError/filter(_:)`` if the filter breaks its invariants, or has a weight that Float cannot hold;
  ///         ``ApplyError/badWidth(_:)``; ``ApplyError/unknownInstructionSet(_:available:)`` if the environment's
  ///         `FEWTAP_ISA` names none of this machine's.
  public init(_ filter: SparseFilter, width: Int) throws(ApplyError) {
    try self.init(filter, width: width, kernels: RowKernels.chosen())
  }

  package init(_ filter: SparseFilter, width: Int, kernels: RowKernels) throws(ApplyError) {
    guard (1...Int(Int32.max)).contains(width) else { throw .badWidth(width) }
    (self.filter, self.width, self.kernels) = (filter, width, kernels)
    compiled = try CompiledFilter(filter)
    let low = Double(compiled.layers.reduce(0) { $0 + $1.multiplyAdds })
    multiplyAddCount =
      filter.rate.map { rate in
        let (a, b, d) = (rate.prefilterWeights.values.count, rate.interpolatorWeights.values.count, Double(rate.factor))
        return low / (d * d) + Double(a) / d + Double(a) / (d * d) + Double(b) / (d * d) + Double(b) / d
      } ?? low
  }

  /// Whether rows between layers are kept in half floats under `options`: where they may be and it is faster here.
  public func keepsHalfs(_ options: ApplyOptions) -> Bool {
    options.keepsHalfs ?? (options.allowsHalfs && kernels.gainsFromHalfs && compiled.gainsFromHalfs)
  }

  /// The filtered image, of the same size and channels.
  ///
  /// Colors are filtered premultiplied by alpha and divided afterwards; where the filtered alpha is below 2^-17 they are 0.
  /// Alpha is filtered by the same weights scaled to a sum of 1 (left alone if they cancel) and may leave 0...1 where
  /// weights are negative. Values above 1 are kept.
  /// Throws: ``ApplyError``: an image of another width, a pixel that the policy refuses, a border constant that is not
  ///         finite, weights that cancel under a normalized border, a reach too large for the memory limit, or a cancellation.
  public func apply(to image: Image, options: ApplyOptions = ApplyOptions()) throws(ApplyError) -> Image {
    for (channel, plane) in image.planes.enumerated() { try plane.check(channel: channel) }
    guard image.width == width else { throw .widthDiffers(planned: width, found: image.width) }
    return try work.filtered(image, options: options)
  }

  /// The filtered plane: the same for one channel without alpha.
  public func apply(toPlane plane: Plane<Float>, options: ApplyOptions = ApplyOptions()) throws(ApplyError)
    -> Plane<Float>
  {
    try apply(to: Image(sameSizePlanes: [plane]), options: options).planes[0]
  }
}
