import FewtapCore

/// Which columns of a row lie in the image, and what stands for those that do not.
final class ColumnExtension: Sendable {
  /// Columns of the row.
  let columns: Range<Int>
  /// Those that lie in the image; if none does, nothing at the first column.
  let inside: Range<Int>
  /// The columns outside, by their index in the row.
  private let indices: [Int]
  /// For each the index in the row of the column that stands for it; ``constant`` or ``elsewhere`` if there is none.
  private let sources: [Int]
  /// For each the column of the image that stands for it, where that is not in the row.
  private let distant: [Int]

  private static let constant = -1
  private static let elsewhere = -2

  init(_ columns: Range<Int>, width: Int, border: BorderRule) {
    self.columns = columns
    let clamped = columns.clamped(to: 0..<width)
    let inside = clamped.isEmpty ? columns.lowerBound..<columns.lowerBound : clamped
    self.inside = inside
    let outside = Array(columns.lowerBound..<inside.lowerBound) + Array(inside.upperBound..<columns.upperBound)
    indices = outside.map { $0 - columns.lowerBound }
    let mapped = outside.map { border.source(of: $0, count: width) }
    sources = mapped.map { column in
      column.map { inside.contains($0) ? $0 - columns.lowerBound : Self.elsewhere } ?? Self.constant
    }
    distant = mapped.map { $0 ?? 0 }
  }

  /// Index in the row of the first column inside.
  var begin: Int { inside.lowerBound - columns.lowerBound }

  /// True if no column of the image beyond the row stands for one outside.
  var isComplete: Bool { !sources.contains(Self.elsewhere) }

  /// Fills the columns outside: those that stand for themselves with `outside`, distant ones with what `pixel` gives.
  func fill(_ row: UnsafeMutablePointer<Float>, outside: Float, pixel: (_ column: Int) -> Float = { _ in 0 }) {
    for (slot, index) in indices.enumerated() {
      let source = sources[slot]
      row[index] = source >= 0 ? row[source] : source == Self.constant ? outside : pixel(distant[slot])
    }
  }
}
