import FewtapCore
import FewtapSynthesis
import Synchronization

/// How a search came nearer to its kernel: what it had reached after how much work.
public struct ConvergenceTrace: Equatable, Sendable {
  /// What was reached at some time.
  public struct Point: Equatable, Sendable {
    /// Steps until then, as ``FitProgress/completed`` counts them.
    public var steps: Int
    /// Seconds until then, by the wall clock: the one figure here that differs from run to run.
    public var seconds: Double
    /// Predicted PSNR on photographs, dB.
    public var photoPSNR: Double
    /// `|K - T|_2 / |T|_2`.
    public var relativeError: Double

    /// A point of given figures.
    public init(steps: Int, seconds: Double, photoPSNR: Double, relativeError: Double) {
      (self.steps, self.seconds, self.photoPSNR, self.relativeError) = (steps, seconds, photoPSNR, relativeError)
    }
  }

  /// The points, earliest first; empty for what is made without a search.
  public var points: [Point]

  /// A trace of `points`.
  public init(_ points: [Point] = []) { self.points = points }

  /// At most `count` (2 or more) of the points, the first and the last among them, the others near steps in geometric progression:
  /// enough for a curve over a logarithmic axis.
  public func thinned(to count: Int) -> ConvergenceTrace {
    guard points.count > max(2, count), let first = points.first, let last = points.last else { return self }
    let (low, high) = (logarithm2(Double(max(1, first.steps))), logarithm2(Double(max(1, last.steps))))
    var kept = [first]
    for point in points.dropFirst().dropLast() where kept.count < count - 1 {
      let due = exponential2(low + (high - low) * Double(kept.count) / Double(count - 1))
      if Double(point.steps) >= due { kept.append(point) }
    }
    return ConvergenceTrace(kept + [last])
  }
}

/// Writes down what a search tells on its way, whatever thread it tells it from.
///
/// Cost: a copy of four numbers for each step that changed a figure.
public final class ConvergenceRecorder: Sendable {
  private let start = ContinuousClock.now
  private let points = Mutex<[ConvergenceTrace.Point]>([])

  /// A recorder whose clock starts now.
  public init() {}

  /// Takes the figures of `progress`, unless they are the last ones.
  public func record(_ progress: FitProgress) {
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    points.withLock { points in
      guard points.last?.photoPSNR != progress.photoPSNR || points.last?.relativeError != progress.relativeError else {
        return
      }
      points.append(
        ConvergenceTrace.Point(
          steps: progress.completed, seconds: seconds, photoPSNR: progress.photoPSNR,
          relativeError: progress.relativeError))
    }
  }

  /// What was recorded until now.
  public var trace: ConvergenceTrace { ConvergenceTrace(points.withLock { $0 }) }
}

/// What tells how near a chain on its way is to its kernel.
///
/// The chain's sum is made exact before, as that of its filter will be: half a percent of brightness would hide all else.
/// Accuracy: the relative error is that of the filter up to rounding; the PSNR is computed on the search's own grid, whose coarser
///           frequencies change it by some tenths of a decibel. Held by FewtapBaselinesTests/ConvergenceTests.
package struct ConvergenceGauge: Sendable {
  private let grid: GridTransform
  private let target: Spectrum
  private let multiplicity: [Double]
  private let square: Double
  private let photographs: PhotoSpectrum

  /// A gauge against the kernel whose spectrum on `grid` is `target`.
  package init(_ target: Spectrum, on grid: GridTransform) {
    (self.grid, self.target, multiplicity) = (grid, target, grid.multiplicity)
    square = grid.power(target, weight: multiplicity)
    photographs = PhotoSpectrum(grid: grid)
  }

  /// The figures of the effective kernel whose spectrum is `kernel`.
  package func callAsFunction(_ kernel: Spectrum) -> (photoPSNR: Double, relativeError: Double) {
    let difference = grid.difference(withExactSum(kernel), target)
    return (
      photographs.prediction(difference).mean,
      (grid.power(difference, weight: multiplicity) / square).squareRoot()
    )
  }

  /// A kernel that sums to nearly nothing beside its target, or a target without a sum, is left as it is.
  private func withExactSum(_ kernel: Spectrum) -> Spectrum {
    let ratio = target.re[0] / kernel.re[0]
    guard (0.01...100).contains(ratio) else { return kernel }
    var scaled = kernel
    for i in scaled.re.indices {
      scaled.re[i] *= ratio
      scaled.im[i] *= ratio
    }
    return scaled
  }
}
