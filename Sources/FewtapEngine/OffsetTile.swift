internal import CFewtapKernels
import FewtapCore

/// Knot coordinates of some columns of a row, along one axis, into as many places.
package typealias CoordinateRows =
  @Sendable (
    _ axis: Int, _ row: Int, _ columns: Range<Int>, _ coordinates: UnsafeMutablePointer<Float>
  ) -> Void

/// Rows of a tile that are held at a time, stage by stage, and the memory for them.
struct OffsetTileShape: Sendable {
  let region: Region
  /// What is read of the image, then what each layer gives.
  let regions: [Region]
  /// Rows held of each.
  let capacities: [Int]
  /// Pixels whose filters are asked for, and how many of their rows are held.
  let mapped: Region
  let mappedCapacity: Int
  private let axisCount: Int

  init(_ filter: CompiledOffsets, _ region: Region) {
    self.region = region
    let regions = filter.regions(for: region)
    self.regions = regions
    let block = Int(FEWTAP_OFFSET_ROWS)
    // Rows that whoever reads a stage needs at once; twice as many, so that a row moves once on its way through, at most.
    let readers = filter.layers.map { $0.bounds.height - 1 + block } + [block]
    capacities = zip(readers, regions).map { min(2 * $0, $1.y.count) + block }
    let computed = regions.dropFirst()
    mapped = computed.dropFirst().reduce(computed[1]) { $0.hull($1) }
    // How far the first layer may be ahead of the last.
    let ahead = filter.layers.reduce(0) { $0 + max($1.bounds.maxY, 0) - min($1.bounds.minY, 0) + 4 * block }
    mappedCapacity = min(2 * ahead, mapped.y.count) + block
    axisCount = filter.shape.count
  }

  /// Floats before a row's first column.
  static let margin = 64

  /// Floats of all that a tile of `channels` works in.
  func floatCount(channels: Int) -> Int {
    let windows = zip(regions, capacities).reduce(0) {
      $0 + RowWindow.count(stride: TileShape.stride($1.0.x.count), capacity: $1.1, channels: channels)
    }
    let map = RowWindow.count(
      stride: TileShape.stride(mapped.x.count), capacity: mappedCapacity, channels: axisCount + 1)
    return windows + map + TileShape.stride(mapped.x.count) + channels * TileShape.stride(region.x.count) + 4
      * Self.margin
      + 1024
  }
}

extension Region {
  /// The smallest rectangle that holds both.
  func hull(_ other: Region) -> Region {
    Region(
      x: min(x.lowerBound, other.x.lowerBound)..<max(x.upperBound, other.x.upperBound),
      y: min(y.lowerBound, other.y.lowerBound)..<max(y.upperBound, other.y.upperBound))
  }
}

/// A basis of interpolated taps on one tile of an image: layers run block by block of rows in windows that stay in cache, each
/// asking the one before it for the rows that it needs next.
final class OffsetTile {
  private let filter: CompiledOffsets
  private let kernels: fewtap_kernels
  private let source: TileSource
  private let columns: ColumnExtension
  private let coordinates: CoordinateRows
  private let region: Region
  /// The stages' rows: the image's first.
  private let windows: UnsafeMutableBufferPointer<RowWindow>
  /// Shares along each axis, then cells.
  private var map: RowWindow
  private let coordinateRow: UnsafeMutablePointer<Float>
  /// Rows of results that have no other place, one a channel.
  private let results: ChannelRows
  /// Whether a NaN or infinity was seen.
  private(set) var sawNonFinite = false

  /// A run over a tile of `shape`, in memory of at least ``OffsetTileShape/floatCount(channels:)`` floats.
  init(
    _ filter: CompiledOffsets, _ shape: OffsetTileShape, _ kernels: fewtap_kernels, source: TileSource,
    coordinates: @escaping CoordinateRows, memory: UnsafeMutablePointer<Float>
  ) {
    (self.filter, self.kernels, self.source, self.coordinates) = (filter, kernels, source, coordinates)
    region = shape.region
    var next = memory + OffsetTileShape.margin
    func take(_ count: Int) -> UnsafeMutablePointer<Float> {
      defer { next += count }
      return next
    }
    func window(_ region: Region, capacity: Int, channels: Int) -> RowWindow {
      let stride = TileShape.stride(region.x.count)
      return RowWindow(
        columns: region.x, rows: region.y, stride: stride, capacity: capacity, channels: channels, isHalf: false,
        base: take(RowWindow.count(stride: stride, capacity: capacity, channels: channels)))
    }
    let channels = source.group.roles.count
    windows = .copying(zip(shape.regions, shape.capacities).map { window($0, capacity: $1, channels: channels) })
    map = window(shape.mapped, capacity: shape.mappedCapacity, channels: filter.shape.count + 1)
    coordinateRow = take(TileShape.stride(shape.mapped.x.count))
    let stride = TileShape.stride(region.x.count)
    results = ChannelRows(first: take(channels * stride), stride: stride, count: channels)
    columns = ColumnExtension(shape.regions[0].x, width: source.image.width, border: source.border)
  }

  deinit {
    windows.deallocate()
    columns.deallocate()
  }

  /// Makes rows `ys` of the tile, which must come from top to bottom, into `target`. Returns how many samples could not be held.
  func run(rows ys: Range<Int>, into target: TileTarget) -> Int {
    let last = windows.count - 1
    let places = target.places()
    var rows = (0..<results.count).map { results[$0] }
    var clipped = 0
    for y in ys {
      fill(last, through: y + 1, keepingFrom: y)
      let column = region.x.lowerBound - windows[last].columns.lowerBound
      for channel in rows.indices {
        rows[channel] = places[channel].map { $0.row0 + y * $0.stride + region.x.lowerBound } ?? results[channel]
        rows[channel].update(from: windows[last].row(y, channel) + column, count: region.x.count)
      }
      if !target.isPlain { clipped += target.finish(row: y, columns: region.x, rows) }
    }
    return clipped
  }

  /// Makes rows of a stage up to `end` (or its last), keeping those from `first` on.
  private func fill(_ stage: Int, through end: Int, keepingFrom first: Int) {
    let end = min(end, windows[stage].rows.upperBound)
    while windows[stage].held.upperBound < end {
      let y = windows[stage].held.upperBound
      if stage == 0 { load(row: y, keepingFrom: first) } else { runLayer(stage, row: y, keepingFrom: first) }
    }
  }

  private func load(row y: Int, keepingFrom first: Int) {
    // Blocks read more than the basis' own offsets say: whoever holds some rows only must have held those, too.
    precondition(
      source.border.source(of: y, count: source.image.height).map(source.image.heldRows.contains) ?? true,
      "row \(y) is read, but not at hand")
    windows[0].makeRoom(1, keepingFrom: first)
    let rows = windows[0].rows(y)
    source.load(row: y, columns, into: rows)
    for channel in 0..<rows.count where source.checksFinite && !sawNonFinite {
      var index: Int32 = 0
      let count = Int32(columns.columns.count)
      check(kernels.first_nonfinite(rows[channel], count, &index))
      sawNonFinite = index < count
    }
    windows[0].append(1)
  }

  private func runLayer(_ stage: Int, row y: Int, keepingFrom first: Int) {
    let block = Int(FEWTAP_OFFSET_ROWS)
    var layer = filter.layers[stage - 1]
    fill(stage - 1, through: y + block - layer.bounds.minY, keepingFrom: y - layer.bounds.maxY)
    mapRows(y..<y + block)
    windows[stage].makeRoom(block, keepingFrom: first)
    let (input, output) = (windows[stage - 1], windows[stage])
    let (from, to) = (input.rows(y - layer.bounds.maxY), output.rows(y))
    let column = output.columns.lowerBound - layer.bounds.maxX - input.columns.lowerBound
    let mapped = map.rows(y).part(0..<map.channels, from: output.columns.lowerBound - map.columns.lowerBound)
    var pixels = fewtap_pixel_cells()
    pixels.cells = UnsafeRawPointer(mapped[map.channels - 1]).assumingMemoryBound(to: Int32.self)
    pixels.stride = map.stride
    withUnsafeMutableBytes(of: &pixels.shares) { bytes in
      let shares = bytes.bindMemory(to: UnsafePointer<Float>?.self)
      for axis in 0..<map.channels - 1 { shares[axis] = UnsafePointer(mapped[axis]) }
    }
    check(
      kernels.offset_layer(
        &layer.packed, &pixels, Int32(output.columns.count), from.first + column, input.stride, from.stride, to.first,
        output.stride, to.stride, Int32(output.channels)))
    windows[stage].append(block)
  }

  // MARK: The map

  /// Makes the cells and shares of rows that no layer has asked for yet; those above what any layer will ask for may go.
  private func mapRows(_ rows: Range<Int>) {
    let needed = (1..<windows.count).reduce(rows.lowerBound) { min($0, windows[$1].held.upperBound) }
    while map.held.upperBound < rows.upperBound {
      let y = map.held.upperBound
      map.makeRoom(1, keepingFrom: needed)
      mapRow(y)
      map.append(1)
    }
  }

  private func mapRow(_ y: Int) {
    let image = source.image
    let row = min(max(y, 0), image.height - 1)
    // Outside the image the nearest pixel's; where no column lies inside, one stands for all.
    let first = min(max(map.columns.lowerBound, 0), image.width - 1)
    let inside = first..<max(first + 1, min(map.columns.upperBound, image.width))
    let (before, after) = (
      min(max(0, inside.lowerBound - map.columns.lowerBound), map.columns.count - 1), inside.count
    )
    let places = map.rows(y)
    let cells = UnsafeMutableRawPointer(places[map.channels - 1]).assumingMemoryBound(to: Int32.self)
    cells.update(repeating: 0, count: map.columns.count)
    let count = min(after, map.columns.count - before)
    for axis in 0..<map.channels - 1 {
      coordinates(axis, row, inside, coordinateRow)
      check(
        kernels.find_cells(
          coordinateRow, Int32(filter.shape[axis]), Int32(filter.cellSteps[axis]), cells + before,
          places[axis] + before,
          Int32(count)))
      extend(places[axis], before, count)
    }
    extend(cells, before, count)
  }

  private func extend<Value>(_ row: UnsafeMutablePointer<Value>, _ before: Int, _ count: Int) {
    row.update(repeating: row[before], count: before)
    (row + before + count).update(repeating: row[before + count - 1], count: map.columns.count - before - count)
  }
}
