internal import CFewtapKernels
import FewtapCore

/// The stages that a tile goes through, and the memory that they work in.
struct TileShape: Sendable {
  enum Stage: Sendable {
    /// Rows of the image, extended.
    case source
    /// Rows summed down the columns by one of the first steps of decimation.
    case thinned(step: Int)
    /// Rows at the low rate.
    case decimated
    /// What a layer gives.
    case layer(Int)
    /// The last layer's rows, interpolated along the row.
    case expanded
  }

  struct Window: Sendable {
    var stage: Stage
    var region: Region
    /// Floats from one row to the next.
    var stride: Int
    /// Rows held.
    var capacity: Int
    /// Whether its samples are half floats.
    var isHalf = false
  }

  /// Floats before a window's first row: what interpolation reads before a row's first column.
  static let margin = 64

  let region: Region
  let windows: [Window]
  /// Whether it gives pixels of the result, not rows at the low rate.
  let isWhole: Bool
  /// Rows that a layer makes at a time: two blocks, so that a stripe's rows are used twice while they are in the first-level
  /// cache; one at low rates, where layers are a small part and the rows of the image that two take fill the second-level one.
  let chunk: Int
  /// Floats of a scratch row.
  let scratchCount: Int
  /// Floats of a row of results.
  let resultStride: Int
  /// Runs in all layers.
  private let runCount: Int
  /// Most rows that are summed at once.
  let pointerCount: Int

  /// The shape of a tile; `halfs`: whether rows that a layer reads are kept in half floats.
  init(_ filter: CompiledFilter, _ region: Region, halfs: Bool) {
    self.init(filter, region, filter.regions(for: region), halfs: halfs)
  }

  /// Of a tile that ends at the low rate, with `low`.
  init(_ filter: CompiledFilter, low: Region, halfs: Bool) {
    self.init(filter, low, filter.regions(forLow: low), halfs: halfs)
  }

  /// Of a tile of all that the layers read and give, for whoever reads that: the image of `layers[l]` is what layer l reads, and of
  /// its rows `held` are needed at once.
  init(_ filter: CompiledFilter, layers: [Region], held: [Int]) {
    let decimation = filter.regions(forLow: layers[0])
    self.init(filter, layers[layers.count - 1], decimation + layers.dropFirst(), halfs: false, held: held)
  }

  /// Rows that a layer makes at a time.
  static func chunk(_ filter: CompiledFilter) -> Int {
    ((filter.rate?.factor ?? 1) > 3 ? 1 : 2) * Int(FEWTAP_BLOCK_ROWS)
  }

  /// Of as many stages as there are regions.
  private init(
    _ filter: CompiledFilter, _ region: Region, _ regions: [Region], halfs: Bool, held: [Int]? = nil
  ) {
    self.region = region
    let chunk = Self.chunk(filter)
    self.chunk = chunk
    // Rows that whoever reads a stage needs at once.
    var readers = held ?? filter.layers.map { $0.bounds.height - 1 + chunk }
    var stages = [Stage.source]
    if let rate = filter.rate {
      stages += rate.columnSteps.indices.dropLast().map { .thinned(step: $0) } + [.decimated]
      readers.insert(contentsOf: rate.columnSteps.map(\.weights.count), at: 0)
    }
    stages += filter.layers.indices.map { .layer($0) }
    if held == nil { readers.append(chunk) }
    // The stage before each layer is what it reads.
    let read = stages.count - 1 - filter.layers.count..<stages.count - 1
    var windows = regions.indices.map { index in
      let region = regions[index]
      let isHalf = halfs && read.contains(index)
      // Twice what is needed: then a row moves once on its way through, at most.
      return Window(
        stage: stages[index], region: region, stride: Self.stride(region.x.count, isHalf: isHalf),
        capacity: min(2 * readers[index], region.y.count) + chunk, isHalf: isHalf)
    }
    isWhole = regions.count == stages.count && held == nil
    if let rate = filter.rate {
      let low = regions[regions.count - 1]
      let first = rate.factor * low.x.lowerBound + rate.interpolator.first
      let width = rate.factor * low.x.count
      if isWhole {
        windows.append(
          Window(
            stage: .expanded, region: Region(x: first..<first + width, y: low.y),
            stride: Self.stride(width + 64 * rate.primes[0].factor),
            capacity: 4 * (rate.interpolator.count / rate.factor + 2)))
      }
      let widest = max(regions[0].x.count, width + 64 * rate.factor)
      scratchCount = Self.stride(widest + 64 * rate.factor + rate.prefilter.count)
      pointerCount = max(rate.columnSteps.map(\.weights.count).max() ?? 0, rate.interpolator.count)
    } else {
      (scratchCount, pointerCount) = (halfs ? Self.stride(regions[0].x.count) : 0, 0)
    }
    self.windows = windows
    resultStride = Self.stride(region.x.count)
    runCount = filter.layers.reduce(0) { $0 + $1.runs.count }
  }

  /// Room for a row and for what blocks write beyond it; an odd number of cache lines, so that rows do not all fall into
  /// the same sets of a cache.
  static func stride(_ width: Int, isHalf: Bool = false) -> Int {
    (((isHalf ? (width + 1) / 2 : width) + 64 + 15) / 16 | 1) * 16
  }

  /// Floats of all that a tile of `channels` works in.
  func floatCount(channels: Int) -> Int {
    let rows = windows.reduce(0) {
      $0 + RowWindow.count(stride: $1.stride, capacity: $1.capacity, channels: channels)
    }
    let runs = (runCount * MemoryLayout<fewtap_run>.stride + pointerCount * 8) / MemoryLayout<Float>.stride
    // The last reads may go a block beyond the last row.
    return rows + (3 + 3 * channels) * (scratchCount + Self.margin) + channels * resultStride + runs + 4 * Self.margin
      + 1024
  }
}
