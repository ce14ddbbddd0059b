import Fewtap

/// One fit with all that is told about it.
struct FitMeasurement: Encodable {
  let kernel: String
  let method: String
  let effort: String
  let seed: UInt64
  let layout: [Int]
  let multiplyAdds: Int
  /// Measured PSNR of the reference photographs, dB.
  let mean: Double
  let worst: Double
  /// Measured PSNR of the photographs named on the command line, dB.
  let others: [Double]
  let predictedMean: Double
  let predictedWorst: Double
  let relativeError: Double
  let noiseGain: Double
  /// Processor seconds of the fit alone.
  let seconds: Double
  let floor: Double?

  /// Fits and measures. `photographs` are the reference photographs first, through `kernel`.
  init(
    _ method: Method, of kernel: Kernel, named name: String, on photographs: FilteredPhotographs,
    effort: FitOptions.Effort = .normal, seed: UInt64 = 1
  ) throws {
    var options = try method.options()
    options.effort = effort
    options.seed = seed
    let fit = try Fit(kernel, options)
    let start = processorSeconds()
    let result = try fit.run()
    seconds = processorSeconds() - start
    let psnr = try photographs.psnr(of: result.filter)
    let references = psnr.prefix(Photograph.references.count)
    self.kernel = name
    self.method = method.rawValue
    self.effort = effort.name
    self.seed = seed
    layout = result.filter.chain.layout
    multiplyAdds = result.filter.chain.multiplyAddCount
    mean = references.reduce(0, +) / Double(references.count)
    worst = references.min() ?? .nan
    others = Array(psnr.dropFirst(Photograph.references.count))
    predictedMean = result.summary.accuracy.photo.mean
    predictedWorst = result.summary.accuracy.photo.worst
    relativeError = result.summary.accuracy.relativeError
    noiseGain = result.summary.noiseGain
    floor = method.floor(for: name)
  }

  /// False where a stated figure is missed.
  var isReached: Bool { floor.map { mean >= $0 } ?? true }
}
