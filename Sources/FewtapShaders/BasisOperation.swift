import FewtapCore

/// The way from a parameter to the knot coordinate, as constants.
struct KnotCurve: Equatable, Sendable {
  /// The parameter's values, ascending, and the coordinates there.
  var points: [(value: Float, coordinate: Float)]
  /// Knots of the axis.
  var knots: Int
  var isPeriodic: Bool

  init(_ axis: KnotAxis) {
    points = axis.points.map { (Float($0.value), Float($0.coordinate)) }
    (knots, isPeriodic) = (axis.knots.count, axis.isPeriodic)
  }

  static func == (a: KnotCurve, b: KnotCurve) -> Bool {
    a.points.elementsEqual(b.points) { $0 == $1 } && a.knots == b.knots && a.isPeriodic == b.isPeriodic
  }
}

/// A grid of knots, and where a pass finds the coordinates of its texels.
struct KnotGrid: Equatable, Sendable {
  /// Knots along each axis; the last axis' knots follow one another.
  var shape: [Int]
  /// The image's pixel that texel 0 stands for. Beyond the image the parameters are those of the nearest pixel.
  var origin: PixelOffset

  /// From one knot to the next one along each axis.
  var steps: [Int] { shape.indices.map { shape[($0 + 1)...].reduce(1, *) } }
}

/// A layer of interpolated taps.
///
/// Equation: `out[t] = sum_i w_i in(t + base + r_i)`, where r_i and w_i are multilinear between the knots around.
struct VaryingSum: Equatable, Sendable {
  var grid: KnotGrid
  /// A texture: a row a knot, a column a tap, of each read x and y, weight and gain.
  var table: String
  var taps: Int
  var base: PixelOffset
  /// Whether the result is multiplied by the gain, which then is interpolated too.
  var appliesGain: Bool
  var meaning: String
  /// What a compute shader's group is to share, if it fits; nil: nothing.
  var tile: SharedTile?
}

/// The outputs of all knots, of which each texel takes those around.
struct KnotBlend: Equatable, Sendable {
  /// Where the output of a knot comes from.
  enum Output: Equatable, Sendable {
    /// A sum of taps over the image: from `first` on in the table.
    case taps(first: Int, count: Int)
    /// A layer of a group's array.
    case texels(group: Int, layer: Int)
  }

  /// Outputs of one rate and interpolator.
  struct Group: Equatable, Sendable {
    var texture: String
    /// nil at the image's own rate.
    var phases: PhaseWeights?
  }

  var grid: KnotGrid
  var knots: [Output]
  var groups: [Group]
  /// The taps' texture and its columns.
  var table: String?
  var tableWidth: Int
  /// Whether no tap reads between texels.
  var isWhole: Bool
}
