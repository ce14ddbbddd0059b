import CFewtapLAPACK
import FewtapCore
import FewtapSynthesis

/// The damped normal equations of a series' fit, never formed: `H = sum_p w_p a_p a_p^T (x) H_p`, ridge and penalty included.
///
/// Equation: `(H + lambda D) d = -g`; D repeats the diagonal of the samples' mean `M = sum_p w_p H_p` for each function.
/// Cost:     conjugate gradients, each the samples' matrices once. As the functions are orthonormal over the samples, `1 (x) M` is near
///           to H, and its factor, one for all functions, the preconditioner. Memory: the samples' matrices, 8 m^2 bytes each.
struct SeriesSystem: JointSystem {
  let gradient: [Double]
  let diagonal: [Double]
  private let grams: [[Double]]
  private let rows: [[Double]]
  private let weights: [Double]
  private let layers: [Range<Int>]
  private let sumPenalty: Double
  private let ridges: [Double]
  /// M, with ridge and penalty.
  private let mean: [Double]
  private let threads: Int
  private var side: Int { ridges.count }

  /// Bytes of the samples' matrices that a fit may take: half of what a small machine has.
  static let mostBytes = 4 << 30

  /// Bytes of them for so many functions, with eight samples each, and taps.
  static func byteCount(terms: [Int], taps: Int) -> Int {
    let count = 8 * terms.reduce(1, *)
    let matrix = 8 * 9 * taps * taps
    return count.multipliedReportingOverflow(by: matrix).overflow ? .max : count * matrix
  }

  private var count: Int { rows[0].count }

  init(
    grams: [[Double]], rows: [[Double]], weights: [Double], gradient: [Double], ridges: [Double], layers: [Range<Int>],
    sumPenalty: Double, threads: Int
  ) {
    (self.grams, self.rows, self.weights, self.gradient) = (grams, rows, weights, gradient)
    (self.ridges, self.layers, self.sumPenalty, self.threads) = (ridges, layers, sumPenalty, threads)
    let m = ridges.count
    var mean = [Double](repeating: 0, count: m * m)
    mean.withUnsafeMutableBufferPointer { mean in
      for (gram, weight) in zip(grams, weights) {
        gram.withUnsafeBufferPointer { gram in for i in mean.indices { mean[i] += weight * gram[i] } }
      }
    }
    for i in 0..<m { mean[i * m + i] += ridges[i] }
    let own = (0..<m).map { mean[$0 * m + $0] }
    let largest = own.max() ?? 0
    // A tap that has lost its weight must not wander.
    diagonal = rows[0].flatMap { _ in own.map { max($0, 1e-7 * largest) } }
    for layer in layers { for i in layer { for j in layer { mean[i * m + j] += sumPenalty } } }
    self.mean = mean
  }

  /// Iterations of the conjugate gradients, and the fall of the preconditioned residual's square that ends them, as in
  /// ``OffsetsSystem``.
  private static let (iterations, fall) = (60, 1e-3)

  func step(damping: Double) -> [Double]? {
    var factor = mean
    for i in 0..<side { factor[i * side + i] += damping * diagonal[i] }
    guard fewtap_factor_positive(Int32(side), &factor) == FEWTAP_LAPACK_OK else { return nil }
    func preconditioned(_ residual: [Double]) -> [Double] {
      parallelMap(count: count, threads: threads) { [factor] k in
        var part = Array(residual[k * side..<(k + 1) * side])
        let status = fewtap_solve_factored(Int32(side), factor, &part)
        precondition(status == FEWTAP_LAPACK_OK, "CFewtapLAPACK answered \(status)")
        return part
      }.flatMap { $0 }
    }
    return conjugateGradients(
      gradient: gradient, iterations: Self.iterations, fall: Self.fall, preconditioned: preconditioned,
      product: { product($0, damping) })
  }

  /// `(H + lambda D) v`.
  func product(_ v: [Double], _ damping: Double) -> [Double] {
    let (m, count) = (side, count)
    let images = parallelMap(count: grams.count, threads: threads) { p -> [Double] in
      var mixed = [Double](repeating: 0, count: m)
      v.withUnsafeBufferPointer { v in
        mixed.withUnsafeMutableBufferPointer { mixed in
          for k in 0..<count {
            let factor = weights[p] * rows[p][k]
            for i in 0..<m { mixed[i] += factor * v[k * m + i] }
          }
        }
      }
      var image = [Double](repeating: 0, count: m)
      check(MathKernels.best.table.symmetric_multiply(Int32(m), grams[p], mixed, &image))
      return image
    }
    return parallelMap(count: count, threads: threads) { k -> [Double] in
      var result = [Double](repeating: 0, count: m)
      result.withUnsafeMutableBufferPointer { result in
        for p in images.indices {
          let factor = rows[p][k]
          images[p].withUnsafeBufferPointer { image in for i in 0..<m { result[i] += factor * image[i] } }
        }
        v.withUnsafeBufferPointer { v in
          for i in 0..<m { result[i] += (damping * diagonal[i] + ridges[i]) * v[k * m + i] }
          for layer in layers {
            let sum = layer.reduce(0) { $0 + v[k * m + $1] }
            for i in layer { result[i] += sumPenalty * sum }
          }
        }
      }
      return result
    }.flatMap { $0 }
  }
}
