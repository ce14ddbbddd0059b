import CFewtapMath
import FewtapCore
import FewtapSynthesis
import TestSupport
import Testing

/// The inner loops of exchange, for every instruction set of this machine, held to their definitions.
@Suite struct MathKernelTests {
  /// Windows around the widths of vectors and blocks.
  private static let windows = [(1, 1), (7, 3), (8, 5), (9, 4), (17, 6), (24, 2), (31, 31), (33, 9), (49, 7), (65, 3)]

  private func numbers(_ count: Int, _ random: inout SeededGenerator) -> [Double] {
    (0..<count).map { _ in random.uniform(-1, 1) }
  }

  @Test(arguments: windows, [false, true]) func exchangeStepMatchesItsDefinition(window: (Int, Int), pair: Bool) {
    let (width, height) = window
    for kernels in MathKernels.all {
      var random = SeededGenerator(seed: UInt64(width * 100 + height))
      let (side, taps) = (2 * max(width, height) - 1, 6)
      let table = numbers(side * side, &random) + [Double](repeating: .nan, count: Int(FEWTAP_EXCHANGE_PADDING))
      let x = (0..<taps).map { _ in Int32(random.index(width)) }
      let y = (0..<taps).map { _ in Int32(random.index(height)) }
      let (c1, c2) = (numbers(taps, &random), numbers(taps, &random))
      var correlation = numbers(width * height, &random)
      var schur = numbers(width * height, &random).map { $0 + 2 }
      let taken = (0..<width * height).map { _ in UInt8(random.index(4) == 0 ? 1 : 0) }
      let (a1, b1, a2, b2) = (0.7, -0.3, 1.1, 0.2)
      let (correlationBefore, schurBefore) = (correlation, schur)

      var best: Int32 = -2
      x.withUnsafeBufferPointer { x in
        y.withUnsafeBufferPointer { y in
          c1.withUnsafeBufferPointer { c1 in
            c2.withUnsafeBufferPointer { c2 in
              table.withUnsafeBufferPointer { table in
                correlation.withUnsafeMutableBufferPointer { correlation in
                  schur.withUnsafeMutableBufferPointer { schur in
                    var view = fewtap_exchange_window(
                      table: table.baseAddress, table_side: Int32(side), width: Int32(width), height: Int32(height),
                      x: x.baseAddress, y: y.baseAddress, tap_count: Int32(taps),
                      correlation: correlation.baseAddress, schur: schur.baseAddress)
                    var change = fewtap_exchange_change(
                      c1: pair ? c1.baseAddress : nil, c2: c2.baseAddress, a1: a1, b1: b1, a2: a2, b2: b2)
                    let status = kernels.table.exchange_step(&view, &change, taken, 1e-9, 0, &best)
                    #expect(status == FEWTAP_MATH_OK)
                  }
                }
              }
            }
          }
        }
      }

      // Each z is a sum of six products of numbers below 1, squared at most; a handful of roundings more.
      let bound = gamma(40) * 100
      var (bestScore, bestIndex) = (0.0, -1)
      for v in 0..<height {
        for u in 0..<width {
          var (z1, z2) = (0.0, 0.0)
          for k in 0..<taps {
            let entry = table[(v - Int(y[k]) + side / 2) * side + u - Int(x[k]) + side / 2]
            z1 += pair ? c1[k] * entry : 0
            z2 += c2[k] * entry
          }
          let index = v * width + u
          #expect(abs(correlation[index] - (correlationBefore[index] + a1 * z1 + a2 * z2)) <= bound)
          #expect(abs(schur[index] - (schurBefore[index] + b1 * z1 * z1 + b2 * z2 * z2)) <= bound)
          let score = correlation[index] * correlation[index] / max(schur[index], 1e-9)
          if taken[index] == 0, score > bestScore { (bestScore, bestIndex) = (score, index) }
        }
      }
      #expect(Int(best) == bestIndex, "\(kernels.name)")
    }
  }

  @Test(arguments: [1, 2, 7, 8, 9, 33]) func symmetricProductsMatchTheirDefinition(n: Int) {
    for kernels in MathKernels.all {
      var random = SeededGenerator(seed: UInt64(n))
      var matrix = [Double](repeating: 0, count: n * n)
      let (v, w) = (numbers(n, &random), numbers(n, &random))
      #expect(kernels.table.rank_one_update(Int32(n), &matrix, v, 3) == FEWTAP_MATH_OK)
      #expect(kernels.table.rank_one_update(Int32(n), &matrix, w, -2) == FEWTAP_MATH_OK)
      for i in 0..<n {
        for j in 0..<n { #expect(abs(matrix[i * n + j] - (3 * v[i] * v[j] - 2 * w[i] * w[j])) <= gamma(8) * 5) }
      }
      var out = [Double](repeating: .nan, count: n)
      #expect(kernels.table.symmetric_multiply(Int32(n), matrix, v, &out) == FEWTAP_MATH_OK)
      for i in 0..<n {
        let exact = (0..<n).reduce(0) { $0 + matrix[i * n + $1] * v[$1] }
        #expect(abs(out[i] - exact) <= gamma(2 * n) * 5 * Double(n))
      }
    }
  }
}
