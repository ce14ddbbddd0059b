internal import CFewtapKernels
import FewtapCore

/// One image going through a plan: cut into tiles, which threads take from a queue.
struct PlanRun: Sendable {
  let plan: ApplyPlan
  let pass: PixelPass
  private var options: ApplyOptions { pass.options }

  /// Filters `rows` of the image, as ``PixelPass/attempt(refuse:run:)``.
  func run(rows: Range<Int>, refuse: () throws(ApplyError) -> Void) throws(ApplyError) -> Int {
    try run(Region(x: 0..<plan.width, y: rows), refuse: refuse)
  }

  /// Filters a part of the image, or of what lies around it.
  func run(_ region: Region, refuse: () throws(ApplyError) -> Void) throws(ApplyError) -> Int {
    try pass.check(FilterSums(plan.compiled))
    return try pass.attempt(refuse: refuse) { nonfinite, toldFraction throws(ApplyError) in
      try run(region, nonfinite, toldFraction: toldFraction)
    }
  }

  /// Ends early at a pixel that is NaN or infinite, or so large that sums of it are, unless those are kept. What was told to be
  /// finished before is not told again.
  private func run(
    _ region: Region, _ nonfinite: NonfinitePolicy, toldFraction: Double
  ) throws(ApplyError) -> TileCounter {
    let groups = pass.groups(isPlanar: pass.source.isPlanar)
    let tiles = groups.indices.flatMap { index in
      Self.regions(plan, region, channels: groups[index].roles.count, options).map { (group: index, region: $0) }
    }
    for tile in tiles {
      let bytes = Self.byteCount(plan, tile.region, groups[tile.group], halfs: plan.keepsHalfs(options))
      guard bytes <= Self.workingSetLimit else { throw .workingSet(bytes: bytes, limit: Self.workingSetLimit) }
    }
    let counter = TileCounter(
      total: tiles.reduce(0) { $0 + $1.region.x.count * $1.region.y.count }, options: options,
      toldFraction: toldFraction)
    let shared = SharedRows(
      plan, region, groups: groups, tileHeight: tiles.map(\.region.y.count).max() ?? 0, options)
    plan.pool.withWorkspace(count: shared.floatCount) { memory in
      let parts = shared.tiles(options)
      parallelForEach(count: parts.count, threads: options.threads) { index in
        guard !counter.isStopped else { return }
        let (group, region) = parts[index]
        let low = shared.window(group, in: memory.floats).part(region)
        let shape = TileShape(plan.compiled, low: region, halfs: plan.keepsHalfs(options))
        work(on: groups[group], shape, nonfinite, low: low) { tile, _ in
          tile.makeLowRows()
          counter.finishTile(sawNonFinite: tile.sawNonFinite, clipped: 0)
        }
      }
      parallelForEach(count: tiles.count, threads: options.threads) { index in
        guard !counter.isStopped else { return }
        let (group, region) = tiles[index]
        let low = parts.isEmpty ? nil : shared.window(group, in: memory.floats).filled
        let shape = TileShape(plan.compiled, region, halfs: plan.keepsHalfs(options))
        work(on: groups[group], shape, nonfinite, low: low) { tile, target in
          run(tile, region, into: target, counter)
        }
      }
    }
    if counter.isCancelled { throw .cancelled }
    return counter
  }

  // MARK: Tiles

  private static func byteCount(
    _ plan: ApplyPlan, _ region: Region, _ group: ChannelGroup, halfs: Bool
  ) -> Int {
    MemoryLayout<Float>.stride * TileShape(plan.compiled, region, halfs: halfs).floatCount(channels: group.roles.count)
  }

  /// Bytes that the tiles of all threads take at once, and what they share, for interleaved samples.
  static func tileBytes(
    _ plan: ApplyPlan, rows: Range<Int>, channels: Int, alphaIndex: Int?, options: ApplyOptions
  ) -> Int {
    let groups = ChannelGroup.groups(
      channels: channels, alphaIndex: alphaIndex, needsMask: options.border == .normalized, isPlanar: false)
    let region = Region(x: 0..<plan.width, y: rows)
    let tiles = groups.flatMap { group in
      regions(plan, region, channels: group.roles.count, options).map { (group: group, region: $0) }
    }
    let bytes = tiles.map { byteCount(plan, $0.region, $0.group, halfs: plan.keepsHalfs(options)) }
    let shared = SharedRows(
      plan, region, groups: groups, tileHeight: tiles.map(\.region.y.count).max() ?? 0, options)
    return min(max(1, options.threads), tiles.count) * max(bytes.max() ?? 0, shared.tileBytes)
      + MemoryLayout<Float>.stride * shared.floatCount
  }

  /// Memory that a tile's windows may take, so that they stay in a core's second-level cache.
  static let cacheBytes = 768 << 10
  /// Most bytes that one thread may hold for a tile: 1 GiB.
  static let workingSetLimit = 1 << 30

  /// Tiles that cover `region`.
  private static func regions(
    _ plan: ApplyPlan, _ region: Region, channels: Int, _ options: ApplyOptions
  ) -> [Region] {
    region.tiles(reach: plan.filter.bounds, options) { region in
      let shape = TileShape(plan.compiled, region, halfs: plan.keepsHalfs(options))
      return MemoryLayout<Float>.stride * shape.floatCount(channels: channels)
    }
  }

  /// Rows between two looks at progress and cancellation.
  private static let rowsBetweenLooks = 64

  /// Calls `body` with a tile that is ready to run.
  private func work(
    on group: ChannelGroup, _ shape: TileShape, _ nonfinite: NonfinitePolicy, low: RowWindow?,
    _ body: (TileRun, TileTarget) -> Void
  ) {
    let kernels = plan.kernels.table
    let source = pass.source(group, nonfinite, kernels)
    let target = pass.target(of: source, FilterSums(plan.compiled))
    plan.pool.withWorkspace(count: shape.floatCount(channels: group.roles.count)) { workspace in
      body(
        TileRun(
          plan.compiled, shape, kernels, source: source, target: target, low: low, memory: workspace.floats),
        target)
    }
  }

  private func run(_ tile: TileRun, _ region: Region, into target: TileTarget, _ counter: TileCounter) {
    var clipped = 0
    for y in Swift.stride(from: region.y.lowerBound, to: region.y.upperBound, by: Self.rowsBetweenLooks) {
      let rows = y..<min(y + Self.rowsBetweenLooks, region.y.upperBound)
      clipped += tile.run(rows: rows, into: target)
      guard counter.advance(rows.count * region.x.count), !tile.sawNonFinite else { break }
    }
    counter.finishTile(sawNonFinite: tile.sawNonFinite, clipped: clipped)
  }
}
