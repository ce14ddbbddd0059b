import FewtapCore
import FewtapTargets
import Testing

/// The kernels that this project's methods were chosen on were drawn by a prototype: shapes by 16 x 16 samples a pixel,
/// pupils by samples wholly open or closed, 100 and 110 to a radius. Their specifications here must mean the same kernels.
@Suite struct BenchmarkKernelTests {
  /// Specification, centroid's row, variances along x and y, and the sum over the largest weight, of the prototype's kernels.
  static let kernels: [(specification: String, y: Double, varianceX: Double, varianceY: Double, ratio: Double)] = [
    ("disk:radius=20,size=49", 0, 100.0912, 100.0912, 1256.625),
    ("ring:radius=20,inner=12,size=49", 0, 136.0911, 136.0911, 804.2188),
    ("star:points=4,radius=22,inner=7,size=49", 0, 53.5521, 53.5521, 435.4531),
    ("heart:size=49", -6.5373, 67.4149, 55.1487, 733.9297),
    ("polygon:blades=6,radius=22,size=49", 0, 101.0599, 100.8993, 1257.9219),
    ("cat:size=49", -0.2048, 94.7326, 79.0542, 956.7891),
    ("gaussian:sigma=5", 0, 24.4983, 24.4983, 156.4828), ("gaussian:sigma=7", 0, 47.9297, 47.9297, 306.5771),
    ("gaussian:sigma=9", 0, 79.1478, 79.1478, 506.6659), ("gaussian:sigma=11", 0, 118.1526, 118.1526, 756.7492),
    // Its grid of 512 samples makes 512 / (2 * 110) and 512 / (2 * 100) pixels of a wavelength times f-number.
    ("psf:coma=0.55,sampling=2.3272727272727272,size=49", -3.1283, 68.7842, 142.3176, 96.2110),
    ("psf:spherical=0.6,defocus=0.6,sampling=2.56,size=49", 0, 80.0303, 80.0303, 76.4105),
  ]

  @Test(arguments: kernels)
  func `a specification means the prototype's kernel`(
    specification: String, y: Double, varianceX: Double, varianceY: Double, ratio: Double
  ) throws {
    let kernel = try KernelSpecification(specification).makeKernel()
    let moments = kernel.moments
    // Its samples place an edge wrongly by half a sample at most: 1/32 pixel of at least 14 from the middle changes a variance
    // by at most 2 / (32 * 14) of itself, a closed ring of half a pupil's sample by 2 / (2 * 100). The larger holds for all.
    let relative = 0.01
    #expect(abs(moments.centroidX) < 1e-12 && abs(moments.centroidY - y) < 1.0 / 32)
    #expect(abs(moments.varianceX - varianceX) < relative * varianceX)
    #expect(abs(moments.varianceY - varianceY) < relative * varianceY)
    #expect(abs(1 / largest(kernel) - ratio) < relative * ratio)
  }

  @Test func `short names mean these kernels too`() throws {
    for (short, long) in [
      ("disk", "disk:radius=20"), ("ring", "ring:radius=20,inner=12"), ("star", "star:points=4,radius=22,inner=7"),
      ("heart", "heart:size=49"), ("polygon", "polygon:blades=6,radius=22"), ("cat", "cat:size=49"),
    ] {
      #expect(try KernelSpecification(short) == KernelSpecification(long))
    }
  }
}
