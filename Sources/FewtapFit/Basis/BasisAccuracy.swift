import FewtapCore
import FewtapSynthesis
import FewtapTargets

/// The error of what a basis makes between its knots (and at them) against the family that it stands for.
///
/// Equation: at a point p the operator makes the kernel `K = sum_k a_k(p) h_k` of the mixture's filters (outputs), or that of the
///           interpolated filter (offsets). Filters at lower rates fold an image's fine detail onto coarse one, and the parts that
///           a mixture's filters fold add up: all of that counts, exactly across the rates (`MixedRates`).
/// Accuracy: of the PSNR on photographs as ``PhotoSpectrum``; of all else rounding. Held by FewtapFitTests/BasisAccuracyTests to
///           images filtered by each knot and blended.
public struct BasisAccuracy: Equatable, Sendable {
  /// The figures at one point.
  public struct Point: Equatable, Sendable {
    /// The parameters, one an axis.
    public var parameters: [Double]
    /// PSNR on photographs, dB, peak 1, linear light: mean over the reference photographs. 300 for what is exact.
    public var photoPSNR: Double
    /// `|K - T|_2 / |T|_2`; for filters at lower rates the root of its mean square over the phases.
    public var relativeError: Double
  }

  /// The points, in the order in which they were given.
  public var points: [Point]

  /// Above this, dB, a kernel is exact: what is left is rounding. Such points are left out of the mean, which they would rule.
  public static let exact = 150.0

  /// Mean of the points' PSNR, those left out that are exact; 300 if all are.
  public var photoPSNR: Double {
    let rest = points.filter { $0.photoPSNR < Self.exact }
    return rest.isEmpty ? 300 : rest.reduce(0) { $0 + $1.photoPSNR } / Double(rest.count)
  }

  /// The point of the least PSNR.
  public var worst: Point {
    points.min { $0.photoPSNR < $1.photoPSNR } ?? Point(parameters: [], photoPSNR: 300, relativeError: 0)
  }

  /// Largest `|K - T|_2 / |T|_2`.
  public var relativeError: Double { points.reduce(0) { max($0, $1.relativeError) } }

  /// Measures `basis` against `family`, which must have its axes, at `points`, one value an axis each; nil: where
  /// ``pointsBetweenKnots(of:)`` says, for a basis whose taps follow a series between as many knots as it has functions, four
  /// along an axis at least and nine along one that turns the kernel: its table's own knots are many, and all alike near to it.
  /// With `fractionBits` the offsets operator's offsets are rounded to so many bits after the point, as a texture unit does.
  ///
  /// Throws: ``FilterError`` for a basis that breaks its invariants; ``BasisFitError/badRates(_:)``;
  ///         ``BasisFitError/wrongAxisCount(_:_:)``; what the family's maker throws.
  /// Cost:   about a millisecond a point for radii to 25, and as much for each two filters that are neighbors.
  public init(
    of basis: FilterBasis, against family: KernelFamily, at points: [[Double]]? = nil, fractionBits: Int? = nil,
    threads: Int = 1
  ) throws {
    try basis.checkInvariants()
    for point in [basis.axes.map { $0.knots[0] }] + (points ?? []) where point.count != family.axes.count {
      throw BasisFitError.wrongAxisCount(point.count, family.axes.map(\.name))
    }
    let points =
      points ?? Self.pointsBetweenKnots(of: basis.series?.measuringAxes(basis.axes.map(\.axis)) ?? basis.axes)
    let kernels = try parallelMap(count: points.count, threads: threads) { index in
      Result { try family.kernel(at: points[index]) }
    }.map { try $0.get() }
    let measure: @Sendable (Int) throws -> Point
    switch basis.interpolation {
    case .offsets:
      measure = { index in
        let filter = try basis.interpolatedFilter(at: points[index])
        let figures = try AccuracyGauge(kernels[index]).figures(
          of: fractionBits.map { filter.rounded(toFractionBits: $0) } ?? filter)
        return Point(
          parameters: points[index], photoPSNR: figures.photoPSNR, relativeError: figures.relativeError)
      }
    case .outputs:
      let radius = kernels.reduce(basis.bounds.reach) { max($0, $1.radius) }
      let gauge = try MixtureGauge(basis, radius: radius, threads: threads)
      measure = { index in
        let figures = gauge.figures(try basis.mixture(at: points[index]), against: kernels[index])
        return Point(
          parameters: points[index], photoPSNR: figures.photoPSNR, relativeError: figures.relativeError)
      }
    }
    self.points = try parallelMap(count: points.count, threads: threads) { index in
      Result { try measure(index) }
    }.map { try $0.get() }
  }

  /// Points in every interval, and in one direction in every combination of intervals: between those that fits sample.
  public static func pointsBetweenKnots(of axes: [KnotAxis]) -> [[Double]] {
    let shares =
      switch axes.count {
      case 1: [0.1, 0.3, 0.5, 0.7, 0.9]
      case 2: [0.1, 0.5, 0.9]
      default: [0.3, 0.5]
      }
    var points: [[Double]] = [[]]
    for axis in axes {
      let values = zip(axis.knots, axis.knots.dropFirst()).flatMap { low, high in
        shares.map { low + $0 * (high - low) }
      }
      points = points.flatMap { head in values.map { head + [$0] } }
    }
    return points
  }
}

extension TapSeries {
  /// The axes of a grid between whose knots a series is measured.
  fileprivate func measuringAxes(_ parameters: [ParameterAxis]) -> [KnotAxis] {
    zip(parameters, axes).map { parameter, axis in
      let isTurning = axis.turn != 0
      return KnotAxis(
        parameter,
        knots: OffsetsGrid.knots(
          parameter.range, count: max(axis.functions.count, isTurning ? 9 : 4), growing: !isTurning))
    }
  }
}

extension BasisRecord {
  /// The provenance of `basis`, fitted under `options`, of the given accuracy.
  init(
    _ basis: FilterBasis, _ options: BasisFitOptions, _ accuracy: BasisAccuracy, termination: FitSummary.Termination
  ) {
    let worst = accuracy.worst
    self.init(
      objective: options.recipe == .paper ? Objective.charbonnier.rawValue : options.objective.rawValue,
      recipe: options.recipe.rawValue, seed: options.seed, sampleCount: accuracy.points.count,
      photoPSNR: accuracy.photoPSNR, worstPhotoPSNR: worst.photoPSNR, worstAt: worst.parameters,
      relativeError: accuracy.relativeError,
      noiseGain: basis.filters.reduce(0) { max($0, $1.chain.noiseGain) }, termination: termination.rawValue)
  }
}

/// Measures mixtures of a basis' filters.
private struct MixtureGauge: Sendable {
  private let grid: GridTransform
  private let photographs: PhotoSpectrum
  /// Spectra of the filters' mean kernels.
  private let means: [Spectrum]
  /// For pairs of neighbors, the smaller index first: what they fold onto other frequencies, on each photograph and, last, on an
  /// image of power 1.
  private let aliasing: [Pair: [Double]]

  private struct Pair: Hashable {
    let first: Int
    let second: Int
  }

  init(_ basis: FilterBasis, radius: Int, threads: Int) throws {
    var rates: [Resampling?] = []
    for filter in basis.filters where !rates.contains(filter.rate) { rates.append(filter.rate) }
    let multiple = rates.reduce(1) { leastCommonMultiple($0, $1.factor) }
    guard LowRateTarget.factors.contains(multiple) || multiple == 1 else {
      throw BasisFitError.badRates(rates.map(\.factor).sorted())
    }
    // 256 resolves the photographs' lowest frequencies.
    grid = MixedRates.grid(minimumSize: max(256, 2 * radius + 2), multiple: multiple)
    photographs = PhotoSpectrum(grid: grid)
    let (grid, mixed) = (grid, MixedRates(rates, on: grid))
    let filters = basis.filters
    let means = try parallelMap(count: filters.count, threads: threads) { index in
      Result { grid.forward(grid.place(try filters[index].effectiveKernel())) }
    }.map { try $0.get() }
    self.means = means
    guard rates.contains(where: { $0 != nil }) else {
      aliasing = [:]
      return
    }

    // Filters of one cell of the grid are mixed with one another.
    var pairs: Set<Pair> = []
    for index in filters.indices {
      let knot = basis.knot(index)
      var neighbors: [[Int]] = [[]]
      for (axis, at) in knot.enumerated() {
        let range = max(0, at - 1)...min(basis.shape[axis] - 1, at + 1)
        neighbors = neighbors.flatMap { head in range.map { head + [$0] } }
      }
      for other in neighbors.map(basis.index(of:)) where other >= index {
        pairs.insert(Pair(first: index, second: other))
      }
    }
    let sorted = pairs.filter { filters[$0.first].rate != nil || filters[$0.second].rate != nil }
      .sorted { ($0.first, $0.second) < ($1.first, $1.second) }
    let powers =
      PhotoSpectrum.quarters(side: grid.size).map { $0.spectrum(on: grid) }
      + [grid.tabulate { _, _ in 1 }]
    let rateOf = filters.map { filter in rates.firstIndex { $0 == filter.rate } ?? 0 }
    var seen: [Pair: [Spectrum]] = [:]
    for pair in sorted {
      let key = Pair(first: rateOf[pair.first], second: rateOf[pair.second])
      if seen[key] == nil { seen[key] = powers.map { mixed.seen(key.first, key.second, power: $0) } }
    }
    let lows = try filters.enumerated().map { index, filter in
      try filter.phaseSynthesis().map { phases in
        let low = mixed.lowGrids[rateOf[index]]
        return low.forward(low.place(phases.low))
      } ?? means[index]
    }
    let (multiplicity, area) = (grid.multiplicity, Double(grid.size * grid.size))
    let values = parallelMap(count: sorted.count, threads: threads) { [seen] index -> [Double] in
      let pair = sorted[index]
      let (i, j) = (rateOf[pair.first], rateOf[pair.second])
      let ones = [Double](repeating: 1, count: grid.spectrumCount)
      let made = mixed.folded(
        grid.correlation(
          mixed.interpolated(lows[pair.first], rate: i), mixed.interpolated(lows[pair.second], rate: j), weight: ones),
        by: mixed.common(i, j))
      let direct = grid.correlation(means[pair.first], means[pair.second], weight: multiplicity)
      let low = GridTransform(minimumSize: grid.size / mixed.common(i, j))
      let lowMultiplicity = low.multiplicity
      return zip(seen[Pair(first: i, second: j)] ?? [], powers).map { seen, power in
        var (all, kept) = (0.0, 0.0)
        for k in lowMultiplicity.indices {
          all += lowMultiplicity[k] * (made.re[k] * seen.re[k] - made.im[k] * seen.im[k])
        }
        for k in power.indices { kept += power[k] * direct.re[k] }
        return (all - kept) / area
      }
    }
    aliasing = Dictionary(uniqueKeysWithValues: zip(sorted, values))
  }

  func figures(
    _ mixture: [(filter: Int, weight: Double)], against kernel: Kernel
  ) -> (photoPSNR: Double, relativeError: Double) {
    let target = grid.forward(grid.place(kernel))
    var difference = target
    for index in difference.re.indices {
      difference.re[index] = -target.re[index]
      difference.im[index] = -target.im[index]
    }
    for (filter, weight) in mixture {
      let mean = means[filter]
      for index in difference.re.indices {
        difference.re[index] += weight * mean.re[index]
        difference.im[index] += weight * mean.im[index]
      }
    }
    var folded: [Double] = []
    for a in mixture {
      for b in mixture {
        let pair = Pair(first: min(a.filter, b.filter), second: max(a.filter, b.filter))
        guard let values = aliasing[pair] else { continue }
        if folded.isEmpty { folded = values.map { _ in 0 } }
        for index in values.indices { folded[index] += a.weight * b.weight * values[index] }
      }
    }
    let multiplicity = grid.multiplicity
    let area = Double(grid.size * grid.size)
    let square = grid.power(difference, weight: multiplicity) / area + max(0, folded.last ?? 0)
    let scale = grid.power(target, weight: multiplicity) / area
    return (
      photographs.prediction(difference, aliasing: folded.dropLast().map { max(0, $0) }).mean,
      (square / scale).squareRoot()
    )
  }
}

private func leastCommonMultiple(_ a: Int, _ b: Int) -> Int {
  var (x, y) = (a, b)
  while y > 0 { (x, y) = (y, x % y) }
  return a / x * b
}
