import Fewtap
import FewtapMetrics
import FewtapReport

/// Who stands how for a kernel: the table of `fewtap compare`.
struct CompareReport: Report {
  let comparison: Comparison
  let machine: Machine
  let seed: UInt64
  let effort: String
  /// Where the page is, if one was written.
  let page: String?

  var json: [(String, JSON)] {
    [
      ("command", .string("compare")), ("kernel", KernelReference(comparison.kernel).json), ("machine", machine.json),
      ("seed", .unsigned(seed)), ("effort", .string(effort)),
      ("images", .array(comparison.images.map(\.json))),
      ("timedWidth", .integer(comparison.timedSize.width)), ("timedHeight", .integer(comparison.timedSize.height)),
      ("rows", .array(comparison.rows.map { $0.json(\.json) })), ("page", .string(page)),
    ]
  }

  var text: String {
    let (kernel, size) = (comparison.kernel, comparison.timedSize)
    let measured =
      comparison.images.isEmpty
      ? "photo dB is predicted on reference photographs (give images to measure on them)"
      : "measured on " + comparison.images.map(\.text).joined(separator: ", ")
    return """
      \(legible(kernel.name)), \(kernel.width)x\(kernel.height): \(measured)
      \(columns(Self.head + rows, leading: 1))
      \(refusalLines(comparison.refusals))\
        ms: one thread, a plane of \(size.width)x\(size.height), the process' own time; \(machine.text)\(page.map { "\n  page: \($0)" } ?? "")
      """
  }

  private static let head = [
    [
      "", "photo dB", "worst", "SSIM", "FLIP", "points", "error", "noise", "taps", "passes", "madds", "fit s", "ms",
      "MiB",
    ]
  ]

  private var rows: [[String]] {
    comparison.rows.compactMap { row in
      guard let m = row.measured else { return nil }
      return [
        row.name, decibels(m.photoMean), decibels(m.photoWorst), m.ssim.map { fixed($0, 5) } ?? "-",
        m.flip.map { fixed($0, 4) } ?? "-", decibels(m.highlights.psnr), fixed(m.result.accuracy.relativeError, 3),
        m.result.noiseGain.map { fixed($0, 2) } ?? "-", m.result.tapCount == 0 ? "-" : "\(m.result.tapCount)",
        "\(m.result.passCount)", fixed(m.result.multiplyAddCount, 1), fixed(m.result.fitSeconds, 2),
        fixed(m.time.median, 2), m.peakBytes.map { fixed(Double($0) / 0x1p20, 1) } ?? "-",
      ]
    }
  }

  /// Nothing but rounding of Double is left at 200 dB.
  private func decibels(_ value: Double) -> String { value > 200 ? "exact" : fixed(value, 2) }
}

extension Comparison.Measured {
  /// Every figure, under keys that are kept from version to version.
  fileprivate var json: [(String, JSON)] {
    [
      ("photoPSNR", .number(photoMean)), ("worstPhotoPSNR", .number(photoWorst)), ("ssim", .number(ssim)),
      ("flip", .number(flip)), ("predictedPhotoPSNR", .number(result.accuracy.photo.mean)),
      ("predictedWorstPhotoPSNR", .number(result.accuracy.photo.worst)),
      ("images", .array(images.map(\.json))), ("points", highlights.json),
      ("relativeError", .number(result.accuracy.relativeError)), ("flicker", .number(result.accuracy.flicker)),
      ("noiseGain", .number(result.noiseGain)), ("moments", moments.json),
      ("taps", result.tapCount == 0 ? .null : .integer(result.tapCount)), ("passes", .integer(result.passCount)),
      ("multiplyAddsPerPixel", .number(result.multiplyAddCount)), ("fitSeconds", .number(result.fitSeconds)),
      ("milliseconds", .number(time.median)), ("deviation", .number(time.deviation)),
      ("peakBytes", peakBytes.map { .integer($0) } ?? .null),
    ]
  }
}

extension Comparison.ImageFigures {
  fileprivate var json: JSON {
    .object([("psnr", .number(psnr)), ("ssim", .number(ssim)), ("flip", .number(flip))])
  }
}

extension MomentsKept {
  fileprivate var json: JSON {
    .object([
      ("sum", .number(sumRatio)), ("shiftX", .number(shiftX)), ("shiftY", .number(shiftY)),
      ("varianceX", .number(varianceRatioX)), ("varianceY", .number(varianceRatioY)),
    ])
  }
}
