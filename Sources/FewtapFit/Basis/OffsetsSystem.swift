import CFewtapLAPACK
import FewtapCore
import FewtapSynthesis

/// The damped normal equations of a joint fit, solved without ever being put together where that would be too large.
///
/// Equation: `(H + lambda D) d = -g`, `H = sum_p w_p a_p a_p^T (x) H_p + ridge + penalty`; D is H's diagonal without the penalty,
///           which is no curvature that a step should be damped by.
/// Cost:     knots in a row: a block-tridiagonal Cholesky factorization, O(K m^3). Else conjugate gradients with the knots' own
///           blocks as preconditioner, each product one pass over the samples' Gram matrices.
struct OffsetsSystem: Sendable {
  /// Numbers of a knot.
  let side: Int
  let knotCount: Int
  let shares: [[(knot: Int, weight: Double)]]
  let weights: [Double]
  let grams: [[Double]]
  let gradient: [Double]
  /// Of one knot; the same at each.
  let ridges: [Double]
  let layers: [Range<Int>]
  let sumPenalty: Double
  let threads: Int
  /// D.
  let diagonal: [Double]
  /// The blocks of H that lie on the diagonal, ridge and penalty included, and for knots in a row those right of them.
  private let own: [[Double]]
  private let next: [[Double]]

  init(
    side: Int, knotCount: Int, shares: [[(knot: Int, weight: Double)]], weights: [Double], grams: [[Double]],
    gradient: [Double], ridges: [Double], layers: [Range<Int>], sumPenalty: Double, threads: Int
  ) {
    (self.side, self.knotCount, self.shares, self.weights) = (side, knotCount, shares, weights)
    (self.grams, self.gradient, self.ridges) = (grams, gradient, ridges)
    (self.layers, self.sumPenalty, self.threads) = (layers, sumPenalty, threads)
    let isRow = shares.allSatisfy { row in row.allSatisfy { abs($0.knot - row[0].knot) <= 1 } }
    @Sendable func block(_ first: Int, _ second: Int) -> [Double] {
      var block = [Double](repeating: 0, count: side * side)
      for (p, row) in shares.enumerated() {
        guard let a = row.first(where: { $0.knot == first }), let b = row.first(where: { $0.knot == second }) else {
          continue
        }
        let factor = weights[p] * a.weight * b.weight
        grams[p].withUnsafeBufferPointer { gram in for i in 0..<side * side { block[i] += factor * gram[i] } }
      }
      return block
    }
    var diagonal = [Double](repeating: 0, count: knotCount * side)
    var own = parallelMap(count: knotCount, threads: threads) { block($0, $0) }
    next = isRow ? parallelMap(count: knotCount - 1, threads: threads) { block($0, $0 + 1) } : []
    for knot in 0..<knotCount {
      for i in 0..<side {
        own[knot][i * side + i] += ridges[i]
        diagonal[knot * side + i] = own[knot][i * side + i]
      }
      for layer in layers { for i in layer { for j in layer { own[knot][i * side + j] += sumPenalty } } }
    }
    let largest = diagonal.max() ?? 0
    // A tap that has lost its weight must not wander.
    self.diagonal = diagonal.map { max($0, 1e-7 * largest) }
    self.own = own
  }

  /// The step for a damping; nil if the damped matrix is not positive to working precision.
  func step(damping: Double) -> [Double]? { next.isEmpty ? gradients(damping) : factored(damping) }

  private func damped(_ knot: Int, _ damping: Double) -> [Double] {
    var block = own[knot]
    for i in 0..<side { block[i * side + i] += damping * diagonal[knot * side + i] }
    return block
  }

  private func factored(_ damping: Double) -> [Double]? {
    let n = Int32(side)
    var (factors, links): ([[Double]], [[Double]]) = ([], [])
    var rest = gradient.map { -$0 }
    return rest.withUnsafeMutableBufferPointer { rest -> [Double]? in
      guard let start = rest.baseAddress else { return [] }
      func part(_ knot: Int) -> UnsafeMutablePointer<Double> { start + knot * side }
      for knot in 0..<knotCount {
        var block = damped(knot, damping)
        if knot > 0 {
          require(fewtap_subtract_square(n, links[knot - 1], &block))
          require(fewtap_subtract_product(n, links[knot - 1], 1, part(knot - 1), part(knot)))
        }
        guard fewtap_factor_positive(n, &block) == FEWTAP_LAPACK_OK else { return nil }
        require(fewtap_solve_triangular(n, block, 1, 1, part(knot)))
        if knot < knotCount - 1 {
          var link = next[knot]
          require(fewtap_solve_triangular(n, block, 1, n, &link))
          links.append(link)
        }
        factors.append(block)
      }
      for knot in (0..<knotCount).reversed() {
        if knot < knotCount - 1 { require(fewtap_subtract_product(n, links[knot], 0, part(knot + 1), part(knot))) }
        require(fewtap_solve_triangular(n, factors[knot], 0, 1, part(knot)))
      }
      return Array(rest)
    }
  }

  /// Iterations of the conjugate gradients, and the fall of the preconditioned residual's square that ends them: a step that is
  /// wrong by some percent costs the descent nothing.
  private static let (iterations, fall) = (40, 1e-3)

  private func gradients(_ damping: Double) -> [Double]? {
    let factors = parallelMap(count: knotCount, threads: threads) { knot -> [Double]? in
      var block = damped(knot, damping)
      return fewtap_factor_positive(Int32(side), &block) == FEWTAP_LAPACK_OK ? block : nil
    }.compactMap { $0 }
    guard factors.count == knotCount else { return nil }
    func preconditioned(_ residual: [Double]) -> [Double] {
      parallelMap(count: knotCount, threads: threads) { knot in
        var part = Array(residual[knot * side..<(knot + 1) * side])
        require(fewtap_solve_triangular(Int32(side), factors[knot], 1, 1, &part))
        require(fewtap_solve_triangular(Int32(side), factors[knot], 0, 1, &part))
        return part
      }.flatMap { $0 }
    }
    var step = [Double](repeating: 0, count: gradient.count)
    var residual = gradient.map { -$0 }
    var direction = preconditioned(residual)
    var square = dot(residual, direction)
    let enough = Self.fall * square
    for _ in 0..<Self.iterations {
      let image = product(direction, damping)
      let scale = square / dot(direction, image)
      guard scale.isFinite else { break }
      for i in step.indices {
        step[i] += scale * direction[i]
        residual[i] -= scale * image[i]
      }
      let next = preconditioned(residual)
      let newSquare = dot(residual, next)
      guard newSquare > enough else { break }
      for i in direction.indices { direction[i] = next[i] + newSquare / square * direction[i] }
      square = newSquare
    }
    return step
  }

  /// `(H + lambda D) v`.
  private func product(_ v: [Double], _ damping: Double) -> [Double] {
    let parts = parallelMap(count: grams.count, threads: threads) { p in
      var mixed = [Double](repeating: 0, count: side)
      for (knot, share) in shares[p] { for i in 0..<side { mixed[i] += share * v[knot * side + i] } }
      var image = [Double](repeating: 0, count: side)
      check(MathKernels.best.table.symmetric_multiply(Int32(side), grams[p], mixed, &image))
      return image
    }
    var result = zip(v, diagonal).map { damping * $0 * $1 }
    for (p, part) in parts.enumerated() {
      for (knot, share) in shares[p] {
        let factor = weights[p] * share
        for i in 0..<side { result[knot * side + i] += factor * part[i] }
      }
    }
    for knot in 0..<knotCount {
      for layer in layers {
        let sum = layer.reduce(0) { $0 + v[knot * side + $1] }
        for i in layer { result[knot * side + i] += sumPenalty * sum + ridges[i] * v[knot * side + i] }
      }
    }
    return result
  }

  private func dot(_ a: [Double], _ b: [Double]) -> Double {
    var sum = 0.0
    for i in a.indices { sum += a[i] * b[i] }
    return sum
  }

  /// A status other than OK can only be a defect of ours: sizes and buffers are made here.
  private func require(_ status: fewtap_lapack_status) {
    precondition(status == FEWTAP_LAPACK_OK, "CFewtapLAPACK answered \(status)")
  }
}
