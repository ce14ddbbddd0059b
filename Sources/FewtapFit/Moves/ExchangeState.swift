internal import CFewtapMath
import FewtapCore
import FewtapSynthesis

/// A layer in the middle of a sweep of ``Exchange``: its runs of m taps, their inverse Gram matrix, and over a window of
/// candidates the correlation with the residual and the Schur complement.
///
/// Shapes: run r has the taps `r m ..< (r + 1) m` of the layer, top to bottom; `inverse` is n x n.
struct ExchangeState {
  let window: OffsetBounds
  /// Taps, as column and row of the window.
  private(set) var columns: [Int32]
  private(set) var rows: [Int32]
  private(set) var weights: [Double]
  /// Inverse of the layer's Gram matrix (ridge included), row-major; rows and columns of taps that are out are zero.
  private var inverse: [Double]
  /// Over the window, rows `stride` apart; see CFewtapMath for the planes of `schur`.
  private var correlation: [Double]
  private var schur: [Double]
  private var taken: [UInt8]
  private var scratch: [Double]
  private let runLength: Int
  private let table: [Double]
  private let tableSide: Int
  private let stride: Int
  /// `R(0)` plus the ridge.
  private let diagonal: Double
  private let kernels: MathKernels
  private let positiveOnly: Bool
  private var count: Int { weights.count }
  /// Taps from the first on that are in: all of them, once the state is made.
  private var tapsIn = 0

  /// The state of `layer` of `parameters`; nil when `shouldStop` says so.
  init?(
    problem: FitProblem, parameters: ChainParameters, layer: Int, others: Spectrum, shouldStop: () -> Bool
  ) {
    let (grid, metric, range) = (problem.grid, problem.loss.metric, parameters.ranges[layer])
    let window = Self.window(problem, parameters, layer)
    self.window = window
    let runLength = parameters.runLengths[layer]
    self.runLength = runLength
    kernels = grid.kernels
    positiveOnly = problem.nonnegative
    stride = Int(fewtap_exchange_stride(Int32(window.width)))
    let side = 2 * max(window.width, window.height) - 1
    tableSide = side
    let autocorrelation = grid.inverse(grid.correlation(others, others, weight: metric))
    table =
      grid.window(of: autocorrelation, minX: -(side / 2), width: side, minY: -(side / 2), height: side, stride: side)
      + [Double](repeating: 0, count: Int(FEWTAP_EXCHANGE_PADDING))
    let toTarget = grid.inverse(grid.correlation(others, problem.loss.target, weight: metric))
    let n = range.count
    diagonal = autocorrelation[0] * (1 + 1e-9) + problem.ridge * Double(n) / Double(parameters.layerCount)
    columns = range.map { Int32(Int(parameters.x[$0]) - window.minX) }
    rows = range.map { Int32(Int(parameters.y[$0]) - window.minY) }
    correlation = grid.window(
      of: toTarget, minX: window.minX, width: window.width, minY: window.minY, height: window.height, stride: stride
    ).map { -$0 }
    schur = []
    for k in 0..<runLength {
      let overlap = k == 0 ? diagonal : autocorrelation[grid.wrapped(k) * grid.size]
      schur += [Double](repeating: overlap, count: correlation.count)
    }
    taken = [UInt8](repeating: 0, count: correlation.count)
    scratch = [Double](
      repeating: 0, count: fewtap_exchange_scratch_count(Int32(window.width), Int32(runLength)))
    weights = [Double](repeating: 0, count: n)
    inverse = [Double](repeating: 0, count: n * n)
    for run in 0..<n / runLength {
      if shouldStop() { return nil }
      tapsIn = (run + 1) * runLength
      apply(insert(run, at: place(of: run)))
    }
  }

  /// Offsets that a tap of the layer may take: the kernel's support for the first layer, a small square for the later ones,
  /// never beyond what the grid allows, never without a tap's present place.
  private static func window(_ problem: FitProblem, _ parameters: ChainParameters, _ layer: Int) -> OffsetBounds {
    let limit = Int(problem.offsetLimits(parameters)[layer])
    let reach = layer == 0 ? limit : min(limit, laterReach)
    var bounds = OffsetBounds(minX: -reach, maxX: reach, minY: -reach, maxY: reach)
    if layer == 0 {
      let support = problem.kernel.supportBounds
      bounds = OffsetBounds(
        minX: max(-reach, support.minX), maxX: min(reach, support.maxX), minY: max(-reach, support.minY),
        maxY: min(reach, support.maxY))
    }
    for i in parameters.ranges[layer] {
      bounds = bounds.union(OffsetBounds(PixelOffset(x: Int(parameters.x[i]), y: Int(parameters.y[i]))))
    }
    return bounds
  }

  /// Later layers share out what is left inside the first layer's cells: they never want to reach further than this.
  private static let laterReach = 16

  /// A change of low rank of Gamma and the Schur complements, as in CFewtapMath: `rank` rows of n coefficients.
  private struct LowRankChange {
    var coefficients: [Double]
    var correlation: [Double]
    var schur: [Double]

    static func + (first: Self, second: Self) -> Self {
      Self(
        coefficients: first.coefficients + second.coefficients, correlation: first.correlation + second.correlation,
        schur: first.schur + second.schur)
    }
  }

  /// Twice what the cost would rise by without `run`, the other weights refitted: `w^T D^-1 w`, D its block of the inverse.
  func usefulness(of run: Int) -> Double {
    let taps = taps(of: run)
    let scaled = factorOfBlock(taps).solvingLower(Array(weights[taps]))
    return scaled.reduce(0) { $0 + $1 * $1 }
  }

  /// Takes each run of `order` out and puts it back at the best place.
  mutating func exchange(_ order: [Int], shouldStop: () -> Bool) {
    var insertion: LowRankChange?
    for run in order where !shouldStop() {
      let removal = remove(run)
      // Both changes read the taps as they stand now: the last run put in is at its new place, this one still at its old.
      let best = apply(insertion.map { removal + $0 } ?? removal)
      insertion = insert(run, at: best ?? place(of: run))
    }
  }

  private func taps(of run: Int) -> Range<Int> { run * runLength..<(run + 1) * runLength }

  /// Index over the window of the run's first tap.
  private func place(of run: Int) -> Int { Int(rows[run * runLength]) * stride + Int(columns[run * runLength]) }

  private func factorOfBlock(_ taps: Range<Int>) -> SmallCholesky {
    let block = taps.flatMap { i in taps.map { j in inverse[i * count + j] } }
    // No eigenvalue of the Gram matrix is beyond its trace.
    return SmallCholesky(block, size: runLength, floor: 1 / (Double(count) * diagonal))
  }

  /// Takes `run` out of the inverse and the weights; returns what that does to Gamma and the Schur complements.
  private mutating func remove(_ run: Int) -> LowRankChange {
    let (n, m, taps) = (count, runLength, taps(of: run))
    let factor = factorOfBlock(taps)
    // The inverse is symmetric: its columns are its rows.
    var columns = Array(inverse[taps.lowerBound * n..<taps.upperBound * n])
    factor.solveLower(&columns, width: n)
    let scaled = factor.solvingLower(Array(weights[taps]))
    check(kernels.table.rank_update(Int32(n), &inverse, Int32(m), columns, -1))
    for tap in taps {
      for j in 0..<n {
        inverse[tap * n + j] = 0
        inverse[j * n + tap] = 0
      }
    }
    for a in 0..<m {
      for i in 0..<n { weights[i] -= columns[a * n + i] * scaled[a] }
    }
    for (row, tap) in taps.enumerated() {
      weights[tap] = 0
      taken[place(of: run) + row * stride] = 0
    }
    return LowRankChange(
      coefficients: columns, correlation: scaled.map { -$0 }, schur: [Double](repeating: 1, count: m))
  }

  /// Puts `run` at a candidate; returns what that will do to Gamma and the Schur complements (applied together with the next
  /// removal).
  private mutating func insert(_ run: Int, at candidate: Int) -> LowRankChange {
    let (n, m, taps) = (count, runLength, taps(of: run))
    for (row, tap) in taps.enumerated() {
      rows[tap] = Int32(candidate / stride + row)
      columns[tap] = Int32(candidate % stride)
      taken[candidate + row * stride] = 1
    }
    let middle = tableSide / 2
    var overlaps = [Double](repeating: 0, count: m * n)
    var expressed = overlaps
    for (a, tap) in taps.enumerated() {
      for k in 0..<tapsIn where !taps.contains(k) {
        overlaps[a * n + k] =
          table[(Int(rows[tap] - rows[k]) + middle) * tableSide + Int(columns[tap] - columns[k]) + middle]
      }
      overlaps.withUnsafeBufferPointer { overlaps in
        expressed.withUnsafeMutableBufferPointer { expressed in
          check(
            kernels.table.symmetric_multiply(
              Int32(n), inverse, overlaps.baseAddress! + a * n, expressed.baseAddress! + a * n))
        }
      }
    }
    var complement = [Double](repeating: 0, count: m * m)
    for a in 0..<m {
      for b in 0...a {
        let own = a == b ? diagonal : table[(a - b + middle) * tableSide + middle]
        complement[a * m + b] = own - (0..<n).reduce(0) { $0 + overlaps[a * n + $1] * expressed[b * n + $1] }
      }
    }
    let factor = SmallCholesky(complement, size: m, floor: 1e-9 * diagonal)
    for (a, tap) in taps.enumerated() { expressed[a * n + tap] = -1 }
    factor.solveLower(&expressed, width: n)
    let scaled = factor.solvingLower((0..<m).map { correlation[candidate + $0 * stride] })
    check(kernels.table.rank_update(Int32(n), &inverse, Int32(m), expressed, 1))
    for a in 0..<m {
      for i in 0..<n { weights[i] += expressed[a * n + i] * scaled[a] }
    }
    return LowRankChange(
      coefficients: expressed, correlation: scaled, schur: [Double](repeating: -1, count: m))
  }

  /// Applies a change and returns the best free candidate.
  @discardableResult
  private mutating func apply(_ change: LowRankChange) -> Int? {
    var best: Int32 = -1
    let floor = 1e-6 * diagonal
    change.coefficients.withUnsafeBufferPointer { coefficients in
      change.correlation.withUnsafeBufferPointer { a in
        change.schur.withUnsafeBufferPointer { b in
          table.withUnsafeBufferPointer { table in
            columns.withUnsafeBufferPointer { columns in
              rows.withUnsafeBufferPointer { rows in
                correlation.withUnsafeMutableBufferPointer { correlation in
                  schur.withUnsafeMutableBufferPointer { schur in
                    scratch.withUnsafeMutableBufferPointer { scratch in
                      var view = fewtap_exchange_window(
                        table: table.baseAddress, table_side: Int32(tableSide), width: Int32(window.width),
                        height: Int32(window.height), run_length: Int32(runLength), x: columns.baseAddress,
                        y: rows.baseAddress, tap_count: Int32(tapsIn), correlation: correlation.baseAddress,
                        schur: schur.baseAddress, scratch: scratch.baseAddress)
                      var changes = fewtap_exchange_change(
                        rank: Int32(a.count), coefficients: coefficients.baseAddress,
                        coefficient_stride: Int32(weights.count), a: a.baseAddress, b: b.baseAddress)
                      check(kernels.table.exchange_step(&view, &changes, taken, floor, positiveOnly ? 1 : 0, &best))
                    }
                  }
                }
              }
            }
          }
        }
      }
    }
    return best < 0 ? nil : Int(best)
  }
}

extension GridTransform {
  /// A window of a periodic plane, its rows padded with zeros to `stride`.
  fileprivate func window(of plane: [Double], minX: Int, width: Int, minY: Int, height: Int, stride: Int) -> [Double] {
    var result = [Double](repeating: 0, count: height * stride)
    for row in 0..<height {
      let start = wrapped(minY + row) * size
      var column = wrapped(minX)
      for x in 0..<width {
        result[row * stride + x] = plane[start + column]
        column = column + 1 == size ? 0 : column + 1
      }
    }
    return result
  }
}
