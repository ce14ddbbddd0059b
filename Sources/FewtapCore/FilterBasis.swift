/// Filters at the knots of a grid of parameters, and what is made of them between the knots: a different filter at every pixel
/// of an image, chosen by a parameter map. Its file is JSON, format version 1, or 2 for a basis whose taps are a ``TapSeries``.
public struct FilterBasis: Equatable, Sendable {
  /// What is interpolated between the knots.
  public enum Interpolation: String, CaseIterable, Sendable {
    /// The filters' outputs: each neighboring knot's filter runs as a whole, and their results are added with weights. Filters may
    /// differ in all. What a CPU does best.
    case outputs
    /// Offsets and weights of the taps: tap i of one knot's layer corresponds to tap i of the next one's. Filters have the same
    /// layers, bilinear taps and the image's own rate. What a GPU does best.
    /// Source: Wu, Zhe, Huo, DISK, ICLR 2026 ("filter-space interpolation").
    case offsets
  }

  /// What is interpolated.
  public var interpolation: Interpolation
  /// The parameters and their knots, one or more.
  public var axes: [KnotAxis]
  /// A filter for each knot; the last axis' knots follow one another.
  public var filters: [SparseFilter]
  /// The curves that the taps follow; nil where they go straight from knot to knot. The filters at the knots are taken from it, at
  /// knots so near to one another that the straight way between them is as good (`TapSeries.tableTolerance`): what runs may take
  /// either.
  public private(set) var series: TapSeries?
  /// The family's name or specification; nil if unknown.
  public var family: String?
  /// How it was fitted; nil for a basis made by hand.
  public var fit: BasisRecord?

  /// A basis of given parts.
  public init(
    interpolation: Interpolation, axes: [KnotAxis], filters: [SparseFilter], family: String? = nil,
    fit: BasisRecord? = nil
  ) {
    (self.interpolation, self.axes, self.filters) = (interpolation, axes, filters)
    (self.family, self.fit) = (family, fit)
  }

  /// The offsets basis whose taps follow `series`, with the knots that it asks for; `axes` tells its parameters' names and units.
  ///
  /// Throws: ``FilterError`` for a series that breaks its invariants, or bends too much for any table of knots.
  /// Cost:   a table of some hundred filters for two parameters: milliseconds.
  public init(
    series: TapSeries, axes: [ParameterAxis], family: String? = nil, fit: BasisRecord? = nil
  ) throws(FilterError) {
    for (index, axis) in axes.enumerated() {
      try KnotAxis(axis, knots: [axis.range.lowerBound, axis.range.upperBound]).check("axes[\(index)]")
    }
    try series.check(axes.map(\.range))
    let knots = try series.tableKnots()
    self.init(
      interpolation: .offsets, axes: zip(axes, knots).map { KnotAxis($0, knots: $1) },
      filters: series.filters(at: knots), family: family, fit: fit)
    do throws(FilterError) { try checkInvariants() } catch {
      guard error.path.hasPrefix("filters") else { throw error }
      throw FilterError("series.layers", "makes a filter whose \(error.path) \(error.problem)", error.expected)
    }
    self.series = series
  }

  /// Knots along each axis.
  public var shape: [Int] { axes.map(\.knots.count) }

  /// Index among ``filters`` of the knot with these indices along the axes.
  public func index(of knot: [Int]) -> Int { zip(shape, knot).reduce(0) { $0 * $1.0 + $1.1 } }

  /// The indices along the axes of the knot of filter `index`.
  public func knot(_ index: Int) -> [Int] {
    var (rest, knot) = (index, [Int]())
    for count in shape.reversed() {
      knot.append(rest % count)
      rest /= count
    }
    return knot.reversed()
  }

  /// The parameters' values at filter `index`.
  public func parameters(ofFilter index: Int) -> [Double] { zip(axes, knot(index)).map { $0.knots[$1] } }

  /// The filters that have a weight at a point of the parameter space, one value an axis, and their weights, which sum to 1.
  ///
  /// Equation: the product over the axes of `max(0, 1 - |coordinate - k|)`. Needs axes that satisfy the invariants.
  /// Throws:   ``FilterError`` unless there is a value for each axis.
  public func mixture(at point: [Double]) throws(FilterError) -> [(filter: Int, weight: Double)] {
    guard point.count == axes.count else {
      throw FilterError("point", "has \(point.count) values", "\(axes.count), one for each axis")
    }
    return mixture(coordinates: zip(axes, point).map { $0.coordinate(of: $1) })
  }

  /// The same for knot coordinates, one an axis.
  package func mixture(coordinates: [Double]) -> [(filter: Int, weight: Double)] {
    var parts: [(filter: Int, weight: Double)] = [(0, 1)]
    for (coordinate, count) in zip(coordinates, shape) {
      let low = min(max(Int(coordinate.rounded(.down)), 0), count - 1)
      let share = min(max(coordinate - Double(low), 0), 1)
      parts = parts.flatMap { part in
        [(low, 1 - share), (low + 1, share)].compactMap { knot, weight in
          weight > 0 ? (part.filter * count + knot, part.weight * weight) : nil
        }
      }
    }
    return parts
  }

  /// What the weights of filters rise by where one of the knot coordinates does; at a knot those towards the next one, and at the
  /// last knot those from the one before.
  package func mixtureSlopes(coordinates: [Double], axis: Int) -> [(filter: Int, slope: Double)] {
    var parts: [(filter: Int, slope: Double)] = [(0, 1)]
    for (index, (coordinate, count)) in zip(coordinates, shape).enumerated() {
      let low = min(max(Int(coordinate.rounded(.down)), 0), count - 2)
      let share = coordinate - Double(low)
      let (first, second) = index == axis ? (-1, 1) : (1 - share, share)
      parts = parts.flatMap { part in
        [(low, first), (low + 1, second)].map { (part.filter * count + $0, part.slope * $1) }
      }
    }
    return parts
  }

  /// The basis of its filters at the knots alone, without the curves that they were taken from.
  package var withoutSeries: FilterBasis {
    FilterBasis(interpolation: interpolation, axes: axes, filters: filters, family: family, fit: fit)
  }

  /// The offsets operator's filter at a point: that of the series, or else offsets, weights and gain interpolated, tap by tap. Needs a
  /// basis that satisfies the invariants.
  ///
  /// Throws: ``FilterError`` for a basis of the outputs operator, and as ``mixture(at:)``.
  public func interpolatedFilter(at point: [Double]) throws(FilterError) -> SparseFilter {
    guard interpolation == .offsets else {
      throw FilterError("interpolation", "is \"\(interpolation.rawValue)\"", "\"offsets\", whose taps are interpolated")
    }
    let mixture = try mixture(at: point)
    return series?.filter(at: zip(axes, point).map { $0.axis.admitted($1) }) ?? interpolatedFilter(mixture)
  }

  /// The filter interpolated between knots, those of a series' table too.
  package func interpolatedFilter(_ mixture: [(filter: Int, weight: Double)]) -> SparseFilter {
    var (chain, gain) = (filters[mixture[0].filter].chain, 0.0)
    for layer in chain.layers.indices { chain.layers[layer] = interpolatedLayer(layer, mixture) }
    for (filter, weight) in mixture { gain += weight * filters[filter].gain }
    return SparseFilter(chain: chain, gain: gain)
  }

  /// One layer of it.
  package func interpolatedLayer(_ layer: Int, _ mixture: [(filter: Int, weight: Double)]) -> TapLayer {
    TapLayer(
      filters[mixture[0].filter].chain.layers[layer].taps.indices.map { index in
        var tap = Tap(x: 0, y: 0, weight: 0)
        for (filter, weight) in mixture {
          let part = filters[filter].chain.layers[layer].taps[index]
          tap.x += weight * part.x
          tap.y += weight * part.y
          tap.weight += weight * part.weight
        }
        return tap
      })
  }

  /// The parameters at knot coordinates, one an axis.
  package func parameters(atCoordinates coordinates: [Double]) -> [Double] {
    zip(axes, coordinates).map { axis, coordinate in
      let low = min(max(Int(coordinate.rounded(.down)), 0), axis.knots.count - 2)
      return axis.knots[low] + (coordinate - Double(low)) * (axis.knots[low + 1] - axis.knots[low])
    }
  }

  /// The offsets, in pixels of the image, that any mixture of its filters can touch.
  public var bounds: OffsetBounds {
    // Taps between two knots lie between them.
    filters.dropFirst().reduce(filters[0].bounds) { $0.union($1.bounds) }
  }
}

/// How a basis was fitted and how well, between its knots too: the provenance that travels in its file.
public struct BasisRecord: Equatable, Sendable {
  /// Objective: photo, balanced, highlights or charbonnier.
  public var objective: String
  /// Recipe: fewtap or paper.
  public var recipe: String
  /// Seed of every random choice.
  public var seed: UInt64
  /// Points of the parameter space between the knots where it was measured.
  public var sampleCount: Int
  /// Predicted PSNR on photographs, dB, peak 1, linear light: mean over those points and the reference photographs.
  public var photoPSNR: Double
  /// The least of those points' (mean over the photographs).
  public var worstPhotoPSNR: Double
  /// The parameters at that point.
  public var worstAt: [Double]
  /// Largest `|K - T|_2 / |T|_2` at those points.
  public var relativeError: Double
  /// Largest noise gain of a filter at a knot.
  public var noiseGain: Double
  /// What ended the fit: completed or cancelled.
  public var termination: String

  /// A record of given parts.
  public init(
    objective: String, recipe: String, seed: UInt64, sampleCount: Int, photoPSNR: Double, worstPhotoPSNR: Double,
    worstAt: [Double], relativeError: Double, noiseGain: Double, termination: String
  ) {
    (self.objective, self.recipe, self.seed, self.sampleCount) = (objective, recipe, seed, sampleCount)
    (self.photoPSNR, self.worstPhotoPSNR, self.worstAt) = (photoPSNR, worstPhotoPSNR, worstAt)
    (self.relativeError, self.noiseGain, self.termination) = (relativeError, noiseGain, termination)
  }
}
