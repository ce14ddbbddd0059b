import FewtapCore
import FewtapFit
import FewtapSynthesis
import FewtapTargets
import TestSupport
import Testing

/// Gradients of the losses, held to differences of their values.
@Suite struct LossTests {
  private func parameters() -> ChainParameters {
    var random = SeededGenerator(seed: 5)
    return ChainParameters(
      layers: [6, 3].map { count in
        (0..<count).map { _ in
          Tap(x: random.uniform(-3, 3), y: random.uniform(-3, 3), weight: random.uniform(0, 2 / Double(count)))
        }
      })
  }

  private func check(_ loss: some Loss, on grid: GridTransform) {
    let p = parameters()
    let gradient = loss.gradient(ChainSynthesis(p, on: grid))
    let n = p.tapCount
    let scale = gradient.reduce(0) { max($0, abs($1)) }
    for i in 0..<3 * n {
      func value(_ step: Double) -> Double {
        var moved = p
        switch i / n {
        case 0: moved.weights[i] += step
        case 1: moved.x[i - n] += step
        default: moved.y[i - 2 * n] += step
        }
        return loss.value(ChainSynthesis(moved, on: grid))
      }
      // Central differences at two steps, extrapolated (Ridders): truncation h^4, rounding eps / h relative to the loss.
      let central = { (h: Double) in (value(h) - value(-h)) / (2 * h) }
      let estimate = (4 * central(5e-5) - central(1e-4)) / 3
      #expect(abs(gradient[i] - estimate) <= 1e-6 * scale, "parameter \(i)")
    }
  }

  @Test(arguments: [Objective.photo, .balanced, .highlights]) func spectralGradient(objective: Objective) throws {
    let grid = GridTransform(minimumSize: 32)
    check(SpectralLoss(kernel: try Kernel.disk(radius: 4), objective: objective, grid: grid), on: grid)
  }

  @Test func charbonnierGradient() throws {
    let grid = GridTransform(minimumSize: 32)
    check(CharbonnierLoss(kernel: try Kernel.disk(radius: 4), grid: grid), on: grid)
  }

  @Test func anExactChainCostsNothing() throws {
    let kernel = try Kernel.disk(radius: 2)
    var taps: [Tap] = []
    for y in 0..<kernel.height {
      for x in 0..<kernel.width {
        taps.append(
          Tap(x: Double(x - kernel.center.x), y: Double(y - kernel.center.y), weight: kernel.values[x, y]))
      }
    }
    let grid = GridTransform(minimumSize: 32)
    let synthesis = ChainSynthesis(ChainParameters(layers: [taps]), on: grid)
    for objective in Objective.allCases {
      #expect(
        SpectralLoss(kernel: kernel, objective: objective, grid: grid).value(synthesis) < gamma(1000) * gamma(1000))
    }
    #expect(abs(CharbonnierLoss(kernel: kernel, grid: grid).value(synthesis)) < gamma(10000))
  }
}
