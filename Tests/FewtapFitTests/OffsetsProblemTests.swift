import FewtapCore
import FewtapFit
import FewtapSynthesis
import FewtapTargets
import TestSupport
import Testing

/// The joint problem of an offsets basis: its derivatives, and the steps that its linear system gives.
@Suite struct OffsetsProblemTests {
  private static let layout = [4, 3]

  /// Disks between `knots` knots, the samples turned by different angles.
  private func problem(knots: Int, turned: Bool, threads: Int = 1) throws -> (problem: OffsetsProblem, tracks: [Double])
  {
    let grid = GridTransform(minimumSize: 32)
    let samples = try (0..<3 * knots - 2).map { index in
      let coordinate = Double(index) / 3
      let kernel = try Kernel.disk(radius: 2 + coordinate)
      let low = min(Int(coordinate), knots - 2)
      let share = coordinate - Double(low)
      return OffsetsProblem.Sample(
        target: grid.forward(grid.place(try kernel.scaled(by: 1 / kernel.sum))),
        shares: [(low, 1 - share), (low + 1, share)].filter { $0.1 > 0 },
        turn: turned ? direction(degrees: 37 * Double(index)) : SIMD2(1, 0), weight: 1 + 0.1 * Double(index))
    }
    let problem = OffsetsProblem(
      layout: Self.layout, knotCount: knots, samples: samples, objective: .photo, grid: grid, limits: [8, 6],
      threads: threads)
    var random = SeededGenerator(seed: 5)
    let n = Self.layout.reduce(0, +)
    let tracks = (0..<knots).flatMap { _ in
      (0..<n).map { _ in random.uniform(0.1, 0.4) } + (0..<2 * n).map { _ in random.uniform(-2, 2) }
    }
    return (problem, tracks)
  }

  @Test(arguments: [false, true])
  func theGradientIsTheSlopeOfTheCost(turned: Bool) throws {
    let (problem, tracks) = try problem(knots: 3, turned: turned)
    let gradient = problem.system(tracks).gradient
    let cost = problem.cost(tracks)
    // The cost is smooth but for kinks at whole pixels, which a step this short hits by no seed of ours; a central difference is
    // off by rounding of the cost over the step and by the step's square.
    let step = 1e-5
    for i in stride(from: 0, to: tracks.count, by: 5) {
      var (above, below) = (tracks, tracks)
      above[i] += step
      below[i] -= step
      let slope = (problem.cost(above) - problem.cost(below)) / (2 * step)
      let bound = gamma(1000) * cost / step + 10 * step * step * (1 + cost)
      #expect(abs(slope - gradient[i]) <= bound * 10, "parameter \(i): \(gradient[i]), differences say \(slope)")
    }
  }

  @Test func threadsChangeNoBit() throws {
    let (one, tracks) = try problem(knots: 4, turned: true)
    let (three, _) = try problem(knots: 4, turned: true, threads: 3)
    #expect(one.cost(tracks) == three.cost(tracks))
    #expect(one.system(tracks).gradient == three.system(tracks).gradient)
    #expect(one.system(tracks).step(damping: 1e-3) == three.system(tracks).step(damping: 1e-3))
  }

  /// Random symmetric positive blocks on knots that share samples as `shares` says.
  private func system(knots: Int, shares: [[(knot: Int, weight: Double)]]) -> OffsetsSystem {
    let side = 12
    var random = SeededGenerator(seed: 8)
    let grams = shares.map { _ in
      let factors = (0..<side * side).map { _ in random.uniform(-1, 1) }
      return (0..<side * side).map { index in
        let (i, j) = (index / side, index % side)
        return (0..<side).reduce(i == j ? 1 : 0) { $0 + factors[i * side + $1] * factors[j * side + $1] }
      }
    }
    var blocks = OffsetsBlocks(side: side, knotCount: knots, shares: shares)
    blocks.add(grams, shares: shares[...], weights: grams.map { _ in 0.5 }[...], threads: 1)
    return OffsetsSystem(
      blocks, gradient: (0..<knots * side).map { _ in random.uniform(-1, 1) },
      ridges: Array(repeating: 1e-3, count: side),
      layers: [0..<2, 2..<4], sumPenalty: 2, threads: 1)
  }

  private func residual(_ system: OffsetsSystem, damping: Double) throws -> (residual: Double, gradient: Double) {
    let step = try #require(system.step(damping: damping))
    var image = system.blocks.product(step, threads: 1)
    for i in image.indices { image[i] += damping * system.diagonal[i] * step[i] + system.gradient[i] }
    func norm(_ values: [Double]) -> Double { values.reduce(0) { $0 + $1 * $1 }.squareRoot() }
    return (norm(image), norm(system.gradient))
  }

  @Test func knotsInARowAreSolvedExactly() throws {
    let shares = (0..<9).map { index -> [(knot: Int, weight: Double)] in
      let low = min(index / 3, 2)
      return [(low, 0.7), (low + 1, 0.3)]
    }
    let (residual, gradient) = try residual(system(knots: 4, shares: shares), damping: 1e-2)
    // Rounding of a factorization of side 48, times a condition of some thousands.
    #expect(residual <= gamma(48 * 48) * 1e4 * gradient)
  }

  @Test func otherKnotsAreSolvedToPercents() throws {
    let shares = (0..<12).map { index -> [(knot: Int, weight: Double)] in
      [(index % 4, 0.4), ((index + 1) % 4, 0.3), ((index + 2) % 4, 0.3)].sorted { $0.0 < $1.0 }
    }
    let (residual, gradient) = try residual(system(knots: 4, shares: shares), damping: 1e-2)
    // The iteration ends when the square of the residual, preconditioned, has fallen to a thousandth.
    #expect(residual <= 0.2 * gradient)
  }
}
