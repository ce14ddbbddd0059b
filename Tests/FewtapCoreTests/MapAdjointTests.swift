import FewtapCore
import TestSupport
import Testing

@Suite("What a map changes by goes back to the picture that it was read from")
struct MapAdjointTests {
  private static let sizes = [(7, 5), (14, 10), (3, 2), (1, 1), (29, 3)]

  @Test("<sample m, c> = <m, adjoint c>", arguments: MapSampling.Interpolation.allCases)
  func adjoint(interpolation: MapSampling.Interpolation) throws {
    for (index, (width, height)) in Self.sizes.enumerated() {
      for (columns, rows) in Self.sizes {
        var random = SeededGenerator(seed: UInt64(60 + index))
        let picture: Plane<Float> = random.plane(width: width, height: height)
        let changes: Plane<Float> = random.plane(width: columns, height: rows)
        let sampling = MapSampling(interpolation: interpolation, stretches: true)
        let map = try ParameterMap(width: columns, height: rows, [.plane(picture, sampling: sampling)]).plane(axis: 0)
        let back = try sampling.adjoint(of: changes, at: picture)
        #expect(back.width == width && back.height == height)
        func dot(_ a: Plane<Float>, _ b: Plane<Float>) -> Double {
          zip(a.values, b.values).reduce(0) { $0 + Double($1.0) * Double($1.1) }
        }
        // Each sample, and each number of the result, is rounded once to Float.
        let bound = 4 * floatRoundoff * Double(columns * rows)
        #expect(abs(dot(map, changes) - dot(picture, back)) <= bound, "\(width)x\(height), \(columns)x\(rows)")
      }
    }
  }

  @Test("of values that come around, the way to the nearest turn")
  func periodic() throws {
    let picture = Plane<Float>(width: 4, height: 1) { x, _ in x % 2 == 0 ? 350 : 10 }
    var changed = picture
    let changes = Plane<Float>(width: 8, height: 2, repeating: 1)
    let sampling = MapSampling(period: 360)
    let back = try sampling.adjoint(of: changes, at: picture)
    func sum(_ plane: Plane<Float>) throws -> Double {
      try ParameterMap(width: 8, height: 2, [.plane(plane, sampling: sampling)]).plane(axis: 0).values
        .reduce(0) { $0 + Double($1) }
    }
    for x in 0..<4 {
      changed[x, 0] += 1
      // Numbers below 512 in sums of 16.
      #expect(abs(try sum(changed) - sum(picture) - Double(back[x, 0])) <= 16 * 512 * floatRoundoff)
      changed[x, 0] -= 1
    }
  }

  @Test("a picture of another shape is refused unless it may be stretched")
  func shapes() throws {
    #expect(throws: MapError.shapesDiffer(map: PixelOffset(x: 30, y: 2), image: PixelOffset(x: 20, y: 20))) {
      try MapSampling().adjoint(of: Plane(width: 20, height: 20), at: Plane(width: 30, height: 2))
    }
  }
}
