import FewtapCore

/// What a loss changes by with each number of a filter, summed over the channels.
public struct FilterGradient: Equatable, Sendable {
  /// With the taps, layer by layer, as the filter has them.
  public var layers: [[TapGradient]]
  /// With the gain.
  public var gain: Double

  /// A gradient of given parts.
  public init(layers: [[TapGradient]], gain: Double) { (self.layers, self.gain) = (layers, gain) }

  /// None at all, for each number of `filter`.
  init(zerosOf filter: SparseFilter) {
    let zero =
      filter.chain.model == .integer ? TapGradient(weight: 0) : TapGradient(weight: 0, x: 0, y: 0)
    self.init(layers: filter.chain.layers.map { $0.taps.map { _ in zero } }, gain: 0)
  }

  /// Adds another one of the same filter.
  package static func += (sum: inout FilterGradient, term: FilterGradient) {
    sum.gain += term.gain
    for layer in sum.layers.indices {
      for tap in sum.layers[layer].indices { sum.layers[layer][tap].add(term.layers[layer][tap]) }
    }
  }

  /// That of the filter of which this is the gradient turned by half a turn.
  func turned(reversesLayers: Bool) -> FilterGradient {
    var turned = self
    if reversesLayers { turned.layers.reverse() }
    for layer in turned.layers.indices {
      for tap in turned.layers[layer].indices {
        turned.layers[layer][tap].x = turned.layers[layer][tap].x.map { -$0 }
        turned.layers[layer][tap].y = turned.layers[layer][tap].y.map { -$0 }
      }
    }
    return turned
  }

  /// Adds what changes by the filter's sum do, of which the loss has `slope`.
  mutating func add(slope: Double, ofSum filter: SparseFilter) {
    let sums = filter.chain.layers.map(\.sum)
    gain += slope * sums.reduce(1, *)
    for layer in layers.indices {
      let others = sums.indices.reduce(filter.gain) { $1 == layer ? $0 : $0 * sums[$1] }
      for tap in layers[layer].indices { layers[layer][tap].weight += slope * others }
    }
  }
}

/// What a loss changes by where a tap changes.
public struct TapGradient: Equatable, Sendable {
  /// By its weight.
  public var weight: Double
  /// By its offset to the right, a pixel of the layers' rate; nil for a tap of whole pixels, which cannot move. Where the offset of a
  /// bilinear tap is whole the left and right derivatives differ: it is the right one.
  public var x: Double?
  /// By its offset down, a pixel of the layers' rate; nil for a tap of whole pixels. Where it is whole: the derivative downwards.
  public var y: Double?

  /// A gradient of given parts.
  public init(weight: Double, x: Double? = nil, y: Double? = nil) { (self.weight, self.x, self.y) = (weight, x, y) }
}

extension TapGradient {
  /// Adds `share` of another one of the same kind of tap.
  mutating func add(_ term: TapGradient, share: Double = 1) {
    weight += share * term.weight
    x? += share * (term.x ?? 0)
    y? += share * (term.y ?? 0)
  }
}
