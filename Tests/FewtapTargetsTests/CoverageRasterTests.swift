import FewtapCore
import FewtapTargets
import Testing

/// The rasterizer against another way to the same areas: each pixel's square cuts the outline, and the shoelace formula
/// gives the area of the piece.
@Suite struct CoverageRasterTests {
  /// Both ways round a few edges in coordinates below 16: shoelace products are below 2^9, their rounding below 2^-44 each.
  static let rounding = 32 * 0x1p-44

  static func area(of outline: Outline, inPixel x: Int, _ y: Int) -> Double {
    let (x, y) = (Double(x), Double(y))
    let square = Outline([
      SIMD2(x - 0.5, y - 0.5), SIMD2(x + 0.5, y - 0.5), SIMD2(x + 0.5, y + 0.5), SIMD2(x - 0.5, y + 0.5),
    ])
    return outline.clipped(to: square).signedArea
  }

  static func areas(of outline: Outline, half: Int = 8, weight: Double = 1) -> Plane<Double> {
    var raster = CoverageRaster(halfWidth: half, halfHeight: half)
    raster.add(outline, weight: weight)
    return raster.areas()
  }

  @Test(arguments: 0..<40)
  func `areas of random triangles equal the areas of their pieces`(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let corners = (0..<3).map { _ in SIMD2(random.uniform(-8.4, 8.4), random.uniform(-8.4, 8.4)) }
    expectAreas(of: Outline(corners))
  }

  @Test(arguments: [
    // Edges and corners on the borders of pixels, where an edge belongs to the pixel at its right.
    [SIMD2(-3.5, -2.5), SIMD2(4.5, -2.5), SIMD2(4.5, 3.5), SIMD2(-3.5, 3.5)],
    [SIMD2(-8.5, 0.5), SIMD2(0.5, -8.5), SIMD2(8.5, 0.5), SIMD2(0.5, 8.5)],
    // All within one pixel; a needle a thousandth of a pixel wide.
    [SIMD2(0.1, 0.1), SIMD2(0.3, 0.2), SIMD2(0.2, 0.4)],
    [SIMD2(-8, -8), SIMD2(8, 7.999), SIMD2(8, 8)],
    // Not convex.
    [SIMD2(0, -8), SIMD2(2, -1), SIMD2(8, 0), SIMD2(1, 2), SIMD2(0, 8), SIMD2(-1, 1), SIMD2(-8, 0), SIMD2(-3, -1)],
  ])
  func `areas of special polygons equal the areas of their pieces`(corners: [SIMD2<Double>]) {
    expectAreas(of: Outline(corners))
  }

  @Test func `pixels wholly outside are exactly zero`() {
    let areas = Self.areas(of: Outline([SIMD2(-3.3, -2.7), SIMD2(4.1, -1.1), SIMD2(0.7, 3.9)]))
    for y in -8...8 {
      for x in -8...8 where !(-3...4).contains(x) || !(-3...4).contains(y) { #expect(areas[x + 8, y + 8] == 0) }
    }
  }

  @Test func `taking an outline off again leaves zero`() {
    var raster = CoverageRaster(halfWidth: 8, halfHeight: 8)
    let outline = Outline([SIMD2(-7.3, -2.7), SIMD2(4.1, -1.1), SIMD2(0.7, 7.9)])
    raster.add(outline)
    raster.add(Outline(outline.points.reversed()), weight: -1)
    #expect(raster.areas().values.allSatisfy { $0 == 0 })
  }

  @Test func `an outline of no points or of no area covers nothing`() {
    for corners in [[], [SIMD2(1.0, 1)], [SIMD2(1.0, 1), SIMD2(3, 2)]] {
      #expect(Self.areas(of: Outline(corners)).values.allSatisfy { $0 == 0 })
    }
  }

  private func expectAreas(of outline: Outline) {
    let areas = Self.areas(of: outline)
    let backwards = Self.areas(of: Outline(outline.points.reversed()))
    var worst = 0.0
    for y in -8...8 {
      for x in -8...8 {
        let expected = abs(Self.area(of: outline, inPixel: x, y))
        worst = max(worst, abs(areas[x + 8, y + 8] - expected), abs(backwards[x + 8, y + 8] - expected))
      }
    }
    #expect(worst <= max(Self.rounding, CoverageRaster.smallestArea))
  }
}
