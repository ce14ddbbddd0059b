import FewtapCore
import FewtapMetrics
import TestSupport
import Testing

@Suite("Moments kept")
struct MomentsKeptTests {
  static func kernel(_ width: Int, _ height: Int, _ value: (Int, Int) -> Double) throws -> Kernel {
    try Kernel(name: "test", values: Plane(width: width, height: height, value))
  }

  @Test("a kernel keeps all of itself")
  func itself() throws {
    let kernel = try Self.kernel(7, 5) { x, y in Double(1 + x * x + 3 * y) }
    let kept = MomentsKept(of: kernel, against: kernel)
    #expect(kept.sumRatio == 1 && kept.shiftX == 0 && kept.shiftY == 0)
    #expect(kept.varianceRatioX == 1 && kept.varianceRatioY == 1)
  }

  @Test("brightness, shift and width are told apart")
  func boxes() throws {
    let target = try Self.kernel(3, 3) { _, _ in 1 }
    // A box of 5 columns and 1 row, twice as bright, one column to the right and two rows up of its center.
    let box = try Kernel(
      name: "box", values: Plane(width: 5, height: 1, repeating: 2 * 9.0 / 5), center: PixelOffset(x: 1, y: 0))
    let kept = MomentsKept(of: box, against: target)
    // A box of n pixels has variance (n^2 - 1) / 12; sums of five terms and a quotient.
    #expect(abs(try #require(kept.sumRatio) - 2) <= 2 * gamma(8))
    #expect(abs(try #require(kept.shiftX) - 1) <= gamma(16))
    #expect(kept.shiftY == 0)
    #expect(abs(try #require(kept.varianceRatioX) - 3) <= 3 * gamma(40))
    #expect(kept.varianceRatioY == 0)
  }

  @Test("signs count: a sharpening kernel is narrower than nothing")
  func signed() throws {
    // Weights -1, 3, -1 on offsets -1, 0, 1: variance -2 where the box of three has 2/3.
    let sharpening = try Self.kernel(3, 1) { x, _ in x == 1 ? 3 : -1 }
    let kept = MomentsKept(of: sharpening, against: try Self.kernel(3, 1) { _, _ in 1 })
    #expect(abs(try #require(kept.varianceRatioX) + 3) <= 3 * gamma(20))
    #expect(abs(try #require(kept.sumRatio) - 1.0 / 3) <= gamma(4))
  }

  @Test("without negative weights they are the kernel's own moments")
  func nonnegative() throws {
    var generator = SeededGenerator(seed: 3)
    let (a, b) = (
      try Kernel(name: "a", values: generator.plane(width: 9, height: 7, in: 0...1)),
      try Kernel(name: "b", values: generator.plane(width: 5, height: 11, in: 0...1))
    )
    let kept = MomentsKept(of: a, against: b)
    // Offsets are 5 at most; 63 terms a sum, the mean's error counts twice in a variance.
    #expect(abs(try #require(kept.shiftX) - (a.moments.centroidX - b.moments.centroidX)) <= 4 * 5 * gamma(70))
    #expect(abs(try #require(kept.varianceRatioY) / (a.moments.varianceY / b.moments.varianceY) - 1) <= 50 * gamma(140))
  }

  @Test("kernels that cancel have no mean; a point has no width")
  func undefined() throws {
    let (edge, point) = (try Self.kernel(3, 1) { x, _ in Double(x - 1) }, try Self.kernel(1, 1) { _, _ in 1 })
    let nothing = MomentsKept(of: point, against: edge)
    #expect(nothing.sumRatio == nil && nothing.shiftX == nil && nothing.varianceRatioX == nil)
    let sumOnly = MomentsKept(of: edge, against: point)
    #expect(sumOnly.sumRatio == 0 && sumOnly.shiftY == nil && sumOnly.varianceRatioY == nil)
    let box = MomentsKept(of: try Self.kernel(3, 1) { _, _ in 1 }, against: point)
    #expect(box.shiftX == 0 && box.varianceRatioX == nil)
  }
}
