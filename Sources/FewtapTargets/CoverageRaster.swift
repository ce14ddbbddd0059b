import FewtapCore

/// Exact areas of outlines in pixels: each pixel holds the area of its unit square that the outlines cover.
///
/// Equation: green's theorem by pixel: an edge that crosses a row by dy covers dy of every pixel to its right and the part
///           of its own pixel that lies to its right; running sums along the rows add this up.
/// Units:    pixel (0, 0) is the middle one, its square reaching 0.5 to each side; +y down.
/// Accuracy: exact for polygons up to rounding, at most `edges * 2^-52` a pixel.
/// Cost:     O(rows and columns that each edge crosses + pixels).
/// Source:   the accumulation buffer of R. Levien's font-rs, 2016, in Double.
package struct CoverageRaster {
  /// Areas below this are rounding (1e6 edges * 2^-52 = 2e-10) and become 0, which keeps the support tight.
  package static let smallestArea = 1e-9

  /// The smallest number of pixels on each side of the middle one that hold an extent of `extent` pixels. A billionth of a pixel
  /// beyond a pixel's edge is rounding, not a reason for another pixel.
  package static func half(holding extent: Double) -> Int { max(0, Int((extent - 0.5 - 1e-9).rounded(.up))) }

  private let width: Int
  private let height: Int
  /// Differences along the rows, with a column to spare for what lies right of the last pixel.
  private var differences: [Double]

  /// An empty raster that reaches `halfWidth` and `halfHeight` pixels to each side of the middle one.
  package init(halfWidth: Int, halfHeight: Int) {
    width = 2 * halfWidth + 1
    height = 2 * halfHeight + 1
    differences = [Double](repeating: 0, count: (width + 2) * height)
  }

  /// Adds `weight` times the area of an outline, whichever way round it runs. What lies outside the raster is pressed
  /// onto its edge, so outlines must fit.
  package mutating func add(_ outline: Outline, weight: Double = 1) {
    let sign = outline.signedArea < 0 ? weight : -weight
    let (size, corner) = (SIMD2(Double(width), Double(height)), SIMD2(Double(width), Double(height)) / 2)
    var start = (outline.points.last ?? .zero) + corner
    start = start.clamped(lowerBound: .zero, upperBound: size)
    for point in outline.points {
      let end = (point + corner).clamped(lowerBound: .zero, upperBound: size)
      if start.y < end.y { addEdge(from: start, to: end, sign: sign) }
      if end.y < start.y { addEdge(from: end, to: start, sign: -sign) }
      start = end
    }
  }

  /// The areas added so far.
  package func areas() -> Plane<Double> {
    var areas = Plane<Double>(width: width, height: height)
    for y in 0..<height {
      var sum = 0.0
      for x in 0..<width {
        sum += differences[y * (width + 2) + x]
        areas[x, y] = abs(sum) < Self.smallestArea ? 0 : sum
      }
    }
    return areas
  }

  /// One edge downwards, row by row.
  private mutating func addEdge(from top: SIMD2<Double>, to bottom: SIMD2<Double>, sign: Double) {
    let slope = (bottom.x - top.x) / (bottom.y - top.y)
    let (low, high) = (min(top.x, bottom.x), max(top.x, bottom.x))
    var x = top.x
    for row in Int(top.y)..<Int(bottom.y.rounded(.up)) {
      let end = min(bottom.y, Double(row + 1))
      let dy = end - max(top.y, Double(row))
      // From the nearer end, and never past an end: steep slopes would carry rounding far to the side.
      let next = end == bottom.y ? bottom.x : min(max(top.x + (end - top.y) * slope, low), high)
      addSpan(row: row, from: min(x, next), to: max(x, next), height: sign * dy)
      x = next
    }
  }

  /// The part of an edge in one row, column by column: it crosses each in proportion to its width there.
  private mutating func addSpan(row: Int, from left: Double, to right: Double, height: Double) {
    let base = row * (width + 2)
    let (first, last) = (Int(left), Int(right))
    for column in first...last {
      let (start, end) = (max(left, Double(column)), min(right, Double(column + 1)))
      let dy = first == last ? height : height * (end - start) / (right - left)
      let toTheLeft = (start + end) / 2 - Double(column)
      differences[base + column] += dy * (1 - toTheLeft)
      differences[base + column + 1] += dy * toTheLeft
    }
  }
}
