import FewtapCore

/// What a fit gives.
public struct FitResult: Equatable, Sendable {
  /// The filter, in normal form, its provenance filled in.
  public var filter: SparseFilter
  /// How good it is, and how it came about.
  public var summary: FitSummary
}

/// How good a filter is, and how it came about.
public struct FitSummary: Equatable, Sendable {
  /// What ended a fit.
  public enum Termination: String, Sendable {
    /// All the work of its effort was done.
    case completed
    /// It was cancelled; the filter is the best until then.
    case cancelled
    /// The time limit came; the filter is the best until then.
    case timeLimit
  }

  /// Accuracy of the filter's effective kernel.
  public var accuracy: FilterAccuracy
  /// `prod_l sum|w|`.
  public var noiseGain: Double
  /// What ended the fit.
  public var termination: Termination
}

/// How far a fit is.
public struct FitProgress: Equatable, Sendable {
  /// What is being done.
  public enum Stage: String, Sendable {
    /// First fits from several starts.
    case starts
    /// The best ones improved.
    case refinement
  }

  /// What is being done.
  public var stage: Stage
  /// Steps done in all, of ``total``: exchange sweeps, Levenberg-Marquardt iterations, hops or gradient steps of a fit; moves of
  /// all replicas of parallel tempering.
  public var completed: Int
  /// Steps that the effort asks for; nil if a time limit decides.
  public var total: Int?
  /// Predicted PSNR on photographs of the best chain so far, its sum made exact, dB.
  public var photoPSNR: Double
  /// `|K - T|_2 / |T|_2` of the same chain; at a lower rate that of its mean kernel.
  public var relativeError: Double

  /// The figures after so many steps.
  public init(stage: Stage, completed: Int, total: Int?, photoPSNR: Double, relativeError: Double) {
    (self.stage, self.completed, self.total) = (stage, completed, total)
    (self.photoPSNR, self.relativeError) = (photoPSNR, relativeError)
  }
}
