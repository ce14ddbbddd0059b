import FewtapCore
import FewtapSynthesis
import Foundation
import TestSupport
import Testing

/// The transforms of every instruction set of this machine, held to the defining sums.
@Suite struct GridTransformTests {
  /// Every radix, alone and mixed, and sizes that are no multiple of the columns transformed together.
  private static let sizes = [4, 6, 8, 10, 12, 18, 20, 30, 32, 36, 50]

  private func plane(_ size: Int, seed: UInt64) -> [Double] {
    var random = SeededGenerator(seed: seed)
    return (0..<size * size).map { _ in random.uniform(-1, 1) }
  }

  @Test(arguments: sizes) func forwardMatchesTheDefiningSum(size: Int) {
    for kernels in MathKernels.all {
      let grid = GridTransform(minimumSize: size, kernels: kernels)
      #expect(grid.size == size)
      let (x, stride) = (plane(size, seed: UInt64(size)), grid.spectrumCount / size)
      let spectrum = grid.forward(x)
      // The sum itself rounds like its size^2 terms of magnitude up to 1; the transform far less.
      let bound = gamma(4 * size * size) * Double(size * size)
      for kx in 0..<size {
        for ky in 0...size / 2 {
          var (re, im) = (0.0, 0.0)
          for v in 0..<size {
            for u in 0..<size {
              let angle = -2 * Double.pi * Double((kx * u + ky * v) % size) / Double(size)
              re += x[v * size + u] * cos(angle)
              im += x[v * size + u] * sin(angle)
            }
          }
          #expect(abs(spectrum.re[kx * stride + ky] - re) <= bound, "\(kernels.name) \(kx),\(ky)")
          #expect(abs(spectrum.im[kx * stride + ky] - im) <= bound, "\(kernels.name) \(kx),\(ky)")
        }
        for ky in size / 2 + 1..<stride {
          #expect(spectrum.re[kx * stride + ky] == 0 && spectrum.im[kx * stride + ky] == 0, "padding is zero")
        }
      }
    }
  }

  @Test(arguments: sizes + [96, 100, 108, 128, 240, 270]) func inverseUndoesForward(size: Int) {
    for kernels in MathKernels.all {
      let grid = GridTransform(minimumSize: size, kernels: kernels)
      let x = plane(size, seed: 7)
      // Van Loan's bound: log2(n^2) butterflies a way, a few roundings each, on values whose rms is below 1.
      let bound = gamma(16 * Int(log2(Double(size * size)).rounded(.up))) * 4
      for (a, b) in zip(x, grid.inverse(grid.forward(x))) { #expect(abs(a - b) <= bound, "\(kernels.name)") }
    }
  }

  @Test func sizesAreSmoothEvenAndBounded() {
    for minimum in [-5, 0, 1, 5, 7, 97, 1000, GridTransform.maximumSize, Int.max, Int.min] {
      let size = GridTransform(minimumSize: minimum).size
      var rest = size
      for factor in [2, 3, 5] { while rest % factor == 0 { rest /= factor } }
      #expect(rest == 1 && size % 2 == 0 && size >= min(minimum, GridTransform.maximumSize))
      #expect(size <= GridTransform.maximumSize)
    }
  }

  /// A kernel of one pixel left of and one below the center: where it lands on the grid says which way is which.
  @Test func placeKeepsOrientation() throws {
    var values = Plane<Double>(width: 3, height: 3)
    (values[0, 1], values[1, 2]) = (1, 2)
    let grid = GridTransform(minimumSize: 8)
    let plane = grid.place(try Kernel(name: "two", values: values))
    #expect(plane[8 - 1] == 1 && plane[8] == 2 && plane.reduce(0, +) == 3)
  }
}
