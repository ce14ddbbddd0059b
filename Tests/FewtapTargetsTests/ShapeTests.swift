import FewtapCore
import FewtapTargets
import Testing

/// Flat shapes against what geometry says of them. A pixel wholly inside has weight `1 / area`, so the largest weight tells
/// the area; chords move a curve by 1e-5 at most, which changes an area by at most that times the perimeter.
@Suite struct ShapeTests {
  /// Kernels that draw a flat shape, with its area and perimeter.
  static let areas: [(specification: String, area: Double, perimeter: Double)] = [
    ("disk:radius=20", .pi * 400, 126), ("disk:radius=3.7", .pi * 3.7 * 3.7, 24),
    ("disk:radius=512", .pi * 262144, 3217),
    ("ring:radius=20,inner=12", .pi * 256, 202), ("ellipse:radius-x=20,radius-y=9.5,angle=33", .pi * 190, 130),
    ("box:width=20.5,height=7.25", 20.5 * 7.25, 0), ("box:width=20.5,height=7.25,angle=17", 20.5 * 7.25, 0),
    // n/2 R^2 sin(2 pi / n): sin 60 and sin 90 degrees.
    ("polygon:blades=6,radius=22", 3 * 484 * 0.75.squareRoot(), 0), ("polygon:blades=4,radius=22,rotation=11", 968, 0),
    ("polygon:blades=7,radius=22,curvature=1", .pi * 484, 139),
    // n R r sin(pi / n).
    ("star:points=4,radius=22,inner=7", 4 * 22 * 7 * 0.5.squareRoot(), 0),
    ("star:points=6,radius=30,inner=12", 1080, 0),
  ]

  /// Symmetric kernels, with the variances of their shapes along x and y.
  static let variances: [(specification: String, x: Double, y: Double)] = [
    ("disk:radius=20", 100, 100), ("disk:radius=7.3", 13.3225, 13.3225), ("ellipse:radius-x=20,radius-y=9", 100, 20.25),
    ("box:width=30,height=4.5", 75, 1.6875), ("line:length=41", 1681 / 12, 1 / 12),
    ("line:length=30.6,angle=90", 1 / 12, 78.03),
  ]

  @Test(arguments: areas)
  func `the area is the one that geometry gives`(specification: String, area: Double, perimeter: Double) throws {
    let kernel = try KernelSpecification(specification).makeKernel()
    // Rounding: the raster's, a few edges a pixel times 2^-52 of an area of 1, and that of the sum over all pixels.
    let rounding = area * 0x1p-52 * Double(kernel.values.values.count)
    #expect(abs(1 / largest(kernel) - area) <= perimeter * Outline.flatness + rounding)
  }

  @Test(arguments: KernelCatalog.entries.map(\.example))
  func `a shape has sum 1, no negative weight and an odd size`(specification: String) throws {
    let kernel = try KernelSpecification(specification).makeKernel()
    guard !["log", "sharpen"].contains(where: specification.hasPrefix) else { return }
    expectSum(of: kernel, is: 1)
    #expect(kernel.isNonnegative)
    #expect(kernel.width % 2 == 1 && kernel.height % 2 == 1)
    #expect(kernel.center == PixelOffset(x: kernel.width / 2, y: kernel.height / 2))
  }

  @Test(arguments: [5.0, 20, 20.3])
  func `every column of a disk holds the area between two chords`(radius: Double) throws {
    let kernel = try Kernel.disk(radius: radius)
    // Area left of x: the integral of 2 sqrt(r^2 - x^2), by Simpson's rule in the angle, where it is smooth.
    func areaBetween(_ left: Double, _ right: Double) -> Double {
      let (start, end) = (angle(cosine: left / radius), angle(cosine: right / radius))
      return radius * radius * (start - end - (sine(2 * start) - sine(2 * end)) / 2)
    }
    for x in -kernel.center.x...kernel.center.x {
      let column = (0..<kernel.height).reduce(0) { $0 + kernel.values[x + kernel.center.x, $1] }
      let expected = areaBetween(max(Double(x) - 0.5, -radius), min(Double(x) + 0.5, radius)) / (.pi * radius * radius)
      // Chords: 1e-5 over the 2 arcs in the column, each shorter than the radius times its angle (< 2 sqrt(r)); and the sum.
      #expect(abs(column - expected) <= 1e-5 * (4 * radius.squareRoot() + 7) / (.pi * radius * radius))
    }
  }

  /// A symmetric density that falls from its middle is a mixture of centered uniform ones, and binning a uniform density of
  /// length L into pixels changes its variance by -1/12 (L odd) to 0.18 (L = 1.8, the worst).
  @Test(arguments: variances)
  func `variances are those of the shape, within what pixels can change`(
    specification: String, varianceX: Double, varianceY: Double
  ) throws {
    let moments = try KernelSpecification(specification).makeKernel().moments
    #expect((-0.0834...0.18).contains(moments.varianceX - varianceX))
    #expect((-0.0834...0.18).contains(moments.varianceY - varianceY))
  }
}
