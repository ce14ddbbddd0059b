import FewtapCore

/// A rectangle of the picture.
struct PlaceBox: Sendable {
  var x0: Double
  var y0: Double
  var x1: Double
  var y1: Double

  func grown(by reach: Double) -> PlaceBox { PlaceBox(x0: x0 - reach, y0: y0 - reach, x1: x1 + reach, y1: y1 + reach) }
  func meets(_ other: PlaceBox) -> Bool { x0 <= other.x1 && other.x0 <= x1 && y0 <= other.y1 && other.y0 <= y1 }
}

/// The signed circle of confusion of a flat surface: affine in the picture.
struct SurfaceBlur: Sendable {
  var offset: Double
  var slope = SIMD2<Double>.zero

  @inline(__always)
  func at(_ q: SIMD2<Double>) -> Double { offset + slope.x * q.x + slope.y * q.y }

  /// The blur and the place, in the pinhole's picture, of what is seen at `p` through the point u of the lens.
  ///
  /// Equation: `q = p - c u` and `c = offset + slope . q` make `c = (offset + slope . p) / (1 + slope . u)`.
  @inline(__always)
  func seen(at p: SIMD2<Double>, through u: SIMD2<Double>) -> (blur: Double, q: SIMD2<Double>) {
    let blur = at(p) / (1 + slope.x * u.x + slope.y * u.y)
    return (blur, p - blur * u)
  }
}

/// A part of a plane.
enum SurfaceShape: Sendable {
  case everywhere
  case below(Double)
  case box(PlaceBox)
  /// Around a place, with half axes along and across a direction.
  case ellipse(SIMD2<Double>, along: SIMD2<Double>, SIMD2<Double>)
  /// All within a distance of a segment.
  case line(SIMD2<Double>, SIMD2<Double>, halfWidth: Double)

  @inline(__always)
  func contains(_ q: SIMD2<Double>) -> Bool {
    switch self {
    case .everywhere: return true
    case .below(let row): return q.y >= row
    case .box(let box): return q.x >= box.x0 && q.x < box.x1 && q.y >= box.y0 && q.y < box.y1
    case .ellipse(let place, let along, let axes):
      let d = q - place
      let (a, b) = ((d.x * along.x + d.y * along.y) / axes.x, (d.y * along.x - d.x * along.y) / axes.y)
      return a * a + b * b <= 1
    case .line(let from, let to, let half):
      let (d, way) = (q - from, to - from)
      let t = min(max((d.x * way.x + d.y * way.y) / (way.x * way.x + way.y * way.y), 0), 1)
      let e = d - t * way
      return e.x * e.x + e.y * e.y <= half * half
    }
  }

  func bounds(_ picture: PlaceBox) -> PlaceBox {
    switch self {
    case .everywhere: picture
    case .below(let row): PlaceBox(x0: picture.x0, y0: row, x1: picture.x1, y1: picture.y1)
    case .box(let box): box
    case .ellipse(let place, _, let axes):
      PlaceBox(x0: place.x, y0: place.y, x1: place.x, y1: place.y).grown(by: max(axes.x, axes.y))
    case .line(let from, let to, let half):
      PlaceBox(x0: min(from.x, to.x), y0: min(from.y, to.y), x1: max(from.x, to.x), y1: max(from.y, to.y)).grown(
        by: half)
    }
  }
}

/// What a surface looks like.
enum SurfacePaint: Sendable {
  case plain(SIMD3<Double>)
  /// Lit and dark windows, a sky above.
  case windows(cell: SIMD2<Double>, sky: Double, height: Double)
  /// Tiles on the ground: cells of equal depth, by 1/depth along the picture's rows.
  case tiles(horizon: Double, middle: Double, scale: Double)
  /// A sign with strokes like letters.
  case letters(origin: SIMD2<Double>, cell: Double, paper: SIMD3<Double>, ink: SIMD3<Double>)
  /// A leaf with a bright rib.
  case leaf(SIMD2<Double>, along: SIMD2<Double>, rib: Double, SIMD3<Double>)
  case stripes(period: Double, SIMD3<Double>, SIMD3<Double>)

  private static let text = [
    "###.#...#.###.#.#.", "#...#...#..#..###.", "##..#.#.#..#..#.#.", "#...##.##..#..#.#.", "..................",
    ".##..###.#.#.#...#", "#..#.#...###.##.##", "#..#.##..#.#.#.#.#", ".##..#...#.#.#...#", "..................",
  ]

  /// A number for a cell, 0 to 1.
  private static func hash(_ x: Double, _ y: Double) -> Double {
    let (i, j) = (UInt64(bitPattern: Int64(x)), UInt64(bitPattern: Int64(y)))
    var z = i &* 0x9e37_79b9_7f4a_7c15 ^ j &* 0xd1b5_4a32_d192_ed03
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return Double((z ^ (z >> 31)) >> 11) * 0x1p-53
  }

  func color(_ q: SIMD2<Double>) -> SIMD3<Double> {
    switch self {
    case .plain(let color): return color
    case .windows(let cell, let sky, let height):
      guard q.y >= sky else {
        let t = max(0, min(1, q.y / sky))
        return SIMD3(0.25, 0.42, 0.75) * (1 - t) + SIMD3(0.95, 0.7, 0.5) * t
      }
      let place = q / cell
      let corner = place.rounded(.down)
      let inside = place - corner
      let wall = SIMD3(0.10, 0.085, 0.08) * (0.6 + 0.8 * Self.hash(corner.x + 1000, (q.y / height * 40).rounded(.down)))
      guard inside.x > 0.2, inside.x < 0.8, inside.y > 0.2, inside.y < 0.85 else { return wall }
      let value = Self.hash(corner.x, corner.y)
      if inside.x > 0.48, inside.x < 0.52 { return wall }
      return value < 0.45
        ? SIMD3(0.03, 0.04, 0.06)
        : SIMD3(1.0, 0.72 + 0.2 * Self.hash(corner.y, corner.x), 0.35) * (0.35 + 1.4 * (value - 0.45))
    case .tiles(let horizon, let middle, let scale):
      // Depth along the ground is in inverse proportion to the rows below the horizon.
      let depth = scale / max(q.y - horizon, 1e-3)
      let (across, along) = ((q.x - middle) * depth / scale * 7, depth * 9)
      let value = Self.hash(across.rounded(.down), along.rounded(.down))
      // Tiles too small to be seen become their mean.
      let seen = max(0, min(1, 1.5 - depth * depth / 40))
      let light = 0.25 + seen * (0.42 * value - 0.21)
      return SIMD3(light, 0.92 * light, 0.8 * light)
    case .letters(let origin, let cell, let paper, let ink):
      let place = ((q - origin) / cell).rounded(.down)
      guard place.x >= 0, place.y >= 0 else { return paper }
      let row = Self.text[Int(place.y) % Self.text.count].utf8
      let column = row[row.index(row.startIndex, offsetBy: Int(place.x) % row.count)]
      return column == UInt8(ascii: "#") ? ink : paper
    case .leaf(let place, let along, let rib, let color):
      let d = q - place
      let across = d.y * along.x - d.x * along.y
      return abs(across) < rib ? color * 1.9 : color * (across > 0 ? 1 : 0.7)
    case .stripes(let period, let a, let b):
      let place = q.x / period
      return place - place.rounded(.down) < 0.5 ? a : b
    }
  }
}

/// A flat thing in a ``DepthScene``.
struct DepthSurface: Sendable {
  var blur: SurfaceBlur
  var shape: SurfaceShape
  var paint: SurfacePaint
  /// Where it is in the pinhole's picture.
  var bounds: PlaceBox
  /// The smallest signed blur that it has.
  var nearest: Double
  /// How far it is spread by the lens, px.
  var reach: Double

  init(_ blur: SurfaceBlur, _ shape: SurfaceShape, _ paint: SurfacePaint, in picture: PlaceBox) {
    (self.blur, self.shape, self.paint) = (blur, shape, paint)
    bounds = shape.bounds(picture)
    let corners = [
      SIMD2(bounds.x0, bounds.y0), SIMD2(bounds.x1, bounds.y0), SIMD2(bounds.x0, bounds.y1),
      SIMD2(bounds.x1, bounds.y1),
    ].map(blur.at)
    // Parts beyond the picture's edges come into it through the lens.
    let (low, high) = (corners.min() ?? 0, corners.max() ?? 0)
    let slope = (abs(blur.slope.x) + abs(blur.slope.y)) * max(abs(low), abs(high))
    nearest = low - 2 * slope
    reach = max(abs(low), abs(high)) * 1.25 + 2
  }

  @inline(__always)
  func color(_ q: SIMD2<Double>) -> SIMD3<Double> { paint.color(q) }
}

/// A small round light, added to what is behind it.
struct DepthLight: Sendable {
  var place: SIMD2<Double>
  var radius: Double
  var blur: Double
  var color: SIMD3<Double>

  func covers(_ q: SIMD2<Double>) -> Bool {
    let d = q - place
    return d.x * d.x + d.y * d.y <= radius * radius
  }

  var bounds: PlaceBox {
    PlaceBox(x0: place.x, y0: place.y, x1: place.x, y1: place.y).grown(by: radius + abs(blur) + 2)
  }
}

/// What stands in the street, in proportion to the picture.
struct DepthStreet {
  var surfaces: [DepthSurface] = []
  var lights: [DepthLight] = []

  init(width: Double, height: Double, radius: Double) {
    let unit = height / 1080
    let picture = PlaceBox(x0: -2 * radius, y0: -2 * radius, x1: width + 2 * radius, y1: height + 2 * radius)
    func point(_ x: Double, _ y: Double) -> SIMD2<Double> { SIMD2(x * width, y * height) }
    func add(_ blur: SurfaceBlur, _ shape: SurfaceShape, _ paint: SurfacePaint) {
      surfaces.append(DepthSurface(blur, shape, paint, in: picture))
    }
    func line(_ blur: Double, _ a: SIMD2<Double>, _ b: SIMD2<Double>, _ thickness: Double, _ color: SIMD3<Double>) {
      add(SurfaceBlur(offset: blur * radius), .line(a, b, halfWidth: thickness / 2 * unit), .plain(color))
    }
    var random = SeededGenerator(seed: 77)

    // The wall, far away, and the ground up to the camera: at its lowest row as near as anything.
    let horizon = 0.52 * height
    add(
      SurfaceBlur(offset: 0.8 * radius), .everywhere,
      .windows(cell: SIMD2(58, 47) * unit, sky: 0.2 * height, height: height))
    let slope = -1.6 * radius / (0.48 * height)
    add(
      SurfaceBlur(offset: 0.78 * radius - slope * horizon, slope: SIMD2(0, slope)), .below(horizon),
      .tiles(horizon: horizon - 0.04 * height, middle: 0.5 * width, scale: 0.5 * height))

    // In focus: a sign on a post, wires and twigs before the sky.
    let (paper, ink) = (SIMD3(0.85, 0.82, 0.7), SIMD3(0.05, 0.06, 0.2))
    add(
      SurfaceBlur(offset: 0), .box(PlaceBox(x0: 0.40 * width, y0: 0.30 * height, x1: 0.60 * width, y1: 0.58 * height)),
      .letters(origin: point(0.41, 0.32), cell: 10 * unit, paper: paper, ink: ink))
    add(
      SurfaceBlur(offset: 0), .box(PlaceBox(x0: 0.49 * width, y0: 0.58 * height, x1: 0.51 * width, y1: 0.74 * height)),
      .stripes(period: 9 * unit, SIMD3(0.5, 0.1, 0.08), SIMD3(0.25, 0.05, 0.05)))
    for index in 0..<5 {
      let y = 0.06 + 0.035 * Double(index)
      line(0, point(-0.1, y), point(1.1, y + 0.05), 1.5 + 0.8 * Double(index), SIMD3(0.02, 0.02, 0.025))
    }
    for index in 0..<14 {
      let x = 0.66 + 0.008 * Double(index)
      line(
        0, point(x, 0.52), point(x + random.uniform(-0.03, 0.05), 0.25), random.uniform(1.2, 4), SIMD3(0.05, 0.03, 0.02)
      )
    }

    // Behind the focus: a post; before it: a panel aslant, through the focus.
    add(
      SurfaceBlur(offset: 0.35 * radius),
      .box(PlaceBox(x0: 0.29 * width, y0: 0.12 * height, x1: 0.315 * width, y1: 0.62 * height)),
      .stripes(period: 7 * unit, SIMD3(0.6, 0.6, 0.62), SIMD3(0.2, 0.2, 0.22)))
    let tilt = -0.9 * radius / (0.18 * width)
    add(
      SurfaceBlur(offset: 0.3 * radius - tilt * 0.06 * width, slope: SIMD2(tilt, 0)),
      .box(PlaceBox(x0: 0.06 * width, y0: 0.36 * height, x1: 0.24 * width, y1: 0.72 * height)),
      .letters(origin: point(0.065, 0.37), cell: 9 * unit, paper: SIMD3(0.12, 0.3, 0.28), ink: SIMD3(0.9, 0.9, 0.85)))

    // Near: wires, a fence at the lower right, leaves.
    line(-0.55, point(-0.1, 0.9), point(1.1, 0.15), 5, SIMD3(0.03, 0.03, 0.03))
    line(-0.8, point(-0.1, 0.28), point(1.1, 0.42), 9, SIMD3(0.6, 0.15, 0.05))
    for index in 0..<7 {
      let x = 0.72 + 0.04 * Double(index)
      line(-0.65, point(x, 0.6), point(x, 1.1), 7, SIMD3(0.75, 0.72, 0.65))
    }
    line(-0.65, point(0.70, 0.68), point(1.1, 0.68), 7, SIMD3(0.75, 0.72, 0.65))
    func leaves(_ count: Int, _ x: ClosedRange<Double>, _ y: ClosedRange<Double>, _ blur: ClosedRange<Double>) {
      for _ in 0..<count {
        let place = point(random.uniform(x.lowerBound, x.upperBound), random.uniform(y.lowerBound, y.upperBound))
        let (a, b) = (random.uniform(-1, 1), random.uniform(-1, 1))
        let length = max((a * a + b * b).squareRoot(), 1e-3)
        let along = SIMD2(a / length, b / length)
        let axes = SIMD2(random.uniform(22, 40), random.uniform(8, 15)) * unit
        let green = SIMD3(0.08, 0.22, 0.04) * random.uniform(0.6, 1.8)
        add(
          SurfaceBlur(offset: random.uniform(blur.lowerBound, blur.upperBound) * radius),
          .ellipse(place, along: along, axes), .leaf(place, along: along, rib: 1.2 * unit, green))
      }
    }
    leaves(26, 0.78...1.0, 0.0...0.3, -1.0 ... -0.6)
    leaves(22, 0.62...0.80, 0.2...0.42, -0.02...0.06)
    leaves(10, 0...0.16, 0.75...1.0, -1.0 ... -0.7)

    // Lights: far ones before the wall, some on the way, some near.
    for index in 0..<44 {
      let kind = index % 4
      let place = point(random.uniform(0.02, 0.98), random.uniform(0.05, kind == 3 ? 0.9 : 0.5))
      let blur = kind == 3 ? random.uniform(-0.9, -0.2) : kind == 2 ? random.uniform(0.05, 0.5) : 0.79
      let tints: [SIMD3<Double>] = [SIMD3(1, 0.75, 0.4), SIMD3(1, 0.95, 0.9), SIMD3(0.5, 0.8, 1), SIMD3(1, 0.3, 0.2)]
      lights.append(
        DepthLight(
          place: place, radius: 2.2 * unit, blur: blur * radius,
          color: tints[index / 4 % 4] * (30 + 70 * random.unit())))
    }
  }
}
