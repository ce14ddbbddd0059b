internal import CFewtapKernels
import FewtapCore

/// One image going through a varying plan of the outputs operator: first the levels, then tiles, which threads take from a queue.
///
/// Or what a loss changes by with the map, of which the target gets one plane an axis: then up to four channels, side by side.
struct VaryingRun: Sendable {
  let mapped: MappedPlan
  let basis: CompiledBasis
  let pass: PixelPass
  /// What the loss changes by with the results, if that is asked for.
  private let changes: SourceImage?
  private var plan: VaryingPlan { mapped.plan }
  private var map: ParameterMap { mapped.map }
  private var options: ApplyOptions { pass.options }

  init(_ mapped: MappedPlan, _ basis: CompiledBasis, pass: PixelPass, gradientOf changes: SourceImage? = nil) {
    (self.mapped, self.basis, self.pass, self.changes) = (mapped, basis, pass, changes)
  }

  /// Filters `rows` of the image, as ``PixelPass/attempt(refuse:run:)``.
  func run(rows: Range<Int>, refuse: () throws(ApplyError) -> Void) throws(ApplyError) -> Int {
    try pass.check(basis.sums)
    return try pass.attempt(refuse: refuse) { nonfinite, toldFraction throws(ApplyError) in
      mapped.direction == .gather
        ? try run(rows, nonfinite, toldFraction: toldFraction)
        : try SpreadRun(mapped, basis, pass: pass).run(rows: rows, nonfinite, toldFraction: toldFraction)
    }
  }

  private func run(
    _ rows: Range<Int>, _ nonfinite: NonfinitePolicy, toldFraction: Double
  ) throws(ApplyError) -> TileCounter {
    // Where a row's weights are looked up once for all channels.
    let groups = pass.groups()
    // Planes that nothing binds together are decimated where they lie.
    let levelGroups = pass.groups(isPlanar: pass.source.isPlanar)
    let whole = Region(x: 0..<plan.width, y: rows)
    let levels = LevelRows(basis, whole, groups: levelGroups)
    let (columns, height) = VaryingShape.size(options)
    let tiles = groups.indices.flatMap { group in
      whole.tiles(columns: columns, rows: height).map { (group: group, region: $0) }
    }
    let shapes = groups.map { group in
      VaryingShape(basis, columns: columns, rows: height, roles: group.roles.count, isGradient: changes != nil)
    }
    let direct = pass.source.plane(0)?.stride ?? 0
    let packed = shapes.map { shape in
      PackedBasis(
        basis, levelStrides: levels.strides, sourceStride: shape.sourceStride, directStride: direct,
        stageStride: shape.stageStride)
    }
    for shape in shapes {
      let bytes = MemoryLayout<Float>.stride * shape.floatCount(rows: height)
      guard bytes <= PlanRun.workingSetLimit else {
        throw .workingSet(bytes: bytes, limit: PlanRun.workingSetLimit)
      }
    }
    let counter = TileCounter(
      total: tiles.reduce(0) { $0 + $1.region.x.count * $1.region.y.count }, options: options,
      toldFraction: toldFraction)
    let badMap = Locked<Bool>(false)
    plan.pool.withWorkspace(count: levels.floatCount) { memory in
      makeLevels(levels, levelGroups, nonfinite, memory.floats, counter)
      parallelForEach(count: tiles.count, threads: options.threads) { index in
        guard !counter.isStopped else { return }
        let (group, region) = tiles[index]
        let roles = groups[group].roles.count
        // This group's own, or those of its channels, one a group.
        let first = levelGroups.count == groups.count ? group : groups[..<group].reduce(0) { $0 + $1.roles.count }
        let windows = basis.levels.indices.map {
          levels.window($0, group: first, channels: roles, in: memory.floats)
        }
        let hasMapError = work(
          groups[group], packed[group], shapes[group], region, nonfinite, windows, counter)
        if hasMapError { badMap.withLock { $0 = true } }
      }
    }
    if counter.isCancelled { throw .cancelled }
    if badMap.withLock({ $0 }) {
      try mapped.refuseMap(rows: rows)
    }
    return counter
  }

  /// Bytes that filtering `rows` takes: the levels, and the tiles of all threads.
  static func tileBytes(
    _ mapped: MappedPlan, _ basis: CompiledBasis, rows: Range<Int>, channels: Int, alphaIndex: Int?,
    options: ApplyOptions
  ) -> Int {
    let groups = ChannelGroup.groups(
      channels: channels, alphaIndex: alphaIndex, needsMask: options.border == .normalized, isPlanar: false)
    let whole = Region(x: 0..<mapped.width, y: rows)
    guard mapped.direction == .gather else {
      return SpreadRun.bytes(
        mapped, basis, rows: rows, roles: groups.map(\.roles.count).max() ?? 1, threads: options.threads)
    }
    let levels = LevelRows(basis, whole, groups: groups)
    let tiles = groups.map { group in
      VaryingShape(
        basis, columns: VaryingShape.columns, rows: VaryingShape.rows, roles: group.roles.count
      )
      .floatCount(rows: VaryingShape.rows) + mapped.width
    }
    let scratch = groups.indices.flatMap { group in
      basis.levels.indices.map { levels.scratchCount($0, group: group) }
    }
    return MemoryLayout<Float>.stride
      * (levels.floatCount + max(1, options.threads) * max(tiles.max() ?? 0, scratch.max() ?? 0))
  }

  /// Makes the rows of all levels, one level after the other.
  private func makeLevels(
    _ levels: LevelRows, _ groups: [ChannelGroup], _ nonfinite: NonfinitePolicy, _ memory: UnsafeMutablePointer<Float>,
    _ counter: TileCounter
  ) {
    let place = Address(memory)
    for level in basis.levels.indices {
      let bands = levels.bands(level)
      parallelForEach(count: bands.count, threads: options.threads) { index in
        guard !counter.isStopped else { return }
        let (group, region) = bands[index]
        let scratch = levels.scratchCount(level, group: group)
        guard basis.levels[level].step == nil else {
          plan.pool.withWorkspace(count: scratch) { workspace in
            levels.make(
              level, region, group: group, in: place.floats, scratch: workspace.floats, plan.kernels.table)
          }
          return
        }
        let decimation = basis.levels[level].decimation
        let shape = TileShape(decimation, low: region, halfs: false)
        let source = pass.source(groups[group], nonfinite, plan.kernels.table)
        // Nothing goes there from a level.
        let target = pass.target(of: source, .one)
        plan.pool.withWorkspace(count: max(scratch, shape.floatCount(channels: groups[group].roles.count))) {
          workspace in
          let tile = TileRun(
            decimation, shape, plan.kernels.table, source: source, target: target,
            low: levels.window(level, group: group, in: place.floats).part(region), memory: workspace.floats)
          tile.makeLowRows()
          counter.finishTile(sawNonFinite: tile.sawNonFinite, clipped: 0)
        }
      }
    }
  }

  /// Makes one tile. Returns whether the map is NaN somewhere in it.
  private func work(
    _ group: ChannelGroup, _ packed: PackedBasis, _ shape: VaryingShape, _ region: Region, _ nonfinite: NonfinitePolicy,
    _ levels: [RowWindow],
    _ counter: TileCounter
  ) -> Bool {
    let source = pass.source(group, nonfinite, plan.kernels.table)
    let target = pass.target(of: source, basis.sums)
    let tileCount = shape.floatCount(rows: VaryingShape.size(options).rows)
    return plan.pool.withWorkspace(count: tileCount + map.width) { workspace in
      let tile = VaryingTile(
        basis, packed, shape, region, plan.kernels.table, source: source, levels: levels,
        target: target.isPlain && changes == nil ? target : nil, memory: workspace.floats)
      let row = UnsafeMutableBufferPointer(start: workspace.floats + tileCount, count: map.width)
      if mapped.meaning == .weights { tile.weigh(by: map, row: row) } else { tile.look(up: map, row: row) }
      guard tile.outside.nans == 0 else { return true }
      if let changes { tile.begin(gradientOf: changes, channels: 0..<group.roles.count) }
      tile.run()
      guard tile.outside.nans == 0 else { return true }
      var clipped = 0
      if changes != nil {
        finish(tile, region, row: row)
      } else if !tile.sawNonFinite, !target.isPlain {
        let results = (0..<group.roles.count).map { tile.result($0) }
        for y in region.y {
          clipped += target.finish(row: y, columns: region.x, results.map { $0.at(region.x.lowerBound, y) })
        }
      }
      _ = counter.advance(region.x.count * region.y.count)
      counter.finishTile(sawNonFinite: tile.sawNonFinite, clipped: clipped)
      return false
    }
  }

  /// Takes a tile's gradient to the map's values and into the target's planes.
  private func finish(_ tile: VaryingTile, _ region: Region, row: UnsafeMutableBufferPointer<Float>) {
    for axis in basis.tables.indices {
      guard let place = pass.target.plane(axis) else { continue }
      for y in region.y {
        guard let slopes = tile.slopes(axis, row: y) else { continue }
        map.withRow(axis: axis, row: y, columns: region.x, scratch: row) { values in
          basis.tables[axis].slopes(
            of: values, changes: slopes, into: place.row0 + y * place.stride + region.x.lowerBound,
            count: region.x.count, plan.kernels.table)
        }
      }
    }
  }

  /// Memory that threads share, each writing what is its own.
  private struct Address: @unchecked Sendable {
    let floats: UnsafeMutablePointer<Float>
    init(_ floats: UnsafeMutablePointer<Float>) { self.floats = floats }
  }
}

extension MappedPlan {
  /// Throws for the first value of the map in some rows that no pixel may have.
  func refuseMap(rows: Range<Int>) throws(ApplyError) {
    var row = [Float](repeating: 0, count: width)
    for y in rows {
      for axis in planeNames.indices {
        row.withUnsafeMutableBufferPointer { map.load(axis: axis, row: y, into: $0) }
        if let x = row.firstIndex(where: { $0.isNaN || (meaning == .weights && !$0.isFinite) }) {
          throw .badMap(axis: planeNames[axis], x: x, y: y, value: "\(row[x])")
        }
      }
    }
  }
}
