internal import CFewtapKernels
import FewtapCore

/// One image going through a varying plan of the outputs operator by scatter: each pixel spreads by its own filter.
///
/// Equation: `out = sum_k F_k (h_k E I)`, h_k the weights of knot k at the *image's* pixels, F_k its filter, E the border's
///           extension, over which the map is that of the nearest pixel.
/// Stages:   the coordinates; then, in tiles at each lower rate, the sum of what its knots' layers give of the weighted and decimated
///           image; then, in tiles of the result, knots at the image's rate and those sums, interpolated once. A knot runs only around
///           the blocks where it has a weight. Every number is the same sum in the same order for any number of threads.
/// Cost:     about twice gather's: each knot has a decimation of its own where gather has an interpolation; the coordinates and the sums
///           in memory, 4 bytes a pixel at their rate.
struct SpreadRun: Sendable {
  /// Sums at a lower rate that are interpolated alike.
  private struct Level {
    var rate: CompiledFilter.Rate
    var knots: [Int]
    var sums: Planes
    /// What its layers read for a region of the sums, all in all.
    var bounds: OffsetBounds
  }

  let mapped: MappedPlan
  let basis: CompiledBasis
  let pass: PixelPass
  /// What is made around the image, too, for whoever folds it.
  let frame: [FrameFold]
  private var plan: VaryingPlan { mapped.plan }
  private var options: ApplyOptions { pass.options }
  private var kernels: fewtap_kernels { plan.kernels.table }

  /// Columns and rows of a tile of the result, and of one at a lower rate: what one knot makes there stays in a second-level cache.
  private static let (columns, rows) = (480, 96)
  private static let (lowColumns, lowRows) = (512, 96)

  init(_ mapped: MappedPlan, _ basis: CompiledBasis, pass: PixelPass, frame: [FrameFold] = []) {
    (self.mapped, self.basis, self.pass, self.frame) = (mapped, basis, pass, frame)
  }

  /// Filters `rows` of the image, and the frame: as ``PixelPass/attempt(refuse:run:)``.
  func run(
    rows: Range<Int>, _ nonfinite: NonfinitePolicy, toldFraction: Double
  ) throws(ApplyError) -> TileCounter {
    let groups = pass.groups()
    let counter = TileCounter(
      total: groups.count * rows.count * plan.width, options: options, toldFraction: toldFraction)
    let parts = [Region(x: 0..<plan.width, y: rows)] + frame.map(\.region)
    let covered = parts.dropFirst().reduce(parts[0]) { $0.union($1) }
    let read = readable(covered)
    let planes = mapped.map.axisCount
    let count = KnotCoordinates.floatCount(read, planes: planes)
    let levelCount = Self.levelCount(basis, covered, roles: groups.map(\.roles.count).max() ?? 0)
    var failure: ApplyError?
    plan.pool.withWorkspace(count: count + levelCount) { workspace in
      do throws(ApplyError) {
        let coordinates = try KnotCoordinates(
          mapped, basis, over: read, threads: options.threads, memory: workspace.floats)
        for group in groups where !counter.isStopped {
          let job = Job(
            group: group, source: pass.source(group, nonfinite, kernels), coordinates: coordinates, counter: counter)
          // Where all weights are 0 nobody reads.
          if mapped.meaning == .weights { look(job) }
          run(job, parts, levels: levels(covered, job, memory: workspace.floats + count))
        }
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
    if counter.isCancelled { throw .cancelled }
    return counter
  }

  /// What tiles of one group share.
  private struct Job: @unchecked Sendable {
    let group: ChannelGroup
    let source: TileSource
    let coordinates: KnotCoordinates
    let counter: TileCounter
    var marks: KnotMarks { coordinates.marks }
    var roles: Int { group.roles.count }
  }

  /// The pixels of the image and around it that spread into `region`, but for those that are 0.
  private func readable(_ region: Region) -> Region {
    let read = Self.extended(basis, region)
    let border = options.border
    guard border.outside == 0, border.source(of: -1, count: 1) == nil else { return read }
    return Region(x: read.x.clamped(to: 0..<plan.width), y: read.y.clamped(to: 0..<mapped.map.height))
  }

  private static func extended(_ basis: CompiledBasis, _ region: Region) -> Region {
    basis.knots.map { $0.filter.regions(for: region)[0] }.reduce(region) { $1.union($0) }
  }

  private func look(_ job: Job) {
    let rows = job.source.image.heldRows
    parallelForEach(count: rows.count, threads: options.threads) { index in
      withUnsafeTemporaryAllocation(of: Float.self, capacity: plan.width) { row in
        row.initialize(repeating: 0)
        guard let address = row.baseAddress else { return }
        for role in 0..<job.roles {
          job.source.load(role: role, row: rows.lowerBound + index, columns: 0..<plan.width, into: address)
          checkFinite(address, count: plan.width, job)
        }
      }
    }
  }

  // MARK: Memory

  /// Floats of the planes of all levels that `covered` is interpolated from.
  private static func levelCount(_ basis: CompiledBasis, _ covered: Region, roles: Int) -> Int {
    rates(basis).reduce(0) { $0 + roles * Planes.count(covered.interpolated(by: $1.rate)) }
  }

  /// The rates at which sums are kept, and the knots of each.
  private static func rates(_ basis: CompiledBasis) -> [(rate: CompiledFilter.Rate, knots: [Int])] {
    var rates: [(rate: CompiledFilter.Rate, knots: [Int])] = []
    for (index, knot) in basis.knots.enumerated() {
      guard let rate = knot.filter.rate else { continue }
      let known = rates.firstIndex {
        $0.rate.factor == rate.factor && $0.rate.interpolator.count == rate.interpolator.count
      }
      if let known { rates[known].knots.append(index) } else { rates.append((rate, [index])) }
    }
    return rates
  }

  /// Bytes that filtering `rows` takes, by `threads`.
  static func bytes(_ mapped: MappedPlan, _ basis: CompiledBasis, rows: Range<Int>, roles: Int, threads: Int) -> Int {
    let whole = Region(x: 0..<mapped.width, y: rows)
    let shared =
      KnotCoordinates.floatCount(extended(basis, whole), planes: mapped.map.axisCount)
      + levelCount(basis, whole, roles: roles)
    return MemoryLayout<Float>.stride * (shared + max(1, threads) * tileCount(basis, roles: roles))
  }

  /// Floats that a tile works in, of either kind.
  private static func tileCount(_ basis: CompiledBasis, roles: Int) -> Int {
    let whole = Region(x: 0..<columns, y: 0..<rows)
    let low = basis.knots.filter { $0.level != nil }.map { lowCount(basis, $0, roles: roles) }
    return max(low.max() ?? 0, Self.resultCount(basis, whole, roles: roles))
  }

  // MARK: Tiles

  private func run(_ job: Job, _ parts: [Region], levels: [Level]) {
    let lowTiles = levels.indices.flatMap { level in
      levels[level].sums.region.tiles(columns: Self.lowColumns, rows: Self.lowRows).map { (level: level, region: $0) }
    }
    let lowCount = levels.flatMap(\.knots).map { Self.lowCount(basis, basis.knots[$0], roles: job.roles) }.max() ?? 0
    parallelForEach(count: lowTiles.count, threads: options.threads) { index in
      guard !job.counter.isStopped else { return }
      let (level, region) = lowTiles[index]
      plan.pool.withWorkspace(count: lowCount) { sum(levels[level], region, job, memory: $0.floats) }
    }
    let tiles = parts.indices.flatMap { part in
      parts[part].tiles(columns: Self.columns, rows: Self.rows).map { (part: part, region: $0) }
    }
    let count = Self.resultCount(basis, Region(x: 0..<Self.columns, y: 0..<Self.rows), roles: job.roles)
    parallelForEach(count: tiles.count, threads: options.threads) { index in
      guard !job.counter.isStopped else { return }
      let (part, region) = tiles[index]
      let clipped = plan.pool.withWorkspace(count: count) { workspace in
        finish(region, target(part, job), job, levels, memory: workspace.floats)
      }
      if part == 0 { _ = job.counter.advance(region.x.count * region.y.count) }
      job.counter.finishTile(sawNonFinite: false, clipped: clipped)
    }
  }

  /// Where a part's results go: the image, or its frame.
  private func target(_ part: Int, _ job: Job) -> TileTarget {
    guard part > 0 else { return pass.target(of: job.source, basis.sums) }
    return PixelPass(
      source: pass.source, target: frame[part - 1].target, alphaIndex: nil, lightIsAssociated: (false, false),
      options: options
    ).target(of: job.source, basis.sums)
  }

  // MARK: Lower rates

  private func levels(_ covered: Region, _ job: Job, memory: UnsafeMutablePointer<Float>) -> [Level] {
    var next = memory
    return Self.rates(basis).map { rate, knots in
      let region = covered.interpolated(by: rate)
      defer { next += job.roles * Planes.count(region) }
      let bounds = knots.map { basis.knots[$0].filter.reach }
      return Level(
        rate: rate, knots: knots, sums: Planes(next, region),
        bounds: bounds.dropFirst().reduce(bounds[0]) { $0.union($1) })
    }
  }

  /// Floats that a tile of a level needs for a knot.
  private static func lowCount(_ basis: CompiledBasis, _ knot: CompiledBasis.Knot, roles: Int) -> Int {
    guard let level = knot.level else { return 0 }
    let region = Region(x: 0..<lowColumns, y: 0..<lowRows)
    let read = region.read(by: knot.filter.reach)
    // Where a tile begins in its rate's phases adds a pixel or two.
    return roles * Planes.count(read) + layerCount(knot.filter.layers, region)
      + TileShape(basis.levels[level].decimation, low: read, halfs: false).floatCount(channels: roles)
  }

  /// Makes a tile of a level's sums.
  private func sum(_ level: Level, _ region: Region, _ job: Job, memory: UnsafeMutablePointer<Float>) {
    let sums = level.sums
    for role in 0..<job.roles {
      for y in region.y { sums.at(region.x.lowerBound, y, role).update(repeating: 0, count: region.x.count) }
    }
    for index in level.knots {
      let knot = basis.knots[index]
      guard let rate = knot.filter.rate, let levelIndex = knot.level else { continue }
      let reach = knot.filter.reach
      let all = region.read(by: reach)
      // What lies in two parts reaches no pixel together: one part or all of them at once give the same bits.
      let gap = (
        x: rate.factor * reach.width + rate.prefilter.count, y: rate.factor * reach.height + rate.prefilter.count
      )
      for active in job.marks.parts(index, in: all.decimated(by: rate), gap: gap) {
        add(index, levelIndex, active.reached(by: rate).intersection(all), reach, to: sums, region, job, memory: memory)
      }
    }
  }

  /// Adds what a knot makes of low-rate pixels, `decimated`, to a tile of sums.
  private func add(
    _ index: Int, _ level: Int, _ decimated: Region, _ reach: OffsetBounds, to sums: Planes, _ region: Region,
    _ job: Job, memory: UnsafeMutablePointer<Float>
  ) {
    let part = decimated.reached(by: reach).intersection(region)
    guard !part.x.isEmpty, !part.y.isEmpty else { return }
    let input = Planes(memory, part.read(by: reach))
    let made = decimated.intersection(input.region)
    guard !made.x.isEmpty, !made.y.isEmpty else { return }
    if made != input.region { memory.update(repeating: 0, count: job.roles * input.plane) }
    let rest = memory + job.roles * input.plane
    let window = RowWindow(
      columns: input.region.x, rows: input.region.y, stride: input.stride, capacity: input.region.y.count,
      channels: job.roles, isHalf: false, base: memory)
    let decimation = basis.levels[level].decimation
    let tile = TileRun(
      decimation, TileShape(decimation, low: made, halfs: false), kernels,
      source: job.source.weighted(by: job.coordinates.weights(of: index)), target: nil, low: window.part(made),
      memory: rest)
    tile.makeLowRows()
    if tile.sawNonFinite { job.counter.finishTile(sawNonFinite: true, clipped: 0) }
    for role in 0..<job.roles {
      let result = run(basis.knots[index].filter.layers, of: input.role(role), part, memory: rest)
      for y in part.y {
        check(
          kernels.add_row(sums.at(part.x.lowerBound, y, role), result.at(part.x.lowerBound, y), Int32(part.x.count)))
      }
    }
  }

  // MARK: Layers

  /// Floats that layers work in, for a region of their result.
  private static func layerCount(_ layers: [CompiledFilter.Layer], _ region: Region) -> Int {
    var (most, part) = (0, region)
    for layer in layers.reversed() {
      most = max(most, Planes.count(part))
      part = part.read(by: layer.bounds)
    }
    return 2 * most
  }

  /// What layers make of a plane over `region`, in memory of ``layerCount(_:_:)`` floats.
  private func run(
    _ layers: [CompiledFilter.Layer], of input: Planes, _ region: Region, memory: UnsafeMutablePointer<Float>
  ) -> Planes {
    var regions = [region]
    for layer in layers.dropFirst().reversed() { regions.insert(regions[0].read(by: layer.bounds), at: 0) }
    let size = regions.map { Planes.count($0) }.max() ?? 0
    var current = input
    for (index, layer) in layers.enumerated() {
      let output = Planes(memory + index % 2 * size, regions[index])
      let place = current.at(output.region.x.lowerBound, output.region.y.lowerBound)
      let block = Int(FEWTAP_BLOCK_ROWS)
      withUnsafeTemporaryAllocation(of: fewtap_run.self, capacity: max(1, layer.runs.count)) { runs in
        var packed = layer.pack(into: runs.baseAddress!, stride: current.stride)
        check(
          kernels.layer(
            &packed, place, current.stride, output.base, output.stride, Int32(output.region.x.count),
            Int32(ceilingDivide(output.region.y.count, block) * block)))
      }
      current = output
    }
    return current
  }

  // MARK: Results

  /// Floats that a tile of the result works in.
  private static func resultCount(_ basis: CompiledBasis, _ region: Region, roles: Int) -> Int {
    var count = roles * Planes.count(region)
    if let bounds = basis.fullRateBounds { count += roles * Planes.count(region.read(by: bounds)) }
    let full = basis.knots.filter { $0.level == nil }.map { knot in
      Planes.count(region.read(by: knot.filter.reach)) + layerCount(knot.filter.layers, region)
    }
    let low = rates(basis).map { rate, _ in Expanded.count(region.interpolated(by: rate), rate) }
    return count + max(full.max() ?? 0, low.reduce(0, +))
  }

  /// Makes a tile of the result. Returns how many samples could not be held.
  private func finish(
    _ region: Region, _ target: TileTarget, _ job: Job, _ levels: [Level], memory: UnsafeMutablePointer<Float>
  ) -> Int {
    let places = target.isPlain ? target.places() : []
    let own = Planes(memory, region)
    func place(_ role: Int, _ y: Int) -> UnsafeMutablePointer<Float> {
      guard !places.isEmpty, let place = places[role] else { return own.at(region.x.lowerBound, y, role) }
      return place.row0 + y * place.stride + region.x.lowerBound
    }
    let rest = memory + job.roles * own.plane
    interpolate(region, job, levels, memory: rest, into: place)
    addFull(region, job, memory: rest) { role, y, row, columns in
      check(kernels.add_row(place(role, y) + (columns.lowerBound - region.x.lowerBound), row, Int32(columns.count)))
    }
    guard places.isEmpty || places.contains(where: { $0 == nil }) else { return 0 }
    return region.y.reduce(0) { clipped, y in
      clipped + target.finish(row: y, columns: region.x, (0..<job.roles).map { place($0, y) })
    }
  }

  /// Makes what the sums at lower rates give.
  private func interpolate(
    _ region: Region, _ job: Job, _ levels: [Level], memory: UnsafeMutablePointer<Float>,
    into place: (_ role: Int, _ y: Int) -> UnsafeMutablePointer<Float>
  ) {
    let active = levels.filter { level in
      let read = region.interpolated(by: level.rate).read(by: level.bounds).decimated(by: level.rate)
      return level.knots.contains { job.marks.contains($0, read) }
    }
    let most = active.reduce(1) { $0 + $1.rate.interpolator.count }
    withUnsafeTemporaryAllocation(of: UnsafePointer<Float>?.self, capacity: most) { rows in
      withUnsafeTemporaryAllocation(of: Float.self, capacity: most) { weights in
        for role in 0..<job.roles {
          var next = memory
          let expanded = active.map { level in
            let low = region.interpolated(by: level.rate)
            defer { next += Expanded.count(low, level.rate) }
            return Expanded(level.sums.role(role), low, level.rate, memory: next, kernels)
          }
          for y in region.y {
            let row = place(role, y)
            let count = expanded.reduce(0) { count, level in
              count + level.copy(row: y, column: region.x.lowerBound, rows, weights, from: count)
            }
            if count > 0 {
              check(
                kernels.weighted_rows(
                  rows.baseAddress!, weights.baseAddress!, Int32(count), row, Int32(region.x.count), 0, nil))
            } else {
              row.update(repeating: 0, count: region.x.count)
            }
          }
        }
      }
    }
  }

  /// Adds what knots at the image's own rate give, row by row.
  private func addFull(
    _ region: Region, _ job: Job, memory: UnsafeMutablePointer<Float>,
    add: (_ role: Int, _ y: Int, _ row: UnsafePointer<Float>, _ columns: Range<Int>) -> Void
  ) {
    guard let bounds = basis.fullRateBounds else { return }
    var isLoaded = false
    // Where they lie, or from here.
    let read = region.read(by: bounds)
    let isDirect = (0..<job.roles).allSatisfy { role in
      [read.y.lowerBound, read.y.upperBound - 1].allSatisfy { job.source.directRow($0, read.x, role: role) != nil }
    }
    let image = Planes(memory, read)
    let rest = memory + job.roles * image.plane
    for (index, knot) in basis.knots.enumerated() where knot.level == nil {
      let reach = knot.filter.reach
      let parts = job.marks.parts(index, in: region.read(by: reach), gap: (reach.width, reach.height))
      if !parts.isEmpty, !isLoaded, !isDirect {
        load(image, job.source)
        isLoaded = true
      }
      for active in parts {
        let part = active.reached(by: reach).intersection(region)
        guard !part.x.isEmpty, !part.y.isEmpty else { continue }
        let (weights, read) = (job.coordinates.weights(of: index), part.read(by: reach))
        let weighted = Planes(rest, read)
        if read.intersection(weights.region) != read { rest.update(repeating: 0, count: weighted.plane) }
        for role in 0..<job.roles {
          for y in read.y {
            let (x, row) = (read.x, weighted.at(read.x.lowerBound, y))
            if isDirect, let given = job.source.directRow(y, x, role: role) {
              weights.weigh(given, into: row, row: y, columns: x)
            } else {
              weights.weigh(image.at(x.lowerBound, y, role), into: row, row: y, columns: x)
            }
            checkFinite(row, count: x.count, job)
          }
          let result =
            knot.isIdentity ? weighted : run(knot.filter.layers, of: weighted, part, memory: rest + weighted.plane)
          for y in part.y { add(role, y, result.at(part.x.lowerBound, y), part.x) }
        }
      }
    }
  }

  /// The image's pixels, with its border.
  private func load(_ planes: Planes, _ source: TileSource) {
    let columns = ColumnExtension(planes.region.x, width: source.image.width, border: source.border)
    defer { columns.deallocate() }
    for y in planes.region.y {
      let first = planes.at(planes.region.x.lowerBound, y)
      source.load(
        row: y, columns, into: ChannelRows(first: first, stride: planes.plane, count: source.group.roles.count))
    }
  }

  private func checkFinite(_ row: UnsafePointer<Float>, count: Int, _ job: Job) {
    guard job.source.checksFinite else { return }
    var place: Int32 = 0
    check(kernels.first_nonfinite(row, Int32(count), &place))
    if place < Int32(count) { job.counter.finishTile(sawNonFinite: true, clipped: 0) }
  }
}

/// A rectangle of pixels of all roles in memory.
private struct Planes: @unchecked Sendable {
  var base: UnsafeMutablePointer<Float>
  let region: Region
  let stride: Int
  /// Floats from one role's to the next one's: rows below, which blocks of a layer touch, are part of them.
  let plane: Int

  init(_ base: UnsafeMutablePointer<Float>, _ region: Region) {
    (self.base, self.region) = (base, region)
    (stride, plane) = (TileShape.stride(region.x.count), Self.count(region))
  }

  static func count(_ region: Region) -> Int {
    RowWindow.count(stride: TileShape.stride(region.x.count), capacity: region.y.count, channels: 1)
  }

  func at(_ x: Int, _ y: Int, _ role: Int = 0) -> UnsafeMutablePointer<Float> {
    base + role * plane + (y - region.y.lowerBound) * stride + (x - region.x.lowerBound)
  }

  /// The pixels of one role.
  func role(_ role: Int) -> Planes {
    var planes = self
    planes.base += role * plane
    return planes
  }
}

/// Low-rate rows interpolated along themselves.
private struct Expanded {
  private let rows: UnsafeMutablePointer<Float>
  private let stride: Int
  private let low: Region
  /// The image's column of a row's first pixel.
  private let first: Int
  private let rate: CompiledFilter.Rate
  private let kernels: fewtap_kernels

  private static let margin = 64

  private static func stride(_ low: Region, _ rate: CompiledFilter.Rate) -> Int {
    TileShape.stride(rate.factor * ceilingDivide(low.x.count, 64) * 64) + margin
  }

  /// Floats that those of `low` take.
  static func count(_ low: Region, _ rate: CompiledFilter.Rate) -> Int {
    // Where a tile begins in its rate's phases adds a pixel or two.
    let low = Region(x: low.x.lowerBound..<low.x.upperBound + 2, y: low.y.lowerBound..<low.y.upperBound + 2)
    return (low.y.count + 2) * stride(low, rate) + 2 * margin
  }

  /// Those of `low`, of sums that hold it.
  init(
    _ sums: Planes, _ low: Region, _ rate: CompiledFilter.Rate, memory: UnsafeMutablePointer<Float>,
    _ kernels: fewtap_kernels
  ) {
    (self.low, self.rate, self.kernels) = (low, rate, kernels)
    stride = Self.stride(low, rate)
    rows = memory + Self.margin
    first = rate.factor * low.x.lowerBound + rate.interpolator.first
    let spare = (rows + low.y.count * stride, rows + (low.y.count + 1) * stride)
    for y in low.y {
      rate.interpolate(
        sums.at(low.x.lowerBound, y), count: low.x.count, into: rows + (y - low.y.lowerBound) * stride, spare: spare,
        kernels)
    }
  }

  /// The rows, from a column of the image on, that row `y` is the weighted sum of: into buffers, from an index on. Returns how many.
  func copy(
    row y: Int, column: Int, _ pointers: UnsafeMutableBufferPointer<UnsafePointer<Float>?>,
    _ weights: UnsafeMutableBufferPointer<Float>, from begin: Int
  ) -> Int {
    let (between, own) = rate.interpolation(of: y)
    for index in 0..<own.count {
      weights[begin + index] = own.values[index]
      pointers[begin + index] = UnsafePointer(
        rows + (between.lowerBound + index - low.y.lowerBound) * stride + (column - first))
    }
    return own.count
  }
}

extension Region {
  /// The low-rate pixels to which decimation takes some of these.
  fileprivate func reached(by rate: CompiledFilter.Rate) -> Region {
    func range(_ full: Range<Int>) -> Range<Int> {
      let first = ceilingDivide(full.lowerBound + rate.prefilter.first, rate.factor)
      return first..<max(first, floorDivide(full.upperBound - 1 + rate.prefilter.last, rate.factor) + 1)
    }
    return Region(x: range(x), y: range(y))
  }
}
