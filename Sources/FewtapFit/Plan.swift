import FewtapCore

/// What a planner is asked for, and what it may use.
public struct PlanOptions: Equatable, Sendable {
  /// What the filter must do.
  public enum Demand: Equatable, Sendable {
    /// At least so many dB on photographs, ``FilterAccuracy/photo``'s mean, at the least cost.
    case error(decibels: Double)
    /// At most so many milliseconds a megapixel and channel by the cost model, with the least error.
    case cost(milliseconds: Double)
  }

  /// How wrong a point of light may be.
  public struct PointLight: Equatable, Sendable {
    /// Largest ``FilterAccuracy/relativeError``.
    public var relativeError: Double
    /// Largest ``FilterAccuracy/flicker``.
    public var flicker: Double

    /// Given bounds.
    public init(relativeError: Double, flicker: Double) {
      (self.relativeError, self.flicker) = (relativeError, flicker)
    }

    /// At most a quarter of the kernel's norm wrong, and a twelfth of it changing from pixel to pixel: what a filter at a fifth
    /// of a disk's radius with quadratic splines keeps (0.17 and 0.06), and one of separate dots, or with a linear prefilter,
    /// does not (METHOD.md, section 12).
    public static let clean = PointLight(relativeError: 0.25, flicker: 0.08)
  }

  /// dB that are asked for where nothing is: on a photograph of 8 bits the error is then a quarter of a step.
  public static let standardError = 60.0

  /// What the filter must do.
  public var demand: Demand
  /// What filters cost, and on what they run.
  public var costs: CostModel
  /// True if a shift of the image must shift the result alike: the filter then runs at the image's own rate.
  public var exactShift = false
  /// How wrong a point of light may be; nil: as wrong as photographs allow.
  public var pointLight: PointLight?
  /// Whether chains are searched for at length: more sizes, shapes and starts. Saves a tenth to a quarter of the layers' runs, and takes
  /// up to half a minute.
  public var isThorough = false
  /// Seed of every random choice.
  public var seed: UInt64 = 1
  /// Threads to use; the result does not depend on it.
  public var threads = 1
  /// What a graphics processor keeps of the filter, where ``costs`` are one's.
  public var gpu = GPUTarget()

  /// Options that demand `demand` under `costs`.
  public init(_ demand: Demand, costs: CostModel = .builtIn(.cpu)) { (self.demand, self.costs) = (demand, costs) }
}

/// A filter that a planner considered.
public struct PlanCandidate: Equatable, Sendable {
  /// How it came about.
  public enum Method: String, Sendable {
    /// The kernel's own weights.
    case direct
    /// A row and a column of taps.
    case separable
    /// All taps at a lower rate, in one layer.
    case dense
    /// A chain of sparse layers, by search.
    case chain
  }

  /// How it came about.
  public let method: Method
  /// The filter; it does not name its kernel.
  public let filter: SparseFilter
  /// Milliseconds a megapixel and channel by the cost model.
  public let milliseconds: Double
  /// How good it is; for a graphics processor with offsets that its texture unit tells apart.
  public let accuracy: FilterAccuracy
  /// What half floats between the passes do to it; nil where numbers stay floats.
  public let storage: HalfStorage?

  /// Mean PSNR on photographs, dB, half floats' rounding included.
  public var photoPSNR: Double { storage?.with(photoPSNR: accuracy.photo.mean) ?? accuracy.photo.mean }

  /// Vertical runs in each layer.
  package var runs: [Int] { filter.chain.layers.map { $0.verticalRuns().count } }
}

/// What a planner chose, and from what.
public struct Plan: Equatable, Sendable {
  /// The front: what it considered, cheapest first, without what costs no less than another and is no better.
  public let front: [PlanCandidate]
  /// Index of the chosen one in ``front``.
  public let chosen: Int
  /// How many filters were made to find it.
  public let considered: Int
  /// Why it was chosen, in a sentence.
  public let reason: String
  /// The chosen filter with its provenance.
  public let result: FitResult
}

/// Why there is no plan.
public enum PlanError: Error, Equatable, CustomStringConvertible {
  /// The demand is no positive number.
  case badDemand(Double)
  /// No filter is so cheap.
  case tooCheap(asked: Double, least: Double)
  /// Nothing but the kernel itself would do, and that has more taps than a filter may.
  case outOfReach(asked: Double, best: Double)
  /// No filter within the cost keeps a point of light as asked.
  case pointLight(asked: Double)
  /// Only half floats' rounding is in the way of the error.
  case halfNoise(asked: Double, best: Double, inFloats: Double)
  /// Half floats overflow: images may be so large at most.
  case halfRange(largest: Double)
  /// It was cancelled before there was a filter.
  case cancelled

  /// The sentence that a user reads.
  public var description: String {
    switch self {
    case .badDemand(let value): "\(value): expected a positive number"
    case .tooCheap(let asked, let least):
      "no filter costs \(asked) ms a megapixel or less: the cheapest costs \(rounded(least)) ms"
    case .outOfReach(let asked, let best): "no filter reaches \(asked) dB: the best reaches \(rounded(best)) dB"
    case .pointLight(let asked): "no filter within \(asked) ms a megapixel keeps a point of light as asked: allow more"
    case .halfNoise(let asked, let best, let inFloats):
      "no filter reaches \(asked) dB with half floats between its passes: their rounding leaves \(rounded(best)) dB; "
        + "with rgba32f the best reaches \(rounded(inFloats)) dB"
    case .halfRange(let largest):
      "half floats, which end at 65504, overflow for images above \(largest): use rgba32f, or scale the kernel"
    case .cancelled: "interrupted before there was a filter"
    }
  }

  /// Three digits after the point: enough to ask for more.
  private func rounded(_ value: Double) -> Double { (value * 1000).rounded(.up) / 1000 }
}
