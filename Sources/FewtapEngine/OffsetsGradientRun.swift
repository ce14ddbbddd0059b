internal import CFewtapKernels
import FewtapCore

/// What a loss changes by with a map, with the image and with taps, through a basis of interpolated taps by gather.
///
/// Equation: with the layers' images `I_l[p] = sum_i w_{l,i}(P(p)) I_{l-1}(p - o_{l,i}(P(p)))` and what the loss changes by with them,
///           `C_{l-1} = S_l^T C_l`: `dL/du(q) = sum_l sum_p C_l[p] dI_l[p]/du`, over the pixels p of which q is the nearest in the image.
/// Stages:   planes in memory, of the image and what is read around it: forward to the last layer's input, then back to the first.
///           Where layers spread, bands of rows that do not meet run at once, and their order is always the same: no bit depends on
///           threads.
/// Accuracy: as ``OffsetsRun``; held by FewtapEngineTests/OffsetsGradientTests.
struct OffsetsGradientRun: Sendable {
  /// A rectangle of pixels in memory, plane after plane.
  private struct Planes: @unchecked Sendable {
    var base: UnsafeMutablePointer<Float>
    var region: Region
    var count: Int
    var stride: Int { Self.stride(region) }
    /// Floats from one plane to the next.
    var plane: Int { Self.planeCount(region) }

    func at(_ x: Int, _ y: Int, _ index: Int = 0) -> UnsafeMutablePointer<Float> {
      base + index * plane + (y - region.y.lowerBound) * stride + (x - region.x.lowerBound)
    }

    /// Rows of one row of pixels.
    func rows(_ y: Int) -> ChannelRows {
      ChannelRows(first: at(region.x.lowerBound, y), stride: plane, count: count)
    }

    static func stride(_ region: Region) -> Int { TileShape.stride(region.x.count) }
    /// With rows below that blocks may touch.
    static func planeCount(_ region: Region) -> Int { stride(region) * (region.y.count + 8) }
  }

  private let mapped: MappedPlan
  private let plan: OffsetsPlan
  /// The taps turned by half a turn: by spreading the adjoint.
  private let turned: CompiledOffsets
  private let kernels: fewtap_kernels
  private let options: ApplyOptions
  /// The image in whole blocks behind the others: what each layer gives; the first one is what is read of the image.
  private let regions: [Region]
  private var width: Int { mapped.width }
  private var height: Int { mapped.map.height }
  private var layers: [CompiledOffsets.Layer] { plan.compiled.layers }

  init(_ mapped: MappedPlan, _ plan: OffsetsPlan, turned: CompiledOffsets, _ options: ApplyOptions) {
    (self.mapped, self.plan, self.turned, self.options) = (mapped, plan, turned, options)
    kernels = mapped.plan.kernels.table
    var regions = [Self.inBlocks(Region(x: 0..<mapped.width, y: 0..<mapped.map.height))]
    for (layer, turned) in zip(plan.compiled.layers, turned.layers).reversed() {
      regions.insert(
        Self.inBlocks(regions[0].read(by: layer.bounds).union(regions[0].reached(by: turned.bounds))), at: 0)
    }
    self.regions = regions
  }

  /// The region and what fills its last blocks.
  private static func inBlocks(_ region: Region) -> Region {
    let (columns, rows) = (Int(FEWTAP_OFFSET_COLUMNS), Int(FEWTAP_OFFSET_ROWS))
    return Region(
      x: region.x.lowerBound..<region.x.lowerBound + ceilingDivide(region.x.count, columns) * columns,
      y: region.y.lowerBound..<region.y.lowerBound + ceilingDivide(region.y.count, rows) * rows)
  }

  /// Floats before the first plane's.
  private static let margin = 64

  /// What the loss changes by.
  struct Gradient {
    /// With the map, one plane an axis.
    var map: [Plane<Float>]
    /// With the image, or the filter's result; nil if neither was wanted.
    var input: [Plane<Float>]?
    /// With the filters; nil if that was not wanted.
    var filters: [FilterGradient]?
  }

  /// What the loss changes by with `parts`; `changes` is what it changes by with the result.
  func run(
    _ image: SourceImage, _ changes: SourceImage, _ parts: BasisGradient.Parts
  ) throws(ApplyError) -> Gradient {
    let channels = image.channels
    let axes = mapped.map.axisCount
    // Values of all layers but the last, what the loss changes by with two of them, and slopes.
    let largest = regions.map { Planes.planeCount($0) }.max() ?? 0
    let count =
      Self.margin + channels * regions.dropLast().reduce(0) { $0 + Planes.planeCount($1) }
      + (2 * channels + axes) * largest + Self.margin
    let counter = TileCounter(total: 1, options: options)
    let sawNaN = Locked<Bool>(false)
    let coordinates = plan.coordinates(mapped, sawNaN)
    var gradient = Gradient(map: (0..<axes).map { _ in Plane<Float>(width: width, height: height) })
    if parts.contains(.filters) { gradient.filters = mapped.plan.basis.filters.map { FilterGradient(zerosOf: $0) } }
    plan.pool.withWorkspace(count: count) { workspace in
      var next = workspace.floats + Self.margin
      func planes(_ region: Region, _ count: Int) -> Planes {
        defer { next += count * Planes.planeCount(region) }
        return Planes(base: next, region: region, count: count)
      }
      let values = regions.dropLast().map { planes($0, channels) }
      load(image, into: values[0], border: options.border)
      for layer in values.indices.dropLast() where !counter.isStopped {
        collect(layer, values[layer], into: values[layer + 1], coordinates)
      }
      let (first, second) = (next, next + channels * largest)
      var given = Planes(base: first, region: regions[layers.count], count: channels)
      if parts.contains(.result) {
        collect(layers.count - 1, values[layers.count - 1], into: given, coordinates)
        gradient.input = (0..<channels).map { channel in
          var plane = Plane<Float>(width: width, height: height)
          fold(given, channel, .constant(0), into: &plane)
          return plane
        }
      }
      load(changes, into: given, border: .constant(0))
      for layer in layers.indices.reversed() where !counter.isStopped {
        if parts.contains(.map) {
          let slopes = Planes(base: next + 2 * channels * largest, region: regions[layer + 1], count: axes)
          slopes.base.update(repeating: 0, count: axes * slopes.plane)
          addSlopes(layer, values[layer], given, to: slopes, coordinates)
          for axis in 0..<axes { fold(slopes, axis, .clamp, into: &gradient.map[axis]) }
        }
        if var filters = gradient.filters {
          let (taps, gains) = tapSlopes(layer, values[layer], given, coordinates)
          plan.compiled.addSlopes(ofTaps: taps, gains: gains, layer: layer, basis: mapped.plan.basis, to: &filters)
          gradient.filters = filters
        }
        guard layer > 0 || parts.contains(.input) else { continue }
        let back = Planes(base: given.base == first ? second : first, region: regions[layer], count: channels)
        back.base.update(repeating: 0, count: channels * back.plane)
        spread(layer, given, into: back, coordinates)
        given = back
      }
      guard parts.contains(.input) else { return }
      gradient.input = (0..<channels).map { channel in
        var plane = Plane<Float>(width: width, height: height)
        fold(given, channel, options.border, into: &plane)
        return plane
      }
    }
    if sawNaN.withLock({ $0 }) { try mapped.refuseMap(rows: 0..<height) }
    if counter.isCancelled { throw .cancelled }
    for axis in gradient.map.indices { plan.scale(&gradient.map[axis], bySlopesOf: mapped.map, axis: axis) }
    return gradient
  }

  // MARK: The image's planes

  /// Rows that a thread makes at a time.
  private static let bandHeight = 32

  private func forEachBand(of rows: Range<Int>, height: Int = bandHeight, _ body: @Sendable (Range<Int>) -> Void) {
    let count = ceilingDivide(rows.count, height)
    parallelForEach(count: count, threads: options.threads) { index in
      let first = rows.lowerBound + index * height
      body(first..<min(first + height, rows.upperBound))
    }
  }

  /// The image with its border.
  private func load(_ image: SourceImage, into planes: Planes, border: BorderRule) {
    forEachBand(of: planes.region.y) { band in
      let columns = ColumnExtension(planes.region.x, width: width, border: border)
      defer { columns.deallocate() }
      for y in band {
        let rows = planes.rows(y)
        guard let source = border.source(of: y, count: height) else {
          for channel in 0..<rows.count {
            rows[channel].update(repeating: border.outside, count: planes.region.x.count)
          }
          continue
        }
        image.load(
          row: source, columns: columns.inside, channels: 0..<rows.count,
          into: rows.part(0..<rows.count, from: columns.begin))
        for channel in 0..<rows.count { columns.fill(rows[channel], outside: border.outside) }
      }
    }
  }

  /// Adds each pixel to the one that stands for it in the image.
  private func fold(_ planes: Planes, _ index: Int, _ border: BorderRule, into result: inout Plane<Float>) {
    let columns = planes.region.x.filter { !(0..<width).contains($0) }.compactMap { x in
      border.source(of: x, count: width).map { (x, $0) }
    }
    result.values.withUnsafeMutableBufferPointer { values in
      guard let values = values.baseAddress else { return }
      for y in planes.region.y {
        guard let target = border.source(of: y, count: height) else { continue }
        let (from, row) = (planes.at(0, y, index), values + target * width)
        for x in 0..<width { row[x] += from[x] }
        for (x, column) in columns { row[column] += from[x] }
      }
    }
  }

  // MARK: Layers

  /// Calls `body` with each row of blocks of some rows, and where its pixels lie between the knots.
  private func forEachBlock(
    _ rows: Range<Int>, of region: Region, _ coordinates: @escaping CoordinateRows,
    _ body: (Int, inout fewtap_pixel_cells) -> Void
  ) {
    let band = Region(x: region.x, y: rows)
    let capacity = Int(FEWTAP_OFFSET_ROWS)
    withUnsafeTemporaryAllocation(of: Float.self, capacity: CellRows.count(plan.compiled, band, capacity: capacity)) {
      memory in
      guard let address = memory.baseAddress else { return }
      memory.initialize(repeating: 0)
      var cells = CellRows(
        plan.compiled, band, capacity: capacity, kernels, image: (width, height), coordinates: coordinates,
        memory: address)
      for y in stride(from: rows.lowerBound, to: rows.upperBound, by: capacity) {
        var pixels = cells.pixels(y..<y + capacity, from: region.x.lowerBound, keepingFrom: y)
        body(y, &pixels)
      }
    }
  }

  /// What a layer makes of `input`.
  private func collect(
    _ index: Int, _ input: Planes, into output: Planes, _ coordinates: @escaping CoordinateRows
  ) {
    let region = output.region
    forEachBand(of: region.y) { rows in
      var layer = layers[index]
      forEachBlock(rows, of: region, coordinates) { y, pixels in
        check(
          kernels.offset_layer(
            &layer.packed, &pixels, Int32(region.x.count),
            input.at(region.x.lowerBound - layer.bounds.maxX, y - layer.bounds.maxY), input.stride, input.plane,
            output.at(region.x.lowerBound, y), output.stride, output.plane, Int32(output.count)))
      }
    }
  }

  /// What the loss changes by with coordinates, by a layer that reads `input`.
  private func addSlopes(
    _ index: Int, _ input: Planes, _ changes: Planes, to slopes: Planes, _ coordinates: @escaping CoordinateRows
  ) {
    let region = slopes.region
    forEachBand(of: region.y) { rows in
      var layer = layers[index]
      forEachBlock(rows, of: region, coordinates) { y, pixels in
        check(
          kernels.slope_layer(
            &layer.packed, &pixels, Int32(region.x.count),
            input.at(region.x.lowerBound - layer.bounds.maxX, y - layer.bounds.maxY), input.stride, input.plane,
            changes.at(region.x.lowerBound, y), changes.stride, changes.plane, slopes.at(region.x.lowerBound, y),
            slopes.stride, slopes.plane, Int32(changes.count)))
      }
    }
  }

  /// What the loss changes by with the coefficients of a layer that reads `input`, and with its gains.
  private func tapSlopes(
    _ index: Int, _ input: Planes, _ changes: Planes, _ coordinates: @escaping CoordinateRows
  ) -> (taps: [Double], gains: [Double]) {
    let (region, unit) = (changes.region, Int(FEWTAP_OFFSET_ROWS))
    let (count, gainCount) = (layers[index].coefficientCount, layers[index].gainCount)
    // Few bands, since each has sums of its own; the same ones for any number of threads.
    let height = max(Self.bandHeight, ceilingDivide(region.y.count, Self.tapBands * unit) * unit)
    let parts = parallelMap(count: ceilingDivide(region.y.count, height), threads: options.threads) { band in
      var (taps, gains) = ([Double](repeating: 0, count: count), [Double](repeating: 0, count: gainCount))
      let first = region.y.lowerBound + band * height
      var layer = layers[index]
      withUnsafeTemporaryAllocation(of: Float.self, capacity: count + gainCount) { sums in
        guard let address = sums.baseAddress else { return }
        forEachBlock(first..<min(first + height, region.y.upperBound), of: region, coordinates) { y, pixels in
          // Sums in Float go over a row of blocks only.
          sums.initialize(repeating: 0)
          check(
            kernels.tap_slopes(
              &layer.packed, &pixels, Int32(region.x.count),
              input.at(region.x.lowerBound - layer.bounds.maxX, y - layer.bounds.maxY), input.stride, input.plane,
              changes.at(region.x.lowerBound, y), changes.stride, changes.plane, address, address + count,
              Int32(changes.count)))
          for slot in 0..<count { taps[slot] += Double(sums[slot]) }
          for slot in 0..<gainCount { gains[slot] += Double(sums[count + slot]) }
        }
      }
      return (taps, gains)
    }
    return parts.dropFirst().reduce(parts[0]) { sum, part in
      (zip(sum.0, part.0).map { $0 + $1 }, zip(sum.1, part.1).map { $0 + $1 })
    }
  }

  /// Bands that have sums of their own.
  private static let tapBands = 8

  /// What the loss changes by with a layer's input.
  private func spread(
    _ index: Int, _ changes: Planes, into result: Planes, _ coordinates: @escaping CoordinateRows
  ) {
    let (region, unit) = (changes.region, Int(FEWTAP_OFFSET_ROWS))
    // Every second band leaves room for what the ones between reach.
    let height = max(Self.bandHeight, ceilingDivide(turned.layers[index].bounds.height + 8, unit) * unit)
    let bands = ceilingDivide(region.y.count, height)
    for parity in 0..<2 {
      parallelForEach(count: (bands + 1 - parity) / 2, threads: options.threads) { band in
        let first = region.y.lowerBound + (2 * band + parity) * height
        var layer = turned.layers[index]
        forEachBlock(first..<min(first + height, region.y.upperBound), of: region, coordinates) { y, pixels in
          check(
            kernels.spread_layer(
              &layer.packed, &pixels, Int32(region.x.count), changes.at(region.x.lowerBound, y), changes.stride,
              changes.plane, result.at(region.x.lowerBound + layer.bounds.maxX, y + layer.bounds.maxY), result.stride,
              result.plane, Int32(result.count)))
        }
      }
    }
  }
}
