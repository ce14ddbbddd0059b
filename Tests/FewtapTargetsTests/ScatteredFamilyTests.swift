import FewtapCore
import FewtapTargets
import TestSupport
import Testing

/// Families through kernels at scattered points.
@Suite struct ScatteredFamilyTests {
  /// A kernel of two pixels whose weights are linear in its point, so that linear interpolation is exact.
  private func member(_ x: Double, _ y: Double) throws -> (point: [Double], kernel: Kernel) {
    (
      [x, y],
      try Kernel(
        name: "k", values: Plane(width: 2, height: 1, values: Self.weights(x, y)), center: PixelOffset(x: 0, y: 0))
    )
  }

  private static func weights(_ x: Double, _ y: Double) -> [Double] { [3 + x + 0.01 * y, 5 - 0.5 * x + 0.02 * y] }

  private func family(_ points: [(Double, Double)]) throws -> KernelFamily {
    let axes = [("x", ""), ("y", "px")].map { (name: $0.0, unit: $0.1) }
    return try KernelFamily(
      name: "stars", scattered: MeasuredKernels(axes: axes, members: points.map { try member($0.0, $0.1) }))
  }

  private func expectLinear(_ family: KernelFamily, at x: Double, _ y: Double) throws {
    let kernel = try family.kernel(at: [x, y])
    for (found, wanted) in zip(kernel.values.values, Self.weights(x, y)) {
      // Shares are areas over a triangle's, which is 1e-7 at least; weights are up to 8.
      #expect(abs(found - wanted) <= gamma(60) * 8 / 1e-7, "\(x), \(y)")
    }
  }

  @Test(arguments: 1...10) func `inside the hull it is linear, whatever the points`(seed: Int) throws {
    var random = SeededGenerator(seed: UInt64(seed))
    var points = [(0.0, 0.0), (1, 0), (0, 100), (1, 100)]
    for _ in 0..<40 { points.append((random.uniform(0, 1), random.uniform(0, 100))) }
    let family = try family(points)
    #expect(family.axes.map(\.range) == [0...1, 0...100] && family.axes.map(\.name) == ["x", "y"])
    for _ in 0..<200 { try expectLinear(family, at: random.uniform(0, 1), random.uniform(0, 100)) }
    for (x, y) in points { try expectLinear(family, at: x, y) }
  }

  @Test func `points on a grid, all on lines and circles, are no special case`() throws {
    let family = try family((0..<5).flatMap { x in (0..<5).map { (Double(x) / 4, Double($0) * 25) } })
    var random = SeededGenerator(seed: 3)
    for _ in 0..<300 { try expectLinear(family, at: random.uniform(0, 1), random.uniform(0, 100)) }
  }

  @Test func `outside of all triangles it is the nearest place's`() throws {
    let family = try family([(0, 0), (1, 0), (0, 100)])
    // In shares of the points' extent (0.8, 0.6) is nearest to (0.6, 0.4) on the side from (1, 0) to (0, 1).
    let (found, expected) = (try family.kernel(at: [0.8, 60]), Self.weights(0.6, 40))
    for (found, wanted) in zip(found.values.values, expected) { #expect(abs(found - wanted) <= gamma(60) * 8 / 1e-7) }
    #expect(try family.kernel(at: [1, 100]).values.values.count == 2)
  }

  @Test func `points that make no triangle are refused`() {
    func expect(_ words: String, _ points: [(Double, Double)]) {
      let error = #expect(throws: TargetError.self) { try family(points) }
      #expect(error?.description.contains(words) == true, "\(String(describing: error))")
    }
    expect("three at least", [])
    expect("three at least", [(0, 0), (1, 1)])
    expect("not on one line", [(0, 0), (1, 1), (2, 2), (5, 5)])
    expect("not on one line", [(0, 3), (1, 3), (2, 3)])
    expect("two kernels", [(0, 0), (1, 0), (0, 1), (1, 0)])
    let error = #expect(throws: TargetError.self) {
      var members = try [(0.0, 0.0), (1.0, 0.0), (0.0, 1.0)].map { try member($0.0, $0.1) }
      members[2].point = [.nan, 1]
      _ = try KernelFamily(name: "k", scattered: MeasuredKernels(axes: [("x", ""), ("y", "")], members: members))
    }
    #expect(error?.description.contains("finite") == true)
    #expect(throws: TargetError.self) {
      try KernelFamily(name: "k", scattered: MeasuredKernels(axes: [("x", "")], members: [([1], member(1, 1).kernel)]))
    }
  }
}
