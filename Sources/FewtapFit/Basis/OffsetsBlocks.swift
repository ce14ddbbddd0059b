import FewtapCore
import FewtapSynthesis

/// The matrix `sum_p w_p a_p a_p^T (x) H_p` of a joint fit, as the blocks of the pairs of knots that share a sample.
///
/// Shapes: a block is `side x side`, row-major, symmetric, since every `H_p` is; of a pair and its mirror only one is kept.
package struct OffsetsBlocks: Sendable {
  /// Two knots, the first not after the second.
  package struct Pair: Hashable, Comparable, Sendable {
    let first: Int, second: Int
    package static func < (a: Pair, b: Pair) -> Bool { (a.first, a.second) < (b.first, b.second) }
  }

  let side: Int
  let knotCount: Int
  /// The pairs, in order.
  let pairs: [Pair]
  private(set) var values: [[Double]]

  /// No matrix yet, but room for the pairs that the samples' knots form.
  package init(side: Int, knotCount: Int, shares: [[(knot: Int, weight: Double)]]) {
    (self.side, self.knotCount) = (side, knotCount)
    var pairs = Set((0..<knotCount).map { Pair(first: $0, second: $0) })
    for row in shares { Self.forEachPair(row) { pair, _ in pairs.insert(pair) } }
    self.pairs = pairs.sorted()
    values = pairs.map { _ in [Double](repeating: 0, count: side * side) }
  }

  private static func forEachPair(_ row: [(knot: Int, weight: Double)], _ body: (Pair, Double) -> Void) {
    for a in row {
      for b in row where b.knot >= a.knot { body(Pair(first: a.knot, second: b.knot), a.weight * b.weight) }
    }
  }

  /// Whether knots are coupled with their neighbors in a row alone.
  var isRow: Bool { pairs.allSatisfy { $0.second - $0.first <= 1 } }

  /// Index of a pair.
  func index(_ first: Int, _ second: Int) -> Int? {
    let pair = Pair(first: first, second: second)
    let index = pairs.partitioningIndex { !($0 < pair) }
    return index < pairs.count && pairs[index] == pair ? index : nil
  }

  /// Adds samples: their Gram matrices, shares and weights. The order of the sums is the samples', whatever the threads.
  package mutating func add(
    _ grams: [[Double]], shares: ArraySlice<[(knot: Int, weight: Double)]>, weights: ArraySlice<Double>, threads: Int
  ) {
    var terms = pairs.map { _ in [(sample: Int, factor: Double)]() }
    for (sample, (row, weight)) in zip(shares, weights).enumerated() {
      Self.forEachPair(row) { pair, product in
        if let index = index(pair.first, pair.second) { terms[index].append((sample, weight * product)) }
      }
    }
    values.withUnsafeMutableBufferPointer { values in
      nonisolated(unsafe) let values = values
      let terms = terms
      parallelForEach(count: terms.count, threads: threads) { index in
        values[index].withUnsafeMutableBufferPointer { block in
          for (sample, factor) in terms[index] {
            grams[sample].withUnsafeBufferPointer { gram in for i in block.indices { block[i] += factor * gram[i] } }
          }
        }
      }
    }
  }

  /// Adds the same to every knot's own block.
  mutating func addToEach(_ body: (_ knot: Int, inout [Double]) -> Void) {
    for (index, pair) in pairs.enumerated() where pair.first == pair.second { body(pair.first, &values[index]) }
  }

  /// The matrix times a vector.
  package func product(_ v: [Double], threads: Int) -> [Double] {
    let parts = parallelMap(count: pairs.count, threads: threads) { index in
      let pair = pairs[index]
      let row = image(of: v, pair.second, values[index])
      return (row: row, column: pair.first == pair.second ? [] : image(of: v, pair.first, values[index]))
    }
    var result = [Double](repeating: 0, count: knotCount * side)
    for (pair, part) in zip(pairs, parts) {
      for (i, value) in part.row.enumerated() { result[pair.first * side + i] += value }
      for (i, value) in part.column.enumerated() { result[pair.second * side + i] += value }
    }
    return result
  }

  private func image(of v: [Double], _ knot: Int, _ block: [Double]) -> [Double] {
    var image = [Double](repeating: 0, count: side)
    v.withUnsafeBufferPointer { v in
      check(MathKernels.best.table.symmetric_multiply(Int32(side), block, v.baseAddress! + knot * side, &image))
    }
    return image
  }
}

extension RandomAccessCollection {
  /// The first index whose element satisfies `predicate`, which none does before it.
  fileprivate func partitioningIndex(_ predicate: (Element) -> Bool) -> Index {
    var (low, high) = (startIndex, endIndex)
    while low < high {
      let middle = index(low, offsetBy: distance(from: low, to: high) / 2)
      if predicate(self[middle]) { high = middle } else { low = index(after: middle) }
    }
    return low
  }
}
