internal import CFewtapKernels
import FewtapCore

/// A basis of the outputs operator as the row kernels take it: a compiled filter a knot, and the low rates that they share.
struct CompiledBasis: Sendable {
  /// A filter of the basis.
  struct Knot: Sendable {
    var filter: CompiledFilter
    /// Its indices along the axes.
    var indices: [Int]
    /// The level that it reads; nil: the image.
    var level: Int?
    /// Whether it is the image itself.
    var isIdentity: Bool
  }

  /// The image at a lower rate.
  struct Level: Sendable {
    var factor: Int
    /// A filter that does nothing but decimate.
    var decimation: CompiledFilter
    /// The level that it can be made from, in `step`, instead of the image.
    var parent: Int?
    /// One factor of the decimation, rows and columns alike.
    var step: CompiledFilter.Rate.ColumnStep?
  }

  let tables: [KnotTable]
  let knots: [Knot]
  /// Ascending by factor.
  let levels: [Level]
  /// What the filters do to a constant 1.
  let sums: FilterSums
  /// Offsets that the filters at the image's own rate read; nil if there is none.
  let fullRateBounds: OffsetBounds?
  private let owner: [CompiledFilter]

  /// Throws: ``ApplyError/filter(_:)``.
  init(_ basis: FilterBasis) throws(ApplyError) {
    do { try basis.checkInvariants() } catch { throw .filter(error) }
    tables = basis.axes.map { KnotTable($0) }
    struct Key: Hashable { var factor: Int, prefilter: Resampling.BSpline }
    let keys = Set(basis.filters.compactMap { $0.rate.map { Key(factor: $0.factor, prefilter: $0.prefilter) } })
      .sorted { ($0.factor, $0.prefilter.boxes) < ($1.factor, $1.prefilter.boxes) }
    var (levels, owner) = ([Level](), [CompiledFilter]())
    for key in keys {
      let rate = Resampling(factor: key.factor, prefilter: key.prefilter, interpolator: .linear)
      let identity = TapChain(model: .integer, layers: [TapLayer([Tap(x: 0, y: 0, weight: 1)])])
      var level = Level(factor: key.factor, decimation: try CompiledFilter(SparseFilter(chain: identity, rate: rate)))
      // The largest level that this one is a prime multiple of, if their pixels lie alike.
      for (index, other) in zip(keys.indices, keys).reversed()
      where index < levels.count && other.prefilter == key.prefilter && key.factor % other.factor == 0 {
        let ratio = key.factor / other.factor
        let last = Resampling(factor: other.factor, prefilter: key.prefilter).prefilterWeights.last
        let shift = last - rate.prefilterWeights.last
        guard [2, 3, 5].contains(ratio), shift % other.factor == 0 else { continue }
        let part = try CompiledFilter(
          SparseFilter(chain: identity, rate: Resampling(factor: ratio, prefilter: key.prefilter)))
        owner.append(part)
        guard var weights = part.rate?.prefilter else { continue }
        weights.first = shift / other.factor
        level.parent = index
        level.step = CompiledFilter.Rate.ColumnStep(factor: ratio, weights: weights)
        break
      }
      levels.append(level)
    }
    var knots: [Knot] = []
    for (index, filter) in basis.filters.enumerated() {
      let compiled: CompiledFilter
      do throws(ApplyError) { compiled = try CompiledFilter(filter) } catch {
        guard case .filter(let cause) = error else { throw error }
        throw .filter(FilterError("filters[\(index)].\(cause.path)", cause.problem, cause.expected))
      }
      let level = filter.rate.flatMap { rate in
        keys.firstIndex(of: Key(factor: rate.factor, prefilter: rate.prefilter))
      }
      let first = compiled.layers[0]
      let isIdentity =
        level == nil && compiled.layers.count == 1 && first.multiplyAdds == 1 && first.runs[0].weights == [1]
        && first.runs[0].offset == PixelOffset(x: 0, y: 0)
      knots.append(Knot(filter: compiled, indices: basis.knot(index), level: level, isIdentity: isIdentity))
    }
    sums = FilterSums(basis)
    fullRateBounds = knots.filter { $0.level == nil }.reduce(nil as OffsetBounds?) { bounds, knot in
      bounds?.union(knot.filter.reach) ?? knot.filter.reach
    }
    (self.levels, self.knots, self.owner) = (levels, knots, owner)
  }

  /// The pixels of each level that are read for `region` of the result, by knots and by the levels below.
  func levelRegions(for region: Region) -> [Region] {
    var regions = [Region?](repeating: nil, count: levels.count)
    for knot in knots {
      guard let level = knot.level else { continue }
      regions[level] = knot.filter.low(for: region).union(regions[level])
    }
    for index in levels.indices.reversed() {
      guard let parent = levels[index].parent, let step = levels[index].step, let own = regions[index] else { continue }
      regions[parent] = own.read(by: step).union(regions[parent])
    }
    // Every level has a knot.
    return regions.map { $0 ?? Region(x: 0..<1, y: 0..<1) }
  }
}

extension Region {
  /// The smallest rectangle that holds both.
  func union(_ other: Region?) -> Region {
    guard let other else { return self }
    return Region(
      x: min(x.lowerBound, other.x.lowerBound)..<max(x.upperBound, other.x.upperBound),
      y: min(y.lowerBound, other.y.lowerBound)..<max(y.upperBound, other.y.upperBound))
  }

  /// What a step of decimation along both axes reads.
  func read(by step: CompiledFilter.Rate.ColumnStep) -> Region {
    Region(x: step.read(for: x), y: step.read(for: y))
  }
}
