import FewtapCore

/// Which columns of a row lie in the image, and what stands for those that do not.
///
/// Nothing in it is counted by reference: a count is an atomic access, which waits for all stores before it, and there would
/// be one a row. Whoever makes one calls ``deallocate()``.
struct ColumnExtension {
  /// A column outside.
  private struct Outside: BitwiseCopyable {
    /// Its index in the row.
    var index: Int
    /// The index in the row of the column that stands for it; ``constant`` or ``elsewhere`` if there is none.
    var source: Int
    /// The column of the image that stands for it.
    var distant: Int

    static let constant = -1
    static let elsewhere = -2
  }

  /// Columns of the row.
  let columns: Range<Int>
  /// Those that lie in the image; if none does, nothing at the first column.
  let inside: Range<Int>
  private let outside: UnsafeMutableBufferPointer<Outside>

  init(_ columns: Range<Int>, width: Int, border: BorderRule) {
    self.columns = columns
    let clamped = columns.clamped(to: 0..<width)
    let inside = clamped.isEmpty ? columns.lowerBound..<columns.lowerBound : clamped
    self.inside = inside
    outside = .copying(
      [columns.lowerBound..<inside.lowerBound, inside.upperBound..<columns.upperBound].joined().map { column in
        let distant = border.source(of: column, count: width)
        let source = distant.map { inside.contains($0) ? $0 - columns.lowerBound : Outside.elsewhere }
        return Outside(
          index: column - columns.lowerBound, source: source ?? Outside.constant, distant: distant ?? 0)
      })
  }

  func deallocate() { outside.deallocate() }

  /// Index in the row of the first column inside.
  var begin: Int { inside.lowerBound - columns.lowerBound }

  /// True if no column of the image beyond the row stands for one outside.
  var isComplete: Bool { !outside.contains { $0.source == Outside.elsewhere } }

  /// Fills the columns outside: those that stand for themselves with `constant`, distant ones with what `pixel` gives.
  func fill(_ row: UnsafeMutablePointer<Float>, outside constant: Float, pixel: (_ column: Int) -> Float = { _ in 0 }) {
    for column in outside {
      row[column.index] =
        column.source >= 0 ? row[column.source] : column.source == Outside.constant ? constant : pixel(column.distant)
    }
  }
}

extension UnsafeMutableBufferPointer {
  /// Memory of its own with a copy of `elements`, which nothing counts; whoever asks for it deallocates it.
  static func copying(_ elements: [Element]) -> Self {
    let copy = allocate(capacity: elements.count)
    _ = copy.initialize(from: elements)
    return copy
  }
}
