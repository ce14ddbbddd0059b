internal import CFewtapKernels
import FewtapCore

/// One image going through a basis of interpolated taps: cut into tiles, which threads take from a queue.
///
/// Equation: `I_l[p] = sum_i w_{l,i}(P(p)) I_{l-1}(p - o_{l,i}(P(p)))`, the last layer times the gain at p; offsets, weights and
///           gain interpolated between the knots around P(p) (``FewtapCore/FilterBasis/interpolatedFilter(at:)``).
/// Border:   as ``ReferenceVarying`` has it.
/// Accuracy: against ``ReferenceVarying``; held by FewtapEngineTests/OffsetsRunTests for every instruction set. A pixel at a knot
///           whose taps all lie in the middle and sum to 1 stays as it is, to the bit, if the layers after read no others.
struct OffsetsRun: Sendable {
  let filter: CompiledOffsets
  let kernels: fewtap_kernels
  let pool: WorkspacePool
  let source: SourceImage
  let target: TargetImage
  let coordinates: CoordinateRows
  let alphaIndex: Int?
  /// Whether light comes and goes multiplied by alpha.
  let lightIsAssociated: (source: Bool, target: Bool)
  let options: ApplyOptions

  /// Filters `rows` of the image. Returns how many samples could not be held by the target's type.
  ///
  /// Where a sum is NaN or infinite and may not be, `refuse` throws if a pixel is; else finite ones overflow, and they may.
  /// Throws: ``ApplyError``.
  func run(rows: Range<Int>, refuse: () throws(ApplyError) -> Void) throws(ApplyError) -> Int {
    try check()
    let first = try run(rows, options.nonfinite)
    guard first.sawNonFinite else { return first.clipped }
    try refuse()
    return try run(rows, .keep, toldFraction: first.toldFraction).clipped
  }

  private func check() throws(ApplyError) {
    if case .constant(let value) = options.border, !value.isFinite { throw .nonFiniteBorder(value) }
    guard options.border == .normalized || alphaIndex != nil else { return }
    if filter.cancels {
      guard options.border != .normalized else { throw .zeroSumNormalized(sum: filter.sum ?? 0) }
      return
    }
    guard let sum = filter.sum else { throw .sumsDiffer(filter.sums) }
    guard ApplyError.divisibleSums.contains(abs(sum)) else { throw .sumBeyondFloat(sum) }
  }

  private func run(
    _ rows: Range<Int>, _ nonfinite: NonfinitePolicy, toldFraction: Double = 0
  ) throws(ApplyError) -> TileCounter {
    // Where taps are is found out once for all channels: they go side by side.
    let groups = ChannelGroup.groups(
      channels: source.channels, alphaIndex: alphaIndex, needsMask: options.border == .normalized, isPlanar: false)
    let tiles = groups.indices.flatMap { index in
      Self.regions(filter, width: source.width, rows: rows, channels: groups[index].roles.count, options).map {
        (group: index, region: $0)
      }
    }
    for tile in tiles {
      let bytes = Self.byteCount(filter, tile.region, channels: groups[tile.group].roles.count)
      guard bytes <= PlanRun.workingSetLimit else { throw .workingSet(bytes: bytes, limit: PlanRun.workingSetLimit) }
    }
    let counter = TileCounter(
      total: tiles.reduce(0) { $0 + $1.region.x.count * $1.region.y.count }, options: options,
      toldFraction: toldFraction)
    parallelForEach(count: tiles.count, threads: options.threads) { index in
      guard !counter.isStopped else { return }
      run(groups[tiles[index].group], tiles[index].region, nonfinite, counter)
    }
    if counter.isCancelled { throw .cancelled }
    return counter
  }

  /// Rows between two looks at progress and cancellation.
  private static let rowsBetweenLooks = 32

  private func run(_ group: ChannelGroup, _ region: Region, _ nonfinite: NonfinitePolicy, _ counter: TileCounter) {
    let source = TileSource(
      self.source, border: options.border, group: group, premultiplies: !lightIsAssociated.source, nonfinite: nonfinite,
      kernels: kernels)
    let target = TileTarget(
      self.target, group: group, sum: filter.sum ?? 1, unpremultiplies: !lightIsAssociated.target,
      keptAlpha: group.alpha != nil && filter.cancels ? source : nil, kernels: kernels)
    let shape = OffsetTileShape(filter, region)
    pool.withWorkspace(count: shape.floatCount(channels: group.roles.count)) { workspace in
      let tile = OffsetTile(
        filter, shape, kernels, source: source, coordinates: coordinates, memory: workspace.floats)
      var clipped = 0
      for y in Swift.stride(from: region.y.lowerBound, to: region.y.upperBound, by: Self.rowsBetweenLooks) {
        let rows = y..<min(y + Self.rowsBetweenLooks, region.y.upperBound)
        clipped += tile.run(rows: rows, into: target)
        guard counter.advance(rows.count * region.x.count), !tile.sawNonFinite else { break }
      }
      counter.finishTile(sawNonFinite: tile.sawNonFinite, clipped: clipped)
    }
  }

  // MARK: Tiles

  static func byteCount(_ filter: CompiledOffsets, _ region: Region, channels: Int) -> Int {
    MemoryLayout<Float>.stride * OffsetTileShape(filter, region).floatCount(channels: channels)
  }

  /// Tiles that cover `rows`: as wide as the cache allows, as tall as leaves the same work for every thread.
  static func regions(
    _ filter: CompiledOffsets, width: Int, rows: Range<Int>, channels: Int, _ options: ApplyOptions
  ) -> [Region] {
    let reach = filter.layers.reduce(OffsetBounds(PixelOffset(x: 0, y: 0))) { $0.sum($1.bounds) }
    var columns = width
    while columns > max(512, 8 * reach.width),
      byteCount(filter, Region(x: 0..<columns, y: rows), channels: channels) > PlanRun.cacheBytes
    { columns = (columns + 1) / 2 }
    // Whole blocks, so that none is computed twice.
    let block = Int(FEWTAP_OFFSET_COLUMNS)
    columns = max(1, options.tileWidth ?? ceilingDivide(columns, block) * block)
    let strips = ceilingDivide(width, columns)
    let threads = min(max(1, options.threads), max(1, rows.count * strips))
    let tallest = threads == 1 ? rows.count : max(64, 8 * reach.height)
    let even = threads / greatestCommonDivisor(threads, strips)
    let bands = ceilingDivide(max(ceilingDivide(rows.count, max(1, tallest)), 1), even) * even
    let height = max(1, options.bandHeight ?? max(min(rows.count, 32), ceilingDivide(rows.count, bands)))
    return Swift.stride(from: rows.lowerBound, to: rows.upperBound, by: height).flatMap { y in
      Swift.stride(from: 0, to: width, by: columns).map { x in
        Region(x: x..<min(x + columns, width), y: y..<min(y + height, rows.upperBound))
      }
    }
  }
}
