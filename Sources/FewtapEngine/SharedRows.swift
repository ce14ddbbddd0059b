import FewtapCore

/// The rows at the low rate of a whole image, which several threads make first and then filter, where tiles are lower than the
/// filter reaches: else each would make anew those that its neighbors make, too, most of the work then. Where they are taller
/// that is less than what sharing costs: rows that leave the caches, and threads that wait for each other.
struct SharedRows {
  /// Those of a group of channels.
  private struct Window {
    var region: Region
    var stride: Int
    var channels: Int
    var isHalf: Bool
    /// Floats before it.
    var first: Int
    /// Columns that one tile makes.
    var columns: Int
  }

  private let windows: [Window]
  /// Floats of all windows; 0 if tiles share nothing.
  let floatCount: Int
  /// Bytes that a tile works in that makes some of them.
  let tileBytes: Int

  /// More memory than this is not worth it.
  private static let mostBytes = 256 << 20
  /// Rows of a tile: fewer read more of the image twice.
  private static let leastRows = 16
  /// Columns of a tile, and what their number is a multiple of.
  private static let leastColumns = 256
  private static let columnUnit = 64

  /// What tiles of `tileHeight` rows of `region` share.
  init(_ plan: ApplyPlan, _ region: Region, groups: [ChannelGroup], tileHeight: Int, _ options: ApplyOptions) {
    var (windows, next, tileBytes) = ([Window](), 0, 0)
    let isLow = tileHeight < min(region.y.count, plan.filter.bounds.height)
    if let rate = plan.compiled.rate, isLow, options.threads > 1 {
      let halfs = plan.keepsHalfs(options)
      let low = plan.compiled.low(for: region)
      let stride = TileShape.stride(low.x.count, isHalf: halfs)
      for channels in groups.map(\.roles.count) {
        func bytes(_ columns: Int) -> Int {
          let shape = TileShape(plan.compiled, low: Region(x: 0..<columns, y: low.y), halfs: halfs)
          return MemoryLayout<Float>.stride * shape.floatCount(channels: channels)
        }
        var columns = low.x.count
        while columns > Self.leastColumns, bytes(columns) > PlanRun.cacheBytes {
          columns = ceilingDivide(columns, 2 * Self.columnUnit) * Self.columnUnit
        }
        // Half floats lie two by two.
        columns = options.tileWidth.map { max(1, $0 / 2 / rate.factor) * 2 } ?? columns
        windows.append(
          Window(region: low, stride: stride, channels: channels, isHalf: halfs, first: next, columns: columns))
        next += RowWindow.count(stride: stride, capacity: low.y.count, channels: channels)
        tileBytes = max(tileBytes, bytes(columns))
      }
    }
    let fits = MemoryLayout<Float>.stride * next <= Self.mostBytes && tileBytes <= PlanRun.workingSetLimit
    self.windows = fits ? windows : []
    (floatCount, self.tileBytes) = fits ? (next, tileBytes) : (0, 0)
  }

  /// What threads make one of at a time: parts of a group's rows.
  func tiles(_ options: ApplyOptions) -> [(group: Int, region: Region)] {
    windows.indices.flatMap { group in
      let rows = windows[group].region.y
      let height = max(Self.leastRows, ceilingDivide(rows.count, 2 * min(options.threads, rows.count)))
      return windows[group].region.tiles(columns: windows[group].columns, rows: height).map { (group, $0) }
    }
  }

  /// The rows of a group, in memory of ``floatCount`` floats.
  func window(_ group: Int, in memory: UnsafeMutablePointer<Float>) -> RowWindow {
    let window = windows[group]
    return RowWindow(
      columns: window.region.x, rows: window.region.y, stride: window.stride, capacity: window.region.y.count,
      channels: window.channels, isHalf: window.isHalf, base: memory + window.first)
  }
}
