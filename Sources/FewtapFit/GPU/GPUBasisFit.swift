import FewtapCore
import FewtapTargets

/// The fit of an offsets basis for a graphics processor: layers and taps are chosen, the cheapest that keep the error.
///
/// Equation: cost as ``CostModel`` has it, of `GPUWork`. A template fitted to the largest kernel alone must be so many dB better than what
///           is asked for between the knots; the cheapest layouts that are come first, until a whole basis keeps its word.
/// Accuracy: the error is the worst between the knots, with offsets rounded as the texture unit reads them at each pixel, and with half
///           floats' noise: `FilterBasis.delivered(by:against:threads:)`.
public struct GPUBasisFit: Sendable {
  private let family: KernelFamily
  private let options: BasisFitOptions
  private let costs: CostModel
  private let gpu: GPUTarget

  /// A fit under `options`, whose taps and layers it chooses, if their operator is offsets, for what `gpu` keeps.
  ///
  /// Throws: as ``BasisFit/init(_:_:)``; ``BasisFitError/option(_:value:required:)`` for another operator, and for
  ///         another target's costs.
  public init(
    _ family: KernelFamily, _ options: BasisFitOptions, for gpu: GPUTarget = GPUTarget(),
    costs: CostModel = .builtIn(.gpu)
  ) throws {
    guard options.interpolation == .offsets, options.recipe == .fewtap else {
      throw BasisFitError.option(
        "operator", value: options.interpolation.rawValue, required: "offsets by our own recipe")
    }
    guard costs.target == .gpu else {
      throw BasisFitError.option("costs of a", value: costs.target.rawValue, required: "those of a graphics processor")
    }
    _ = try BasisFit(family, options)
    (self.family, self.options, self.gpu, self.costs) = (family, options, gpu, costs)
  }

  /// Taps in all that are tried: steps of a third, which are 2 to 3 dB.
  private static let sizes = [8, 12, 16, 24, 32, 48, 64, 96, 128, 192]
  /// Layers that are tried.
  private static let layerCounts = 1...3
  /// dB that a template must be better by: 24x4 taps that reach 70.8 for the largest disk keep 68.9 between 16 knots (METHOD.md, 5 and 7).
  private static let margin = 2.0
  /// Bases that are fitted at most.
  private static let mostFits = 4

  /// Runs the fit; see ``BasisFit/run(resuming:cancellation:checkpoint:progress:)``.
  ///
  /// Throws: ``BasisFitError/errorNotReached(asked:reached:knots:)`` if no layout that was tried keeps the error,
  ///         ``BasisFitError/templateNotReached(asked:reached:taps:)`` if none could.
  public func run(
    cancellation: Cancellation = Cancellation(), progress: (@Sendable (BasisFitProgress) -> Void)? = nil
  ) throws -> FilterBasis {
    let demand = options.demand ?? PlanOptions.standardError
    var failure = BasisFitError.cancelled
    for layout in try layouts(demand, cancellation).prefix(Self.mostFits) {
      guard !cancellation.isCancelled else { break }
      var options = options
      (options.taps, options.layers) = (layout.taps, layout.layers)
      do {
        let basis = try BasisFit(family, options).run(cancellation: cancellation, progress: progress)
        let worst =
          cancellation.isCancelled
          ? demand : try basis.delivered(by: gpu, against: family, threads: options.threads).worst
        guard worst < demand else { return basis }
        failure = .errorNotReached(asked: demand, reached: worst, knots: basis.shape)
      } catch let error as BasisFitError {
        guard case .errorNotReached = error else { throw error }
        failure = error
      }
    }
    throw failure
  }

  /// Layouts whose template has the margin, the cheapest first; the largest where only the margin is missing.
  ///
  /// Throws: ``BasisFitError/templateNotReached(asked:reached:taps:)`` where no template has what is asked for between the knots.
  private func layouts(_ demand: Double, _ cancellation: Cancellation) throws -> [(taps: Int, layers: Int)] {
    let offsets = try OffsetsFamily(family)
    let kernel = try offsets.kernel(at: OffsetsTemplate.point(offsets))
    let found = try parallelMap(count: Self.layerCounts.count, threads: options.threads) { index in
      Result {
        let layers = index + Self.layerCounts.lowerBound
        var (range, largest) = (0..<Self.sizes.count, 0.0)
        // More taps are better: the fewest that will do, by halving.
        while !range.isEmpty, !cancellation.isCancelled {
          let middle = (range.lowerBound + range.upperBound) / 2
          let reached = try template(kernel, taps: Self.sizes[middle], layers: layers, cancellation)
          largest = max(largest, reached)
          range = reached >= demand + Self.margin ? range.lowerBound..<middle : middle + 1..<range.upperBound
        }
        let sizes = largest < demand ? [] : Self.sizes[min(range.lowerBound, Self.sizes.count - 1)...]
        return (reached: largest, layouts: sizes.map { (taps: $0, layers: layers) })
      }
    }.map { try $0.get() }
    guard found.contains(where: { !$0.layouts.isEmpty }) || cancellation.isCancelled else {
      throw BasisFitError.templateNotReached(
        asked: demand, reached: found.map(\.reached).max() ?? 0, taps: Self.sizes.last ?? 0)
    }
    return found.flatMap(\.layouts).map { layout in
      let taps = (try? Layout.shared(taps: layout.taps, layers: layout.layers).taps) ?? []
      let work = GPUWork(offsetsOver: family.axes.count, taps: taps, format: gpu.format)
      return (layout: layout, milliseconds: costs.milliseconds(work))
    }.sorted { $0.milliseconds < $1.milliseconds }.map(\.layout)
  }

  private func template(_ kernel: Kernel, taps: Int, layers: Int, _ cancellation: Cancellation) throws -> Double {
    var fit = FitOptions()
    (fit.tapModel, fit.fractionBits) = (.bilinear, gpu.fractionBits)
    (fit.budget, fit.effort) = (.layout(try .shared(taps: taps, layers: layers)), .fast)
    (fit.objective, fit.seed) = (options.objective, options.seed)
    let result = try Fit(kernel, fit).run(cancellation: cancellation)
    let decibels = result.summary.accuracy.photo.mean
    return gpu.format == .half ? try HalfStorage(result.filter).with(photoPSNR: decibels) : decibels
  }
}

extension FilterBasis {
  /// PSNR on photographs, dB, of what a graphics processor makes of the basis: mean and worst between the knots.
  ///
  /// Of the offsets operator each interpolated offset is rounded as the texture unit rounds it. The outputs operator reads whole texels,
  /// where nothing is rounded. Half floats' noise is the largest of the filters'.
  /// Throws: as ``BasisAccuracy``, ``HalfStorage``.
  public func delivered(
    by gpu: GPUTarget, against family: KernelFamily, threads: Int = 1
  ) throws -> (mean: Double, worst: Double) {
    let bits = interpolation == .offsets ? gpu.fractionBits : nil
    let accuracy = try BasisAccuracy(of: self, against: family, fractionBits: bits, threads: threads)
    let figures = (accuracy.photoPSNR, accuracy.worst.photoPSNR)
    guard gpu.format == .half else { return figures }
    let storages = try parallelMap(count: filters.count, threads: threads) { index in
      Result { try HalfStorage(filters[index]) }
    }.map { try $0.get() }
    guard let worst = storages.max(by: { $0.noise < $1.noise }) else { return figures }
    return (worst.with(photoPSNR: figures.0), worst.with(photoPSNR: figures.1))
  }
}
