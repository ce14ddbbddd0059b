internal import CFewtapKernels
import FewtapCore

/// What a tile of interpolated layers works on, stage by stage, and the memory for it: rows held at a time.
struct OffsetTileShape: Sendable {
  /// A layer, in the order in which they run.
  struct Stage: Sendable {
    var layer: CompiledOffsets.Layer
    /// The pixels whose taps run, in whole blocks, so that no pixel's block depends on where a tile begins: those that collect, or
    /// those that spread.
    var blocks: Region
  }

  let region: Region
  let direction: VaryingDirection
  let stages: [Stage]
  /// What is read of the image, then what each stage gives.
  let windows: [Region]
  /// Rows held of each.
  let capacities: [Int]
  /// Pixels whose cells are asked for, and how many of their rows are held.
  let mapped: Region
  let mappedCapacity: Int
  private let filter: CompiledOffsets

  init(_ filter: CompiledOffsets, _ region: Region, _ direction: VaryingDirection) {
    (self.filter, self.region, self.direction) = (filter, region, direction)
    let block = Int(FEWTAP_OFFSET_ROWS)
    // From the result back to the image. Both directions read p - o for p, of which spreading touches more.
    var (stages, windows, readers) = ([Stage](), [Region](), [Int]())
    var needed = region
    let layers = direction == .gather ? filter.layers.reversed() : filter.layers
    var reader = block
    for layer in layers {
      let (blocks, height) = (needed.inBlocks, layer.bounds.height - 1 + block)
      switch direction {
      case .gather:
        stages.append(Stage(layer: layer, blocks: blocks))
        windows.append(blocks)
        readers.append(reader)
        (needed, reader) = (blocks.read(by: layer.bounds), height)
      case .scatter:
        let sources = needed.read(by: layer.bounds).inBlocks
        stages.append(Stage(layer: layer, blocks: sources))
        windows.append(sources.reached(by: layer.bounds))
        // Rows that wait for the last that are added to them.
        readers.append(height + block)
        (needed, reader) = (sources, block)
      }
    }
    windows.append(needed)
    readers.append(reader)
    (self.stages, self.windows) = (stages.reversed(), windows.reversed())
    // Twice as many as are needed at once, so that a row moves once on its way through, at most.
    capacities = zip(readers.reversed(), self.windows).map { min(2 * $0, $1.y.count) + block }
    mapped = stages.dropFirst().reduce(stages[0].blocks) { $0.hull($1.blocks) }
    // How far the first layer may be ahead of the last.
    let ahead = filter.layers.reduce(0) { $0 + max($1.bounds.maxY, 0) - min($1.bounds.minY, 0) + 4 * block }
    mappedCapacity = min(2 * ahead, mapped.y.count) + block
  }

  /// Floats before a row's first column.
  static let margin = 64

  /// Floats of all that a tile of `channels` works in.
  func floatCount(channels: Int) -> Int {
    let rows = zip(windows, capacities).reduce(0) {
      $0 + RowWindow.count(stride: TileShape.stride($1.0.x.count), capacity: $1.1, channels: channels)
    }
    return rows + CellRows.count(filter, mapped, capacity: mappedCapacity)
      + channels * TileShape.stride(region.x.count) + 4 * Self.margin + 1024
  }
}

extension Region {
  /// The smallest rectangle that holds both.
  func hull(_ other: Region) -> Region {
    Region(
      x: min(x.lowerBound, other.x.lowerBound)..<max(x.upperBound, other.x.upperBound),
      y: min(y.lowerBound, other.y.lowerBound)..<max(y.upperBound, other.y.upperBound))
  }

  /// Where light of its pixels goes to by a layer: from q to q + o.
  func reached(by bounds: OffsetBounds) -> Region {
    Region(
      x: x.lowerBound + bounds.minX..<x.upperBound + bounds.maxX,
      y: y.lowerBound + bounds.minY..<y.upperBound + bounds.maxY)
  }

  /// The blocks of interpolated layers that cover it.
  fileprivate var inBlocks: Region {
    func cover(_ range: Range<Int>, _ size: Int) -> Range<Int> {
      floorDivide(range.lowerBound, size) * size..<ceilingDivide(range.upperBound, size) * size
    }
    return Region(x: cover(x, Int(FEWTAP_OFFSET_COLUMNS)), y: cover(y, Int(FEWTAP_OFFSET_ROWS)))
  }
}

/// A basis of interpolated taps on one tile of an image: layers run block by block of rows in windows that stay in cache, each
/// asking the one before it for the rows that it needs next.
///
/// A tile that spreads computes all pixels that give something to it, also those beside it: blocks are added to a row from top to bottom
/// and from left to right wherever the tile begins, so that no bit depends on how an image is cut.
final class OffsetTile {
  private let kernels: fewtap_kernels
  private let source: TileSource
  private let columns: ColumnExtension
  private let region: Region
  private let direction: VaryingDirection
  private let stages: UnsafeMutableBufferPointer<OffsetTileShape.Stage>
  /// The rows of the image, then those that each stage gives.
  private let windows: UnsafeMutableBufferPointer<RowWindow>
  /// The next row of blocks of each stage.
  private let next: UnsafeMutableBufferPointer<Int>
  private var cells: CellRows
  /// Rows of results that have no other place, one a channel.
  private let results: ChannelRows
  /// Whether a NaN or infinity was seen.
  private(set) var sawNonFinite = false

  /// A run over a tile of `shape`, in memory of at least ``OffsetTileShape/floatCount(channels:)`` floats.
  init(
    _ filter: CompiledOffsets, _ shape: OffsetTileShape, _ kernels: fewtap_kernels, source: TileSource,
    coordinates: @escaping CoordinateRows, memory: UnsafeMutablePointer<Float>
  ) {
    (self.kernels, self.source, region, direction) = (kernels, source, shape.region, shape.direction)
    var place = memory + OffsetTileShape.margin
    func take(_ count: Int) -> UnsafeMutablePointer<Float> {
      defer { place += count }
      return place
    }
    let channels = source.group.roles.count
    windows = .copying(
      zip(shape.windows, shape.capacities).map { region, capacity in
        let stride = TileShape.stride(region.x.count)
        return RowWindow(
          columns: region.x, rows: region.y, stride: stride, capacity: capacity, channels: channels, isHalf: false,
          base: take(RowWindow.count(stride: stride, capacity: capacity, channels: channels)))
      })
    stages = .copying(shape.stages)
    next = .copying(shape.stages.map(\.blocks.y.lowerBound))
    cells = CellRows(
      filter, shape.mapped, capacity: shape.mappedCapacity, kernels,
      image: (source.image.width, source.image.height), coordinates: coordinates,
      memory: take(CellRows.count(filter, shape.mapped, capacity: shape.mappedCapacity)))
    let stride = TileShape.stride(region.x.count)
    results = ChannelRows(first: take(channels * stride), stride: stride, count: channels)
    columns = ColumnExtension(shape.windows[0].x, width: source.image.width, border: source.border)
  }

  deinit {
    windows.deallocate()
    stages.deallocate()
    next.deallocate()
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

  /// Makes rows of a window up to `end` (or its last), keeping those from `first` on.
  private func fill(_ window: Int, through end: Int, keepingFrom first: Int) {
    guard window > 0 else {
      while windows[0].held.upperBound < min(end, windows[0].rows.upperBound) { loadRow(keepingFrom: first) }
      return
    }
    let (stage, blocks) = (window - 1, stages[window - 1].blocks.y)
    // Blocks give to their own rows, or to rows from their first on and as far up as the layer reaches.
    let up = direction == .gather ? 0 : stages[stage].layer.bounds.minY
    while next[stage] < blocks.upperBound, next[stage] + up < end {
      if direction == .gather { collect(stage, keepingFrom: first) } else { spread(stage, keepingFrom: first) }
    }
  }

  private func loadRow(keepingFrom first: Int) {
    let y = windows[0].held.upperBound
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

  /// The next rows of blocks of a stage.
  private func nextRows(_ stage: Int) -> Range<Int> { next[stage]..<next[stage] + Int(FEWTAP_OFFSET_ROWS) }

  /// Where the pixels of its blocks lie between the knots, until the next are asked for.
  private func pixels(_ stage: Int) -> fewtap_pixel_cells {
    // Rows that no stage will ask for any more may go.
    cells.pixels(nextRows(stage), from: stages[stage].blocks.x.lowerBound, keepingFrom: next.reduce(next[stage], min))
  }

  /// Makes the next rows of a window by taps that read the one before.
  private func collect(_ stage: Int, keepingFrom first: Int) {
    var layer = stages[stage].layer
    let rows = nextRows(stage)
    fill(stage, through: rows.upperBound - layer.bounds.minY, keepingFrom: rows.lowerBound - layer.bounds.maxY)
    var pixels = pixels(stage)
    windows[stage + 1].makeRoom(rows.count, keepingFrom: first)
    let (input, output) = (windows[stage], windows[stage + 1])
    let (from, to) = (input.rows(rows.lowerBound - layer.bounds.maxY), output.rows(rows.lowerBound))
    let column = output.columns.lowerBound - layer.bounds.maxX - input.columns.lowerBound
    check(
      kernels.offset_layer(
        &layer.packed, &pixels, Int32(output.columns.count), from.first + column, input.stride, from.stride, to.first,
        output.stride, to.stride, Int32(output.channels)))
    windows[stage + 1].append(rows.count)
    next[stage] = rows.upperBound
  }

  /// Adds what the next rows of blocks give to a window; they lie in the one before.
  private func spread(_ stage: Int, keepingFrom first: Int) {
    var layer = stages[stage].layer
    let (blocks, rows) = (stages[stage].blocks.x, nextRows(stage))
    fill(stage, through: rows.upperBound, keepingFrom: rows.lowerBound)
    var pixels = pixels(stage)
    let new = windows[stage + 1].held.upperBound..<rows.upperBound + layer.bounds.maxY
    windows[stage + 1].makeRoom(new.count, keepingFrom: min(first, rows.lowerBound + layer.bounds.minY))
    let (input, output) = (windows[stage], windows[stage + 1])
    for y in new {
      for channel in 0..<output.channels { output.row(y, channel).update(repeating: 0, count: output.columns.count) }
    }
    // What reads the pixel furthest to the left and above reads -o of the largest offset.
    let (from, to) = (input.rows(rows.lowerBound), output.rows(rows.lowerBound + layer.bounds.maxY))
    check(
      kernels.spread_layer(
        &layer.packed, &pixels, Int32(blocks.count), from.first + (blocks.lowerBound - input.columns.lowerBound),
        input.stride, from.stride, to.first + (blocks.lowerBound + layer.bounds.maxX - output.columns.lowerBound),
        output.stride, to.stride, Int32(output.channels)))
    windows[stage + 1].append(new.count)
    next[stage] = rows.upperBound
  }
}
