internal import CFewtapKernels
import FewtapCore

/// A filter basis made ready to run: a different filter at every pixel, by a parameter map. Built once for images of one width,
/// used for any number of them, from any number of threads.
///
/// Equation: gather: `out[p] = sum_o K_{P(p)}[o] in[p - o]`, P the map; scatter: `out[p] = sum_o K_{P(p - o)}[o] in[p - o]`. With
///           the outputs operator `K_P = sum_k h_k(P) K_k`, h_k the product over the axes of `max(0, 1 - |coordinate(P) - k|)`
///           (``KnotAxis/coordinate(of:)``). With the offsets operator K_P is a chain of interpolated taps, of which scatter runs the
///           layers from the last to the first: as ``ReferenceVarying`` has it.
/// Border:   the rule extends the image once, by the reach of the whole basis. `normalized` divides by what a mask of the image
///           becomes, against the filters' sum: by scatter, too, so that a constant stays one for every map.
/// Accuracy: against ``ReferenceVarying`` with the same coordinates, within the bounds of ``ApplyPlan`` for each knot's filter and
///           two roundings a knot; a pixel at a knot gets that filter's result to the bit, so a knot that is the image itself leaves it
///           unchanged. Held by FewtapEngineTests/VaryingPlanTests; of the offsets operator by OffsetsRunTests and OffsetsSpreadTests,
///           and there it is so by gather, at knots whose taps are all whole and few.
/// Cost:     the filters that have a weight somewhere in a block of 80 x 8 pixels run there. A thread works in tiles of below 3 MiB;
///           all share the image at the filters' low rates, 4 bytes a pixel there and channel. With the offsets operator all taps
///           run at every pixel, some six times faster where the map is smooth than where no pixel is like its neighbors; by scatter they
///           take up to twice as long as by gather.
/// Source:   METHOD.md section 7.
public struct VaryingPlan: Sendable {
  /// The basis that it runs.
  public let basis: FilterBasis
  /// Columns of the images that it takes.
  public let width: Int

  /// What runs.
  enum Operator: Sendable {
    case outputs(CompiledBasis)
    case offsets(OffsetsPlan)
  }

  let compiled: Operator
  /// What its filters do to a constant 1.
  var sums: FilterSums {
    switch compiled {
    case .outputs(let basis): basis.sums
    case .offsets(let offsets): offsets.compiled.sums
    }
  }
  /// Columns and rows of the blocks that an image is computed in: a tile that begins with a block, and ends with one or with the image,
  /// gives the pixels of the whole, to the bit. 1 where pixels are computed each for itself, but for filters' lower rates.
  public var blockSize: Int {
    switch compiled {
    case .outputs: 1
    case .offsets: max(Int(FEWTAP_OFFSET_COLUMNS), Int(FEWTAP_OFFSET_ROWS))
    }
  }
  let kernels: RowKernels
  let pool = WorkspacePool()
  /// What runs backwards, made when it is first asked for.
  private struct Backward: Sendable {
    var turned: VaryingPlan?
    var knots: [ApplyPlan]?
  }

  private let backward = Locked(Backward())

  /// A plan for `basis` on images of `width` columns.
  ///
  /// Throws: ``ApplyError/filter(_:)`` if the basis breaks its invariants, or has a weight that Float cannot hold;
  ///         ``ApplyError/badWidth(_:)``; ``ApplyError/unknownInstructionSet(_:available:)``.
  public init(_ basis: FilterBasis, width: Int) throws(ApplyError) {
    try self.init(basis, width: width, kernels: RowKernels.chosen())
  }

  package init(_ basis: FilterBasis, width: Int, kernels: RowKernels) throws(ApplyError) {
    guard (1...Int(Int32.max)).contains(width) else { throw .badWidth(width) }
    (self.basis, self.width, self.kernels) = (basis, width, kernels)
    compiled =
      switch basis.interpolation {
      case .outputs: .outputs(try CompiledBasis(basis))
      case .offsets: .offsets(try OffsetsPlan(basis, width: width, kernels: kernels))
      }
  }

  /// The plan of the filters turned by half a turn, for images with a frame around them.
  func turned() throws(ApplyError) -> VaryingPlan {
    if let plan = backward.withLock({ $0.turned }) { return plan }
    let plan = try VaryingPlan(basis.transposed, width: ImageFrame(of: self, height: 1).width, kernels: kernels)
    backward.withLock { $0.turned = plan }
    return plan
  }

  /// A plan of each filter by itself.
  func knotPlans() throws(ApplyError) -> [ApplyPlan] {
    if let plans = backward.withLock({ $0.knots }) { return plans }
    let plans = try basis.filters.map { filter throws(ApplyError) in
      try ApplyPlan(filter, width: width, kernels: kernels)
    }
    backward.withLock { $0.knots = plans }
    return plans
  }

  /// The filtered image, of the same size and channels; alpha as ``ApplyPlan/apply(to:options:)``.
  ///
  /// Values of the map outside of the knots count as the nearest knot's, or come around on a periodic axis.
  /// Throws: ``ApplyError``: an image of another width, a map of another size or of other axes, a value of the map that is NaN, a
  ///         pixel that the policy refuses, filters of different sums under alpha or a normalized border, a cancellation.
  public func apply(
    to image: Image, map: ParameterMap, direction: VaryingDirection = .gather, options: ApplyOptions = ApplyOptions()
  ) throws(ApplyError) -> Image {
    try check(image, map)
    return try mapped(by: map, direction: direction).work.filtered(image, options: options)
  }

  /// The plan together with a map, for stored images of the map's height.
  ///
  /// Throws: ``ApplyError/mapSize(map:image:)`` for a map of another width, ``ApplyError/mapAxes(found:names:)``.
  public func mapped(
    by map: ParameterMap, direction: VaryingDirection = .gather
  ) throws(ApplyError) -> MappedPlan {
    try MappedPlan(self, map, .parameters, direction)
  }

  /// The plan together with weights: `map` holds one plane a filter of the basis, and no parameters are looked up.
  ///
  /// Equation: gather: `out = sum_k w_k F_k in`; scatter: `out = sum_k F_k (w_k in)`, w_k of any sign and sum. Over a border the
  ///           weights are those of the nearest pixel.
  /// Throws:   as ``mapped(by:direction:)``; ``ApplyError/weightPlanes(expected:found:)``; ``ApplyError/interpolatesTaps`` for the
  ///           offsets operator.
  public func mapped(
    byWeights map: ParameterMap, direction: VaryingDirection = .gather
  ) throws(ApplyError) -> MappedPlan {
    guard case .outputs = compiled else { throw .interpolatesTaps }
    return try MappedPlan(self, map, .weights, direction)
  }

  /// The filtered image, by weights.
  ///
  /// Throws: as ``mapped(byWeights:direction:)`` and ``apply(to:map:direction:options:)``.
  public func apply(
    to image: Image, weights: ParameterMap, direction: VaryingDirection = .gather,
    options: ApplyOptions = ApplyOptions()
  ) throws(ApplyError) -> Image {
    try check(image, weights)
    return try mapped(byWeights: weights, direction: direction).work.filtered(image, options: options)
  }

  /// Throws unless `image` is of the plan's width and the map's height.
  func check(_ image: Image, _ map: ParameterMap) throws(ApplyError) {
    for (channel, plane) in image.planes.enumerated() { try plane.check(channel: channel) }
    guard image.width == width else { throw .widthDiffers(planned: width, found: image.width) }
    try map.check(height: image.height)
  }
}

/// A varying plan and the map by which it chooses filters: runs over stored images, whole or some rows at a time. Images must be as
/// high as the map.
public struct MappedPlan: PixelPlan {
  /// The plan.
  public let plan: VaryingPlan
  /// The parameters of every pixel.
  public let map: ParameterMap
  /// What a map's planes are.
  enum Meaning: Sendable {
    /// The basis' parameters.
    case parameters
    /// A weight for each of its filters.
    case weights
  }

  let meaning: Meaning
  /// Whose filter counts.
  public let direction: VaryingDirection

  /// Throws: ``ApplyError/mapSize(map:image:)`` for a map of another width than the plan's, ``ApplyError/mapAxes(found:names:)``,
  ///         ``ApplyError/weightPlanes(expected:found:)``.
  init(
    _ plan: VaryingPlan, _ map: ParameterMap, _ meaning: Meaning, _ direction: VaryingDirection
  ) throws(ApplyError) {
    (self.plan, self.map, self.meaning, self.direction) = (plan, map, meaning, direction)
    guard map.width == width else { throw .mapSize(map: [map.width, map.height], image: [width, map.height]) }
    guard map.axisCount != planeNames.count else { return }
    throw meaning == .parameters
      ? .mapAxes(found: map.axisCount, names: planeNames)
      : .weightPlanes(expected: planeNames.count, found: map.axisCount)
  }

  /// What errors call the map's planes.
  var planeNames: [String] {
    meaning == .weights ? plan.basis.filters.indices.map { "weight \($0)" } : plan.basis.axes.map(\.name)
  }

  /// Columns of the images that it takes.
  public var width: Int { plan.width }
  /// The offsets, in pixels, that a pixel of the result reads at most.
  public var bounds: OffsetBounds {
    switch plan.compiled {
    case .outputs: plan.basis.bounds
    case .offsets(let offsets): offsets.bounds
    }
  }
  /// How it runs; the engine's own.
  public var work: PixelWork { PixelWork(kind: .varying(self)) }
}

extension ParameterMap {
  /// Throws: ``ApplyError/mapSize(map:image:)`` for an image of its width and of another height.
  func check(height imageHeight: Int) throws(ApplyError) {
    guard height == imageHeight else { throw .mapSize(map: [width, height], image: [width, imageHeight]) }
  }
}
