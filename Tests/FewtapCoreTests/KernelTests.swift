import FewtapCore
import TestSupport
import Testing

@Suite("Kernels")
struct KernelTests {
  static func plane(_ width: Int, _ height: Int) -> Plane<Double> { Plane(width: width, height: height, repeating: 1) }

  @Test("what is no kernel")
  func errors() throws {
    #expect(throws: KernelError.empty) { try Kernel(name: "", values: Plane(width: 0, height: 3)) }
    #expect(throws: KernelError.tooLarge(width: 1026, height: 1)) { try Kernel(name: "", values: Self.plane(1026, 1)) }
    #expect(throws: KernelError.allZero) { try Kernel(name: "", values: Plane(width: 3, height: 3)) }
    #expect(throws: KernelError.evenSizeWithoutCenter(width: 3, height: 4)) {
      try Kernel(name: "", values: Self.plane(3, 4))
    }
    for center in [PixelOffset(x: 3, y: 0), PixelOffset(x: 0, y: -1)] {
      #expect(throws: KernelError.centerOutside(center: center, width: 3, height: 3)) {
        try Kernel(name: "", values: Self.plane(3, 3), center: center)
      }
    }
    var values = Self.plane(3, 3)
    values[2, 1] = .infinity
    #expect(throws: KernelError.nonFinite(x: 2, y: 1, value: .infinity)) { try Kernel(name: "", values: values) }
    #expect(throws: KernelError.self) { try Kernel(name: "", values: Self.plane(3, 3)).scaled(by: 0) }
    let even = KernelError.evenSizeWithoutCenter(width: 4, height: 4)
    #expect(even.description.contains("--center"))
  }

  @Test("centers, support, sums and moments of a kernel with an even size")
  func measures() throws {
    var values = Plane<Double>(width: 6, height: 4)
    values[1, 1] = 1
    values[3, 2] = -3
    let kernel = try Kernel(name: "pair", values: values, center: PixelOffset(x: 2, y: 1))
    #expect(kernel.sum == -2 && kernel.absoluteSum == 4 && kernel.supportCount == 2 && !kernel.isNonnegative)
    #expect(kernel.supportBounds == OffsetBounds(minX: -1, maxX: 1, minY: 0, maxY: 1) && kernel.radius == 1)
    let moments = kernel.moments
    // Weights 1/4 at (-1, 0) and 3/4 at (1, 1); every number here is exact in binary.
    #expect(moments.centroidX == 0.5 && moments.centroidY == 0.75)
    #expect(moments.varianceX == 0.75 && moments.varianceY == 0.1875 && moments.covariance == 0.375)
    #expect(try Kernel(name: "", values: Self.plane(5, 7)).center == PixelOffset(x: 2, y: 3))
  }

  @Test("weights that cancel")
  func zeroSum() throws {
    let edge = try Kernel(name: "", values: Plane(width: 3, height: 1, values: [1, 0, -1]))
    #expect(edge.isZeroSum)
    #expect(try !Kernel(name: "", values: Plane(width: 3, height: 1, values: [1, 0, -0.999])).isZeroSum)
  }

  @Test("the hash depends on values, size and center, and on nothing else")
  func hash() throws {
    let kernel = try Kernel(name: "a", values: Self.plane(3, 1))
    #expect(kernel.sha256.count == 64)
    #expect(kernel.sha256 == kernel.named("b").sha256)
    var changed = Self.plane(3, 1)
    changed[0, 0] = 1.0.nextUp
    let others = [
      try Kernel(name: "a", values: Self.plane(1, 3)), try Kernel(name: "a", values: changed),
      try Kernel(name: "a", values: Self.plane(3, 1), center: PixelOffset(x: 0, y: 0)),
    ]
    for other in others { #expect(other.sha256 != kernel.sha256) }
  }
}

@Suite("Planes and images")
struct PlaneTests {
  @Test("what is no plane")
  func planeErrors() {
    #expect(throws: PlaneError.count(expected: 6, found: 5)) {
      try Plane<Float>(width: 2, height: 3, values: [1, 2, 3, 4, 5])
    }
    for (width, height) in [(0, 3), (3, 0), (-1, -1), (Int.max, 2)] {
      #expect(throws: PlaneError.size(width: width, height: height)) {
        try Plane<Float>(width: width, height: height, values: [1])
      }
    }
  }

  @Test("what is no image")
  func imageErrors() {
    let (small, wide) = (Plane<Float>(width: 2, height: 2), Plane<Float>(width: 3, height: 2))
    #expect(throws: ImageError.noChannels) { try Image(planes: []) }
    #expect(throws: ImageError.sizesDiffer(channel: 1, width: 3, height: 2)) { try Image(planes: [small, wide]) }
    for index in [1, -1] {
      #expect(throws: ImageError.noSuchAlpha(index: index, channels: 1)) {
        try Image(planes: [small], alphaIndex: index)
      }
    }
  }

  @Test("the first NaN in reading order, channel by channel")
  func firstNonFinite() throws {
    var plane = Plane<Float>(width: 4, height: 3)
    #expect(plane.firstNonFinite() == nil)
    plane[1, 2] = .nan
    plane[3, 1] = -.infinity
    let found = try #require(try Image(planes: [Plane(width: 4, height: 3), plane]).firstNonFinite())
    #expect(found.channel == 1 && found.x == 3 && found.y == 1 && found.value == -.infinity)
  }
}
