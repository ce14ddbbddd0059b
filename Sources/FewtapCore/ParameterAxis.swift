/// One parameter that a family of kernels has: a radius, an angle, a position in the field.
public struct ParameterAxis: Equatable, Sendable {
  /// What it is called: `radius`, `angle`.
  public var name: String
  /// The unit of its values: `px`, `degrees`; empty for a number without one.
  public var unit: String
  /// The values that the family is made for.
  public var range: ClosedRange<Double>
  /// Whether both ends of the range are the same kernel, so that values beyond come around again (an angle).
  public var isPeriodic: Bool

  /// A parameter of given parts.
  public init(name: String, unit: String = "", range: ClosedRange<Double>, isPeriodic: Bool = false) {
    (self.name, self.unit, self.range, self.isPeriodic) = (name, unit, range, isPeriodic)
  }

  /// Most axes that a family or a basis may have.
  public static let maximumCount = 4

  /// The value of the range that stands for `value`: wrapped around a periodic axis, else the nearest end if it lies outside.
  /// NaN, and infinity on a periodic axis, have none: they give the lower end.
  public func admitted(_ value: Double) -> Double {
    guard !range.contains(value) else { return value }
    guard !value.isNaN, !isPeriodic || value.isFinite else { return range.lowerBound }
    guard isPeriodic else { return value < range.lowerBound ? range.lowerBound : range.upperBound }
    let period = range.upperBound - range.lowerBound
    let turns = ((value - range.lowerBound) / period).rounded(.down)
    // Rounding may leave the range by a bit.
    return min(max(value - turns * period, range.lowerBound), range.upperBound)
  }
}

/// The knots of a basis along one of its parameters, and how values between them are taken.
///
/// The *coordinate* of a value counts knots: `k` at knot k, and between knots it rises along ``curve``, or along a straight line.
/// Filter k has the weight `max(0, 1 - |coordinate - k|)`.
public struct KnotAxis: Equatable, Sendable {
  /// A place on the way from the parameter's value to the knot coordinate.
  public struct CurvePoint: Equatable, Sendable {
    /// The parameter's value.
    public var value: Double
    /// Its knot coordinate.
    public var coordinate: Double

    /// A point of given parts.
    public init(value: Double, coordinate: Double) { (self.value, self.coordinate) = (value, coordinate) }
  }

  /// What the parameter is called.
  public var name: String
  /// The unit of its values.
  public var unit: String
  /// The parameter's values at the knots, ascending, two at least. On a periodic axis the last one is the first one a period
  /// later.
  public var knots: [Double]
  /// Whether values beyond the knots come around again.
  public var isPeriodic: Bool
  /// The knot coordinate between the knots: piecewise linear through these points, which ascend in both, and straight on to the
  /// knots; nil: straight lines from knot to knot.
  public var curve: [CurvePoint]?

  /// Knots of given parts.
  public init(
    name: String, unit: String = "", knots: [Double], isPeriodic: Bool = false, curve: [CurvePoint]? = nil
  ) {
    (self.name, self.unit, self.knots, self.isPeriodic, self.curve) = (name, unit, knots, isPeriodic, curve)
  }

  /// Knots along the parameter `axis`.
  public init(_ axis: ParameterAxis, knots: [Double], curve: [CurvePoint]? = nil) {
    self.init(name: axis.name, unit: axis.unit, knots: knots, isPeriodic: axis.isPeriodic, curve: curve)
  }

  /// Fewest and most knots of an axis.
  public static let knotCounts = 2...4096
  /// Most points of a curve.
  public static let maximumCurveCount = 1 << 16

  /// The parameter that the knots lie along. Needs knots that satisfy the invariants.
  public var axis: ParameterAxis {
    ParameterAxis(name: name, unit: unit, range: knots[0]...knots[knots.count - 1], isPeriodic: isPeriodic)
  }

  /// The axis with the ends of its range alone, as the file of a series has it.
  var withoutInnerKnots: KnotAxis { KnotAxis(axis, knots: [knots[0], knots[knots.count - 1]]) }

  /// All points of the way from values to coordinates, the knots' among them, ascending.
  public var points: [CurvePoint] {
    let atKnots = knots.enumerated().map { CurvePoint(value: $1, coordinate: Double($0)) }
    guard let curve else { return atKnots }
    let values = Set(knots)
    return (atKnots + curve.filter { !values.contains($0.value) }).sorted { $0.value < $1.value }
  }

  /// The knot coordinate, `0...knots.count - 1`, of a value; see ``ParameterAxis/admitted(_:)`` for values outside.
  ///
  /// Cost: the whole way is put together for each call: for single values, not for pixels.
  public func coordinate(of value: Double) -> Double {
    let value = axis.admitted(value)
    let (a, b) = piece(around: value)
    return a.coordinate + (b.coordinate - a.coordinate) * ((value - a.value) / (b.value - a.value))
  }

  /// What the knot coordinate rises by where the value does, in knots a unit of the parameter: 0 outside of the knots, where the
  /// nearest knot stands, and for NaN; where two straight pieces meet, that of the upper one.
  ///
  /// Cost: as ``coordinate(of:)``.
  public func slope(of value: Double) -> Double {
    guard isPeriodic ? value.isFinite : axis.range.contains(value) else { return 0 }
    let (a, b) = piece(around: axis.admitted(value))
    return (b.coordinate - a.coordinate) / (b.value - a.value)
  }

  /// The straight piece that a value of the range lies on.
  private func piece(around value: Double) -> (CurvePoint, CurvePoint) {
    let points = points
    let index = min(max(points.lastIndex { $0.value <= value } ?? 0, 0), points.count - 2)
    return (points[index], points[index + 1])
  }
}
