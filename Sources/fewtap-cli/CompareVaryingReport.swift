import Fewtap
import FewtapReport

/// Who stands how for a family of kernels and a map: the table of `fewtap compare` for varying filters.
struct CompareVaryingReport: Report {
  let comparison: VaryingComparison
  let machine: Machine
  let seed: UInt64
  /// Where the page is, if one was written.
  let page: String?

  var json: [(String, JSON)] {
    [
      ("command", .string("compare")), ("family", .string(comparison.family)), ("map", .string(comparison.mapName)),
      (
        "parameters",
        .array(
          zip(comparison.axes, comparison.levels).map { axis, levels in
            .object([
              ("name", .string(axis.name)), ("unit", .string(axis.unit)), ("low", .number(axis.range.lowerBound)),
              ("high", .number(axis.range.upperBound)), ("isPeriodic", .bool(axis.isPeriodic)),
              ("levels", .integer(levels)),
            ])
          })
      ),
      ("machine", machine.json), ("seed", .unsigned(seed)),
      ("images", .array(comparison.images.map(\.json))),
      ("timedWidth", .integer(comparison.timedSize.width)), ("timedHeight", .integer(comparison.timedSize.height)),
      ("rows", .array(comparison.rows.map { $0.json(\.json) })), ("page", .string(page)),
    ]
  }

  var text: String {
    let size = comparison.timedSize
    let images = comparison.images.map(\.text).joined(separator: ", ")
    let levels = comparison.levels.map(String.init).joined(separator: "x")
    return """
      \(legible(comparison.family)), map \(legible(comparison.mapName)) of \(levels) values: measured on \(images) against a \
      dense kernel at every pixel
      \(columns([Self.head] + rows, leading: 1))
      \(refusalLines(comparison.refusals))\
        dB: PSNR, linear light, peak 1; edges: within 2 and 8 px of the map's; tile: the worst of 64x64
        ms: one thread, a plane of \(size.width)x\(size.height), map look-up included, the process' own time; \
      \(machine.text)\(page.map { "\n  page: \($0)" } ?? "")
      """
  }

  private static let head = [
    "", "dB", "<=2px", "<=8px", "tile", "SSIM", "FLIP", "ms", "+-", "noise", "numbers", "KiB file", "fit s", "made of",
  ]

  private var rows: [[String]] {
    comparison.measured.map { row, m in
      [
        row.name, decibels(m.psnr), m.nearEdges.map(decibels) ?? "-", m.aroundEdges.map(decibels) ?? "-",
        decibels(m.worstTile), m.ssim.map { fixed($0, 5) } ?? "-", m.flip.map { fixed($0, 4) } ?? "-",
        fixed(m.time.median, 1), fixed(m.time.deviation, 1), m.noiseGain.map { fixed($0, 2) } ?? "-",
        "\(m.numberCount)", m.fileByteCount.map { "\(($0 + 512) / 1024)" } ?? "-", fixed(m.fitSeconds, 1), m.makeup,
      ]
    }
  }

  /// Nothing but rounding of Float is left at 140 dB.
  private func decibels(_ value: Double) -> String { value > 140 ? "exact" : fixed(value, 2) }
}

extension VaryingComparison.Measured {
  /// Every figure, under keys that are kept from version to version.
  fileprivate var json: [(String, JSON)] {
    [
      ("psnr", .number(psnr)), ("edgePSNR", .number(nearEdges)), ("aroundEdgePSNR", .number(aroundEdges)),
      ("worstTilePSNR", .number(worstTile)), ("ssim", .number(ssim)), ("flip", .number(flip)),
      (
        "images",
        .array(
          images.map { image in
            .object([
              ("psnr", .number(image.psnr)), ("edgePSNR", .number(image.nearEdges)),
              ("aroundEdgePSNR", .number(image.aroundEdges)), ("worstTilePSNR", .number(image.worstTile)),
              ("ssim", .number(image.ssim)), ("flip", .number(image.flip)),
            ])
          })
      ),
      ("milliseconds", .number(time.median)), ("deviation", .number(time.deviation)),
      ("noiseGain", .number(noiseGain)), ("numbers", .integer(numberCount)),
      ("fileBytes", fileByteCount.map { .integer($0) } ?? .null), ("fitSeconds", .number(fitSeconds)),
      ("makeup", .string(makeup)),
    ]
  }
}
