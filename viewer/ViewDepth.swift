import FewtapCore
import Foundation

/// Depths of the image's pixels and the blur that they give, from which a page makes the map of one parameter anew for every
/// focus and f-stop that its reader chooses. It begins with the map of `MapSource.depth`, to rounding.
///
/// Equation: what radii are proportional to (``FewtapCore/DepthBlur``) is kept as `low + (high - low) code / 65535`, and where
///           all codes are multiples of 257 as `code / 257` in 8 bits: an 8-bit image of depths of no unit loses nothing.
public struct ViewDepth: Equatable, Sendable {
  /// The parameter that is a radius: its index in the basis.
  public let axis: Int
  let width: Int, height: Int
  private let blur: DepthBlur
  private let fNumber: Double
  /// What the laws without a lens are scaled by.
  private let bounds: [Double]
  private let low: Double, high: Double
  private let codes: [UInt16]

  /// Depths of an image of the plane's size, and blur by them.
  ///
  /// `fNumber` divides the radii of laws without a lens; a lens has its own. `depths` are those that such laws are scaled by.
  /// Throws: ``ViewError/blur(_:)`` for a blur that cannot be; ``ViewError/depth(x:y:value:)`` where a pixel has no depth.
  public init(
    _ plane: Plane<Float>, _ blur: DepthBlur, fNumber: Double = 1, depths: ClosedRange<Double>, axis: Int
  ) throws(ViewError) {
    do {
      _ = try blur.signedRadius(depths: depths, width: plane.width)
    } catch {
      throw .blur(error)
    }
    guard fNumber.isFinite, fNumber > 0 else {
      throw .blur(.malformed("the f-stop", value: fNumber, expected: "more than 0"))
    }
    (self.axis, width, height) = (axis, plane.width, plane.height)
    (self.blur, self.fNumber) = (blur, fNumber)
    let coordinate = blur.coordinate
    let ends = [depths.lowerBound, depths.upperBound].map(coordinate)
    bounds = blur.lens == nil ? ends.filter(\.isFinite) : []
    // No lens focuses nearer than its focal length.
    let nearest = blur.lens.map { -1000 / $0.focalLength } ?? -.infinity
    var places: [Double] = []
    places.reserveCapacity(plane.values.count)
    for (index, value) in plane.values.enumerated() {
      let place = max(coordinate(Double(value)), nearest)
      guard place.isFinite else { throw .depth(x: index % width, y: index / width, value: value) }
      places.append(place)
    }
    var (low, high) = places.reduce((Double.infinity, -Double.infinity)) { (min($0.0, $1), max($0.1, $1)) }
    // Depths of no unit: codes of an image stay codes.
    if blur.law == .linear { (low, high) = (min(low, ends.min() ?? low), max(high, ends.max() ?? high)) }
    let step = high > low ? 65535 / (high - low) : 0
    codes = places.map { [low] in UInt16((($0 - low) * step).rounded()) }
    (self.low, self.high) = (low, high)
  }

  var json: String {
    let isShort = codes.allSatisfy { $0.isMultiple(of: 257) }
    let text = isShort ? Data(codes.map { UInt8($0 / 257) }).base64EncodedString() : base64(codes)
    let lens = blur.lens.map { lens in
      object([
        ("focalLength", number(lens.focalLength)),
        ("pixelsPerMillimeter", number(Double(width) / lens.sensorWidth)),
      ])
    }
    return object([
      ("axis", number(axis)), ("bits", number(isShort ? 8 : 16)), ("codes", quoted(text)), ("low", number(low)),
      ("high", number(high)), ("law", quoted(law)), ("isInverted", blur.isInverted ? "true" : "false"),
      ("near", number(blur.sharp.lowerBound)), ("far", number(blur.sharp.upperBound)),
      ("focus", number(blur.focusCoordinate)), ("stop", number(blur.lens?.fNumber ?? fNumber)),
      ("largest", number(blur.largestRadius)), ("bounds", array(bounds.map { number($0) })), ("lens", lens ?? "null"),
    ])
  }

  private var law: String {
    switch blur.law {
    case .lens: "lens"
    case .reciprocal: "reciprocal"
    case .linear: "linear"
    }
  }
}
