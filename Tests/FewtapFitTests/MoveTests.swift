import FewtapCore
import FewtapFit
import FewtapSynthesis
import FewtapTargets
import TestSupport
import Testing

/// Exchange and relocation, held to brute force and to what they promise.
@Suite struct MoveTests {
  private func start(_ kernel: Kernel, _ layout: [Int], seed: UInt64) -> ChainParameters {
    var random = SeededGenerator(seed: seed)
    var p = MassGuess().parameters(for: kernel, layout: layout, using: &random)
    var taken: Set<[Double]> = []
    for (layer, range) in p.ranges.enumerated() {
      for i in range {
        (p.x[i], p.y[i]) = (p.x[i].rounded(), p.y[i].rounded())
        while !taken.insert([Double(layer), p.x[i], p.y[i]]).inserted { p.x[i] += 1 }
      }
    }
    return p
  }

  private func bestWeights(_ p: ChainParameters, _ problem: FitProblem) -> FitProblem.Point {
    problem.point(
      LevenbergMarquardt(problem, freedom: .weights, tolerance: 1e-12).run(from: p, iterations: 100).parameters)
  }

  /// One tap of a single layer, taken out and put where it helps most, against trying every place with weights refitted.
  @Test(arguments: 1...3 as ClosedRange<UInt64>) func oneExchangeIsTheBestOfAllPlaces(seed: UInt64) throws {
    let kernel = try Kernel.disk(radius: 3)
    let problem = FitProblem(kernel: kernel, objective: .photo)
    let p = start(kernel, [4], seed: seed)
    let point = problem.point(p)
    var random = SeededGenerator(seed: seed)
    let moved = try #require(
      Exchange(problem: problem).sweep(
        point, others: point.synthesis.otherLayers(), layer: 0, order: .random, fraction: 0.25, using: &random))
    let changed = (0..<4).filter { moved.x[$0] != p.x[$0] || moved.y[$0] != p.y[$0] }
    #expect(changed.count <= 1)
    // Whichever tap was drawn, no place of any one tap may be better than what the sweep found for that tap.
    let reached = problem.point(moved).cost
    var least = [Double](repeating: .infinity, count: 4)
    for tap in 0..<4 {
      for y in -3...3 {
        for x in -3...3 {
          var candidate = p
          (candidate.x[tap], candidate.y[tap]) = (Double(x), Double(y))
          let others = (0..<4).filter { $0 != tap }
          if others.contains(where: { p.x[$0] == Double(x) && p.y[$0] == Double(y) }) { continue }
          least[tap] = min(least[tap], bestWeights(candidate, problem).cost)
        }
      }
    }
    // The search for weights stops at a relative 1e-12; exchange adds 1e-9 of the diagonal to the matrix.
    #expect(least.contains { abs(reached / $0 - 1) < 1e-6 }, "\(reached) against \(least)")
    if let tap = changed.first { #expect(abs(reached / least[tap] - 1) < 1e-6) }
  }

  @Test(arguments: 1...4 as ClosedRange<UInt64>) func aSweepNeverRaisesTheCost(seed: UInt64) throws {
    let kernel = try Kernel.star(points: 4, radius: 11, inner: 4)
    let problem = FitProblem(kernel: kernel, objective: .balanced)
    var point = bestWeights(start(kernel, [20, 6, 4], seed: seed), problem)
    var random = SeededGenerator(seed: seed)
    let first = point.cost
    for sweep in 0..<6 {
      let layer = sweep % 3
      let moved = try #require(
        Exchange(problem: problem).sweep(
          point, others: point.synthesis.otherLayers(), layer: layer,
          order: sweep < 3 ? .leastUsefulFirst : .random, fraction: 1, using: &random))
      let next = problem.point(moved)
      #expect(next.cost <= point.cost * (1 + 1e-6))
      #expect(moved.layout == point.parameters.layout)
      // Every other layer is as it was; this one has whole offsets, no two alike.
      for (other, range) in moved.ranges.enumerated() where other != layer {
        for i in range {
          #expect(moved.x[i] == point.parameters.x[i] && moved.weights[i] == point.parameters.weights[i])
        }
      }
      let places = moved.ranges[layer].map { [moved.x[$0], moved.y[$0]] }
      #expect(Set(places).count == places.count && places.joined().allSatisfy { $0 == $0.rounded() })
      // Its weights solve the layer's normal equations, so refitting them all can gain only through the other layers.
      let gradient = problem.loss.gradient(ChainSynthesis(moved, on: problem.grid))
      let scale = problem.loss.gradient(ChainSynthesis(start(kernel, [20, 6, 4], seed: seed), on: problem.grid))
        .reduce(0) { max($0, abs($1)) }
      for i in moved.ranges[layer] { #expect(abs(gradient[i]) < 1e-4 * scale) }
      point = next
    }
    #expect(point.cost < first)
  }

  @Test(arguments: [false, true]) func relocationKeepsTheBudget(acrossLayers: Bool) throws {
    let kernel = try Kernel.heart(size: 25)
    let problem = FitProblem(kernel: kernel, objective: .photo)
    var random = SeededGenerator(seed: 8)
    let guess = MassGuess().parameters(for: kernel, layout: [14, 4, 2], using: &random)
    var point = problem.point(LevenbergMarquardt(problem, freedom: .all).run(from: guess, iterations: 20).parameters)
    for _ in 0..<20 {
      let next = try #require(
        Relocation(problem: problem, acrossLayers: acrossLayers).relocate(point, using: &random))
      #expect(next.tapCount == 20 && next.layout.allSatisfy { $0 >= 2 })
      #expect(acrossLayers || next.layout == [14, 4, 2])
      for (reach, limit) in zip(next.reaches, problem.offsetLimits(point.parameters)) { #expect(reach <= limit + 1) }
      point = problem.point(LevenbergMarquardt(problem, freedom: .all).run(from: next, iterations: 5).parameters)
    }
  }
}
