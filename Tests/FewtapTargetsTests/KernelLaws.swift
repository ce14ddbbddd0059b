import FewtapCore
import Foundation
import Testing

// What the tests of this target share: laws of kernels, and functions of the C library that the tests need.

/// The sum is `expected` up to the rounding of adding every weight once and dividing by the sum.
func expectSum(of kernel: Kernel, is expected: Double, sourceLocation: SourceLocation = #_sourceLocation) {
  let bound = 0x1p-52 * Double(kernel.values.values.count) * kernel.absoluteSum
  #expect(abs(kernel.sum - expected) <= bound, sourceLocation: sourceLocation)
}

/// The kernel equals its image under a map of offsets, up to `tolerance` of its largest weight.
func expectSymmetric(
  _ kernel: Kernel, tolerance: Double, sourceLocation: SourceLocation = #_sourceLocation,
  under map: (PixelOffset) -> PixelOffset
) {
  var worst = 0.0
  kernel.forEachOffset { x, y, weight in
    worst = max(worst, abs(weight - weightAt(map(PixelOffset(x: x, y: y)), of: kernel)))
  }
  #expect(worst <= tolerance * largest(kernel), sourceLocation: sourceLocation)
}

/// The weight at an offset from the center, 0 outside.
func weightAt(_ offset: PixelOffset, of kernel: Kernel) -> Double {
  let (x, y) = (offset.x + kernel.center.x, offset.y + kernel.center.y)
  return (0..<kernel.width).contains(x) && (0..<kernel.height).contains(y) ? kernel.values[x, y] : 0
}

func weightAt(_ x: Int, _ y: Int, of kernel: Kernel) -> Double { weightAt(PixelOffset(x: x, y: y), of: kernel) }

/// The largest weight.
func largest(_ kernel: Kernel) -> Double { kernel.values.values.reduce(0) { max($0, $1) } }

func sine(_ x: Double) -> Double { sin(x) }

func angle(cosine: Double) -> Double { acos(cosine) }

/// The Bessel function of the first kind, by Bessel's integral: the trapezoid rule over a period converges geometrically,
/// and 512 points give rounding for the arguments here (below 200).
func bessel(_ order: Int, _ x: Double) -> Double {
  let count = 512
  let sum = (0..<count).reduce(0.0) { sum, index in
    let t = 2 * Double.pi * Double(index) / Double(count)
    return sum + cos(Double(order) * t - x * sin(t))
  }
  return sum / Double(count)
}

/// e to the power x.
func power(_ x: Double) -> Double { exp(x) }
