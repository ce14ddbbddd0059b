import FewtapCore
import FewtapFit

/// A rival: another way to stand for a kernel, made and measured as ours is.
public enum Baseline: Equatable, Sendable, CustomStringConvertible {
  /// The kernel itself, every weight a tap: exact, and the cost that all others save.
  case dense
  /// A fit of ours, beside its rivals.
  case fit(FitOptions)
  /// ``FourierFilter``: the kernel itself by Fourier transforms, in Double.
  case fourier
  /// The DISK paper's own recipe: ``FewtapFit/FitOptions/Recipe/paper``, bilinear taps.
  case paper(layout: Layout, guess: FitOptions.Guess = .sparse, seed: UInt64 = 1)
  /// ``ParallelTempering``.
  case tempering(layout: Layout, ParallelTempering.Options = .init())
  /// ``LowRank``, its sum made exact.
  case lowRank(Int)
  /// ``KawaseBlur`` of the kernel's standard deviation.
  case kawase
  /// ``DualFilter`` of the kernel's standard deviation.
  case dualFilter
  /// ``ComplexDisk`` with so many components, for disks.
  case complexDisk(components: Int)
  /// ``IteratedBox`` with so many passes, for Gaussians.
  case iteratedBox(passes: Int)
  /// ``RecursiveGaussian``, for Gaussians.
  case recursiveGaussian

  /// The name that stands in a table.
  public var description: String {
    switch self {
    case .dense: "dense"
    case .fit(let options): "fewtap \(options.budget) \(options.tapModel.rawValue) taps"
    case .fourier: "FFT in Double"
    case .paper(let layout, let guess, _): "DISK recipe \(layout)" + Self.words(guess)
    case .tempering(let layout, let options): "parallel tempering \(layout)" + Self.words(options.guess)
    case .lowRank(let rank): "low rank \(rank)"
    case .kawase: "Kawase"
    case .dualFilter: "dual filter"
    case .complexDisk(let components): "complex-separable \(components)"
    case .iteratedBox(let passes): "iterated box \(passes)"
    case .recursiveGaussian: "recursive Gaussian"
    }
  }

  /// A guess is named where it is not the paper's own.
  private static func words(_ guess: FitOptions.Guess) -> String { guess == .sparse ? "" : ", \(guess.rawValue) guess" }

  /// Makes the rival's filter for `kernel`, and measures it.
  ///
  /// `fitSeconds` is wall-clock time of the making alone; `cancellation` ends searches early with their best so far.
  /// Throws: ``BaselineError`` for a kernel that it cannot stand for or an option out of range, ``FewtapFit/FitError``,
  ///         ``FewtapCore/KernelError``.
  public func run(for kernel: Kernel, cancellation: Cancellation = Cancellation()) throws -> BaselineResult {
    let (clock, recorder) = (ContinuousClock(), ConvergenceRecorder())
    let start = clock.now
    let filter = try make(for: kernel, recorder, cancellation)
    let time = clock.now - start
    return try BaselineResult(name: description, filter, standingFor: kernel, made: time, trace: recorder.trace)
  }

  private func make(
    for kernel: Kernel, _ recorder: ConvergenceRecorder, _ cancellation: Cancellation
  ) throws -> any BaselineFilter {
    switch self {
    case .dense: return SparseFilter(dense: kernel)
    case .fit(let options):
      return try Fit(kernel, options).run(cancellation: cancellation) { recorder.record($0) }.filter
    case .fourier: return FourierFilter(kernel)
    case .paper(let layout, let guess, let seed):
      var options = FitOptions()
      (options.budget, options.recipe, options.tapModel) = (.layout(layout), .paper, .bilinear)
      (options.initialGuess, options.seed) = (guess, seed)
      return try Self.fit(options).make(for: kernel, recorder, cancellation)
    case .tempering(let layout, let options):
      let tempering = try ParallelTempering(kernel, layout: layout, options)
      return tempering.run(cancellation: cancellation) { recorder.record($0) }.filter
    case .lowRank(let rank): return try LowRank(kernel).brightFilter(rank: rank)
    case .kawase:
      var filter = try KawaseBlur.filter(deviation: deviation(kernel))
      filter.gain = kernel.sum
      return filter
    case .dualFilter: return try DualFilter(deviation: deviation(kernel)).scaled(by: kernel.sum)
    case .complexDisk(let components):
      try requireBrightness(kernel)
      let disk = try kernel.nearestDisk()
      guard disk.isFound else { throw BaselineError.disksOnly(rival: description, distance: disk.distance) }
      return try ComplexDisk.filter(radius: disk.parameters, components: components).scaled(by: kernel.sum)
    case .iteratedBox(let passes):
      try requireGaussian(kernel)
      let moments = kernel.moments
      let box = try IteratedBox(
        sigmaX: moments.varianceX.squareRoot(), sigmaY: moments.varianceY.squareRoot(), passes: passes)
      return box.scaled(by: kernel.sum)
    case .recursiveGaussian:
      try requireGaussian(kernel)
      let moments = kernel.moments
      let gaussian = try RecursiveGaussian(
        sigmaX: moments.varianceX.squareRoot(), sigmaY: moments.varianceY.squareRoot())
      return gaussian.scaled(by: kernel.sum)
    }
  }

  /// The kernel's standard deviation, the mean of both axes' variances under the root.
  private func deviation(_ kernel: Kernel) throws(BaselineError) -> Double {
    try requireBrightness(kernel)
    let moments = kernel.moments
    return ((moments.varianceX + moments.varianceY) / 2).squareRoot()
  }

  private func requireBrightness(_ kernel: Kernel) throws(BaselineError) {
    guard !kernel.isZeroSum else { throw .zeroSum(rival: description) }
    guard kernel.isNonnegative else {
      throw .nonnegativeOnly(rival: description, minimum: kernel.values.values.min() ?? 0)
    }
  }

  private func requireGaussian(_ kernel: Kernel) throws(BaselineError) {
    try requireBrightness(kernel)
    let gaussian = kernel.nearestGaussian()
    guard gaussian.isFound else { throw .gaussiansOnly(rival: description, distance: gaussian.distance) }
  }
}

/// A rival's filter for a kernel, and what it costs and errs.
public struct BaselineResult: Sendable {
  /// The rival's name.
  public var name: String
  /// What it made, ready to run.
  public var filter: any BaselineFilter
  /// The kernel that the filter has, the mean over phases where it has several.
  public var effectiveKernel: Kernel
  /// Its error, photographs included, all phases counted.
  public var accuracy: FilterAccuracy
  /// Weights of all passes; see ``BaselineFilter/tapCount``.
  public var tapCount: Int
  /// Multiply-adds a pixel and channel; see ``BaselineFilter/multiplyAddCount``.
  public var multiplyAddCount: Double
  /// How often a plane is written.
  public var passCount: Int
  /// How much rounding may grow on the way; see ``BaselineFilter/noiseGain``.
  public var noiseGain: Double?
  /// Seconds that making it took, by the wall clock: the one figure here that differs from run to run.
  public var fitSeconds: Double
  /// How a search came there, its last point the result itself; empty for what is made without a search.
  public var trace: ConvergenceTrace

  /// Measures `filter`.
  ///
  /// Throws: as ``BaselineFilter/effectiveKernel()``.
  public init(
    name: String, _ filter: any BaselineFilter, standingFor kernel: Kernel, made time: Duration,
    trace: ConvergenceTrace = ConvergenceTrace()
  ) throws {
    (self.name, self.filter, self.trace) = (name, filter, trace)
    effectiveKernel = try filter.effectiveKernel()
    accuracy = try filter.accuracy(against: kernel)
    (tapCount, multiplyAddCount, passCount) = (filter.tapCount, filter.multiplyAddCount, filter.passCount)
    noiseGain = filter.noiseGain
    fitSeconds = time / .seconds(1)
    guard let last = trace.points.last else { return }
    self.trace.points.append(
      ConvergenceTrace.Point(
        steps: last.steps, seconds: fitSeconds, photoPSNR: accuracy.photo.mean, relativeError: accuracy.relativeError))
  }
}

extension SparseFilter {
  /// The kernel as a filter of one layer.
  package init(dense kernel: Kernel) {
    let scale = Fit.scale(kernel)
    var taps: [Tap] = []
    kernel.forEachOffset { x, y, weight in
      if weight != 0 { taps.append(Tap(x: Double(x), y: Double(y), weight: weight / scale)) }
    }
    self.init(TapChain(model: .integer, layers: [TapLayer(taps)]), rate: nil, standingFor: kernel)
    self.kernel = KernelReference(kernel)
  }
}
