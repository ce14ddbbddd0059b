import Fewtap
import FewtapImageIO

/// What was filtered, how long it took, and how far it is from the truth.
struct ApplyReport: Report {
  let output: String
  let layout: SampleLayout
  let channelNames: [String]
  let plan: ApplyPlan
  /// The dense kernel of `--compare`.
  let target: Kernel?
  let comparison: ImageComparison?
  let stages: [(name: String, seconds: Double)]
  let memory: MemoryNeed

  var json: [(String, JSON)] {
    [
      ("command", .string("apply")), ("output", .string(output)), ("width", .integer(layout.width)),
      ("height", .integer(layout.height)), ("channels", .integer(layout.channels)),
      ("multiplyAdds", .number(plan.multiplyAddCount)),
      ("seconds", .object(stages.map { ($0.name, .number($0.seconds)) })), ("memoryNeeded", .integer(memory.total)),
      ("comparison", comparisonJSON),
    ]
  }

  private var comparisonJSON: JSON {
    guard let comparison, let target else { return .null }
    return .object([
      ("kernel", .string(target.name)), ("psnr", .number(comparison.psnr)),
      ("psnrPerChannel", .array(comparison.psnrPerChannel.map { .number($0) })),
      ("largestDifference", .number(comparison.largestDifference)),
    ])
  }

  var text: String {
    var rows: [(label: String, value: String)] = [
      ("image", "\(layout.width)x\(layout.height), \(layout.channels) channels"),
      ("multiply-adds", "\(significant(plan.multiplyAddCount)) a pixel and channel"),
      ("time", stages.map { "\($0.name) \(fixed($0.seconds, 2)) s" }.joined(separator: ", ")),
    ]
    if let comparison, let target {
      let channels = zip(names, comparison.psnrPerChannel).map { "\($0) \(fixed($1, 2))" }.joined(separator: ", ")
      rows += [
        ("compared with", "\(target.name), dense, before the result was rounded to the file's type"),
        ("measured PSNR", "\(fixed(comparison.psnr, 2)) dB on this image (\(channels))"),
        ("largest difference", significant(comparison.largestDifference)),
      ]
    }
    return "\(output)\n" + aligned(rows)
  }

  private var names: [String] {
    channelNames.count == layout.channels ? channelNames : (0..<layout.channels).map { "channel \($0)" }
  }
}
