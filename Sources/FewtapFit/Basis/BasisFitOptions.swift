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
  /// What an error costs.
  public var objective = Objective.photo
  /// The method; the paper's own fits each knot alone.
  public var recipe = FitOptions.Recipe.fewtap
  /// Seed of every random choice.
  public var seed: UInt64 = 1
  /// Threads that work; the result does not depend on how many, to the bit.
  public var threads = 1

  /// The standard options.
  public init() {}
}
