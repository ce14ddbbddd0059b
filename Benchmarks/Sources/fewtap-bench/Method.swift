import Fewtap

/// One way to fit a kernel: a column of the table of METHOD.md, section 5, and the runs of section 12.
enum Method: String, CaseIterable, Sendable {
  case integer48, integer96, integer192, runs26, bilinear24x4, bilinear96, paper24x4

  /// What the tables call it.
  var title: String {
    switch self {
    case .integer48: "integer 48"
    case .integer96: "integer 96"
    case .integer192: "integer 192"
    case .runs26: "26 runs of 4"
    case .bilinear24x4: "bilinear 24x4"
    case .bilinear96: "bilinear 96"
    case .paper24x4: "paper 24x4"
    }
  }

  /// Its options, on one thread.
  func options() throws -> FitOptions {
    var options = FitOptions()
    switch self {
    case .integer48: options.budget = .taps(48)
    case .integer96: options.budget = .taps(96)
    case .integer192: options.budget = .taps(192)
    // What 50 single taps cost the engine (METHOD.md, section 8).
    case .runs26: options.budget = .layout(try Layout(parsing: "17r4,4r4,3r4,2r4"))
    case .bilinear24x4, .paper24x4: options.budget = .layout(try Layout(parsing: "24x4"))
    case .bilinear96: options.budget = .taps(96)
    }
    if [.bilinear24x4, .bilinear96, .paper24x4].contains(self) { options.tapModel = .bilinear }
    if self == .paper24x4 { options.recipe = .paper }
    return options
  }

  /// Least mean PSNR on photographs that counts as reached, dB: the prototype's figure less the half decibel by which seeds
  /// differ (METHOD.md, section 13). Nil where no figure is stated.
  func floor(for kernel: String) -> Double? { figures[kernel].map { $0 - 0.5 } }

  /// Figures of METHOD.md, section 5. It states the Gaussians' as ranges, so that their lower end stands for all.
  private var figures: [String: Double] {
    switch self {
    case .integer96: Self.figures([72.1, 71.5, 70.3, 72.8, 68.3, 72.1, 71.8, 64.8, 62.2], gaussians: 76)
    case .integer192: Self.figures([78.8, 77.2, 76.4, 79.9, 75.6, 79.6, 77.5, 69.7, 71.2], gaussians: 92)
    case .bilinear24x4: Self.figures([70.8, 70.8, 66.2, 71.4, 66.7, 71.3, 67.2, 63.6, 66.1], gaussians: 98)
    case .bilinear96: Self.figures([77.7, 76.4, 77.2, 79.3, 74.6, 77.8, 77.2, 66.9, 69.4], gaussians: 100)
    case .runs26: ["disk": 65.5]
    case .integer48, .paper24x4: [:]
    }
  }

  private static func figures(_ values: [Double], gaussians: Double) -> [String: Double] {
    let values = values + Array(repeating: gaussians, count: BenchmarkKernel.all.count - values.count)
    return Dictionary(uniqueKeysWithValues: zip(BenchmarkKernel.all.map(\.name), values))
  }
}
