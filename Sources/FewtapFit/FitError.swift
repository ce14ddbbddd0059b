import FewtapCore

/// Why a fit cannot be done as asked.
public enum FitError: Error, Equatable, CustomStringConvertible {
  /// The text is no layout.
  case badLayout(String)
  /// The number of taps is out of range.
  case badTapCount(Int)
  /// The layout cannot spread light as far as the kernel does.
  case cannotReach(layout: [Int], radius: Int)
  /// The layout has vertical runs, and the taps are to be bilinear.
  case runsNeedIntegerTaps(Layout)
  /// The recipe fixes this option to another value.
  case recipe(option: String, value: String, required: String)
  /// A fit at a lower rate does not take this option.
  case lowerRate(option: String, value: String, required: String)
  /// There is no fast transform for this factor between the rates.
  case badFactor(Int)
  /// A dense fit does not take this option.
  case dense(option: String, value: String, required: String)
  /// Nonnegative weights cannot make this kernel.
  case kernelIsSigned(minimum: Double)
  /// The noise gain asked for is below what any filter of the kernel has.
  case noiseGainTooLow(asked: Double, least: Double)
  /// No filter within the noise gain was found.
  case noiseGainNotReached(asked: Double, reached: Double)
  /// The kernel's values are too large or too small to compute with.
  case scaleOutOfRange(Double)
  /// The time limit is not a positive number.
  case badSeconds(Double)

  /// The sentence that a user reads.
  public var description: String {
    switch self {
    case .badLayout(let text):
      "layout \"\(text)\" is not a layout: expected taps x layers (24x4), or for each layer its taps (76,8,6,6) "
        + "or its vertical runs of taps (17r4,4r4: 17 and 4 runs of 4), with 1 to \(Layout.maximumLayers) layers, at most "
        + "\(Layout.maximumRunLength) taps in a run and at most \(Layout.maximumTaps) in all"
    case .badTapCount(let count): "\(count) taps: expected 1 to \(Layout.maximumTaps)"
    case .cannotReach(let layout, let radius):
      "layout \(layout.map(String.init).joined(separator: ",")) cannot reach the kernel's radius of \(radius) pixels: a layer "
        + "of one tap only shifts, so give at least one layer two taps or more"
    case .runsNeedIntegerTaps(let layout):
      "layout \(layout) has vertical runs of taps, which bilinear taps do not form: use integer taps, or a layout without r"
    case .recipe(let option, let value, let required):
      "the paper's recipe does not take \(option) \(value): it uses \(required)"
    case .lowerRate(let option, let value, let required):
      "a fit at a lower rate does not take \(option) \(value): it uses \(required)"
    case .badFactor(let factor):
      "a rate of 1/\(factor) cannot be fitted: expected a factor of "
        + LowRateTarget.factors.map(String.init).joined(separator: ", ")
    case .dense(let option, let value, let required):
      "a dense fit does not take \(option) \(value): it needs \(required)"
    case .kernelIsSigned(let minimum):
      "the kernel has negative values (the least is \(minimum)), which nonnegative weights cannot make: leave --nonnegative "
        + "out"
    case .noiseGainTooLow(let asked, let least):
      "noise gain \(asked) is less than any filter of this kernel has: it must be at least \(least)"
    case .noiseGainNotReached(let asked, let reached):
      "no filter with a noise gain of at most \(asked) was found (the nearest has \(reached)): allow more, or use more taps"
    case .scaleOutOfRange(let sum):
      "the magnitudes of the kernel's values add up to \(sum): expected 1e-150 to 1e150, so scale the kernel"
    case .badSeconds(let seconds): "\(seconds) seconds: expected a positive number"
    }
  }
}
