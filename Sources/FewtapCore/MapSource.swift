/// Where the values of one parameter of a ``ParameterMap`` come from: a constant, a picture, a place in the image.
///
/// Units: the parameter's own; positions are columns and rows, pixel (0, 0) in the middle of the top left one, +y down.
/// Accuracy: reckoned in Double for each pixel alone and rounded to Float once, and once more where values are changed; held by
///           FewtapCoreTests/MapSourceTests.
public struct MapSource: Sendable {
  /// Fills some columns of a row.
  package typealias Row =
    @Sendable (
      _ row: Int, _ columns: Range<Int>, _ values: UnsafeMutableBufferPointer<Float>
    ) -> Void
  /// What fills the rows of an image of a size.
  private let make: @Sendable (PixelOffset) throws(MapError) -> Row

  /// A source whose rows are made for an image of so many columns and rows.
  package init(rows make: @escaping @Sendable (_ size: PixelOffset) throws(MapError) -> Row) { self.make = make }

  /// A source whose values follow from the place alone: `value` gets column and row.
  init(places make: @escaping @Sendable (_ size: PixelOffset) throws(MapError) -> @Sendable (Double, Double) -> Double)
  {
    self.init(rows: { size throws(MapError) in
      let value = try make(size)
      return { row, columns, values in
        for (index, column) in columns.enumerated() { values[index] = Float(value(Double(column), Double(row))) }
      }
    })
  }

  /// The same value everywhere.
  public static func constant(_ value: Double) -> MapSource {
    MapSource(rows: { _ in { _, _, values in values.update(repeating: Float(value)) } })
  }

  /// The same source with `change` applied to every value.
  public func mapping(_ change: @escaping @Sendable (Double) -> Double) -> MapSource {
    MapSource(rows: { [make] size throws(MapError) in
      let row = try make(size)
      return { index, columns, values in
        row(index, columns, values)
        for index in values.indices { values[index] = Float(change(Double(values[index]))) }
      }
    })
  }

  /// What fills the rows of an image.
  func rows(width: Int, height: Int) throws(MapError) -> Row { try make(PixelOffset(x: width, y: height)) }
}

extension ParameterMap {
  /// A map of an image whose parameters come from `sources`, one an axis; values are made when they are asked for.
  ///
  /// Throws: ``MapError`` if a source has no values for an image of this size.
  public init(width: Int, height: Int, _ sources: [MapSource]) throws(MapError) {
    var rows: [MapSource.Row] = []
    for source in sources { rows.append(try source.rows(width: width, height: height)) }
    let fixed = rows
    self.init(width: width, height: height, axisCount: rows.count) { axis, row, columns, values in
      fixed[axis](row, columns, values)
    }
  }
}

/// Why there is no parameter map, or none that a basis can use.
public enum MapError: Error, Equatable, CustomStringConvertible {
  /// The picture has another shape than the image.
  case shapesDiffer(map: PixelOffset, image: PixelOffset)
  /// A pixel's parameter is NaN (or infinite, where values come around).
  case notANumber(axis: String, x: Int, y: Int, value: Float)
  /// Pixels whose parameter is outside of what the basis was made for.
  case outside(axis: String, count: Int, seen: ClosedRange<Float>, allowed: ClosedRange<Double>)
  /// A number that describes a source cannot be.
  case malformed(String, value: Double, expected: String)
  /// The picture holds no number at all.
  case empty(String)
  /// A map has no plane.
  case noPlanes
  /// A plane of a map has another size than the first.
  case planesDiffer(axis: Int, found: PixelOffset, expected: PixelOffset)
  /// A plane of a map has more or fewer values than its size says.
  case planeCount(axis: Int, expected: Int, found: Int)
  /// A map does not have one value for each of the parameters.
  case axisCount(found: Int, names: [String])

  /// The sentence that a user reads.
  public var description: String {
    switch self {
    case .shapesDiffer(let map, let image):
      "the map is \(map.x)x\(map.y) and the image \(image.x)x\(image.y): their shapes must be alike, or the map must be "
        + "stretched (--stretch)"
    case .notANumber(let axis, let x, let y, let value):
      "\(axis) is \(value) at column \(x), row \(y): it must be a number, or say what it stands for (--map-nan low or high)"
    case .outside(let axis, let count, let seen, let allowed):
      "\(axis) is outside of \(allowed.lowerBound)...\(allowed.upperBound) at \(count) pixel\(count == 1 ? "" : "s") (the map has "
        + "\(seen.lowerBound)...\(seen.upperBound)): change the map, or let it be clamped (without --strict)"
    case .malformed(let what, let value, let expected): "\(what) is \(value): it must be \(expected)"
    case .empty(let what): "\(what) holds no number"
    case .noPlanes: "a parameter map needs at least one plane: one for each parameter"
    case .planesDiffer(let axis, let found, let expected):
      "plane \(axis) of the parameter map is \(found.x)x\(found.y), unlike the first: all must be \(expected.x)x\(expected.y)"
    case .planeCount(let axis, let expected, let found):
      "plane \(axis) of the parameter map holds \(found) values: its size asks for \(expected)"
    case .axisCount(let found, let names):
      "the parameter map has \(found) values a pixel: expected \(names.count) (\(names.joined(separator: ", ")))"
    }
  }

  /// Throws ``malformed(_:value:expected:)`` unless `condition` holds.
  static func require(
    _ condition: Bool, _ what: @autoclosure () -> String, _ value: Double, _ expected: @autoclosure () -> String
  ) throws(MapError) {
    guard condition else { throw .malformed(what(), value: value, expected: expected()) }
  }
}
