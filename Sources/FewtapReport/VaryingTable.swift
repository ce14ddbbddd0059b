/// The figures of a comparison of varying filters: in words, as a chart and as an HTML table.
enum VaryingTable {
  private typealias Column = FigureTable<VaryingComparison.Measured>.Column

  static let table = FigureTable<VaryingComparison.Measured>(columns: [
    Column(head: "dB", meaning: "PSNR over the images, mean, linear light, peak 1") { decibels($0.psnr, 2) },
    Column(head: "≤ 2 px", meaning: "PSNR within 2 px of the map's edges") {
      $0.nearEdges.map { decibels($0, 2) } ?? "–"
    },
    Column(head: "≤ 8 px", meaning: "PSNR within 8 px of the map's edges") {
      $0.aroundEdges.map { decibels($0, 2) } ?? "–"
    },
    Column(head: "worst tile", meaning: "PSNR of the worst tile of 64 × 64") { decibels($0.worstTile, 2) },
    Column(head: "SSIM", meaning: "structural similarity on a display, 1 at best") { decimal($0.ssim, 5) },
    Column(head: "FLIP", meaning: "LDR-FLIP on a display, 0 at best") { decimal($0.flip, 4) },
    Column(head: "ms", meaning: "milliseconds a plane, one thread, map look-up included: median ± median deviation") {
      "\(decimal($0.time.median, 1)) ± \(decimal($0.time.deviation, 1))"
    },
    Column(head: "noise", meaning: "noise gain at the worst parameters: how much rounding on the way may grow") {
      decimal($0.noiseGain, 2)
    },
    Column(head: "numbers", meaning: "weights, offsets and coefficients kept") { "\($0.numberCount)" },
    Column(head: "KiB", meaning: "size of the basis' file, for what has one") {
      $0.fileByteCount.map { decimal(Double($0) / 1024, 0) } ?? "–"
    },
    Column(head: "fit, s", meaning: "seconds that making it took") { decimal($0.fitSeconds, 1) },
    Column(head: "made of", meaning: "knots and the most taps of a filter there; terms") { $0.makeup },
  ])

  /// The best of ours beside the best of the rivals and the dense kernel, losses like wins.
  static func finding(_ comparison: VaryingComparison) -> String {
    func best(_ side: Contender.Side) -> (row: VaryingComparison.Row, figures: VaryingComparison.Measured)? {
      comparison.measured.filter { $0.row.side == side }.max { $0.figures.psnr < $1.figures.psnr }
    }
    func text(_ item: (row: VaryingComparison.Row, figures: VaryingComparison.Measured)) -> String {
      "\(item.row.name): \(decibelsWithUnit(item.figures.psnr)) in \(decimal(item.figures.time.median, 1)) ms"
    }
    var sentences: [String] = []
    if let ours = best(.ours) { sentences.append("The nearest of ours is \(text(ours)).") }
    if let rival = best(.rival) { sentences.append("The nearest rival is \(text(rival)).") }
    if let dense = comparison.measured.first(where: { $0.row.side == .exact }) {
      sentences.append("A dense kernel at every pixel takes \(decimal(dense.figures.time.median, 1)) ms.")
    }
    return sentences.joined(separator: " ")
  }

  /// dB over the time that they take; the dense kernel stands on the upper edge.
  static func errorAgainstTime(_ comparison: VaryingComparison) -> Plot {
    let size = comparison.timedSize
    let label = "milliseconds a plane of \(size.width) × \(size.height), one thread"
    return ComparisonFigures.errorAgainstCost(
      comparison.measured.map { row, figures in
        ComparisonFigures.Entry(
          name: row.name, side: row.side, cost: figures.time.median, decibels: figures.psnr)
      }, title: "dB against \(label)", x: label, y: "dB, higher is better")
  }
}
