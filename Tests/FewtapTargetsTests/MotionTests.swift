import FewtapCore
import FewtapTargets
import Testing

/// Motion kernels: a weight is the time that a moving point spends in a pixel.
@Suite struct MotionTests {
  /// The rounding of areas below 1 in a few hundred pixels.
  static let rounding = 1e-12

  @Test func `a line of whole pixels along a row has equal weights`() throws {
    let kernel = try Kernel.line(length: 21)
    #expect(kernel.width == 21 && kernel.height == 1)
    #expect(kernel.values.values.allSatisfy { abs($0 - 1 / 21.0) <= Self.rounding })
  }

  @Test func `a straight path is a line`() throws {
    let line = try Kernel.line(length: 50, angle: 0, thickness: 2.5)
    // Moved and cut in pieces: the mean goes to the center, and pieces that join leave no seam.
    let path = try Kernel.path(
      through: [SIMD2(7, -3), SIMD2(20, -3), SIMD2(20, -3), SIMD2(57, -3)], thickness: 2.5)
    #expect(path.width == line.width && path.height == line.height)
    #expect(zip(path.values.values, line.values.values).allSatisfy { abs($0 - $1) <= Self.rounding })
  }

  @Test func `a stretch traveled twice counts twice`() throws {
    // Right by 20, back by 10: the right half has 2/3 of the time.
    let kernel = try Kernel.path(through: [SIMD2(0, 0), SIMD2(20, 0), SIMD2(10, 0)], size: 49)
    let mean = (20.0 * 10 + 10 * 15) / 30
    let (once, twice) = (weightAt(Int(5 - mean), 0, of: kernel), weightAt(Int(15 - mean), 0, of: kernel))
    #expect(abs(once - 1 / 30.0) <= Self.rounding && abs(twice - 2 / 30.0) <= Self.rounding)
  }

  @Test func `time in each piece is in proportion to its length`() throws {
    let kernel = try Kernel.path(through: [SIMD2(0, 0), SIMD2(30, 0), SIMD2(30, 10)])
    let meanY = (30.0 * 0 + 10 * 5) / 40
    var below = 0.0
    kernel.forEachOffset { _, y, weight in if Double(y) + meanY > 1.5 { below += weight } }
    // Rows wholly below the long piece, which is 1 wide, hold 8 to 9 of the 40 pixels of way, as rows fall.
    #expect((8.0 / 40...9.0 / 40).contains(below))
  }

  @Test(arguments: 0..<20)
  func `the mean of a path is the center`(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let points = (0..<9).map { _ in SIMD2(random.uniform(-40, 40), random.uniform(-40, 40)) }
    let kernel = try Kernel.path(through: points)
    expectSum(of: kernel, is: 1)
    // Pixels move light to their middles by up to half a pixel, in directions that cancel but for their ends: a piece's
    // sum of errors is below that of one pixel at each end and each crossing, on hundreds of pixels of way.
    #expect(abs(kernel.moments.centroidX) < 0.05 && abs(kernel.moments.centroidY) < 0.05)
  }

  @Test func `+y is down in a path's points`() throws {
    let kernel = try Kernel.path(through: [SIMD2(0, 0), SIMD2(10, 20)])
    #expect(kernel.moments.covariance > 0)
    #expect(kernel.moments.varianceY > kernel.moments.varianceX)
  }
}
