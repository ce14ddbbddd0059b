import FewtapCore

/// A test picture with color and exact depth, as a pinhole sees it and as a lens does: what depth of field is measured on.
///
/// A street at night: a wall of lit windows far away, tiled ground that runs from there to the camera, a sign in focus with strokes like
/// letters, a post and wires in focus before the wall, wires and leaves close to the camera, a panel aslant through the focus, and small
/// bright lights at many depths.
/// Lens:   surfaces are flat, so that a point's circle of confusion c, signed, is affine in its place q in the pinhole's picture; through
///         the point u of a lens (a disk of radius 1) it is seen at `p = q + c(q) u`, exactly. The lens' picture is the mean over u.
/// Units:  linear light; white is 1, lights go up to some 100. Radii in pixels, negative before the focus.
/// Accuracy: the lens' picture is a mean of samples on a low-discrepancy sequence, shifted from pixel to pixel, lights by samples of
///         their own; `fewtap bench depth` tells how far two halves of the samples are apart.
/// A seed is not needed: whole numbers and single operations of IEEE 754 only, the same bits everywhere and for any threads.
public struct DepthScene: Sendable {
  /// Columns.
  public let width: Int
  /// Rows.
  public let height: Int
  /// The circle of confusion's radius at its largest, px.
  public let largestRadius: Double
  let surfaces: [DepthSurface]
  let lights: [DepthLight]

  /// The scene in pictures of a size; the lens is opened until the largest radius of blur is `largestRadius`, by default 24 px in a
  /// picture of 1080 rows, in proportion.
  ///
  /// Throws: ``HighlightSceneError`` for a size or radius that cannot be.
  public init(width: Int = 1920, height: Int = 1080, largestRadius: Double? = nil) throws(HighlightSceneError) {
    let sides = 16...HighlightScene.maximumSide
    guard sides.contains(width), sides.contains(height) else { throw .size(width: width, height: height) }
    let radius = largestRadius ?? 24 * Double(height) / 1080
    guard radius > 0, radius <= Double(Kernel.maximumSide) else { throw .radius(Int(exactly: radius.rounded()) ?? -1) }
    (self.width, self.height, self.largestRadius) = (width, height, radius)
    let street = DepthStreet(width: Double(width), height: Double(height), radius: radius)
    (surfaces, lights) = (street.surfaces, street.lights)
  }

  /// The signed circle of confusion at each pixel's center, px.
  public var radius: Plane<Float> {
    var plane = Plane<Float>(width: width, height: height)
    let tiles = DepthTiles(self)
    for y in 0..<height {
      for x in 0..<width {
        let place = SIMD2(Double(x) + 0.5, Double(y) + 0.5)
        let list = tiles.list(x: x, y: y)
        let (index, _) = nearest(place, .zero, list.surfaces)
        var blur = surfaces[index].blur.at(place)
        for light in list.lights where lights[light].covers(place) && lights[light].blur < blur {
          blur = lights[light].blur
        }
        plane[x, y] = Float(blur)
      }
    }
    return plane
  }

  /// What a pinhole sees, each pixel the mean of 8 x 8 places.
  public func pinhole(threads: Int = 1) -> Image {
    render(threads: threads) { x, y, list in
      var sum = SIMD3<Double>.zero
      for j in 0..<8 {
        for i in 0..<8 {
          let place = SIMD2(Double(x) + (Double(i) + 0.5) / 8, Double(y) + (Double(j) + 0.5) / 8)
          let (index, q) = nearest(place, .zero, list.surfaces)
          sum += surfaces[index].color(q)
          for light in list.lights where lights[light].covers(place) && lights[light].blur < surfaces[index].blur.at(q)
          {
            sum += lights[light].color
          }
        }
      }
      return sum / 64
    }
  }

  /// What the lens sees, from `samples` points of it for each pixel.
  ///
  /// `first`: the sample to begin with, so that several renderings are independent and their means as good as one of all.
  public func lens(samples: Int, from first: Int = 0, threads: Int = 1) -> Image {
    let sequence = LensSequence(count: max(1, samples), from: first)
    return render(threads: threads) { x, y, list in
      let shift = LensSequence.shift(x: x, y: y)
      var (sum, count) = (SIMD3<Double>.zero, 0.0)
      for index in sequence.points.indices {
        let (u, jitter) = sequence.point(index, shift)
        guard u.x * u.x + u.y * u.y <= 1 else { continue }
        let place = SIMD2(Double(x), Double(y)) + jitter
        let (found, q) = nearest(place, u, list.surfaces)
        sum += surfaces[found].color(q)
        count += 1
      }
      sum = count > 0 ? sum / count : sum
      for light in list.lights { sum += glow(lights[light], x, y, shift, list.surfaces) }
      return sum
    }
  }

  /// The surface that is seen at a place through a point of the lens, and where on it, in the pinhole's picture.
  @inline(__always)
  private func nearest(_ place: SIMD2<Double>, _ u: SIMD2<Double>, _ list: [Int]) -> (index: Int, q: SIMD2<Double>) {
    var best = (index: list[list.count - 1], q: place, blur: Double.infinity)
    for index in list {
      // Ordered by the nearest that each surface gets.
      if surfaces[index].nearest >= best.blur { break }
      let (blur, q) = surfaces[index].blur.seen(at: place, through: u)
      if blur < best.blur, surfaces[index].shape.contains(q) { best = (index, q, blur) }
    }
    return (best.index, best.q)
  }

  /// A light's part of a pixel: samples where the light can be, not where the lens is.
  private func glow(_ light: DepthLight, _ x: Int, _ y: Int, _ shift: SIMD4<Double>, _ list: [Int]) -> SIMD3<Double> {
    let (c, r) = (light.blur, light.radius)
    let middle = SIMD2(Double(x) + 0.5, Double(y) + 0.5) - light.place
    let reach = abs(c) + r + 1
    guard middle.x * middle.x + middle.y * middle.y < reach * reach else { return .zero }
    // Through the points u with |p - c u - place| <= r: of a disk of radius r / |c|, or of the whole lens if that is smaller.
    let isSmall = abs(c) > r
    var hits = 0
    for index in 0..<LensSequence.light.points.count {
      let (v, jitter) = LensSequence.light.point(index, shift)
      guard v.x * v.x + v.y * v.y <= 1 else { continue }
      let place = SIMD2(Double(x), Double(y)) + jitter
      let u = isSmall ? (place - light.place - r * v) / c : v
      let q = place - c * u - light.place
      guard u.x * u.x + u.y * u.y <= 1, isSmall || q.x * q.x + q.y * q.y <= r * r else { continue }
      var isSeen = true
      for index in list {
        if surfaces[index].nearest >= c { break }
        let (blur, q) = surfaces[index].blur.seen(at: place, through: u)
        if blur < c, surfaces[index].shape.contains(q) {
          isSeen = false
          break
        }
      }
      if isSeen { hits += 1 }
    }
    let share = Double(hits) / Double(LensSequence.light.inDisk(shift))
    return light.color * (isSmall ? share * (r / c) * (r / c) : share)
  }

  private func render(threads: Int, _ color: @Sendable (Int, Int, DepthTiles.List) -> SIMD3<Double>) -> Image {
    let tiles = DepthTiles(self)
    var planes = (0..<3).map { _ in Plane<Float>(width: width, height: height) }
    let rows = parallelMap(count: height, threads: threads) { y in
      (0..<width).map { x in color(x, y, tiles.list(x: x, y: y)) }
    }
    for (y, row) in rows.enumerated() {
      for (x, value) in row.enumerated() { for channel in 0..<3 { planes[channel][x, y] = Float(value[channel]) } }
    }
    return Image(sameSizePlanes: planes)
  }
}

/// Points of the lens and of the pixel: an additive sequence in four dimensions, shifted by pixel.
///
/// Source: M. Roberts, The unreasonable effectiveness of quasirandom sequences, 2018 (the generalized golden ratio, `x^5 = x + 1`).
struct LensSequence: Sendable {
  let points: [SIMD4<Double>]

  /// For lights, each on its own.
  static let light = LensSequence(count: 96, from: 0)

  init(count: Int, from first: Int) {
    let ratio = 1.167303978261418740
    var step = SIMD4<Double>(repeating: 0)
    var power = 1.0
    for axis in 0..<4 {
      power /= ratio
      step[axis] = power
    }
    points = (0..<count).map { index in
      let place = Double(first + index + 1) * step
      return place - place.rounded(.down)
    }
  }

  /// A point of the square around the lens, and one of the pixel.
  @inline(__always)
  func point(_ index: Int, _ shift: SIMD4<Double>) -> (u: SIMD2<Double>, jitter: SIMD2<Double>) {
    var place = points[index] + shift
    place.replace(with: place - 1, where: place .>= 1)
    return (SIMD2(2 * place.x - 1, 2 * place.y - 1), SIMD2(place.z, place.w))
  }

  /// Points that lie in the lens.
  func inDisk(_ shift: SIMD4<Double>) -> Int {
    points.indices.count { index in
      let u = point(index, shift).u
      return u.x * u.x + u.y * u.y <= 1
    }
  }

  /// A shift of its own for each pixel.
  static func shift(x: Int, y: Int) -> SIMD4<Double> {
    var random = SeededGenerator(seed: UInt64(y) << 32 | UInt64(x))
    return SIMD4(random.unit(), random.unit(), random.unit(), random.unit())
  }
}

/// Which surfaces and lights can be seen in which part of the picture.
struct DepthTiles: Sendable {
  struct List: Sendable {
    var surfaces: [Int]
    var lights: [Int]
  }

  private static let side = 32
  private let columns: Int
  private let lists: [List]

  init(_ scene: DepthScene) {
    columns = (scene.width + Self.side - 1) / Self.side
    let rows = (scene.height + Self.side - 1) / Self.side
    let order = scene.surfaces.indices.sorted {
      (scene.surfaces[$0].nearest, $0) < (scene.surfaces[$1].nearest, $1)
    }
    lists = (0..<rows * columns).map { [columns] tile in
      let side = Double(Self.side)
      let (x, y) = (Double(tile % columns) * side, Double(tile / columns) * side)
      let box = PlaceBox(x0: x, y0: y, x1: x + side, y1: y + side)
      return List(
        surfaces: order.filter { scene.surfaces[$0].bounds.grown(by: scene.surfaces[$0].reach).meets(box) },
        lights: scene.lights.indices.filter { scene.lights[$0].bounds.meets(box) })
    }
  }

  func list(x: Int, y: Int) -> List { lists[y / Self.side * columns + x / Self.side] }
}
