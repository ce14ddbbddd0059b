import FewtapCore
import FewtapTargets
import Testing

/// Which way round kernels come out: flips and half-pixel shifts are the commonest faults of their kind.
@Suite struct OrientationTests {
  /// Symmetric outlines are symmetric to rounding; areas carry at most a few hundred edges' 2^-52, so 1e-12 is far above.
  static let rounding = 1e-12

  @Test func `directions are exact at quarter turns`() {
    for turns in -9...9 {
      let start = Double(360 * turns)
      #expect(direction(degrees: start) == SIMD2(1, 0) && direction(degrees: start + 90) == SIMD2(0, -1))
      #expect(direction(degrees: start + 180) == SIMD2(-1, 0) && direction(degrees: start - 90) == SIMD2(0, 1))
      let diagonal = direction(degrees: start + 135) + SIMD2(0.5.squareRoot(), 0.5.squareRoot())
      #expect(abs(diagonal.x) <= 0x1p-52 && abs(diagonal.y) <= 0x1p-52)
    }
  }

  @Test(arguments: ["disk", "ring", "box", "star", "gaussian", "psf", "log", "sharpen", "box:width=6.5"])
  func `kernels of fourfold symmetry look the same turned by a quarter`(specification: String) throws {
    let kernel = try KernelSpecification(specification).makeKernel()
    expectSymmetric(kernel, tolerance: Self.rounding) { PixelOffset(x: -$0.y, y: $0.x) }
  }

  @Test(arguments: [
    "heart", "cat", "star:points=5", "polygon:blades=5,curvature=0.4", "psf:coma=0.5", "psf:trefoil=0.3",
  ])
  func `upright kernels look the same in a mirror, but not upside down`(specification: String) throws {
    let kernel = try KernelSpecification(specification).makeKernel()
    expectSymmetric(kernel, tolerance: Self.rounding) { PixelOffset(x: -$0.x, y: $0.y) }
    var difference = 0.0
    kernel.forEachOffset { x, y, weight in difference += abs(weight - weightAt(x, -y, of: kernel)) }
    #expect(difference > 0.05)
  }

  @Test func `a heart's cusp is above and its tip below`() throws {
    let kernel = try Kernel.heart(size: 49)
    // On the axis the curve lies 18 sqrt(0.6) = 13.9 above and below its middle at -2, cusp and tip; the lobes are 18 high.
    #expect(weightAt(0, -18, of: kernel) == 0 && weightAt(9, -18, of: kernel) > 0 && weightAt(-9, -18, of: kernel) > 0)
    #expect(kernel.supportBounds.maxY == 12)
    #expect(weightAt(0, 11, of: kernel) > 0 && weightAt(4, 11, of: kernel) == 0 && weightAt(-4, 11, of: kernel) == 0)
  }

  @Test func `a cat's ears are above`() throws {
    let bounds = try Kernel.cat(size: 49).supportBounds
    #expect(bounds == OffsetBounds(minX: -17, maxX: 17, minY: -22, maxY: 17))
  }

  @Test func `a fish swims to the left, and its tail is notched`() throws {
    let kernel = try Kernel.fish(size: 49)
    expectSymmetric(kernel, tolerance: Self.rounding) { PixelOffset(x: $0.x, y: -$0.y) }
    #expect(kernel.supportBounds == OffsetBounds(minX: -22, maxX: 22, minY: -12, maxY: 12))
    // At x = 20 the tail's upper lobe lies between 7.2 and 10.5 above the axis; where it joins the body nothing counts twice.
    #expect(weightAt(20, -9, of: kernel) > 0 && weightAt(20, 0, of: kernel) == 0)
    #expect(weightAt(9, 0, of: kernel) == weightAt(-5, 0, of: kernel))
  }

  @Test func `a star of five points stands on two of them`() throws {
    let kernel = try Kernel.star(points: 5, radius: 22, inner: 8)
    #expect(weightAt(0, -21, of: kernel) > 0)
    // The lower tips are 22 cos 36 = 17.8 down and 22 sin 36 = 12.9 aside; between them is the notch.
    #expect(kernel.supportBounds.maxY == 18)
    #expect(weightAt(12, 17, of: kernel) > 0 && weightAt(-12, 17, of: kernel) > 0 && weightAt(0, 17, of: kernel) == 0)
  }

  @Test(arguments: [
    "line:length=31,angle=30", "ellipse:angle=30", "gaussian:sigma=8,sigma-y=3,angle=30",
    "box:width=31,height=9,angle=30",
  ])
  func `angles turn counterclockwise as seen`(specification: String) throws {
    let moments = try KernelSpecification(specification).makeKernel().moments
    // Up to the right: x grows as y (down) falls; at 30 degrees x varies more than y.
    #expect(moments.covariance < 0)
    #expect(moments.varianceX > moments.varianceY)
    #expect(abs(moments.centroidX) < Self.rounding * 16 && abs(moments.centroidY) < Self.rounding * 16)
  }

  @Test func `rotation turns corners counterclockwise as seen`() throws {
    // A corner of a triangle, straight up, goes left.
    let kernel = try Kernel.polygon(blades: 3, radius: 20, rotation: 20)
    #expect(weightAt(-6, -17, of: kernel) > 0 && weightAt(6, -17, of: kernel) == 0)
    let quarter = try Kernel.polygon(blades: 3, radius: 20, rotation: 90)
    #expect(quarter.supportBounds.minX == -20 && quarter.supportBounds.maxX == 10)
  }

  @Test func `a curvature bends sides outwards and a negative one inwards`() throws {
    let straight = try Kernel.polygon(blades: 5, radius: 20)
    let (out, into) = (
      try Kernel.polygon(blades: 5, radius: 20, curvature: 0.5),
      try Kernel.polygon(blades: 5, radius: 20, curvature: -0.4)
    )
    // The lowest side lies 20 cos 36 = 16.2 down; the circle 3.8 further.
    #expect(straight.supportBounds.maxY == 16 && out.supportBounds.maxY == 18 && weightAt(0, 16, of: into) == 0)
    #expect(1 / largest(into) < 1 / largest(straight) && 1 / largest(straight) < 1 / largest(out))
  }

  @Test func `a polygon of curvature 1 is the disk`() throws {
    let (round, disk) = (
      try Kernel.polygon(blades: 5, radius: 20, curvature: 1, size: 41), try Kernel.disk(radius: 20, size: 41)
    )
    // Both outlines lie within the flatness of one circle: a pixel's area differs by both errors along at most 1.5 pixels.
    let tolerance = 2 * 1.5 * Outline.flatness
    #expect(zip(round.values.values, disk.values.values).allSatisfy { abs($0 - $1) <= 2 * tolerance * largest(disk) })
  }

  @Test func `the heart is the curve of its equation`() {
    // Chords of the unit heart times 400: their middles lie within the flatness of the curve, where the equation's left
    // side F changes by at most |grad F| < 8 a unit inside |x|, |y| < 1.
    let points = Outline.heart(center: .zero, scale: 400).points
    let worst = points.indices.reduce(0.0) { worst, index in
      let middle = (points[index] + points[(index + 1) % points.count]) / 800
      let (x, y) = (middle.x, -middle.y)
      let a = x * x + y * y - 0.6
      return max(worst, abs(a * a * a - x * x * y * y * y))
    }
    #expect(worst <= 8 * Outline.flatness / 400)
  }
}
