import FewtapCore
import FewtapSynthesis

extension ChainParameters {
  /// The chain with whole offsets, no two taps of a layer at one place: a run that meets another steps aside at random.
  package func rounded(using random: inout SeededGenerator) -> ChainParameters {
    var result = self
    for (range, length) in zip(ranges, runLengths) {
      var taken: Set<PixelOffset> = []
      for first in stride(from: range.lowerBound, to: range.upperBound, by: length) {
        var place = PixelOffset(x: Int(x[first].rounded()), y: Int(y[first].rounded()))
        while (0..<length).contains(where: { taken.contains(PixelOffset(x: place.x, y: place.y + $0)) }) {
          place.x += random.index(3) - 1
          place.y += random.index(3) - 1
        }
        for row in 0..<length {
          taken.insert(PixelOffset(x: place.x, y: place.y + row))
          (result.x[first + row], result.y[first + row]) = (Double(place.x), Double(place.y + row))
        }
      }
    }
    return result
  }

  /// A share of the runs, drawn at random, each shifted by up to one pixel: a way out of a local minimum of exchange.
  package func kicked(share: Double, using random: inout SeededGenerator) -> ChainParameters {
    var result = self
    for (range, length) in zip(ranges, runLengths) {
      for first in stride(from: range.lowerBound, to: range.upperBound, by: length) where random.unit() < share {
        let (dx, dy) = (Double(random.index(3) - 1), Double(random.index(3) - 1))
        for i in first..<first + length {
          result.x[i] += dx
          result.y[i] += dy
        }
      }
    }
    return result.rounded(using: &random)
  }
}
