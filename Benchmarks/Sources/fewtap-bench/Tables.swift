import Fewtap

/// What all tables share.
struct Bench {
  let kernels: [BenchmarkKernel]
  /// The reference photographs, then those named on the command line.
  let photographs: [Photograph]

  private func photographs(_ kernel: Kernel) throws -> FilteredPhotographs {
    try FilteredPhotographs(photographs, through: kernel)
  }

  /// Every kernel fitted in every way.
  func fits() throws -> [FitMeasurement] {
    let others = photographs.dropFirst(Photograph.references.count).map { $0.name + "____" }
    let table = Table(
      "Fits: PSNR on photographs, normal effort",
      [
        "kernel____", "fit__________", "layout_________", "dB mean", "worst_", "predicted", "worst_", "floor", "error_",
        "noise gain", "CPU s_", "remark_____",
      ] + others)
    var all: [FitMeasurement] = []
    for benchmark in kernels {
      let kernel = try benchmark.makeKernel()
      let filtered = try photographs(kernel)
      for method in Method.allCases {
        let m = try FitMeasurement(method, of: kernel, named: benchmark.name, on: filtered)
        all.append(m)
        table.row(
          [
            m.kernel, method.title, m.layout.map(String.init).joined(separator: ","), decimals(m.mean, 2),
            decimals(m.worst, 2), decimals(m.predictedMean, 2), decimals(m.predictedWorst, 2),
            m.floor.map { decimals($0, 1) } ?? "-", decimals(m.relativeError, 4), decimals(m.noiseGain, 2),
            decimals(m.seconds, 2), m.isReached ? "" : "below floor",
          ] + m.others.map { decimals($0, 2) })
      }
    }
    summarize(all)
    return all
  }

  private func summarize(_ fits: [FitMeasurement]) {
    let stated = fits.filter { $0.floor != nil }
    print("\nfloors reached: \(stated.count(where: \.isReached)) of \(stated.count)")
    for (name, measured, predicted) in [
      ("mean", \FitMeasurement.mean, \FitMeasurement.predictedMean), ("worst", \.worst, \.predictedWorst),
    ] {
      let deviation = { (fit: FitMeasurement) in fit[keyPath: predicted] - fit[keyPath: measured] }
      guard let far = fits.max(by: { abs(deviation($0)) < abs(deviation($1)) }) else { continue }
      print("largest deviation of predicted from measured \(name): ", terminator: "")
      print("\(decimals(deviation(far), 2)) dB (\(far.kernel), \(far.method))")
    }
    let rivals = fits.filter { $0.method == Method.paper24x4.rawValue && !$0.kernel.hasPrefix("gaussian") }
    let beaten = rivals.count { paper in
      fits.contains { $0.kernel == paper.kernel && $0.method == Method.integer48.rawValue && $0.mean > paper.mean }
    }
    print(
      "48 integer taps are better than the paper's recipe on \(beaten) of \(rivals.count) kernels, Gaussians left out")
  }

  /// One start, no refinement: what an interactive user waits for.
  func fast() throws -> [FitMeasurement] {
    let table = Table(
      "Fast: effort fast, 96 integer taps",
      ["kernel____", "layout_________", "dB mean", "worst_", "error_", "CPU s_", "aim________"])
    var all: [FitMeasurement] = []
    for benchmark in kernels {
      let kernel = try benchmark.makeKernel()
      let m = try FitMeasurement(
        .integer96, of: kernel, named: benchmark.name, on: photographs(kernel), effort: .fast)
      all.append(m)
      let isShape = BenchmarkKernel.shapes.contains(benchmark.name)
      let reached = m.mean > 73 && m.seconds <= 0.3
      table.row([
        m.kernel, m.layout.map(String.init).joined(separator: ","), decimals(m.mean, 2), decimals(m.worst, 2),
        decimals(m.relativeError, 4), decimals(m.seconds, 2), isShape ? (reached ? "reached" : "not reached") : "-",
      ])
    }
    let shapes = all.filter { BenchmarkKernel.shapes.contains($0.kernel) }
    if let least = shapes.map(\.mean).min(), let longest = shapes.map(\.seconds).max() {
      print(
        "\nshapes: at least \(decimals(least, 2)) dB in at most \(decimals(longest, 2)) s; the aim is 73 dB in 0.3 s")
    }
    return all
  }

  /// How much a fit's quality depends on luck.
  func seeds() throws -> [FitMeasurement] {
    let table = Table(
      "Seeds 1 to 5: PSNR on photographs, 96 integer taps, normal effort",
      ["kernel____", "dB least", "most__", "spread", "CPU s a fit"])
    var all: [FitMeasurement] = []
    for benchmark in kernels where ["disk", "ampersand", "coma"].contains(benchmark.name) {
      let kernel = try benchmark.makeKernel()
      let filtered = try photographs(kernel)
      let runs = try (1...5).map {
        try FitMeasurement(.integer96, of: kernel, named: benchmark.name, on: filtered, seed: $0)
      }
      all += runs
      let (least, most) = (runs.map(\.mean).min() ?? .nan, runs.map(\.mean).max() ?? .nan)
      table.row([
        benchmark.name, decimals(least, 2), decimals(most, 2), decimals(most - least, 2),
        decimals(runs.reduce(0) { $0 + $1.seconds } / 5, 2),
      ])
    }
    return all
  }
}
