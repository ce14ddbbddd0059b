import FewtapCore

/// A closed outline: the polygon through `points`, the last joined to the first.
///
/// Units:    pixels from the kernel's center, +y down.
/// Accuracy: curves become chords that are nowhere further than ``flatness`` from them.
package struct Outline: Equatable, Sendable {
  /// Largest distance between a curve and its chords, in pixels: a coverage is then wrong by at most 1.5e-5 (the longest
  /// line in a pixel is sqrt 2), less than one step of a 16-bit image.
  package static let flatness = 1e-5

  /// The corners in order, either way round.
  package var points: [SIMD2<Double>]

  /// The polygon through `points`.
  package init(_ points: [SIMD2<Double>]) { self.points = points }

  /// Area enclosed, square pixels: positive where the corners turn from +x to +y.
  package var signedArea: Double {
    var doubled = 0.0
    forEachEdge { start, end in doubled += start.x * end.y - end.x * start.y }
    return doubled / 2
  }

  /// Largest distance of a corner from the center along each axis, pixels.
  package var extent: SIMD2<Double> {
    points.reduce(.zero) { pointwiseMax($0, pointwiseMax($1, -$1)) }
  }

  /// Calls `body` with both ends of every edge.
  package func forEachEdge(_ body: (_ start: SIMD2<Double>, _ end: SIMD2<Double>) -> Void) {
    guard var start = points.last else { return }
    for end in points {
      body(start, end)
      start = end
    }
  }

  /// The part inside a convex outline.
  ///
  /// Exact where this outline is convex too; otherwise pieces may stay joined by edges of no area, which change no coverage.
  /// Source: Sutherland, Hodgman, "Reentrant polygon clipping", CACM 17(1), 1974.
  package func clipped(to convex: Outline) -> Outline {
    let side = convex.signedArea < 0 ? -1.0 : 1.0
    var clipped = self
    convex.forEachEdge { start, end in
      let edge = end - start
      func height(_ point: SIMD2<Double>) -> Double {
        let offset = point - start
        return side * (edge.x * offset.y - edge.y * offset.x)
      }
      var kept: [SIMD2<Double>] = []
      clipped.forEachEdge { from, to in
        let (before, after) = (height(from), height(to))
        if (before < 0) != (after < 0) { kept.append(from + (to - from) * (before / (before - after))) }
        if after >= 0 { kept.append(to) }
      }
      clipped.points = kept
    }
    return clipped
  }
}

extension Outline {
  /// An ellipse; `angle` turns it, degrees counterclockwise as seen.
  static func ellipse(center: SIMD2<Double> = .zero, radiusX: Double, radiusY: Double, angle: Double = 0) -> Outline {
    // The second derivative by the angle is as long as the larger radius; whole quarters keep the extremes exact.
    let quarter = chords(over: .pi / 2, acceleration: max(radiusX, radiusY))
    let axis = direction(degrees: angle)
    return Outline(
      (0..<4 * quarter).map { index in
        let point = direction(degrees: 90 * Double(index) / Double(quarter)) * SIMD2(radiusX, radiusY)
        // `axis` is (cos, -sin): a turn counterclockwise as seen where +y is down.
        return center + SIMD2(axis.x * point.x - axis.y * point.y, axis.y * point.x + axis.x * point.y)
      })
  }

  /// A rectangle about `center`, `length` along the direction `along` (a unit vector) and `width` across.
  static func rectangle(
    center: SIMD2<Double> = .zero, along: SIMD2<Double> = SIMD2(1, 0), length: Double, width: Double
  ) -> Outline {
    let half = along * (length / 2)
    let across = SIMD2(-along.y, along.x) * (width / 2)
    return Outline([center - half - across, center + half - across, center + half + across, center - half + across])
  }

  /// A regular polygon, a corner straight up turned by `rotation` degrees counterclockwise; its sides are arcs whose
  /// height is `curvature` times that of the circumscribed circle.
  static func polygon(corners: Int, radius: Double, curvature: Double, rotation: Double) -> Outline {
    let step = 360 / Double(corners)
    func corner(_ index: Int) -> SIMD2<Double> { direction(degrees: 90 + rotation + step * Double(index)) * radius }
    // An arc of height h over a chord 2c opens by 2a, tan(a / 2) = h / c; a side of the polygon has h / c = tan(pi / 2n)
    // on the circumscribed circle.
    let (cosine, sine) = cosineAndSine(radians: .pi / Double(2 * corners))
    let opening = 2 * arctangent(curvature * sine / cosine)
    // An arc is lower than half its opening times its chord's half: one that the flatness hides is its chord.
    guard opening.magnitude * radius > flatness else { return Outline((0..<corners).map(corner)) }
    return Outline(
      (0..<corners).flatMap { index in
        arc(from: corner(index), to: corner(index + 1), opening: opening)
      })
  }

  /// Chords of a circular arc, without its end; `opening` is the angle between chord and tangent in radians, positive if
  /// the arc bulges away from the center.
  private static func arc(from start: SIMD2<Double>, to end: SIMD2<Double>, opening: Double) -> [SIMD2<Double>] {
    let middle = (start + end) / 2
    let half = (end - start) / 2
    let halfLength = (half * half).sum().squareRoot()
    let outward = middle / (middle * middle).sum().squareRoot()
    let radius = halfLength / cosineAndSine(radians: opening).sine
    let count = chords(over: 2 * opening, acceleration: radius.magnitude)
    return (0..<count).map { index in
      let angle = opening * (2 * Double(index) / Double(count) - 1)
      // cos(angle) - cos(opening), written so that flat arcs keep their digits.
      let rise =
        2 * cosineAndSine(radians: (opening + angle) / 2).sine * cosineAndSine(radians: (opening - angle) / 2).sine
      let run = cosineAndSine(radians: angle).sine * radius / halfLength
      return middle + half * run + outward * (radius * rise)
    }
  }

  /// A star: corners at `radius` and `inner` in turn, one of the outer straight up turned by `rotation`.
  static func star(points: Int, radius: Double, inner: Double, rotation: Double) -> Outline {
    let step = 180 / Double(points)
    return Outline(
      (0..<2 * points).map { index in
        direction(degrees: 90 + rotation + step * Double(index)) * (index % 2 == 0 ? radius : inner)
      })
  }

  /// The heart `(x^2 + y^2 - 0.6)^3 = x^2 y^3` (y up), upright, in units of `scale` pixels about `center`.
  ///
  /// In polar form about its middle, the radius is r = q^3 with `q^6 - k q^5 = 0.6`, `k = cos(a) |sin(a)|^(2/3)` and `a` the angle
  /// from straight up. The outline has cusps above and below; `a = pi w(s)` with `w = s^3 (10 - 15 s + 6 s^2)` starts and
  /// ends like a cube, which makes the curve smooth in s, so that chords of equal s approach it at second order.
  package static func heart(center: SIMD2<Double>, scale: Double) -> Outline {
    // 73.9 is the largest |second derivative| by s of the unit heart, found on a grid of 2e5 steps; 75 bounds it.
    let count = chords(over: 1, acceleration: 75 * scale)
    let right = (0...count).map { index -> SIMD2<Double> in
      let s = Double(index) / Double(count)
      let (cosine, sine) = cosineAndSine(radians: .pi * s * s * s * (10 - 15 * s + 6 * s * s))
      let k = cosine * cubeRoot(sine * sine)
      // f = q^6 - k q^5 - 0.6 rises and is convex right of its root (k < 0.58), where 1.3 lies: Newton's steps only fall.
      var q = 1.3
      while true {
        let fourth = q * q * q * q
        let step = ((q - k) * fourth * q - 0.6) / ((6 * q - 5 * k) * fourth)
        guard step > 0, q - step < q else { break }
        q -= step
      }
      let radius = q * q * q
      return SIMD2(radius * sine, -radius * cosine)
    }
    // The halves share the cusps, which lie on the axis.
    let left = right.dropFirst().dropLast().reversed().map { SIMD2(-$0.x, $0.y) }
    return Outline((right + left).map { center + $0 * scale })
  }

  /// How many chords of equal parameter steps keep a curve over a parameter range of `span` within ``flatness``.
  ///
  /// Equation: a chord over a step h errs by at most h^2 max|c''| / 8, `acceleration` bounding |c''|.
  private static func chords(over span: Double, acceleration: Double) -> Int {
    max(1, Int((span * (acceleration / (8 * flatness)).squareRoot()).magnitude.rounded(.up)))
  }
}
