import FewtapCore
import FewtapSynthesis

/// The paper's own basis: each knot fitted alone with ``PaperRecipe``, what is between them interpolated all the same. The yardstick
/// that our bases are held against.
///
/// Taps correspond only as far as sorting each layer by row and column makes them: the paper names no other order.
/// Source: Wu, Zhe, Huo (DISK), ICLR 2026, "filter-space interpolation"; METHOD.md section 7.
struct OffsetsPaperFit: Sendable {
  let family: OffsetsFamily
  let options: BasisFitOptions

  /// Throws: as the family; ``FitError``; ``BasisFitError``.
  func run(resuming: BasisCheckpoint?, _ watch: BasisFitWatch) throws -> FilterBasis {
    guard let asked = options.knots else {
      throw BasisFitError.option("knots", value: "none", required: "their number, since the paper's recipe adds none")
    }
    let grid = OffsetsPlan(family, options).last
    var done = try resuming.map { try filters(of: $0, grid) } ?? []
    while done.count < grid.count {
      let first = done.count
      // Some at a time, so that a checkpoint loses a few of them at most.
      let fitted = parallelMap(count: min(options.threads, grid.count - first), threads: options.threads) { index in
        Result {
          try filter(at: grid.point(first + index), seed: options.seed &+ UInt64(first + index), watch.cancellation)
        }
      }
      for result in fitted { done.append(try result.get()) }
      watch.progress?(
        BasisFitProgress(
          stage: BasisCheckpoint.Stage.knotsAlone.rawValue, knots: asked, completed: done.count, total: grid.count))
      watch.checkpoint?(checkpoint(done, grid))
    }
    let basis = FilterBasis(
      interpolation: .offsets, axes: zip(family.family.axes, grid.knots).map { KnotAxis($0, knots: $1) }, filters: done,
      family: family.family.name)
    let accuracy = try BasisAccuracy(of: basis, against: family.family, threads: options.threads)
    if let error = options.error, accuracy.worst.photoPSNR < error, !watch.cancellation.isCancelled {
      throw BasisFitError.errorNotReached(asked: error, reached: accuracy.worst.photoPSNR, knots: asked)
    }
    return basis.with(accuracy, options, termination: watch.cancellation.isCancelled ? .cancelled : .completed)
  }

  private func filter(at point: [Double], seed: UInt64, _ cancellation: Cancellation) throws -> SparseFilter {
    var fit = FitOptions()
    (fit.recipe, fit.tapModel, fit.budget, fit.seed) = (.paper, .bilinear, .taps(options.taps), seed)
    let kernel = try family.kernel(at: point)
    var filter = try Fit(kernel, fit).run(cancellation: cancellation).filter
    filter.gain = try family.family.kernel(at: point).sum
    (filter.kernel, filter.fit) = (nil, nil)
    return filter
  }

  private func checkpoint(_ filters: [SparseFilter], _ grid: OffsetsGrid) -> BasisCheckpoint {
    let chains = filters.map { ChainParameters($0.chain) }
    return BasisCheckpoint(
      family: family.family.name, options: options, stage: .knotsAlone, knots: grid.knots,
      state: [
        "layout": (chains.first?.layout ?? []).map(Double.init),
        "tracks": chains.flatMap { $0.weights + $0.x + $0.y },
      ])
  }

  /// The filters that a checkpoint holds. Throws: ``BasisFitError/badCheckpoint(_:)``.
  private func filters(of checkpoint: BasisCheckpoint, _ grid: OffsetsGrid) throws -> [SparseFilter] {
    guard checkpoint.stage == .knotsAlone, let tracks = checkpoint.state["tracks"],
      let layout = checkpoint.state["layout"],
      checkpoint.knots == grid.knots
    else { throw BasisFitError.badCheckpoint("its knots, layout or tracks are missing") }
    let blank = try OffsetsFitState.chain(layout: layout, taps: options.taps)
    let m = 3 * blank.tapCount
    guard tracks.count.isMultiple(of: m), tracks.count <= grid.count * m, tracks.allSatisfy(\.isFinite) else {
      throw BasisFitError.badCheckpoint("its tracks are \(tracks.count) numbers")
    }
    return try (0..<tracks.count / m).map { knot in
      SparseFilter(
        chain: blank.with(Array(tracks[knot * m..<(knot + 1) * m])).chain(model: .bilinear),
        gain: try family.family.kernel(at: grid.point(knot)).sum)
    }
  }
}
