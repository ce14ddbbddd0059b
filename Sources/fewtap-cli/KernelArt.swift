import Fewtap

/// A kernel drawn with plain characters: the darker the more weight; digits where it is negative.
struct KernelArt {
  let text: String

  private static let positive = Array(" .:-=+*#%@")
  private static let negative = Array(" 123456789")

  /// Draws `kernel` into `columns` columns at most. A character is about twice as high as wide, so a pixel takes two columns
  /// of a row where there is room; where there is not, a character shows the mean of what it covers.
  init(_ kernel: Kernel, columns: Int) {
    let width = max(1, min(2 * kernel.width, columns))
    let height = max(1, (kernel.height * width + kernel.width) / (2 * kernel.width))
    let cells = (0..<height).map { row in
      (0..<width).map { column in
        Self.mean(
          of: kernel.values, columns: Self.covered(column, of: width, over: kernel.width),
          rows: Self.covered(row, of: height, over: kernel.height))
      }
    }
    let peak = cells.joined().reduce(0) { max($0, abs($1)) }
    text = cells.map { row in
      var line = row.map { Self.character($0 / peak) }
      while line.last == " " { line.removeLast() }
      return String(line)
    }.joined(separator: "\n")
  }

  /// The pixels that cell `index` of `cells` covers of `count`, at least one.
  private static func covered(_ index: Int, of cells: Int, over count: Int) -> Range<Int> {
    let first = index * count / cells
    return first..<max(first + 1, (index + 1) * count / cells)
  }

  private static func mean(of values: Plane<Double>, columns: Range<Int>, rows: Range<Int>) -> Double {
    var sum = 0.0
    // Dividing first keeps a sum of values near the largest Double finite.
    for y in rows { for x in columns { sum += values[x, y] / Double(columns.count * rows.count) } }
    return sum
  }

  /// The character for a value in -1...1; a value of no more than half a step is a blank.
  private static func character(_ value: Double) -> Character {
    guard value.isFinite else { return " " }
    let step = Int((abs(value) * Double(positive.count - 1)).rounded())
    // The support's rim is seen even where it is faint.
    let shown = value == 0 ? 0 : max(step, 1)
    return value < 0 ? negative[shown] : positive[shown]
  }
}
