import FewtapCore
import FewtapFit
import FewtapSynthesis
import FewtapTargets
import TestSupport
import Testing

@Suite struct InitialGuessTests {
  private static let guesses: [any InitialGuess] = [RadialGuess(), SparseSamplingGuess(), MassGuess(), RandomGuess()]

  @Test(arguments: 0..<4, ["disk:radius=12", "delta", "line:length=9,angle=0"])
  func layersHaveTheLayoutAndSumToOne(index: Int, name: String) throws {
    let kernel = try KernelSpecification(name).makeKernel()
    for layout in [[1], [5, 1], [20, 6, 3]] {
      var random = SeededGenerator(seed: 1)
      let p = Self.guesses[index].parameters(for: kernel, layout: layout, using: &random)
      #expect(p.layout == layout)
      for range in p.ranges {
        #expect(abs(range.reduce(0) { $0 + p.weights[$1] } - 1) <= gamma(2 * range.count + 8))
        for i in range { #expect(p.x[i].isFinite && p.y[i].isFinite) }
      }
    }
  }

  /// Each tap becomes a run with its weight and its centroid.
  @Test func runsKeepWeightAndCentroid() throws {
    var random = SeededGenerator(seed: 3)
    let taps = MassGuess().parameters(for: try Kernel.heart(size: 25), layout: [12, 5, 4], using: &random)
    let lengths = [4, 3, 1]
    let runs = taps.withRuns(of: lengths)
    #expect(runs.layout == [48, 15, 4] && runs.runLengths == lengths)
    for (layer, length) in lengths.enumerated() {
      for (run, tap) in taps.ranges[layer].enumerated() {
        let first = runs.ranges[layer].lowerBound + run * length
        let members = first..<first + length
        #expect(abs(members.reduce(0) { $0 + runs.weights[$1] } - taps.weights[tap]) <= gamma(2 * length))
        #expect(members.allSatisfy { runs.x[$0] == taps.x[tap] })
        let centroid = members.reduce(0) { $0 + runs.y[$1] } / Double(length)
        #expect(abs(centroid - taps.y[tap]) <= gamma(2 * length) * 30)
        for i in members.dropFirst() { #expect(abs(runs.y[i] - runs.y[i - 1] - 1) <= gamma(4) * 30) }
      }
    }
  }

  @Test(arguments: 0..<4) func aSeedRepeats(index: Int) throws {
    let kernel = try Kernel.heart(size: 25)
    func make(_ seed: UInt64) -> ChainParameters {
      var random = SeededGenerator(seed: seed)
      return Self.guesses[index].parameters(for: kernel, layout: [12, 5, 4], using: &random)
    }
    #expect(make(1) == make(1))
    #expect(index == 0 || make(1) != make(2))
  }

  /// DISK's rule: the layers' radii add up to the kernel's radius.
  @Test func radialReachesTheRadius() throws {
    var random = SeededGenerator(seed: 1)
    let kernel = try Kernel.disk(radius: 20)
    let p = RadialGuess().parameters(for: kernel, layout: [8, 8, 8, 8], using: &random)
    let radii = p.ranges.map { range in
      (p.x[range.lowerBound] * p.x[range.lowerBound] + p.y[range.lowerBound] * p.y[range.lowerBound]).squareRoot()
    }
    #expect(abs(radii.reduce(0, +) - Double(kernel.radius)) <= gamma(64) * Double(kernel.radius))
  }

  /// The layers' disks add up to the kernel's radius, and taps lie evenly in them: of radius R the mean squared distance is R^2 / 2.
  @Test func randomFillsTheRadius() throws {
    var random = SeededGenerator(seed: 1)
    let kernel = try Kernel.disk(radius: 20)
    let p = RandomGuess().parameters(for: kernel, layout: [1000, 1000], using: &random)
    let radius = Double(kernel.radius) / 2
    for range in p.ranges {
      let squares = range.map { p.x[$0] * p.x[$0] + p.y[$0] * p.y[$0] }
      #expect(squares.allSatisfy { $0 <= radius * radius * (1 + gamma(8)) })
      // The square is even in 0...R^2, of deviation R^2 / sqrt(12): the mean of 1000 is within five of its own deviations.
      let deviation = radius * radius / (12.0 * 1000).squareRoot()
      #expect(abs(squares.reduce(0, +) / 1000 - radius * radius / 2) < 5 * deviation)
    }
  }

  /// First-layer cells keep the kernel's centroid, up to the floor given to empty cells; and variances add up to the kernel's.
  @Test func massKeepsTheMoments() throws {
    var random = SeededGenerator(seed: 4)
    let kernel = try Kernel.disk(radius: 15)
    let p = MassGuess().parameters(for: kernel, layout: [40, 8, 6], using: &random)
    let kernelMoments = kernel.moments
    var (meanX, variance) = (0.0, 0.0)
    for range in p.ranges {
      let mean = range.reduce(0) { $0 + p.weights[$1] * p.x[$1] }
      meanX += mean
      variance += range.reduce(0) { $0 + p.weights[$1] * (p.x[$1] - mean) * (p.x[$1] - mean) }
    }
    #expect(abs(meanX - kernelMoments.centroidX) < 0.5)
    // Spirals of 6 to 8 jittered taps hold their variance only roughly, and they carry a thirtieth of the whole.
    #expect(abs(variance / kernelMoments.varianceX - 1) < 0.05)
  }
}
