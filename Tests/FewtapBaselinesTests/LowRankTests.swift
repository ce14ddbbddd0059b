import FewtapBaselines
import FewtapCore
import FewtapEngine
import FewtapTargets
import TestSupport
import Testing

@Suite struct LowRankTests {
  private static let names = [
    "disk:radius=8", "star:points=4,radius=11,inner=3", "line:length=15,angle=30", "log:sigma=2",
  ]

  /// A few units of the last place of the largest singular value for each step of the decomposition: the constant of LAPACK's
  /// bound is a modest polynomial of the side; the side itself is what is seen to suffice.
  private func rounding(_ kernel: Kernel, _ largest: Double) -> Double {
    gamma(8 * max(kernel.width, kernel.height)) * largest
  }

  private func squaredDistance(_ a: Kernel, _ b: Kernel) -> Double {
    zip(a.values.values, b.values.values).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
  }

  /// Eckart and Young: what rank r leaves is the tail of the singular values.
  @Test(arguments: names) func theErrorIsTheTailOfTheSingularValues(name: String) throws {
    let kernel = try KernelSpecification(name).makeKernel()
    let decomposition = try LowRank(kernel)
    let values = decomposition.singularValues
    #expect(zip(values, values.dropFirst()).allSatisfy { $0 >= $1 } && values.allSatisfy { $0 >= 0 })
    let bound = rounding(kernel, values[0]) * Double(kernel.width)
    for rank in LowRank.ranks {
      let error = squaredDistance(try decomposition.filter(rank: rank).effectiveKernel(), kernel).squareRoot()
      let tail = values.dropFirst(rank).reduce(0) { $0 + $1 * $1 }.squareRoot()
      #expect(abs(error - tail) <= bound, "rank \(rank): \(error), tail \(tail)")
    }
  }

  /// A sum of r products is had back from rank r, and not from rank r - 1; the kernel is not square, its center not the middle.
  @Test(arguments: 1...6) func aKernelOfThatRankIsExact(rank: Int) throws {
    var random = SeededGenerator(seed: UInt64(rank))
    var values = Plane<Double>(width: 17, height: 11)
    for _ in 0..<rank {
      let row = (0..<17).map { _ in random.uniform(-1, 1) }
      let column = (0..<11).map { _ in random.uniform(-1, 1) }
      for y in 0..<11 { for x in 0..<17 { values[x, y] += row[x] * column[y] } }
    }
    let kernel = try Kernel(name: "random", values: values, center: PixelOffset(x: 3, y: 7))
    let decomposition = try LowRank(kernel)
    let filter = try decomposition.filter(rank: rank)
    let bound = rounding(kernel, decomposition.singularValues[0])
    let effective = try filter.effectiveKernel()
    #expect(effective.center == kernel.center)
    #expect(squaredDistance(effective, kernel).squareRoot() <= bound * 17)
    #expect(filter.terms.count == rank && filter.passCount == 2 * rank && filter.tapCount == rank * 28)
    #expect(filter.multiplyAddCount == Double(rank * 28 + rank - 1))
    // More than there is adds nothing.
    #expect(try decomposition.filter(rank: 6).terms.count == rank)
    guard rank > 1 else { return }
    let less = squaredDistance(try decomposition.filter(rank: rank - 1).effectiveKernel(), kernel).squareRoot()
    #expect(less > 1e3 * bound * 17)
  }

  /// A Gaussian is a product.
  @Test func aGaussianNeedsOneTerm() throws {
    let kernel = try Kernel.gaussian(sigma: 4, sigmaY: 6)
    let filter = try LowRank(kernel).filter(rank: 6)
    #expect(filter.terms.count == 1)
    #expect(filter.tapCount == kernel.width + kernel.height)
  }

  /// The Float runner against direct convolution with the effective kernel, under every border.
  @Test(arguments: [BorderRule.clamp, .mirror, .wrap, .constant(0.5), .normalized])
  func planesAreFilteredAsTheEffectiveKernelSays(border: BorderRule) throws {
    let filter = try LowRank(KernelSpecification("heart:size=15").makeKernel()).filter(rank: 4)
    var random = SeededGenerator(seed: 5)
    let plane: Plane<Float> = random.plane(width: 37, height: 23, in: 0...1)
    let options = ApplyOptions(border: border, threads: 2)
    let result = try filter.apply(toPlane: plane, options: options)
    let kernel = try filter.effectiveKernel()
    let expected = try ReferenceApply.apply(kernel, to: plane.map { Double($0) }, border: border)
    // Terms, each of at most 15 + 15 roundings of taps, 4 of layers and sums, on pixels of at most 1; and what rows and columns
    // weigh, whose signs cancel in the kernel.
    let weight = filter.terms.reduce(0) { sum, term in
      sum + term.row.reduce(0) { $0 + abs($1) } * term.column.reduce(0) { $0 + abs($1) }
    }
    // A normalized border divides by the share of the weights that lies on the image.
    let shares = try ReferenceApply.apply(
      kernel, to: Plane(width: 37, height: 23, repeating: 1), border: .constant(0))
    let least = border == .normalized ? try #require(shares.values.min()) : 1
    #expect(
      violation(result, expected, within: gamma(40, roundoff: floatRoundoff) * weight * 2 / (least * least)) == nil)
  }

  @Test func ranksOutOfRangeAreRefused() throws {
    let decomposition = try LowRank(Kernel.disk(radius: 4))
    for rank in [0, 7, -1] {
      #expect(throws: BaselineError.badRank(rank)) { try decomposition.filter(rank: rank) }
    }
    #expect("\(BaselineError.badRank(7))" == "rank 7: expected 1 to 6")
    #expect(throws: BaselineError.malformedTerms) { try SeparableSum(terms: [], center: PixelOffset(x: 0, y: 0)) }
    #expect(throws: BaselineError.malformedTerms) {
      try SeparableSum(
        terms: [.init(row: [1], column: [1]), .init(row: [1, 2], column: [1])], center: PixelOffset(x: 0, y: 0))
    }
    #expect(throws: BaselineError.malformedTerms) {
      try SeparableSum(terms: [.init(row: [.nan], column: [1])], center: PixelOffset(x: 0, y: 0))
    }
    let filter = try decomposition.filter(rank: 2)
    var plane = Plane<Float>(width: 5, height: 4, repeating: 1)
    plane[3, 2] = .nan
    let isRefused = { try filter.apply(toPlane: plane, options: ApplyOptions()) }
    #expect { _ = try isRefused() } throws: {
      if case .nonFinitePixel(0, 3, 2, _)? = $0 as? ApplyError { true } else { false }
    }
  }
}
