import FewtapCore
import FewtapTargets
import Testing

/// Gaussians and the signed kernels made of them.
@Suite struct GaussianTests {
  @Test(arguments: [0.8, 2, 5, 7.3])
  func `moments are those of the bell`(sigma: Double) throws {
    // Out to 8 sigma, where 1e-14 of the mass is left; sampling adds 4 (2 pi sigma)^2 exp(-2 pi^2 sigma^2) sigma^2 at most.
    let half = Int(8 * sigma) + 1
    let kernel = try Kernel.gaussian(sigma: sigma, size: 2 * half + 1)
    let aliasing = 4 * 39.5 * sigma * sigma * power(-19.7 * sigma * sigma) * sigma * sigma
    let moments = kernel.moments
    #expect(abs(moments.varianceX - sigma * sigma) <= aliasing + 1e-12 * sigma * sigma)
    #expect(abs(moments.varianceY - sigma * sigma) <= aliasing + 1e-12 * sigma * sigma)
    #expect(abs(moments.covariance) <= 1e-12)
  }

  @Test func `turned and stretched, its covariance is that of the bell`() throws {
    // Variances 36 and 9 along and across 30 degrees: xx = (3 * 36 + 9) / 4, yy = (36 + 3 * 9) / 4, xy = -27 sqrt(3) / 4.
    let moments = try Kernel.gaussian(sigma: 6, sigmaY: 3, angle: 30, size: 121).moments
    let bound = 1e-10
    #expect(abs(moments.varianceX - 29.25) < bound && abs(moments.varianceY - 15.75) < bound)
    #expect(abs(moments.covariance + 27 * 3.0.squareRoot() / 4) < bound)
  }

  @Test(arguments: [5, 7, 9, 11])
  func `it ends at three sigma, as the benchmark's kernels do`(sigma: Int) throws {
    let kernel = try Kernel.gaussian(sigma: Double(sigma))
    #expect(kernel.width == 6 * sigma + 1 && kernel.height == 6 * sigma + 1)
    let ratio = weightAt(3 * sigma, 0, of: kernel) / weightAt(0, 0, of: kernel)
    #expect(abs(ratio - power(-4.5)) <= 4 * 0x1p-52)
  }

  @Test(arguments: [0.7, 2, 5])
  func `the Laplacian has sum 0, no slope, and answers parabolas exactly`(sigma: Double) throws {
    let kernel = try Kernel.laplacianOfGaussian(sigma: sigma)
    #expect(kernel.isZeroSum)
    #expect(weightAt(0, 0, of: kernel) < 0)
    var (x2, y2, xy, x1) = (0.0, 0.0, 0.0, 0.0)
    kernel.forEachOffset { x, y, weight in
      x2 += weight * Double(x * x)
      y2 += weight * Double(y * y)
      xy += weight * Double(x * y)
      x1 += weight * Double(x)
    }
    // Sums of below 2000 terms of below 1.
    #expect(abs(x2 - 2) < 1e-11 && abs(y2 - 2) < 1e-11 && abs(xy) < 1e-11 && abs(x1) < 1e-11)
  }

  @Test func `sharpening is the image and what the Gaussian takes from it`() throws {
    let (sharpen, gaussian) = (try Kernel.sharpen(sigma: 3, amount: 0.8), try Kernel.gaussian(sigma: 3))
    expectSum(of: sharpen, is: 1)
    #expect(!sharpen.isNonnegative)
    #expect(sharpen.width == gaussian.width)
    gaussian.forEachOffset { x, y, weight in
      let expected = (x == 0 && y == 0 ? 1.8 : 0) - 0.8 * weight
      #expect(abs(weightAt(x, y, of: sharpen) - expected) <= 4 * 0x1p-52)
    }
  }

  @Test func `a delta is one weight`() throws {
    #expect(try Kernel.delta().values.values == [1])
    let wide = try Kernel.delta(size: 5)
    #expect(wide.supportCount == 1 && weightAt(0, 0, of: wide) == 1)
  }
}
