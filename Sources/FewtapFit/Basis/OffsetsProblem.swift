import FewtapCore
import FewtapSynthesis

/// The joint problem of an offsets basis: taps at all knots at once, such that what is interpolated between the knots meets the
/// family's kernels there.
///
/// Equation: `sum_p w_p |K(theta_p) - T_p|^2_W / (2 P) + 1/2 ridge + 1/2 penalty`, `theta_p = rotation_p sum_k a_pk theta_k`; the
///           ridge is that of ``FitProblem``, the penalty holds every knot's layer sums to 1.
/// Shapes:   `tracks` holds for each knot `[weights..., x..., y...]`, 3n numbers: the track of tap i runs through entry i of each.
package struct OffsetsProblem: Sendable {
  /// A kernel that the basis should meet at a point of its parameter space.
  package struct Sample: Sendable {
    /// Spectrum of the kernel, scaled to sum 1.
    let target: Spectrum
    /// The knots that the point lies between, and their weights, which sum to 1.
    let shares: [(knot: Int, weight: Double)]
    /// What the interpolated taps are turned by: cosine and sine.
    let turn: SIMD2<Double>
    /// Weight of its squared error; 1 on average.
    let weight: Double

    package init(target: Spectrum, shares: [(knot: Int, weight: Double)], turn: SIMD2<Double>, weight: Double) {
      (self.target, self.shares, self.turn, self.weight) = (target, shares, turn, weight)
    }
  }

  let grid: GridTransform
  let layout: [Int]
  let knotCount: Int
  let samples: [Sample]
  /// Largest |offset| of each layer's taps.
  let limits: [Double]
  let threads: Int
  private let costWeight: [Double]
  private let metric: [Double]
  /// A chain of this layout, all of its numbers 0.
  let blank: ChainParameters

  /// The ridge of ``FitProblem``.
  private static let ridge = 1e-7
  /// Curvature of the penalty. A layer's sum has the curvature 0.8 or so from the loss, which heeds the product of the sums alone.
  static let sumPenalty = 4.0

  package init(
    layout: [Int], knotCount: Int, samples: [Sample], objective: Objective, grid: GridTransform, limits: [Double],
    threads: Int
  ) {
    (self.layout, self.knotCount, self.samples) = (layout, knotCount, samples)
    (self.grid, self.limits, self.threads) = (grid, limits, threads)
    let power = grid.tabulate { fx, fy in
      objective.power(squaredFrequency: fx * fx + fy * fy) * (fx == 0 && fy == 0 ? SpectralLoss.weightOfSum : 1)
    }
    let spread = zip(power, grid.multiplicity).map { $0 * $1 }
    // The same scale for all samples: errors are seen in the image, so that a small kernel's count as much as a large one's.
    let total = samples.reduce(0) { $0 + grid.power($1.target, weight: spread) } / Double(max(1, samples.count))
    costWeight = spread.map { $0 / total }
    let area = Double(grid.size * grid.size)
    metric = power.map { $0 * area / total }
    blank = ChainParameters(layers: layout.map { Array(repeating: Tap(x: 0, y: 0, weight: 0), count: $0) })
  }

  /// Taps of a filter.
  var tapCount: Int { blank.tapCount }
  /// Numbers of a knot.
  var side: Int { 3 * tapCount }

  /// The chain that is interpolated at a sample.
  func parameters(of sample: Sample, in tracks: [Double]) -> ChainParameters {
    let (n, m) = (tapCount, side)
    var mixed = [Double](repeating: 0, count: m)
    for (knot, weight) in sample.shares {
      for i in 0..<m { mixed[i] += weight * tracks[knot * m + i] }
    }
    var result = blank
    let (c, s) = (sample.turn.x, sample.turn.y)
    for i in 0..<n {
      result.weights[i] = mixed[i]
      result.x[i] = c * mixed[n + i] - s * mixed[2 * n + i]
      result.y[i] = s * mixed[n + i] + c * mixed[2 * n + i]
    }
    return result
  }

  /// The cost.
  package func cost(_ tracks: [Double]) -> Double { loss(tracks) + constraintCost(tracks) }

  /// The samples' part of it.
  func loss(_ tracks: [Double]) -> Double {
    let parts = parallelMap(count: samples.count, threads: threads) { p in
      let synthesis = ChainSynthesis(parameters(of: samples[p], in: tracks), on: grid)
      let difference = grid.difference(synthesis.kernel, samples[p].target)
      return 0.5 * samples[p].weight * grid.power(difference, weight: costWeight)
    }
    return parts.reduce(0, +) / Double(samples.count)
  }

  private func constraintCost(_ tracks: [Double]) -> Double {
    var sum = 0.0
    for knot in 0..<knotCount {
      for range in blank.ranges {
        let weights = range.map { tracks[knot * side + $0] }
        let excess = weights.reduce(0, +) - 1
        sum += Self.sumPenalty * excess * excess + ridge(range) * weights.reduce(0) { $0 + $1 * $1 }
      }
    }
    return 0.5 * sum / Double(knotCount)
  }

  /// The ridge of a layer's weights.
  func ridge(_ range: Range<Int>) -> Double {
    Self.ridge * Double(range.count) / Double(layout.count)
  }

  /// The Gauss-Newton system at `tracks`.
  package func system(_ tracks: [Double]) -> OffsetsSystem {
    let m = side
    let shares = samples.map(\.shares)
    let weights = samples.map { $0.weight / Double(samples.count) }
    var blocks = OffsetsBlocks(side: m, knotCount: knotCount, shares: shares)
    var gradient = [Double](repeating: 0, count: knotCount * m)
    for first in stride(from: 0, to: samples.count, by: Self.batch) {
      let batch = first..<min(first + Self.batch, samples.count)
      let parts = parallelMap(count: batch.count, threads: threads) { derivatives(of: samples[first + $0], at: tracks) }
      for (p, part) in zip(batch, parts) {
        for (knot, share) in shares[p] {
          let factor = share * weights[p]
          for i in 0..<m { gradient[knot * m + i] += factor * part.gradient[i] }
        }
      }
      blocks.add(parts.map(\.gram), shares: shares[batch], weights: weights[batch], threads: threads)
    }
    var ridges = [Double](repeating: 0, count: m)
    for range in blank.ranges {
      for i in range { ridges[i] = ridge(range) / Double(knotCount) }
      for knot in 0..<knotCount {
        let excess = range.reduce(-1) { $0 + tracks[knot * m + $1] }
        for i in range {
          gradient[knot * m + i] +=
            Self.sumPenalty / Double(knotCount) * excess + ridges[i] * tracks[knot * m + i]
        }
      }
    }
    return OffsetsSystem(
      blocks, gradient: gradient, ridges: ridges, layers: blank.ranges, sumPenalty: Self.sumPenalty / Double(knotCount),
      threads: threads)
  }

  /// Samples whose Gram matrices are kept at a time.
  private static let batch = 32

  /// Gradient and Gram matrix of a sample's loss with respect to the interpolated taps, before they are turned.
  func derivatives(of sample: Sample, at tracks: [Double]) -> (gradient: [Double], gram: [Double]) {
    let n = tapCount
    let synthesis = ChainSynthesis(parameters(of: sample, in: tracks), on: grid)
    let others = synthesis.otherLayers()
    let difference = grid.difference(synthesis.kernel, sample.target)
    var gradient = synthesis.pullback(difference, weight: metric, others: others)
    var gram = synthesis.gram(metric: metric, others: others)
    if sample.turn != SIMD2(1, 0) {
      Self.turnBack(&gradient, by: sample.turn, tapCount: n)
      Self.turnBack(gram: &gram, by: sample.turn, tapCount: n)
    }
    return (gradient, gram)
  }

  /// A gradient with respect to turned offsets as one with respect to those before.
  private static func turnBack(_ gradient: inout [Double], by turn: SIMD2<Double>, tapCount n: Int) {
    for i in n..<2 * n {
      let (x, y) = (gradient[i], gradient[n + i])
      gradient[i] = turn.x * x + turn.y * y
      gradient[n + i] = turn.x * y - turn.y * x
    }
  }

  /// The same of a Gram matrix: its rows, then its columns.
  private static func turnBack(gram: inout [Double], by turn: SIMD2<Double>, tapCount n: Int) {
    let m = 3 * n
    for i in n..<2 * n {
      for j in 0..<m {
        let (x, y) = (gram[i * m + j], gram[(n + i) * m + j])
        gram[i * m + j] = turn.x * x + turn.y * y
        gram[(n + i) * m + j] = turn.x * y - turn.y * x
      }
    }
    for row in 0..<m {
      for i in row * m + n..<row * m + 2 * n {
        let (x, y) = (gram[i], gram[n + i])
        gram[i] = turn.x * x + turn.y * y
        gram[n + i] = turn.x * y - turn.y * x
      }
    }
  }

  /// The longest way that a change of the tracks moves a tap along an axis.
  func longestMove(_ change: [Double]) -> Double {
    var longest = 0.0
    for i in change.indices where i % side >= tapCount { longest = max(longest, abs(change[i])) }
    return longest
  }

  /// Brings offsets within the layers' limits.
  func clamp(_ tracks: inout [Double]) {
    let n = tapCount
    for knot in 0..<knotCount {
      for (range, limit) in zip(blank.ranges, limits) {
        for i in range {
          for place in [knot * side + n + i, knot * side + 2 * n + i] {
            tracks[place] = min(max(tracks[place], -limit), limit)
          }
        }
      }
    }
  }
}
