import FewtapCore
import FewtapFit
import FewtapSynthesis
import FewtapTargets
import Testing

/// Every optimizer on every problem: the cost falls, and known answers are found.
@Suite struct OptimizerTests {
  private func problem(_ kernel: Kernel) -> FitProblem { FitProblem(kernel: kernel, objective: .photo) }

  private func guess(_ kernel: Kernel, _ layout: [Int]) -> ChainParameters {
    var random = SeededGenerator(seed: 3)
    return MassGuess().parameters(for: kernel, layout: layout, using: &random)
  }

  @Test(arguments: ["disk:radius=6", "ring:radius=8,inner=5", "line:length=11,angle=30"])
  func levenbergMarquardtLowersTheCostAtEveryStep(name: String) throws {
    let kernel = try KernelSpecification(name).makeKernel()
    let optimizer = LevenbergMarquardt(problem(kernel), freedom: .all)
    var state = optimizer.start(at: guess(kernel, [10, 4]))
    let first = state.cost
    for _ in 0..<30 {
      let before = state.cost
      let helped = optimizer.step(&state)
      #expect(helped ? state.cost < before : state.cost <= before)
      if !helped { break }
    }
    #expect(state.cost < 0.5 * first)
  }

  @Test(arguments: ["disk:radius=6", "line:length=11,angle=30"])
  func adamLowersTheCost(name: String) throws {
    let kernel = try KernelSpecification(name).makeKernel()
    let grid = GridTransform(minimumSize: 64)
    let adam = Adam(CharbonnierLoss(kernel: kernel, grid: grid), on: grid, offsetScale: 6, steps: 100)
    let start = adam.start(at: guess(kernel, [10, 4]))
    let end = adam.run(from: start.parameters, iterations: 1000)
    #expect(end.cost < start.cost)
    var done = end
    #expect(!adam.step(&done), "the schedule ends after its steps")
  }

  /// The target is itself a chain: from a start nearby the truth must be found, to the floor that the ridge leaves.
  @Test func levenbergMarquardtFindsAKnownChain() throws {
    var random = SeededGenerator(seed: 11)
    let truth = ChainParameters(layers: [
      [(-3.3, 1.2), (2.6, 2.7), (0.4, -3.1), (3.7, -1.6)].map { Tap(x: $0.0, y: $0.1, weight: 0.25) },
      [(-0.7, -0.4), (0.6, 0.3)].map { Tap(x: $0.0, y: $0.1, weight: 0.5) },
    ])
    let kernel = try SparseFilter(chain: truth.chain(model: .bilinear)).effectiveKernel()
    var start = truth
    for i in start.weights.indices {
      start.x[i] += random.uniform(-0.2, 0.2)
      start.y[i] += random.uniform(-0.2, 0.2)
      start.weights[i] *= random.uniform(0.8, 1.2)
    }
    let exact = FitProblem(kernel: kernel, objective: .photo, ridge: 0)
    let end = LevenbergMarquardt(exact, freedom: .all, tolerance: 1e-12).run(from: start, iterations: 200)
    // A squared relative error at Double's rounding, times the condition of the problem.
    #expect(end.cost < 1e-20)
  }

  /// With offsets fixed and one layer the problem is linear: the gradient must vanish at the answer.
  @Test func weightsReachTheNormalEquations() throws {
    let kernel = try Kernel.disk(radius: 5)
    let p = problem(kernel)
    let end = LevenbergMarquardt(p, freedom: .weights, tolerance: 1e-14).run(from: guess(kernel, [12]), iterations: 200)
    let gradient = p.loss.gradient(ChainSynthesis(end.parameters, on: p.grid))
    let start = p.loss.gradient(ChainSynthesis(guess(kernel, [12]), on: p.grid))
    let n = end.parameters.tapCount
    // What remains is the ridge's pull, 1e-7 w, and rounding.
    let size = { (g: [Double]) in g[..<n].reduce(0) { max($0, abs($1)) } }
    #expect(size(gradient) < 1e-4 * size(start))
  }

  @Test func nonnegativeWeightsStayNonnegative() throws {
    let kernel = try Kernel.star(points: 4, radius: 9, inner: 3)
    let constrained = FitProblem(kernel: kernel, objective: .photo, nonnegative: true)
    let end = LevenbergMarquardt(constrained, freedom: .all).run(from: guess(kernel, [12, 4]), iterations: 40)
    #expect(end.parameters.weights.allSatisfy { $0 >= 0 })
    #expect(end.cost < problem(kernel).loss.value(ChainSynthesis(guess(kernel, [12, 4]), on: constrained.grid)))
  }
}
