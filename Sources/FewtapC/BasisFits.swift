// swift-format-ignore-file: AlwaysUseLowerCamelCase, AllPublicDeclarationsHaveDocumentation
// Names and documentation are those of fewtap.h.

import CFewtap
import FewtapCore
import FewtapFit
import FewtapTargets

@c @implementation
public func fewtap_basis_fit(
  _ family: OpaquePointer?, _ options: UnsafePointer<fewtap_basis_options>?, _ progress: fewtap_progress_function?,
  _ context: UnsafeMutableRawPointer?, _ basis: UnsafeMutablePointer<OpaquePointer?>?,
  _ error: UnsafeMutablePointer<fewtap_error>?
) -> fewtap_status {
  call(error) {
    let basis = try result(basis, "basis")
    let family: KernelFamily = try HandleTable.shared.value(family)
    let fit = try BasisFit(family, BasisFitOptions(FewtapC.options(options, fewtap_basis_options(), "options")))
    let fitted = try watched(progress, context, stage: "kernels") { watch in
      try fit.run(cancellation: watch.cancellation, progress: { watch.tell(Watch.News($0)) })
    }
    basis.pointee = HandleTable.shared.insert(fitted)
    try checkCompleted(fitted.fit?.termination)
  }
}

@c @implementation
public func fewtap_basis_fit_each(
  _ kernels: UnsafePointer<OpaquePointer?>?, _ count: Int64, _ options: UnsafePointer<fewtap_planner_options>?,
  _ progress: fewtap_progress_function?, _ context: UnsafeMutableRawPointer?,
  _ basis: UnsafeMutablePointer<OpaquePointer?>?, _ error: UnsafeMutablePointer<fewtap_error>?
) -> fewtap_status {
  call(error) {
    let basis = try result(basis, "basis")
    let fit = try EachFit(
      FewtapC.kernels(kernels, count), PlanOptions(FewtapC.options(options, fewtap_planner_options(), "options")))
    let fitted = try watched(progress, context, stage: "kernels") { watch in
      try fit.run(cancellation: watch.cancellation) { watch.tell(Watch.News($0)) }
    }
    basis.pointee = HandleTable.shared.insert(fitted)
    try checkCompleted(fitted.fit?.termination)
  }
}

extension BasisFitOptions {
  /// A caller's options.
  fileprivate init(_ options: fewtap_basis_options) throws(CallError) {
    self.init()
    interpolation = try choice(options.interpolation, .outputs, "options->interpolation")
    knots = try Self.counts(options.knots, options.knot_count, "knot")
    terms = try Self.counts(options.terms, options.term_count, "term")
    if options.error != 0 { error = options.error }
    if options.taps != 0 {
      guard (1...Int32(Layout.maximumTaps)).contains(options.taps) else {
        throw .value("options->taps", options.taps, expected: "1 to \(Layout.maximumTaps), or 0 for the standard")
      }
      taps = Int(options.taps)
    }
    if options.layers != 0 { layers = Int(options.layers) }
    tracks = try choice(options.tracks, .knots, "options->tracks")
    objective = try choice(options.objective, .photo, "options->objective")
    recipe = try choice(options.recipe, .fewtap, "options->recipe")
    seed = options.seed == 0 ? 1 : options.seed
    threads = try FewtapC.threads(options.threads)
  }

  /// The numbers of knots or terms, one for each parameter; nil for none.
  private static func counts(
    _ counts: UnsafePointer<Int64>?, _ count: Int64, _ name: String
  ) throws(CallError) -> [Int]? {
    guard let counts else {
      guard count == 0 else { throw .null("options->\(name)s") }
      return nil
    }
    let number = try FewtapC.count(count, 1...ParameterAxis.maximumCount, "options->\(name)_count")
    return UnsafeBufferPointer(start: counts, count: number).map { Int($0) }
  }
}

extension Watch.News {
  fileprivate init(_ progress: BasisFitProgress) {
    self.init(
      fraction: progress.total.map { Double(progress.completed) / Double(max(1, $0)) } ?? -1, stage: progress.stage,
      completed: progress.completed, total: progress.total, photoPSNR: progress.worstPhotoPSNR ?? .nan)
  }
}
