import FewtapCore
import FewtapEngine
import TestSupport
import Testing

@Suite("Knot coordinates from tables are near those of the axis")
struct KnotTableTests {
  private static let axes = [
    KnotAxis(name: "even", knots: [0, 1, 2, 3, 4]),
    KnotAxis(name: "uneven", knots: [-3, -2.9, 0.01, 7, 40]),
    KnotAxis(
      name: "bent", knots: [1, 2, 20],
      curve: [(1.2, 0.7), (1.5, 0.9), (3, 1.05), (3.001, 1.6), (18, 1.7)].map {
        KnotAxis.CurvePoint(value: $0.0, coordinate: $0.1)
      }),
  ]

  /// What a plan makes of ones where filter k is a factor k: the coordinate of each value.
  private static func coordinates(_ axis: KnotAxis, _ values: [Float], _ kernels: RowKernels) throws -> [Float] {
    let basis = FilterBasis(
      interpolation: .outputs, axes: [axis],
      filters: axis.knots.indices.map { knot in
        SparseFilter(
          chain: TapChain(
            model: .integer, layers: [TapLayer([Tap(x: 0, y: 0, weight: knot == 0 ? 0x1p-100 : Double(knot))])]))
      })
    let ones = Plane<Float>(width: values.count, height: 1, repeating: 1)
    return try VaryingPlan(basis, width: values.count, kernels: kernels)
      .apply(
        to: Image(sameSizePlanes: [ones]), map: ParameterMap([Plane(width: values.count, height: 1, values: values)])
      )
      .planes[0].values
  }

  @Test("between the knots, to the corners within a cell", arguments: axes)
  func accuracy(axis: KnotAxis) throws {
    var random = SeededGenerator(seed: 81)
    let (low, high) = (axis.knots[0], axis.knots[axis.knots.count - 1])
    let values = axis.knots.map { Float($0) } + (0..<4000).map { _ in Float(random.uniform(low, high)) }
    let (points, cell) = (axis.points, (high - low) / 2048)
    let slopes = zip(points, points.dropFirst()).map { ($1.coordinate - $0.coordinate) / ($1.value - $0.value) }
    let last = Double(axis.knots.count - 1)
    // Values and the table's step in Float: where a value lies in the table is off by so much of the range; numbers up to the last
    // knot are rounded on the way to a weight and a result.
    let place = gamma(4, roundoff: floatRoundoff) * (max(abs(low), abs(high)) + high - low)
    let rounding = (slopes.max() ?? 0) * place + gamma(10, roundoff: floatRoundoff) * (last + 1)
    for kernels in RowKernels.all {
      let found = try Self.coordinates(axis, values, kernels)
      for (value, coordinate) in zip(values.map { Double($0) }, found) {
        // Corners that can lie in the same cell.
        let corners = points.indices.dropFirst().dropLast().filter { abs(points[$0].value - value) <= cell + place }
        let bend = corners.reduce(0) { $0 + cell / 4 * abs(slopes[$1] - slopes[$1 - 1]) }
        let expected = axis.coordinate(of: value)
        #expect(abs(Double(coordinate) - expected) <= bend + rounding, "\(kernels.name): \(value)")
      }
    }
  }

  @Test("exact at the ends, and beyond them", arguments: axes)
  func ends(axis: KnotAxis) throws {
    let (low, high) = (Float(axis.knots[0]), Float(axis.knots[axis.knots.count - 1]))
    for kernels in RowKernels.all {
      let found = try Self.coordinates(axis, [low, high, low - 1, high + 1, -.infinity, .infinity], kernels)
      let last = Float(axis.knots.count - 1)
      #expect(found == [0x1p-100, last, 0x1p-100, last, 0x1p-100, last], "\(kernels.name)")
    }
  }
}
