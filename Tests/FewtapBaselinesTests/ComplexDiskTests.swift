import FewtapBaselines
import FewtapCore
import FewtapTargets
import TestSupport
import Testing

@Suite struct ComplexDiskTests {
  /// The errors that the documentation states, rounded up to what it prints; never more with a component more.
  @Test func errorsAreAsStated() throws {
    let kernel = try Kernel.disk(radius: 20)
    let stated = [0.22, 0.13, 0.083, 0.056, 0.038, 0.025]
    var before = Double.infinity
    for count in ComplexDisk.componentCounts {
      let filter = try ComplexDisk.filter(radius: 20, components: count)
      let error = try filter.accuracy(against: kernel).relativeError
      #expect(error <= stated[count - 1] && error < before)
      before = error
      #expect(filter.terms.count == 2 * count && filter.passCount == 4 * count)
      #expect(abs(try filter.effectiveKernel().sum - 1) <= gamma(82 * 82))
    }
  }

  /// Complex Gaussians are round: pixels of one distance have one weight, on an axis or beside it, though nothing in the two
  /// products alone says so.
  @Test(arguments: [1, 3, 6], [5.6, 11, 40]) func kernelsAreRound(components: Int, radius: Double) throws {
    let filter = try ComplexDisk.filter(radius: radius, components: components)
    let kernel = try filter.effectiveKernel()
    var magnitude = 0.0
    for term in filter.terms {
      magnitude += (term.row.map(abs).max() ?? 0) * (term.column.map(abs).max() ?? 0)
    }
    func weight(_ x: Int, _ y: Int) -> Double { kernel.values[kernel.center.x + x, kernel.center.y + y] }
    // Exponential, angle, its cosine and a few products for each of the terms.
    let bound = gamma(64 * filter.terms.count) * magnitude
    #expect(abs(weight(3, 4) - weight(0, 5)) <= bound)
    #expect(abs(weight(-4, 3) - weight(5, 0)) <= bound)
    #expect(abs(weight(-3, -4) - weight(-5, 0)) <= bound)
    #expect(weight(0, 0) > 10 * bound)
  }

  /// The filter is nearer to the disk asked for than to those a third of a pixel smaller and larger.
  @Test func theFitIsForTheRadiusAskedFor() throws {
    let filter = try ComplexDisk.filter(radius: 12, components: 3)
    func error(_ radius: Double) throws -> Double {
      try filter.accuracy(against: .disk(radius: radius)).relativeError
    }
    let own = try error(12)
    #expect(try own < error(11.7) && own < error(12.3))
  }

  /// Beyond radius 32 the shapes are those of radius 32: the error stays near what is stated there.
  @Test func largeDisksAreFitted() throws {
    let filter = try ComplexDisk.filter(radius: 90, components: 2)
    let near = try ComplexDisk.filter(radius: 32, components: 2).accuracy(against: .disk(radius: 32)).relativeError
    #expect(try filter.accuracy(against: .disk(radius: 90)).relativeError < 1.2 * near)
  }

  @Test func badOptionsAreRefused() {
    for (components, radius) in [(0, 9.0), (7, 9), (2, 1), (2, 600), (2, .nan)] {
      #expect {
        _ = try ComplexDisk.filter(radius: radius, components: components)
      } throws: {
        if case .badComponents(components, _)? = $0 as? BaselineError { true } else { false }
      }
    }
  }
}
