import FewtapCore
import FewtapEngine
import FewtapFit
import FewtapSynthesis
import FewtapTargets
import Foundation
import TestSupport
import Testing

@Suite("What is predicted of a filter at a lower rate is what filtering gives")
struct RateAccuracyTests {
  /// The best of the rate: what is left of the error is much aliasing.
  private func filter(_ rate: Resampling, radius: Double) throws -> SparseFilter {
    try ClosedFit(try Kernel.disk(radius: radius), rate: rate).dense()
  }

  @Test(
    "PSNR on images with the photographs' spectra",
    arguments: [
      Resampling(factor: 2), Resampling(factor: 4), Resampling(factor: 3, prefilter: .linear, interpolator: .cubic),
      Resampling(factor: 8, prefilter: .cubic, interpolator: .linear),
    ])
  func photographs(rate: Resampling) throws {
    let kernel = try Kernel.disk(radius: 12)
    let filter = try filter(rate, radius: 12)
    let grid = GridTransform(minimumSize: 240)
    let target = grid.forward(grid.place(kernel))
    let measured = try PhotoSpectrum.quarters(side: grid.size).enumerated().map { index, density in
      let pixels = grid.image(density, seed: UInt64(index) + 1)
      let plane = try Plane(width: grid.size, height: grid.size, values: pixels)
      let filtered = try ReferenceApply.apply(filter, to: plane, border: .wrap)
      let spectrum = grid.forward(pixels)
      var product = spectrum
      for i in product.re.indices {
        product.re[i] = spectrum.re[i] * target.re[i] - spectrum.im[i] * target.im[i]
        product.im[i] = spectrum.re[i] * target.im[i] + spectrum.im[i] * target.re[i]
      }
      let truth = grid.inverse(product)
      let square = zip(filtered.values, truth).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) } / Double(truth.count)
      return -10 * log10(square)
    }
    let predicted = try FilterAccuracy(of: filter, against: kernel).photo
    // Where aliases meet, the phases of one image chance to add or to cancel; over the thousands of frequencies that hold the
    // error that is about 1% in power, 0.05 dB.
    #expect(abs(measured.reduce(0, +) / Double(measured.count) - predicted.mean) < 0.15)
    #expect(abs((measured.min() ?? 0) - predicted.worst) < 0.15)
    // The mean kernel alone would tell too good a figure.
    var taps: [Tap] = []
    try filter.effectiveKernel().forEachOffset { taps.append(Tap(x: Double($0), y: Double($1), weight: $2)) }
    let meanOnly = SparseFilter(chain: TapChain(model: .integer, layers: [TapLayer(taps)]))
    #expect(try FilterAccuracy(of: meanOnly, against: kernel).photo.mean > predicted.mean + 0.5)
  }

  /// Light spread evenly over all phases: the mean over phases of the squared error is mean kernel's plus variance.
  @Test("point-light error and flicker", arguments: [Resampling(factor: 2), Resampling(factor: 4)])
  func pointLight(rate: Resampling) throws {
    let kernel = try Kernel.disk(radius: 9)
    let filter = try filter(rate, radius: 9)
    let accuracy = try FilterAccuracy(of: filter, against: kernel)
    var (worst, flicker) = (0.0, 0.0)
    func distance(_ a: Kernel, _ b: Kernel) -> Double {
      let grid = GridTransform(minimumSize: 2 * max(a.radius, b.radius) + 2)
      return zip(grid.place(a), grid.place(b)).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }.squareRoot()
    }
    let norm = kernel.values.values.reduce(0) { $0 + $1 * $1 }.squareRoot()
    let mean = try filter.effectiveKernel()
    let meanNorm = mean.values.values.reduce(0) { $0 + $1 * $1 }.squareRoot()
    for y in 0..<rate.factor {
      for x in 0..<rate.factor {
        let phase = try filter.phaseKernel(x: x, y: y)
        worst = max(worst, distance(phase, kernel) / norm)
        flicker = max(flicker, distance(phase, mean) / meanNorm)
      }
    }
    // Differences of squares, of norms about 1.
    let bound = { (value: Double) in gamma(10_000) / value }
    #expect(abs(accuracy.relativeError - worst) <= bound(worst))
    #expect(abs(accuracy.flicker - flicker) <= bound(flicker))
    #expect(abs(accuracy.meanKernelError - distance(mean, kernel) / norm) <= bound(worst))
    #expect(accuracy.meanKernelError < accuracy.relativeError && accuracy.flicker > 0.001)
  }

  /// A file may name a factor that no fit offers.
  @Test("a factor whose grid no fast transform knows is measured too")
  func oddFactors() throws {
    let kernel = try Kernel.disk(radius: 28)
    var filter = try filter(Resampling(factor: 6), radius: 28)
    let near = try FilterAccuracy(of: filter, against: kernel)
    filter.rate?.factor = 7
    let far = try FilterAccuracy(of: filter, against: kernel)
    // The same layers make a kernel 7/6 as wide: wrong, but measured.
    #expect(near.photo.mean > 60 && far.photo.mean < 50 && far.photo.mean > 20)
    #expect(abs(far.flicker - near.flicker) < 0.2 * near.flicker)
  }
}
