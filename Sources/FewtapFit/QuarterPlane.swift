import FewtapSynthesis

/// A function of frequency that does not change when an axis is mirrored: a quarter of the plane says all.
///
/// Shapes: `(half + 1) x (half + 1)`, row-major; index k stands for k / side cycles a pixel, on either axis.
package struct QuarterPlane: Sendable {
  /// Frequencies along an axis of the whole plane, even.
  package let side: Int
  private var values: [Double]

  private var stride: Int { side / 2 + 1 }

  /// Zero everywhere.
  init(side: Int) {
    self.side = side
    values = [Double](repeating: 0, count: (side / 2 + 1) * (side / 2 + 1))
  }

  /// A function of the squared frequency, in square cycles a pixel.
  init(side: Int, _ function: (Double) -> Double) {
    self.init(side: side)
    let scale = 1 / (Double(side) * Double(side))
    for y in 0..<stride {
      for x in 0...y {
        let value = function(Double(x * x + y * y) * scale)
        self[x, y] = value
        self[y, x] = value
      }
    }
  }

  package subscript(x: Int, y: Int) -> Double {
    get { values[y * stride + x] }
    set { values[y * stride + x] = newValue }
  }

  /// Each number transformed.
  func map(_ transform: (Double) -> Double) -> QuarterPlane {
    var result = self
    for index in values.indices { result.values[index] = transform(values[index]) }
    return result
  }

  /// The numbers in a spectrum's layout on `grid`, which must be of the same side.
  func spectrum(on grid: GridTransform) -> [Double] { grid.mirrored(values) }
}
