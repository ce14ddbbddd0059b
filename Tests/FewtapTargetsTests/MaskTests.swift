import FewtapCore
import FewtapTargets
import Testing

/// Kernels from pictures.
@Suite struct MaskTests {
  static func picture(_ width: Int, _ height: Int, seed: UInt64 = 1) -> Plane<Double> {
    var random = SeededGenerator(seed: seed)
    var plane = Plane<Double>(width: width, height: height)
    for index in plane.values.indices { plane.values[index] = random.unit() }
    return plane
  }

  @Test func `without a size the pixels are taken as they are`() throws {
    let picture = Self.picture(7, 5)
    let kernel = try Kernel.mask(picture, name: "spot.png")
    let sum = picture.values.reduce(0, +)
    #expect(kernel.name == "spot.png")
    #expect(kernel.values.values == picture.values.map { $0 / sum })
  }

  @Test(arguments: [5, 9, 15, 45, 101])
  func `scaling keeps sum, centroid and uprightness`(size: Int) throws {
    var picture = Plane<Double>(width: 15, height: 9)
    picture[7, 4] = 2
    picture[1, 4] = 1
    picture[7, 0] = 1
    let kernel = try Kernel.mask(picture, size: size)
    #expect(kernel.width == size && kernel.height % 2 == 1 && Double(kernel.height) >= Double(9 * size) / 15)
    expectSum(of: kernel, is: 1)
    // Centroids scale with the picture but for half a pixel that a pixel's mass may move by.
    let scale = Double(size) / 15
    #expect(
      abs(kernel.moments.centroidX + 6 * scale / 4) <= 0.5 && abs(kernel.moments.centroidY + 4 * scale / 4) <= 0.5)
  }

  @Test func `halves of pixels go to both sides`() throws {
    let row = try Plane(width: 6, height: 1, values: [1, 2, 3, 4, 5, 6].map(Double.init))
    // Two pixels become one, in rows half a pixel high.
    let kernel = try Kernel.mask(row, size: 3)
    #expect(kernel.height == 1)
    for (weight, expected) in zip(kernel.values.values, [3, 7, 11]) {
      #expect(abs(weight - Double(expected) / 21) <= 4 * 0x1p-52)
    }
    let even = try Kernel.mask(Plane(width: 2, height: 2, values: [1, 2, 3, 4]), size: 3)
    // 1.5 times as large: the middle pixel gets a third of each side's, a ninth of each.
    #expect(abs(weightAt(0, 0, of: even) - 1.0 / 9) <= 8 * 0x1p-52)
    #expect(abs(weightAt(-1, -1, of: even) - 4.0 / 90) <= 8 * 0x1p-52)
  }

  @Test func `signed masks are kept as they are`() throws {
    let signed = try Plane(width: 3, height: 1, values: [-1.0, 4, -1])
    #expect(try Kernel.mask(signed).values == signed)
    let wide = try Kernel.mask(signed, size: 9)
    #expect(abs(wide.sum - 2) <= 27 * 0x1p-52 * wide.absoluteSum)
  }

  @Test func `an explicit center is kept`() throws {
    let kernel = try Kernel.mask(Self.picture(4, 4), center: PixelOffset(x: 0, y: 3))
    #expect(kernel.center == PixelOffset(x: 0, y: 3))
  }

  @Test func `masks that make no kernel are refused`() throws {
    #expect(throws: TargetError.kernel(.evenSizeWithoutCenter(width: 4, height: 3))) {
      try Kernel.mask(Self.picture(4, 3))
    }
    #expect(throws: TargetError.kernel(.allZero)) { try Kernel.mask(Plane(width: 3, height: 3)) }
    #expect(throws: TargetError.kernel(.empty)) { try Kernel.mask(Plane(width: 0, height: 3), size: 5) }
    #expect(throws: TargetError.kernel(.tooLarge(width: 1027, height: 1))) {
      try Kernel.mask(Plane(width: 1027, height: 1, repeating: 1))
    }
    var broken = Self.picture(3, 3)
    broken[2, 1] = .infinity
    #expect(throws: TargetError.kernel(.nonFinite(x: 2, y: 1, value: .infinity))) { try Kernel.mask(broken, size: 3) }
    for size in [-3, 0, 4, 1027, Int.max] {
      #expect(throws: TargetError.self) { try Kernel.mask(Self.picture(3, 3), size: size) }
    }
  }
}
