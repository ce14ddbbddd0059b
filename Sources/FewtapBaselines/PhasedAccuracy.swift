import FewtapCore
import FewtapFit
import FewtapSynthesis

/// A filter whose response to a point of light depends on the point's column and row modulo a period.
///
/// It treats left and right, above and below, and both axes alike: a mirrored or transposed image gives a mirrored or transposed
/// result, so that an eighth of the phases tells all.
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
    forEachOrbit { reading, images in
      for image in images {
        let reading = reading.seen(image)
        for i in mean.values.indices { mean.values[i] += reading.values[i] }
      }
    }
    for i in mean.values.indices { mean.values[i] /= Double(period * period) }
    return mean
  }

  /// Calls `body` with a reading and all phases that have it, mirrored or transposed; each phase comes once.
  private func forEachOrbit(_ body: (_ reading: Plane<Double>, _ images: [PhaseImage]) -> Void) {
    for y in 0..<(period + 1) / 2 {
      for x in 0...y { body(reading(x: x, y: y), PhaseImage.all(x: x, y: y, period: period)) }
    }
  }

  /// The accuracy against `kernel` over all phases.
  ///
  /// Equation: with c_q what output phase q reads, m their mean and h_p what a point at phase p becomes, `h_p[o] = c_{p + o}[o]`. The
  ///           mean square error on an image of power spectral density S is
  ///           `mean_q integral |c_q^ - T^|^2 S = integral |m^ - T^|^2 S + mean_q integral |c_q^ - m^|^2 S`, which holds what is
  ///           folded; the worst phase's error and the flicker are those of the h_p, as in ``FewtapFit/FilterAccuracy``. S does
  ///           not change when axes are mirrored or swapped.
  /// Cost:     two readings and a transform for an eighth of the phases.
  func phasedAccuracy(against kernel: Kernel) -> FilterAccuracy {
    let grid = GridTransform(minimumSize: max(256, 2 * max(reach, kernel.radius) + 2))
    let photographs = PhotoSpectrum(grid: grid)
    let target = grid.place(kernel)
    let square = target.reduce(0) { $0 + $1 * $1 }
    let mean = meanReading()
    let (targetNear, farSquare) = split(kernel)
    let nothing = [Double](repeating: 0, count: target.count)

    let meanSpectrum = grid.forward(difference(mean, nothing, grid))
    let meanError = difference(mean, target, grid)
    var meanSquares = photographs.meanSquares(grid.forward(meanError))
    var errors = [Double](repeating: farSquare, count: period * period)
    var changes = [Double](repeating: 0, count: period * period)
    forEachOrbit { reading, images in
      let spectrum = grid.forward(difference(reading, nothing, grid))
      let squares = photographs.meanSquares(grid.difference(spectrum, meanSpectrum))
      let share = Double(images.count) / Double(period * period)
      meanSquares = zip(meanSquares, squares).map { $0 + share * $1 }
      for image in images {
        let reading = reading.seen(image)
        forEachWeight(image.x, image.y) { i, phase in
          let (error, change) = (reading.values[i] - targetNear.values[i], reading.values[i] - mean.values[i])
          errors[phase] += error * error
          changes[phase] += change * change
        }
      }
    }
    let meanDifference = meanError.reduce(0) { $0 + $1 * $1 }
    let meanSquare = mean.values.reduce(0) { $0 + $1 * $1 }
    return FilterAccuracy(
      relativeError: ((errors.max() ?? 0) / square).squareRoot(),
      meanKernelError: (meanDifference / square).squareRoot(),
      photo: PhotoSpectrum.Prediction(meanSquares: meanSquares),
      flicker: ((changes.max() ?? 0) / meanSquare).squareRoot())
  }

  /// Calls `body` with the index of every weight that output phase `(x, y)` reads, and the phase of the pixel read.
  private func forEachWeight(_ x: Int, _ y: Int, _ body: (_ index: Int, _ phase: Int) -> Void) {
    let side = 2 * reach + 1
    // A multiple of the period that makes the difference positive.
    let lift = (reach / period + 1) * period
    let columns = (0..<side).map { (x - ($0 - reach) + lift) % period }
    for row in 0..<side {
      let phaseRow = (y - (row - reach) + lift) % period * period
      for column in 0..<side { body(row * side + column, phaseRow + columns[column]) }
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
    let reach = reach
    for row in 0..<reading.height {
      let start = grid.wrapped(row - reach) * grid.size
      for column in 0..<reading.width { difference[start + grid.wrapped(column - reach)] += reading[column, row] }
    }
    return difference
  }
}

/// How a phase follows from another one by mirroring and transposing.
private struct PhaseImage {
  /// The phase.
  let x: Int
  let y: Int
  private let isTransposed: Bool
  private let isMirrored: (x: Bool, y: Bool)

  /// Every phase that follows from `(x, y)`, once.
  static func all(x: Int, y: Int, period: Int) -> [PhaseImage] {
    var images: [PhaseImage] = []
    for isTransposed in [false, true] {
      for mirrorX in [false, true] {
        for mirrorY in [false, true] {
          let (column, row) = isTransposed ? (y, x) : (x, y)
          let (i, j) = (mirrorX ? period - 1 - column : column, mirrorY ? period - 1 - row : row)
          if images.contains(where: { $0.x == i && $0.y == j }) { continue }
          images.append(PhaseImage(x: i, y: j, isTransposed: isTransposed, isMirrored: (mirrorX, mirrorY)))
        }
      }
    }
    return images
  }

  private init(x: Int, y: Int, isTransposed: Bool, isMirrored: (x: Bool, y: Bool)) {
    (self.x, self.y, self.isTransposed, self.isMirrored) = (x, y, isTransposed, isMirrored)
  }

  /// Index of the number that comes to column `x`, row `y` of a plane of `side` x `side`.
  func source(x: Int, y: Int, side: Int) -> Int {
    let (column, row) = (isMirrored.x ? side - 1 - x : x, isMirrored.y ? side - 1 - y : y)
    return isTransposed ? column * side + row : row * side + column
  }
}

extension Plane<Double> {
  /// The square plane mirrored and transposed.
  fileprivate func seen(_ image: PhaseImage) -> Plane {
    var result = self
    for y in 0..<height { for x in 0..<width { result[x, y] = values[image.source(x: x, y: y, side: width)] } }
    return result
  }
}
