internal import CFewtapKernels
import FewtapCore

/// A filter on one tile of an image: all stages (load, decimate, layers, interpolate) run row by row in windows that stay in
/// cache, each stage asking the one before it for the rows that it needs next.
///
/// A pixel's products are added in one order wherever the tile begins: no bit depends on how an image is cut into tiles.
/// Nothing here is allocated, copied or counted by reference once the rows go by: hence a class, though one thread owns it.
final class TileRun {
  private struct Layer {
    var packed: fewtap_layer
    var bounds: OffsetBounds
  }

  private let rate: CompiledFilter.Rate?
  private let kernels: fewtap_kernels
  private let source: TileSource
  private let columns: ColumnExtension
  private let direct: DirectRows?
  private let region: Region
  private let chunk: Int
  /// The stage that makes rows at the low rate.
  private let lowStage: Int
  // Arrays would be counted by reference and checked for each row, which cost a fifth of all time.
  private let stages: UnsafeMutableBufferPointer<TileShape.Stage>
  private let windows: UnsafeMutableBufferPointer<RowWindow>
  private let layers: UnsafeMutableBufferPointer<Layer>
  /// Two rows for what a stage does on the way.
  private let scratch: (UnsafeMutablePointer<Float>, UnsafeMutablePointer<Float>)
  /// One row a channel.
  private let apart: ChannelRows
  /// Two rows of all channels.
  private let packed: (UnsafeMutablePointer<Float>, UnsafeMutablePointer<Float>)
  /// True if the last window's rows hold all channels side by side, as the target does: no row of the image is taken apart or
  /// put together at its full length.
  private let isPacked: Bool
  private let pointers: UnsafeMutablePointer<UnsafePointer<Float>?>
  /// Rows of results that have no other place, one a channel.
  private let results: ChannelRows
  /// The image's rows above this one were asked for.
  @exclusivity(unchecked) private var asked = Int.min
  /// Whether a NaN or infinity was seen.
  @exclusivity(unchecked) private(set) var sawNonFinite = false

  /// A run of `filter` over a tile of `shape`, in memory of at least ``TileShape/floatCount(channels:)`` floats; `low` has
  /// the rows at the low rate if tiles share them, to be made or made already.
  init(
    _ filter: CompiledFilter, _ shape: TileShape, _ kernels: fewtap_kernels, source: TileSource, target: TileTarget?,
    low: RowWindow?, memory: UnsafeMutablePointer<Float>
  ) {
    (rate, self.kernels, self.source) = (filter.rate, kernels, source)
    (region, chunk) = (shape.region, shape.chunk)
    let channels = source.group.roles.count
    stages = .copying(shape.windows.map(\.stage))
    let packs = shape.isWhole && filter.rate != nil && channels > 1 && target?.interleavedPlace != nil
    isPacked = packs
    var next = memory + TileShape.margin
    func take(_ count: Int) -> UnsafeMutablePointer<Float> {
      defer { next += count }
      return next
    }
    windows = .copying(
      shape.windows.enumerated().map { index, window in
        // All channels side by side are one row of so many times the length, in the same memory.
        let samples = packs && index == shape.windows.count - 1 ? channels : 1
        return RowWindow(
          columns: window.region.x, rows: window.region.y, stride: samples * window.stride, capacity: window.capacity,
          channels: channels / samples, isHalf: window.isHalf,
          base: take(RowWindow.count(stride: window.stride, capacity: window.capacity, channels: channels)))
      })
    let scratchStride = shape.scratchCount + TileShape.margin
    func takeRows(_ count: Int) -> ChannelRows {
      ChannelRows(first: take(count * scratchStride) + TileShape.margin, stride: scratchStride, count: count)
    }
    let two = takeRows(2)
    scratch = (two[0], two[1])
    apart = takeRows(channels)
    packed = (take(channels * scratchStride), take(channels * scratchStride))
    results = ChannelRows(first: take(channels * shape.resultStride), stride: shape.resultStride, count: channels)
    pointers = UnsafeMutableRawPointer(take(2 * shape.pointerCount))
      .bindMemory(to: UnsafePointer<Float>?.self, capacity: shape.pointerCount)
    columns = ColumnExtension(shape.windows[0].region.x, width: source.image.width, border: source.border)
    lowStage = filter.rate?.columnSteps.count ?? 0
    if let low { windows[lowStage] = low }
    // Rows that were made already need no image.
    let isMade = low.map { !$0.held.isEmpty } ?? false
    direct = filter.rate == nil || isMade ? nil : source.directRows(columns)
    // A layer reads the window before its own.
    let inputs = windows.dropFirst(lowStage)
    layers = .copying(
      zip(filter.layers, inputs).map { layer, input in
        let count = layer.runs.count * MemoryLayout<fewtap_run>.stride / MemoryLayout<Float>.stride
        let runs = UnsafeMutableRawPointer(take(count)).bindMemory(to: fewtap_run.self, capacity: layer.runs.count)
        return Layer(packed: layer.pack(into: runs, stride: input.sampleStride), bounds: layer.bounds)
      })
  }

  deinit {
    stages.deallocate()
    windows.deallocate()
    layers.deallocate()
    columns.deallocate()
  }

  // MARK: Rows at the low rate

  /// Makes those that it was given room for.
  func makeLowRows() {
    let rows = windows[lowStage].rows
    fill(lowStage, through: rows.upperBound, keepingFrom: rows.lowerBound)
  }

  // MARK: Rows that layers read and give

  /// Makes rows of what layer `layer` reads, or what the layer before gives, up to `end`.
  func makeRows(layer: Int, through end: Int) {
    let stage = lowStage + layer
    var first = windows[stage].pinned
    // The layer goes on where it ended.
    if layer < layers.count { first = min(first, windows[stage + 1].held.upperBound - layers[layer].bounds.maxY) }
    fill(stage, through: end, keepingFrom: first)
  }

  /// Keeps the rows there from `first` on.
  func pinRows(layer: Int, from first: Int) { windows[lowStage + layer].pinned = first }

  /// Those that are there.
  func window(layer: Int) -> RowWindow { windows[lowStage + layer] }

  // MARK: Rows of the result

  /// Makes rows `ys` of the tile, which must come from top to bottom, into `target`. Returns how many samples could not be held.
  func run(rows ys: Range<Int>, into target: TileTarget) -> Int {
    let last = windows.count - 1
    let places = target.places()
    var rows = isPacked ? [] : (0..<results.count).map { results[$0] }
    let interleaved = isPacked ? target.interleavedPlace : nil
    var clipped = 0
    for y in ys {
      if let rate {
        let low = rate.interpolation(of: y).rows
        fill(last, through: low.upperBound, keepingFrom: low.lowerBound)
      } else {
        fill(last, through: y + 1, keepingFrom: y)
      }
      if let rate, let interleaved {
        let samples = results.count
        interpolate(
          rate, 0, samples: samples, row: y,
          into: interleaved.row0 + y * interleaved.stride + region.x.lowerBound * samples, target.image.streams,
          ahead: nextRow(rate))
        continue
      }
      for channel in rows.indices {
        let place = places[channel].map { $0.row0 + y * $0.stride + region.x.lowerBound }
        if let rate {
          rows[channel] = place ?? results[channel]
          // What will be coded is read at once: it stays in the caches.
          interpolate(
            rate, channel, samples: 1, row: y, into: rows[channel], target.image.streams && place != nil,
            ahead: channel == 0 ? nextRow(rate) : nil)
        } else {
          rows[channel] = place ?? windows[last].row(y, channel)
          place?.update(from: windows[last].row(y, channel), count: region.x.count)
        }
      }
      if !target.isPlain { clipped += target.finish(row: y, columns: region.x, rows) }
    }
    return clipped
  }

  /// Interpolates between expanded rows.
  private func interpolate(
    _ rate: CompiledFilter.Rate, _ channel: Int, samples: Int, row y: Int, into result: UnsafeMutablePointer<Float>,
    _ streaming: Bool, ahead: UnsafePointer<Float>?
  ) {
    let window = windows[windows.count - 1]
    let (low, weights) = rate.interpolation(of: y)
    let column = (region.x.lowerBound - window.columns.lowerBound) * samples
    for index in 0..<weights.count {
      pointers[index] = UnsafePointer(window.row(low.lowerBound + index, channel) + column)
    }
    check(
      kernels.weighted_rows(
        pointers, weights.values, Int32(weights.count), result, Int32(region.x.count * samples), streaming ? 1 : 0,
        ahead))
  }

  /// A row of the image that the next layers' blocks will read: one is asked for with each row of the result, so that reading
  /// the image goes on while results are written.
  private func nextRow(_ rate: CompiledFilter.Rate) -> UnsafePointer<Float>? {
    guard let direct else { return nil }
    let seen = rate.columnSteps[0].read(for: windows[1].held.upperBound - 1..<windows[1].held.upperBound).upperBound
    asked = max(asked, seen)
    guard asked < min(seen + chunk * rate.factor, windows[0].rows.upperBound) else { return nil }
    asked += 1
    return direct.row(asked - 1)
  }

  // MARK: Rows of a stage

  /// Makes rows of a stage up to `end` (or its last), keeping those from `first` on.
  private func fill(_ stage: Int, through end: Int, keepingFrom first: Int) {
    let end = min(end, windows[stage].rows.upperBound)
    while windows[stage].held.upperBound < end {
      let y = windows[stage].held.upperBound
      switch stages[stage] {
      case .source: load(stage, row: y, keepingFrom: first)
      case .thinned(let step): thin(step, stage, row: y, keepingFrom: first)
      case .decimated: decimate(stage, row: y, keepingFrom: first)
      case .layer(let layer): runLayer(layer, stage, row: y, keepingFrom: first)
      case .expanded: expand(stage, row: y, keepingFrom: first)
      }
    }
  }

  private func load(_ stage: Int, row y: Int, keepingFrom first: Int) {
    windows[stage].makeRoom(1, keepingFrom: first)
    let window = windows[stage]
    let rows = window.isHalf ? apart : window.rows(y)
    source.load(row: y, columns, into: rows)
    for channel in 0..<window.channels { checkFinite(rows[channel], window.columns.count) }
    if window.isHalf { for channel in 0..<rows.count { store(rows[channel], asHalfsOf: window, row: y, channel) } }
    if y + chunk < window.rows.upperBound { source.prefetch(row: y + chunk, columns) }
    windows[stage].append(1)
  }

  private func runLayer(_ index: Int, _ stage: Int, row y: Int, keepingFrom first: Int) {
    let block = Int(FEWTAP_BLOCK_ROWS)
    let count = min(chunk, (windows[stage].rows.upperBound - y + block - 1) / block * block)
    let bounds = layers[index].bounds
    fill(stage - 1, through: y + count - bounds.minY, keepingFrom: y - bounds.maxY)
    windows[stage].makeRoom(count, keepingFrom: first)
    let (input, output) = (windows[stage - 1], windows[stage])
    let column = output.columns.lowerBound - input.columns.lowerBound
    let (width, rows) = (Int32(output.columns.count), Int32(count))
    for channel in 0..<output.channels {
      check(
        !input.isHalf
          ? kernels.layer(
            &layers[index].packed, input.row(y, channel) + column, input.stride, output.row(y, channel), output.stride,
            width, rows)
          : output.isHalf
            ? kernels.layer_to_halfs(
              &layers[index].packed, input.halfs(y, channel) + column, input.sampleStride, output.halfs(y, channel),
              output.sampleStride, width, rows)
            : kernels.layer_of_halfs(
              &layers[index].packed, input.halfs(y, channel) + column, input.sampleStride, output.row(y, channel),
              output.stride, width, rows))
    }
    windows[stage].append(count)
  }

  /// Rounds a row of light into a window of half floats.
  private func store(_ row: UnsafeMutablePointer<Float>, asHalfsOf window: RowWindow, row y: Int, _ channel: Int) {
    let layout = fewtap_samples(type: FEWTAP_SAMPLES_HALF, channels: 1, step: 1)
    // What they cannot hold comes to its nearest: nothing that a caller is told of.
    var clipped: Int64 = 0
    var row: UnsafePointer<Float>? = UnsafePointer(row)
    check(
      kernels.store_samples(layout, &row, nil, window.halfs(y, channel), Int32(window.columns.count), &clipped))
  }

  private func thin(_ step: Int, _ stage: Int, row y: Int, keepingFrom first: Int) {
    guard let rate else { return }
    prepareSum(rate.columnSteps[step], stage, row: y)
    windows[stage].makeRoom(1, keepingFrom: first)
    sum(rate.columnSteps[step], stage, row: y, into: windows[stage].rows(y))
    windows[stage].append(1)
  }

  private func decimate(_ stage: Int, row y: Int, keepingFrom first: Int) {
    guard let rate else { return }
    let step = rate.columnSteps[rate.columnSteps.count - 1]
    prepareSum(step, stage, row: y)
    windows[stage].makeRoom(1, keepingFrom: first)
    sum(step, stage, row: y, into: apart)
    let window = windows[stage]
    for channel in 0..<apart.count {
      // Beyond its columns the kernel writes what may be another's, where tiles share rows.
      let row = window.isHalf || window.sharesRows ? scratch.1 : window.row(y, channel)
      rate.decimate(apart[channel], into: row, width: window.columns.count, spare: scratch.0, kernels)
      if direct != nil { checkFinite(row, window.columns.count) }
      if window.isHalf {
        store(row, asHalfsOf: window, row: y, channel)
      } else if window.sharesRows {
        window.row(y, channel).update(from: row, count: window.columns.count)
      }
    }
    windows[stage].append(1)
  }

  /// Makes the rows that a step reads for row `y`, unless they lie in the image.
  private func prepareSum(_ step: CompiledFilter.Rate.ColumnStep, _ stage: Int, row y: Int) {
    guard stage > 1 || direct == nil else { return }
    let rows = step.read(for: y..<y + 1)
    fill(stage - 1, through: rows.upperBound, keepingFrom: rows.lowerBound)
  }

  /// Sums rows of the stage before, or of the image itself, into row `y` of a step, one result a channel.
  private func sum(
    _ step: CompiledFilter.Rate.ColumnStep, _ stage: Int, row y: Int, into results: ChannelRows
  ) {
    let rows = step.read(for: y..<y + 1)
    let input = windows[stage - 1]
    if stage == 1, let direct {
      // Rows below the tile are another's: nobody reads them here.
      let first = max(asked, rows.upperBound)
      let last = max(first, min(rows.upperBound + step.factor, input.rows.upperBound))
      direct.sum(
        from: rows.lowerBound, step.weights, into: results, pointers: pointers, constant: packed.0, packed: packed.1,
        ahead: first..<last, kernels)
      return
    }
    for channel in 0..<results.count {
      for index in 0..<step.weights.count {
        pointers[index] = UnsafePointer(input.row(rows.lowerBound + index, channel))
      }
      check(
        kernels.weighted_rows(
          pointers, step.weights.values, Int32(step.weights.count), results[channel], Int32(input.columns.count),
          0, nil))
    }
  }

  private func expand(_ stage: Int, row y: Int, keepingFrom first: Int) {
    guard let rate else { return }
    fill(stage - 1, through: y + 1, keepingFrom: y)
    windows[stage].makeRoom(1, keepingFrom: first)
    for channel in 0..<apart.count {
      let row = isPacked ? apart[channel] : windows[stage].row(y, channel)
      let input = windows[stage - 1]
      rate.interpolate(input.row(y, channel), count: input.columns.count, into: row, spare: scratch, kernels)
    }
    if isPacked { putTogether(windows[stage].row(y, 0), width: windows[stage].columns.count) }
    windows[stage].append(1)
  }

  /// Lays the rows that are apart into one, channel beside channel.
  private func putTogether(_ row: UnsafeMutablePointer<Float>, width: Int) {
    let layout = fewtap_samples(type: FEWTAP_SAMPLES_FLOAT, channels: Int32(apart.count), step: apart.count)
    var clipped: Int64 = 0
    let store = kernels.store_samples
    apart.withConstantAddresses { check(store!(layout, $0, nil, row, Int32(width), &clipped)) }
  }

  private func checkFinite(_ row: UnsafeMutablePointer<Float>, _ count: Int) {
    guard source.checksFinite, !sawNonFinite else { return }
    var index: Int32 = 0
    check(kernels.first_nonfinite(row, Int32(count), &index))
    sawNonFinite = index < Int32(count)
  }
}

extension CompiledFilter.Layer {
  /// The layer for rows that are `stride` floats apart, its runs laid into `memory`.
  func pack(into memory: UnsafeMutablePointer<fewtap_run>, stride: Int) -> fewtap_layer {
    var packed = fewtap_layer(runs: memory, counts: (0, 0, 0, 0, 0))
    for (index, run) in runs.enumerated() {
      memory[index] = fewtap_run()
      // The output at p reads p - o, so the last tap's row comes first.
      memory[index].offset = -(run.offset.y + run.weights.count - 1) * stride - run.offset.x
      withUnsafeMutableBytes(of: &memory[index].weights) { bytes in
        let weights = bytes.bindMemory(to: Float.self)
        for (slot, weight) in run.weights.reversed().enumerated() { weights[slot] = weight }
      }
      withUnsafeMutableBytes(of: &packed.counts) { bytes in
        bytes.bindMemory(to: Int32.self)[run.weights.count] += 1
      }
    }
    return packed
  }
}
