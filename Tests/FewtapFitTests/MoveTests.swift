import FewtapCore
import FewtapFit
import FewtapSynthesis
import FewtapTargets
import TestSupport
import Testing

/// Exchange and relocation, held to brute force and to what they promise.
@Suite struct MoveTests {
  private func start(_ kernel: Kernel, _ layout: Layout, seed: UInt64) -> ChainParameters {
    var random = SeededGenerator(seed: seed)
    return MassGuess().parameters(for: kernel, layout: layout.layers.map(\.count), using: &random)
      .withRuns(of: layout.layers.map(\.length)).rounded(using: &random)
  }

  /// Nil if every layer has whole offsets, no two alike, in vertical runs.
  private func runViolation(_ p: ChainParameters) -> String? {
    for (layer, (range, length)) in zip(p.ranges, p.runLengths).enumerated() {
      let places = range.map { [p.x[$0], p.y[$0]] }
      if Set(places).count < places.count { return "layer \(layer) has two taps at one place: \(places)" }
      if places.joined().contains(where: { $0 != $0.rounded() }) { return "layer \(layer) is off the grid: \(places)" }
      for i in range where (i - range.lowerBound) % length > 0 {
        if p.x[i] != p.x[i - 1] || p.y[i] != p.y[i - 1] + 1 { return "tap \(i) is not below tap \(i - 1)" }
      }
    }
    return nil
  }

  private func bestWeights(_ p: ChainParameters, _ problem: FitProblem) -> FitProblem.Point {
    problem.point(
      LevenbergMarquardt(problem, freedom: .weights, tolerance: 1e-12).run(from: p, iterations: 100).parameters)
  }

  @Test("runs beyond what the grid has room for come back whole, and on whole pixels")
  func runsStayTogetherAtTheLimits() throws {
    let kernel = try Kernel.disk(radius: 6)
    let problem = FitProblem(kernel: kernel, objective: .photo)
    var p = start(kernel, try Layout(parsing: "6r4,3r4"), seed: 1)
    for (run, shift) in [(0, 60.0), (2, -57)] {
      for i in 4 * run..<4 * run + 4 {
        p.x[i] += shift
        p.y[i] -= shift
      }
    }
    for i in p.ranges[1].prefix(4) { p.y[i] += 55 }
    let limits = problem.offsetLimits(p)
    #expect(zip(p.reaches, limits).allSatisfy { $0 > $1 }, "nothing would have to come back")
    let moved = bestWeights(p, problem).parameters
    #expect(runViolation(moved) == nil)
    #expect(zip(moved.reaches, limits).allSatisfy { $0 <= $1 })
  }

  /// One run of a single layer, taken out and put where it helps most, against trying every place with weights refitted.
  @Test(arguments: 1...3 as ClosedRange<UInt64>, ["4", "3r2", "3r3", "2r4"])
  func oneExchangeIsTheBestOfAllPlaces(seed: UInt64, layout: String) throws {
    let kernel = try Kernel.disk(radius: 3)
    let problem = FitProblem(kernel: kernel, objective: .photo)
    let p = start(kernel, try Layout(parsing: layout), seed: seed)
    let (length, runs) = (p.runLengths[0], p.tapCount / p.runLengths[0])
    let point = problem.point(p)
    var random = SeededGenerator(seed: seed)
    let moved = try #require(
      Exchange(problem: problem).sweep(
        point, others: point.synthesis.otherLayers(), layer: 0, order: .random, fraction: 1 / Double(runs),
        using: &random))
    #expect(runViolation(moved) == nil)
    let changed = (0..<runs).filter {
      moved.x[$0 * length] != p.x[$0 * length] || moved.y[$0 * length] != p.y[$0 * length]
    }
    #expect(changed.count <= 1)
    // Whichever run was drawn, no place of any one run may be better than what the sweep found for that run.
    let reached = problem.point(moved).cost
    var least = [Double](repeating: .infinity, count: runs)
    for run in 0..<runs {
      for y in -3...4 - length {
        for x in -3...3 {
          var candidate = p
          for row in 0..<length {
            (candidate.x[run * length + row], candidate.y[run * length + row]) = (Double(x), Double(y + row))
          }
          if runViolation(candidate) != nil { continue }
          least[run] = min(least[run], bestWeights(candidate, problem).cost)
        }
      }
    }
    // The search for weights stops at a relative 1e-12; exchange adds 1e-9 of the diagonal to the matrix.
    #expect(least.contains { abs(reached / $0 - 1) < 1e-6 }, "\(reached) against \(least)")
    if let run = changed.first { #expect(abs(reached / least[run] - 1) < 1e-6) }
  }

  @Test(arguments: 1...4 as ClosedRange<UInt64>, ["20,6,4", "8r4,3r3,3r2", "6r5,4,2r8"])
  func aSweepNeverRaisesTheCost(seed: UInt64, text: String) throws {
    let layout = try Layout(parsing: text)
    let kernel = try Kernel.star(points: 4, radius: 11, inner: 4)
    let problem = FitProblem(kernel: kernel, objective: .balanced)
    var point = bestWeights(start(kernel, layout, seed: seed), problem)
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
      #expect(moved.layout == layout.taps && moved.runLengths == layout.layers.map(\.length))
      #expect(runViolation(moved) == nil)
      // Every other layer is as it was; this one's runs are whole, and apart.
      for (other, range) in moved.ranges.enumerated() where other != layer {
        for i in range {
          #expect(moved.x[i] == point.parameters.x[i] && moved.weights[i] == point.parameters.weights[i])
        }
      }
      // Its weights solve the layer's normal equations, so refitting them all can gain only through the other layers.
      let gradient = problem.loss.gradient(ChainSynthesis(moved, on: problem.grid))
      let scale = problem.loss.gradient(ChainSynthesis(start(kernel, layout, seed: seed), on: problem.grid))
        .reduce(0) { max($0, abs($1)) }
      for i in moved.ranges[layer] { #expect(abs(gradient[i]) < 1e-4 * scale) }
      point = next
    }
    #expect(point.cost < first)
  }

  /// However crowded a layer is, and however often it is kicked, its runs stay whole and apart, and only move by a pixel or so.
  @Test(arguments: 1...3 as ClosedRange<UInt64>) func kicksKeepRunsWhole(seed: UInt64) throws {
    let kernel = try Kernel.disk(radius: 3)
    var p = start(kernel, try Layout(parsing: "12r4,5r3,4"), seed: seed)
    var random = SeededGenerator(seed: seed)
    let weights = p.weights
    for _ in 0..<20 {
      let kicked = p.kicked(share: 0.5, using: &random)
      #expect(runViolation(kicked) == nil && kicked.weights == weights && kicked.layout == [48, 15, 4])
      #expect(kicked != p)
      p = kicked
    }
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
