internal import CFewtapKernels
import FewtapCore

/// One image going through a varying plan of the outputs operator by scatter: each pixel spreads by its own filter.
///
/// Equation: `out = sum_k F_k (h_k E I)`, h_k the weights of knot k at the *image's* pixels, F_k its filter, E the border's
///           extension, over which the map is that of the nearest pixel.
/// Stages:   the extended image and its coordinates; for each knot at a lower rate the weighted image, decimated; for each rate and
///           interpolator the sum of what the layers of its knots give; then, in bands of rows, knots at the image's rate and the
///           sums, interpolated once. Every number is the same sum in the same order for any number of threads.
/// Cost:     as gather, but each knot has a decimation of its own where gather has an interpolation; planes in memory, of 4 bytes a
///           pixel at their rate, knot and channel.
struct SpreadRun: Sendable {
  /// A rectangle of pixels of all roles in memory.
  private struct Planes: @unchecked Sendable {
    var base: UnsafeMutablePointer<Float>
    var region: Region
    var stride: Int
    /// Floats from one role's to the next one's.
    var plane: Int

    func at(_ x: Int, _ y: Int, _ role: Int) -> UnsafeMutablePointer<Float> {
      base + role * plane + (y - region.y.lowerBound) * stride + (x - region.x.lowerBound)
    }
  }

  /// Sums at a lower rate that are interpolated alike.
  private struct Level {
    var rate: CompiledFilter.Rate
    var knots: [Int]
    var sums: Planes
  }

  let mapped: MappedPlan
  let basis: CompiledBasis
  let pass: PixelPass
  private var plan: VaryingPlan { mapped.plan }
  private var map: ParameterMap { mapped.map }
  private var options: ApplyOptions { pass.options }
  private var kernels: fewtap_kernels { plan.kernels.table }

  /// Rows that a thread makes at a time, and rows of a block of marks.
  private static let bandHeight = 16
  /// Rows below and columns beside a plane that blocks of a layer may read.
  private static let slack = 8

  init(_ mapped: MappedPlan, _ basis: CompiledBasis, pass: PixelPass) {
    (self.mapped, self.basis, self.pass) = (mapped, basis, pass)
  }

  /// Floats of all planes for `rows` of the result.
  static func floatCount(_ mapped: MappedPlan, _ basis: CompiledBasis, rows: Range<Int>, roles: Int) -> Int {
    let whole = Region(x: 0..<mapped.width, y: rows)
    var count = (roles + mapped.map.axisCount) * Self.count(extended(basis, whole))
    for knot in basis.knots {
      guard knot.level != nil else { continue }
      // The sums of a level are no larger than what its knots read.
      count += 2 * roles * Self.count(knot.filter.low(for: whole))
    }
    return count
  }

  private static func count(_ region: Region) -> Int {
    TileShape.stride(region.x.count) * (region.y.count + slack) + 64
  }

  /// The pixels of the image, and around it, that spread into `region`.
  private static func extended(_ basis: CompiledBasis, _ region: Region) -> Region {
    basis.knots.map { knot in
      knot.filter.regions(for: region)[0]
    }.reduce(region) { $1.union($0) }
  }

  /// Filters `rows` of the image. Returns how many samples could not be held, and whether pixels that may not be were NaN or infinite.
  func run(
    rows: Range<Int>, group: ChannelGroup, _ nonfinite: NonfinitePolicy, memory: UnsafeMutablePointer<Float>,
    _ counter: TileCounter
  ) throws(ApplyError) {
    let whole = Region(x: 0..<plan.width, y: rows)
    let roles = group.roles.count
    var next = memory
    func planes(_ region: Region, _ count: Int) -> Planes {
      let size = Self.count(region)
      defer { next += count * size }
      return Planes(base: next, region: region, stride: TileShape.stride(region.x.count), plane: size)
    }
    let image = planes(Self.extended(basis, whole), roles)
    let coordinates = planes(image.region, map.axisCount)
    let source = pass.source(group, nonfinite, kernels)
    try load(image, source, counter)
    try look(up: coordinates)
    let marks = Marks(coordinates.region, blockHeight: Self.bandHeight) { rows in
      activeKnots(rows, coordinates)
    }
    // Knots at lower rates: what they read, then the sums of what they give.
    var (inputs, levels) = ([Planes?](repeating: nil, count: basis.knots.count), [Level]())
    for (index, knot) in basis.knots.enumerated() {
      guard let rate = knot.filter.rate else { continue }
      let regions = knot.filter.regions(for: whole)
      inputs[index] = planes(regions[rate.columnSteps.count], roles)
      let low = whole.interpolated(by: rate)
      let isKnown = { (level: Level) in
        level.rate.factor == rate.factor && level.rate.interpolator.count == rate.interpolator.count
      }
      if let known = levels.firstIndex(where: isKnown) {
        levels[known].knots.append(index)
      } else {
        levels.append(Level(rate: rate, knots: [index], sums: planes(low, roles)))
      }
    }
    let bands = inputs.enumerated().flatMap { index, planes in
      planes.map { planes in Self.bands(planes.region.y).map { (knot: index, planes: planes, rows: $0) } } ?? []
    }
    parallelForEach(count: bands.count, threads: options.threads) { index in
      guard !counter.isStopped else { return }
      let band = bands[index]
      decimate(band.knot, band.planes, band.rows, image, coordinates, marks, roles)
    }
    let parts = levels.flatMap { level in Self.bands(level.sums.region.y).map { (level: level, rows: $0) } }
    let held = inputs
    parallelForEach(count: parts.count, threads: options.threads) { index in
      guard !counter.isStopped else { return }
      sum(parts[index].level, parts[index].rows, held, marks, roles)
    }
    let results = Self.bands(rows)
    let target = pass.target(of: source, basis.sums)
    let sums = levels
    parallelForEach(count: results.count, threads: options.threads) { index in
      guard !counter.isStopped else { return }
      let band = results[index]
      let clipped = finish(band, group, target, image, coordinates, marks, sums)
      _ = counter.advance(band.count * plan.width)
      counter.finishTile(sawNonFinite: false, clipped: clipped)
    }
  }

  private static func bands(_ rows: Range<Int>) -> [Range<Int>] {
    stride(from: rows.lowerBound, to: rows.upperBound, by: bandHeight).map {
      $0..<min($0 + bandHeight, rows.upperBound)
    }
  }

  // MARK: Inputs

  private func load(_ image: Planes, _ source: TileSource, _ counter: TileCounter) throws(ApplyError) {
    let bands = Self.bands(image.region.y)
    parallelForEach(count: bands.count, threads: options.threads) { index in
      let columns = ColumnExtension(image.region.x, width: source.image.width, border: source.border)
      defer { columns.deallocate() }
      for y in bands[index] {
        let rows = ChannelRows(
          first: image.at(image.region.x.lowerBound, y, 0), stride: image.plane, count: source.group.roles.count)
        source.load(row: y, columns, into: rows)
        for role in 0..<rows.count where source.checksFinite {
          var place: Int32 = 0
          check(kernels.first_nonfinite(rows[role], Int32(image.region.x.count), &place))
          if place < Int32(image.region.x.count) { counter.finishTile(sawNonFinite: true, clipped: 0) }
        }
      }
    }
  }

  /// Coordinates of the extended image, or weights: outside of the image those of the nearest pixel.
  private func look(up planes: Planes) throws(ApplyError) {
    let (left, width) = (-planes.region.x.lowerBound, plan.width)
    let bands = Self.bands(planes.region.y)
    let isBad = Locked<Bool>(false)
    parallelForEach(count: bands.count, threads: options.threads) { index in
      for y in bands[index] {
        for axis in 0..<map.axisCount {
          let row = planes.at(planes.region.x.lowerBound, y, axis)
          map.withRow(
            axis: axis, row: min(max(y, 0), map.height - 1), columns: 0..<width,
            scratch: UnsafeMutableBufferPointer(start: row + left, count: width)
          ) { values in
            if mapped.meaning == .weights {
              if values != UnsafePointer(row + left) { (row + left).update(from: values, count: width) }
              var place: Int32 = 0
              check(kernels.first_nonfinite(row + left, Int32(width), &place))
              if place < Int32(width) { isBad.withLock { $0 = true } }
            } else {
              var outside = KnotTable.Outside()
              basis.tables[axis].look(up: values, into: row + left, count: width, &outside, kernels)
              if outside.nans > 0 { isBad.withLock { $0 = true } }
            }
          }
          for x in 0..<left { row[x] = row[left] }
          for x in left + width..<planes.region.x.count { row[x] = row[left + width - 1] }
        }
      }
    }
    if isBad.withLock({ $0 }) { try mapped.refuseMap(rows: 0..<map.height) }
  }

  /// Whether each knot has a weight in rows of the extended image.
  private func activeKnots(_ rows: Range<Int>, _ coordinates: Planes) -> [Bool] {
    let (left, width) = (coordinates.region.x.lowerBound, coordinates.region.x.count)
    guard mapped.meaning == .parameters else {
      return basis.knots.indices.map { knot in
        rows.contains { y in
          UnsafeBufferPointer(start: coordinates.at(left, y, knot), count: width).contains { $0 != 0 }
        }
      }
    }
    let words = basis.tables.enumerated().map { axis, table in
      var words = [UInt64](repeating: 0, count: ceilingDivide(table.axis.knots.count, 64))
      check(
        kernels.mark_knots(
          coordinates.at(left, rows.lowerBound, axis), coordinates.stride, Int32(width), Int32(rows.count), &words,
          Int32(words.count)))
      return words
    }
    return basis.knots.map { knot in
      zip(knot.indices, words).allSatisfy { index, words in words[index / 64] >> UInt64(index % 64) & 1 == 1 }
    }
  }

  /// The weights of a knot from a pixel on.
  private func hat(_ index: Int, _ coordinates: Planes, _ x: Int, _ y: Int) -> fewtap_hat {
    let knot = basis.knots[index]
    var hat = fewtap_hat()
    hat.stride = coordinates.stride
    guard mapped.meaning == .parameters else {
      hat.coordinates.0 = UnsafePointer(coordinates.at(x, y, index))
      return hat
    }
    hat.axes = Int32(knot.indices.count)
    withUnsafeMutableBytes(of: &hat.coordinates) { bytes in
      let slots = bytes.bindMemory(to: UnsafePointer<Float>?.self)
      for axis in knot.indices.indices { slots[axis] = UnsafePointer(coordinates.at(x, y, axis)) }
    }
    withUnsafeMutableBytes(of: &hat.knots) { bytes in
      let slots = bytes.bindMemory(to: Float.self)
      for axis in knot.indices.indices { slots[axis] = Float(knot.indices[axis]) }
    }
    return hat
  }

  // MARK: Lower rates

  /// Makes rows of the weighted image at a knot's rate.
  private func decimate(
    _ knot: Int, _ result: Planes, _ rows: Range<Int>, _ image: Planes, _ coordinates: Planes, _ marks: Marks,
    _ roles: Int
  ) {
    guard let rate = basis.knots[knot].filter.rate else { return }
    let read = Region(x: result.region.x, y: rows).decimated(by: rate)
    guard marks.contains(knot, read.y) else {
      for role in 0..<roles {
        for y in rows {
          result.at(result.region.x.lowerBound, y, role).update(repeating: 0, count: result.region.x.count)
        }
      }
      return
    }
    let (count, width) = (rate.prefilter.count, read.x.count)
    let wide = TileShape.stride(width + 64 * rate.factor + count)
    withUnsafeTemporaryAllocation(of: Float.self, capacity: (count + 3) * wide) { scratch in
      scratch.initialize(repeating: 0)
      let (ring, first) = (scratch.baseAddress!, scratch.baseAddress! + count * wide)
      let low = first + 2 * wide
      withUnsafeTemporaryAllocation(of: UnsafePointer<Float>?.self, capacity: count) { pointers in
        for role in 0..<roles {
          var made = read.y.lowerBound
          for y in rows {
            let top = rate.factor * y - rate.prefilter.last
            while made < top + count {
              var weights = hat(knot, coordinates, read.x.lowerBound, made)
              check(
                kernels.weigh(
                  &weights, image.at(read.x.lowerBound, made, role), image.stride,
                  ring + (made - read.y.lowerBound) % count * wide, wide, Int32(width), 1))
              made += 1
            }
            for index in 0..<count {
              pointers[index] = UnsafePointer(ring + (top + index - read.y.lowerBound) % count * wide)
            }
            check(
              kernels.weighted_rows(
                pointers.baseAddress!, rate.prefilter.values, Int32(count), first, Int32(width), 0, nil))
            // It writes more than its columns, which may be another thread's.
            rate.decimate(first, into: low, width: result.region.x.count, spare: first + wide, kernels)
            result.at(result.region.x.lowerBound, y, role).update(from: low, count: result.region.x.count)
          }
        }
      }
    }
  }

  /// Makes rows of a level's sums.
  private func sum(_ level: Level, _ rows: Range<Int>, _ inputs: [Planes?], _ marks: Marks, _ roles: Int) {
    let part = Region(x: level.sums.region.x, y: rows)
    for role in 0..<roles {
      for y in rows { level.sums.at(part.x.lowerBound, y, role).update(repeating: 0, count: part.x.count) }
    }
    for index in level.knots {
      let knot = basis.knots[index]
      guard let input = inputs[index], let rate = knot.filter.rate else { continue }
      let needed = knot.filter.layers.reversed().reduce(part) { $0.read(by: $1.bounds) }
      guard marks.contains(index, needed.decimated(by: rate).y) else { continue }
      add(knot.filter.layers, of: input, part, roles) { role, y in level.sums.at(part.x.lowerBound, y, role) }
    }
  }

  // MARK: Layers

  /// Adds what layers make of planes over `part` to the rows that `place` gives.
  private func add(
    _ layers: [CompiledFilter.Layer], of input: Planes, _ part: Region, _ roles: Int,
    to place: (_ role: Int, _ y: Int) -> UnsafeMutablePointer<Float>
  ) {
    var regions = [part]
    for layer in layers.dropFirst().reversed() { regions.append(regions[regions.count - 1].read(by: layer.bounds)) }
    let runs = layers.map(\.runs.count).max() ?? 0
    let size = regions.reduce(0) { max($0, Self.count($1)) } + 8 * TileShape.stride(regions[regions.count - 1].x.count)
    withUnsafeTemporaryAllocation(of: fewtap_run.self, capacity: max(1, runs)) { runs in
      withUnsafeTemporaryAllocation(of: Float.self, capacity: 2 * size) { scratch in
        scratch.initialize(repeating: 0)
        for role in 0..<roles {
          var current = input
          current.base += role * input.plane
          for (index, layer) in layers.enumerated() {
            let region = regions[layers.count - 1 - index]
            let output = Planes(
              base: scratch.baseAddress! + index % 2 * size, region: region, stride: TileShape.stride(region.x.count),
              plane: 0)
            var packed = layer.pack(into: runs.baseAddress!, stride: current.stride)
            check(
              kernels.layer(
                &packed, current.at(region.x.lowerBound, region.y.lowerBound, 0), current.stride, output.base,
                output.stride, Int32(region.x.count),
                Int32(ceilingDivide(region.y.count, Int(FEWTAP_BLOCK_ROWS)) * Int(FEWTAP_BLOCK_ROWS))))
            current = output
          }
          for y in part.y {
            check(kernels.add_row(place(role, y), current.at(part.x.lowerBound, y, 0), Int32(part.x.count)))
          }
        }
      }
    }
  }

  // MARK: Results

  /// Makes rows of the result. Returns how many samples could not be held.
  private func finish(
    _ rows: Range<Int>, _ group: ChannelGroup, _ target: TileTarget, _ image: Planes, _ coordinates: Planes,
    _ marks: Marks, _ levels: [Level]
  ) -> Int {
    let (roles, part) = (group.roles.count, Region(x: 0..<plan.width, y: rows))
    let stride = TileShape.stride(plan.width)
    return withUnsafeTemporaryAllocation(of: Float.self, capacity: roles * rows.count * stride) { results in
      results.initialize(repeating: 0)
      func place(_ role: Int, _ y: Int) -> UnsafeMutablePointer<Float> {
        results.baseAddress! + (role * rows.count + y - rows.lowerBound) * stride
      }
      for (index, knot) in basis.knots.enumerated() where knot.level == nil {
        let read = knot.filter.layers.reversed().reduce(part) { $0.read(by: $1.bounds) }
        guard marks.contains(index, read.y) else { continue }
        let size = Self.count(read)
        withUnsafeTemporaryAllocation(of: Float.self, capacity: roles * size) { scratch in
          scratch.initialize(repeating: 0)
          let weighted = Planes(
            base: scratch.baseAddress!, region: read, stride: TileShape.stride(read.x.count), plane: size)
          for role in 0..<roles {
            var weights = hat(index, coordinates, read.x.lowerBound, read.y.lowerBound)
            check(
              kernels.weigh(
                &weights, image.at(read.x.lowerBound, read.y.lowerBound, role), image.stride,
                weighted.at(read.x.lowerBound, read.y.lowerBound, role), weighted.stride, Int32(read.x.count),
                Int32(read.y.count)))
          }
          add(knot.filter.layers, of: weighted, part, roles, to: place)
        }
      }
      for level in levels { interpolate(level, rows, roles, place) }
      var clipped = 0
      for y in rows {
        clipped += target.finish(row: y, columns: part.x, (0..<roles).map { place($0, y) })
      }
      return clipped
    }
  }

  /// Adds a level's sums, interpolated, to rows of the result.
  private func interpolate(
    _ level: Level, _ rows: Range<Int>, _ roles: Int, _ place: (_ role: Int, _ y: Int) -> UnsafeMutablePointer<Float>
  ) {
    let rate = level.rate
    let low = Region(x: 0..<plan.width, y: rows).interpolated(by: rate)
    let wide = TileShape.stride(rate.factor * ceilingDivide(low.x.count, 64) * 64) + 64
    let first = rate.factor * low.x.lowerBound + rate.interpolator.first
    withUnsafeTemporaryAllocation(of: Float.self, capacity: (low.y.count + 3) * wide + 64) { scratch in
      scratch.initialize(repeating: 0)
      let expanded = scratch.baseAddress! + 64
      let spare = (expanded + low.y.count * wide, expanded + (low.y.count + 1) * wide)
      for role in 0..<roles {
        for y in low.y {
          rate.interpolate(
            level.sums.at(low.x.lowerBound, y, role), count: low.x.count,
            into: expanded + (y - low.y.lowerBound) * wide, spare: spare, kernels)
        }
        let sum = expanded + (low.y.count + 2) * wide - 64
        for y in rows {
          let (between, weights) = rate.interpolation(of: y)
          withUnsafeTemporaryAllocation(of: UnsafePointer<Float>?.self, capacity: weights.count) { pointers in
            for index in 0..<weights.count {
              pointers[index] = UnsafePointer(
                expanded + (between.lowerBound + index - low.y.lowerBound) * wide - first)
            }
            check(
              kernels.weighted_rows(
                pointers.baseAddress!, weights.values, Int32(weights.count), sum, Int32(plan.width), 0, nil))
          }
          check(kernels.add_row(place(role, y), sum, Int32(plan.width)))
        }
      }
    }
  }
}

/// Which knots have a weight in blocks of rows.
private struct Marks: Sendable {
  private let first: Int
  private let blockHeight: Int
  /// For each block a flag a knot.
  private let flags: [[Bool]]

  /// Blocks of `region`'s rows; `active` tells of each knot.
  init(_ region: Region, blockHeight: Int, active: (_ rows: Range<Int>) -> [Bool]) {
    (first, self.blockHeight) = (region.y.lowerBound, blockHeight)
    flags = stride(from: region.y.lowerBound, to: region.y.upperBound, by: blockHeight).map {
      active($0..<min($0 + blockHeight, region.y.upperBound))
    }
  }

  /// Whether the knot may have a weight in rows.
  func contains(_ knot: Int, _ rows: Range<Int>) -> Bool {
    let top = max(0, (rows.lowerBound - first) / blockHeight)
    let bottom = min((rows.upperBound - 1 - first) / blockHeight, flags.count - 1)
    return top <= bottom && (top...bottom).contains { flags[$0][knot] }
  }
}
