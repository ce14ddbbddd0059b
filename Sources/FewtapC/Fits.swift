// swift-format-ignore-file: AlwaysUseLowerCamelCase, AllPublicDeclarationsHaveDocumentation
// Names and documentation are those of fewtap.h.

import CFewtap
import FewtapCore
import FewtapFit

@c @implementation
public func fewtap_fit(
  _ kernel: OpaquePointer?, _ options: UnsafePointer<fewtap_fit_options>?, _ progress: fewtap_progress_function?,
  _ context: UnsafeMutableRawPointer?, _ filter: UnsafeMutablePointer<OpaquePointer?>?,
  _ error: UnsafeMutablePointer<fewtap_error>?
) -> fewtap_status {
  call(error) {
    let filter = try result(filter, "filter")
    let kernel: Kernel = try HandleTable.shared.value(kernel)
    let fit = try Fit(kernel, FitOptions(FewtapC.options(options, fewtap_fit_options(), "options")))
    let fitted = try watched(progress, context, stage: FitProgress.Stage.starts.rawValue) { watch in
      try fit.run(cancellation: watch.cancellation) { watch.tell(Watch.News($0)) }.filter
    }
    filter.pointee = HandleTable.shared.insert(fitted)
    try checkCompleted(fitted.fit?.termination)
  }
}

@c @implementation
public func fewtap_fit_planned(
  _ kernel: OpaquePointer?, _ options: UnsafePointer<fewtap_planner_options>?, _ progress: fewtap_progress_function?,
  _ context: UnsafeMutableRawPointer?, _ filter: UnsafeMutablePointer<OpaquePointer?>?,
  _ error: UnsafeMutablePointer<fewtap_error>?
) -> fewtap_status {
  call(error) {
    let filter = try result(filter, "filter")
    let kernel: Kernel = try HandleTable.shared.value(kernel)
    let options = try PlanOptions(FewtapC.options(options, fewtap_planner_options(), "options"))
    let fitted = try watched(progress, context, stage: "planning") { watch in
      try Planner(kernel, options, cancellation: watch.cancellation).run().result.filter
    }
    filter.pointee = HandleTable.shared.insert(fitted)
    try checkCompleted(fitted.fit?.termination)
  }
}

/// Throws if a fit was cancelled; its result is given all the same.
func checkCompleted(_ termination: String?) throws(CallError) {
  guard termination == FitSummary.Termination.cancelled.rawValue else { return }
  throw CallError(FEWTAP_CANCELLED, "cancelled: the result is the best until then")
}

extension FitOptions {
  /// A caller's options.
  fileprivate init(_ options: fewtap_fit_options) throws {
    self.init()
    switch (options.layout, options.taps) {
    case (nil, 0): break
    case (nil, let taps): budget = .taps(Int(taps))
    case (let layout?, 0):
      let text = try text(layout, "options->layout")
      budget = text == "dense" ? .dense : .layout(try Layout(parsing: text))
    case (_, let taps):
      throw CallError.value("options->taps", taps, expected: "0 where there is a layout, which says how many there are")
    }
    rate = try Resampling(
      factor: options.rate_factor, prefilter: options.prefilter_degree, interpolator: options.interpolator_degree)
    tapModel = try TapModel(options.tap_model)
    if options.fraction_bits != 0 {
      guard (1...16).contains(options.fraction_bits), tapModel == .bilinear else {
        throw CallError.value(
          "options->fraction_bits", options.fraction_bits, expected: "1 to 16 with bilinear taps, or 0 for any offsets")
      }
      fractionBits = Int(options.fraction_bits)
    }
    objective = try choice(options.objective, .photo, "options->objective")
    recipe = try choice(options.recipe, .fewtap, "options->recipe")
    if options.guess != nil { initialGuess = try choice(options.guess, .mass, "options->guess") }
    effort = try Effort(options.effort, seconds: options.seconds)
    seed = options.seed == 0 ? 1 : options.seed
    if options.maximum_noise_gain != 0 { maximumNoiseGain = options.maximum_noise_gain }
    nonnegative = try flag(options.nonnegative, "options->nonnegative")
    threads = try FewtapC.threads(options.threads)
  }
}

extension FitOptions.Effort {
  private enum Name: String, CaseIterable { case fast, normal, thorough }

  fileprivate init(_ name: UnsafePointer<CChar>?, seconds: Double) throws(CallError) {
    guard seconds == 0 else {
      guard name == nil else {
        throw .value("options->seconds", seconds, expected: "0 where there is an effort")
      }
      self = .seconds(seconds)
      return
    }
    self =
      switch try choice(name, Name.normal, "options->effort") {
      case .fast: .fast
      case .normal: .normal
      case .thorough: .thorough
      }
  }
}

extension PlanOptions {
  /// A caller's options.
  init(_ options: fewtap_planner_options) throws(CallError) {
    guard options.error == 0 || options.cost == 0 else {
      throw .value("options->cost", options.cost, expected: "0 where there is an error: one of both is asked for")
    }
    self.init(
      options.cost != 0
        ? .cost(milliseconds: options.cost)
        : .error(decibels: options.error == 0 ? Self.standardError : options.error))
    exactShift = try flag(options.exact_shift, "options->exact_shift")
    pointLight = try flag(options.clean_highlights, "options->clean_highlights") ? .clean : nil
    isThorough = try flag(options.thorough, "options->thorough")
    seed = options.seed == 0 ? 1 : options.seed
    threads = try FewtapC.threads(options.threads)
  }
}

extension Watch.News {
  fileprivate init(_ progress: FitProgress) {
    self.init(
      fraction: progress.total.map { Double(progress.completed) / Double(max(1, $0)) } ?? -1,
      stage: progress.stage.rawValue, completed: progress.completed, total: progress.total,
      photoPSNR: progress.photoPSNR, relativeError: progress.relativeError)
  }
}
