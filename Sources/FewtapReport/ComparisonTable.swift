import FewtapBaselines

/// All figures of a comparison as an HTML table, and who could not take part.
enum ComparisonTable {
  private struct Column: Sendable {
    let head: String
    /// What the head means, for those who ask.
    let meaning: String
    let cell: @Sendable (Comparison.Measured) -> String
  }

  private static let columns: [Column] = [
    Column(head: "photo dB", meaning: "PSNR on photographs, mean, linear light, peak 1") { decibels($0.photoMean, 2) },
    Column(head: "worst", meaning: "PSNR of the worst photograph") { decibels($0.photoWorst, 2) },
    Column(head: "SSIM", meaning: "structural similarity on a display, 1 at best") { decimal($0.ssim, 5) },
    Column(head: "FLIP", meaning: "LDR-FLIP on a display, 0 at best") { decimal($0.flip, 4) },
    Column(head: "points dB", meaning: "PSNR on points of light, as a display shows them") {
      decibels($0.highlights.psnr, 2)
    },
    Column(head: "error", meaning: "relative L2 distance of the effective kernel; at a lower rate of its worst phase") {
      decimal($0.result.accuracy.relativeError, 3)
    },
    Column(head: "flicker", meaning: "how much a point of light changes from phase to phase") {
      decimal($0.result.accuracy.flicker, 3)
    },
    Column(head: "sum", meaning: "brightness kept: sum of the effective kernel over that of the kernel") {
      decimal($0.moments.sumRatio, 4)
    },
    Column(head: "shift, px", meaning: "how far the centroid moved, x and y") {
      guard let x = $0.moments.shiftX, let y = $0.moments.shiftY else { return "–" }
      return "\(decimal(x, 2)), \(decimal(y, 2))"
    },
    Column(head: "variance", meaning: "width kept: variance over that of the kernel, x and y") {
      guard let x = $0.moments.varianceRatioX, let y = $0.moments.varianceRatioY else { return "–" }
      return "\(decimal(x, 3)), \(decimal(y, 3))"
    },
    Column(head: "noise", meaning: "noise gain: how much rounding on the way may grow, 1 at least") {
      decimal($0.result.noiseGain, 2)
    },
    Column(head: "taps", meaning: "weights of all passes: texture reads on a GPU") {
      $0.result.tapCount == 0 ? "–" : "\($0.result.tapCount)"
    },
    Column(head: "passes", meaning: "how often a plane is written") { "\($0.result.passCount)" },
    Column(head: "madds", meaning: "multiply-adds a pixel and channel") { decimal($0.result.multiplyAddCount, 1) },
    Column(head: "fit, s", meaning: "seconds that making the filter took") { decimal($0.result.fitSeconds, 2) },
    Column(head: "ms", meaning: "milliseconds a plane, one thread: the median, ± the median deviation from it") {
      "\(milliseconds($0.time.median)) ± \(decimal($0.time.deviation, 2))"
    },
    Column(head: "MiB", meaning: "most memory held beyond the input") {
      decimal($0.peakBytes.map { Double($0) / 0x1p20 }, 1)
    },
  ]

  /// The table of those who could.
  static func html(_ comparison: Comparison) -> String {
    let head = columns.map { "<th scope=\"col\" title=\"\(markup($0.meaning))\">\(markup($0.head))</th>" }.joined()
    let rows = comparison.rows.compactMap { row in
      row.measured.map { figures in
        "<tr class=\"\(row.side.tone)\"><th scope=\"row\">\(markup(row.name))</th>"
          + columns.map { "<td>\(markup($0.cell(figures)))</td>" }.joined() + "</tr>"
      }
    }
    return """
      <div class="scroll" role="region" aria-label="All figures" tabindex="0">
      <table><thead><tr><th scope="col">filter</th>\(head)</tr></thead>
      <tbody>
      \(rows.joined(separator: "\n"))
      </tbody></table></div>
      """
  }

  /// What the heads of the table mean.
  static var legend: String {
    columns.map { "<b>\(markup($0.head))</b>: \(markup($0.meaning))" }.joined(separator: "; ") + "."
  }

  /// Who could not, and why; empty if all could.
  static func refusals(_ comparison: Comparison) -> String {
    let groups = comparison.refusals
    guard !groups.isEmpty else { return "" }
    let items = groups.map { group in
      "<li><b>\(markup(group.names.joined(separator: ", "), limit: 2000))</b> cannot: \(markup(group.reason, limit: 2000))</li>"
    }
    return "<ul class=\"refusals\">\n\(items.joined(separator: "\n"))\n</ul>"
  }
}

extension Contender.Side {
  /// The name of its color in ``PageStyle``.
  var tone: String {
    switch self {
    case .ours: "ours"
    case .rival: "rival"
    case .exact: "exact"
    }
  }
}
