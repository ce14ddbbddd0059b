/// Taps that follow their parameters along smooth curves: every offset and weight is a sum of products of functions, one for each
/// parameter. Where curves bend alike everywhere that takes fewer numbers than filters at knots.
///
/// Equation: `v(p) = sum_k c_k prod_a f_{a,k_a}(p_a)`; offsets are turned then, by the degrees of ``Axis/turn``.
/// Shapes:   a number's coefficients `[termCount]`; the functions of the last axis follow one another.
/// Units:    offsets in pixels, +y down; weights dimensionless.
/// Accuracy: rounding: `T_n` by its recurrence, which is off by some n^2 roundings inside its range. Held by
///           FewtapCoreTests/TapSeriesTests to cosines of multiples of an arc.
/// Source:   METHOD.md section 13; Mason, Handscomb, "Chebyshev Polynomials", 2003, section 1.2.
public struct TapSeries: Equatable, Sendable {
  /// Functions of one parameter.
  public enum Functions: Equatable, Sendable {
    /// Chebyshev's polynomials `T_0, T_1, ...` over the axis' range.
    case chebyshev(count: Int)
    /// `1, cos t, sin t, cos 2t, sin 2t, ...`; t goes around once in a period, from 0 at the lower end of the axis' range.
    case fourier(count: Int, period: Double)

    /// How many there are.
    public var count: Int {
      switch self {
      case .chebyshev(let count), .fourier(let count, _): count
      }
    }
  }

  /// What the numbers do along one parameter.
  public struct Axis: Equatable, Sendable {
    /// The parameter's values.
    public var range: ClosedRange<Double>
    /// The functions of it.
    public var functions: Functions
    /// Degrees that offsets are turned by, for each unit of the parameter from the lower end of its range on, counterclockwise as
    /// seen on a screen; 0 where the frame stands still.
    public var turn: Double

    /// An axis of given parts.
    public init(range: ClosedRange<Double>, functions: Functions, turn: Double = 0) {
      (self.range, self.functions, self.turn) = (range, functions, turn)
    }

    /// The functions' values.
    public func values(at parameter: Double) -> [Double] {
      let span = range.upperBound - range.lowerBound
      switch functions {
      case .chebyshev(let count):
        let u = 2 * ((parameter - range.lowerBound) / span) - 1
        var values = [1, u]
        while values.count < count { values.append(2 * u * values[values.count - 1] - values[values.count - 2]) }
        return Array(values.prefix(count))
      case .fourier(let count, let period):
        let angle = 2 * Double.pi * ((parameter - range.lowerBound) / period)
        return (0..<count).map { index in
          let multiple = Double((index + 1) / 2) * angle
          return index.isMultiple(of: 2) && index > 0 ? sine(multiple) : cosine(multiple)
        }
      }
    }
  }

  /// The coefficients of a tap.
  public struct Track: Equatable, Sendable {
    /// Those of its column offset, in a frame that may be turned.
    public var x: [Double]
    /// Those of its row offset there.
    public var y: [Double]
    /// Those of its weight.
    public var weight: [Double]

    /// A track of given coefficients.
    public init(x: [Double], y: [Double], weight: [Double]) { (self.x, self.y, self.weight) = (x, y, weight) }
  }

  /// The parameters.
  public var axes: [Axis]
  /// The taps of each layer, first layer first.
  public var layers: [[Track]]
  /// The coefficients of the filters' gain.
  public var gain: [Double]

  /// A series of given parts.
  public init(axes: [Axis], layers: [[Track]], gain: [Double]) {
    (self.axes, self.layers, self.gain) = (axes, layers, gain)
  }

  /// Functions of each parameter.
  public var shape: [Int] { axes.map(\.functions.count) }
  /// Coefficients of a number.
  public var termCount: Int { shape.reduce(1, *) }
  /// Taps of a filter.
  public var tapCount: Int { layers.reduce(0) { $0 + $1.count } }

  /// The products of functions that coefficients stand before.
  public func terms(at point: [Double]) -> [Double] {
    zip(axes, point).reduce([1]) { products, axis in
      let values = axis.0.values(at: axis.1)
      return products.flatMap { product in values.map { product * $0 } }
    }
  }

  /// What offsets are turned by: cosine and sine, as ``direction(degrees:)`` has them.
  package func turn(at point: [Double]) -> SIMD2<Double> {
    let degrees = zip(axes, point).reduce(0) { $0 + $1.0.turn * ($1.1 - $1.0.range.lowerBound) }
    return degrees == 0 ? SIMD2(1, 0) : direction(degrees: degrees)
  }

  /// One layer at a point, one value an axis in its range.
  public func layer(_ layer: Int, at point: [Double]) -> TapLayer {
    self.layer(layer, terms: terms(at: point), turn: turn(at: point))
  }

  /// The gain at a point.
  public func gain(at point: [Double]) -> Double { Self.sum(gain, terms(at: point)) }

  /// The filter at a point, one value an axis in its range.
  public func filter(at point: [Double]) -> SparseFilter {
    let (terms, turn) = (terms(at: point), turn(at: point))
    return SparseFilter(
      chain: TapChain(model: .bilinear, layers: layers.indices.map { layer($0, terms: terms, turn: turn) }),
      gain: Self.sum(gain, terms))
  }

  private func layer(_ layer: Int, terms: [Double], turn: SIMD2<Double>) -> TapLayer {
    TapLayer(
      layers[layer].map { track in
        let (x, y) = (Self.sum(track.x, terms), Self.sum(track.y, terms))
        return Tap(
          x: turn.x * x - turn.y * y, y: turn.y * x + turn.x * y, weight: Self.sum(track.weight, terms))
      })
  }

  private static func sum(_ coefficients: [Double], _ terms: [Double]) -> Double {
    var sum = 0.0
    for (coefficient, term) in zip(coefficients, terms) { sum += coefficient * term }
    return sum
  }
}
