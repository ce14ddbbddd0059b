import FewtapCore

/// A chain's numbers as optimizers see them: flat arrays, layer after layer.
///
/// Shapes: `weights`, `x`, `y`: one a tap; the parameter vector is `[weights..., x..., y...]`, three numbers a tap.
/// Units:  offsets in pixels, +y down; weights dimensionless.
public struct ChainParameters: Equatable, Sendable {
  /// Taps a layer, first layer first.
  public private(set) var layout: [Int]
  /// Taps of a run, for each layer: a layer's taps stand in runs of so many, one below the other, that a search moves as one.
  /// 1 where taps move alone.
  public private(set) var runLengths: [Int]
  /// Weights.
  public var weights: [Double]
  /// Column offsets.
  public var x: [Double]
  /// Row offsets.
  public var y: [Double]

  /// The parameters of layers of taps.
  public init(layers: [[Tap]]) {
    layout = layers.map(\.count)
    runLengths = layers.map { _ in 1 }
    let taps = layers.joined()
    weights = taps.map(\.weight)
    x = taps.map(\.x)
    y = taps.map(\.y)
  }

  /// The parameters of `chain`.
  public init(_ chain: TapChain) { self.init(layers: chain.layers.map(\.taps)) }

  /// The chain with these parameters.
  public func chain(model: TapModel) -> TapChain {
    TapChain(
      model: model,
      layers: ranges.map { range in TapLayer(range.map { Tap(x: x[$0], y: y[$0], weight: weights[$0]) }) })
  }

  /// Number of taps.
  public var tapCount: Int { weights.count }
  /// Number of layers.
  public var layerCount: Int { layout.count }

  /// Indices of each layer's taps.
  public var ranges: [Range<Int>] {
    var start = 0
    return layout.map { count in
      defer { start += count }
      return start..<start + count
    }
  }

  /// The layer of each tap.
  public var layerOfTap: [Int] { layout.enumerated().flatMap { Array(repeating: $0.offset, count: $0.element) } }

  /// Largest `|x|` or `|y|` of each layer.
  public var reaches: [Double] { ranges.map { $0.reduce(0) { max($0, abs(x[$1]), abs(y[$1])) } } }

  /// `prod_l sum |w|`.
  public var noiseGain: Double { ranges.reduce(1) { $0 * $1.reduce(0) { $0 + abs(weights[$1]) } } }

  /// The chain with every tap made a vertical run centered on it, of as many taps of equal weight as `lengths` has for its
  /// layer.
  package func withRuns(of lengths: [Int]) -> ChainParameters {
    precondition(lengths.count == layerCount && runLengths.allSatisfy { $0 == 1 })
    var result = ChainParameters(
      layers: zip(ranges, lengths).map { range, length in
        range.flatMap { i in
          (0..<length).map { row in
            Tap(x: x[i], y: y[i] + Double(row) - Double(length - 1) / 2, weight: weights[i] / Double(length))
          }
        }
      })
    result.runLengths = lengths
    return result
  }

  /// Takes tap `index` out, and puts `tap` into `layer`.
  package mutating func move(_ index: Int, to layer: Int, as tap: Tap) {
    layout[layerOfTap[index]] -= 1
    weights.remove(at: index)
    x.remove(at: index)
    y.remove(at: index)
    let place = ranges[layer].upperBound
    layout[layer] += 1
    weights.insert(tap.weight, at: place)
    x.insert(tap.x, at: place)
    y.insert(tap.y, at: place)
  }
}
