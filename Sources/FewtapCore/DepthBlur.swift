/// A lens as photographers name it, focused at a distance: how large the image of a point at another distance is.
///
/// Equation: a point at distance d has a circle of confusion of diameter `c = A F / (f - F) |d - f| / d` on the sensor, where
///           `A = F / N` is the aperture, F the focal length, f the distance in focus; which is `A F f / (f - F) |1/d - 1/f|`.
/// Units:    millimeters for the lens and sensor, meters for distances, pixels for radii.
/// Source:   M. Potmesil, I. Chakravarty, A lens and aperture camera model for synthetic image generation, SIGGRAPH 1981,
///           Computer Graphics 15(3), 297-305, doi:10.1145/965161.806818.
public struct ThinLens: Equatable, Sendable {
  /// F, mm.
  public var focalLength: Double
  /// N: the focal length divided by the aperture's diameter.
  public var fNumber: Double
  /// Width of the part of the sensor that the image shows, mm.
  public var sensorWidth: Double

  /// A lens; on a full-frame sensor by default.
  public init(focalLength: Double, fNumber: Double, sensorWidth: Double = 36) {
    (self.focalLength, self.fNumber, self.sensorWidth) = (focalLength, fNumber, sensorWidth)
  }

  /// Radius in pixels of the circle of confusion for a difference of 1 in 1/distance, 1/m, in an image `width` pixels wide.
  func radiusPerDiopter(focus: Double, width: Int) throws(MapError) -> Double {
    for (name, value) in [("focal length", focalLength), ("f-stop", fNumber), ("sensor's width", sensorWidth)] {
      try MapError.require(value.isFinite && value > 0, "the \(name)", value, "more than 0")
    }
    let (aperture, distance) = (focalLength / fNumber, focus * 1000)
    try MapError.require(
      distance.isFinite && distance > focalLength, "the distance in focus", focus,
      "more than the focal length, \(focalLength / 1000) m")
    let diameter = aperture * focalLength * distance / (distance - focalLength) / 1000
    return diameter / 2 * (Double(width) / sensorWidth)
  }
}

/// How blurred a pixel is by its depth.
///
/// Equation: radius = scale (g(d) - the nearest g in focus), negative in front of what is in focus, cut off at the largest
///           radius. g is 1/d turned round (`-1/d`) where blur follows a lens, or the depth itself; g of a map that rises
///           toward the camera is its value turned round. Nothing is blurred between the ends of the focus range: the radius
///           is exactly 0 there.
public struct DepthBlur: Equatable, Sendable {
  /// What the radius follows.
  public enum Law: Equatable, Sendable {
    /// A lens: depths are distances in meters; of an inverted map, 1/m.
    case lens(ThinLens)
    /// Distances in any unit, as a lens sees them: the depth that is farthest out of focus (in 1/distance) gets the largest
    /// radius.
    case reciprocal
    /// Depths of no unit, painted or estimated: blur rises in proportion to the difference from the focus, and the depth that
    /// is farthest out of focus gets the largest radius. Right for a lens if depths are 1/distance, as most estimators give.
    case linear
  }

  /// What the radius follows.
  public var law: Law
  /// Nearest and farthest depth that are sharp; in meters for a lens, else in the map's values. A single depth is a range.
  public var focus: ClosedRange<Double>
  /// Where between them a lens is focused; nil: in the middle. The others do not ask.
  public var focusedAt: Double?
  /// Whether the map is larger where it is nearer: 1/distance, also called disparity.
  public var isInverted: Bool
  /// Largest radius, px.
  public var largestRadius: Double

  /// Blur of given parts.
  public init(
    law: Law, focus: ClosedRange<Double>, focusedAt: Double? = nil, isInverted: Bool = false, largestRadius: Double
  ) {
    (self.law, self.focus, self.focusedAt) = (law, focus, focusedAt)
    (self.isInverted, self.largestRadius) = (isInverted, largestRadius)
  }

  /// The radius, px, by a value of the map; negative in front of the focus; NaN for what is no depth.
  ///
  /// `depths` are the least and the largest value of the map, which the laws without a lens are scaled by; `width` is the
  /// image's, in pixels.
  /// Throws: ``MapError/malformed(_:value:expected:)``.
  public func signedRadius(
    depths: ClosedRange<Double>, width: Int
  ) throws(MapError) -> @Sendable (Double) -> Double {
    try MapError.require(
      largestRadius.isFinite && largestRadius > 0, "the largest radius", largestRadius, "more than 0 px")
    let isDistance = law != .linear
    for value in [focus.lowerBound, focus.upperBound] {
      let isDepth = value.isFinite && (!isDistance || value > 0)
      try MapError.require(isDepth, "the depth in focus", value, isDistance ? "more than 0" : "a finite number")
    }
    let coordinate = self.coordinate
    let (near, far) = (sharp.lowerBound, sharp.upperBound)
    let scale: Double
    if let lens {
      try MapError.require(focus.contains(lensFocus), "the focus", lensFocus, "in the range that stays sharp")
      scale = try lens.radiusPerDiopter(focus: lensFocus, width: width)
    } else {
      let bounds = [depths.lowerBound, depths.upperBound].map(coordinate)
      let farthest = bounds.map { max(near - $0, $0 - far) }.filter(\.isFinite).reduce(0, max)
      scale = farthest > 0 ? largestRadius / farthest : 0
    }
    return { [largestRadius] depth in
      let place = coordinate(depth)
      let difference = place - min(max(place, near), far)
      guard difference != 0 else { return 0 }
      return min(max(scale * difference, -largestRadius), largestRadius)
    }
  }

  /// The lens, if blur follows one.
  package var lens: ThinLens? { if case .lens(let lens) = law { lens } else { nil } }

  /// Where a lens is focused, m.
  private var lensFocus: Double { focusedAt ?? (focus.lowerBound + focus.upperBound) / 2 }

  /// What is sharp, as ``coordinate`` has it; a lens' focus is told in meters even where its map is in 1/m.
  package var sharp: ClosedRange<Double> {
    let ends = [focus.lowerBound, focus.upperBound].map { lens != nil ? -1 / $0 : coordinate($0) }
    return min(ends[0], ends[1])...max(ends[0], ends[1])
  }

  /// What is in focus, as ``coordinate`` has it.
  package var focusCoordinate: Double {
    if lens != nil { return -1 / lensFocus }
    return focusedAt.map(coordinate) ?? (sharp.lowerBound + sharp.upperBound) / 2
  }

  /// What the radius is proportional to, rising away from the camera; NaN for what is no depth.
  package var coordinate: @Sendable (Double) -> Double {
    switch (isInverted, law) {
    case (true, .linear): { -$0 }
    case (true, _): { $0 >= 0 ? -$0 : .nan }
    case (false, .linear): { $0 }
    case (false, _): { $0 > 0 ? -1 / $0 : .nan }
    }
  }
}

extension MapSource {
  /// Radii of blur from a picture of depths, px; `isSigned`: negative in front of the focus.
  ///
  /// `depths` are the least and the largest depth to reckon with; nil: those of the picture.
  /// Throws, when a map is made of it: ``MapError``.
  public static func depth(
    _ plane: Plane<Float>, _ blur: DepthBlur, depths: ClosedRange<Double>? = nil, isSigned: Bool = false,
    sampling: MapSampling = MapSampling()
  ) -> MapSource {
    MapSource(rows: { size throws(MapError) in
      guard let range = depths ?? plane.finiteRange else { throw .empty("the depth map") }
      let radius = try blur.signedRadius(depths: range, width: size.x)
      let source = MapSource.plane(plane, sampling: sampling).mapping { isSigned ? radius($0) : abs(radius($0)) }
      return try source.rows(width: size.x, height: size.y)
    })
  }
}

extension Plane<Float> {
  /// The least and the largest finite number; nil if there is none.
  package var finiteRange: ClosedRange<Double>? {
    var (low, high) = (Float.infinity, -Float.infinity)
    for value in values where value.isFinite { (low, high) = (min(low, value), max(high, value)) }
    return low <= high ? Double(low)...Double(high) : nil
  }
}
