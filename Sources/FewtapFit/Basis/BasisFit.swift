import FewtapCore
import FewtapTargets

/// A fit of a filter basis to a family of kernels: filters at the knots of a grid of parameters, fitted together, so that what is
/// interpolated *between* the knots is right too.
///
/// Independent parts run on several threads; a seed gives the same bits whatever their number.
public struct BasisFit: Sendable {
  private let family: KernelFamily
  private let options: BasisFitOptions

  /// The fit of a basis to `family` under `options`.
  ///
  /// Throws: ``BasisFitError`` for options that contradict each other or the family, for a parameter that does not change its
  ///         kernel, and for a periodic parameter whose ends are different kernels; what the family's maker throws.
  public init(_ family: KernelFamily, _ options: BasisFitOptions = BasisFitOptions()) throws {
    try options.check(family)
    try family.checkMembers()
    (self.family, self.options) = (family, options)
  }

  /// Runs the fit.
  ///
  /// `checkpoint` is called whenever there is progress worth keeping: another run may begin there with `resuming`, and ends with
  /// the same basis. `progress` is called from the threads that work, one call at a time. `cancellation` ends the fit early with
  /// the best basis so far.
  /// Throws: ``BasisFitError``: the checkpoint is another fit's; it was cancelled before there was any basis; the accuracy
  ///         asked for is not reached; what the family's maker throws.
  public func run(
    resuming: BasisCheckpoint? = nil, cancellation: Cancellation = Cancellation(),
    checkpoint: (@Sendable (BasisCheckpoint) -> Void)? = nil, progress: (@Sendable (BasisFitProgress) -> Void)? = nil
  ) throws -> FilterBasis {
    try resuming?.check(family, options)
    let watch = BasisFitWatch(cancellation: cancellation, checkpoint: checkpoint, progress: progress)
    switch options.interpolation {
    case .outputs: return try OutputsBasisFit(family, options).run(resuming: resuming, watch)
    case .offsets: return try OffsetsBasisFit(family, options).run(resuming: resuming, watch)
    }
  }
}

/// How far a basis fit is.
public struct BasisFitProgress: Equatable, Sendable {
  /// What is being done, a few words.
  public var stage: String
  /// Knots along each axis at this stage.
  public var knots: [Int]
  /// Whether ``knots`` counts the functions of a series instead.
  public var countsFunctions = false
  /// Steps done in all.
  public var completed: Int
  /// Steps that there will be; nil while nobody knows.
  public var total: Int?
  /// Predicted PSNR on photographs at the worst point between the knots, dB; nil before the first measurement.
  public var worstPhotoPSNR: Double?

  /// The figures after so many steps.
  public init(stage: String, knots: [Int], completed: Int, total: Int? = nil, worstPhotoPSNR: Double? = nil) {
    (self.stage, self.knots, self.completed) = (stage, knots, completed)
    (self.total, self.worstPhotoPSNR) = (total, worstPhotoPSNR)
  }

  /// The figures of a series with so many functions of each parameter.
  init(stage: String, terms: [Int], completed: Int, worstPhotoPSNR: Double? = nil) {
    self.init(stage: stage, knots: terms, completed: completed, worstPhotoPSNR: worstPhotoPSNR)
    countsFunctions = true
  }
}

/// Who watches a basis fit, and may end it.
package struct BasisFitWatch: Sendable {
  package var cancellation = Cancellation()
  package var checkpoint: (@Sendable (BasisCheckpoint) -> Void)?
  package var progress: (@Sendable (BasisFitProgress) -> Void)?

  package init(
    cancellation: Cancellation = Cancellation(), checkpoint: (@Sendable (BasisCheckpoint) -> Void)? = nil,
    progress: (@Sendable (BasisFitProgress) -> Void)? = nil
  ) {
    (self.cancellation, self.checkpoint, self.progress) = (cancellation, checkpoint, progress)
  }
}

extension BasisFitOptions {
  /// PSNR, dB, that must hold at the worst point between the knots; nil where the number of knots is given instead.
  package var demand: Double? { error ?? (knots == nil && terms == nil ? 60 : nil) }

  /// What no family changes.
  func check(_ family: KernelFamily) throws(BasisFitError) {
    if let knots {
      guard knots.count == family.axes.count else { throw .wrongAxisCount(knots.count, family.axes.map(\.name)) }
      for (axis, count) in zip(family.axes, knots) {
        // Around a circle two places are the least between which there is a way.
        let least = axis.isPeriodic ? 3 : 2
        guard count >= least, count <= KnotAxis.knotCounts.upperBound else {
          throw .badKnotCount(axis: axis.name, count, least: least)
        }
      }
      guard
        knots.reduce(1, { $0.multipliedReportingOverflow(by: $1).overflow ? .max : $0 * $1 })
          <= FilterBasis.maximumFilterCount
      else { throw .tooManyKnots(knots) }
    }
    if let layers, !Layout.layerCounts.contains(layers) {
      throw .option("layers", value: "\(layers)", required: "\(Layout.layerCounts)")
    }
    try checkTracks(family)
    if let error, !(error > 0 && error <= 200) { throw .badError(error) }
  }

  private func checkTracks(_ family: KernelFamily) throws(BasisFitError) {
    guard tracks == .knots || (interpolation == .offsets && recipe == .fewtap) else {
      throw .option(
        "tracks", value: tracks.rawValue, required: "knots, except for our own recipe of the offsets operator")
    }
    if tracks == .series, let knots {
      throw .option("knots", value: "\(knots)", required: "none, since a series has none; give its terms")
    }
    guard let terms else { return }
    guard tracks == .series else {
      throw .option("terms", value: "\(terms)", required: "none, unless the tracks are a series")
    }
    guard terms.count == family.axes.count else { throw .wrongAxisCount(terms.count, family.axes.map(\.name)) }
    for (axis, count) in zip(family.axes, terms) where !(1...TapSeries.maximumFunctionCount).contains(count) {
      throw .badTermCount(axis: axis.name, count)
    }
    guard terms.reduce(3 * taps, { $0 * $1 }) <= TapSeries.maximumCoefficientCount,
      SeriesSystem.byteCount(terms: terms, taps: taps) <= SeriesSystem.mostBytes
    else { throw .tooManyTerms(terms) }
  }
}
