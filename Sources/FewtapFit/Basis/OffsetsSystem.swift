import CFewtapLAPACK
import FewtapCore

/// The damped normal equations of a joint fit.
///
/// Equation: `(H + lambda D) d = -g`, H of ``OffsetsBlocks``, ridge and penalty included; D is H's diagonal without the penalty,
///           which is no curvature that a step should be damped by.
/// Cost:     knots in a row: a block-tridiagonal Cholesky factorization, O(K m^3). Else conjugate gradients with the knots' own
///           blocks as preconditioner.
package struct OffsetsSystem: Sendable {
  package let blocks: OffsetsBlocks
  package let gradient: [Double]
  /// D.
  package let diagonal: [Double]
  let threads: Int
  private var side: Int { blocks.side }
  private var knotCount: Int { blocks.knotCount }

  /// The system of the samples' `blocks`; `ridges` is one knot's, `sumPenalty` couples the weights of each of `layers`.
  package init(
    _ blocks: OffsetsBlocks, gradient: [Double], ridges: [Double], layers: [Range<Int>], sumPenalty: Double,
    threads: Int
  ) {
    (self.gradient, self.threads) = (gradient, threads)
    let side = blocks.side
    var (blocks, diagonal) = (blocks, [Double](repeating: 0, count: blocks.knotCount * blocks.side))
    blocks.addToEach { knot, block in
      for i in 0..<side {
        block[i * side + i] += ridges[i]
        diagonal[knot * side + i] = block[i * side + i]
      }
      for layer in layers { for i in layer { for j in layer { block[i * side + j] += sumPenalty } } }
    }
    let largest = diagonal.max() ?? 0
    // A tap that has lost its weight must not wander.
    self.diagonal = diagonal.map { max($0, 1e-7 * largest) }
    self.blocks = blocks
  }

  /// The step for a damping; nil if the damped matrix is not positive to working precision.
  package func step(damping: Double) -> [Double]? { blocks.isRow ? factored(damping) : gradients(damping) }

  private func damped(_ knot: Int, _ damping: Double) -> [Double] {
    guard let index = blocks.index(knot, knot) else { return [] }
    var block = blocks.values[index]
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
          // Knots without a sample between them are not coupled.
          var link =
            blocks.index(knot, knot + 1).map { blocks.values[$0] } ?? [Double](repeating: 0, count: side * side)
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
        require(fewtap_solve_factored(Int32(side), factors[knot], &part))
        return part
      }.flatMap { $0 }
    }
    return conjugateGradients(
      gradient: gradient, iterations: Self.iterations, fall: Self.fall, preconditioned: preconditioned,
      product: { product($0, damping) })
  }

  /// `(H + lambda D) v`.
  private func product(_ v: [Double], _ damping: Double) -> [Double] {
    var result = blocks.product(v, threads: threads)
    for i in v.indices { result[i] += damping * diagonal[i] * v[i] }
    return result
  }

  /// A status other than OK can only be a defect of ours: sizes and buffers are made here.
  private func require(_ status: fewtap_lapack_status) {
    precondition(status == FEWTAP_LAPACK_OK, "CFewtapLAPACK answered \(status)")
  }
}
