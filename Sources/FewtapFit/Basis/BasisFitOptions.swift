import FewtapCore

/// What a basis fit may use and what it should reach.
public struct BasisFitOptions: Equatable, Sendable {
  /// What is interpolated between the knots.
  public var interpolation = FilterBasis.Interpolation.outputs
  /// Knots along each axis; nil: as many as ``error`` asks for.
  public var knots: [Int]?
  /// PSNR, dB on photographs, that must hold at the worst point between the knots; knots are added until it does. With ``knots``
  /// nil and no error, 60.
  public var error: Double?
  /// Taps of a filter, of the offsets operator.
  public var taps = 96
  /// Layers of a filter, of the offsets operator, 1 to 4; nil: as many as are best where the map is smooth. Two make less of the error
  /// at the map's edges, where a layer reads what its neighbors' parameters have made.
  public var layers: Int?
  /// How the taps of the offsets operator change between filters.
  public var tracks = Tracks.knots
  /// Functions of each parameter of a series; nil: as many as ``error`` asks for, or of ``Tracks/auto`` as there are knots.
  public var terms: [Int]?
  /// What an error costs.
  public var objective = Objective.photo
  /// The method; the paper's own fits each knot alone.
  public var recipe = FitOptions.Recipe.fewtap
  /// Seed of every random choice.
  public var seed: UInt64 = 1
  /// Threads that work; the result does not depend on how many, to the bit.
  public var threads = 1

  /// How taps change with the parameters.
  public enum Tracks: String, CaseIterable, Sendable {
    /// Straight from knot to knot.
    case knots
    /// Along the curves of a `TapSeries`.
    case series
    /// Whichever of both, with as many numbers, is nearer to the family at the worst place between the knots.
    case auto
  }

  /// The standard options.
  public init() {}
}
