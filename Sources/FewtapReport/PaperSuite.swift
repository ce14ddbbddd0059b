import FewtapBaselines
import FewtapCore
import FewtapFit

/// The DISK paper's tables, run again: its kernels, its layouts, its rivals and ours, each from several seeds.
///
/// Every run works on one thread and has random numbers of its own, so that all figures but seconds are the same bits for any
/// number of threads.
/// Source: Wu, Zhe, Huo, "DISK: Differentiable sparse kernel complex for efficient spatially-variant convolution", ICLR 2026,
///         arXiv 2512.04556; METHOD.md, section 6.
public struct PaperSuite: Sendable {
  /// A kernel under a short name.
  public struct Subject: Sendable {
    /// As in ``PaperSuite/kernels``.
    public var name: String
    /// What is to be approximated.
    public var kernel: Kernel

    /// `kernel`, called `name`.
    public init(name: String, kernel: Kernel) { (self.name, self.kernel) = (name, kernel) }
  }

  /// Who stands in a table.
  public enum Rival: String, CaseIterable, Sendable, CustomStringConvertible {
    /// Ours with integer taps, as many as the layout has; the fit finds the layers.
    case ours
    /// Ours with bilinear taps in the very layout.
    case oursBilinear
    /// The paper's own recipe: bilinear taps, Adam.
    case paper
    /// Parallel tempering as the paper ran it, ten times the iterations that its own recipe takes.
    case tempering
    /// Parallel tempering with the paper's own number of iterations.
    case temperingBriefly
    /// Low rank of about as many taps, one separable term at least.
    case lowRank

    /// The name that stands in a table.
    public var description: String {
      switch self {
      case .ours: "ours integer"
      case .oursBilinear: "ours bilinear"
      case .paper: "DISK"
      case .tempering: "PST"
      case .temperingBriefly: "PST/10"
      case .lowRank: "low rank"
      }
    }
  }

  /// The paper's kernels in words of the command line, with ours where it shows none of its own: a square as large as the disk, a
  /// cat and a fish for its animals. Shapes and point spread functions are those of METHOD.md, section 5, each on 49 x 49 pixels.
  public static let kernels: [(name: String, words: String)] = [
    ("gaussian5", "gaussian:sigma=5"), ("gaussian7", "gaussian:sigma=7"), ("gaussian9", "gaussian:sigma=9"),
    ("gaussian11", "gaussian:sigma=11"), ("disk", "disk:radius=20,size=49"),
    ("ring", "ring:radius=20,inner=12,size=49"), ("square", "box:width=35,size=49"),
    ("hexagon", "polygon:blades=6,radius=22,size=49"), ("heart", "heart:size=49"),
    ("star", "star:points=4,radius=22,inner=7,size=49"),
    // 45 pixels and no margin: the prototype's has 44 of 49.
    ("ampersand", "glyph:text=&,size=45,font=DejaVuSans-Bold"), ("cat", "cat:size=49"), ("fish", "fish:size=49"),
    ("coma", "psf:coma=0.55,sampling=2.3272727272727272,size=49"),
    ("spherical", "psf:spherical=0.6,defocus=0.6,sampling=2.56,size=49"),
  ]

  /// The paper's layouts.
  public static let layouts = ["8x6", "12x4", "24x4", "32x4", "48x4", "48x6", "48x8"]

  /// Ranks that stand once a kernel: 2 and 3 are the paper's 49x4 and 49x6 (passes of 49 taps: its times of 9.1 and 12.9 ms are
  /// those of 196 and 294 taps), 4 and 6 what those are if its second number counts terms.
  public static let ranks = [2, 3, 4, 6]

  /// Kernels that the convergence from different guesses is shown on, those of METHOD.md, section 13; of a suite without them
  /// the first one.
  public static let guessKernels = ["disk", "star", "ampersand", "coma"]

  /// Kernels to run.
  public var subjects: [Subject]
  /// Layouts to run.
  public var layouts: [Layout]
  /// Runs of every rival that draws random numbers: with seeds 1 to so many.
  public var seeds: Int
  /// Effort of our fits.
  public var effort = FitOptions.Effort.fast
  /// How parallel tempering runs; seed, guess and threads are set for each run.
  public var tempering = ParallelTempering.Options()
  /// Kernels for the convergence from different guesses, by name; ``guessKernels`` if nil.
  public var guessSubjects: [String]?
  /// Runs at a time; no figure but seconds depends on it.
  public var threads = 1

  /// The suite of `subjects` and `layouts` with `seeds` runs each.
  public init(_ subjects: [Subject], layouts: [Layout], seeds: Int) {
    (self.subjects, self.layouts, self.seeds) = (subjects, layouts, seeds)
  }

  /// Layout of the convergence from different guesses: 24x4 if it is among the suite's.
  var guessLayout: Layout? { layouts.first { $0.taps == [24, 24, 24, 24] } ?? layouts.first }

  /// All that is to be run, in order of the tables.
  func tasks() -> [Task] {
    var tasks = subjects.flatMap { subject in
      Self.ranks.map { Task(subject, nil, .lowRank, nil, seed: nil, .lowRank($0)) }
        + layouts.flatMap { layout in Rival.allCases.flatMap { self.tasks(subject, layout, $0) } }
    }
    var compared = subjects.filter { (guessSubjects ?? Self.guessKernels).contains($0.name) }
    if compared.isEmpty, guessSubjects == nil { compared = Array(subjects.prefix(1)) }
    for subject in compared {
      for rival in [Rival.ours, .oursBilinear, .paper, .tempering] {
        for guess in FitOptions.Guess.allCases {
          tasks += guessLayout.map { self.tasks(subject, $0, rival, guess) } ?? []
        }
      }
    }
    return tasks
  }

  /// One rival's runs: from every seed, but once where nothing is random.
  private func tasks(
    _ subject: Subject, _ layout: Layout, _ rival: Rival, _ guess: FitOptions.Guess? = nil
  ) -> [Task] {
    guard rival != .lowRank else {
      let rank = layout.tapCount / max(1, subject.kernel.width + subject.kernel.height)
      let baseline = Baseline.lowRank(min(max(1, rank), LowRank.ranks.upperBound))
      return [Task(subject, layout, rival, nil, seed: nil, baseline)]
    }
    return (0..<max(0, seeds)).map { index in
      let seed = UInt64(index + 1)
      return Task(subject, layout, rival, guess, seed: seed, baseline(rival, layout, guess, seed: seed))
    }
  }

  private func baseline(_ rival: Rival, _ layout: Layout, _ guess: FitOptions.Guess?, seed: UInt64) -> Baseline {
    switch rival {
    case .ours, .oursBilinear, .lowRank:
      var options = FitOptions()
      (options.effort, options.seed, options.initialGuess) = (effort, seed, guess)
      options.budget = rival == .ours ? .taps(layout.tapCount) : .layout(layout)
      options.tapModel = rival == .ours ? .integer : .bilinear
      return .fit(options)
    case .paper: return .paper(layout: layout, guess: guess ?? .sparse, seed: seed)
    case .tempering, .temperingBriefly:
      var options = tempering
      (options.seed, options.guess, options.threads) = (seed, guess ?? .sparse, 1)
      if rival == .temperingBriefly { options.iterations = max(1, tempering.iterations / 10) }
      return .tempering(layout: layout, options)
    }
  }
}

extension PaperSuite {
  /// One run to be made.
  struct Task: Sendable {
    let subject: Subject
    /// nil for the ranks that stand once a kernel.
    let layout: Layout?
    let rival: Rival
    /// Given where convergence from different guesses is shown.
    let guess: FitOptions.Guess?
    /// nil if nothing is random.
    let seed: UInt64?
    let baseline: Baseline

    init(
      _ subject: Subject, _ layout: Layout?, _ rival: Rival, _ guess: FitOptions.Guess?, seed: UInt64?,
      _ baseline: Baseline
    ) {
      (self.subject, self.layout, self.rival, self.guess) = (subject, layout, rival, guess)
      (self.seed, self.baseline) = (seed, baseline)
    }

    /// What a progress bar tells.
    var label: String {
      let words = [subject.name, layout?.description, rival.description, guess?.rawValue, seed.map { "seed \($0)" }]
      return words.compactMap { $0 }.joined(separator: " ")
    }
  }
}

extension Layout {
  /// Taps in all.
  var tapCount: Int { taps.reduce(0, +) }
}
