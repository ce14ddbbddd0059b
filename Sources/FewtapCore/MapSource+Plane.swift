/// How a picture that is larger or smaller than the image is read as its map.
public struct MapSampling: Equatable, Sendable {
  /// What stands between the picture's pixels.
  public enum Interpolation: String, CaseIterable, Sendable {
    /// What lies between the four around, linearly along each axis.
    case bilinear
    /// The nearest one.
    case nearest
  }

  /// What stands between the picture's pixels.
  public var interpolation: Interpolation
  /// Whether a picture of another shape is stretched; else it is refused.
  public var stretches: Bool
  /// The way around of values that come around, so that the middle of 350 and 10 degrees is 0; nil for others.
  public var period: Double?

  /// A way to read pictures.
  public init(interpolation: Interpolation = .bilinear, stretches: Bool = false, period: Double? = nil) {
    (self.interpolation, self.stretches, self.period) = (interpolation, stretches, period)
  }

  /// Whether a picture and an image have one shape, but for each side's rounding to whole pixels.
  ///
  /// Equation: sides `w = s W + e`, `h = s H + f` with `|e|, |f| <= 1` make `|w H - h W| <= W + H`.
  static func isAlike(_ map: PixelOffset, _ image: PixelOffset) -> Bool {
    abs(Double(map.x) * Double(image.y) - Double(map.y) * Double(image.x)) <= Double(image.x) + Double(image.y)
  }
}

extension MapSource {
  /// The numbers of a picture. One of the image's size gives them as they are; another is sampled so that pixel centers lie
  /// where they lay: column c of W reads the picture's column `(c + 1/2) w / W - 1/2` of w, the outermost pixels beyond the
  /// first and last center. A NaN reaches as far as its share.
  ///
  /// Throws, when a map is made of it: ``MapError/shapesDiffer(map:image:)``.
  public static func plane(_ plane: Plane<Float>, sampling: MapSampling = MapSampling()) -> MapSource {
    MapSource(rows: { size throws(MapError) in
      let own = PixelOffset(x: plane.width, y: plane.height)
      guard sampling.stretches || MapSampling.isAlike(own, size) else { throw .shapesDiffer(map: own, image: size) }
      guard own != size else {
        return { row, columns, values in
          for (index, column) in columns.enumerated() { values[index] = plane.values[row * plane.width + column] }
        }
      }
      let places = (0..<size.x).map { SamplePlace(of: $0, image: size.x, map: own.x, sampling.interpolation) }
      return { row, columns, values in
        let rows = SamplePlace(of: row, image: size.y, map: own.y, sampling.interpolation)
        for (index, column) in columns.enumerated() {
          values[index] = Float(plane.sample(places[column], rows, period: sampling.period))
        }
      }
    })
  }
}

extension MapSampling {
  /// What a loss changes by with the numbers of a picture, from what it changes by with those of the map that
  /// ``MapSource/plane(_:sampling:)`` makes of it.
  ///
  /// Equation: the adjoint of sampling: `<sample m, c> = <m, adjoint c>`; where values come around, of the turns that were nearest.
  /// Shapes:   `changes`: the map's; `picture` tells that of the result.
  /// Throws:   as ``MapSource/plane(_:sampling:)``.
  public func adjoint(of changes: Plane<Float>, at picture: Plane<Float>) throws(MapError) -> Plane<Float> {
    let (own, size) = (
      PixelOffset(x: picture.width, y: picture.height), PixelOffset(x: changes.width, y: changes.height)
    )
    guard stretches || Self.isAlike(own, size) else { throw .shapesDiffer(map: own, image: size) }
    guard own != size else { return changes }
    let columns = (0..<size.x).map { SamplePlace(of: $0, image: size.x, map: own.x, interpolation) }
    var sums = Plane<Double>(width: own.x, height: own.y)
    for y in 0..<size.y {
      let row = SamplePlace(of: y, image: size.y, map: own.y, interpolation)
      for x in 0..<size.x {
        let (column, change) = (columns[x], Double(changes[x, y]))
        for (line, share) in [(row.first, 1 - row.share), (row.second, row.share)] where share > 0 {
          sums[column.first, line] += share * (1 - column.share) * change
          sums[column.second, line] += share * column.share * change
        }
      }
    }
    return Plane(width: own.x, height: own.y, exactly: sums.values.map { Float($0) })
  }
}

/// The two pixels along an axis that a sample lies between.
private struct SamplePlace {
  let first: Int
  let second: Int
  /// The second one's share.
  let share: Double

  init(of index: Int, image: Int, map: Int, _ interpolation: MapSampling.Interpolation) {
    let place = (Double(index) + 0.5) * (Double(map) / Double(image)) - 0.5
    let inside = min(max(place, 0), Double(map - 1))
    switch interpolation {
    case .nearest:
      first = Int(inside.rounded())
      (second, share) = (first, 0)
    case .bilinear:
      first = Int(inside)
      (second, share) = (min(first + 1, map - 1), inside - Double(first))
    }
  }
}

extension Plane<Float> {
  fileprivate func sample(_ columns: SamplePlace, _ rows: SamplePlace, period: Double?) -> Double {
    let base = Double(self[columns.first, rows.first])
    var sum = 0.0
    for (row, rowShare) in [(rows.first, 1 - rows.share), (rows.second, rows.share)] where rowShare > 0 {
      for (column, columnShare) in [(columns.first, 1 - columns.share), (columns.second, columns.share)]
      where columnShare > 0 {
        var value = Double(self[column, row])
        // The turn that is nearest to the first pixel's.
        if let period { value -= period * ((value - base) / period).rounded() }
        sum += rowShare * columnShare * value
      }
    }
    return sum
  }
}
