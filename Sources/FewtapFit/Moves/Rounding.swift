import FewtapCore
import FewtapSynthesis

extension ChainParameters {
  /// The chain with whole offsets, no two taps of a layer at one place: a tap that meets another steps aside at random.
  func rounded(using random: inout SeededGenerator) -> ChainParameters {
    var result = self
    for range in ranges {
      var taken: Set<PixelOffset> = []
      for i in range {
        var place = PixelOffset(x: Int(x[i].rounded()), y: Int(y[i].rounded()))
        while !taken.insert(place).inserted {
          place.x += random.index(3) - 1
          place.y += random.index(3) - 1
        }
        (result.x[i], result.y[i]) = (Double(place.x), Double(place.y))
      }
    }
    return result
  }

  /// A share of the taps, drawn at random, each shifted by up to one pixel: a way out of a local minimum of exchange.
  func kicked(share: Double, using random: inout SeededGenerator) -> ChainParameters {
    var result = self
    for i in weights.indices where random.unit() < share {
      result.x[i] += Double(random.index(3) - 1)
      result.y[i] += Double(random.index(3) - 1)
    }
    return result.rounded(using: &random)
  }
}
