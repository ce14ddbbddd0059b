/// Rows of one stage of a tile, for all channels: a window that slides down the tile. Rows that are still needed move to its
/// top when it is full, so that rows lie at a constant stride without any trick of virtual memory.
struct RowWindow {
  /// Columns of a row, in the stage's own pixels.
  let columns: Range<Int>
  /// Rows that the tile needs of the stage, all in all.
  let rows: Range<Int>
  /// Floats from one row to the next.
  let stride: Int
  /// Rows that it can hold.
  let capacity: Int
  let channels: Int
  /// Whether its samples are half floats: two in the place of a Float.
  let isHalf: Bool
  /// Whether what lies beyond its columns may be others' pixels.
  private(set) var sharesRows = false
  /// Row `first` of channel 0.
  private let base: UnsafeMutablePointer<Float>
  /// The rows that it holds now.
  private(set) var held: Range<Int>
  /// Rows from here on stay, whatever else is asked: somebody reads them who does not ask for room.
  var pinned = Int.max

  /// Rows beyond the capacity that a layer's last block may touch.
  private static let slack = 8

  init(
    columns: Range<Int>, rows: Range<Int>, stride: Int, capacity: Int, channels: Int, isHalf: Bool,
    base: UnsafeMutablePointer<Float>
  ) {
    (self.columns, self.rows, self.stride, self.capacity, self.channels) = (columns, rows, stride, capacity, channels)
    (self.isHalf, self.base) = (isHalf, base)
    held = rows.lowerBound..<rows.lowerBound
  }

  /// The same window with all of its rows in it.
  var filled: RowWindow {
    var filled = self
    filled.held = rows
    return filled
  }

  /// Some of its rows and columns, none of them made yet; columns from an even one on.
  func part(_ region: Region) -> RowWindow {
    let column = region.x.lowerBound - columns.lowerBound
    var part = RowWindow(
      columns: region.x, rows: region.y, stride: stride, capacity: capacity, channels: channels, isHalf: isHalf,
      base: row(region.y.lowerBound, 0) + (isHalf ? column / 2 : column))
    part.sharesRows = sharesRows || region.x != columns
    return part
  }

  /// Floats that a window takes.
  static func count(stride: Int, capacity: Int, channels: Int) -> Int { channels * (capacity + slack) * stride }

  /// Row `y` of each channel, held or not; their first column is `columns.lowerBound`.
  func rows(_ y: Int) -> ChannelRows {
    ChannelRows(first: base + (y - held.lowerBound) * stride, stride: (capacity + Self.slack) * stride, count: channels)
  }

  /// Samples from one row to the next.
  var sampleStride: Int { isHalf ? 2 * stride : stride }

  /// Row `y` of `channel` of a window of half floats.
  func halfs(_ y: Int, _ channel: Int) -> UnsafeMutablePointer<UInt16> {
    UnsafeMutableRawPointer(row(y, channel)).assumingMemoryBound(to: UInt16.self)
  }

  /// Row `y` of `channel`.
  func row(_ y: Int, _ channel: Int) -> UnsafeMutablePointer<Float> { rows(y)[channel] }

  /// Makes room for `count` rows below those held; rows above `first` may go.
  mutating func makeRoom(_ count: Int, keepingFrom first: Int) {
    guard held.count + count > capacity else { return }
    let kept = min(max(min(first, pinned), held.lowerBound), held.upperBound)..<held.upperBound
    precondition(kept.count + count <= capacity, "a window of \(capacity) rows cannot hold \(kept.count) + \(count)")
    for channel in 0..<channels {
      row(held.lowerBound, channel).update(from: row(kept.lowerBound, channel), count: kept.count * stride)
    }
    held = kept
  }

  /// Takes `count` rows, just written below those held, for held.
  mutating func append(_ count: Int) { held = held.lowerBound..<min(held.upperBound + count, rows.upperBound) }
}
