import FewtapCore
import FewtapTargets
import Synchronization

/// Measured kernels, each fitted for itself: a basis for weights of one's own, where no parameters say what lies between kernels
/// (``VaryingPlan/apply(to:weights:direction:options:)``).
///
/// Its one axis is `index`, from 0; between two indices the outputs of their filters are mixed.
public struct EachFit: Sendable {
  private let kernels: [Kernel]
  private let options: PlanOptions

  /// The fit of two kernels or more, each to the planner's demand in `options`.
  ///
  /// Throws: ``BasisFitError/oneKernel(_:)``; ``PlanError/badDemand(_:)``.
  public init(_ kernels: [Kernel], _ options: PlanOptions) throws {
    guard kernels.count > 1 else {
      throw BasisFitError.oneKernel(kernels.first?.name ?? "no kernel")
    }
    _ = try Planner(kernels[0], options)
    (self.kernels, self.options) = (kernels, options)
  }

  /// Runs the fit on the options' threads; the result does not depend on how many. A cancelled fit has the best filters until then.
  ///
  /// Throws: ``PlanError``, ``FitError`` or ``KernelError`` for the first kernel that cannot be fitted.
  public func run(
    cancellation: Cancellation = Cancellation(), progress: (@Sendable (BasisFitProgress) -> Void)? = nil
  ) throws -> FilterBasis {
    let done = Mutex(0)
    let filters = try parallelMap(count: kernels.count, threads: options.threads) { index in
      Result {
        var own = options
        own.threads = 1
        let filter = try Planner(kernels[index], own, cancellation: cancellation).run().result.filter
        let count = done.withLock { done in
          done += 1
          return done
        }
        progress?(BasisFitProgress(stage: "kernels", knots: [kernels.count], completed: count, total: kernels.count))
        return filter
      }
    }.map { try $0.get() }
    let records = filters.compactMap(\.fit)
    let worst = records.indices.min { records[$0].photoPSNR < records[$1].photoPSNR } ?? 0
    let basis = FilterBasis(
      interpolation: .outputs, axes: [KnotAxis(name: "index", knots: kernels.indices.map { Double($0) })],
      filters: filters,
      fit: BasisRecord(
        objective: records.first?.objective ?? "photo", recipe: "each", seed: options.seed,
        sampleCount: kernels.count,
        photoPSNR: records.reduce(0) { $0 + $1.photoPSNR } / Double(max(1, records.count)),
        worstPhotoPSNR: records.isEmpty ? 0 : records[worst].photoPSNR, worstAt: [Double(worst)],
        relativeError: records.reduce(0) { max($0, $1.relativeError) },
        noiseGain: records.reduce(1) { max($0, $1.noiseGain) },
        termination: cancellation.isCancelled ? "cancelled" : "completed"))
    try basis.checkInvariants()
    return basis
  }
}
