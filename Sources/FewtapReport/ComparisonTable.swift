import FewtapBaselines

/// The figures of a comparison as a table.
enum ComparisonTable {
  private typealias Column = FigureTable<Comparison.Measured>.Column

  static let table = FigureTable<Comparison.Measured>(columns: [
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
  ])
}
