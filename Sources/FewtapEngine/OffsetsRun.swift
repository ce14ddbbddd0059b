internal import CFewtapKernels
import FewtapCore

/// One image going through a basis of interpolated taps: cut into tiles, which threads take from a queue.
///
/// Equation: gather: `I_l[p] = sum_i w_{l,i}(P(p)) I_{l-1}(p - o_{l,i}(P(p)))`, the last layer times the gain at p; scatter: times the
///           gain first, then from the last layer to the first `w_{l,i}(P(q)) I_l[q]` is added at `q + o_{l,i}(P(q))`; offsets,
///           weights and gain interpolated between the knots around P (``FewtapCore/FilterBasis/interpolatedFilter(at:)``).
/// Border:   as ``ReferenceVarying`` has it.
/// Accuracy: against ``ReferenceVarying``; held by FewtapEngineTests/OffsetsRunTests for every instruction set. A pixel at a knot
///           whose taps all lie in the middle and sum to 1 stays as it is, to the bit, if the layers after read no others.
struct OffsetsRun: Sendable {
  let filter: CompiledOffsets
  let kernels: fewtap_kernels
  let pool: WorkspacePool
  let pass: PixelPass
  let coordinates: CoordinateRows
  let direction: VaryingDirection
  private var options: ApplyOptions { pass.options }

  /// Filters `rows` of the image, as ``PixelPass/attempt(refuse:run:)``.
  func run(rows: Range<Int>, refuse: () throws(ApplyError) -> Void) throws(ApplyError) -> Int {
    try pass.check(filter.sums)
    return try pass.attempt(refuse: refuse) { nonfinite, toldFraction throws(ApplyError) in
      try run(rows, nonfinite, toldFraction: toldFraction)
    }
  }

  private func run(
    _ rows: Range<Int>, _ nonfinite: NonfinitePolicy, toldFraction: Double
  ) throws(ApplyError) -> TileCounter {
    // Where taps are is found out once for all channels: they go side by side.
    let groups = pass.groups()
    let tiles = groups.indices.flatMap { index in
      Self.regions(
        filter, direction, width: pass.source.width, rows: rows, channels: groups[index].roles.count, options
      ).map { (group: index, region: $0) }
    }
    for tile in tiles {
      let bytes = Self.byteCount(filter, direction, tile.region, channels: groups[tile.group].roles.count)
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
    let source = pass.source(group, nonfinite, kernels)
    let target = pass.target(of: source, filter.sums)
    let shape = OffsetTileShape(filter, region, direction)
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

  static func byteCount(
    _ filter: CompiledOffsets, _ direction: VaryingDirection, _ region: Region, channels: Int
  ) -> Int {
    MemoryLayout<Float>.stride * OffsetTileShape(filter, region, direction).floatCount(channels: channels)
  }

  /// Tiles that cover `rows`.
  static func regions(
    _ filter: CompiledOffsets, _ direction: VaryingDirection, width: Int, rows: Range<Int>, channels: Int,
    _ options: ApplyOptions
  ) -> [Region] {
    // Whole blocks, so that none is computed twice.
    Region(x: 0..<width, y: rows).tiles(reach: filter.reach, unit: Int(FEWTAP_OFFSET_COLUMNS), options) { region in
      byteCount(filter, direction, region, channels: channels)
    }
  }
}

extension CompiledOffsets {
  /// The offsets that its layers reach, one after the other, each by any mixture of its knots.
  var reach: OffsetBounds { layers.reduce(OffsetBounds(PixelOffset(x: 0, y: 0))) { $0.sum($1.bounds) } }
}
