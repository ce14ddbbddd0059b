internal import CFewtapKernels
import FewtapCore

/// One image going through a plan: cut into tiles, which threads take from a queue.
struct PlanRun: Sendable {
  let plan: ApplyPlan
  let source: SourceImage
  let target: TargetImage
  let alphaIndex: Int?
  let lightIsAssociated: (source: Bool, target: Bool)
  let options: ApplyOptions

  init(plan: ApplyPlan, pass: PixelPass) {
    self.plan = plan
    (source, target, alphaIndex) = (pass.source, pass.target, pass.alphaIndex)
    (lightIsAssociated, options) = (pass.lightIsAssociated, pass.options)
  }

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

  /// Ends early at a pixel that is NaN or infinite, or so large that sums of it are, unless those are kept. What was told to be
  /// finished before is not told again.
  private func run(
    _ rows: Range<Int>, _ nonfinite: NonfinitePolicy, toldFraction: Double = 0
  ) throws(ApplyError) -> TileCounter {
    let groups = ChannelGroup.groups(
      channels: source.channels, alphaIndex: alphaIndex, needsMask: options.border == .normalized,
      isPlanar: source.isPlanar)
    let tiles = groups.indices.flatMap { index in
      Self.regions(plan, rows: rows, channels: groups[index].roles.count, options).map { (group: index, region: $0) }
    }
    for tile in tiles {
      let bytes = Self.byteCount(plan, tile.region, groups[tile.group], halfs: plan.keepsHalfs(options))
      guard bytes <= Self.workingSetLimit else { throw .workingSet(bytes: bytes, limit: Self.workingSetLimit) }
    }
    let counter = TileCounter(
      total: tiles.reduce(0) { $0 + $1.region.x.count * $1.region.y.count }, options: options,
      toldFraction: toldFraction)
    let shared = SharedRows(
      plan, rows: rows, groups: groups, tileHeight: tiles.map(\.region.y.count).max() ?? 0, options)
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

  private func check() throws(ApplyError) {
    if case .constant(let value) = options.border, !value.isFinite { throw .nonFiniteBorder(value) }
    let (sum, cancels) = (plan.compiled.sum, plan.compiled.cancels)
    if options.border == .normalized && cancels { throw .zeroSumNormalized(sum: sum) }
    let divides = options.border == .normalized || (alphaIndex != nil && !cancels)
    guard !divides || ApplyError.divisibleSums.contains(abs(sum)) else { throw .sumBeyondFloat(sum) }
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
    let tiles = groups.flatMap { group in
      regions(plan, rows: rows, channels: group.roles.count, options).map { (group: group, region: $0) }
    }
    let bytes = tiles.map { byteCount(plan, $0.region, $0.group, halfs: plan.keepsHalfs(options)) }
    let shared = SharedRows(
      plan, rows: rows, groups: groups, tileHeight: tiles.map(\.region.y.count).max() ?? 0, options)
    return min(max(1, options.threads), tiles.count) * max(bytes.max() ?? 0, shared.tileBytes)
      + MemoryLayout<Float>.stride * shared.floatCount
  }

  /// Memory that a tile's windows may take, so that they stay in a core's second-level cache.
  static let cacheBytes = 768 << 10
  /// Most bytes that one thread may hold for a tile: 1 GiB.
  static let workingSetLimit = 1 << 30

  /// Tiles that cover `rows`: as wide as the cache allows, as tall as leaves the same work for every thread. A tile computes
  /// the rows and columns around it that its stages read, too: narrow or low ones do that too often.
  private static func regions(
    _ plan: ApplyPlan, rows: Range<Int>, channels: Int, _ options: ApplyOptions
  ) -> [Region] {
    let width = plan.width
    let reach = plan.filter.bounds
    var columns = width
    func bytes(_ columns: Int) -> Int {
      let shape = TileShape(plan.compiled, Region(x: 0..<columns, y: rows), halfs: plan.keepsHalfs(options))
      return MemoryLayout<Float>.stride * shape.floatCount(channels: channels)
    }
    while columns > max(512, 8 * reach.width), bytes(columns) > cacheBytes { columns = (columns + 1) / 2 }
    columns = max(1, options.tileWidth ?? columns)
    let strips = (width + columns - 1) / columns
    // More threads than rows of strips find nothing to do.
    let threads = min(max(1, options.threads), max(1, rows.count * strips))
    // Several tiles a thread, so that one that is late has less left to do; and as many for each.
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

  /// Rows between two looks at progress and cancellation.
  private static let rowsBetweenLooks = 64

  /// Calls `body` with a tile that is ready to run.
  private func work(
    on group: ChannelGroup, _ shape: TileShape, _ nonfinite: NonfinitePolicy, low: RowWindow?,
    _ body: (TileRun, TileTarget) -> Void
  ) {
    let kernels = plan.kernels.table
    let source = TileSource(
      self.source, border: options.border, group: group, premultiplies: !lightIsAssociated.source,
      nonfinite: nonfinite, kernels: kernels)
    let target = TileTarget(
      self.target, group: group, sum: plan.compiled.sum, unpremultiplies: !lightIsAssociated.target,
      keptAlpha: group.alpha != nil && plan.compiled.cancels ? source : nil, kernels: kernels)
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
