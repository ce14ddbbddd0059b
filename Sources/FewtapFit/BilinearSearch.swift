import FewtapCore
import FewtapSynthesis

/// The search for real offsets: Levenberg-Marquardt, and hops that relocate or jitter taps, each followed by a short refit.
struct BilinearSearch {
  let problem: FitProblem
  /// Whether hops may move taps between layers.
  let freeLayout: Bool

  /// A hop that ends within this factor of the best cost is gone on from, or the search soon finds no hop that helps (Dueck,
  /// "New optimization heuristics: the great deluge algorithm and the record-to-record travel", J. Comp. Phys. 104, 1993).
  /// 1.01 to 1.1 do alike; a disk of 24x4 taps gains 1.6 dB over accepting only what is better.
  private static let tolerated = 1.02

  /// A first fit from `guess`; `monitor` sees the point after each iteration, and ends the search by returning false.
  func descend(
    from guess: ChainParameters, iterations: Int, monitor: (FitProblem.Point) -> Bool
  ) -> FitProblem.Point {
    LevenbergMarquardt(problem, freedom: .all).run(from: guess, iterations: iterations) { !monitor($0.point) }.point
  }

  /// Makes `hops` hops from `start` and returns the best point; `monitor` sees the best point after each, and ends the search by
  /// returning false.
  func hop(
    from start: FitProblem.Point, hops: Int, using random: inout SeededGenerator, monitor: (FitProblem.Point) -> Bool
  ) -> FitProblem.Point {
    var (best, current) = (start, start)
    for _ in 0..<hops {
      var next: ChainParameters? = current.parameters
      let kind = random.index(freeLayout ? 3 : 2)
      if kind == 0 {
        next = jittered(current.parameters, using: &random)
      } else {
        let relocation = Relocation(problem: problem, acrossLayers: kind == 2)
        for _ in 0...random.index(3) {
          next = next.flatMap { relocation.relocate(problem.point($0), using: &random) }
        }
      }
      if let next {
        let point = tried(next, against: best.cost)
        if point.cost < Self.tolerated * best.cost { current = point }
        if point.cost < best.cost { best = point }
      }
      guard monitor(best) else { break }
    }
    return best
  }

  /// A short refit, given up early where it will not come near `cost`: most hops fail, and show it soon.
  private func tried(_ parameters: ChainParameters, against cost: Double) -> FitProblem.Point {
    var iteration = 0
    return LevenbergMarquardt(problem, freedom: .all, tolerance: 1e-3).run(from: parameters, iterations: 30) { state in
      defer { iteration += 1 }
      return iteration == 10 && state.cost > 3 * cost
    }.point
  }

  /// The last fit, to convergence or until `shouldStop` says so.
  func polish(_ point: FitProblem.Point, shouldStop: () -> Bool) -> FitProblem.Point {
    let final = LevenbergMarquardt(problem, freedom: .all, tolerance: 1e-4).run(
      from: point.parameters, iterations: 150
    ) { _ in shouldStop() }.point
    return final.cost < point.cost ? final : point
  }

  /// Some taps moved at random, by a share of the distance between neighbors in their layer.
  private func jittered(_ parameters: ChainParameters, using random: inout SeededGenerator) -> ChainParameters {
    var result = parameters
    let amount = [0.1, 0.3, 0.6][random.index(3)]
    let share = [0.15, 0.5, 1][random.index(3)]
    for range in parameters.ranges {
      let count = Double(range.count)
      let (meanX, meanY) = (
        range.reduce(0) { $0 + parameters.x[$1] } / count, range.reduce(0) { $0 + parameters.y[$1] } / count
      )
      let variance = range.reduce(0) { sum, i in
        let (dx, dy) = (parameters.x[i] - meanX, parameters.y[i] - meanY)
        return sum + (dx * dx + dy * dy) / (2 * count)
      }
      let spacing = (variance / count).squareRoot()
      for i in range where random.unit() < share {
        result.x[i] += amount * spacing * random.normal()
        result.y[i] += amount * spacing * random.normal()
      }
    }
    return result
  }
}
