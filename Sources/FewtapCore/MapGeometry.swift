// Maps that need no picture: values that follow from a pixel's place.

/// A length in an image or a place along one of its sides.
public enum MapLength: Equatable, Sendable {
  /// So many pixels; as a place, a column or row, the first one's middle being 0.
  case pixels(Double)
  /// A share of something: of a side for places, where 0 and 1 are the image's edges.
  case share(Double)

  /// In pixels, shares being of `whole`.
  func pixels(of whole: Double) -> Double {
    switch self {
    case .pixels(let pixels): pixels
    case .share(let share): share * whole
    }
  }

  /// The column or row, of `count`.
  func place(of count: Int) -> Double {
    switch self {
    case .pixels(let pixels): pixels
    case .share(let share): share * Double(count) - 0.5
    }
  }

  /// The number in it.
  package var number: Double {
    switch self {
    case .pixels(let number), .share(let number): number
    }
  }
}

/// A value that rises with distance: constant at first, then to its end along a power.
///
/// Equation: `low + (high - low) min(1, max(0, distance - start) / rise)^exponent`
public struct MapRamp: Equatable, Sendable {
  /// The value near by.
  public var low: Double
  /// The value far away.
  public var high: Double
  /// How far the low value reaches.
  public var start: MapLength
  /// How far it is from there to the high value.
  public var rise: MapLength
  /// 1: a straight rise.
  public var exponent: Double

  /// A ramp of given parts.
  public init(low: Double, high: Double, start: MapLength, rise: MapLength, exponent: Double = 1) {
    (self.low, self.high, self.start, self.rise, self.exponent) = (low, high, start, rise, exponent)
  }

  /// The value by distance in pixels; shares are of `whole` pixels.
  func values(of whole: Double) throws(MapError) -> @Sendable (Double) -> Double {
    for (name, value) in [("low", low), ("high", high)] {
      try MapError.require(value.isFinite, name, value, "a finite number")
    }
    let (start, rise) = (start.pixels(of: whole), rise.pixels(of: whole))
    try MapError.require(start.isFinite && start >= 0, "the length that stays as it is", start, "0 px or more")
    try MapError.require(rise.isFinite && rise > 0, "the length of the rise", rise, "more than 0 px")
    try MapError.require(exponent.isFinite && exponent > 0, "the power", exponent, "more than 0")
    return { [low, high, exponent] distance in
      let share = min(1, max(0, distance - start) / rise)
      return low + (high - low) * (exponent == 1 ? share : power(share, exponent))
    }
  }
}

/// A place in the image from which distances are measured.
public struct MapCenter: Equatable, Sendable {
  /// The column, or a share of the width.
  public var x: MapLength
  /// The row, or a share of the height.
  public var y: MapLength

  /// A place; the middle by default.
  public init(x: MapLength = .share(0.5), y: MapLength = .share(0.5)) { (self.x, self.y) = (x, y) }

  func check() throws(MapError) {
    for (name, length) in [("x", x), ("y", y)] {
      try MapError.require(length.number.isFinite, name, length.number, "a finite number")
    }
  }
}

/// What a pixel's place in the field may be told by.
public enum FieldCoordinate: String, CaseIterable, Sendable {
  /// Across: -1 at the left edge, 1 at the right edge.
  case x
  /// Down: -1 at the top edge, 1 at the bottom edge.
  case y
  /// The column, from 0.
  case column
  /// The row, from 0.
  case row
  /// Distance from the center, 1 being half of the image's diagonal.
  case radius
  /// Direction from the center, in degrees counterclockwise from the right, -180 to 180; 0 at the center itself.
  case direction
}

extension MapSource {
  /// Values that rise on both sides of a line: tilt-shift. The line goes through `center` at `angle` degrees, counterclockwise
  /// from the right; the ramp's shares are of the image's height.
  ///
  /// Equation: distance `|(x - cx) sin(angle) + (y - cy) cos(angle)|`
  public static func ramp(_ ramp: MapRamp, center: MapCenter = MapCenter(), angle: Double = 0) -> MapSource {
    MapSource(places: { size throws(MapError) in
      try center.check()
      try MapError.require(angle.isFinite, "the angle", angle, "a finite number of degrees")
      let value = try ramp.values(of: Double(size.y))
      let radians = angle.remainder(dividingBy: 360) * .pi / 180
      let (cosine, sine) = (cosine(radians), sine(radians))
      let (x, y) = (center.x.place(of: size.x), center.y.place(of: size.y))
      return { column, row in value(abs((column - x) * sine + (row - y) * cosine)) }
    })
  }

  /// Values that rise with the distance from `center`; the ramp's shares are of half the image's diagonal.
  public static func radial(_ ramp: MapRamp, center: MapCenter = MapCenter()) -> MapSource {
    MapSource(places: { size throws(MapError) in
      try center.check()
      let value = try ramp.values(of: halfDiagonal(size))
      let (x, y) = (center.x.place(of: size.x), center.y.place(of: size.y))
      return { column, row in
        let (dx, dy) = (column - x, row - y)
        return value((dx * dx + dy * dy).squareRoot())
      }
    })
  }

  /// The place in the field.
  public static func field(_ coordinate: FieldCoordinate, center: MapCenter = MapCenter()) -> MapSource {
    MapSource(places: { size throws(MapError) in
      try center.check()
      let (width, height, unit) = (Double(size.x), Double(size.y), halfDiagonal(size))
      let (x, y) = (center.x.place(of: size.x), center.y.place(of: size.y))
      return { column, row in
        let (dx, dy) = (column - x, row - y)
        return switch coordinate {
        case .x: (2 * column + 1 - width) / width
        case .y: (2 * row + 1 - height) / height
        case .column: column
        case .row: row
        case .radius: (dx * dx + dy * dy).squareRoot() / unit
        case .direction: dx == 0 && dy == 0 ? 0 : arctangent(y - row, over: dx) * 180 / .pi
        }
      }
    })
  }

  private static func halfDiagonal(_ size: PixelOffset) -> Double {
    let (width, height) = (Double(size.x), Double(size.y))
    return (width * width + height * height).squareRoot() / 2
  }
}
