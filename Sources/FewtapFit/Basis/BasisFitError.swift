import FewtapCore

/// Why a basis cannot be fitted as asked.
public enum BasisFitError: Error, Equatable, CustomStringConvertible {
  /// A stack holds a single kernel.
  case oneKernel(String)
  /// There are more or fewer numbers of knots than parameters.
  case wrongAxisCount(Int, [String])
  /// An axis cannot have so many knots.
  case badKnotCount(axis: String, Int, least: Int)
  /// The grid has too many knots in all.
  case tooManyKnots([Int])
  /// The PSNR asked for is no sensible number.
  case badError(Double)
  /// A parameter cannot have so many functions.
  case badTermCount(axis: String, Int)
  /// The series has too many coefficients in all.
  case tooManyTerms([Int])
  /// No knots that a basis may have reach the PSNR asked for.
  case errorNotReached(asked: Double, reached: Double, knots: [Int])
  /// No functions that a series may have reach the PSNR asked for.
  case errorNotReachedBySeries(asked: Double, reached: Double, terms: [Int])
  /// No taps that are tried for a graphics processor come near even the largest kernel alone.
  case templateNotReached(asked: Double, reached: Double, taps: Int)
  /// An option has a value that this operator does not take.
  case option(String, value: String, required: String)
  /// A kernel's weights cancel, or its sum is out of range.
  case badSum(at: [Double], Double)
  /// A filter's rate is none that can be measured together with the others'.
  case badRates([Int])
  /// The linear system has no solution in Doubles.
  case singular(knots: [Int])
  /// The fit was cancelled before there was any basis.
  case cancelled
  /// A file is no checkpoint.
  case badCheckpoint(String)
  /// A checkpoint is another fit's.
  case otherCheckpoint(field: String, found: String, expected: String)

  /// Sums that kernels may have: far beyond any image's range, and squares far from the ends of Double's.
  static let sums = 1e-9...1e9

  /// The sentence that a user reads.
  public var description: String {
    switch self {
    case .oneKernel(let name): "\(name) is the only kernel: a basis needs two or more; 'fewtap fit' takes one"
    case .wrongAxisCount(let count, let names):
      "\(count) number\(count == 1 ? "" : "s") of knots for \(names.count) parameters: expected one for each of \(names.joined(separator: ", "))"
    case .badKnotCount(let axis, let count, let least):
      "\(count) knots along \(axis): expected \(least) to \(KnotAxis.knotCounts.upperBound)"
    case .tooManyKnots(let counts):
      "\(counts.map(String.init).joined(separator: " x ")) knots are more than \(FilterBasis.maximumFilterCount): give fewer"
    case .badError(let value): "a PSNR of \(value) dB cannot be asked for: expected a number above 0, to 200"
    case .errorNotReached(let asked, let reached, let knots):
      "\(asked) dB between the knots is not reached: \(knots.map(String.init).joined(separator: " x ")) knots came to "
        + "\(reached) dB; ask for less, or give more knots"
    case .badTermCount(let axis, let count):
      "\(count) functions of \(axis): expected 1 to \(TapSeries.maximumFunctionCount)"
    case .tooManyTerms(let counts):
      "\(counts.map(String.init).joined(separator: " x ")) functions of so many taps make more than "
        + "\(TapSeries.maximumCoefficientCount) coefficients, or take more than \(SeriesSystem.mostBytes >> 30) GiB to fit: give fewer"

    case .errorNotReachedBySeries(let asked, let reached, let terms):
      "\(asked) dB is not reached: a series of \(terms.map(String.init).joined(separator: " x ")) functions came to "
        + "\(reached) dB; ask for less, or give more taps"
    case .templateNotReached(let asked, let reached, let taps):
      "\(asked) dB is not reached: \(taps) taps come to \(reached) dB for the largest kernel alone, as a GPU reads and stores it; ask for "
        + "less, or use --format rgba32f"
    case .option(let option, let value, let required):
      "this fit does not take \(option) \(value): expected \(required)"
    case .badSum(let point, let sum):
      "the kernel at \(point.map { "\($0)" }.joined(separator: ", ")) has the sum \(sum): expected 1e-9 to 1e9, and "
        + "weights that do not cancel"
    case .badRates(let factors):
      "filters at rates 1/\(factors.map(String.init).joined(separator: ", 1/")) cannot be measured together: expected powers "
        + "of 2, 3 and 5 with a common multiple of at most 64"
    case .singular(let knots):
      "the weights for \(knots.map(String.init).joined(separator: " x ")) knots or functions have no unique solution: the family's kernels "
        + "are too alike"
    case .cancelled: "cancelled before there was a basis"
    case .badCheckpoint(let problem): "this is no checkpoint of a basis fit: \(problem)"
    case .otherCheckpoint(let field, let found, let expected):
      "the checkpoint is another fit's: its \(field) is \(found), not \(expected)"
    }
  }
}
