import FewtapCore
import FewtapSynthesis

/// The paper's own recipe, unchanged: sparse sampling, Charbonnier loss, Adam for 1000 steps at 1e-3 falling to 1e-4, offsets
/// in units of the kernel's half size. The yardstick that our fits are held against.
///
/// Source: Wu, Zhe, Huo (DISK), ICLR 2026; METHOD.md section 6. Departures: gradients by FFT instead of a framework's, which
///         changes rounding only; and the filter's sum is made exact in the end, as for every fit, which is in its favor (its
///         own sum is off by a percent or so, an error of 40 dB).
struct PaperRecipe {
  let problem: FitProblem
  let guess: FitOptions.Guess
  let seed: UInt64

  private static let steps = 1000

  func run(layout: [Int], _ monitor: FitMonitor) -> ChainParameters {
    var random = SeededGenerator(seed: seed)
    let start = guess.guess.parameters(for: problem.kernel, layout: layout, using: &random)
    let loss = CharbonnierLoss(kernel: problem.kernel, grid: problem.grid)
    let halfSize = Double(max(problem.kernel.width, problem.kernel.height) / 2)
    let adam = Adam(loss, on: problem.grid, offsetScale: max(1, halfSize), steps: Self.steps)
    monitor.begin(total: Self.steps)
    return adam.run(from: start, iterations: Self.steps) { state in
      !monitor.step(FitProblem.Point(synthesis: state.synthesis, cost: state.cost), .refinement)
    }.parameters
  }
}
