import FewtapCore

/// A parameter map as a page holds it: 16 bits a value, one number where all pixels have the same, or the depths that it is made of.
///
/// Equation: `value = low + (high - low) code / 65535`, low and high the ends of the parameter's range.
struct ViewMap: Equatable, Sendable {
  let width: Int, height: Int
  private let planes: [Values]
  let depth: ViewDepth?

  /// Values of one parameter.
  private enum Values: Equatable {
    case codes([UInt16])
    case constant(Float)
    case ofDepths

    var json: String {
      switch self {
      case .codes(let codes): quoted(base64(codes))
      case .constant(let value): number(Double(value))
      case .ofDepths: "null"
      }
    }
  }

  /// Throws: ``ViewError/mapAxes(found:expected:)``; ``ViewError/mapValue(axis:x:y:value:expected:)``;
  /// ``ViewError/depthSize(found:expected:)``.
  init(_ map: ParameterMap, _ axes: [ParameterAxis], _ depth: ViewDepth?) throws(ViewError) {
    guard map.axisCount == axes.count else { throw .mapAxes(found: map.axisCount, expected: axes.count) }
    if let depth {
      guard axes.indices.contains(depth.axis) else { throw .mapAxes(found: depth.axis + 1, expected: axes.count) }
      let (found, expected) = (
        PixelOffset(x: depth.width, y: depth.height), PixelOffset(x: map.width, y: map.height)
      )
      guard found == expected else { throw .depthSize(found: found, expected: expected) }
    }
    (width, height, self.depth) = (map.width, map.height, depth)
    var planes: [Values] = []
    for (index, axis) in axes.enumerated() {
      guard index != depth?.axis else {
        planes.append(.ofDepths)
        continue
      }
      let plane = map.plane(axis: index)
      let codes = try Self.codes(plane, axis)
      let first = plane.values[0]
      planes.append(plane.values.allSatisfy { $0 == first } ? .constant(first) : .codes(codes))
    }
    self.planes = planes
  }

  private static func codes(_ plane: Plane<Float>, _ axis: ParameterAxis) throws(ViewError) -> [UInt16] {
    let range = axis.range
    let step = 65535 / (range.upperBound - range.lowerBound)
    var codes = [UInt16](repeating: 0, count: plane.values.count)
    for (place, value) in plane.values.enumerated() {
      let code = ((Double(value) - range.lowerBound) * step).rounded()
      // Ends of a range that no Float is are left by a bit.
      guard code >= -1, code <= 65536 else {
        throw .mapValue(
          axis: axis.name, x: place % plane.width, y: place / plane.width, value: value, expected: range)
      }
      codes[place] = UInt16(min(max(code, 0), 65535))
    }
    return codes
  }

  var json: String {
    object([
      ("width", number(width)), ("height", number(height)), ("planes", array(planes.map(\.json))),
      ("depth", depth?.json ?? "null"),
    ])
  }
}
