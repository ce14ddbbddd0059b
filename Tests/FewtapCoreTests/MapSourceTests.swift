import FewtapCore
import TestSupport
import Testing

/// The first axis of a map of one source.
func plane(_ source: MapSource, _ width: Int, _ height: Int) throws -> Plane<Float> {
  try ParameterMap(width: width, height: height, [source]).plane(axis: 0)
}

@Suite("Map sources: places")
struct MapSourceTests {
  @Test("a constant is everywhere, and each axis has its own source")
  func constants() throws {
    let map = try ParameterMap(width: 3, height: 2, [.constant(7.3), .constant(-2)])
    #expect(map.axisCount == 2)
    #expect(map.plane(axis: 0).values == [Float](repeating: 7.3, count: 6))
    #expect(map.plane(axis: 1).values == [Float](repeating: -2, count: 6))
  }

  @Test("tilt-shift: sharp in a band, then straight to the end on both sides")
  func tiltShift() throws {
    let ramp = MapRamp(low: 0, high: 20, start: .pixels(2), rise: .pixels(4))
    let map = try plane(.ramp(ramp, center: MapCenter(y: .pixels(8))), 3, 17)
    for y in 0..<17 {
      let expected = Float(5 * min(max(abs(y - 8) - 2, 0), 4))
      #expect(map.values[y * 3..<y * 3 + 3].allSatisfy { $0 == expected }, "row \(y)")
    }
  }

  @Test("an angle turns the line counterclockwise, and shares are of the sides")
  func angles() throws {
    let ramp = MapRamp(low: 1, high: 0, start: .pixels(0), rise: .share(1))
    let (width, height) = (9, 5)
    let upright = try plane(.ramp(ramp, center: MapCenter(x: .share(0.5)), angle: 90), width, height)
    let rising = try plane(.ramp(ramp, angle: 45), width, height)
    // Half turns change nothing, but for the rounding of sine and cosine.
    let turned = try plane(.ramp(ramp, angle: 45 - 180), width, height)
    for y in 0..<height {
      for x in 0..<width {
        let (dx, dy) = (Double(x) - 4, Double(y) - 2)
        let across = max(0, 1 - abs(dx) / 5)
        let along = max(0, 1 - abs(dx + dy) / 2.0.squareRoot() / 5)
        // Sine and cosine, three operations of the distance, three of the ramp; sizes up to 8.
        let tolerance = gamma(8) * 8 + floatRoundoff
        #expect(abs(Double(upright[x, y]) - across) <= tolerance)
        #expect(abs(Double(rising[x, y]) - along) <= tolerance)
        #expect(abs(turned[x, y] - rising[x, y]) <= Float(2 * tolerance))
      }
    }
    #expect(rising[2, 4] == rising[6, 0], "the line rises to the right")
  }

  @Test("radial: low within the inner radius, high from the outer one on; a power bends the rise")
  func radial() throws {
    let ramp = MapRamp(low: 2, high: 10, start: .pixels(3), rise: .share(0.5), exponent: 2)
    let (width, height) = (31, 41)
    let map = try plane(.radial(ramp, center: MapCenter(x: .pixels(10), y: .share(0.5))), width, height)
    let unit = (31.0 * 31 + 41 * 41).squareRoot() / 2
    for (x, y) in [(10, 20), (13, 20), (10, 17), (30, 40), (18, 26), (0, 0)] {
      let (dx, dy) = (Double(x - 10), Double(y - 20))
      let share = min(max((dx * dx + dy * dy).squareRoot() - 3, 0) / (unit / 2), 1)
      let expected = 2 + 8 * share * share
      #expect(abs(Double(map[x, y]) - expected) <= (gamma(10) + floatRoundoff) * 10, "\(x), \(y)")
    }
    #expect(map[13, 20] == 2 && map[30, 40] == 10)
  }

  @Test("the field: edges are -1 and 1, pixels count from 0, corners are 1 away, directions counterclockwise")
  func field() throws {
    let (width, height) = (4, 2)
    #expect(try plane(.field(.x), width, height).values == [-0.75, -0.25, 0.25, 0.75, -0.75, -0.25, 0.25, 0.75])
    #expect(try plane(.field(.y), width, height).values == [-0.5, -0.5, -0.5, -0.5, 0.5, 0.5, 0.5, 0.5])
    #expect(try plane(.field(.column), width, height).values == [0, 1, 2, 3, 0, 1, 2, 3])
    #expect(try plane(.field(.row), width, height).values == [0, 0, 0, 0, 1, 1, 1, 1])
    let radius = try plane(.field(.radius), width, height)
    let expected = (0.5 * 0.5 + 0.5 * 0.5).squareRoot() / (20.0.squareRoot() / 2)
    #expect(abs(Double(radius[1, 0]) - expected) <= gamma(6) + floatRoundoff)
    let direction = try plane(.field(.direction, center: MapCenter(x: .pixels(1), y: .pixels(1))), 3, 3)
    let turns: [Float] = [135, 90, 45, 180, 0, 0, -135, -90, -45]
    for (found, expected) in zip(direction.values, turns) {
      #expect(abs(found - expected) <= 180 * Float(floatRoundoff))
    }
  }

  @Test("numbers that describe nothing are refused by name")
  func malformed() {
    func ramp(_ change: (inout MapRamp) -> Void) -> MapSource {
      var ramp = MapRamp(low: 0, high: 1, start: .pixels(0), rise: .pixels(1))
      change(&ramp)
      return .ramp(ramp)
    }
    let sources: [(MapSource, String)] = [
      (ramp { $0.low = .nan }, "low"), (ramp { $0.high = .infinity }, "high"),
      (ramp { $0.start = .pixels(-1) }, "stays"), (ramp { $0.rise = .share(0) }, "rise"),
      (ramp { $0.rise = .pixels(.nan) }, "rise"), (ramp { $0.exponent = 0 }, "power"),
      (.radial(MapRamp(low: 0, high: .nan, start: .pixels(0), rise: .pixels(1))), "high"),
      (.ramp(MapRamp(low: 0, high: 1, start: .pixels(0), rise: .pixels(1)), angle: .nan), "angle"),
      (.field(.direction, center: MapCenter(x: .share(.nan))), "x"),
      (.field(.radius, center: MapCenter(y: .pixels(.infinity))), "y"),
    ]
    for (source, name) in sources {
      let error = #expect(throws: MapError.self) { try ParameterMap(width: 4, height: 4, [source]) }
      #expect(error?.description.contains(name) == true, "\(name)")
    }
  }
}

@Suite("Map sources: pictures")
struct MapPlaneTests {
  /// A picture that is linear in the place of its pixels in an image of 1x1.
  private func slope(_ width: Int, _ height: Int) -> Plane<Float> {
    var plane = Plane<Float>(width: width, height: height)
    for y in 0..<height {
      for x in 0..<width {
        plane[x, y] = Float(3 * (Double(x) + 0.5) / Double(width) - (Double(y) + 0.5) / Double(height))
      }
    }
    return plane
  }

  @Test("a picture of the image's size is taken as it is, NaN and all")
  func same() throws {
    var picture = slope(5, 4)
    picture[2, 1] = .nan
    picture[3, 1] = -.infinity
    let map = try plane(.plane(picture), 5, 4)
    #expect(map.values.map(\.bitPattern) == picture.values.map(\.bitPattern))
  }

  @Test(
    "pixel centers stay where they lay: a slope stays the slope", arguments: [(5, 4), (50, 40), (15, 12), (40, 32)])
  func aligned(width: Int, height: Int) throws {
    let (own, image) = (slope(20, 16), slope(width, height))
    let map = try plane(.plane(own), width, height)
    // Beyond the outermost centers the picture's rim continues.
    let (marginX, marginY) = (0.5 / 20, 0.5 / 16)
    for y in 0..<height {
      for x in 0..<width {
        let (u, v) = ((Double(x) + 0.5) / Double(width), (Double(y) + 0.5) / Double(height))
        guard (marginX...1 - marginX).contains(u), (marginY...1 - marginY).contains(v) else { continue }
        // Rounded to Float in the picture, and in the result.
        #expect(abs(map[x, y] - image[x, y]) <= 3 * 3 * Float(floatRoundoff), "\(x), \(y)")
      }
    }
    #expect(map[0, 0] == own[0, 0] || width < 20)
  }

  @Test("nearest takes one pixel")
  func nearest() throws {
    let own = Plane<Float>(width: 2, height: 1, repeating: 0)
    var picture = own
    picture.values = [3, 8]
    let sampling = MapSampling(interpolation: .nearest)
    #expect(
      try plane(.plane(picture, sampling: sampling), 6, 3).values == [
        3, 3, 3, 8, 8, 8, 3, 3, 3, 8, 8, 8, 3, 3, 3, 8, 8, 8,
      ])
    #expect(try plane(.plane(picture), 4, 2).values == [3, 4.25, 6.75, 8, 3, 4.25, 6.75, 8])
  }

  @Test("between angles the shorter way round is taken")
  func period() throws {
    var picture = Plane<Float>(width: 2, height: 1)
    picture.values = [350, 30]
    let map = try plane(.plane(picture, sampling: MapSampling(period: 360)), 4, 2)
    #expect(map.values == [350, 360, 380, 30, 350, 360, 380, 30])
  }

  @Test("a NaN reaches as far as its share, not further")
  func reachOfNaN() throws {
    var picture = Plane<Float>(width: 4, height: 1, repeating: 1)
    picture[1, 0] = .nan
    let map = try plane(.plane(picture), 12, 3)
    #expect((0..<12).map { map[$0, 0].isNaN } == (0..<12).map { (2...6).contains($0) })
  }

  @Test("another shape is refused beyond a pixel's rounding, unless it may be stretched")
  func shapes() throws {
    for (width, height) in [(1920, 1080), (960, 540), (480, 270), (637, 358), (638, 358), (3841, 2160), (16, 9)] {
      #expect(throws: Never.self) {
        try ParameterMap(width: 1920, height: 1080, [.plane(Plane(width: width, height: height))])
      }
    }
    for (width, height) in [(1080, 1920), (960, 545), (1920, 1090), (640, 480)] {
      let picture = Plane<Float>(width: width, height: height, repeating: 3)
      let error = #expect(throws: MapError.self) { try ParameterMap(width: 1920, height: 1080, [.plane(picture)]) }
      #expect(error?.description.contains("\(width)x\(height)") == true)
      let map = try ParameterMap(width: 1920, height: 1080, [.plane(picture, sampling: MapSampling(stretches: true))])
      #expect(map.plane(axis: 0).values.allSatisfy { $0 == 3 })
    }
  }

  @Test("some columns of a row are those of the whole row, and no others are asked for")
  func columns() throws {
    let ramp = MapRamp(low: 0, high: 3, start: .pixels(1), rise: .share(0.5))
    let sources: [MapSource] = [
      .constant(2), .ramp(ramp, angle: 30), .radial(ramp), .field(.direction), .plane(slope(9, 6)),
      .plane(slope(27, 18)), MapSource.plane(slope(9, 6)).mapping { $0 * $0 },
      .depth(slope(27, 18), DepthBlur(law: .linear, focus: 0.3...0.3, largestRadius: 4)),
    ]
    let map = try ParameterMap(width: 27, height: 18, sources)
    var scratch = [Float](repeating: 0, count: 11)
    for axis in sources.indices {
      let whole = map.plane(axis: axis)
      for row in [0, 7, 17] {
        for columns in [0..<11, 9..<14, 26..<27] {
          let part = scratch.withUnsafeMutableBufferPointer { scratch in
            map.withRow(axis: axis, row: row, columns: columns, scratch: scratch) {
              Array(UnsafeBufferPointer(start: $0, count: columns.count))
            }
          }
          #expect(part == columns.map { whole[$0, row] }, "\(axis), row \(row), \(columns)")
        }
      }
    }
  }

  @Test("values are changed one by one")
  func mapping() throws {
    #expect(try plane(.plane(slope(2, 1)).mapping { 2 * $0 + 1 }, 2, 1).values == [1.5, 4.5].map { Float($0) })
  }
}
