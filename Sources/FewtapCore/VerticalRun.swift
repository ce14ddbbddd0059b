/// Integer taps one below the other, which the engine runs together: it loads every row once for all of them.
public struct VerticalRun: Equatable, Sendable {
  /// Offset of the topmost tap.
  public var offset: PixelOffset
  /// Weights from there down; a zero fills a gap where that is cheaper than a run more.
  public var weights: [Double]

  /// Most taps of a run.
  package static let maximumLength = 4
  /// Time of a run of 1...4 taps, relative to a single tap.
  ///
  /// Measured: `fewtap bench calibrate` on an AMD EPYC (Zen 5) with AVX-512; a run of 1 or 2 waits for loads, one of 3 or 4
  /// for multiply-adds. Only their order of size matters here.
  package static let relativeCosts = [1, 1.05, 1.25, 1.6]
}

extension TapLayer {
  /// The layer as vertical runs, chosen so that their ``VerticalRun/relativeCosts`` add up to the least; sorted by length, then
  /// by (y, x): the order in which the engine adds their products.
  package func verticalRuns() -> [VerticalRun] {
    var columns: [Int: [(y: Int, weight: Double)]] = [:]
    for tap in mergedIntegerTaps() { columns[tap.offset.x, default: []].append((tap.offset.y, tap.weight)) }
    var runs: [VerticalRun] = []
    for (x, taps) in columns { runs += Self.runs(inColumn: x, taps) }
    return runs.sorted {
      ($0.weights.count, $0.offset.y, $0.offset.x) < ($1.weights.count, $1.offset.y, $1.offset.x)
    }
  }

  /// The cheapest cover of a column's taps, which come from top to bottom, from its last tap upwards.
  private static func runs(inColumn x: Int, _ taps: [(y: Int, weight: Double)]) -> [VerticalRun] {
    var best = [(cost: Double, length: Int, next: Int)](repeating: (0, 0, 0), count: taps.count + 1)
    for first in taps.indices.reversed() {
      best[first].cost = .infinity
      for length in 1...VerticalRun.maximumLength {
        var next = first
        while next < taps.count, taps[next].y < taps[first].y + length { next += 1 }
        let cost = VerticalRun.relativeCosts[length - 1] + best[next].cost
        if cost < best[first].cost { best[first] = (cost, length, next) }
      }
    }
    var runs: [VerticalRun] = []
    var first = 0
    while first < taps.count {
      let (_, length, next) = best[first]
      var weights = [Double](repeating: 0, count: length)
      for tap in taps[first..<next] { weights[tap.y - taps[first].y] = tap.weight }
      runs.append(VerticalRun(offset: PixelOffset(x: x, y: taps[first].y), weights: weights))
      first = next
    }
    return runs
  }
}
