import FewtapCore

extension Region {
  /// Tiles of so many columns and rows that cover it, from left to right, then from top to bottom; fewer at the ends.
  func tiles(columns: Int, rows: Int) -> [Region] {
    stride(from: y.lowerBound, to: y.upperBound, by: rows).flatMap { top in
      stride(from: x.lowerBound, to: x.upperBound, by: columns).map { left in
        Region(x: left..<min(left + columns, x.upperBound), y: top..<min(top + rows, y.upperBound))
      }
    }
  }

  /// Tiles that cover it: as wide as the cache allows, multiples of `unit`, as tall as leaves the same work for every thread. A tile
  /// computes the rows and columns around it that its stages read, too, which `reach` counts: narrow or low ones do that too often.
  func tiles(
    reach: OffsetBounds, unit: Int = 1, _ options: ApplyOptions, byteCount: (Region) -> Int
  ) -> [Region] {
    var columns = x.count
    while columns > max(512, 8 * reach.width),
      byteCount(Region(x: x.lowerBound..<x.lowerBound + columns, y: y)) > PlanRun.cacheBytes
    { columns = (columns + 1) / 2 }
    columns = max(1, options.tileWidth ?? ceilingDivide(columns, unit) * unit)
    let strips = ceilingDivide(x.count, columns)
    // More threads than rows of strips find nothing to do.
    let threads = min(max(1, options.threads), max(1, y.count * strips))
    // Several tiles a thread, so that one that is late has less left to do; and as many for each.
    let tallest = threads == 1 ? y.count : max(64, 8 * reach.height)
    let even = threads / greatestCommonDivisor(threads, strips)
    let bands = ceilingDivide(max(ceilingDivide(y.count, max(1, tallest)), 1), even) * even
    let height = max(1, options.bandHeight ?? max(min(y.count, 32), ceilingDivide(y.count, bands)))
    return tiles(columns: columns, rows: height)
  }
}
