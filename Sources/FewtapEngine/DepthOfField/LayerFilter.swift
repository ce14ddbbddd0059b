import FewtapCore

/// The filter of a layer, made ready for windows of some widths when they come.
final class LayerFilter: Sendable {
  /// What filters a layer.
  private enum Kind: Sendable {
    /// Nothing: in focus.
    case none
    /// One filter.
    case one(SparseFilter)
    /// A filter at every pixel, by other parameters than the radius, or of interpolated taps.
    case varying(FilterBasis, radiusAxis: Int, radius: Float)
  }

  private let kind: Kind
  /// The size of its blur, px.
  let radius: Double
  /// The offsets that it reads, px.
  let reach: Int
  /// How far it spreads light, px: beyond its outermost taps only low rates smear it.
  let spread: Int
  private let plans = Locked<[Int: Plan]>([:])

  private enum Plan: Sendable {
    case uniform(ApplyPlan)
    case varying(VaryingPlan, radiusAxis: Int, radius: Float)
  }

  init(_ basis: FilterBasis, radiusAxis: Int, _ layers: DepthLayers, layer: Int) {
    radius = abs(layers.radius(layer))
    guard basis.interpolation == .outputs, basis.axes.count == 1 else {
      kind = .varying(basis, radiusAxis: radiusAxis, radius: Float(layers.radius(layer)))
      (reach, spread) = (basis.bounds.reach, min(basis.bounds.reach, Int(2 * radius) + 2))
      return
    }
    let filter = basis.filters[layers.knot(layer)]
    let isIdentity =
      filter.rate == nil && filter.gain == 1 && filter.chain.layers.map(\.taps) == [[Tap(x: 0, y: 0, weight: 1)]]
    kind = isIdentity ? .none : .one(filter)
    reach = isIdentity ? 0 : filter.bounds.reach
    spread = min(reach, filter.chain.bounds.reach * (filter.rate?.factor ?? 1))
  }

  /// The least number that the places of windows must be multiples of, so that low rates fall on the same pixels in each.
  static func alignment(_ basis: FilterBasis) -> Int {
    basis.filters.reduce(LayerBlocks.side) { unit, filter in
      let factor = filter.rate?.factor ?? 1
      return unit / greatestCommonDivisor(unit, factor) * factor
    }
  }

  /// Filters `rows` of planes of a window from `input` to `output`; returns what holds the result.
  ///
  /// `parameters`: the map's planes there, of which the radius' is not looked at.
  func apply(
    _ input: [UnsafeMutablePointer<Float>], _ output: [UnsafeMutablePointer<Float>], width: Int, height: Int,
    rows: Range<Int>, parameters: () -> [Plane<Float>]
  ) throws(ApplyError) -> [UnsafeMutablePointer<Float>] {
    let work: PixelWork
    switch try plan(width: width) {
    case nil: return input
    case .uniform(let plan): work = plan.work
    case .varying(let plan, let axis, let radius):
      var planes = parameters()
      planes[axis] = Plane(width: width, height: height, repeating: radius)
      work = try plan.mapped(by: ParameterMap(sameSizePlanes: planes)).work
    }
    // Windows reach as far as the filter: what it reads beyond does not come to the rows and columns that count.
    let pass = PixelPass(
      source: SourceImage(planes: input.map { UnsafePointer($0) }, width: width, height: height, rowStride: width),
      target: TargetImage(planes: output, height: height, rowStride: width), alphaIndex: nil,
      lightIsAssociated: (false, false), options: ApplyOptions(border: .clamp, threads: 1, nonfinite: .keep))
    _ = try work.run(pass, rows: rows) { () throws(ApplyError) in }
    return output
  }

  private func plan(width: Int) throws(ApplyError) -> Plan? {
    if case .none = kind { return nil }
    return try plans.withLock { plans throws(ApplyError) in
      if let plan = plans[width] { return plan }
      let plan: Plan
      switch kind {
      case .none: return nil
      case .one(let filter): plan = .uniform(try ApplyPlan(filter, width: width))
      case .varying(let basis, let axis, let radius):
        plan = .varying(try VaryingPlan(basis, width: width), radiusAxis: axis, radius: radius)
      }
      plans[width] = plan
      return plan
    }
  }
}
