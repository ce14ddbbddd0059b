import FewtapCore
import FewtapFit
import FewtapSynthesis
import FewtapTargets
import TestSupport
import Testing

@Suite struct PhotoSpectrumTests {
  private let grid = GridTransform(minimumSize: 256)

  private func prediction(_ difference: (inout [Double]) -> Void) -> PhotoSpectrum.Prediction {
    var plane = [Double](repeating: 0, count: grid.size * grid.size)
    difference(&plane)
    return PhotoSpectrum(grid: grid).prediction(grid.forward(plane))
  }

  @Test func tenTimesTheErrorIsTwentyDecibels() {
    let (one, ten) = (
      prediction {
        $0[3] = 0.01; $0[4] = -0.01
      },
      prediction {
        $0[3] = 0.1; $0[4] = -0.1
      }
    )
    #expect(abs(one.mean - ten.mean - 20) < 1e-9 && abs(one.worst - ten.worst - 20) < 1e-9)
    #expect(one.worst <= one.mean)
  }

  @Test func anExactFilterIsAtTheCap() {
    let exact = prediction { _ in }
    #expect(exact.mean == 300 && exact.worst == 300)
  }

  /// A shift by one pixel moves edges: its error is the photograph's own gradient, larger than that of a fine ripple of equal L2
  /// only where the photograph has more power, at low frequencies.
  @Test func lowFrequenciesWeighMore() {
    let coarse = prediction { for x in 0..<16 { $0[x] = x < 8 ? 0.01 : -0.01 } }
    let fine = prediction { for x in 0..<16 { $0[x] = x % 2 == 0 ? 0.01 : -0.01 } }
    #expect(fine.mean > coarse.mean + 10)
  }

  /// The prediction is an integral over frequency: a finer grid must not change it.
  @Test func theGridDoesNotMatter() throws {
    let kernel = try Kernel.disk(radius: 6)
    var options = FitOptions()
    options.effort = .fast
    options.budget = .taps(24)
    let effective = try Fit(kernel, options).run().filter.effectiveKernel()
    func mean(_ size: Int) -> Double {
      let grid = GridTransform(minimumSize: size)
      var plane = grid.place(effective)
      for (i, value) in grid.place(kernel).enumerated() { plane[i] -= value }
      return PhotoSpectrum(grid: grid).prediction(grid.forward(plane)).mean
    }
    // Interpolated tables are integrated by a midpoint rule whose error falls with the grid; 0.1 dB is a tenth of a spread
    // between photographs.
    #expect(abs(mean(256) - mean(512)) < 0.1)
  }
}
