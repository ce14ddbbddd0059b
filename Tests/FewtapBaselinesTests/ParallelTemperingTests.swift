import FewtapBaselines
import FewtapCore
import FewtapEngine
import FewtapFit
import FewtapTargets
import TestSupport
import Testing

@Suite struct ParallelTemperingTests {
  private func options(
    _ change: (inout ParallelTempering.Options) -> Void = { _ in }
  ) -> ParallelTempering.Options {
    var options = ParallelTempering.Options()
    options.iterations = 300
    options.replicas = 4
    change(&options)
    return options
  }

  private func run(_ kernel: Kernel, _ layout: [Int], _ options: ParallelTempering.Options) throws
    -> ParallelTempering.Result
  {
    try ParallelTempering(kernel, layout: Layout(layout), options).run()
  }

  /// The best energy never rises, falls from every start, and is what the filter's kernel has, up to its sum made exact.
  @Test(arguments: FitOptions.Guess.allCases, TapModel.allCases)
  func theEnergyFallsFromEveryGuess(guess: FitOptions.Guess, model: TapModel) throws {
    let kernel = try Kernel.disk(radius: 7)
    let result = try run(
      kernel, [12, 6],
      options {
        $0.guess = guess
        $0.tapModel = model
      })
    #expect(zip(result.trace, result.trace.dropFirst()).allSatisfy { $0 >= $1 })
    #expect(result.trace.count == 31)
    #expect(result.energy == result.trace.last)
    #expect(result.energy < 0.8 * result.trace[0])
    #expect(result.termination == .completed)
    #expect(result.filter.chain.layout == [12, 6] && result.filter.chain.model == model)
    try result.filter.checkInvariants()
    let chain = result.filter.chain
    #expect(abs(chain.sum * result.filter.gain - kernel.sum) <= gamma(64))
    // The kernel that the energy is of differs from the filter's by a factor: no factor may do better than the energy says.
    let effective = try result.filter.effectiveKernel()
    var (product, square, norm) = (0.0, 0.0, 0.0)
    kernel.forEachOffset { _, _, weight in norm += weight * weight }
    effective.forEachOffset { x, y, weight in
      let (column, row) = (x + kernel.center.x, y + kernel.center.y)
      let isInside = (0..<kernel.width).contains(column) && (0..<kernel.height).contains(row)
      product += weight * (isInside ? kernel.values[column, row] : 0)
      square += weight * weight
    }
    let least = 1 - product * product / (square * norm)
    #expect(least <= result.energy + gamma(4 * effective.values.values.count))
  }

  /// A seed gives the same bits whatever the number of threads; another seed another filter.
  @Test func threadsDoNotMatter() throws {
    let kernel = try Kernel.star(points: 4, radius: 9, inner: 3)
    let one = try run(kernel, [10, 4], options { $0.threads = 1 })
    for threads in [2, 3, 7] {
      #expect(try run(kernel, [10, 4], options { $0.threads = threads }) == one)
    }
    #expect(try run(kernel, [10, 4], options { $0.seed = 2 }).filter != one.filter)
  }

  /// Hot replicas accept more, and what they find reaches the cold ones: with exchanges the coldest ends below a lone cold one
  /// on the mean over seeds. At a temperature far above every energy nearly every move is accepted.
  @Test func temperaturesDecideWhatIsAccepted() throws {
    let kernel = try Kernel.disk(radius: 7)
    let ladder = try run(kernel, [12, 6], options { $0.temperatures = 1e-7...1e9 })
    #expect(ladder.acceptance.count == 4)
    let (cold, hot) = (try #require(ladder.acceptance.first), try #require(ladder.acceptance.last))
    #expect(cold < 0.7 && hot > 0.95)
  }

  /// The exchange rule lets a better chain of a hot replica pass to the cold one: more replicas, a better best.
  @Test func moreReplicasFindMore() throws {
    let kernel = try Kernel.disk(radius: 7)
    func mean(_ replicas: Int) throws -> Double {
      try (1...4).reduce(0) { sum, seed in
        sum
          + (try run(
            kernel, [12, 6],
            options {
              $0.replicas = replicas
              $0.seed = UInt64(seed)
            })).energy / 4
      }
    }
    #expect(try mean(8) < mean(1))
  }

  /// Eight layers of the guess reach seven times as far as this kernel: the grid must hold them, or no move is ever accepted.
  @Test func manyLayersMove() throws {
    let result = try run(Kernel.disk(radius: 4), Array(repeating: 6, count: 8), options())
    #expect(result.acceptance.allSatisfy { $0 > 0 } && result.energy < result.trace[0])
  }

  @Test func cancellationKeepsTheBest() throws {
    let kernel = try Kernel.disk(radius: 7)
    let cancellation = Cancellation()
    var told: [Int] = []
    let result = try ParallelTempering(kernel, layout: Layout([12, 6]), options()).run(cancellation: cancellation) {
      told.append($0.completed)
      if 2 * $0.completed >= $0.total ?? 0 { cancellation.cancel() }
    }
    #expect(result.termination == .cancelled)
    #expect(told == (1...15).map { 40 * $0 } && result.trace.count == 16)
    #expect(result.energy <= result.trace[0])
  }

  /// A signed kernel keeps what it does to a constant; one without a sum is refused.
  @Test func signedKernelsKeepTheirSum() throws {
    let kernel = try Kernel.sharpen(sigma: 2, amount: 0.5)
    let effective = try run(kernel, [12, 6], options()).filter.effectiveKernel()
    #expect(abs(effective.sum - kernel.sum) <= gamma(256) * effective.absoluteSum)
    #expect(throws: BaselineError.zeroSum(rival: "parallel tempering")) {
      try ParallelTempering(.laplacianOfGaussian(sigma: 2), layout: Layout([12, 6]))
    }
  }

  @Test func badOptionsAreRefused() throws {
    let kernel = try Kernel.disk(radius: 4)
    let bad: [(String, (inout ParallelTempering.Options) -> Void)] = [
      ("iterations", { $0.iterations = 0 }), ("replicas", { $0.replicas = 257 }),
      ("exchange interval", { $0.exchangeInterval = 0 }), ("temperatures", { $0.temperatures = 0...1 }),
    ]
    for (name, change) in bad {
      #expect {
        _ = try ParallelTempering(kernel, layout: Layout([4]), options(change))
      } throws: {
        if case .badTempering(name, _, _)? = $0 as? BaselineError { true } else { false }
      }
    }
    let runs = try Layout(parsing: "4r2")
    #expect(throws: BaselineError.temperingMovesSingleTaps(runs)) {
      try ParallelTempering(kernel, layout: runs)
    }
    #expect(throws: FitError.cannotReach(layout: [1, 1], radius: 4)) {
      try ParallelTempering(kernel, layout: Layout([1, 1]))
    }
  }
}
