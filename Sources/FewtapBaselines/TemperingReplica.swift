import FewtapCore
import FewtapFit
import FewtapSynthesis

/// What parallel tempering minimizes: the relative squared error of the effective kernel.
///
/// Equation: `E = sum_p (K - T)^2 / sum_p T^2`, over all frequencies by Parseval's theorem.
/// Cost:     one transform a changed layer: 50 us on a grid of 100 x 100 with four layers.
struct TemperingEnergy: Sendable {
  let grid: GridTransform
  /// Largest |offset| that the layers may have in all, so that nothing wraps around the grid.
  let room: Double
  private let target: Spectrum
  private let weight: [Double]

  /// The energy against `kernel`, for `layers` layers that reach up to twice as far as it does, and as far as guesses do.
  init(_ kernel: Kernel, layers: Int) {
    let side = SparseSamplingGuess.gridSide(for: kernel, layers: layers)
    grid = GridTransform(minimumSize: max(64, 4 * kernel.radius + 2, side))
    room = Double(grid.size / 2 - 1)
    let plane = grid.place(kernel)
    target = grid.forward(plane)
    let scale = plane.reduce(0) { $0 + $1 * $1 } * Double(grid.size * grid.size)
    weight = grid.multiplicity.map { $0 / scale }
  }

  func callAsFunction(_ synthesis: ChainSynthesis) -> Double {
    grid.power(grid.difference(synthesis.kernel, target), weight: weight)
  }

  /// What tells a chain's other figures.
  var gauge: ConvergenceGauge { ConvergenceGauge(target, on: grid) }

  /// Whether the layers' offsets stay within the grid.
  func holds(_ parameters: ChainParameters) -> Bool { parameters.reaches.reduce(0, +) <= room }
}

/// One chain at one temperature, with random numbers of its own.
struct TemperingReplica: Sendable {
  /// A chain and its energy: what replicas exchange.
  struct State: Sendable {
    var synthesis: ChainSynthesis
    var energy: Double
  }

  /// What a move may do, and how large it is.
  struct Moves: Sendable {
    var temperature: Double
    /// Standard deviation of a shift, in pixels.
    var shift: Double
    /// The same of a change of weight, in units of a layer's mean weight.
    var change: Double
    var model: TapModel
  }

  var state: State
  private(set) var best: State
  private(set) var acceptedMoves = 0
  private let moves: Moves
  private var random: SeededGenerator

  init(_ state: State, _ moves: Moves, random: SeededGenerator) {
    (self.state, best, self.moves, self.random) = (state, state, moves, random)
  }

  /// Proposes `count` moves one after the other, each accepted by the rule of Metropolis.
  mutating func run(_ count: Int, _ energy: TemperingEnergy) {
    for _ in 0..<count {
      let (parameters, layer) = proposal()
      // Drawn before the energy is known: a replica's random numbers do not depend on what was accepted.
      let threshold = random.unit()
      guard energy.holds(parameters) else { continue }
      let synthesis = ChainSynthesis(parameters, on: energy.grid, changing: layer, of: state.synthesis)
      let value = energy(synthesis)
      guard value <= state.energy || threshold < exponential((state.energy - value) / moves.temperature) else {
        continue
      }
      acceptedMoves += 1
      state = State(synthesis: synthesis, energy: value)
      if value < best.energy { best = state }
    }
  }

  /// Integer taps shift by whole pixels: with this deviation, in pixels, half of the shifts along an axis are none.
  private static let leastWholeShift = 0.75

  /// The chain after a random move, and the layer that it changed: mostly a tap is shifted or its weight changed; sometimes two
  /// taps of a layer swap their weights.
  private mutating func proposal() -> (ChainParameters, layer: Int) {
    var parameters = state.synthesis.parameters
    let tap = random.index(parameters.tapCount)
    let layer = parameters.layerOfTap[tap]
    let range = parameters.ranges[layer]
    switch random.unit() {
    case ..<0.45:
      let shift = moves.model == .bilinear ? moves.shift : max(moves.shift, Self.leastWholeShift)
      var (dx, dy) = (shift * random.normal(), shift * random.normal())
      if moves.model == .integer { (dx, dy) = (dx.rounded(), dy.rounded()) }
      parameters.x[tap] += dx
      parameters.y[tap] += dy
    case ..<0.9:
      parameters.weights[tap] += moves.change / Double(range.count) * random.normal()
    default:
      let other = range.lowerBound + random.index(range.count)
      parameters.weights.swapAt(tap, other)
    }
    return (parameters, layer)
  }
}
