import FewtapCore
import FewtapSynthesis
import Testing

/// JVP, VJP and Gram matrix, held to finite differences and to each other.
@Suite struct DerivativeTests {
  private let grid = GridTransform(minimumSize: 32)

  private func parameters(seed: UInt64, integer: Bool = false) -> ChainParameters {
    var random = SeededGenerator(seed: seed)
    let layers = [5, 3, 2].map { count in
      (0..<count).map { _ in
        let (x, y) = (random.uniform(-4, 4), random.uniform(-4, 4))
        return Tap(x: integer ? x.rounded() : x, y: integer ? y.rounded() : y, weight: random.uniform(-0.5, 1))
      }
    }
    return ChainParameters(layers: layers)
  }

  private func vector(_ count: Int, seed: UInt64) -> [Double] {
    var random = SeededGenerator(seed: seed)
    return (0..<count).map { _ in random.uniform(-1, 1) }
  }

  private func moved(_ parameters: ChainParameters, along direction: [Double], by step: Double) -> ChainParameters {
    var result = parameters
    let n = parameters.tapCount
    for i in 0..<n {
      result.weights[i] += step * direction[i]
      result.x[i] += step * direction[n + i]
      result.y[i] += step * direction[2 * n + i]
    }
    return result
  }

  private func dot(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }

  /// The kernel is a polynomial of degree at most three a layer in a step that crosses no pixel, so that central differences
  /// extrapolated once (Ridders) leave the fifth derivative's h^4 term and rounding eps / h; both are below 1e-9 at h = 1e-3.
  @Test(arguments: 1...5 as ClosedRange<UInt64>) func jvpMatchesRiddersDifferences(seed: UInt64) {
    let p = parameters(seed: seed)
    let direction = vector(3 * p.tapCount, seed: seed + 100)
    func central(_ h: Double) -> [Double] {
      let plus = ChainSynthesis(moved(p, along: direction, by: h), on: grid).effectiveKernel()
      let minus = ChainSynthesis(moved(p, along: direction, by: -h), on: grid).effectiveKernel()
      return zip(plus, minus).map { ($0 - $1) / (2 * h) }
    }
    let (coarse, fine) = (central(2e-3), central(1e-3))
    let extrapolated = zip(coarse, fine).map { (4 * $1 - $0) / 3 }
    let jvp = ChainSynthesis(p, on: grid).jvp(direction)
    let scale = jvp.reduce(0) { max($0, abs($1)) }
    for (a, b) in zip(jvp, extrapolated) { #expect(abs(a - b) <= 1e-8 * scale) }
  }

  /// <J v, c> = <v, J^T c> to rounding.
  @Test(arguments: 1...5 as ClosedRange<UInt64>) func vjpIsTheAdjointOfJVP(seed: UInt64) {
    let p = parameters(seed: seed)
    let synthesis = ChainSynthesis(p, on: grid)
    let direction = vector(3 * p.tapCount, seed: seed + 200)
    let cotangent = vector(grid.size * grid.size, seed: seed + 300)
    let (jv, jtc) = (synthesis.jvp(direction), synthesis.vjp(cotangent))
    let (left, right) = (dot(jv, cotangent), dot(direction, jtc))
    // Both are sums of size^2 terms after transforms; 64 roundings of the sum of magnitudes is generous and still 1e-14.
    let magnitude = zip(jv, cotangent).reduce(0) { $0 + abs($1.0 * $1.1) }
    #expect(abs(left - right) <= 64 * Double.ulpOfOne * magnitude * Double(grid.size))
  }

  /// H = J^T W J entry by entry, with the columns of J from the JVP and W applied as a transform.
  @Test(arguments: [1, 2, 3] as [UInt64], [false, true]) func gramMatchesTheJacobian(seed: UInt64, integer: Bool) {
    let p = parameters(seed: seed, integer: integer)
    let synthesis = ChainSynthesis(p, on: grid)
    let metric = grid.tabulate { fx, fy in 1 / (fx * fx + fy * fy + 1e-2) }
    let size = 3 * p.tapCount
    let columns = (0..<size).map { i in
      synthesis.jvp((0..<size).map { $0 == i ? 1 : 0 })
    }
    // W K: multiply the spectrum by the metric.
    let weighted = columns.map { column in
      let spectrum = grid.forward(column)
      return grid.inverse(grid.correlation(grid.one(), spectrum, weight: metric))
    }
    let gram = synthesis.gram(metric: metric)
    let largest = (0..<size).reduce(0) { max($0, gram[$1 * size + $1]) }
    for i in 0..<size {
      for j in 0..<size {
        #expect(abs(gram[i * size + j] - dot(columns[i], weighted[j])) <= 1e-11 * largest, "entry \(i), \(j)")
      }
    }
    let n = p.tapCount
    let weights = synthesis.weightGram(metric: metric, others: synthesis.otherLayers())
    for i in 0..<n {
      for j in 0..<n { #expect(abs(weights[i * n + j] - gram[i * size + j]) <= 1e-11 * largest) }
    }
  }
}
