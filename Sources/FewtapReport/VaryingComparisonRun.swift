import FewtapBaselines
import FewtapCore
import FewtapEngine
import FewtapFit
import FewtapTargets

/// Makes and measures contenders for a family of kernels and a parameter map: all on the same images, by the same map.
package struct VaryingComparisonRun: Sendable {
  /// The map of an image of a size.
  package typealias MapMaker = @Sendable (_ width: Int, _ height: Int) throws -> ParameterMap

  /// How contenders are compared.
  package struct Options: Sendable {
    /// Who takes part, in the order of rows; nil: the standard ones.
    package var contenders: [VaryingContender]?
    /// What stands outside of images.
    package var border = BorderRule.mirror
    /// Columns and rows of the plane to be timed on; nil: the first image's.
    package var timedSize: (width: Int, height: Int)?
    /// How often each is timed; the slow ones less often, see ``ComparisonRun/timeLimit``.
    package var rounds = 7
    /// Iterations of parallel tempering.
    package var temperingIterations = 10_000
    /// Seed of every random choice.
    package var seed: UInt64 = 1
    /// Threads to use; no figure but seconds depends on it, and filters are timed on one.
    package var threads = 1

    /// The defaults.
    package init() {}
  }

  private let family: KernelFamily
  private let map: MapMaker
  private let mapName: String
  private let scenes: [ComparisonRun.Scene]
  private let options: Options
  private let contenders: [VaryingContender]

  /// A comparison for `family` on `scenes`, one or more.
  package init(
    _ family: KernelFamily, mapName: String, scenes: [ComparisonRun.Scene], _ options: Options = Options(),
    map: @escaping MapMaker
  ) {
    precondition(!scenes.isEmpty, "a comparison of varying filters needs an image")
    (self.family, self.mapName, self.scenes, self.options) = (family, mapName, scenes, options)
    self.map = map
    contenders = options.contenders ?? VaryingContender.standard(axisCount: family.axes.count)
  }

  /// Values of the parameters that maps hold, so that the dense kernel at every pixel is the truth: some 256 of one parameter, 1000
  /// of several.
  private var lattice: ParameterLattice {
    switch family.axes.count {
    case 1: ParameterLattice(family.axes, counts: [256])
    case 2: ParameterLattice(family.axes, counts: [24, 42])
    case 3: ParameterLattice(family.axes, counts: [10, 10, 10])
    default: ParameterLattice(family.axes, counts: family.axes.map { _ in 6 })
    }
  }

  /// What several contenders are made of, and how long making it took.
  private struct Common {
    let dense: QuantizedDense
    let denseSeconds: Double
    var eigen: EigenKernels?
    var eigenSeconds = 0.0
  }

  /// Makes every contender, times it and measures it.
  ///
  /// Throws: ``FewtapEngine/ApplyError/cancelled``, and what the family, the map or an image is refused for. A contender that cannot
  ///         stand for the family is no error: its row says why.
  package func run(
    cancellation: Cancellation = Cancellation(),
    progress: @escaping @Sendable (ComparisonRun.Progress) -> Void = { _ in }
  ) throws -> VaryingComparison {
    func report(_ stage: Int, _ index: Int) {
      let (names, shares) = (["fitting", "timing", "measuring"], [(0.0, 0.7), (0.7, 0.1), (0.8, 0.2)])
      progress(
        ComparisonRun.Progress(
          stage: names[stage], contender: contenders[index].description,
          share: shares[stage].0 + shares[stage].1 * Double(index) / Double(contenders.count)))
    }
    let start = Timing.Clock.wall.now
    let lattice = lattice
    let dense = try QuantizedDense(lattice, lattice.kernels(of: family, threads: options.threads))
    var common = Common(dense: dense, denseSeconds: Timing.Clock.wall.now - start)
    var made: [Result<(filter: any VaryingFilter, seconds: Double), VaryingRefusal>] = []
    for (index, contender) in contenders.enumerated() {
      report(0, index)
      do {
        made.append(.success(try make(contender, &common, cancellation)))
      } catch {
        made.append(.failure(VaryingRefusal(reason: "\(error)")))
      }
      if cancellation.isCancelled { throw ApplyError.cancelled }
    }
    let filters = made.map { try? $0.get().filter }
    let timed = options.timedSize ?? (scenes[0].image.width, scenes[0].image.height)
    let times = try time(filters, timed, dense.lattice, cancellation) { report(1, $0) }

    var applied = ApplyOptions(border: options.border, threads: options.threads, cancellation: cancellation)
    applied.threads = options.threads
    let truths = try scenes.map { scene in
      try VaryingTruth(scene, map: map(scene.image.width, scene.image.height), dense, applied)
    }
    let places = try self.places(truths[0].map, dense)
    var rows: [VaryingComparison.Row] = []
    for (index, contender) in contenders.enumerated() {
      report(2, index)
      let outcome: VaryingComparison.Row.Outcome
      do {
        let (filter, seconds) = try made[index].get()
        let seen = try truths.map { try $0.measure(filter, applied) }
        outcome = .measured(
          VaryingComparison.Measured(
            makeup: filter.makeup, numberCount: filter.numberCount, fileByteCount: filter.fileByteCount,
            noiseGain: filter.noiseGain, fitSeconds: seconds, time: Timing(times[index]),
            images: seen.map(\.figures), kernels: try places.map { try filter.effectiveKernel(at: $0.parameters) },
            views: seen.map(\.view)))
      } catch ApplyError.cancelled {
        throw ApplyError.cancelled
      } catch {
        outcome = .cannot("\(error)")
      }
      rows.append(VaryingComparison.Row(name: contender.description, side: contender.side, outcome: outcome))
    }
    return VaryingComparison(
      family: family.name, mapName: mapName, axes: family.axes, levels: dense.lattice.counts,
      images: scenes.map(\.subject), timedSize: timed, rows: rows, places: places,
      trueViews: truths.map { $0.view(of: $0.truth) }, maps: truths.map { shares($0.map) })
  }

  // MARK: Making

  private func make(
    _ contender: VaryingContender, _ common: inout Common, _ cancellation: Cancellation
  ) throws -> (filter: any VaryingFilter, seconds: Double) {
    let start = Timing.Clock.wall.now
    func knots(_ counts: [Int]) -> [KnotAxis] { zip(family.axes, counts).map { $0.knots(count: $1) } }
    func basis(_ interpolation: FilterBasis.Interpolation, _ counts: [Int], _ recipe: FitOptions.Recipe) throws
      -> FilterBasis
    {
      var fit = BasisFitOptions()
      (fit.interpolation, fit.knots, fit.recipe) = (interpolation, counts, recipe)
      (fit.taps, fit.seed, fit.threads) = (VaryingContender.tapCount, options.seed, options.threads)
      return try BasisFit(family, fit).run(cancellation: cancellation)
    }
    let filter: any VaryingFilter
    var before = 0.0
    switch contender {
    case .outputs(let counts): filter = try basis(.outputs, counts, .fewtap)
    case .offsets(let counts): filter = try basis(.offsets, counts, .fewtap)
    case .paper(let counts): filter = try basis(.offsets, counts, .paper)
    case .tempering(let counts):
      var tempering = ParallelTempering.Options()
      (tempering.seed, tempering.threads) = (options.seed, options.threads)
      tempering.iterations = options.temperingIterations
      filter = try FilterBasis.tempering(
        family, layout: Layout(VaryingContender.temperingLayout), axes: knots(counts), tempering,
        cancellation: cancellation)
    case .lowRank(let rank, let counts): filter = try LowRankBasis(family, rank: rank, axes: knots(counts))
    case .productConvolution(let terms):
      if common.eigen == nil {
        let start = Timing.Clock.wall.now
        common.eigen = try EigenKernels(common.dense.lattice, common.dense.kernels, threads: options.threads)
        common.eigenSeconds = Timing.Clock.wall.now - start
      } else {
        before = common.eigenSeconds
      }
      before += common.denseSeconds
      guard let eigen = common.eigen else { throw ApplyError.cancelled }
      filter = try ProductConvolution(eigen, terms: terms)
    case .dense: (filter, before) = (common.dense, common.denseSeconds)
    }
    return (filter, before + Timing.Clock.wall.now - start)
  }

  // MARK: Timing

  /// Milliseconds of all filters on one plane; the map is looked up each time.
  private func time(
    _ filters: [(any VaryingFilter)?], _ size: (width: Int, height: Int), _ lattice: ParameterLattice,
    _ cancellation: Cancellation, _ report: (Int) -> Void
  ) throws -> [[Double]] {
    let plane = scenes[0].image.middlePlane(width: size.width, height: size.height)
    let map = lattice.snapped(try self.map(size.width, size.height))
    let single = ApplyOptions(border: options.border, threads: 1, cancellation: cancellation)
    let runs = try filters.enumerated().map { index, filter -> (() throws -> Void)? in
      report(index)
      guard let run = try filter?.prepared(width: size.width) else { return nil }
      // What the first run alone must fetch is not timed.
      _ = try run(plane, map, single)
      return { _ = try run(plane, map, single) }
    }
    return try ComparisonRun.times(rounds: options.rounds, runs, report)
  }

  // MARK: Showing

  /// Shares of the image's width and height at which kernels are shown.
  private static let shownPlaces = [(0.5, 0.58), (0.72, 0.34), (0.3, 0.8), (0.06, 0.08)]

  private func places(_ map: ParameterMap, _ dense: QuantizedDense) throws -> [VaryingComparison.Place] {
    let planes = (0..<map.axisCount).map { map.plane(axis: $0) }
    return try Self.shownPlaces.map { share in
      let (x, y) = (Int(share.0 * Double(map.width)), Int(share.1 * Double(map.height)))
      let parameters = planes.map { Double($0[x, y]) }
      return VaryingComparison.Place(
        x: x, y: y, parameters: parameters, kernel: try dense.effectiveKernel(at: parameters))
    }
  }

  /// The map's values as shares of their ranges.
  private func shares(_ map: ParameterMap) -> [Plane<Double>] {
    family.axes.enumerated().map { index, axis in
      let (plane, low) = (map.plane(axis: index), axis.range.lowerBound)
      let span = axis.range.upperBound - low
      return Plane(width: plane.width, height: plane.height, exactly: plane.values.map { (Double($0) - low) / span })
    }
  }
}

/// Why a contender could not be made.
private struct VaryingRefusal: Error, CustomStringConvertible {
  let reason: String
  var description: String { reason }
}

extension Image {
  /// Its middle color, mirrored until it fills a size.
  package func middlePlane(width: Int, height: Int) -> Plane<Float> {
    let colors = premultipliedColors().planes
    let color = colors[colors.count / 2]
    guard color.width != width || color.height != height else { return color }
    var plane = Plane<Float>(width: width, height: height)
    for y in 0..<height {
      for x in 0..<width {
        plane[x, y] =
          color[
            BorderRule.mirror.source(of: x, count: color.width) ?? 0,
            BorderRule.mirror.source(of: y, count: color.height) ?? 0]
      }
    }
    return plane
  }
}
