import FewtapCore
import FewtapTargets

/// A shape that a kernel was found to have, and how far it is from it.
struct RecognizedShape<Parameters> {
  var parameters: Parameters
  /// `|K - S| / |K|`, both with sum 1.
  var distance: Double

  /// Farther than this a kernel is another shape. A disk of radius 10 drawn in whole pixels, not in shares of them, is 14% from the
  /// nearest of ours; a hexagon of radius 10 is 17% away, one of radius 20 is 21%.
  static var tolerance: Double { 0.15 }

  var isFound: Bool { distance <= Self.tolerance }
}

extension Kernel {
  /// The centered disk nearest to the kernel, among radii within half a pixel of what the variance tells.
  func nearestDisk() throws -> RecognizedShape<Double> {
    let moments = self.moments
    let guess = (2 * (moments.varianceX + moments.varianceY)).squareRoot()
    let range = ComplexDisk.radii
    func distance(_ radius: Double) throws -> Double { try relativeDistance(to: .disk(radius: radius)) }
    let start = min(max(guess, range.lowerBound), range.upperBound)
    var best = RecognizedShape(parameters: start, distance: try distance(start))
    var step = 0.25
    // Eight halvings of the step find the radius to a thousandth of a pixel.
    for _ in 0..<8 {
      for radius in [best.parameters - step, best.parameters + step] where range.contains(radius) {
        let value = try distance(radius)
        if value < best.distance { best = RecognizedShape(parameters: radius, distance: value) }
      }
      step /= 2
    }
    return best
  }

  /// The centered Gaussian along the axes that has the kernel's variances when sampled on its pixels.
  func nearestGaussian() -> RecognizedShape<(sigmaX: Double, sigmaY: Double)> {
    let moments = self.moments
    let row = GaussianLine(variance: moments.varianceX, count: width, center: center.x)
    let column = GaussianLine(variance: moments.varianceY, count: height, center: center.y)
    var (square, difference) = (0.0, 0.0)
    let sum = self.sum
    for y in 0..<height {
      for x in 0..<width {
        let value = values[x, y] / sum
        let error = value - row.weights[x] * column.weights[y]
        square += value * value
        difference += error * error
      }
    }
    return RecognizedShape(
      parameters: (row.sigma, column.sigma), distance: (difference / square).squareRoot())
  }

  private func relativeDistance(to other: Kernel) -> Double {
    let sum = self.sum
    var (square, difference, inside) = (0.0, 0.0, 0.0)
    forEachOffset { x, y, weight in
      let (column, row) = (x + other.center.x, y + other.center.y)
      let isInside = (0..<other.width).contains(column) && (0..<other.height).contains(row)
      let wanted = isInside ? other.values[column, row] : 0
      let error = weight / sum - wanted
      square += weight / sum * (weight / sum)
      difference += error * error
      inside += wanted * wanted
    }
    // What of the other lies outside of this one.
    let outside = other.values.values.reduce(0) { $0 + $1 * $1 } - inside
    return ((difference + max(0, outside)) / square).squareRoot()
  }
}

/// A bell of sum 1 sampled on a line of pixels.
private struct GaussianLine {
  let sigma: Double
  let weights: [Double]

  /// The bell whose samples have the variance asked for; the widest tried where they are too few for it.
  init(variance: Double, count: Int, center: Int) {
    func line(_ sigma: Double) -> [Double] {
      let bell = (0..<count).map { index in
        let x = Double(index - center) / sigma
        return exponential(-x * x / 2)
      }
      let sum = bell.reduce(0, +)
      return bell.map { $0 / sum }
    }
    func measured(_ line: [Double]) -> Double {
      line.enumerated().reduce(0) { $0 + $1.element * Double(($1.offset - center) * ($1.offset - center)) }
    }
    // From a single pixel to a line that is nearly flat.
    sigma = bisected(0.1...Double(4 * count + 1)) { measured(line($0)) < variance }
    weights = line(sigma)
  }
}
