import FewtapCore
import FewtapTargets

/// What a family's parameters do to its kernels, as far as placing taps needs it: which axes turn them, and how large they are.
package struct OffsetsFamily: Sendable {
  let family: KernelFamily
  /// For each axis the factor from its degrees to those that it turns the kernel by, counterclockwise as seen: 1, -1, or 0 for
  /// an axis that does not turn it.
  package let turns: [Double]
  /// Where each axis' kernels are largest.
  let largest: [Double]

  package init(_ family: KernelFamily) throws {
    self.family = family
    let axes = family.axes
    var turns = axes.map { _ in 0.0 }
    var largest = axes.map(\.range.upperBound)
    // The end with the larger kernel, the other axes in their middle.
    let middle = axes.map { ($0.range.lowerBound + $0.range.upperBound) / 2 }
    for index in axes.indices {
      var (low, high) = (middle, middle)
      (low[index], high[index]) = (axes[index].range.lowerBound, axes[index].range.upperBound)
      if try Ellipse(family.kernel(at: low)).size > Ellipse(family.kernel(at: high)).size * (1 + 1e-9) {
        largest[index] = axes[index].range.lowerBound
      }
    }
    for (index, axis) in axes.enumerated() where axis.unit == "degrees" {
      turns[index] = try Self.turn(family, index, at: largest)
      if turns[index] != 0 { largest[index] = axis.range.lowerBound }
    }
    (self.turns, self.largest) = (turns, largest)
  }

  /// Degrees between the kernels that are compared; no kernel with fewer than eight like sides comes back to itself.
  private static let probe = 20.0

  private static func turn(_ family: KernelFamily, _ index: Int, at point: [Double]) throws -> Double {
    let range = family.axes[index].range
    var (first, second) = (point, point)
    first[index] = range.lowerBound + 0.1 * (range.upperBound - range.lowerBound)
    second[index] = first[index] + min(probe, 0.5 * (range.upperBound - range.lowerBound))
    let (a, b) = (try family.kernel(at: first), try family.kernel(at: second))
    let angle = second[index] - first[index]
    let errors = [0, 1, -1].map { (sign: $0, error: squaredDistance(of: a, turnedBy: $0 * angle, from: b)) }
    guard let best = errors.min(by: { $0.error < $1.error }), best.error < 0.5 * errors[0].error else { return 0 }
    return best.sign
  }

  /// Distance of the turned kernel from the other one, both smoothed by what turning on the pixel grid smooths.
  private static func squaredDistance(of kernel: Kernel, turnedBy degrees: Double, from other: Kernel) -> Double {
    let reach = max(kernel.radius, other.radius) + 2
    let side = 2 * reach + 1
    var difference = Plane(width: side, height: side, repeating: 0.0)
    func add(_ kernel: Kernel, _ degrees: Double, _ sign: Double) {
      let turn = direction(degrees: degrees)
      let scale = sign / kernel.absoluteSum
      kernel.forEachOffset { x, y, weight in
        let place = turn.applied(to: SIMD2(Double(x), Double(y))) + Double(reach)
        guard weight != 0, place.min() >= 1, place.max() < Double(side - 2) else { return }
        let low = place.rounded(.down)
        let (a, b) = (place.x - low.x, place.y - low.y)
        let (column, row) = (Int(low.x), Int(low.y))
        difference[column, row] += scale * weight * (1 - a) * (1 - b)
        difference[column + 1, row] += scale * weight * a * (1 - b)
        difference[column, row + 1] += scale * weight * (1 - a) * b
        difference[column + 1, row + 1] += scale * weight * a * b
      }
    }
    add(kernel, degrees, 1)
    add(other, 0, -1)
    var sum = 0.0
    for row in 0..<side - 1 {
      for column in 0..<side - 1 {
        let block =
          difference[column, row] + difference[column + 1, row] + difference[column, row + 1]
          + difference[column + 1, row + 1]
        sum += block * block
      }
    }
    return sum
  }

  /// The axes that do not turn the kernel.
  var shaping: [Int] { turns.indices.filter { turns[$0] == 0 } }

  /// What the kernel at `point` is turned by against the one at the turning axes' lower ends: cosine and sine.
  func turn(at point: [Double]) -> SIMD2<Double> {
    var degrees = 0.0
    for (index, turn) in turns.enumerated() where turn != 0 {
      degrees += turn * (point[index] - family.axes[index].range.lowerBound)
    }
    return degrees == 0 ? SIMD2(1, 0) : direction(degrees: degrees)
  }

  /// `point` with its turning axes at their lower ends.
  func unturned(_ point: [Double]) -> [Double] {
    point.indices.map { turns[$0] == 0 ? point[$0] : family.axes[$0].range.lowerBound }
  }

  /// The kernel at a point, of sum 1. Throws: as the family; ``BasisFitError/badSum(at:_:)``, since layers of sum 1 make no kernel
  /// whose weights cancel.
  func kernel(at point: [Double]) throws -> Kernel {
    let kernel = try family.kernel(at: point)
    guard !kernel.isZeroSum, (1e-150...1e150).contains(abs(kernel.sum)) else {
      throw BasisFitError.badSum(at: point, kernel.sum)
    }
    return try kernel.scaled(by: 1 / kernel.sum)
  }
}

extension SIMD2<Double> {
  /// `vector` turned by the direction whose cosine and sine this is.
  func applied(to vector: SIMD2<Double>) -> SIMD2<Double> {
    SIMD2(x * vector.x - y * vector.y, y * vector.x + x * vector.y)
  }
}

/// Where a kernel's weight lies: its centroid and second moments, by magnitude.
struct Ellipse: Sendable {
  let center: SIMD2<Double>
  /// Variances and covariance.
  let xx: Double, yy: Double, xy: Double

  /// Variance of a single pixel and the tent that a tap is: what none is below.
  private static let least = 1.0 / 12

  init(_ kernel: Kernel) {
    var (sum, first, xx, yy, xy) = (0.0, SIMD2<Double>.zero, 0.0, 0.0, 0.0)
    kernel.forEachOffset { x, y, weight in
      let (w, place) = (abs(weight), SIMD2(Double(x), Double(y)))
      sum += w
      first += w * place
      xx += w * place.x * place.x
      yy += w * place.y * place.y
      xy += w * place.x * place.y
    }
    center = first / sum
    self.xx = xx / sum - center.x * center.x + Self.least
    self.yy = yy / sum - center.y * center.y + Self.least
    self.xy = xy / sum - center.x * center.y
  }

  /// Root mean square distance from the center.
  var size: Double { (xx + yy).squareRoot() }

  /// The symmetric linear map that takes an isotropic distribution to this one.
  private var root: (xx: Double, yy: Double, xy: Double) {
    let s = max(xx * yy - xy * xy, 0).squareRoot()
    let t = (xx + yy + 2 * s).squareRoot()
    return ((xx + s) / t, (yy + s) / t, xy / t)
  }

  /// The linear map that takes `other`'s second moments to these.
  func map(from other: Ellipse) -> (xx: Double, xy: Double, yx: Double, yy: Double) {
    let (a, b) = (root, other.root)
    let determinant = b.xx * b.yy - b.xy * b.xy
    let inverse = (xx: b.yy / determinant, yy: b.xx / determinant, xy: -b.xy / determinant)
    return (
      a.xx * inverse.xx + a.xy * inverse.xy, a.xx * inverse.xy + a.xy * inverse.yy,
      a.xy * inverse.xx + a.yy * inverse.xy, a.xy * inverse.xy + a.yy * inverse.yy
    )
  }
}
