import FewtapCore
import FewtapEngine
import TestSupport
import Testing

@Suite("A dense kernel of its own at every pixel is the sum that it says")
struct DenseVaryingTests {
  /// Kernels of several sizes, weights of both signs, middles off the middle.
  private static func kernels() throws -> [Kernel] {
    var random = SeededGenerator(seed: 90)
    return try [(1, 1), (3, 5), (17, 2), (33, 9)].map { width, height in
      try Kernel(
        name: "\(width)x\(height)", values: random.plane(width: width, height: height),
        center: PixelOffset(x: width / 3, y: height - 1))
    }
  }

  @Test("every border and instruction set", arguments: [BorderRule.clamp, .mirror, .wrap, .constant(0.3)])
  func accuracy(border: BorderRule) throws {
    let kernels = try Self.kernels()
    for (width, height) in [(1, 1), (7, 3), (61, 23)] {
      var random = SeededGenerator(seed: 91)
      let plane: Plane<Float> = random.plane(width: width, height: height)
      let indices = (0..<width * height).map { _ in Int32(random.index(kernels.count)) }
      var (expected, bound) = (Plane<Double>(width: width, height: height), Plane<Double>(width: width, height: height))
      for y in 0..<height {
        for x in 0..<width {
          let kernel = kernels[Int(indices[y * width + x])]
          kernel.forEachOffset { dx, dy, weight in
            let column = border.source(of: x - dx, count: width), row = border.source(of: y - dy, count: height)
            let pixel = column.flatMap { column in row.map { plane[column, $0] } } ?? border.outside
            expected[x, y] += weight * Double(pixel)
            bound[x, y] += abs(weight * Double(pixel))
          }
          // A weight is rounded, then products and sums.
          bound[x, y] *= gamma(kernel.width * kernel.height + 2, roundoff: floatRoundoff)
        }
      }
      for rows in RowKernels.all {
        let found = try DenseVarying(kernels, kernels: rows)
          .apply(toPlane: plane, indices: indices, options: ApplyOptions(border: border, threads: 2))
        #expect(violation(found, expected, within: bound) == nil, "\(rows.name), \(width)x\(height)")
      }
    }
  }

  @Test("no bit depends on threads") func threads() throws {
    let kernels = try Self.kernels()
    var random = SeededGenerator(seed: 92)
    let plane: Plane<Float> = random.plane(width: 50, height: 40)
    let indices = (0..<2000).map { _ in Int32(random.index(kernels.count)) }
    let filter = try DenseVarying(kernels)
    let whole = try filter.apply(toPlane: plane, indices: indices, options: ApplyOptions(threads: 1))
    for threads in [2, 3] {
      #expect(try filter.apply(toPlane: plane, indices: indices, options: ApplyOptions(threads: threads)) == whole)
    }
  }

  @Test("what it cannot do is refused") func refusals() throws {
    #expect(throws: ApplyError.filter(FilterError("kernels", "has none", "one kernel or more"))) {
      try DenseVarying([])
    }
    let filter = try DenseVarying(Self.kernels())
    let plane = Plane<Float>(width: 3, height: 2)
    for indices in [[Int32](repeating: 0, count: 5), [0, 0, 0, 0, 0, 4], [0, -1, 0, 0, 0, 0]] {
      #expect(throws: ApplyError.malformedPlane(channel: 0, width: 3, height: 2, count: indices.count)) {
        try filter.apply(toPlane: plane, indices: indices)
      }
    }
    let cancellation = Cancellation()
    cancellation.cancel()
    #expect(throws: ApplyError.cancelled) {
      try filter.apply(
        toPlane: plane, indices: [Int32](repeating: 0, count: 6), options: ApplyOptions(cancellation: cancellation))
    }
  }
}
