import FewtapBaselines
import FewtapCore
import FewtapFit

/// One of those that stand for a kernel in a comparison: a filter of ours, or a rival's.
public enum Contender: Equatable, Sendable, CustomStringConvertible {
  /// The cheapest filter of ours with so many dB on photographs, by ``FewtapFit/Planner``.
  case planned(decibels: Double)
  /// Ours, so many integer taps at the image's own rate; the fit finds the layers.
  case fitted(taps: Int)
  /// Ours, bilinear taps in the paper's kind of layout.
  case fittedLayout(Layout)
  /// Another's.
  case rival(Baseline)

  /// The name that stands in a table.
  public var description: String {
    switch self {
    case .planned(let decibels):
      "fewtap \(decibels == decibels.rounded() ? "\(Int(decibels))" : "\(decibels)") dB"
    case .fitted(let taps): "fewtap \(taps) integer"
    case .fittedLayout(let layout): "fewtap \(layout) bilinear"
    case .rival(let baseline): baseline.description
    }
  }

  /// Whose it is.
  public var side: Side {
    switch self {
    case .planned, .fitted, .fittedLayout, .rival(.fit): .ours
    case .rival(.dense), .rival(.fourier): .exact
    case .rival: .rival
    }
  }

  /// Whose a contender is.
  public enum Side: String, Sendable {
    /// A filter of ours.
    case ours = "fewtap"
    /// Another method's approximation.
    case rival
    /// The kernel itself: no error but rounding.
    case exact
  }

  /// The contender that `text` names: `NAME` or `NAME:VALUE`, see ``ContenderName``.
  ///
  /// Throws: ``ContenderError``.
  public init(_ text: String) throws {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    guard let name = ContenderName(rawValue: String(parts[0])) else { throw ContenderError.unknown(String(parts[0])) }
    guard parts.count == 1 || name.form != nil else { throw ContenderError.noValue(name) }
    self = try name.contender(parts.count == 2 ? String(parts[1]) : name.standard)
  }

  /// The same with another seed of its random choices, and other threads, where it has any.
  func seeded(_ seed: UInt64, threads: Int) -> Contender {
    switch self {
    case .rival(.paper(let layout, let guess, _)): return .rival(.paper(layout: layout, guess: guess, seed: seed))
    case .rival(.tempering(let layout, var options)):
      (options.seed, options.threads) = (seed, threads)
      return .rival(.tempering(layout: layout, options))
    default: return self
    }
  }

  /// Whether it searches for taps at the image's own rate, which for a large kernel takes minutes: time grows with the kernel's area.
  public var isLongSearch: Bool {
    switch self {
    case .fitted, .fittedLayout, .rival(.fit), .rival(.paper), .rival(.tempering): true
    case .planned, .rival: false
    }
  }

  /// Kernels up to this radius, in pixels, are searched for in less than a minute each.
  public static let largestQuickRadius = 48

  /// What a comparison runs if nothing is asked for: each of ours and each rival in the sizes that people use.
  public static let standard: [Contender] = [
    "fewtap:50dB", "fewtap:60dB", "fewtap:70dB", "fewtap:96", "fewtap:24x4", "paper", "tempering", "low-rank:1",
    "low-rank:2",
    "low-rank:4", "low-rank:6", "kawase", "dual", "complex-disk:1", "complex-disk:2", "complex-disk:4",
    "complex-disk:6",
    "box", "recursive-gaussian", "fft", "dense",
  ].compactMap { try? Contender($0) }
}

/// The names by which contenders are asked for, each with what may follow it after a colon.
public enum ContenderName: String, CaseIterable, Sendable {
  case fewtap
  case paper
  case tempering
  case lowRank = "low-rank"
  case kawase
  case dual
  case complexDisk = "complex-disk"
  case box
  case recursiveGaussian = "recursive-gaussian"
  case fft
  case dense

  /// What a person reads who chooses.
  public var summary: String {
    switch self {
    case .fewtap: "ours: the cheapest with so many dB, so many integer taps, or a layout of bilinear taps"
    case .paper: "the DISK paper's recipe: sparse sampling, Adam, bilinear taps"
    case .tempering: "parallel tempering as that paper ran it: 10,000 iterations of 10 replicas"
    case .lowRank: "separable passes from the singular values"
    case .kawase: "Kawase's blur, of the kernel's standard deviation"
    case .dual: "dual filtering, of the kernel's standard deviation"
    case .complexDisk: "complex-separable disk blur; disks only"
    case .box: "iterated box blur; Gaussians only"
    case .recursiveGaussian: "Deriche's recursive Gaussian; Gaussians only"
    case .fft: "the kernel itself, by Fourier transforms in Double"
    case .dense: "the kernel itself, every weight a tap"
    }
  }

  /// What may follow the colon; nil if nothing may.
  public var form: String? {
    switch self {
    case .fewtap: "60dB, 96 or 24x4"
    case .paper, .tempering: "layout, 24x4"
    case .lowRank: "rank, 1 to 6"
    case .complexDisk: "components, 1 to 6"
    case .box: "passes, 1 to 16"
    case .kawase, .dual, .recursiveGaussian, .fft, .dense: nil
    }
  }

  /// What stands for a value that is not given; empty where there is none.
  public var standard: String {
    switch self {
    case .fewtap: "60dB"
    case .paper, .tempering: "24x4"
    case .lowRank, .complexDisk: "4"
    case .box: "3"
    case .kawase, .dual, .recursiveGaussian, .fft, .dense: ""
    }
  }

  fileprivate func contender(_ value: String) throws -> Contender {
    switch self {
    case .fewtap: return try ours(value)
    case .paper: return .rival(.paper(layout: try layout(value)))
    case .tempering: return .rival(.tempering(layout: try layout(value)))
    case .lowRank: return .rival(.lowRank(try whole(value, LowRank.ranks)))
    case .kawase: return .rival(.kawase)
    case .dual: return .rival(.dualFilter)
    case .complexDisk: return .rival(.complexDisk(components: try whole(value, ComplexDisk.componentCounts)))
    case .box: return .rival(.iteratedBox(passes: try whole(value, IteratedBox.passCounts)))
    case .recursiveGaussian: return .rival(.recursiveGaussian)
    case .fft: return .rival(.fourier)
    case .dense: return .rival(.dense)
    }
  }

  private func ours(_ value: String) throws -> Contender {
    if value.hasSuffix("dB") {
      guard let decibels = Double(value.dropLast(2)), decibels > 0, decibels <= 300 else { throw bad(value) }
      return .planned(decibels: decibels)
    }
    if let taps = Int(value) {
      guard (1...Layout.maximumTaps).contains(taps) else { throw bad(value) }
      return .fitted(taps: taps)
    }
    let layout = try self.layout(value)
    guard !layout.hasRuns else { throw bad(value) }
    return .fittedLayout(layout)
  }

  private func layout(_ value: String) throws -> Layout {
    do { return try Layout(parsing: value) } catch { throw ContenderError.layout(self, "\(error)") }
  }

  private func whole(_ value: String, _ range: ClosedRange<Int>) throws -> Int {
    guard let number = Int(value), range.contains(number) else { throw bad(value) }
    return number
  }

  private func bad(_ value: String) -> ContenderError { .badValue(self, String(value.prefix(40))) }
}

/// Why a text names no contender.
public enum ContenderError: Error, Equatable, CustomStringConvertible {
  /// There is none of that name.
  case unknown(String)
  /// It takes no value.
  case noValue(ContenderName)
  /// The value is out of range or no number.
  case badValue(ContenderName, String)
  /// The layout is wrong; the second is why.
  case layout(ContenderName, String)

  /// The sentence that a user reads.
  public var description: String {
    switch self {
    case .unknown(let name):
      "\"\(name.prefix(40))\" is no contender: expected \(ContenderName.allCases.map(\.rawValue).joined(separator: ", "))"
    case .noValue(let name): "\(name.rawValue) takes no value: write \(name.rawValue) alone"
    case .badValue(let name, let value): "\(name.rawValue):\(value): expected \(name.form ?? "")"
    case .layout(let name, let reason): "\(name.rawValue): \(reason)"
    }
  }
}
