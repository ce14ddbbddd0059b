import FewtapCore
import FewtapSynthesis
import FewtapTargets

/// The fit of an offsets basis: filters whose taps are interpolated between the knots.
///
/// A template is fitted to the family's largest kernel. Turned and scaled to the other knots it makes tap i correspond everywhere,
/// and then all knots are fitted at once to kernels between them: on two knots an axis first, then on twice as many, until there
/// are as many as asked for. A family that turns its kernels is fitted in a turning frame before, where knots along the other axes
/// suffice.
/// Source: the operator is that of Wu, Zhe, Huo (DISK), ICLR 2026, "filter-space interpolation"; the joint fit is ours.
package struct OffsetsBasisFit: Sendable {
  private let family: OffsetsFamily
  private let options: BasisFitOptions

  package init(_ family: KernelFamily, _ options: BasisFitOptions) throws {
    self.family = try OffsetsFamily(family)
    self.options = options
  }

  package func run(
    cancellation: Cancellation = Cancellation(), progress: @escaping @Sendable (FitProgress) -> Void = { _ in }
  ) throws -> FilterBasis {
    let template = try OffsetsTemplate(family, options, cancellation, progress)
    var (grid, tracks) = (stages[0], try template.tracks(at: stages[0], of: family))
    for (index, stage) in stages.enumerated() {
      if index > 0 { tracks = grid.resampled(tracks, to: stage, family: family) }
      grid = stage
      let problem = try self.problem(stage, template)
      let descent = OffsetsDescent(problem, tolerance: 2e-4)
      var state = descent.start(at: tracks)
      for _ in 0..<Self.iterations where !cancellation.isCancelled {
        guard descent.step(&state) else { break }
        progress(
          FitProgress(
            stage: .refinement, completed: state.iterations, total: nil, photoPSNR: state.cost,
            relativeError: state.damping))
      }
      tracks = state.tracks
    }
    return try basis(tracks, grid, template)
  }

  static let iterations = 150

  /// The grids to fit on, one after the other.
  var stages: [OffsetsGrid] {
    let axes = family.family.axes
    let asked = options.knots ?? axes.map { _ in 8 }
    let isTurning = family.turns.contains { $0 != 0 }
    var halvings: [[Int]] = [asked]
    while let last = halvings.last, family.shaping.contains(where: { last[$0] > 2 }) {
      halvings.append(
        last.indices.map { family.turns[$0] == 0 ? max(2, (last[$0] + 1) / 2) : last[$0] })
    }
    func grid(_ counts: [Int], _ isTurning: Bool) -> OffsetsGrid {
      OffsetsGrid(
        knots: axes.indices.map { index in
          isTurning && family.turns[index] != 0
            ? [axes[index].range.lowerBound]
            : OffsetsGrid.knots(axes[index].range, count: counts[index], growing: family.turns[index] == 0)
        }, isTurning: isTurning)
    }
    var stages: [OffsetsGrid] = []
    if isTurning { stages = family.shaping.isEmpty ? [] : halvings.reversed().map { grid($0, true) } }
    return stages + (isTurning ? [grid(asked, false)] : halvings.reversed().map { grid($0, false) })
  }

  /// The joint problem on a grid of knots.
  private func problem(_ grid: OffsetsGrid, _ template: OffsetsTemplate) throws -> OffsetsProblem {
    let points = OffsetsSampling(grid, family).points
    let samples = try parallelTryMap(points.count) { index in
      let (point, weight) = points[index]
      let kernel = try family.kernel(at: point)
      return OffsetsProblem.Sample(
        target: template.grid.forward(template.grid.place(kernel)), shares: grid.shares(at: point),
        turn: grid.isTurning ? family.turn(at: point) : SIMD2(1, 0), weight: weight)
    }
    return OffsetsProblem(
      layout: template.parameters.layout, knotCount: grid.count, samples: samples, objective: options.objective,
      grid: template.grid, limits: template.limits, threads: options.threads)
  }

  private func parallelTryMap<Value: Sendable>(
    _ count: Int, _ transform: @Sendable (Int) throws -> Value
  ) throws -> [Value] {
    try parallelMap(count: count, threads: options.threads) { index in Result { try transform(index) } }
      .map { try $0.get() }
  }

  private func basis(_ tracks: [Double], _ grid: OffsetsGrid, _ template: OffsetsTemplate) throws -> FilterBasis {
    let (n, m) = (template.parameters.tapCount, 3 * template.parameters.tapCount)
    let filters = try (0..<grid.count).map { knot in
      let numbers = tracks[knot * m..<(knot + 1) * m]
      let layers = template.parameters.ranges.map { range in
        TapLayer(
          range.map { i in
            Tap(
              x: numbers[numbers.startIndex + n + i], y: numbers[numbers.startIndex + 2 * n + i],
              weight: numbers[numbers.startIndex + i])
          }
        ).ofUnitSum()
      }
      return SparseFilter(
        chain: TapChain(model: .bilinear, layers: layers), gain: Fit.scale(try family.family.kernel(at: grid.point(knot)))
      )
    }
    let axes = zip(family.family.axes, grid.knots).map { KnotAxis($0, knots: $1) }
    return FilterBasis(interpolation: .offsets, axes: axes, filters: filters, family: family.family.name)
  }
}

extension TapLayer {
  /// The layer with its weights scaled to sum 1.
  fileprivate func ofUnitSum() -> TapLayer {
    let sum = sum
    return TapLayer(taps.map { Tap(x: $0.x, y: $0.y, weight: $0.weight / sum) })
  }
}
