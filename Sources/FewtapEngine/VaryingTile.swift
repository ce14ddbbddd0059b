internal import CFewtapKernels
import FewtapCore

/// A tile of a varying filter of the outputs operator: every knot that has a weight in it runs as a whole, on the levels that all
/// tiles share or on the image, and its result is added with the weights of its pixels, at the image's own rate.
///
/// Equation: `out[p] = sum_k h_k(p) (B_k S_k A_k I)(p)`, h the product over the axes of `max(0, 1 - |coordinate(p) - k|)`.
/// A pixel's knots are added in ascending order, and those without a weight are not added: no bit depends on tiles or blocks.
///
/// A tile of a gradient has in its results what the loss changes by with them, and adds up what it changes by with coordinates
/// instead: `sum_k c(p) dh_k/du (B_k S_k A_k I)(p)`.
/// A class, though one thread owns it: nothing in it is copied or counted while pixels go by.
final class VaryingTile {
  /// A rectangle of pixels in memory.
  struct Pixels {
    /// The pixel at the region's corner.
    var base: UnsafeMutablePointer<Float>
    var stride: Int
    var region: Region

    @inline(__always)
    func at(_ x: Int, _ y: Int) -> UnsafeMutablePointer<Float> {
      base + (y - region.y.lowerBound) * stride + (x - region.x.lowerBound)
    }
  }

  /// The image as filters at its own rate read it.
  private struct SourcePixels {
    /// One a role.
    var pixels: [Pixels]
    /// Whether it is the image's own memory.
    var isDirect: Bool
  }

  /// Blocks side by side.
  private struct Span {
    /// Columns and rows of the image.
    var region: Region
    /// Whether nothing was added to their results yet.
    var begins: Bool
    /// Whether nothing will be.
    var ends: Bool
  }

  private let basis: CompiledBasis
  private let knots: UnsafeBufferPointer<PackedBasis.Knot>
  private let rates: UnsafeBufferPointer<CompiledFilter.Rate?>
  private let wordCounts: [Int]
  private let kernels: fewtap_kernels
  private let region: Region
  private let shape: VaryingShape
  private let source: TileSource
  /// The levels' pixels of role 0, and floats from one role's to the next one's.
  private let levels: UnsafeBufferPointer<(pixels: Pixels, plane: Int)>
  private let coordinates: UnsafeMutablePointer<Float>
  private let results: UnsafeMutableBufferPointer<Pixels>
  /// Where results go when they are whole, if they need nothing more.
  private let target: TileTarget?
  /// What the loss changes by with coordinates, one plane an axis after the other; nil for a filter.
  private let slopes: UnsafeMutablePointer<Float>?
  private let imageRows: UnsafeMutablePointer<Float>
  private let stages: (UnsafeMutablePointer<Float>, UnsafeMutablePointer<Float>)
  private let expanded: UnsafeMutablePointer<Float>
  private let scratch: (UnsafeMutablePointer<Float>, UnsafeMutablePointer<Float>)
  /// The rows of a filter's result that each row of the tile lies between; and those of a block's rows at the image's own rate.
  private let between: UnsafeMutablePointer<fewtap_between>
  private let straight: UnsafeMutablePointer<fewtap_between>
  /// Room for as many as there are blocks.
  private let spanMemory: UnsafeMutablePointer<Span>
  /// One a role: where a knot's rows are, and where they are added.
  private let inputs: UnsafeMutablePointer<UnsafePointer<Float>?>
  private let outputs: UnsafeMutablePointer<UnsafeMutablePointer<Float>?>
  /// Blocks across and down.
  private let blocks: (x: Int, y: Int)
  /// Weights of filters, where the map is not of parameters; and room for one of its rows.
  private var weights: (map: ParameterMap, row: UnsafeMutableBufferPointer<Float>)?
  @exclusivity(unchecked) private(set) var outside = KnotTable.Outside()
  @exclusivity(unchecked) private(set) var sawNonFinite = false

  /// A tile that works in `memory`. Results stay there, or go to `target` if their rows need nothing more.
  init(
    _ basis: CompiledBasis, _ packed: PackedBasis, _ shape: VaryingShape, _ region: Region, _ kernels: fewtap_kernels,
    source: TileSource, levels: [RowWindow], target: TileTarget?, memory: UnsafeMutablePointer<Float>
  ) {
    (self.basis, knots, rates, wordCounts) = (basis, packed.knots, packed.rates, packed.wordCounts)
    (self.shape, self.region, self.kernels, self.source) = (shape, region, kernels, source)
    self.target = target
    self.levels = UnsafeBufferPointer(
      .copying(
        levels.map { window in
          let first = window.row(window.rows.lowerBound, 0)
          return (
            Pixels(base: first, stride: window.stride, region: Region(x: window.columns, y: window.rows)),
            window.rows(window.rows.lowerBound).stride
          )
        }))
    var next = memory
    func take(_ count: Int) -> UnsafeMutablePointer<Float> {
      defer { next += count }
      return next
    }
    let plane = region.y.count * shape.stride
    coordinates = take(shape.axes * plane)
    let own = take(shape.roles * plane)
    slopes = shape.gradients > 0 ? take(shape.gradients * plane) : nil
    results = .copying(
      (0..<shape.roles).map { Pixels(base: own + $0 * plane, stride: shape.stride, region: region) })
    imageRows = take(shape.roles * shape.sourceRows * shape.sourceStride)
    stages = (
      take(shape.stageCount + TileShape.margin) + TileShape.margin,
      take(shape.stageCount + TileShape.margin) + TileShape.margin
    )
    expanded = take(shape.roles * shape.expandedCount)
    scratch = (
      take(shape.scratchCount + TileShape.margin) + TileShape.margin,
      take(shape.scratchCount + TileShape.margin) + TileShape.margin
    )
    blocks = (
      ceilingDivide(region.x.count, VaryingShape.blockColumns), ceilingDivide(region.y.count, VaryingShape.blockRows)
    )
    between = .allocate(capacity: region.y.count)
    straight = .allocate(capacity: VaryingShape.blockRows)
    for row in 0..<VaryingShape.blockRows {
      straight[row] = fewtap_between(first: Int32(row), count: 1, weights: (1, 0, 0, 0))
    }
    spanMemory = .allocate(capacity: UInt64.bitWidth)
    inputs = .allocate(capacity: shape.roles)
    outputs = .allocate(capacity: shape.roles)
  }

  deinit {
    levels.deallocate()
    results.deallocate()
    between.deallocate()
    straight.deallocate()
    spanMemory.deallocate()
    inputs.deallocate()
    outputs.deallocate()
  }

  /// The tile's rows of results of a role.
  func result(_ role: Int) -> Pixels { results[role] }

  /// The tile's row of what the loss changes by with the coordinates of an axis.
  func slopes(_ axis: Int, row y: Int) -> UnsafePointer<Float>? {
    slopes.map { UnsafePointer($0 + (axis * region.y.count + y - region.y.lowerBound) * shape.stride) }
  }

  /// Begins a gradient: loads what the loss changes by with the results, one channel a role, and moves coordinates off the knots.
  func begin(gradientOf changes: SourceImage, channels: Range<Int>) {
    guard let slopes else { return }
    let plane = region.y.count * shape.stride
    slopes.update(repeating: 0, count: shape.gradients * plane)
    for y in region.y {
      let rows = ChannelRows(first: results[0].at(region.x.lowerBound, y), stride: plane, count: channels.count)
      changes.load(row: y, columns: region.x, channels: channels, into: rows)
      for axis in 0..<shape.axes {
        let row = coordinates + (axis * region.y.count + y - region.y.lowerBound) * shape.stride
        check(kernels.leave_knots(row, Int32(basis.tables[axis].axis.knots.count), Int32(region.x.count)))
      }
    }
  }

  /// Rows of the map that are asked for before they are read.
  private static let rowsAhead = 6

  // MARK: Which knots

  /// Takes weights from `map`; `row` has room for a row of it.
  func weigh(by map: ParameterMap, row: UnsafeMutableBufferPointer<Float>) { weights = (map, row) }

  /// Loads the weights of a filter into the place of coordinates.
  private func loadWeights(_ knot: Int) {
    guard let weights else { return }
    for y in region.y {
      let place = coordinates + (y - region.y.lowerBound) * shape.stride
      weights.map.withRow(axis: knot, row: y, columns: region.x, scratch: weights.row) {
        place.update(from: $0, count: region.x.count)
      }
    }
  }

  /// The filters that have a weight, each with its blocks.
  private func weighedKnots() -> [(knot: Int, blocks: UInt64)] {
    knots.indices.compactMap { knot in
      loadWeights(knot)
      var bits: UInt64 = 0
      for y in 0..<blocks.y {
        for x in 0..<blocks.x {
          let block = block(x, y)
          for row in block.y {
            let values = UnsafeBufferPointer(
              start: coordinate(0, Region(x: block.x, y: row..<row + 1)), count: block.x.count)
            for value in values where value != 0 {
              bits |= 1 << UInt64(y * blocks.x + x)
              if !value.isFinite { outside.nans += 1 }
            }
          }
        }
      }
      return bits == 0 ? nil : (knot, bits)
    }
  }

  /// Looks up the coordinates of all pixels; `row` has room for a row of the map.
  func look(up map: ParameterMap, row: UnsafeMutableBufferPointer<Float>) {
    for axis in 0..<shape.axes {
      let table = basis.tables[axis]
      func look(_ y: Int, _ values: UnsafePointer<Float>) {
        let place = coordinates + (axis * region.y.count + y - region.y.lowerBound) * shape.stride
        table.look(up: values, into: place, count: region.x.count, &outside, kernels)
      }
      guard map.isStored else {
        for y in region.y { map.withRow(axis: axis, row: y, columns: region.x, scratch: row) { look(y, $0) } }
        continue
      }
      map.withRow(axis: axis, row: region.y.lowerBound, columns: region.x, scratch: row) { first in
        let bytes = region.x.count * MemoryLayout<Float>.stride
        for y in region.y {
          let values = first + (y - region.y.lowerBound) * map.width
          // Rows of a tile are too short for the processor to guess where the next ones are, nor the results'.
          if y + Self.rowsAhead < region.y.upperBound {
            check(kernels.prefetch(values + Self.rowsAhead * map.width, bytes))
          }
          look(y, values)
        }
      }
    }
  }

  /// The knots that have a weight, each with the blocks in which it has one: bit `y * blocks.x + x`.
  private func activeKnots() -> [(knot: Int, blocks: UInt64)] {
    let (width, count) = (wordCounts.reduce(0, +), blocks.x * blocks.y)
    return withUnsafeTemporaryAllocation(of: UInt64.self, capacity: width * (count + 1)) { marks in
      marks.initialize(repeating: 0)
      for y in 0..<blocks.y {
        for x in 0..<blocks.x {
          var word = (y * blocks.x + x) * width
          let block = block(x, y)
          for axis in 0..<shape.axes {
            check(
              kernels.mark_knots(
                coordinate(axis, block), shape.stride, Int32(block.x.count), Int32(block.y.count),
                marks.baseAddress! + word, Int32(wordCounts[axis])))
            word += wordCounts[axis]
          }
        }
      }
      let all = count * width
      for block in 0..<count { for word in 0..<width { marks[all + word] |= marks[block * width + word] } }
      var active: [(knot: Int, blocks: UInt64)] = []
      for index in 0..<knots.count {
        let knot = knots[index]
        func isMarked(_ first: Int) -> Bool {
          for axis in 0..<shape.axes {
            let bit = knot.index(axis)
            if marks[first + knot.word(axis) + bit / 64] >> UInt64(bit % 64) & 1 == 0 { return false }
          }
          return true
        }
        guard isMarked(all) else { continue }
        var bits: UInt64 = 0
        for block in 0..<count where isMarked(block * width) { bits |= 1 << UInt64(block) }
        if bits != 0 { active.append((index, bits)) }
      }
      return active
    }
  }

  /// Where the coordinates of a part of the tile begin.
  private func coordinate(_ axis: Int, _ part: Region) -> UnsafePointer<Float> {
    UnsafePointer(
      coordinates + (axis * region.y.count + part.y.lowerBound - region.y.lowerBound) * shape.stride
        + part.x.lowerBound - region.x.lowerBound)
  }

  /// Columns and rows of the image in a block.
  private func block(_ x: Int, _ y: Int) -> Region {
    let (left, top) = (
      region.x.lowerBound + x * VaryingShape.blockColumns, region.y.lowerBound + y * VaryingShape.blockRows
    )
    return Region(
      x: left..<min(left + VaryingShape.blockColumns, region.x.upperBound),
      y: top..<min(top + VaryingShape.blockRows, region.y.upperBound))
  }

  // MARK: Results

  /// Makes the results of all roles.
  func run() {
    let active = weights == nil ? activeKnots() : weighedKnots()
    guard outside.nans == 0 else { return }
    var image: SourcePixels?
    let near = active.reduce(0 as UInt64) { knots[$1.knot].level < 0 ? $0 | $1.blocks : $0 }
    if levels.isEmpty && source.checksFinite {
      // Where no level reads them all, the image's pixels are looked at here.
      image = loadImage(around: region)
    } else if near != 0 {
      image = loadImage(around: hull(spans(of: near, begun: 0, ending: .max)))
    }
    // A block's first knot begins its results, and after its last one they are whole.
    var begun: UInt64 = 0
    var left = active.map(\.blocks)
    for later in left.indices.reversed().dropFirst() { left[later] |= left[later + 1] }
    for (order, (index, bits)) in active.enumerated() {
      loadWeights(index)
      let knot = knots[index]
      let spans = spans(of: bits, begun: begun, ending: order + 1 < left.count ? ~left[order + 1] : .max)
      begun |= bits
      if let rate = rates[index] {
        runLow(knot, rate, bits, spans)
      } else if let image {
        runFull(knot, spans, image)
      }
    }
    guard slopes == nil else { return }
    // Weights of one's own may all be 0.
    let all: UInt64 = blocks.x * blocks.y == 64 ? .max : 1 << UInt64(blocks.x * blocks.y) - 1
    for span in spans(of: all & ~begun, begun: 0, ending: .max) {
      for role in 0..<results.count {
        for y in span.region.y {
          results[role].at(span.region.x.lowerBound, y).update(repeating: 0, count: span.region.x.count)
        }
      }
      finish(results.indices, span)
    }
  }

  /// The image around a part of the tile, as far as filters at its own rate read.
  private func loadImage(around part: Region) -> SourcePixels {
    let read = basis.fullRateBounds.map { part.read(by: $0) } ?? part
    if !source.checksFinite || !levels.isEmpty {
      let places = results.indices.compactMap { directPlace(read, role: $0) }
      if places.count == results.count { return SourcePixels(pixels: places, isDirect: true) }
    }
    let columns = ColumnExtension(read.x, width: source.image.width, border: source.border)
    defer { columns.deallocate() }
    let plane = shape.sourceRows * shape.sourceStride
    for y in read.y {
      let row = imageRows + (y - read.y.lowerBound) * shape.sourceStride
      source.load(row: y, columns, into: ChannelRows(first: row, stride: plane, count: shape.roles))
      for role in 0..<shape.roles where source.checksFinite && !sawNonFinite {
        var index: Int32 = 0
        check(kernels.first_nonfinite(row + role * plane, Int32(read.x.count), &index))
        sawNonFinite = index < Int32(read.x.count)
      }
    }
    return SourcePixels(
      pixels: results.indices.map {
        Pixels(base: imageRows + $0 * plane, stride: shape.sourceStride, region: read)
      }, isDirect: false)
  }

  /// The image's own memory, if all that is read lies in it as light, whole blocks included.
  private func directPlace(_ read: Region, role: Int) -> Pixels? {
    let (right, below) = (Int(FEWTAP_BLOCK_COLUMNS), Int(FEWTAP_BLOCK_ROWS))
    let held = source.image.heldRows
    guard read.x.lowerBound >= 0, read.x.upperBound + right <= source.image.width,
      read.y.lowerBound >= held.lowerBound, read.y.upperBound + below <= held.upperBound,
      let place = source.directPlane(role)
    else { return nil }
    let base = place.row0 + read.y.lowerBound * place.stride + read.x.lowerBound
    return Pixels(base: UnsafeMutablePointer(mutating: base), stride: place.stride, region: read)
  }

  /// Adds the results of a filter at the image's own rate.
  private func runFull(_ knot: PackedBasis.Knot, _ spans: Spans, _ image: SourcePixels) {
    // A chain is computed once for all the blocks, and one role after the other has its room.
    guard knot.layers.count == 1 else {
      let hull = hull(spans)
      for role in results.indices {
        let rows = run(knot, knot.layers.count, image.isDirect, image.pixels[role], hull)
        for span in spans {
          inputs[role] = UnsafePointer(rows.at(span.region.x.lowerBound, span.region.y.lowerBound))
          blend(knot, role..<role + 1, stride: rows.stride, straight, span)
        }
      }
      return
    }
    for span in spans {
      var stride = 0
      for role in results.indices {
        let input = image.pixels[role]
        let rows = knot.isIdentity ? input : run(knot, 1, image.isDirect, input, span.region, place: role)
        inputs[role] = UnsafePointer(rows.at(span.region.x.lowerBound, span.region.y.lowerBound))
        stride = rows.stride
      }
      blend(knot, results.indices, stride: stride, straight, span)
    }
  }

  /// Adds the results of a filter at a lower rate.
  private func runLow(_ knot: PackedBasis.Knot, _ rate: CompiledFilter.Rate, _ bits: UInt64, _ spans: Spans) {
    let hull = hull(spans)
    let low = hull.interpolated(by: rate)
    for y in hull.y {
      let (rows, weights) = rate.interpolation(of: y)
      var entry = fewtap_between(
        first: Int32(rows.lowerBound - low.y.lowerBound), count: Int32(rows.count), weights: (0, 0, 0, 0))
      withUnsafeMutableBytes(of: &entry.weights) { bytes in
        let slots = bytes.bindMemory(to: Float.self)
        for i in 0..<rows.count { slots[i] = weights.values[i] }
      }
      between[y - region.y.lowerBound] = entry
    }
    guard knot.layers.count == 1 else {
      for role in results.indices { runLow(knot, rate, bits, spans, hull, low, role..<role + 1) }
      return
    }
    runLow(knot, rate, bits, spans, hull, low, results.indices)
  }

  /// The same for some roles, ``between`` at hand: all of them if the filter has one layer.
  private func runLow(
    _ knot: PackedBasis.Knot, _ rate: CompiledFilter.Rate, _ bits: UInt64, _ spans: Spans, _ hull: Region,
    _ low: Region,
    _ roles: Range<Int>
  ) {
    let level = levels[knot.level]
    let stride = TileShape.stride(rate.factor * ceilingDivide(low.x.count, 64) * 64)
    let first = rate.factor * low.x.lowerBound + rate.interpolator.first
    let block = Int(FEWTAP_BLOCK_ROWS)
    func input(_ role: Int) -> Pixels {
      Pixels(base: level.pixels.base + role * level.plane, stride: level.pixels.stride, region: level.pixels.region)
    }
    // One layer is computed where it counts: blocks of rows over the columns of the blocks that they are interpolated for.
    let whole =
      knot.layers.count == 1 ? nil : run(knot, knot.layers.count, false, input(roles.lowerBound), low)
    var done = 0
    for top in Swift.stride(from: low.y.lowerBound, to: low.y.upperBound, by: block) {
      let rows = top..<min(top + block, low.y.upperBound)
      if let columns = columns(forLow: rows, rate, bits) {
        let part = Region(x: Region(x: columns, y: hull.y).interpolated(by: rate).x, y: rows)
        for role in roles {
          let result = whole ?? run(knot, 1, false, input(role), part)
          let place = expanded + role * shape.expandedCount + rate.factor * (part.x.lowerBound - low.x.lowerBound)
          for y in rows {
            rate.interpolate(
              result.at(part.x.lowerBound, y), count: part.x.count, into: place + (y - low.y.lowerBound) * stride,
              spare: scratch, kernels)
          }
        }
      }
      // Rows are added as soon as those that they lie between are there, which then are in the first-level cache.
      while done < spans.count,
        rate.interpolation(of: spans[done].region.y.upperBound - 1).rows.upperBound <= rows.upperBound
      {
        let part = spans[done].region
        for role in roles {
          inputs[role] = UnsafePointer(expanded + role * shape.expandedCount + (part.x.lowerBound - first))
        }
        blend(knot, roles, stride: stride, between + (part.y.lowerBound - region.y.lowerBound), spans[done])
        done += 1
      }
    }
  }

  /// Columns of the blocks that low-rate rows are interpolated for, their hull.
  private func columns(forLow rows: Range<Int>, _ rate: CompiledFilter.Rate, _ bits: UInt64) -> Range<Int>? {
    let top = rate.factor * rows.lowerBound + rate.interpolator.first - region.y.lowerBound
    let bottom = rate.factor * (rows.upperBound - 1) + rate.interpolator.last - region.y.lowerBound
    guard bottom >= 0, top < region.y.count else { return nil }
    let first = max(0, top) / VaryingShape.blockRows, last = min(bottom / VaryingShape.blockRows, blocks.y - 1)
    var used: UInt64 = 0
    for y in first...max(first, last) { used |= bits >> UInt64(y * blocks.x) & (1 << UInt64(blocks.x) - 1) }
    guard used != 0 else { return nil }
    let (left, right) = (block(used.trailingZeroBitCount, 0), block(63 - used.leadingZeroBitCount, 0))
    return left.x.lowerBound..<right.x.upperBound
  }

  /// What the first `count` layers of a filter give for `region`, in the pixels of their rate; one layer's block of rows in one of as
  /// many places as there are roles.
  private func run(
    _ knot: PackedBasis.Knot, _ count: Int, _ isDirect: Bool, _ input: Pixels, _ region: Region, place: Int = 0
  ) -> Pixels {
    var layer = count == 1 && isDirect ? knot.direct : knot.layers[count - 1]
    let before = count == 1 ? input : run(knot, count - 1, isDirect, input, region.read(by: layer.bounds))
    let stage = (count % 2 == 1 ? stages.0 : stages.1) + place * Int(FEWTAP_BLOCK_ROWS) * shape.stageStride
    let output = Pixels(base: stage, stride: shape.stageStride, region: region)
    let rows = ceilingDivide(region.y.count, Int(FEWTAP_BLOCK_ROWS)) * Int(FEWTAP_BLOCK_ROWS)
    check(
      kernels.layer(
        &layer.packed, before.at(region.x.lowerBound, region.y.lowerBound), before.stride, output.base, output.stride,
        Int32(region.x.count), Int32(rows)))
    if knot.layers.count == 1 { prefetch(input, below: region.read(by: layer.bounds)) }
    return output
  }

  /// Asks for a block's rows below those that a layer has read, which it reads next: rows of a tile are too short for the processor
  /// to guess them.
  private func prefetch(_ input: Pixels, below read: Region) {
    let end = min(read.y.upperBound + Int(FEWTAP_BLOCK_ROWS), input.region.y.upperBound)
    for y in read.y.upperBound..<max(read.y.upperBound, end) {
      check(kernels.prefetch(input.at(read.x.lowerBound, y), read.x.count * MemoryLayout<Float>.stride))
    }
  }

  /// Adds rows of a knot's result, at ``inputs``, to those of some roles.
  private func blend(
    _ knot: PackedBasis.Knot, _ roles: Range<Int>, stride: Int, _ between: UnsafePointer<fewtap_between>, _ span: Span
  ) {
    let part = span.region
    var hat = fewtap_hat()
    hat.stride = shape.stride
    hat.axes = weights == nil ? Int32(shape.axes) : 0
    withUnsafeMutableBytes(of: &hat.coordinates) { bytes in
      let slots = bytes.bindMemory(to: UnsafePointer<Float>?.self)
      for axis in 0..<shape.axes { slots[axis] = coordinate(axis, part) }
    }
    withUnsafeMutableBytes(of: &hat.knots) { bytes in
      let slots = bytes.bindMemory(to: Float.self)
      for axis in 0..<shape.axes { slots[axis] = Float(knot.index(axis)) }
    }
    for role in roles { outputs[role] = results[role].at(part.x.lowerBound, part.y.lowerBound) }
    guard let slopes else {
      check(
        kernels.blend(
          &hat, inputs + roles.lowerBound, stride, between, span.begins ? 1 : 0, outputs + roles.lowerBound,
          shape.stride, Int32(roles.count), Int32(part.x.count), Int32(part.y.count)))
      finish(roles, span)
      return
    }
    let first = slopes + (part.y.lowerBound - region.y.lowerBound) * shape.stride
    for role in roles {
      check(
        kernels.blend_slopes(
          &hat, inputs[role], stride, between, outputs[role], first + (part.x.lowerBound - region.x.lowerBound),
          shape.stride, region.y.count * shape.stride, Int32(part.x.count), Int32(part.y.count)))
    }
  }

  /// Takes results that are whole to their place, while they are in the first-level cache.
  private func finish(_ roles: Range<Int>, _ span: Span) {
    guard span.ends, let target else { return }
    for role in roles {
      target.place(
        results[role].at(span.region.x.lowerBound, span.region.y.lowerBound), stride: shape.stride, role: role,
        span.region)
    }
  }

  // MARK: Blocks

  private typealias Spans = UnsafeBufferPointer<Span>

  /// The smallest region that holds all.
  private func hull(_ spans: Spans) -> Region {
    spans.dropFirst().reduce(spans[0].region) { $0.union($1.region) }
  }

  /// The blocks, from top to bottom, those side by side together that are alike: `begun` before or not, `ending` now or not. Good until
  /// they are asked for again.
  private func spans(of bits: UInt64, begun: UInt64, ending: UInt64) -> Spans {
    var count = 0
    for y in 0..<blocks.y {
      var x = 0
      while x < blocks.x {
        let start = x
        func isSet(_ bits: UInt64, _ x: Int) -> Bool { bits >> UInt64(y * blocks.x + x) & 1 == 1 }
        let (begins, ends) = (!isSet(begun, x), isSet(ending, x))
        while x < blocks.x, isSet(bits, x), isSet(begun, x) != begins, isSet(ending, x) == ends { x += 1 }
        guard x > start else {
          x += 1
          continue
        }
        (spanMemory + count).initialize(
          to: Span(region: block(start, y).union(block(x - 1, y)), begins: begins, ends: ends))
        count += 1
      }
    }
    return Spans(start: spanMemory, count: count)
  }
}
