internal import CFewtapLAPACK
import FewtapCore

/// The singular value decomposition of a kernel: the best sums of separable passes that there are.
///
/// Equation: `K = sum_k s_k v_k u_k^T`; the first r terms are the nearest kernel of rank r, and
///           `|K - K_r|_2^2 = sum_{k > r} s_k^2` (Eckart, Young).
/// Accuracy: that of LAPACK's `dgesvd`, a modest multiple of `2^-53 s_1`; held by FewtapBaselinesTests/LowRankTests.
/// Cost:     O(min(w, h)^2 max(w, h)): 1 ms for 49 x 49.
/// Source:   Eckart, Young, "The approximation of one matrix by another of lower rank", Psychometrika 1(3), 1936; as a blur:
///           McGraw, "Fast bokeh effects using low-rank linear filters", The Visual Computer 31(5), 2015.
public struct LowRank: Sendable {
  /// Ranks that a rival may have.
  public static let ranks = 1...6

  /// The kernel.
  public let kernel: Kernel
  /// All singular values, falling.
  public let singularValues: [Double]
  /// Left vectors, `[height][count]`, and right ones, `[count][width]`.
  private let left: [Double]
  private let right: [Double]

  /// The decomposition of `kernel`.
  ///
  /// Throws: ``BaselineError/notConverged(width:height:)``.
  public init(_ kernel: Kernel) throws(BaselineError) {
    fewtap_lapack_use_one_thread()
    let (width, height) = (kernel.width, kernel.height)
    let count = min(width, height)
    var matrix = kernel.values.values
    var values = [Double](repeating: 0, count: count)
    var left = [Double](repeating: 0, count: height * count)
    var right = [Double](repeating: 0, count: count * width)
    var scratch = [Double](repeating: 0, count: Int(fewtap_svd_scratch_count(Int32(height), Int32(width))))
    let status = fewtap_singular_values(Int32(height), Int32(width), &matrix, &values, &left, &right, &scratch)
    guard status == FEWTAP_LAPACK_OK else { throw .notConverged(width: width, height: height) }
    (self.kernel, singularValues, self.left, self.right) = (kernel, values, left, right)
  }

  /// The nearest kernel of rank `rank`, as that many separable terms; of a kernel of lower rank, all its own.
  ///
  /// Each factor takes the root of the singular value, so that neither is far from 1 in Float. Weights that are rounding of the
  /// decomposition, at most `2^-53` times the side times the largest, are zeros.
  /// Throws: ``BaselineError/badRank(_:)``.
  public func filter(rank: Int) throws(BaselineError) -> SeparableSum {
    guard Self.ranks.contains(rank) else { throw .badRank(rank) }
    let rounding = Double(max(kernel.width, kernel.height)) * 0x1p-53
    let kept = singularValues.indices.prefix(rank).filter { singularValues[$0] > rounding * singularValues[0] }
    return try SeparableSum(
      terms: kept.map { k in
        let root = singularValues[k].squareRoot()
        let row = (0..<kernel.width).map { root * right[k * kernel.width + $0] }
        let column = (0..<kernel.height).map { root * left[$0 * singularValues.count + k] }
        return SeparableSum.Term(
          row: Self.withoutRounding(row, rounding), column: Self.withoutRounding(column, rounding))
      }, center: kernel.center)
  }

  /// The same with the kernel's sum: truncation changes that, which photographs show most; a kernel whose sum is small beside its
  /// weights is left as it is.
  ///
  /// Throws: as ``filter(rank:)``; ``FewtapCore/KernelError``.
  package func brightFilter(rank: Int) throws -> SeparableSum {
    let filter = try filter(rank: rank)
    let ratio = kernel.sum / (try filter.effectiveKernel().sum)
    return !kernel.isZeroSum && (0.5...2).contains(ratio) ? try filter.scaled(by: ratio) : filter
  }

  private static func withoutRounding(_ weights: [Double], _ rounding: Double) -> [Double] {
    let floor = rounding * weights.reduce(0) { max($0, abs($1)) }
    return weights.map { abs($0) > floor ? $0 : 0 }
  }
}
