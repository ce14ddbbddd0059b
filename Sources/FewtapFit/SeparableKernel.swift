import FewtapCore

/// The row and the column whose product comes nearest to a kernel: the first pair of its singular vectors.
///
/// Equation: least `|K - v u^T|_2`, by power iteration from the row of the largest norm; one step does for a kernel that is such a
///           product.
struct SeparableKernel {
  /// Weights along x and along y, from the kernel's first column and row.
  private let row: [Double]
  private let column: [Double]
  private let kernel: Kernel
  /// `|K - v u^T| / |K|`.
  let residual: Double

  /// Enough for a kernel near a product, whose second singular value is a third of the first: 0.1^20.
  private static let steps = 20

  /// The factors of `kernel`; nil if it has no weights.
  init?(_ kernel: Kernel) {
    let (width, height, values) = (kernel.width, kernel.height, kernel.values.values)
    func product(row: [Double]) -> [Double] {
      (0..<height).map { y in (0..<width).reduce(0) { $0 + values[y * width + $1] * row[$1] } }
    }
    func product(column: [Double]) -> [Double] {
      var result = [Double](repeating: 0, count: width)
      for y in 0..<height { for x in 0..<width { result[x] += values[y * width + x] * column[y] } }
      return result
    }
    func square(_ values: some Sequence<Double>) -> Double { values.reduce(0) { $0 + $1 * $1 } }
    let norms = (0..<height).map { square(values[$0 * width..<($0 + 1) * width]) }
    guard let start = norms.indices.max(by: { norms[$0] < norms[$1] }), norms[start] > 0 else { return nil }
    var row = Array(values[start * width..<(start + 1) * width])
    var column: [Double] = []
    for _ in 0..<Self.steps {
      let rowSquare = square(row)
      column = product(row: row).map { $0 / rowSquare }
      let columnSquare = square(column)
      row = product(column: column).map { $0 / columnSquare }
    }
    var error = 0.0
    for y in 0..<height {
      for x in 0..<width {
        let difference = values[y * width + x] - column[y] * row[x]
        error += difference * difference
      }
    }
    (self.row, self.column, self.kernel) = (row, column, kernel)
    residual = (error / square(values)).squareRoot()
  }

  /// A row and a column of taps, without the ends whose weights are at most `threshold` times the largest; nil if the first are 0.
  func layers(threshold: Double) -> [TapLayer]? {
    let scale = Fit.scale(kernel)
    let kept = (Self.kept(row, threshold), Self.kept(column, threshold))
    guard !kept.0.isEmpty, !kept.1.isEmpty, scale != 0 else { return nil }
    return [
      TapLayer(kept.0.map { Tap(x: Double($0 - kernel.center.x), y: 0, weight: row[$0] / scale) }),
      TapLayer(kept.1.map { Tap(x: 0, y: Double($0 - kernel.center.y), weight: column[$0]) }),
    ]
  }

  private static func kept(_ weights: [Double], _ threshold: Double) -> Range<Int> {
    let floor = threshold * weights.reduce(0) { max($0, abs($1)) }
    let above = weights.indices.filter { abs(weights[$0]) > floor }
    guard let first = above.first, let last = above.last else { return 0..<0 }
    return first..<last + 1
  }
}
