internal import CFewtapKernels
import FewtapCore

/// A filter on one tile of an image: all stages (load, decimate, layers, interpolate) run row by row in windows that stay in
/// cache, each stage asking the one before it for the rows that it needs next.
///
/// A pixel's products are added in one order wherever the tile begins: no bit depends on how an image is cut into tiles.
struct TileRun {
  private enum Stage {
    case source
    case decimated
    case layer(Int)
    case expanded
  }

  private let filter: CompiledFilter
  private let kernels: fewtap_kernels
  private let source: TileSource
  private let region: Region
  private let stages: [Stage]
  private var windows: [RowWindow]
  /// The layers' runs for the windows' strides.
  private let runs: [[fewtap_run]]
  private let isDirect: Bool
  private let scratch: (UnsafeMutablePointer<Float>, UnsafeMutablePointer<Float>)
  /// Rows of results that have no other place, one a channel.
  private let results: UnsafeMutablePointer<Float>
  /// Whether a NaN or infinity was seen.
  private(set) var sawNonFinite = false

  /// Rows that a layer makes at a time: two blocks, so that a stripe's rows are used twice while they are in the first-level cache.
  private static let chunk = 2 * Int(FEWTAP_BLOCK_ROWS)

  /// A run over `region`, in memory of at least ``floatCount(_:region:channels:)`` floats.
  init(
    _ filter: CompiledFilter, _ kernels: fewtap_kernels, source: TileSource, region: Region,
    memory: UnsafeMutablePointer<Float>
  ) {
    (self.filter, self.kernels, self.source, self.region) = (filter, kernels, source, region)
    let shapes = Self.shapes(filter, region)
    let channels = source.group.roles.count
    stages = shapes.map(\.stage)
    var next = memory + Self.margin
    windows = shapes.map { shape in
      defer { next += RowWindow.count(stride: shape.stride, capacity: shape.capacity, channels: channels) }
      return RowWindow(
        columns: shape.region.x, rows: shape.region.y, stride: shape.stride, capacity: shape.capacity,
        channels: channels,
        base: next)
    }
    let scratchCount = Self.scratchCount(filter, region)
    scratch = (next + Self.margin, next + 2 * Self.margin + scratchCount)
    results = next + 2 * Self.margin + 2 * scratchCount
    isDirect = filter.rate != nil && source.isDirect(over: shapes[0].region.x)
    // A layer reads the window before its own.
    let firstLayer = filter.rate == nil ? 0 : 1
    runs = filter.layers.enumerated().map { index, layer in
      let stride = shapes[firstLayer + index].stride
      return layer.runs.map { run in
        var packed = fewtap_run()
        // The output at p reads p - o, so the last tap's row comes first.
        let lowest = run.offset.y + run.weights.count - 1
        packed.offset = -lowest * stride - run.offset.x
        withUnsafeMutableBytes(of: &packed.weights) { bytes in
          let weights = bytes.bindMemory(to: Float.self)
          for (j, weight) in run.weights.reversed().enumerated() { weights[j] = weight }
        }
        return packed
      }
    }
  }

  // MARK: Memory

  private struct Shape {
    var stage: Stage
    var region: Region
    var stride: Int
    var capacity: Int
  }

  /// Floats before a window's first row: what interpolation reads before a row's first column.
  private static let margin = 64

  /// The windows of a tile.
  private static func shapes(_ filter: CompiledFilter, _ region: Region) -> [Shape] {
    let regions = filter.regions(for: region)
    // Rows that whoever reads a stage needs at once.
    var readers = filter.layers.map { $0.bounds.height - 1 + chunk }
    var stages = [Stage.source]
    if let rate = filter.rate {
      stages.append(.decimated)
      readers.insert(rate.prefilter.weights.count, at: 0)
    }
    stages += filter.layers.indices.map { .layer($0) }
    readers.append(chunk)
    var shapes = zip(stages, zip(regions, readers)).map { stage, rest in
      let (region, needed) = rest
      // Twice what is needed: then a row moves once on its way through, at most.
      return Shape(
        stage: stage, region: region, stride: stride(region.x.count),
        capacity: min(2 * needed, region.y.count) + chunk)
    }
    if let rate = filter.rate {
      let low = regions[regions.count - 1]
      let first = rate.factor * low.x.lowerBound + rate.interpolator.first
      let width = rate.factor * low.x.count
      let taps = rate.interpolator.weights.count / rate.factor + 2
      shapes.append(
        Shape(
          stage: .expanded, region: Region(x: first..<first + width, y: low.y),
          stride: stride(width + 64 * rate.primes[0]), capacity: 4 * taps))
    }
    return shapes
  }

  /// Room for a row and for what blocks write beyond it; an odd number of cache lines, so that rows do not all fall into
  /// the same sets of a cache.
  private static func stride(_ width: Int) -> Int { ((width + 64 + 15) / 16 | 1) * 16 }

  /// Floats of one scratch row.
  private static func scratchCount(_ filter: CompiledFilter, _ region: Region) -> Int {
    guard let rate = filter.rate else { return 0 }
    let width = max(filter.regions(for: region)[0].x.count, region.x.count + 2 * rate.interpolator.weights.count)
    // Twice: a row of one value may lie beside a row of sums (``TileSource/sum``).
    return 2 * width + 64 * (rate.factor + 2) + rate.prefilter.weights.count
  }

  /// Floats that a tile works in.
  static func floatCount(_ filter: CompiledFilter, region: Region, channels: Int) -> Int {
    let windows = shapes(filter, region).reduce(0) {
      $0 + RowWindow.count(stride: $1.stride, capacity: $1.capacity, channels: channels)
    }
    // The last reads may go a block beyond the last row.
    return windows + 2 * scratchCount(filter, region) + channels * stride(region.x.count) + 4 * margin + 1024
  }

  // MARK: Rows

  /// Makes all rows of the tile, top to bottom; `emit` gets each as one pointer a channel, whose first column is the region's,
  /// or, where `target` has an address for it, finds it written there. Stops when `emit` says false.
  mutating func run(
    target: (_ channel: Int, _ y: Int) -> UnsafeMutablePointer<Float>?, streaming: Bool,
    emit: (_ y: Int, _ rows: [UnsafeMutablePointer<Float>]) -> Bool
  ) {
    let last = windows.count - 1
    var rows: [UnsafeMutablePointer<Float>] = []
    let interpolation = filter.rate.map { Interpolation($0) }
    for y in region.y {
      rows.removeAll(keepingCapacity: true)
      if let interpolation {
        let (sources, weights) = interpolation.taps(of: y)
        fill(last, through: sources.upperBound, keepingFrom: sources.lowerBound)
        let column = region.x.lowerBound - windows[last].columns.lowerBound
        for channel in 0..<windows[last].channels {
          let destination = target(channel, y) ?? results + channel * Self.stride(region.x.count)
          weightedRows(
            sources.map { UnsafePointer(windows[last].row($0, channel) + column) }, weights, into: destination,
            width: region.x.count, streaming: streaming)
          rows.append(destination)
        }
      } else {
        fill(last, through: y + 1, keepingFrom: y)
        for channel in 0..<windows[last].channels {
          let row = windows[last].row(y, channel)
          if let destination = target(channel, y) {
            destination.update(from: row, count: region.x.count)
            rows.append(destination)
          } else {
            rows.append(row)
          }
        }
      }
      guard emit(y, rows) else { return }
    }
  }

  /// Makes rows of a stage up to `end` (or its last), keeping those from `first` on.
  private mutating func fill(_ stage: Int, through end: Int, keepingFrom first: Int) {
    let end = min(end, windows[stage].rows.upperBound)
    while windows[stage].held.upperBound < end {
      let y = windows[stage].held.upperBound
      switch stages[stage] {
      case .source:
        windows[stage].makeRoom(1, keepingFrom: first)
        let window = windows[stage]
        source.load(row: y, columns: window.columns, into: (0..<window.channels).map { window.row(y, $0) })
        for channel in 0..<window.channels { checkFinite(window.row(y, channel), window.columns.count) }
        windows[stage].append(1)
      case .decimated: decimate(stage, row: y, keepingFrom: first)
      case .layer(let layer): runLayer(layer, stage, row: y, keepingFrom: first)
      case .expanded: expand(stage, row: y, keepingFrom: first)
      }
    }
  }

  private mutating func runLayer(_ index: Int, _ stage: Int, row y: Int, keepingFrom first: Int) {
    let layer = filter.layers[index]
    let block = Int(FEWTAP_BLOCK_ROWS)
    let count = min(Self.chunk, (windows[stage].rows.upperBound - y + block - 1) / block * block)
    fill(stage - 1, through: y + count - layer.bounds.minY, keepingFrom: y - layer.bounds.maxY)
    windows[stage].makeRoom(count, keepingFrom: first)
    let (input, output) = (windows[stage - 1], windows[stage])
    runs[index].withUnsafeBufferPointer { runs in
      var packed = fewtap_layer(runs: runs.baseAddress, counts: (0, 0, 0, 0, 0))
      withUnsafeMutableBytes(of: &packed.counts) { bytes in
        let counts = bytes.bindMemory(to: Int32.self)
        for run in layer.runs { counts[run.weights.count] += 1 }
      }
      for channel in 0..<output.channels {
        check(
          kernels.layer(
            &packed, input.row(y, channel) + (output.columns.lowerBound - input.columns.lowerBound), input.stride,
            output.row(y, channel), output.stride, Int32(output.columns.count), Int32(count)))
      }
    }
    windows[stage].append(count)
  }

  private mutating func decimate(_ stage: Int, row y: Int, keepingFrom first: Int) {
    guard let rate = filter.rate else { return }
    let rows = rate.factor * y - rate.prefilter.last...rate.factor * y - rate.prefilter.first
    if !isDirect { fill(stage - 1, through: rows.upperBound + 1, keepingFrom: rows.lowerBound) }
    windows[stage].makeRoom(1, keepingFrom: first)
    let columns = windows[stage - 1].columns
    for channel in 0..<windows[stage].channels {
      if isDirect {
        source.sum(rows, rate.prefilter.weights, columns: columns, role: channel, into: scratch.0)
      } else {
        weightedRows(
          rows.map { UnsafePointer(windows[stage - 1].row($0, channel)) }, rate.prefilter.weights, into: scratch.0,
          width: columns.count, streaming: false)
      }
      // Counts of what each factor leaves, the last first.
      var counts = [windows[stage].columns.count]
      for (prime, weights) in zip(rate.primes, rate.primePrefilters).reversed().dropLast() {
        counts.append(prime * (counts[counts.count - 1] - 1) + weights.count)
      }
      var (input, spare) = (scratch.0, scratch.1)
      for (index, prime) in rate.primes.enumerated() {
        let isLast = index == rate.primes.count - 1
        let output = isLast ? windows[stage].row(y, channel) : spare
        let weights = rate.primePrefilters[index]
        check(
          kernels.decimate(
            Int32(prime), weights, Int32(weights.count), input, output, Int32(counts[counts.count - 1 - index])))
        (input, spare) = (output, input)
      }
      if isDirect { checkFinite(windows[stage].row(y, channel), windows[stage].columns.count) }
    }
    windows[stage].append(1)
  }

  private mutating func expand(_ stage: Int, row y: Int, keepingFrom first: Int) {
    guard let rate = filter.rate else { return }
    fill(stage - 1, through: y + 1, keepingFrom: y)
    windows[stage].makeRoom(1, keepingFrom: first)
    for channel in 0..<windows[stage].channels {
      var input = windows[stage - 1].row(y, channel)
      var (output, spare) = (scratch.0, scratch.1)
      var count = windows[stage - 1].columns.count
      for (index, prime) in rate.primes.enumerated().reversed() {
        if index == 0 { output = windows[stage].row(y, channel) }
        let weights = rate.primeInterpolators[index]
        check(kernels.interpolate(Int32(prime), weights, Int32(weights.count), input, output, Int32(count)))
        count *= prime
        (input, output, spare) = (output, spare, output)
      }
    }
    windows[stage].append(1)
  }

  private func weightedRows(
    _ rows: [UnsafePointer<Float>], _ weights: [Float], into output: UnsafeMutablePointer<Float>, width: Int,
    streaming: Bool
  ) {
    rows.withUnsafeBufferPointer { rows in
      rows.baseAddress!.withMemoryRebound(to: UnsafePointer<Float>?.self, capacity: rows.count) {
        check(kernels.weighted_rows($0, weights, Int32(rows.count), output, Int32(width), streaming ? 1 : 0))
      }
    }
  }

  private mutating func checkFinite(_ row: UnsafeMutablePointer<Float>, _ count: Int) {
    guard source.checksFinite, !sawNonFinite else { return }
    var index: Int32 = 0
    check(kernels.first_nonfinite(row, Int32(count), &index))
    sawNonFinite = index < Int32(count)
  }
}

/// Interpolation between rows: for each phase, which low-rate rows and weights.
private struct Interpolation {
  let rate: CompiledFilter.Rate
  /// Weights of the low-rate rows of a phase, top to bottom.
  private let weights: [[Float]]

  init(_ rate: CompiledFilter.Rate) {
    self.rate = rate
    let (factor, filter) = (rate.factor, rate.interpolator)
    weights = (0..<factor).map { y in
      let rows = Region(x: 0..<1, y: y..<y + 1).interpolated(by: rate).y
      return rows.map { filter.weights[y - factor * $0 - filter.first] }
    }
  }

  func taps(of y: Int) -> (rows: Range<Int>, weights: [Float]) {
    let rows = Region(x: 0..<1, y: y..<y + 1).interpolated(by: rate).y
    return (rows, weights[y - rate.factor * floorDivide(y, rate.factor)])
  }
}
