internal import CFewtapKernels
import FewtapCore

/// One image going through a plan: cut into tiles, which threads take from a queue.
struct PlanRun: Sendable {
  let plan: ApplyPlan
  let source: SourceImage
  let target: TargetImage
  let channels: Int
  let alphaIndex: Int?
  let alphaIsAssociated: Bool
  var options: ApplyOptions

  /// How a run ended.
  enum Outcome { case done, metNonFinite }

  /// Filters `rows` of the image; ends early at a pixel that is NaN or infinite, or so large that sums of it are.
  ///
  /// Throws: ``ApplyError``.
  func run(rows: Range<Int>) throws(ApplyError) -> Outcome {
    try check()
    let groups = channelGroups()
    let tiles = groups.flatMap { group in
      regions(rows: rows, channels: group.roles.count).map { (group: group, region: $0) }
    }
    for tile in tiles {
      let bytes = 4 * TileRun.floatCount(plan.compiled, region: tile.region, channels: tile.group.roles.count)
      guard bytes <= Self.workingSetLimit else { throw .workingSet(bytes: bytes, limit: Self.workingSetLimit) }
    }
    let counter = TileCounter(
      total: tiles.reduce(0) { $0 + $1.region.x.count * $1.region.y.count }, options: options)
    parallelForEach(count: tiles.count, threads: options.threads) { index in
      guard !counter.isStopped else { return }
      run(tiles[index].group, tiles[index].region, counter)
    }
    if counter.sawNonFinite { return .metNonFinite }
    if counter.isStopped { throw .cancelled }
    return .done
  }

  private func check() throws(ApplyError) {
    if case .constant(let value) = options.border, !value.isFinite { throw .nonFiniteBorder(value) }
    if options.border == .normalized && plan.compiled.cancels { throw .zeroSumNormalized(sum: plan.compiled.sum) }
  }

  // MARK: Channels

  /// Channels that a tile filters side by side.
  private struct Group {
    var roles: [TileSource.Role]
    /// Index among the roles of coverage.
    var alpha: Int?
    /// False where another group stores the coverage.
    var storesAlpha: Bool
  }

  /// Most colors in a group: those of a common image, and few enough for their windows to share a cache.
  private static let colorsInGroup = 4

  /// Channels that nothing binds together (no coverage, no samples side by side) are filtered one by one: then the windows of
  /// one have the cache for themselves.
  private func channelGroups() -> [Group] {
    let masks: [TileSource.Role] = options.border == .normalized ? [.mask] : []
    let colors = (0..<channels).filter { $0 != alphaIndex }
    let size = alphaIndex == nil && source.isPlanar && masks.isEmpty ? 1 : Self.colorsInGroup
    var groups = stride(from: 0, to: colors.count, by: size).map { first in
      Group(
        roles: colors[first..<min(first + size, colors.count)].map { .image($0) } + masks, alpha: nil,
        storesAlpha: false)
    }
    if let alphaIndex {
      if groups.isEmpty { groups = [Group(roles: masks, alpha: nil, storesAlpha: false)] }
      for index in groups.indices {
        groups[index].roles.insert(.image(alphaIndex), at: 0)
        groups[index].alpha = 0
      }
      groups[0].storesAlpha = true
    }
    return groups
  }

  // MARK: Tiles

  /// Memory that a tile's windows may take, so that they stay in a core's second-level cache.
  private static let cacheBytes = 768 << 10
  /// Most bytes that one thread may hold for a tile: 1 GiB.
  static let workingSetLimit = 1 << 30

  /// Tiles that cover `rows`: as wide as the cache allows, as tall as leaves work for every thread. A tile computes the rows
  /// and columns around it that its stages read, too: narrow or low ones do that too often.
  private func regions(rows: Range<Int>, channels: Int) -> [Region] {
    let width = source.width
    let reach = plan.filter.bounds
    var columns = width
    func bytes(_ columns: Int) -> Int {
      4 * TileRun.floatCount(plan.compiled, region: Region(x: 0..<columns, y: rows), channels: channels)
    }
    while columns > max(256, 4 * reach.width), bytes(columns) > Self.cacheBytes { columns = (columns + 1) / 2 }
    columns = options.tileWidth ?? columns
    var height = max(64, 8 * reach.height)
    let strips = (width + columns - 1) / columns
    let perThread = (rows.count * strips + options.threads - 1) / max(1, options.threads)
    height = options.bandHeight ?? max(min(rows.count, 32), min(height, perThread))
    return Swift.stride(from: rows.lowerBound, to: rows.upperBound, by: max(1, height)).flatMap { y in
      Swift.stride(from: 0, to: width, by: max(1, columns)).map { x in
        Region(x: x..<min(x + columns, width), y: y..<min(y + height, rows.upperBound))
      }
    }
  }

  private func run(_ group: Group, _ region: Region, _ counter: TileCounter) {
    let keepsAlpha = group.alpha != nil && plan.compiled.cancels
    let source = TileSource(
      self.source, border: options.border, roles: group.roles, premultiplier: alphaIsAssociated ? nil : group.alpha,
      nonfinite: options.nonfinite)
    let target = TileTarget(
      image: self.target, roles: group.roles, sum: plan.compiled.sum, alpha: group.alpha,
      storesAlpha: group.storesAlpha, unpremultiplies: !alphaIsAssociated, keptAlpha: keepsAlpha ? source : nil)
    let count = TileRun.floatCount(plan.compiled, region: region, channels: group.roles.count)
    plan.pool.withWorkspace(count: count) { workspace in
      var tile = TileRun(plan.compiled, plan.kernels.table, source: source, region: region, memory: workspace.floats)
      tile.run(
        target: { target.place($0, row: $1, column: region.x.lowerBound) }, streaming: self.target.streams
      ) { y, rows in
        target.finish(row: y, columns: region.x, rows, plan.kernels.table)
        return (y - region.y.lowerBound) % 64 != 63 || counter.advance(64 * region.x.count)
      }
      counter.finishTile(region, sawNonFinite: tile.sawNonFinite)
    }
  }
}
