import CFewtapLAPACK
import FewtapCore
import FewtapSynthesis

/// Takes the least useful taps out and puts new ones where the residual correlates best: what gets a bilinear fit out of the
/// minimum that its start led it to.
///
/// Source: saliency `w^2 / [H^-1]_ii` from Hassibi, Stork, "Second order derivatives for network pruning: optimal brain
///         surgeon", NIPS 1992; METHOD.md section 4.
package struct Relocation {
  let problem: FitProblem
  /// Whether a tap may move to another layer, which changes the layout.
  let acrossLayers: Bool

  package init(problem: FitProblem, acrossLayers: Bool) {
    self.problem = problem
    self.acrossLayers = acrossLayers
  }

  /// The tap to go is drawn among this many of the least useful, the place to go to among this many of the best, so that
  /// repeated tries differ.
  private static let (worstTaps, bestPlaces) = (6, 4)
  /// A layer keeps at least this many taps: one tap is only a shift.
  private static let fewestTaps = 2

  /// `point` with one tap relocated; nil if no tap may go.
  package func relocate(_ point: FitProblem.Point, using random: inout SeededGenerator) -> ChainParameters? {
    guard let index = leastUseful(point, using: &random) else { return nil }
    var parameters = point.parameters
    let layer = parameters.layerOfTap[index]
    refitLayer(&parameters, without: index, layer: layer)
    let synthesis = ChainSynthesis(parameters, on: problem.grid)
    let others = synthesis.otherLayers()
    let residual = problem.grid.difference(synthesis.kernel, problem.loss.target)
    let limits = problem.offsetLimits(parameters)
    var best: (score: Double, layer: Int, tap: Tap)?
    for candidate in acrossLayers ? Array(0..<parameters.layerCount) : [layer] {
      guard
        let place = bestPlace(
          others[candidate], residual, limit: candidate == 0 ? min(limits[0], reach) : limits[candidate], using: &random
        )
      else { continue }
      let score = place.score * (acrossLayers ? random.uniform(0.7, 1) : 1)
      if best == nil || score > best!.score { best = (score, candidate, place.tap) }
    }
    guard let best else { return nil }
    parameters.move(index, to: best.layer, as: best.tap)
    return parameters
  }

  private var reach: Double { Double(problem.kernel.radius) }

  private func leastUseful(_ point: FitProblem.Point, using random: inout SeededGenerator) -> Int? {
    let (parameters, n) = (point.parameters, point.parameters.tapCount)
    var inverse = point.synthesis.weightGram(metric: problem.loss.metric, others: point.synthesis.otherLayers())
    let mean = (0..<n).reduce(0) { $0 + inverse[$1 * n + $1] } / Double(n)
    for i in 0..<n { inverse[i * n + i] += 1e-6 * mean }
    guard fewtap_invert_positive(Int32(n), &inverse) == FEWTAP_LAPACK_OK else { return nil }
    let layers = parameters.layerOfTap
    let candidates = (0..<n).filter { parameters.layout[layers[$0]] > Self.fewestTaps }
      .map { (score: parameters.weights[$0] * parameters.weights[$0] / inverse[$0 * n + $0], index: $0) }
      .sorted { ($0.score, $0.index) < ($1.score, $1.index) }
    guard !candidates.isEmpty else { return nil }
    return candidates[random.index(min(Self.worstTaps, candidates.count))].index
  }

  /// Sets the tap's weight to zero and gives the other weights of its layer their best values.
  private func refitLayer(_ parameters: inout ChainParameters, without index: Int, layer: Int) {
    parameters.weights[index] = 0
    let synthesis = ChainSynthesis(parameters, on: problem.grid)
    let others = synthesis.otherLayers()
    let n = parameters.tapCount
    let gram = synthesis.weightGram(metric: problem.loss.metric, others: others)
    let gradient = problem.loss.gradient(synthesis, others: others)
    let rest = parameters.ranges[layer].filter { $0 != index }
    let mean = rest.reduce(0) { $0 + gram[$1 * n + $1] } / Double(rest.count)
    var matrix = rest.flatMap { i in rest.map { j in gram[i * n + j] + (i == j ? 1e-8 * mean : 0) } }
    var change = rest.map { -gradient[$0] }
    guard fewtap_solve_positive(Int32(rest.count), &matrix, &change) == FEWTAP_LAPACK_OK else { return }
    for (i, d) in zip(rest, change) { parameters.weights[i] += d }
  }

  /// The place where a tap would lower the cost most, `Gamma^2 / 2R(0)`, one of the few best by chance.
  private func bestPlace(
    _ others: Spectrum, _ residual: Spectrum, limit: Double, using random: inout SeededGenerator
  ) -> (score: Double, tap: Tap)? {
    let grid = problem.grid
    let correlation = grid.inverse(grid.correlation(others, residual, weight: problem.loss.metric))
    let energy =
      grid.power(others, weight: zip(problem.loss.metric, grid.multiplicity).map { $0 * $1 })
      / Double(grid.size * grid.size)
    guard energy > 0 else { return nil }
    var best: [(score: Double, x: Int, y: Int)] = []
    let reach = Int(limit)
    for y in -reach...reach {
      for x in -reach...reach {
        let value = correlation[grid.wrapped(y) * grid.size + grid.wrapped(x)]
        let score = problem.nonnegative && value > 0 ? 0 : value * value / (2 * energy)
        guard best.count < Self.bestPlaces || score > best.last!.score else { continue }
        let place = best.firstIndex { score > $0.score } ?? best.count
        best.insert((score, x, y), at: place)
        if best.count > Self.bestPlaces { best.removeLast() }
      }
    }
    let chosen = best[random.index(best.count)]
    let weight = -correlation[grid.wrapped(chosen.y) * grid.size + grid.wrapped(chosen.x)] / energy
    // A little off the grid point: the tent has a kink there.
    return (
      chosen.score,
      Tap(
        x: Double(chosen.x) + random.uniform(-0.3, 0.3), y: Double(chosen.y) + random.uniform(-0.3, 0.3), weight: weight
      )
    )
  }
}
