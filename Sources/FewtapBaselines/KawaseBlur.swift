import FewtapCore

/// Kawase's blur: passes of four bilinear samples at the corners of growing squares.
///
/// Equation: pass i reads `(+-d, +-d)`, `d = s (i + 1/2)`, each with weight 1/4. Its variance along an axis is
///           `d^2 + f (1 - f)`, f the fraction of d that bilinear reading spreads; variances of passes add.
/// Source:   Kawase, "Frame buffer postprocessing effects in DOUBLE-S.T.E.A.L (Wreckless)", Game Developers Conference, 2003.
public enum KawaseBlur {
  /// The blur of so many pixels of standard deviation along each axis: the fewest passes that reach it at `s = 1`, and the scale
  /// `s` at which they meet it.
  ///
  /// Accuracy: the standard deviation is met to 40 bisections, 1e-12 of it; held by FewtapBaselinesTests/BlurTests.
  /// Throws:   ``BaselineError/deviation(rival:_:least:most:)`` for one that is not positive or takes more passes than a filter may
  ///           have layers.
  public static func filter(deviation: Double) throws(BaselineError) -> SparseFilter {
    let variance = deviation * deviation
    let most = variances(passes: SparseFilter.maximumLayerCount, scale: 1)
    guard deviation > 0, variance <= most else {
      throw .deviation(rival: "Kawase", deviation, least: 0, most: most.squareRoot())
    }
    let passes = (1...SparseFilter.maximumLayerCount).first { variances(passes: $0, scale: 1) >= variance } ?? 1
    let scale = bisected(0...1) { variances(passes: passes, scale: $0) < variance }
    let layers = (0..<passes).map { index in
      let d = scale * (Double(index) + 0.5)
      return TapLayer([(-d, -d), (d, -d), (-d, d), (d, d)].map { Tap(x: $0.0, y: $0.1, weight: 0.25) })
    }
    return SparseFilter(chain: TapChain(model: .bilinear, layers: layers))
  }

  private static func variances(passes: Int, scale: Double) -> Double {
    (0..<passes).reduce(0) { sum, index in
      let d = scale * (Double(index) + 0.5)
      return sum + bilinearVariance(d)
    }
  }
}

/// Mean square of what a bilinear sample at distance `position` reads, about 0: it spreads over the two pixels around it.
func bilinearVariance(_ position: Double) -> Double {
  let fraction = position - position.rounded(.down)
  return position * position + fraction * (1 - fraction)
}

/// Where `isBelow` turns false in `range`, to 2^-40 of its length.
func bisected(_ range: ClosedRange<Double>, isBelow: (Double) -> Bool) -> Double {
  var (low, high) = (range.lowerBound, range.upperBound)
  for _ in 0..<40 {
    let middle = (low + high) / 2
    if isBelow(middle) { low = middle } else { high = middle }
  }
  return (low + high) / 2
}
