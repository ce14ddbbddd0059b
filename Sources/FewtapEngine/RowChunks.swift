import FewtapCore

/// The rows of a result, some at a time, with the rows of the image to hold meanwhile: those that are needed, and those above
/// them that a later chunk needs once more (mirrored at the bottom).
///
/// Cost: memory and time grow with the filter's reach, not with the image's height.
struct RowChunks {
  let height: Int
  let chunkHeight: Int
  private let bounds: OffsetBounds
  private let border: BorderRule
  /// First rows that chunks and their successors need, for those that read above the image and those that read below it.
  private var top: [Int] = []
  private var bottom: [Int] = []

  init(height: Int, chunkHeight: Int, bounds: OffsetBounds, border: BorderRule) {
    (self.height, self.chunkHeight, self.bounds, self.border) = (height, chunkHeight, bounds, border)
    let aboveRows = min(max(0, bounds.maxY), height), belowRows = min(max(0, -bounds.minY), height)
    let topCount = min(count, (aboveRows + chunkHeight - 1) / chunkHeight)
    let bottomStart = max(topCount, min(count, (height - belowRows) / chunkHeight))
    var first = height
    func suffix(_ indices: Range<Int>) -> [Int] {
      let firsts = indices.reversed().map { index in
        first = min(first, neededRows(for: rows(index)).lowerBound)
        return first
      }
      return firsts.reversed()
    }
    bottom = suffix(bottomStart..<count)
    // Chunks between read rows inside the image only, each from below the one before on.
    if topCount < bottomStart { _ = suffix(topCount..<topCount + 1) }
    top = suffix(0..<topCount)
  }

  var count: Int { (height + chunkHeight - 1) / chunkHeight }

  /// Rows of the result of a chunk.
  func rows(_ index: Int) -> Range<Int> { index * chunkHeight..<min((index + 1) * chunkHeight, height) }

  /// Rows of the image to hold for it.
  func held(_ index: Int) -> Range<Int> {
    let needed = neededRows(for: rows(index))
    // Rows are read from the first one on, even those that no row of the result needs.
    let first =
      if index == 0 {
        0
      } else if index < top.count {
        top[index]
      } else if index >= count - bottom.count {
        bottom[index - (count - bottom.count)]
      } else {
        min(needed.lowerBound, bottom.first ?? height)
      }
    return first..<max(first, needed.upperBound)
  }

  /// Most rows that are held at once.
  var mostHeld: Int {
    let between = top.count..<count - bottom.count
    let telling = Set([0] + Array(0..<top.count) + Array(between.prefix(1)) + Array(between.suffix(1)))
      .union(count - bottom.count..<count)
    return telling.reduce(0) { max($0, held($1).count) }
  }

  /// The rows of the image that `rows` of the result read, through the border rule.
  private func neededRows(for rows: Range<Int>) -> Range<Int> {
    let read = rows.lowerBound - bounds.maxY..<rows.upperBound - bounds.minY
    // The image's own rows among them, then what stands for those outside.
    var needed = read.clamped(to: 0..<height)
    let above = read.lowerBound..<max(read.lowerBound, min(read.upperBound, 0))
    let below = min(max(read.lowerBound, height), read.upperBound)..<read.upperBound
    for outside in [above, below] {
      // A period of the border rules holds every row that they can give.
      for y in outside.prefix(2 * height) {
        guard let source = border.source(of: y, count: height) else { continue }
        needed =
          needed.isEmpty
          ? source..<source + 1 : min(needed.lowerBound, source)..<max(needed.upperBound, source + 1)
      }
    }
    return needed
  }
}
