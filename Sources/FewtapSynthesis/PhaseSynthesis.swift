import FewtapCore

/// What a filter at a lower rate makes of a point of light: a kernel for each of the D x D phases of its pixel, and their mean.
///
/// Equation: `h_p[k] = sum_l s[l] phi_px[kx - D lx] phi_py[ky - D ly]`, s the low-rate kernel, phi as in ``PhaseResponses``.
/// Accuracy: sums of products in Double; norms are taken from `|h|^2 - 2 <h, g> + |g|^2`, so that a distance below 1e-7 of the
///           norm is rounding. Held by PhaseSynthesisTests to the kernels themselves.
/// Cost:     for a low-rate kernel of n taps: a kernel `O(D^2 n)`; all distances to the mean `O(n + D^2)`; all errors against a
///           target of N pixels `O(N n^(1/2))`.
package struct PhaseSynthesis {
  /// The low-rate kernel, offsets in low-rate pixels.
  package let low: Kernel
  package let rate: Resampling
  private let responses: PhaseResponses

  package init(low: Kernel, rate: Resampling) {
    (self.low, self.rate) = (low, rate)
    responses = PhaseResponses(rate)
  }

  private var factor: Int { rate.factor }

  /// The mean of the phases' kernels: what the filter does to a slowly varying image.
  package func meanKernel() throws -> Kernel { try expanded(responses.mean, responses.mean) }

  /// The kernel of a point of light in column `x` and row `y`, both taken modulo the factor.
  package func kernel(x: Int, y: Int) throws -> Kernel {
    func phase(_ n: Int) -> [Double] { responses.phases[(n % factor + factor) % factor] }
    return try expanded(phase(x), phase(y))
  }

  /// Squared distance of each phase's kernel from the mean kernel, `[py * D + px]`, and the mean kernel's squared norm.
  package func distances() -> (squares: [Double], meanSquare: Double) {
    let correlation = autocorrelation()
    let mean = responses.products(responses.mean, responses.mean)
    let ofMean = form(correlation, mean, mean)
    let own = responses.phases.map { responses.products($0, $0) }
    let cross = responses.phases.map { responses.products($0, responses.mean) }
    let squares = phases { px, py in
      max(0, form(correlation, own[px], own[py]) - 2 * form(correlation, cross[px], cross[py]) + ofMean)
    }
    return (squares, ofMean)
  }

  /// Largest distance of a phase's kernel from the mean kernel, relative to that.
  package var flicker: Double {
    let (squares, meanSquare) = distances()
    return meanSquare > 0 ? ((squares.max() ?? 0) / meanSquare).squareRoot() : 0
  }

  /// Squared distance of each phase's kernel from `target`, `[py * D + px]`.
  package func errors(against target: Kernel) -> [Double] {
    let correlation = autocorrelation()
    let own = responses.phases.map { responses.products($0, $0) }
    let square = target.values.values.reduce(0) { $0 + $1 * $1 }
    let products = products(with: target)
    return phases { px, py in
      max(0, form(correlation, own[px], own[py]) - 2 * products[py * factor + px] + square)
    }
  }

  /// `body` for every phase, px running fastest.
  private func phases(_ body: (_ px: Int, _ py: Int) -> Double) -> [Double] {
    (0..<factor).flatMap { py in (0..<factor).map { px in body(px, py) } }
  }

  // MARK: Kernels

  private func expanded(_ x: [Double], _ y: [Double]) throws -> Kernel {
    let (width, height) = (low.width, low.height)
    let (fullWidth, fullHeight) = (factor * (width - 1) + x.count, factor * (height - 1) + y.count)
    let largest = GridTransform.maximumSize
    // Offset 0 must be a pixel of the kernel.
    let (left, top) = (factor * low.center.x - responses.first, factor * low.center.y - responses.first)
    let (padLeft, padTop) = (max(0, -left), max(0, -top))
    let (totalWidth, totalHeight) = (max(fullWidth, left + 1) + padLeft, max(fullHeight, top + 1) + padTop)
    guard totalWidth <= largest, totalHeight <= largest else {
      throw FilterError(
        "layers", "reach over \(totalWidth)x\(totalHeight) pixels of the image",
        "an effective kernel of at most \(largest) a side")
    }
    var plane = Plane<Double>(width: totalWidth, height: totalHeight)
    var row = [Double](repeating: 0, count: fullWidth)
    plane.values.withUnsafeMutableBufferPointer { plane in
      for l in 0..<height {
        for k in row.indices { row[k] = 0 }
        for m in 0..<width { add(low.values[m, l], x, to: &row, at: factor * m) }
        for k in y.indices {
          let start = (factor * l + k + padTop) * totalWidth + padLeft
          for i in 0..<fullWidth { plane[start + i] += y[k] * row[i] }
        }
      }
    }
    return try Kernel(
      name: low.name, values: plane, center: PixelOffset(x: left + padLeft, y: top + padTop), maximumSide: largest)
  }

  // MARK: Norms

  /// `sum_l s[l] s[l + j]` for both components of j in `-reach...reach`, row-major.
  private func autocorrelation() -> [Double] {
    let (width, height, reach) = (low.width, low.height, responses.reach)
    let side = 2 * reach + 1
    var result = [Double](repeating: 0, count: side * side)
    low.values.values.withUnsafeBufferPointer { s in
      for dy in 0...reach {
        for dx in -reach...reach where dy > 0 || dx >= 0 {
          var sum = 0.0
          for y in 0..<max(0, height - dy) {
            for x in max(0, -dx)..<max(0, -dx, min(width, width - dx)) {
              sum += s[y * width + x] * s[(y + dy) * width + x + dx]
            }
          }
          result[(reach + dy) * side + reach + dx] = sum
          result[(reach - dy) * side + reach - dx] = sum
        }
      }
    }
    return result
  }

  /// `sum_j r[j] x[jx] y[jy]`.
  private func form(_ correlation: [Double], _ x: [Double], _ y: [Double]) -> Double {
    let side = x.count
    var sum = 0.0
    for j in 0..<side {
      var row = 0.0
      for i in 0..<side { row += correlation[j * side + i] * x[i] }
      sum += row * y[j]
    }
    return sum
  }

  /// `<h_p, T>` for every phase.
  private func products(with target: Kernel) -> [Double] {
    let (width, height) = (low.width, low.height)
    let (rows, columns, length) = (target.height, target.width, responses.mean.count)
    // Row of the target at which the response of low-rate row 0 begins, and the same for columns.
    let top = target.center.y + responses.first - factor * low.center.y
    let left = target.center.x + responses.first - factor * low.center.x
    // A column after the other, so that the innermost loops run along memory.
    let transposed = (0..<columns).flatMap { x in (0..<rows).map { target.values.values[$0 * columns + x] } }
    var result = [Double](repeating: 0, count: factor * factor)
    for px in 0..<factor {
      let response = responses.phases[px]
      // For each low-rate column, the column of the target that its response sees.
      var seen = [Double](repeating: 0, count: width * rows)
      seen.withUnsafeMutableBufferPointer { seen in
        transposed.withUnsafeBufferPointer { target in
          for m in 0..<width {
            for k in max(0, -left - factor * m)..<max(0, -left - factor * m, min(length, columns - left - factor * m)) {
              let (weight, source) = (response[k], (left + factor * m + k) * rows)
              for y in 0..<rows { seen[m * rows + y] += weight * target[source + y] }
            }
          }
        }
      }
      for l in 0..<height {
        let start = top + factor * l
        let overlap = max(0, -start)..<max(0, -start, min(length, rows - start))
        guard !overlap.isEmpty else { continue }
        var underRow = [Double](repeating: 0, count: overlap.count)
        for m in 0..<width {
          let from = m * rows + start + overlap.lowerBound
          add(low.values[m, l], seen[from..<from + overlap.count], to: &underRow)
        }
        for py in 0..<factor {
          let response = responses.phases[py]
          var sum = 0.0
          for k in overlap { sum += response[k] * underRow[k - overlap.lowerBound] }
          result[py * factor + px] += sum
        }
      }
    }
    return result
  }
}

/// `target[start + k] += weight values[k]`.
private func add(_ weight: Double, _ values: some Collection<Double>, to target: inout [Double], at start: Int = 0) {
  guard weight != 0 else { return }
  target.withUnsafeMutableBufferPointer { target in
    _ = values.withContiguousStorageIfAvailable { values in
      for k in 0..<values.count { target[start + k] += weight * values[k] }
    }
  }
}
