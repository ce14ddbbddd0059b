import Fewtap
import Foundation

/// Parameter maps that a varying filter is timed and measured on: smooth ones, one with edges, and noise.
enum VaryingScene: String, CaseIterable {
  /// Sharp along the middle row, growing up and down: a tilted lens.
  case tilt
  /// Growing with the distance from the middle.
  case radial
  /// A ramp with ellipses of other depths before it, some in focus.
  case edgy
  /// Every pixel its own.
  case noisy

  /// Values from `range` for each pixel.
  func plane(width: Int, height: Int, _ range: ClosedRange<Double>) -> Plane<Float> {
    var plane = Plane<Float>(width: width, height: height)
    var random = SeededGenerator(seed: 11)
    let (low, span) = (range.lowerBound, range.upperBound - range.lowerBound)
    let (middleX, middleY) = (Double(width) / 2, Double(height) / 2)
    // Ellipses of 20 to 110 pixels in an image of 512 rows, in proportion.
    let unit = Double(height) / 512
    let ellipses = (0..<25).map { index in
      (
        x: random.uniform(0, Double(width)), y: random.uniform(0, Double(height)),
        radiusX: random.uniform(20, 110) * unit, radiusY: random.uniform(20, 110) * unit,
        value: index % 3 == 0 ? 0 : random.unit()
      )
    }
    for y in 0..<height {
      for x in 0..<width {
        let (dx, dy) = (Double(x) + 0.5 - middleX, Double(y) + 0.5 - middleY)
        var share =
          switch self {
          case .tilt: abs(dy) / middleY
          case .radial: (dx * dx + dy * dy).squareRoot() / (middleX * middleX + middleY * middleY).squareRoot()
          case .edgy: Double(y) / Double(height)
          case .noisy: random.unit()
          }
        if self == .edgy {
          for ellipse in ellipses {
            let (u, v) = ((Double(x) - ellipse.x) / ellipse.radiusX, (Double(y) - ellipse.y) / ellipse.radiusY)
            if u * u + v * v < 1 { share = ellipse.value }
          }
        }
        plane[x, y] = Float(low + span * min(share, 1))
      }
    }
    return plane
  }
}
