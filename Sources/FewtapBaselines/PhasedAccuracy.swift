import FewtapCore
import FewtapFit
import FewtapSynthesis

/// A filter whose response to a point of light depends on the point's column and row modulo a period.
protocol PhasedFilter {
  /// The period along both axes, in pixels.
  var period: Int { get }
  /// How far it reads from any pixel.
  var reach: Int { get }
  /// What the pixel at phase `(x, y)` reads: the weight at offset o is that of the pixel at `(x, y) - o`.
  ///
  /// Shapes: `2 reach + 1` a side, offset 0 in the middle.
  func reading(x: Int, y: Int) -> Plane<Double>
}

extension PhasedFilter {
  /// The mean over phases of the kernels; that of what points of light become and that of what pixels read are the same.
  func meanReading() -> Plane<Double> {
    let side = 2 * reach + 1
    var mean = Plane<Double>(width: side, height: side)
    forEachReading { _, _, reading in
      for i in mean.values.indices { mean.values[i] += reading.values[i] }
    }
    for i in mean.values.indices { mean.values[i] /= Double(period * period) }
    return mean
  }

  private func forEachReading(_ body: (_ x: Int, _ y: Int, Plane<Double>) -> Void) {
    for y in 0..<period { for x in 0..<period { body(x, y, reading(x: x, y: y)) } }
  }

  /// The accuracy against `kernel` over all phases.
  ///
  /// Equation: with c_q what output phase q reads and h_p what a point at phase p becomes, `h_p[o] = c_{p + o}[o]`. The mean square
  ///           error on an image of power spectral density S is `mean_q integral |c_q^ - T^|^2 S`, which holds what is
  ///           folded; the worst phase's error and the flicker are those of the h_p, as in ``FewtapFit/FilterAccuracy``.
  /// Cost:     two readings a phase, and a transform.
  func phasedAccuracy(against kernel: Kernel) -> FilterAccuracy {
    let grid = GridTransform(minimumSize: max(256, 2 * max(reach, kernel.radius) + 2))
    let photographs = PhotoSpectrum(grid: grid)
    let target = grid.place(kernel)
    let square = target.reduce(0) { $0 + $1 * $1 }
    let mean = meanReading()
    let (targetNear, farSquare) = split(kernel)

    var meanSquares: [Double] = []
    var errors = [Double](repeating: farSquare, count: period * period)
    var changes = [Double](repeating: 0, count: period * period)
    forEachReading { x, y, reading in
      forEachWeight(x, y) { i, phase in
        let (error, change) = (reading.values[i] - targetNear.values[i], reading.values[i] - mean.values[i])
        errors[phase] += error * error
        changes[phase] += change * change
      }
      let squares = photographs.meanSquares(grid.forward(difference(reading, target, grid)))
      meanSquares = meanSquares.isEmpty ? squares : zip(meanSquares, squares).map { $0 + $1 }
    }
    let meanDifference = difference(mean, target, grid).reduce(0) { $0 + $1 * $1 }
    let meanSquare = mean.values.reduce(0) { $0 + $1 * $1 }
    return FilterAccuracy(
      relativeError: ((errors.max() ?? 0) / square).squareRoot(),
      meanKernelError: (meanDifference / square).squareRoot(),
      photo: PhotoSpectrum.Prediction(meanSquares: meanSquares.map { $0 / Double(period * period) }),
      flicker: ((changes.max() ?? 0) / meanSquare).squareRoot())
  }

  /// Calls `body` with the index of every weight that output phase `(x, y)` reads, and the phase of the pixel read.
  private func forEachWeight(_ x: Int, _ y: Int, _ body: (_ index: Int, _ phase: Int) -> Void) {
    let side = 2 * reach + 1
    // A multiple of the period that makes the difference positive.
    let lift = (reach / period + 1) * period
    for row in 0..<side {
      let phaseRow = (y - (row - reach) + lift) % period
      for column in 0..<side { body(row * side + column, phaseRow * period + (x - (column - reach) + lift) % period) }
    }
  }

  /// The kernel on the window of a reading, and the square of what lies beyond.
  private func split(_ kernel: Kernel) -> (Plane<Double>, farSquare: Double) {
    var near = Plane<Double>(width: 2 * reach + 1, height: 2 * reach + 1)
    var farSquare = 0.0
    kernel.forEachOffset { x, y, weight in
      if abs(x) <= reach, abs(y) <= reach { near[x + reach, y + reach] = weight } else { farSquare += weight * weight }
    }
    return (near, farSquare)
  }

  private func difference(_ reading: Plane<Double>, _ target: [Double], _ grid: GridTransform) -> [Double] {
    var difference = target.map { -$0 }
    for row in 0..<reading.height {
      let start = grid.wrapped(row - reach) * grid.size
      for column in 0..<reading.width { difference[start + grid.wrapped(column - reach)] += reading[column, row] }
    }
    return difference
  }
}
