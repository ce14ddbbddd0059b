import FewtapCore

/// Positions on the low-rate grid in vertical runs of a fixed length: the unit that the engine's cost counts.
package struct RunSupport: Equatable, Sendable {
  /// Top of each run, by columns from the left, each from the top.
  package private(set) var tops: [PixelOffset]
  /// Positions in a run.
  package let length: Int

  /// Every position, run after run.
  package var positions: [PixelOffset] {
    tops.flatMap { top in (0..<length).map { PixelOffset(x: top.x, y: top.y + $0) } }
  }

  /// The fewest runs that hold every number of a plane whose magnitude is above `threshold` times the largest, each placed so
  /// that it holds most of what is left.
  ///
  /// The plane is `side x side`, offset 0 first, wrapped around. Numbers are looked at within `-reach...reach`; a run may stand
  /// out by all but one of its positions.
  package init(covering plane: [Double], side: Int, reach: Int, length: Int, threshold: Double) {
    self.length = length
    let floor = threshold * plane.reduce(0) { max($0, abs($1)) }
    let offsets = -reach..<reach + 1
    func value(_ x: Int, _ y: Int) -> Double {
      offsets.contains(y) ? plane[((y + side) % side) * side + (x + side) % side] : 0
    }
    tops = []
    for x in offsets {
      var free = offsets.lowerBound
      var block: [Int] = []
      // Runs that touch move up together, as far as the last of them reaches past what it must hold.
      func place() {
        guard let first = block.first, let last = block.last else { return }
        let end = last + length
        let needed = (last..<end).last { abs(value(x, $0)) > floor } ?? last
        let slack = min(end - 1 - needed, first - free)
        var (gain, best, bestGain) = (0.0, 0, 0.0)
        for shift in stride(from: 1, through: slack, by: 1) {
          gain += abs(value(x, first - shift)) - abs(value(x, end - shift))
          if gain > bestGain { (best, bestGain) = (shift, gain) }
        }
        tops += block.map { PixelOffset(x: x, y: $0 - best) }
        free = end - best
        block = []
      }
      for y in offsets where abs(value(x, y)) > floor {
        if let last = block.last {
          if y < last + length { continue }
          if y > last + length { place() }
        }
        block.append(y)
      }
      place()
    }
  }
}
