import FewtapCore
import FewtapFit

/// Mean and spread of what several seeds gave.
public struct Spread: Equatable, Sendable {
  /// The mean.
  public var mean: Double
  /// The standard deviation, that of a sample (divided by one less than the count); 0 of a single value.
  public var deviation: Double
  /// The least value.
  public var least: Double
  /// The greatest value.
  public var most: Double

  /// The spread of `values`; nil if there are none.
  public init?(_ values: [Double]) {
    guard let first = values.first else { return nil }
    let mean = values.reduce(0, +) / Double(values.count)
    let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    self.mean = mean
    deviation = (squares / Double(max(1, values.count - 1))).squareRoot()
    (least, most) = (values.reduce(first) { min($0, $1) }, values.reduce(first) { max($0, $1) })
  }
}

/// What a run of ``PaperSuite`` found.
public struct PaperResults: Sendable {
  /// What one run of a rival gave.
  public struct Run: Sendable {
    /// Seed of its random numbers; nil if it draws none.
    public var seed: UInt64?
    /// Predicted PSNR on photographs, dB.
    public var photoPSNR: Double
    /// The same of the worst photograph.
    public var worstPhotoPSNR: Double
    /// `|K - T|_2 / |T|_2`.
    public var relativeError: Double
    /// `|K - T|_1 / |T|_1`: nearly what the DISK recipe minimizes, whose Charbonnier loss is the sum of `sqrt(r^2 + eps^2)`.
    public var absoluteError: Double
    /// How much noise in the weights or in rounding can grow; nil where it is not defined.
    public var noiseGain: Double?
    /// Weights that read a pixel or a bilinear sample.
    public var tapCount: Int
    /// Multiply-adds a pixel and channel, bilinear samples split into pixels.
    public var multiplyAddCount: Double
    /// Seconds of processor time that the fit took, some milliseconds of its measurement included: with those in the trace the
    /// only figures that differ from run to run.
    public var fitSeconds: Double
    /// How a search came there, thinned, in seconds of processor time; empty but where convergence is shown.
    public var trace: ConvergenceTrace
  }

  /// A rival's runs for a kernel and a layout.
  public struct Row: Sendable {
    /// Name of the kernel.
    public var kernel: String
    /// nil for the ranks that stand once a kernel.
    public var layout: Layout?
    /// Who ran.
    public var rival: PaperSuite.Rival
    /// Where the search started, in the rows that compare this; nil elsewhere: each rival's own.
    public var guess: FitOptions.Guess?
    /// Rank of a low-rank filter.
    public var rank: Int?
    /// The runs that were made, in order of their seeds.
    public var runs: [Run]
    /// Runs that were to be made.
    public var runsAsked: Int
    /// Why the rival cannot stand for this kernel in this layout, if so.
    public var failure: String?

    /// Whether all runs were made.
    public var isComplete: Bool { runs.count == runsAsked }
    /// Of the PSNR on photographs; nil without a run.
    public var photoPSNR: Spread? { Spread(runs.map(\.photoPSNR)) }
    /// Of the worst photograph's PSNR: its `least` is the worst of all.
    public var worstPhotoPSNR: Spread? { Spread(runs.map(\.worstPhotoPSNR)) }
    /// Of the kernel's relative error.
    public var relativeError: Spread? { Spread(runs.map(\.relativeError)) }
    /// Of the kernel's absolute error.
    public var absoluteError: Spread? { Spread(runs.map(\.absoluteError)) }
    /// Of the noise gain.
    public var noiseGain: Spread? { Spread(runs.compactMap(\.noiseGain)) }
    /// Of the seconds of a fit.
    public var fitSeconds: Spread? { Spread(runs.map(\.fitSeconds)) }
    /// Of the taps: where the fit finds the layers, not all may be used.
    public var tapCount: Spread? { Spread(runs.map { Double($0.tapCount) }) }
  }

  /// By how much one rival's mean PSNR on photographs is above another's.
  public struct Gain: Equatable, Sendable {
    /// Name of the kernel.
    public var kernel: String
    /// The layout that both had.
    public var layout: Layout
    /// The difference of the means, dB.
    public var decibels: Double
  }

  /// The rows by kernel, layout and rival.
  public var rows: [Row]
  /// Low rank once a kernel.
  public var ranks: [Row]
  /// The rows by kernel, rival and initial guess, with traces.
  public var guesses: [Row]

  /// Whether all runs were made that were asked for.
  public var isComplete: Bool

  /// The kernels' names in order.
  public var kernels: [String] {
    (ranks + rows).map(\.kernel).reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
  }
  /// The layouts in order.
  public var layouts: [Layout] {
    rows.compactMap(\.layout).reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
  }

  /// The row of a rival; nil if it was not begun.
  public func row(_ kernel: String, _ layout: Layout, _ rival: PaperSuite.Rival) -> Row? {
    rows.first { $0.kernel == kernel && $0.layout == layout && $0.rival == rival }
  }

  /// Where both rivals have runs, how far the mean of `first` is above that of `second`: over the seeds that both have, all of them
  /// unless the suite was interrupted.
  public func gains(of first: PaperSuite.Rival, over second: PaperSuite.Rival) -> [Gain] {
    kernels.flatMap { kernel in
      layouts.compactMap { layout in
        guard let a = row(kernel, layout, first), let b = row(kernel, layout, second),
          let high = Spread(a.photoPSNRs(sharedWith: b)), let low = Spread(b.photoPSNRs(sharedWith: a))
        else { return nil }
        return Gain(kernel: kernel, layout: layout, decibels: high.mean - low.mean)
      }
    }
  }

  /// On how many kernels and layouts, of those where both have runs, the first rival's mean absolute error is below the second's.
  public func absoluteWins(
    of first: PaperSuite.Rival, over second: PaperSuite.Rival
  ) -> (wins: Int, all: Int) {
    let pairs = kernels.flatMap { kernel in
      layouts.compactMap { layout -> Bool? in
        guard let a = row(kernel, layout, first)?.absoluteError, let b = row(kernel, layout, second)?.absoluteError
        else { return nil }
        return a.mean < b.mean
      }
    }
    return (pairs.count { $0 }, pairs.count)
  }

  /// The pairs whose gains are told: what the paper claims and what we do, then the rest.
  public static let pairs: [(PaperSuite.Rival, PaperSuite.Rival)] = [
    (.ours, .paper), (.oursBilinear, .paper), (.paper, .tempering), (.paper, .temperingBriefly), (.ours, .tempering),
    (.oursBilinear, .tempering), (.ours, .lowRank), (.paper, .lowRank),
  ]
}

extension PaperResults.Row {
  /// PSNR on photographs of the runs from seeds that `other` has too; what draws no random numbers has every seed.
  fileprivate func photoPSNRs(sharedWith other: PaperResults.Row) -> [Double] {
    let seeds = other.runs.map(\.seed)
    return runs.filter { $0.seed == nil || seeds.contains(nil) || seeds.contains($0.seed) }.map(\.photoPSNR)
  }
}
