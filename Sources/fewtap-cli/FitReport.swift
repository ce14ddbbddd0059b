import Fewtap

/// What a fit found, at which cost and with which error.
struct FitReport: Report {
  let result: FitResult
  /// What the planner considered, if it chose.
  let plan: PlanReport?
  let kernel: Kernel
  let output: String
  let seconds: Double

  var json: [(String, JSON)] {
    let (filter, summary) = (result.filter, result.summary)
    return [
      ("command", .string("fit")), ("output", .string(output)), ("kernel", KernelReference(kernel).json),
    ] + filter.costJSON(dense: kernel.width * kernel.height)
      + ErrorFigures.json(ErrorFigures(summary.accuracy, of: filter)) + [
        ("noiseGain", .number(summary.noiseGain)), ("objective", .string(filter.fit?.objective)),
        ("recipe", .string(filter.fit?.recipe)), ("effort", .string(filter.fit?.effort)),
        ("seed", filter.fit.map { .unsigned($0.seed) } ?? .null),
        ("termination", .string(summary.termination.rawValue)), ("seconds", .number(seconds)),
        ("plan", plan?.json ?? .null),
      ]
  }

  var text: String {
    let (filter, summary) = (result.filter, result.summary)
    return "\(output): \(kernel.name)\n"
      + aligned(
        filter.costRows(dense: kernel.width * kernel.height) + ErrorFigures(summary.accuracy, of: filter).rows + [
          ("noise gain", fixed(summary.noiseGain, 2)), ("time", "\(fixed(seconds, 2)) s"),
        ]) + hint + (plan.map { "\n" + $0.text } ?? "")
  }

  /// Half of the kernel's own energy wrong: photographs hide that, a point of light does not.
  private var hint: String {
    guard result.summary.accuracy.relativeError > 0.7 else { return "" }
    return "\n  A point of light will show separate dots: give more taps, or --objective balanced or highlights."
  }
}
