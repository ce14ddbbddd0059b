import FewtapCore

/// What applying a filter basis means, written for reading: slow, in Double, and its adjoint exact by construction. Fast paths are
/// held to it.
///
/// Equation: outputs, gather: `sum_k h_k(P(p)) (F_k E I)[p]`; scatter: `sum_k (F_k h_k E I)[p]`, where F_k is knot k's filter as
///           ``ReferenceApply`` has it, h_k its weight, which may be given instead of looked up, E the border's extension.
///           offsets, gather: `I_l[p] = sum_i w_{l,i}(P(p)) I_{l-1}(p - o_{l,i}(P(p)))` from the first layer to the last, times the
///           gain at p; scatter: the gain first, then from the last layer to the first each pixel q gives
///           `w_{l,i}(P(q))` to the place `q + o_{l,i}(P(q))`, shared bilinearly: the adjoint of a gather by the flipped filters.
///           Where taps follow a series, weights and offsets are the series' own, not its table's.
/// Border:   the *image* is extended once, by the reach of the whole basis; nothing is cut between layers. Outside of it the
///           parameters are those of the nearest pixel.
///           Normalized: `A I / max(A 1 / s, 1/256)`, A with zero outside, s the filters' common sum: a mean over the pixels that
///           come to p, so that a constant stays one by scatter, too.
/// Rate:     low-rate pixel m lies at pixel D m of the image.
public struct ReferenceVarying: Sendable {
  /// The basis that it applies.
  public let basis: FilterBasis
  /// Whose filter counts.
  public let direction: VaryingDirection
  /// What stands outside the image.
  public let border: BorderRule
  let width: Int
  let height: Int
  /// The filters' common sum, if the border divides by it.
  let sum: Double
  /// The knot coordinates of each pixel, and what they rise by where the map's values do; none where weights are given.
  let coordinates: [Plane<Double>]
  let rates: [Plane<Double>]?
  /// The weight of each filter at each pixel, where it is given.
  let weights: [Plane<Double>]?
  /// The filters that count at each pixel.
  private let mixtures: [[(filter: Int, weight: Double)]]
  /// The parameters of each pixel, where taps follow a series.
  private let points: [[Double]]

  /// The operator for images of the size of `coordinates`: planes of knot coordinates, one an axis
  /// (``KnotAxis/coordinate(of:)``).
  ///
  /// Throws: ``ApplyError/filter(_:)`` if the basis breaks its invariants; ``ApplyError/coordinateCount(expected:found:)``,
  ///         ``ApplyError/malformedPlane(channel:width:height:count:)``, ``ApplyError/coordinate(axis:x:y:value:knots:)``;
  ///         ``ApplyError/sumsDiffer(_:)``, ``ApplyError/zeroSumNormalized(sum:)`` and ``ApplyError/sumBeyondFloat(_:)`` for a
  ///         normalized border; ``ApplyError/workingSet(bytes:limit:)``.
  public init(
    _ basis: FilterBasis, coordinates: [Plane<Double>], direction: VaryingDirection = .gather,
    border: BorderRule = .clamp
  ) throws(ApplyError) {
    try self.init(basis, coordinates, rates: nil, direction, border)
  }

  /// The operator for images of the size of `map`: planes of the parameters' values, one an axis, which come to the knots as
  /// ``KnotAxis/coordinate(of:)`` says.
  ///
  /// Throws: as ``init(_:coordinates:direction:border:)``; ``ApplyError/badMap(axis:x:y:value:)`` for NaN, and on a periodic axis for
  ///         infinity.
  /// Cost:   each value is looked up by itself: for small maps.
  public init(
    _ basis: FilterBasis, map: [Plane<Double>], direction: VaryingDirection = .gather, border: BorderRule = .clamp
  ) throws(ApplyError) {
    guard map.count == basis.axes.count else {
      throw .mapAxes(found: map.count, names: basis.axes.map(\.name))
    }
    do { try basis.checkInvariants() } catch { throw .filter(error) }
    for (plane, axis) in zip(map, basis.axes) {
      for (index, value) in plane.values.enumerated() where value.isNaN || (axis.isPeriodic && value.isInfinite) {
        throw .badMap(
          axis: axis.name, x: index % max(1, plane.width), y: index / max(1, plane.width), value: "\(value)")
      }
    }
    try self.init(
      basis, zip(map, basis.axes).map { plane, axis in plane.converted { axis.coordinate(of: $0) } },
      rates: zip(map, basis.axes).map { plane, axis in plane.converted { axis.slope(of: $0) } }, direction, border)
  }

  /// The operator for images of the size of `weights`: planes of any sign and sum, one a filter, of a basis of the outputs operator.
  ///
  /// Throws: as ``init(_:coordinates:direction:border:)``; ``ApplyError/interpolatesTaps`` for the offsets operator;
  ///         ``ApplyError/weightPlanes(expected:found:)``; ``ApplyError/badMap(axis:x:y:value:)`` for NaN and infinity.
  public init(
    _ basis: FilterBasis, weights: [Plane<Double>], direction: VaryingDirection = .gather, border: BorderRule = .clamp
  ) throws(ApplyError) {
    try self.init(basis, [], rates: nil, weights: weights, direction, border)
  }

  init(
    _ basis: FilterBasis, _ coordinates: [Plane<Double>], rates: [Plane<Double>]?, weights: [Plane<Double>]? = nil,
    _ direction: VaryingDirection, _ border: BorderRule
  ) throws(ApplyError) {
    do {
      try basis.checkInvariants()
    } catch {
      throw .filter(error)
    }
    (self.basis, self.direction, self.border) = (basis, direction, border)
    (self.coordinates, self.rates, self.weights) = (coordinates, rates, weights)
    if let weights {
      guard basis.interpolation == .outputs else { throw .interpolatesTaps }
      guard weights.count == basis.filters.count else {
        throw .weightPlanes(expected: basis.filters.count, found: weights.count)
      }
    } else {
      guard coordinates.count == basis.axes.count else {
        throw .coordinateCount(expected: basis.axes.count, found: coordinates.count)
      }
    }
    let planes = weights ?? coordinates
    let (width, height) = (planes[0].width, planes[0].height)
    (self.width, self.height) = (width, height)
    for (index, plane) in planes.enumerated() {
      try Self.check(plane, width: width, height: height, channel: index)
    }
    for (axis, plane) in coordinates.enumerated() {
      let knots = basis.axes[axis].knots.count
      for (index, value) in plane.values.enumerated() where !(0...Double(knots - 1)).contains(value) {
        throw .coordinate(axis: axis, x: index % plane.width, y: index / plane.width, value: value, knots: knots)
      }
    }
    for (filter, plane) in (weights ?? []).enumerated() {
      guard let bad = plane.firstNonFinite() else { continue }
      throw .badMap(axis: "weight \(filter)", x: bad.x, y: bad.y, value: "\(bad.value)")
    }
    let (bytes, overflow) = (width + basis.bounds.width).multipliedReportingOverflow(
      by: 16 * (height + basis.bounds.height))
    let limit = PlanRun.workingSetLimit
    guard !overflow, bytes <= limit else { throw .workingSet(bytes: overflow ? Int.max : bytes, limit: limit) }
    let sums = FilterSums(basis)
    try ApplyOptions(border: border).check(hasAlpha: false, sums)
    sum = sums.common ?? 1
    let places =
      weights == nil ? (0..<width * height).map { pixel in coordinates.map { $0.values[pixel] } } : []
    mixtures = places.map { basis.mixture(coordinates: $0) }
    points = basis.series == nil ? [] : places.map { basis.parameters(atCoordinates: $0) }
  }

  /// The filtered plane.
  ///
  /// Throws: ``ApplyError/malformedPlane(channel:width:height:count:)`` if it is not of the coordinates' size.
  public func apply(to plane: Plane<Double>) throws(ApplyError) -> Plane<Double> {
    try Self.check(plane, width: width, height: height, channel: 0)
    var result = filtered(plane, outside: border)
    guard border == .normalized else { return result }
    for (index, share) in shares().enumerated() { result.values[index] /= share }
    return result
  }

  /// The adjoint of ``apply(to:)``, exact to rounding: `<A x, y> = <x, A^T y>`; a border's constant, which is no part of x, counts
  /// as 0. What gradient methods and Richardson-Lucy iterations need.
  ///
  /// Throws: as ``apply(to:)``.
  public func applyAdjoint(to plane: Plane<Double>) throws(ApplyError) -> Plane<Double> {
    try Self.check(plane, width: width, height: height, channel: 0)
    var plane = plane
    if border == .normalized { for (index, share) in shares().enumerated() { plane.values[index] /= share } }
    var result = Plane<Double>(width: width, height: height)
    for part in parts() {
      let input = part.stages.reversed().reduce(weighted(plane, by: part.outputWeight)) { $1.transposed(on: $0) }
      fold(input, of: part, into: &result)
    }
    return result
  }

  /// Adds each pixel of a patch to the one that it stood for.
  func fold(_ input: Patch, of part: Part, into result: inout Plane<Double>) {
    for y in input.region.y {
      for x in input.region.x {
        guard let column = border.source(of: x, count: width), let row = border.source(of: y, count: height) else {
          continue
        }
        result[column, row] += part.inputWeight(x, y) * input[x, y]
      }
    }
  }

  // MARK: What it is made of

  /// Filters of which the results are added: stages from the extended image to the image, and what pixels are multiplied with
  /// before and after.
  struct Part {
    var stages: [LinearStage]
    /// Which layer each stage is, if it is one.
    var layers: [Int?]
    /// The filter whose layers they are, and whose weight pixels are multiplied with; nil: those that count at each pixel.
    var filter: Int?
    var inputWeight: (_ x: Int, _ y: Int) -> Double = { _, _ in 1 }
    var outputWeight: (_ x: Int, _ y: Int) -> Double = { _, _ in 1 }
  }

  var image: Region { Region(x: 0..<width, y: 0..<height) }

  func parts() -> [Part] {
    switch basis.interpolation {
    case .outputs:
      return basis.filters.indices.map { index in
        let filter = basis.filters[index]
        var part = Part(
          // What a tap reads next as it moves is there, too, for gradients.
          stages: Self.stages(of: filter.chain, rate: filter.rate, to: image) {
            $0.gradientBounds(filter.chain.model)
          },
          layers: filter.chain.layers.indices.map { $0 }, filter: index)
        if filter.rate != nil { part.layers = [nil] + part.layers + [nil] }
        let weight = { x, y in filter.gain * self.weight(of: index, x, y) }
        if direction == .gather { part.outputWeight = weight } else { part.inputWeight = weight }
        return part
      }
    case .offsets:
      var part = Part(stages: [], layers: [], filter: nil)
      var region = image
      let layers = basis.filters[0].chain.layers.indices
      for layer in direction == .gather ? layers.reversed() : Array(layers) {
        part.stages.insert(varyingLayer(layer, to: region), at: 0)
        part.layers.insert(layer, at: 0)
        region = part.stages[0].input
      }
      let (basis, mixture, point) = (basis, mixture, point)
      let gain = { x, y in
        basis.series?.gain(at: point(x, y))
          ?? mixture(x, y).reduce(0) { $0 + $1.weight * basis.filters[$1.filter].gain }
      }
      if direction == .gather { part.outputWeight = gain } else { part.inputWeight = gain }
      return [part]
    }
  }

  /// How much of a filter there is at a pixel, or at the one next to it in the image.
  func weight(of filter: Int, _ x: Int, _ y: Int) -> Double {
    weights?[filter].values[nearest(x, y)]
      ?? mixture(x, y).reduce(0) { $0 + ($1.filter == filter ? $1.weight : 0) }
  }

  /// The filters that count there, where no weights are given.
  func mixture(_ x: Int, _ y: Int) -> [(filter: Int, weight: Double)] { mixtures[nearest(x, y)] }

  /// The parameters there.
  private func point(_ x: Int, _ y: Int) -> [Double] { points[nearest(x, y)] }

  func nearest(_ x: Int, _ y: Int) -> Int {
    min(max(y, 0), height - 1) * width + min(max(x, 0), width - 1)
  }

  /// A layer whose taps are those at each pixel.
  private func varyingLayer(_ layer: Int, to output: Region) -> LinearStage {
    // What rounding adds to interpolated offsets, or a series to those of its table, may touch one pixel more.
    let bounds = basis.filters.dropFirst()
      .reduce(basis.filters[0].chain.layers[layer].bounds) { $0.union($1.chain.layers[layer].bounds) }
      .sum(OffsetBounds(minX: -1, maxX: 1, minY: -1, maxY: 1))
    let (basis, mixture, point, direction) = (basis, mixture, point, direction)
    return LinearStage(input: output.read(by: bounds), output: output, spreads: direction == .scatter) { x, y, entry in
      let taps = basis.series?.layer(layer, at: point(x, y)) ?? basis.interpolatedLayer(layer, mixture(x, y))
      for tap in taps.taps {
        let sign: Double = direction == .gather ? -1 : 1
        Self.forEachNeighbor(x: Double(x) + sign * tap.x, y: Double(y) + sign * tap.y) {
          entry($0, $1, tap.weight * $2)
        }
      }
    }
  }

  // MARK: One filter everywhere

  /// The stages from the extended image to `image`; `bounds` are the offsets for which a layer's input is there.
  static func stages(
    of chain: TapChain, rate: Resampling?, to image: Region, reading bounds: (TapLayer) -> OffsetBounds = { $0.bounds }
  ) -> [LinearStage] {
    var stages: [LinearStage] = []
    var region = image
    func prepend(_ input: Region, _ entries: @escaping (Int, Int, LinearStage.Entry) -> Void) {
      stages.insert(LinearStage(input: input, output: region, spreads: false, entries: entries), at: 0)
      region = input
    }
    if let rate {
      let (b, factor) = (rate.interpolatorWeights, rate.factor)
      let low = { (n: Int) in ceilingDivide(n - b.last, factor)...floorDivide(n - b.first, factor) }
      func hull(_ range: Range<Int>) -> Range<Int> {
        low(range.lowerBound).lowerBound..<low(range.upperBound - 1).upperBound + 1
      }
      prepend(Region(x: hull(region.x), y: hull(region.y))) { x, y, entry in
        for row in low(y) {
          for column in low(x) {
            entry(column, row, b.values[y - factor * row - b.first] * b.values[x - factor * column - b.first])
          }
        }
      }
    }
    for layer in chain.layers.reversed() {
      prepend(region.read(by: bounds(layer))) { x, y, entry in
        for tap in layer.taps {
          forEachNeighbor(x: Double(x) - tap.x, y: Double(y) - tap.y) { entry($0, $1, tap.weight * $2) }
        }
      }
    }
    if let rate {
      let (a, factor) = (rate.prefilterWeights, rate.factor)
      func hull(_ range: Range<Int>) -> Range<Int> {
        factor * range.lowerBound - a.last..<factor * (range.upperBound - 1) - a.first + 1
      }
      prepend(Region(x: hull(region.x), y: hull(region.y))) { x, y, entry in
        for (j, down) in a.values.enumerated() {
          for (i, across) in a.values.enumerated() {
            entry(factor * x - (a.first + i), factor * y - (a.first + j), down * across)
          }
        }
      }
    }
    return stages
  }

  /// The pixels that a place is read from, or shared among, bilinearly.
  private static func forEachNeighbor(x: Double, y: Double, _ entry: LinearStage.Entry) {
    let (column, row) = (x.rounded(.down), y.rounded(.down))
    let (a, b) = (x - column, y - row)
    for (dx, dy, share) in [(0, 0, (1 - a) * (1 - b)), (1, 0, a * (1 - b)), (0, 1, (1 - a) * b), (1, 1, a * b)]
    where share != 0 {
      entry(Int(column) + dx, Int(row) + dy, share)
    }
  }

  // MARK: Planes

  private func filtered(_ plane: Plane<Double>, outside border: BorderRule) -> Plane<Double> {
    var result = Plane<Double>(width: width, height: height)
    for part in parts() {
      var input = extended(plane, over: part.stages[0].input, outside: border)
      for y in input.region.y { for x in input.region.x { input[x, y] *= part.inputWeight(x, y) } }
      let output = part.stages.reduce(input) { $1.applied(to: $0) }
      for y in 0..<height { for x in 0..<width { result[x, y] += part.outputWeight(x, y) * output[x, y] } }
    }
    return result
  }

  /// The plane with its border, over `region`.
  func extended(_ plane: Plane<Double>, over region: Region, outside border: BorderRule) -> Patch {
    var patch = Patch(region, repeating: Double(border.outside))
    for y in region.y {
      for x in region.x {
        guard let column = border.source(of: x, count: width), let row = border.source(of: y, count: height) else {
          continue
        }
        patch[x, y] = plane[column, row]
      }
    }
    return patch
  }

  func weighted(_ plane: Plane<Double>, by weight: (Int, Int) -> Double) -> Patch {
    var patch = Patch(image)
    for y in 0..<height { for x in 0..<width { patch[x, y] = weight(x, y) * plane[x, y] } }
    return patch
  }

  /// What becomes of the image's mask, 1 on it and 0 outside.
  package func mask() -> Plane<Double> {
    filtered(Plane(width: width, height: height, repeating: 1), outside: .constant(0))
  }

  /// What a normalized border divides by.
  private func shares() -> [Double] {
    mask().values.map { max($0 / sum, BorderNormalization.leastShare) }
  }

  static func check(_ plane: Plane<Double>, width: Int, height: Int, channel: Int) throws(ApplyError) {
    guard plane.width == width, plane.height == height, width > 0, height > 0, plane.values.count == width * height
    else {
      throw .malformedPlane(channel: channel, width: plane.width, height: plane.height, count: plane.values.count)
    }
  }
}
