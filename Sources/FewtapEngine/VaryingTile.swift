internal import CFewtapKernels
import FewtapCore

/// A tile of a varying filter of the outputs operator: every knot that has a weight in it runs as a whole, on the levels that all
/// tiles share or on the image, and its result is added with the weights of its pixels, at the image's own rate.
///
/// Equation: `out[p] = sum_k h_k(p) (B_k S_k A_k I)(p)`, h the product over the axes of `max(0, 1 - |coordinate(p) - k|)`.
/// A pixel's knots are added in ascending order, and those without a weight are not added: no bit depends on tiles or blocks.
struct VaryingTile {
  /// A rectangle of pixels in memory.
  struct Pixels {
    /// The pixel at the region's corner.
    var base: UnsafeMutablePointer<Float>
    var stride: Int
    var region: Region

    func at(_ x: Int, _ y: Int) -> UnsafeMutablePointer<Float> {
      base + (y - region.y.lowerBound) * stride + (x - region.x.lowerBound)
    }
  }

  private let basis: CompiledBasis
  private let kernels: fewtap_kernels
  private let region: Region
  private let shape: VaryingShape
  private let source: TileSource
  /// The levels' rows, all roles.
  private let levels: [RowWindow]
  private let coordinates: UnsafeMutablePointer<Float>
  private let results: UnsafeMutablePointer<Float>
  private let imageRows: UnsafeMutablePointer<Float>
  private let stages: (UnsafeMutablePointer<Float>, UnsafeMutablePointer<Float>)
  private let expanded: UnsafeMutablePointer<Float>
  private let scratch: (UnsafeMutablePointer<Float>, UnsafeMutablePointer<Float>)
  private let runs: UnsafeMutablePointer<fewtap_run>
  /// Blocks across and down.
  private let blocks: (x: Int, y: Int)
  private(set) var outside = [KnotTable.Outside]()
  private(set) var sawNonFinite = false

  init(
    _ basis: CompiledBasis, _ shape: VaryingShape, _ region: Region, _ kernels: fewtap_kernels, source: TileSource,
    levels: [RowWindow], memory: UnsafeMutablePointer<Float>
  ) {
    (self.basis, self.shape, self.region, self.kernels) = (basis, shape, region, kernels)
    (self.source, self.levels) = (source, levels)
    var next = memory
    func take(_ count: Int) -> UnsafeMutablePointer<Float> {
      defer { next += count }
      return next
    }
    let plane = region.y.count * shape.stride
    (coordinates, results) = (take(shape.axes * plane), take(shape.roles * plane))
    imageRows = take(shape.roles * shape.sourceRows * shape.sourceStride)
    stages = (take(shape.stageCount), take(shape.stageCount + TileShape.margin) + TileShape.margin)
    expanded = take(shape.expandedCount)
    scratch = (take(shape.scratchCount + TileShape.margin), take(shape.scratchCount + TileShape.margin))
    runs = UnsafeMutableRawPointer(next).assumingMemoryBound(to: fewtap_run.self)
    blocks = (
      ceilingDivide(region.x.count, VaryingShape.blockColumns), ceilingDivide(region.y.count, VaryingShape.blockRows)
    )
  }

  /// The tile's rows of results of a role.
  func result(_ role: Int) -> Pixels {
    Pixels(base: results + role * region.y.count * shape.stride, stride: shape.stride, region: region)
  }

  // MARK: Which knots

  /// Looks up the coordinates of all pixels.
  mutating func look(up map: ParameterMap) {
    for axis in 0..<shape.axes {
      var found = KnotTable.Outside()
      for y in region.y {
        let row = coordinates + (axis * region.y.count + y - region.y.lowerBound) * shape.stride
        map.load(
          axis: axis, row: y, columns: region.x,
          into: UnsafeMutableBufferPointer(start: row, count: region.x.count))
        basis.tables[axis].look(up: row, into: row, count: region.x.count, &found, kernels)
      }
      outside.append(found)
    }
  }

  /// The knots that have a weight, each with the blocks in which it has one: bit `y * blocks.x + x`.
  private func activeKnots() -> [(knot: Int, blocks: UInt64)] {
    let words = basis.tables.map { ceilingDivide($0.axis.knots.count, 64) }
    let (width, count) = (words.reduce(0, +), blocks.x * blocks.y)
    return withUnsafeTemporaryAllocation(of: UInt64.self, capacity: width * (count + 1)) { marks in
      marks.initialize(repeating: 0)
      for y in 0..<blocks.y {
        for x in 0..<blocks.x {
          var word = (y * blocks.x + x) * width
          let block = self.block(x, y)
          for axis in 0..<shape.axes {
            let first = coordinates + (axis * region.y.count + block.y.lowerBound) * shape.stride + block.x.lowerBound
            check(
              kernels.mark_knots(
                first, shape.stride, Int32(block.x.count), Int32(block.y.count), marks.baseAddress! + word,
                Int32(words[axis])))
            word += words[axis]
          }
        }
      }
      let all = count * width
      for block in 0..<count { for word in 0..<width { marks[all + word] |= marks[block * width + word] } }
      var active: [(knot: Int, blocks: UInt64)] = []
      for (index, knot) in basis.knots.enumerated() {
        func isMarked(_ first: Int) -> Bool {
          var word = first
          for axis in 0..<knot.indices.count {
            guard marks[word + knot.indices[axis] / 64] >> UInt64(knot.indices[axis] % 64) & 1 == 1 else {
              return false
            }
            word += words[axis]
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

  /// Columns and rows of a block, counted from the tile's corner.
  private func block(_ x: Int, _ y: Int) -> Region {
    let (left, top) = (x * VaryingShape.blockColumns, y * VaryingShape.blockRows)
    return Region(
      x: left..<min(left + VaryingShape.blockColumns, region.x.count),
      y: top..<min(top + VaryingShape.blockRows, region.y.count))
  }

  // MARK: Results

  /// Makes the results of all roles.
  mutating func run() {
    results.update(repeating: 0, count: shape.roles * region.y.count * shape.stride)
    let active = activeKnots()
    var image: Pixels?
    // Where no level reads them all, the image's pixels are looked at here.
    if active.contains(where: { basis.knots[$0.knot].level == nil }) || (basis.levels.isEmpty && source.checksFinite) {
      image = loadImage()
    }
    for (index, blocks) in active {
      let knot = basis.knots[index]
      if knot.level != nil {
        runLow(knot, blocks)
      } else if let image {
        runFull(knot, blocks, image)
      }
    }
  }

  /// The image around the tile, as far as filters at its own rate read; role 0 of all.
  private mutating func loadImage() -> Pixels {
    let read = basis.fullRateBounds.map { region.read(by: $0) } ?? region
    if shape.roles == 1, !source.checksFinite || !basis.levels.isEmpty, let place = directPlace(read) { return place }
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
    return Pixels(base: imageRows, stride: shape.sourceStride, region: read)
  }

  /// The image's own memory, if all that is read lies in it as light, whole blocks included.
  private func directPlace(_ read: Region) -> Pixels? {
    let (right, below) = (Int(FEWTAP_BLOCK_COLUMNS), Int(FEWTAP_BLOCK_ROWS))
    guard read.x.lowerBound >= 0, read.x.upperBound + right <= source.image.width, read.y.lowerBound >= 0,
      read.y.upperBound + below <= source.image.heldRows.upperBound,
      read.y.lowerBound >= source.image.heldRows.lowerBound,
      let place = source.directPlane
    else { return nil }
    let base = place.row0 + read.y.lowerBound * place.stride + read.x.lowerBound
    return Pixels(base: UnsafeMutablePointer(mutating: base), stride: place.stride, region: read)
  }

  /// Adds the results of a filter at the image's own rate.
  private func runFull(_ knot: CompiledBasis.Knot, _ bits: UInt64, _ image: Pixels) {
    let plane = shape.sourceRows * shape.sourceStride
    let isOne = knot.filter.layers.count == 1
    // One layer is computed where it counts; a chain once for all the blocks.
    let hull = hull(bits)
    for role in 0..<shape.roles {
      let input = Pixels(base: image.base + role * plane, stride: image.stride, region: image.region)
      let whole = knot.isIdentity ? input : isOne ? nil : runLayers(knot.filter.layers[...], input, hull)
      for (part, span) in spans(bits) {
        let result = whole ?? runLayers(knot.filter.layers[...], input, part)
        withBetween(rows: part.y) { between in
          for y in part.y {
            between[y - part.y.lowerBound] = fewtap_between(
              first: Int32(y - part.y.lowerBound), count: 1, weights: (1, 0, 0, 0))
          }
          blend(knot, role, result.at(part.x.lowerBound, part.y.lowerBound), result.stride, between, span)
        }
      }
    }
  }

  /// Adds the results of a filter at a lower rate.
  private func runLow(_ knot: CompiledBasis.Knot, _ bits: UInt64) {
    guard let rate = knot.filter.rate, let index = knot.level else { return }
    let (level, hull) = (levels[index], hull(bits))
    let low = hull.interpolated(by: rate)
    let stride = TileShape.stride(rate.factor * ceilingDivide(low.x.count, 64) * 64)
    let first = rate.factor * low.x.lowerBound + rate.interpolator.first
    for role in 0..<shape.roles {
      let input = Pixels(
        base: level.row(level.rows.lowerBound, role), stride: level.stride,
        region: Region(x: level.columns, y: level.rows))
      let result = runLayers(knot.filter.layers[...], input, low)
      for y in low.y {
        expand(rate, result.at(low.x.lowerBound, y), low.x.count, into: expanded + (y - low.y.lowerBound) * stride)
      }
      for (part, span) in spans(bits) {
        withBetween(rows: part.y) { between in
          for y in part.y {
            let (rows, weights) = rate.interpolation(of: y)
            var entry = fewtap_between(
              first: Int32(rows.lowerBound - low.y.lowerBound), count: Int32(rows.count), weights: (0, 0, 0, 0))
            withUnsafeMutableBytes(of: &entry.weights) { bytes in
              let slots = bytes.bindMemory(to: Float.self)
              for i in 0..<rows.count { slots[i] = weights.values[i] }
            }
            between[y - part.y.lowerBound] = entry
          }
          blend(knot, role, expanded + (part.x.lowerBound - first), stride, between, span)
        }
      }
    }
  }

  private func withBetween(rows: Range<Int>, _ body: (UnsafeMutablePointer<fewtap_between>) -> Void) {
    withUnsafeTemporaryAllocation(of: fewtap_between.self, capacity: rows.count) { body($0.baseAddress!) }
  }

  /// Interpolates a row along itself.
  private func expand(
    _ rate: CompiledFilter.Rate, _ row: UnsafeMutablePointer<Float>, _ columns: Int,
    into result: UnsafeMutablePointer<Float>
  ) {
    var (input, output, spare, count) = (row, scratch.0 + TileShape.margin, scratch.1 + TileShape.margin, columns)
    for index in Swift.stride(from: rate.primes.count - 1, through: 0, by: -1) {
      let prime = rate.primes[index]
      if index == 0 { output = result }
      check(
        kernels.interpolate(
          Int32(prime.factor), prime.interpolator.values, Int32(prime.interpolator.count), input, output, Int32(count)))
      count *= prime.factor
      (input, output, spare) = (output, spare, output)
    }
  }

  /// What layers give for `region`, in the pixels of their rate.
  private func runLayers(_ layers: ArraySlice<CompiledFilter.Layer>, _ input: Pixels, _ region: Region) -> Pixels {
    guard let layer = layers.last else { return input }
    let before = runLayers(layers.dropLast(), input, region.read(by: layer.bounds))
    let stride = TileShape.stride(region.x.count)
    let output = Pixels(base: layers.count % 2 == 1 ? stages.0 : stages.1, stride: stride, region: region)
    var packed = layer.pack(into: runs, stride: before.stride)
    let rows = ceilingDivide(region.y.count, Int(FEWTAP_BLOCK_ROWS)) * Int(FEWTAP_BLOCK_ROWS)
    check(
      kernels.layer(
        &packed, before.at(region.x.lowerBound, region.y.lowerBound), before.stride, output.base, stride,
        Int32(region.x.count), Int32(rows)))
    return output
  }

  /// Adds rows of a knot's result to a role's, `span` counted from the tile's corner.
  private func blend(
    _ knot: CompiledBasis.Knot, _ role: Int, _ rows: UnsafePointer<Float>, _ stride: Int,
    _ between: UnsafePointer<fewtap_between>, _ span: Region
  ) {
    let offset = span.y.lowerBound * shape.stride + span.x.lowerBound
    var hat = fewtap_hat()
    hat.stride = shape.stride
    hat.axes = Int32(shape.axes)
    let plane = region.y.count * shape.stride
    withUnsafeMutableBytes(of: &hat.coordinates) { bytes in
      let slots = bytes.bindMemory(to: UnsafePointer<Float>?.self)
      for axis in 0..<shape.axes { slots[axis] = UnsafePointer(coordinates + axis * plane + offset) }
    }
    withUnsafeMutableBytes(of: &hat.knots) { bytes in
      let slots = bytes.bindMemory(to: Float.self)
      for axis in 0..<shape.axes { slots[axis] = Float(knot.indices[axis]) }
    }
    check(
      kernels.blend(
        &hat, rows, stride, between, results + role * plane + offset, shape.stride, Int32(span.x.count),
        Int32(span.y.count)))
  }

  // MARK: Blocks

  /// The smallest region of the image that holds the blocks.
  private func hull(_ bits: UInt64) -> Region {
    spans(bits).map(\.part).reduce(nil as Region?) { $1.union($0) } ?? region
  }

  /// Blocks side by side, as regions of the image and counted from the tile's corner.
  private func spans(_ bits: UInt64) -> [(part: Region, span: Region)] {
    var spans: [(part: Region, span: Region)] = []
    for y in 0..<blocks.y {
      var x = 0
      while x < blocks.x {
        var end = x
        while end < blocks.x, bits >> UInt64(y * blocks.x + end) & 1 == 1 { end += 1 }
        if end > x {
          let (first, last) = (block(x, y), block(end - 1, y))
          let span = Region(x: first.x.lowerBound..<last.x.upperBound, y: first.y)
          let part = Region(
            x: span.x.lowerBound + region.x.lowerBound..<span.x.upperBound + region.x.lowerBound,
            y: span.y.lowerBound + region.y.lowerBound..<span.y.upperBound + region.y.lowerBound)
          spans.append((part, span))
        }
        x = end + 1
      }
    }
    return spans
  }
}
