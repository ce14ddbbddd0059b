import FewtapBaselines
import FewtapCore
import FewtapEngine
import FewtapTargets
import TestSupport
import Testing

/// The dense truth by Fourier transforms, held to the one by sums.
@Suite struct FourierFilterTests {
  /// Of one sum of n products to Float, and of a transform whose butterflies number `log2` of what a tile holds, all in Double: the last
  /// rounding to Float is what remains.
  private func bound(_ kernel: Kernel, _ largest: Double) -> Double {
    (gamma(kernel.supportCount + 200) * kernel.absoluteSum + 2 * floatRoundoff * kernel.absoluteSum) * largest
  }

  @Test(
    arguments: ["disk:radius=3", "heart:size=21", "line:length=15,angle=30", "log:sigma=2", "delta:size=1"],
    [BorderRule.clamp, .mirror, .wrap, .constant(0.25)])
  func itGivesWhatTheSumsGive(name: String, border: BorderRule) throws {
    let kernel = try KernelSpecification(name).makeKernel()
    // More than a tile along both axes, less than one, and less than the kernel.
    for (width, height) in [(211, 150), (37, 64), (5, 3)] {
      let plane = noise(width: width, height: height)
      let options = ApplyOptions(border: border, threads: 2)
      let result = try FourierFilter(kernel).apply(toPlane: plane, options: options)
      let truth = try DenseApply(kernel).apply(toPlane: plane, options: options)
      let largest = zip(result.values, truth.values).map { abs(Double($0) - Double($1)) }.max() ?? .infinity
      #expect(largest <= bound(kernel, 1), "\(width)x\(height)")
    }
  }

  @Test func anOffCenterKernelMovesAlike() throws {
    var random = SeededGenerator(seed: 3)
    let values = try Plane(width: 9, height: 6, values: (0..<54).map { _ in random.uniform(-1, 1) })
    let kernel = try Kernel(name: "random", values: values, center: PixelOffset(x: 8, y: 0))
    let plane = noise(width: 70, height: 40)
    let result = try FourierFilter(kernel).apply(toPlane: plane)
    let truth = try DenseApply(kernel).apply(toPlane: plane)
    for (a, b) in zip(result.values, truth.values) { #expect(abs(Double(a) - Double(b)) <= bound(kernel, 1)) }
  }

  @Test func aNormalizedBorderIsAMean() throws {
    let kernel = try KernelSpecification("disk:radius=6").makeKernel()
    let plane = noise(width: 30, height: 20)
    let options = ApplyOptions(border: .normalized)
    let result = try FourierFilter(kernel).apply(toPlane: plane, options: options)
    let truth = try DenseApply(kernel).apply(toPlane: plane, options: options)
    // A corner keeps a quarter of the weights at least: what is divided by that is wrong by four times as much.
    for (a, b) in zip(result.values, truth.values) { #expect(abs(Double(a) - Double(b)) <= 8 * bound(kernel, 1)) }
  }

  @Test func threadsDoNotShow() throws {
    let filter = FourierFilter(try KernelSpecification("star:points=5,radius=9").makeKernel())
    let plane = noise(width: 400, height: 300)
    let one = try filter.apply(toPlane: plane, options: ApplyOptions(threads: 1))
    #expect(try filter.apply(toPlane: plane, options: ApplyOptions(threads: 4)) == one)
  }

  @Test func itIsExactAndItsCostHardlyGrows() throws {
    let (small, large) = (
      try KernelSpecification("disk:radius=10").makeKernel(), try KernelSpecification("disk:radius=60").makeKernel()
    )
    let (a, b) = (try Baseline.fourier.run(for: small), try Baseline.fourier.run(for: large))
    #expect(a.accuracy.relativeError == 0 && a.accuracy.photo.mean > 200 && a.noiseGain == nil)
    #expect(b.multiplyAddCount < 2 * a.multiplyAddCount)
    // The dense kernel's grows with its area.
    #expect(try Baseline.dense.run(for: large).multiplyAddCount > 30 * Baseline.dense.run(for: small).multiplyAddCount)
  }

  private func noise(width: Int, height: Int) -> Plane<Float> {
    var random = SeededGenerator(seed: 7)
    return Plane(width: width, height: height, exactly: (0..<width * height).map { _ in Float(random.unit()) })
  }
}
