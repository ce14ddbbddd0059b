import FewtapBaselines
import FewtapCore
import FewtapEngine
import FewtapFit
import FewtapSynthesis
import FewtapTargets
import Foundation
import TestSupport
import Testing

@Suite struct DualFilterTests {
  private func squaredNorm(_ values: [Double]) -> Double { values.reduce(0) { $0 + $1 * $1 } }

  private func distance(_ a: Kernel, _ b: Kernel) -> Double {
    let grid = GridTransform(minimumSize: 2 * max(a.radius, b.radius) + 2)
    return squaredNorm(zip(grid.place(a), grid.place(b)).map { $0 - $1 }).squareRoot()
  }

  /// What a pixel reads is what points of light become, seen from the other side.
  @Test(arguments: [(1, 1.0), (2, 0.6), (3, 1.3)]) func theTransposedOperatorAgrees(levels: Int, offset: Double) throws
  {
    let filter = try DualFilter(levels: levels, offset: offset)
    let reach = filter.reach
    for (x, y) in [(0, 0), (1, 0), (filter.period - 1, 2)] {
      let kernel = try filter.phaseKernel(x: x, y: y)
      for (dx, dy) in [(0, 0), (1, -2), (-3, 1), (4, 5), (reach, -reach)] {
        let reading = filter.reading(x: x + dx, y: y + dy)
        let (seen, made) = (reading[dx + reach, dy + reach], kernel.values[dx + reach, dy + reach])
        #expect(abs(seen - made) <= gamma(64 * levels) * abs(made))
      }
    }
  }

  /// Every pixel reads weights of sum 1; the mean over phases has the deviation asked for; its center of mass is the center.
  @Test(arguments: [1.5, 3, 5, 8.6]) func theDeviationIsMet(deviation: Double) throws {
    let filter = try DualFilter(deviation: deviation)
    for (x, y) in [(0, 0), (1, 2), (3, 3)] {
      let reading = filter.reading(x: x, y: y)
      #expect(abs(reading.values.reduce(0, +) - 1) <= gamma(reading.values.count))
    }
    let mean = try filter.effectiveKernel()
    let moments = mean.moments
    let bound = gamma(4 * mean.values.values.count) * Double(filter.reach * filter.reach)
    #expect(abs(moments.centroidX) <= bound && abs(moments.centroidY) <= bound)
    #expect(abs(moments.varianceX - moments.varianceY) <= bound)
    #expect(abs(moments.varianceX.squareRoot() - deviation) <= 0x1p-36 * deviation + bound)
  }

  /// The worst phase and the flicker are those of the points of light, one by one.
  @Test func everyPhaseIsMeasured() throws {
    let kernel = try Kernel.star(points: 4, radius: 9, inner: 3)
    let filter = try DualFilter(levels: 2, offset: 1.1)
    let accuracy = try filter.accuracy(against: kernel)
    let mean = try filter.effectiveKernel()
    let (norm, meanNorm) = (
      squaredNorm(kernel.values.values).squareRoot(), squaredNorm(mean.values.values).squareRoot()
    )
    var (worst, flicker) = (0.0, 0.0)
    for y in 0..<4 {
      for x in 0..<4 {
        let phase = try filter.phaseKernel(x: x, y: y)
        worst = max(worst, distance(phase, kernel) / norm)
        flicker = max(flicker, distance(phase, mean) / meanNorm)
      }
    }
    let bound = { (value: Double) in gamma(10_000) / value }
    #expect(abs(accuracy.relativeError - worst) <= bound(worst))
    #expect(abs(accuracy.flicker - flicker) <= bound(flicker))
    #expect(abs(accuracy.meanKernelError - distance(mean, kernel) / norm) <= bound(worst))
    #expect(accuracy.flicker > 0.01 && accuracy.meanKernelError < accuracy.relativeError)
  }

  /// The PSNR that is predicted is what filtering an image of the photographs' power spectrum gives.
  @Test func photographsAreAsPredicted() throws {
    let kernel = try Kernel.gaussian(sigma: 6)
    let filter = try DualFilter(deviation: kernel.moments.varianceX.squareRoot())
    let grid = GridTransform(minimumSize: 240)
    let side = Double(grid.size)
    var measured: [Double] = []
    for (index, density) in PhotoSpectrum.quarters(side: grid.size).enumerated() {
      var random = SeededGenerator(seed: UInt64(index) + 1)
      var spectrum = grid.forward((0..<grid.size * grid.size).map { _ in random.uniform(-1, 1) })
      let amplitude = grid.tabulate { fx, fy in
        fx == 0 && fy == 0
          ? 0 : density[Int((abs(fx) * side).rounded()), Int((fy * side).rounded())].squareRoot() * side
      }
      for i in spectrum.re.indices {
        let size = (spectrum.re[i] * spectrum.re[i] + spectrum.im[i] * spectrum.im[i]).squareRoot()
        let scale = size > 0 ? amplitude[i] / size : 0
        spectrum.re[i] *= scale
        spectrum.im[i] *= scale
      }
      let image = Plane<Double>(width: grid.size, height: grid.size, exactly: grid.inverse(spectrum))
      let options = ApplyOptions(border: .wrap)
      let filtered = try filter.apply(toPlane: image.map { Float($0) }, options: options)
      let truth = try ReferenceApply.apply(kernel, to: image, border: .wrap)
      let square = squaredNorm(zip(filtered.values, truth.values).map { Double($0) - $1 }) / Double(truth.values.count)
      measured.append(-10 * log10(square))
    }
    let predicted = try filter.accuracy(against: kernel).photo
    // As for filters at a lower rate: where aliases meet, the phases of one image chance to add or to cancel.
    #expect(abs(measured.reduce(0, +) / 3 - predicted.mean) < 0.15)
    #expect(abs((measured.min() ?? 0) - predicted.worst) < 0.15)
  }

  /// Each pixel is the sum of what it reads, border included; the sides are no multiples of the period.
  @Test(arguments: [BorderRule.clamp, .mirror, .wrap, .constant(0.5)])
  func planesAreFilteredAsReadingsSay(border: BorderRule) throws {
    let filter = try DualFilter(levels: 2, offset: 0.8)
    var random = SeededGenerator(seed: 3)
    let plane: Plane<Float> = random.plane(width: 19, height: 13, in: 0...1)
    let result = try filter.apply(toPlane: plane, options: ApplyOptions(border: border))
    let reach = filter.reach
    for (x, y) in [(0, 0), (18, 12), (7, 6), (4, 11), (1, 3)] {
      let reading = filter.reading(x: x, y: y)
      var sum = 0.0
      for row in 0..<reading.height {
        for column in 0..<reading.width {
          let sourceX = border.source(of: x - (column - reach), count: 19)
          let sourceY = border.source(of: y - (row - reach), count: 13)
          var value = border.outside
          if let sourceX, let sourceY { value = plane[sourceX, sourceY] }
          sum += reading[column, row] * Double(value)
        }
      }
      // Weights and pixels are not negative: four passes of at most 32 roundings each.
      #expect(abs(Double(result[x, y]) - sum) <= gamma(4 * 32, roundoff: floatRoundoff))
    }
  }

  @Test func costsAreCounted() throws {
    let filter = try DualFilter(levels: 3)
    #expect(filter.passCount == 6 && filter.tapCount == 39)
    // Each level has a quarter of the pixels of the one before.
    let one = try DualFilter(levels: 1).multiplyAddCount
    #expect(abs(filter.multiplyAddCount - one * (1 + 0.25 + 0.0625)) <= gamma(8) * one * 2)
  }

  @Test func badOptionsAreRefused() throws {
    for (levels, offset) in [(0, 1.0), (6, 1), (2, 0.1), (2, 2.5), (2, .nan)] {
      #expect {
        _ = try DualFilter(levels: levels, offset: offset)
      } throws: {
        if case .badDualFilter(levels, _)? = $0 as? BaselineError { true } else { false }
      }
    }
    for deviation in [0, 0.2, 200, -1] {
      #expect {
        _ = try DualFilter(deviation: deviation)
      } throws: {
        if case .deviation("dual filter", deviation, _, _)? = $0 as? BaselineError { true } else { false }
      }
    }
  }
}
