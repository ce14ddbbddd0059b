import FewtapCore

/// What a fit may use and how hard it should try.
public struct FitOptions: Equatable, Sendable {
  /// How many taps there may be.
  public enum Budget: Equatable, Sendable, CustomStringConvertible {
    /// So many in all; the fit finds the layers.
    case taps(Int)
    /// So many in each layer, alone or in vertical runs.
    case layout(Layout)
    /// All that the kernel has at a lower ``FitOptions/rate``, in one layer or, if it is separable there, in two: solved at
    /// once, without a search.
    case dense

    /// `96`, a layout's text, or `dense`.
    public var description: String {
      switch self {
      case .taps(let count): "\(count)"
      case .layout(let layout): "\(layout)"
      case .dense: "dense"
      }
    }
  }

  /// Which method finds the taps.
  public enum Recipe: String, CaseIterable, Sendable {
    /// Ours.
    case fewtap
    /// The paper's own, unchanged, as a yardstick: sparse sampling, Adam for 1000 steps, Charbonnier loss, bilinear taps.
    case paper
  }

  /// Where the searches start.
  public enum Guess: String, CaseIterable, Sendable {
    /// ``MassGuess``: measured best.
    case mass
    /// ``SparseSamplingGuess``: the paper's.
    case sparse
    /// ``RadialGuess``: the paper's other one.
    case radial
    /// ``RandomGuess``: where a search starts that is told nothing.
    case random

    package var guess: any InitialGuess {
      switch self {
      case .mass: MassGuess()
      case .sparse: SparseSamplingGuess()
      case .radial: RadialGuess()
      case .random: RandomGuess()
      }
    }
  }

  /// How much work a fit does. Work is counted in steps, not in time, so that a seed gives the same filter on a busy machine.
  public enum Effort: Equatable, Sendable {
    /// One start: about 0.3 s for 96 integer taps of a 49 x 49 kernel on one core.
    case fast
    /// Several starts, the best refined.
    case normal
    /// Many starts, the best few refined at length.
    case thorough
    /// As much as fits into so many seconds: the result then depends on the machine and its load.
    case seconds(Double)

    /// Its name in a filter file.
    public var name: String {
      switch self {
      case .fast: "fast"
      case .normal: "normal"
      case .thorough: "thorough"
      case .seconds: "seconds"
      }
    }
  }

  /// How many taps there may be.
  public var budget = Budget.taps(96)
  /// The lower rate to run at; nil: the image's own.
  public var rate: Resampling?
  /// How taps read between pixels.
  public var tapModel = TapModel.integer
  /// Bits of the place between two pixels that bilinear taps are read with, ``GPUTarget/fractionBits``: offsets are rounded to them, and
  /// weights fitted to that. nil: offsets are any.
  public var fractionBits: Int?
  /// What an error costs.
  public var objective = Objective.photo
  /// Which method finds the taps.
  public var recipe = Recipe.fewtap
  /// Where the searches start; nil for the recipe's own: mass for ours, sparse sampling for the paper's.
  public var initialGuess: Guess?
  /// How much work to do.
  public var effort = Effort.normal
  /// Seed of every random choice.
  public var seed: UInt64 = 1
  /// Largest noise gain that the filter may have; nil for no bound beyond the built-in ridge.
  public var maximumNoiseGain: Double?
  /// Whether weights must not be negative.
  public var nonnegative = false
  /// Threads to use; the result does not depend on it.
  public var threads = 1

  /// The defaults: 96 integer taps for photographs, normal effort, seed 1, one thread.
  public init() {}
}
