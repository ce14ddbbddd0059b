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

  @Test(arguments: windows, [1, 2, 3, 4, 5, 8]) func exchangeStepMatchesItsDefinition(window: (Int, Int), run: Int) {
    let (width, height) = window
    for kernels in MathKernels.all {
      for rank in [1, run, 2 * run] {
        var random = SeededGenerator(seed: UInt64(width * 100 + height * 10 + rank))
        var step = ExchangeStep(width: width, height: height, run: run, rank: rank, using: &random)
        let before = step
        // A floor of 60 lies among the pivots.
        for (floor, positiveOnly) in [(1e-9, false), (1e-9, true), (60, false)] {
          step = before
          let best = step.apply(kernels, floor: floor, positiveOnly: positiveOnly)
          step.expectApplied(to: before, "\(kernels.name), rank \(rank)")
          step.expectBest(best, floor: floor, positiveOnly: positiveOnly, "\(kernels.name), rank \(rank)")
        }
      }
    }
  }

  @Test(arguments: [1, 2, 7, 8, 9, 33]) func symmetricProductsMatchTheirDefinition(n: Int) {
    for kernels in MathKernels.all {
      var random = SeededGenerator(seed: UInt64(n))
      var matrix = [Double](repeating: 0, count: n * n)
      let (v, w) = (numbers(n, &random), numbers(n, &random))
      #expect(kernels.table.rank_update(Int32(n), &matrix, 1, v, 3) == FEWTAP_MATH_OK)
      #expect(kernels.table.rank_update(Int32(n), &matrix, 1, w, -2) == FEWTAP_MATH_OK)
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

  @Test(arguments: [1, 2, 7, 8, 9, 33], 1...9 as ClosedRange<Int>) func lowRankUpdatesMatchTheirDefinition(
    n: Int, rank: Int
  ) {
    for kernels in MathKernels.all {
      var random = SeededGenerator(seed: UInt64(n * 10 + rank))
      var matrix = numbers(n * n, &random)
      let (before, vectors) = (matrix, numbers(rank * n, &random))
      #expect(kernels.table.rank_update(Int32(n), &matrix, Int32(rank), vectors, -1.5) == FEWTAP_MATH_OK)
      for i in 0..<n {
        for j in 0..<n {
          let exact = (0..<rank).reduce(before[i * n + j]) { $0 - 1.5 * vectors[$1 * n + i] * vectors[$1 * n + j] }
          #expect(abs(matrix[i * n + j] - exact) <= gamma(3 * rank + 1) * (1 + 1.5 * Double(rank)))
        }
      }
    }
  }
}

/// The arguments of `exchange_step`, and what they define.
private struct ExchangeStep {
  private let width, height, run, rank: Int
  private let side, stride: Int
  private let table: [Double]
  private let x, y: [Int32]
  private let coefficients, a, b: [Double]
  private let taken: [UInt8]
  private var correlation, schur, scratch: [Double]
  private static let taps = 6
  /// Between the rows of coefficients: they need not follow one another.
  private static let coefficientStride = taps + 1

  init(width: Int, height: Int, run: Int, rank: Int, using random: inout SeededGenerator) {
    (self.width, self.height, self.run, self.rank) = (width, height, run, rank)
    side = 2 * max(width, height) - 1
    stride = Int(fewtap_exchange_stride(Int32(width)))
    func numbers(_ count: Int) -> [Double] { (0..<count).map { _ in random.uniform(-1, 1) } }
    table = numbers(side * side) + [Double](repeating: .nan, count: Int(FEWTAP_EXCHANGE_PADDING))
    x = (0..<Self.taps).map { _ in Int32(random.index(width)) }
    y = (0..<Self.taps).map { _ in Int32(random.index(height)) }
    coefficients = numbers(rank * Self.coefficientStride).map { 0.1 * $0 }
    (a, b) = (numbers(rank), numbers(rank))
    taken = (0..<stride * height).map { _ in UInt8(random.index(4 * run) == 0 ? 1 : 0) }
    correlation = numbers(stride * height)
    schur = numbers(run * stride * height)
    // Diagonally dominant, whatever the change adds: z is below 6 x 0.1, so 16 products below 6.
    for p in 0..<stride * height { schur[p] += 60 }
    scratch = [Double](repeating: .nan, count: fewtap_exchange_scratch_count(Int32(width), Int32(run)))
  }

  mutating func apply(_ kernels: MathKernels, floor: Double, positiveOnly: Bool) -> Int {
    var best: Int32 = -2
    x.withUnsafeBufferPointer { x in
      y.withUnsafeBufferPointer { y in
        table.withUnsafeBufferPointer { table in
          coefficients.withUnsafeBufferPointer { coefficients in
            a.withUnsafeBufferPointer { a in
              b.withUnsafeBufferPointer { b in
                correlation.withUnsafeMutableBufferPointer { correlation in
                  schur.withUnsafeMutableBufferPointer { schur in
                    scratch.withUnsafeMutableBufferPointer { scratch in
                      var view = fewtap_exchange_window(
                        table: table.baseAddress, table_side: Int32(side), width: Int32(width), height: Int32(height),
                        run_length: Int32(run), x: x.baseAddress, y: y.baseAddress, tap_count: Int32(Self.taps),
                        correlation: correlation.baseAddress, schur: schur.baseAddress, scratch: scratch.baseAddress)
                      var change = fewtap_exchange_change(
                        rank: Int32(rank), coefficients: coefficients.baseAddress,
                        coefficient_stride: Int32(Self.coefficientStride), a: a.baseAddress, b: b.baseAddress)
                      let status = kernels.table.exchange_step(
                        &view, &change, taken, floor, positiveOnly ? 1 : 0, &best)
                      #expect(status == FEWTAP_MATH_OK)
                    }
                  }
                }
              }
            }
          }
        }
      }
    }
    return Int(best)
  }

  /// z_i at a place.
  private func z(_ i: Int, _ column: Int, _ row: Int) -> Double {
    (0..<Self.taps).reduce(0) { sum, k in
      sum + coefficients[i * Self.coefficientStride + k]
        * table[(row - Int(y[k]) + side / 2) * side + column - Int(x[k]) + side / 2]
    }
  }

  func expectApplied(to before: Self, _ comment: Comment) {
    // Sums of up to 16 products of three numbers below 1, each z itself a sum of six products.
    let bound = gamma(40) * 80
    for row in 0..<height {
      for column in 0..<width {
        let p = row * stride + column
        let zs = (0..<rank).map { z($0, column, row) }
        let expected = zip(a, zs).reduce(before.correlation[p]) { $0 + $1.0 * $1.1 }
        #expect(abs(correlation[p] - expected) <= bound, comment)
        for k in 0..<run where row + k < height {
          let below = (0..<rank).map { z($0, column, row + k) }
          let index = k * stride * height + p
          let expected = (0..<rank).reduce(before.schur[index]) { $0 + b[$1] * zs[$1] * below[$1] }
          #expect(abs(schur[index] - expected) <= bound, comment)
        }
      }
    }
  }

  /// `g^T S^-1 g` of the run whose first tap is at `p`, by elimination; nil if the run may not be there.
  private func score(_ p: Int, floor: Double, positiveOnly: Bool) -> Double? {
    let places = (0..<run).map { p + $0 * stride }
    guard p % stride < width, p / stride + run <= height, places.allSatisfy({ taken[$0] == 0 }) else { return nil }
    let g = places.map { correlation[$0] }
    if positiveOnly, g.reduce(0, +) >= 0 { return nil }
    var matrix = (0..<run).map { i in
      (0..<run).map { j in schur[abs(i - j) * stride * height + places[min(i, j)]] } + [g[i]]
    }
    var gain = 0.0
    for k in 0..<run {
      let pivot = max(matrix[k][k], floor)
      gain += matrix[k][run] * matrix[k][run] / pivot
      for row in k + 1..<max(run, k + 1) {
        let factor = matrix[row][k] / pivot
        for column in k...run { matrix[row][column] -= factor * matrix[k][column] }
      }
    }
    return gain
  }

  func expectBest(_ best: Int, floor: Double, positiveOnly: Bool, _ comment: Comment) {
    let scores = (0..<stride * height).map { score($0, floor: floor, positiveOnly: positiveOnly) }
    let highest = scores.compactMap { $0 }.max() ?? 0
    guard highest > 0 else {
      #expect(best == -1, comment)
      return
    }
    guard scores.indices.contains(best), let found = scores[best] else {
      Issue.record("place \(best) was chosen: \(comment)")
      return
    }
    // The matrix's condition is below 3, so each of its factorization's roundings counts at most thrice.
    #expect(found >= highest * (1 - gamma(3 * run * run * run + 20)), comment)
  }
}
