import FewtapCore
import TestSupport
import Testing

/// A basis over a periodic and a plain axis whose filters are told apart by one tap's weight: the filter's index.
private func numberedBasis(
  _ interpolation: FilterBasis.Interpolation = .outputs, curve: [KnotAxis.CurvePoint]? = nil
) -> FilterBasis {
  FilterBasis(
    interpolation: interpolation,
    axes: [
      KnotAxis(name: "radius", unit: "px", knots: [0, 1, 4], curve: curve),
      KnotAxis(name: "angle", unit: "degrees", knots: [-90, 0, 30, 90], isPeriodic: true),
    ],
    filters: (0..<12).map { place in
      // The angle's last knot is its first.
      let index = place % 4 == 3 ? place - 3 : place
      let tap = Tap(x: Double(index) / 3, y: -Double(index), weight: Double(index) + 0.1)
      return SparseFilter(
        chain: TapChain(model: .bilinear, layers: [TapLayer([tap, Tap(x: 1, y: 2, weight: 1)])]),
        gain: 1 + Double(index) / 7)
    })
}

@Suite("Bases")
struct FilterBasisTests {
  @Test("awkward numbers and names come back bit for bit")
  func awkward() throws {
    var basis = numberedBasis(curve: [
      KnotAxis.CurvePoint(value: 0.1, coordinate: 0.1 + 0.2), KnotAxis.CurvePoint(value: 1, coordinate: 1),
      KnotAxis.CurvePoint(value: 1.0.nextUp, coordinate: 1.0.nextUp),
    ])
    basis.axes[0].knots = [-0.0, 1 / 3.0, 4.0.nextUp]
    basis.axes[0].curve = [KnotAxis.CurvePoint(value: 0.1 + 0.2, coordinate: 1 - 1 / 3.0)]
    basis.axes[1].name = "a \"quoted\" \\ name\n\u{1}é😀"
    basis.axes[1].unit = ""
    basis.family = "psf:\u{2028}\t\"x\""
    basis.filters[5] = awkwardFilter()
    basis.fit = BasisRecord(
      objective: "photo", recipe: "paper", seed: .max, sampleCount: .max, photoPSNR: 70.1.nextUp,
      worstPhotoPSNR: -0.0, worstAt: [1 / 3.0, 1e-300], relativeError: .leastNonzeroMagnitude,
      noiseGain: .greatestFiniteMagnitude, termination: "cancelled")
    let read = try FilterBasis(json: basis.json())
    #expect(read == basis)
    #expect(try read.json() == basis.json())
    #expect(zip(read.filters, basis.filters).allSatisfy { bits($0) == bits($1) })
    #expect(read.axes[0].knots.map(\.bitPattern) == basis.axes[0].knots.map(\.bitPattern))
    #expect(read.axes[0].curve?.map(\.value.bitPattern) == basis.axes[0].curve?.map(\.value.bitPattern))
    #expect(read.fit?.worstPhotoPSNR.sign == .minus)
  }

  @Test("what breaks the invariants is not written", arguments: [Double.nan, .infinity, 2e9])
  func notWritten(value: Double) {
    var basis = numberedBasis()
    basis.axes[0].knots[2] = value
    #expect(throws: FilterError.self) { try basis.json() }
    basis = numberedBasis()
    basis.filters[3].gain = value.isFinite ? .nan : value
    let error = #expect(throws: FilterError.self) { try basis.json() }
    #expect(error?.path == "filters[3].gain")
  }

  @Test("filters follow one another along the last axis")
  func order() {
    let basis = numberedBasis()
    #expect(basis.shape == [3, 4])
    for index in basis.filters.indices {
      #expect(basis.index(of: basis.knot(index)) == index)
      #expect(basis.parameters(ofFilter: index) == [[0, 1, 4][index / 4], [-90, 0, 30, 90][index % 4]])
    }
  }

  @Test("at a knot there is its filter alone; between knots the weights are linear in the coordinate and sum to 1")
  func mixture() throws {
    let basis = numberedBasis()
    for index in basis.filters.indices {
      let mixture = try basis.mixture(at: basis.parameters(ofFilter: index))
      #expect(mixture.count == 1 && mixture[0].filter == index && mixture[0].weight == 1)
    }
    let mixture = try basis.mixture(at: [2.5, 7.5])
    #expect(mixture.map(\.filter) == [5, 6, 9, 10])
    #expect(mixture.map(\.weight) == [0.375, 0.125, 0.375, 0.125])
  }

  @Test("values outside stand for the nearest end, angles come around, and what is no number for the lower end")
  func outside() throws {
    let basis = numberedBasis()
    #expect(try basis.mixture(at: [-7, 30]).map(\.filter) == [2])
    #expect(try basis.mixture(at: [.infinity, 30]).map(\.filter) == [10])
    #expect(try basis.mixture(at: [0, 210]).map(\.filter) == [2])
    #expect(try basis.mixture(at: [0, -330]).map(\.filter) == [2])
    for value in [Double.nan, .infinity, -.infinity, 1e300] {
      #expect(try abs(basis.mixture(at: [value, value]).reduce(0) { $0 + $1.weight } - 1) <= gamma(4))
    }
    #expect(basis.axes[1].axis.admitted(.nan) == -90)
  }

  @Test("a point of another count, or a basis that interpolates no taps, is refused")
  func refusals() throws {
    let basis = numberedBasis()
    for point: [Double] in [[], [1], [1, 2, 3]] {
      #expect(throws: FilterError("point", "has \(point.count) values", "2, one for each axis")) {
        try basis.mixture(at: point)
      }
      #expect(throws: FilterError.self) { try numberedBasis(.offsets).interpolatedFilter(at: point) }
    }
    #expect(throws: FilterError("interpolation", "is \"outputs\"", "\"offsets\", whose taps are interpolated")) {
      try basis.interpolatedFilter(at: [1, 2])
    }
  }

  @Test("a curve bends the way from knot to knot")
  func curve() {
    let axis = numberedBasis(curve: [
      KnotAxis.CurvePoint(value: 0.5, coordinate: 0.25), KnotAxis.CurvePoint(value: 2, coordinate: 1.5),
    ]).axes[0]
    for (value, coordinate) in [
      (0, 0), (0.25, 0.125), (0.5, 0.25), (0.75, 0.625), (1, 1), (1.5, 1.25), (3, 1.75), (4, 2),
    ] {
      #expect(axis.coordinate(of: value) == coordinate, "\(value)")
    }
  }

  @Test("the offsets operator mixes offsets, weights and gains")
  func interpolatedFilter() throws {
    let basis = numberedBasis(.offsets)
    for index in basis.filters.indices {
      #expect(try basis.interpolatedFilter(at: basis.parameters(ofFilter: index)) == basis.filters[index])
    }
    let filter = try basis.interpolatedFilter(at: [2.5, 15])
    // The middle of filters 5, 6, 9 and 10 is 7.5 in everything.
    let tap = filter.chain.layers[0].taps[0]
    for (found, expected) in [(tap.x, 2.5), (tap.y, -7.5), (tap.weight, 7.6), (filter.gain, 1 + 7.5 / 7)] {
      #expect(abs(found - expected) <= gamma(12) * abs(expected))
    }
    #expect(basis.bounds == OffsetBounds(minX: 0, maxX: 4, minY: -10, maxY: 2))
  }
}
