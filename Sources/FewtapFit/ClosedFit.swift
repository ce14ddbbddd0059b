import CFewtapLAPACK
import FewtapCore
import FewtapSynthesis

/// Fits at a lower rate that need no search: the best layer over given positions is one linear solve.
///
/// Equation: least `sum_nu W |s - t|^2` over weights at the positions kept; see ``LowRateTarget``.
/// Cost:     for radii to 25 half a millisecond to make and as much a filter; for a radius of 100, 2 and 3 ms.
package struct ClosedFit: Sendable {
  /// The kernel that the filters stand for. They do not name it: its hash would cost more than the fit.
  package let kernel: Kernel
  package let target: LowRateTarget
  private let plane: [Double]

  /// The fits of `kernel` at `rate`, whose factor must be one of ``LowRateTarget/factors``.
  ///
  /// Throws: ``KernelError`` for a kernel whose values are too large or too small to be scaled.
  package init(_ kernel: Kernel, rate: Resampling, objective: Objective = .photo) throws {
    LevenbergMarquardt.prepareLibrary
    self.kernel = kernel
    target = LowRateTarget(
      kernel: try kernel.scaled(by: 1 / Fit.scale(kernel)), objective: objective, rate: rate)
    plane = target.plane()
  }

  /// Thresholds of ``dense(runLength:threshold:ridge:)`` that are tried, coarsest first.
  package static let thresholds = [0.16, 0.08, 0.05, 0.03, 0.02, 0.01, 0.005, 0.0025]
  /// Share of the error at the rate's best that leaving out taps may add: 5% are 0.2 dB.
  private static let tolerated = 0.05

  /// One layer of vertical runs of `runLength` taps: the fewest that come within 0.2 dB of what the rate can reach.
  package func dense(runLength: Int = 4, ridge: Double = 0) -> SparseFilter {
    var (support, weights) = (support(runLength, threshold: 1), [Double]())
    for threshold in Self.thresholds {
      let next = self.support(runLength, threshold: threshold)
      guard next != support else { continue }
      support = next
      weights = solve(support.positions, ridge: ridge)
      if target.error(of: target.plane(target.indices(support.positions), weights)) <= Self.tolerated * target.floor {
        break
      }
    }
    return filter(support.positions, weights)
  }

  /// One layer of vertical runs of `runLength` taps; runs whose every tap is at most `threshold` times the largest are left out,
  /// and the rest is solved anew.
  package func dense(runLength: Int = 4, threshold: Double, ridge: Double = 0) -> SparseFilter {
    let support = support(runLength, threshold: threshold)
    return filter(support.positions, solve(support.positions, ridge: ridge))
  }

  private func support(_ runLength: Int, threshold: Double) -> RunSupport {
    RunSupport(
      covering: plane, side: target.grid.size, reach: max(0, target.maximumOffset - runLength + 1), length: runLength,
      threshold: threshold)
  }

  /// Two layers, a row and a column of taps: what a separable kernel needs, at far less cost.
  ///
  /// Taps at the ends that are at most `threshold` times the largest are left out.
  package func separable(threshold: Double = 0.002) -> SparseFilter {
    // The sums along either axis are the factors of a kernel that is separable; then each is solved for in turn.
    var (row, column) = (factor(threshold) { ($0, $1) }, factor(threshold) { ($1, $0) })
    for _ in 0..<Self.alternations {
      row = refitted(row, against: column)
      column = refitted(column, against: row)
    }
    return filter([TapLayer(row), TapLayer(column)])
  }

  /// What ``separable(threshold:)`` gives where that adds no more error than ``dense(runLength:ridge:)`` may or does, else the latter.
  package func cheapest(runLength: Int = 4, ridge: Double = 0) -> SparseFilter {
    let (dense, separable) = (dense(runLength: runLength, ridge: ridge), separable())
    let allowed = max(Self.tolerated * target.floor, error(of: dense))
    return error(of: separable) <= allowed ? separable : dense
  }

  /// What a filter of ours adds to ``floor``.
  package func error(of filter: SparseFilter) -> Double {
    var low = ChainSynthesis(ChainParameters(filter.chain), on: target.grid).effectiveKernel()
    let gain = filter.gain / Fit.scale(kernel)
    for i in low.indices { low[i] *= gain }
    return target.error(of: low)
  }

  /// The weighted error that no layers at this rate undercut.
  package var floor: Double { target.floor }

  /// Enough for a separable kernel's factors to settle; another kernel has none.
  private static let alternations = 4

  /// The plane's sums across an axis, as taps along it; `place` turns positions along and across into column and row.
  private func factor(_ threshold: Double, _ place: (_ along: Int, _ across: Int) -> (x: Int, y: Int)) -> [Tap] {
    let grid = target.grid
    let taps = (-target.maximumOffset...target.maximumOffset).map { along in
      let sum = (0..<grid.size).reduce(0) { sum, across in
        let (x, y) = place(grid.wrapped(along), across)
        return sum + plane[y * grid.size + x]
      }
      let (x, y) = place(along, 0)
      return Tap(x: Double(x), y: Double(y), weight: sum)
    }
    let floor = threshold * taps.reduce(0) { max($0, abs($1.weight)) }
    let kept = taps.indices.filter { abs(taps[$0].weight) > floor }
    return Array(taps[(kept.first ?? 0)...(kept.last ?? taps.count - 1)])
  }

  /// `taps` with the weights that are best beside the layer `other`.
  private func refitted(_ taps: [Tap], against other: [Tap]) -> [Tap] {
    let (grid, n) = (target.grid, taps.count)
    func indices(_ taps: [Tap]) -> [Int] { target.indices(taps.map { PixelOffset(x: Int($0.x), y: Int($0.y)) }) }
    let layer = grid.forward(target.plane(indices(other), other.map(\.weight)))
    let products = grid.inverse(grid.correlation(layer, layer, weight: target.weight))
    let wanted = grid.inverse(grid.correlation(layer, target.spectrum, weight: target.weight))
    var matrix = [Double](repeating: 0, count: n * n)
    for i in 0..<n {
      for j in i..<n {
        let difference = PixelOffset(x: Int(taps[i].x - taps[j].x), y: Int(taps[i].y - taps[j].y))
        matrix[i * n + j] = products[target.indices([difference])[0]]
      }
      matrix[i * n + i] *= 1 + Self.ridge
    }
    var weights = indices(taps).map { wanted[$0] }
    guard fewtap_solve_positive(Int32(n), &matrix, &weights) == FEWTAP_LAPACK_OK else { return taps }
    return zip(taps, weights).map { Tap(x: $0.x, y: $0.y, weight: $1) }
  }

  /// Far above rounding, far below any error: keeps the factors of a smooth kernel, whose spectrum has no high frequencies, from
  /// taking any.
  private static let ridge = 1e-9

  private func filter(_ positions: [PixelOffset], _ weights: [Double]) -> SparseFilter {
    filter([TapLayer(zip(positions, weights).map { Tap(x: Double($0.x), y: Double($0.y), weight: $1) })])
  }

  private func filter(_ layers: [TapLayer]) -> SparseFilter {
    SparseFilter(TapChain(model: .integer, layers: layers), rate: target.rate, standingFor: kernel)
  }

  /// Weights at `positions` by conjugate gradients from the target's own: little is left out, so a few steps do.
  private func solve(_ positions: [PixelOffset], ridge: Double) -> [Double] {
    let indices = target.indices(positions)
    // The ridge pulls toward 0; its scale is the weight's mean, the curvature along one tap.
    let mean = target.weight.reduce(0, +) / Double(target.weight.count)
    let metric = target.weight.map { $0 + ridge * mean }
    let inverse = metric.map { $0 > 0 ? 1 / $0 : 0 }
    func product(_ weights: [Double], _ metric: [Double]) -> [Double] {
      let result = target.filtered(target.plane(indices, weights), by: metric)
      return indices.map { result[$0] }
    }
    func dot(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }

    var weights = indices.map { plane[$0] }
    let wanted = target.filtered(plane, by: target.weight)
    var residual = zip(indices.map { wanted[$0] }, product(weights, metric)).map { $0 - $1 }
    var preconditioned = product(residual, inverse)
    var direction = preconditioned
    var energy = dot(residual, preconditioned)
    let enough = Self.converged * energy
    for _ in 0..<Self.maximumSteps where energy > enough {
      let image = product(direction, metric)
      let step = energy / dot(direction, image)
      for i in weights.indices {
        weights[i] += step * direction[i]
        residual[i] -= step * image[i]
      }
      preconditioned = product(residual, inverse)
      let next = dot(residual, preconditioned)
      for i in direction.indices { direction[i] = preconditioned[i] + next / energy * direction[i] }
      energy = next
    }
    return weights
  }

  /// The energy of the residual falls to this share, or the steps run out: 20 leave less than 0.1 dB even of kernels cut short,
  /// where the target's own weights are 10 dB off.
  private static let (converged, maximumSteps) = (1e-8, 20)
}
