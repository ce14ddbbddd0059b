import FewtapCore
import FewtapEngine
import FewtapFit

/// Runs a filter over planes of one width.
public typealias PlaneFilter = @Sendable (Plane<Float>, ApplyOptions) throws(ApplyError) -> Plane<Float>

/// What a rival comes down to: a linear filter that stands for a kernel and can be run over planes.
///
/// Conformers: ``FewtapCore/SparseFilter`` (parallel tempering, Kawase, and ours), ``SeparableSum`` (low rank, complex-separable
/// discs), ``DualFilter``, ``IteratedBox``, ``RecursiveGaussian``, ``FourierFilter``.
public protocol BaselineFilter: Sendable {
  /// Weights of all its passes that read a pixel or a bilinear sample: what a GPU pays.
  var tapCount: Int { get }
  /// Multiply-adds a pixel and channel on a CPU, a lone addition or multiplication counted as one; bilinear samples count as
  /// the pixels that they read, and passes at a lower rate by their share of the pixels.
  var multiplyAddCount: Double { get }
  /// How often a plane is written.
  var passCount: Int { get }
  /// `sum|w|` of its passes, multiplied where one follows another and added where results are added, over that of its response's sum: how
  /// much rounding on the way may grow; 1 is the least. nil where passes are no sums of weighted pixels.
  var noiseGain: Double? { get }

  /// The dense kernel that the filter stands for; of a filter whose response depends on a point's phase, the mean over phases.
  ///
  /// Throws: ``FewtapCore/KernelError`` if it is zero everywhere or too large for a grid.
  func effectiveKernel() throws -> Kernel

  /// How near it comes to `kernel`. Throws: as ``effectiveKernel()``.
  func accuracy(against kernel: Kernel) throws -> FilterAccuracy

  /// The filtered plane, of the same size.
  ///
  /// Border, NaN: as in ``FewtapEngine/ApplyPlan``. Throws: ``FewtapEngine/ApplyError``.
  func apply(toPlane plane: Plane<Float>, options: ApplyOptions) throws(ApplyError) -> Plane<Float>

  /// What does the same to any plane of `width` columns, with all that can be prepared done: what a program keeps that filters
  /// many images. Throws: as ``apply(toPlane:options:)``.
  func prepared(width: Int) throws(ApplyError) -> PlaneFilter
}

extension BaselineFilter {
  /// ``apply(toPlane:options:)`` as it is: nothing to prepare.
  public func prepared(width: Int) throws(ApplyError) -> PlaneFilter {
    { plane, options throws(ApplyError) in try apply(toPlane: plane, options: options) }
  }

  /// The accuracy of the one kernel that a filter without phases has. Throws: as ``effectiveKernel()``.
  public func accuracy(against kernel: Kernel) throws -> FilterAccuracy {
    try AccuracyGauge(kernel).accuracy(ofKernel: effectiveKernel())
  }
}

extension SparseFilter: BaselineFilter {
  /// Taps in all layers, and the weights of decimation and interpolation.
  public var tapCount: Int {
    chain.tapCount + (rate.map { 2 * ($0.prefilterWeights.values.count + $0.interpolatorWeights.values.count) } ?? 0)
  }

  /// As ``FewtapEngine/ApplyPlan/multiplyAddCount``: bilinear taps split into pixels, layers at a lower rate by their share of
  /// the pixels.
  public var multiplyAddCount: Double {
    let low = Double(chain.multiplyAddCount)
    guard let rate else { return low }
    let (a, b) = (Double(rate.prefilterWeights.values.count), Double(rate.interpolatorWeights.values.count))
    let d = Double(rate.factor)
    return low / (d * d) + (a + b) / d + (a + b) / (d * d)
  }

  /// Layers, and two passes each for decimation and interpolation.
  public var passCount: Int { chain.layers.count + (rate == nil ? 0 : 4) }

  /// That of the layers: decimation and interpolation have no negative weights.
  public var noiseGain: Double? { chain.noiseGain }

  /// See ``FewtapFit/FilterAccuracy/init(of:against:)``.
  public func accuracy(against kernel: Kernel) throws -> FilterAccuracy {
    try FilterAccuracy(of: self, against: kernel)
  }

  /// The filtered plane, by an ``FewtapEngine/ApplyPlan`` made for its width.
  public func apply(toPlane plane: Plane<Float>, options: ApplyOptions) throws(ApplyError) -> Plane<Float> {
    try prepared(width: plane.width)(plane, options)
  }

  /// That plan.
  public func prepared(width: Int) throws(ApplyError) -> PlaneFilter {
    let plan = try ApplyPlan(self, width: width)
    return { plane, options throws(ApplyError) in try plan.apply(toPlane: plane, options: options) }
  }
}
