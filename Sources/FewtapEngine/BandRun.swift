import FewtapCore

/// A chain of layers on one band of rows: gathers what the band reads, through the border rule, then runs layer after layer
/// in buffers of its own. Every pixel is the same sum in the same order in any band, so bands never show.
struct BandRun<Scalar: BinaryFloatingPoint & SIMDScalar & Sendable> {
  typealias Layer = UniformApply<Scalar>.Layer
  typealias Row = UnsafePointer<Scalar>

  let layers: [Layer]
  let border: BorderRule
  let width: Int
  let height: Int
  /// `regions[l]` is what layer `l` reads, and what layer `l - 1` writes; the last is the band itself. Pixel coordinates.
  private let regions: [(x: Range<Int>, y: Range<Int>)]

  init(layers: [Layer], border: BorderRule, width: Int, height: Int, rows: Range<Int>) {
    (self.layers, self.border, self.width, self.height) = (layers, border, width, height)
    var regions = [(x: 0..<width, y: rows)]
    for layer in layers.reversed() {
      let (next, bounds) = (regions[regions.count - 1], layer.bounds)
      // The output at p reads p - o.
      regions.append(
        (
          x: next.x.lowerBound - bounds.maxX..<next.x.upperBound - bounds.minX,
          y: next.y.lowerBound - bounds.maxY..<next.y.upperBound - bounds.minY
        ))
    }
    self.regions = regions.reversed()
  }

  /// Bytes that ``run(from:to:)`` holds at its peak: the gathered rows, each row of the image once (and one for a constant),
  /// or two neighboring layers' results.
  var byteCount: Int {
    let gathered = regions[0].x.count * min(regions[0].y.count, height + 1)
    let between = regions.dropFirst().dropLast().map { $0.x.count * $0.y.count }
    let pairs = zip([gathered] + between, between + [0]).map { $0 + $1 }
    return (pairs.max() ?? 0) * MemoryLayout<Scalar>.stride
  }

  /// Filters the band's rows of `input` into the same rows of `output`, both `height x width`, row-major.
  func run(from input: UnsafeBufferPointer<Scalar>, to output: UnsafeMutableBufferPointer<Scalar>) {
    guard let input = input.baseAddress, let output = output.baseAddress else { return }
    var (held, rows) = gather(input)
    for (index, layer) in layers.enumerated() {
      let (source, target) = (regions[index], regions[index + 1])
      let isLast = index == layers.count - 1
      let results =
        isLast
        ? output + target.y.lowerBound * width
        : UnsafeMutablePointer<Scalar>.allocate(capacity: target.x.count * target.y.count)
      var taps = layer.taps.map { (row: UnsafePointer(held), weight: $0.weight) }
      for y in target.y {
        let result = results + (y - target.y.lowerBound) * target.x.count
        for (slot, tap) in layer.taps.enumerated() {
          // Row `y - tap.y`, column `target.x.lowerBound - tap.x`, of what the layer reads.
          let row = rows[y - tap.y - source.y.lowerBound]
          taps[slot] = (row + (target.x.lowerBound - tap.x - source.x.lowerBound), tap.weight)
        }
        Self.weightedSum(of: taps, into: result, count: target.x.count)
      }
      held.deallocate()
      guard !isLast else { return }
      held = results
      rows = target.y.map { UnsafePointer(results) + ($0 - target.y.lowerBound) * target.x.count }
    }
  }

  /// The rows of `regions[0]`, through the border rule. Rows that stand for the same row of the image share its memory, so
  /// a reach far beyond the image costs one pointer a row.
  private func gather(_ input: Row) -> (held: UnsafeMutablePointer<Scalar>, rows: [Row]) {
    let (xs, ys) = regions[0]
    var slots: [Int?: Int] = [:]
    let slotOfRow = ys.map { y in
      let source = border.source(of: y, count: height)
      let slot = slots[source] ?? slots.count
      slots[source] = slot
      return slot
    }
    let held = UnsafeMutablePointer<Scalar>.allocate(capacity: xs.count * slots.count)
    let inside = xs.clamped(to: 0..<width)
    let columns = xs.map { border.source(of: $0, count: width) }
    let outside = Scalar(border.outside)
    for (source, slot) in slots {
      let row = held + slot * xs.count
      guard let source else {
        row.initialize(repeating: outside, count: xs.count)
        continue
      }
      let pixels = input + source * width
      func fill(_ columnIndices: Range<Int>) {
        for index in columnIndices { (row + index).initialize(to: columns[index].map { pixels[$0] } ?? outside) }
      }
      guard !inside.isEmpty else {
        fill(0..<xs.count)
        continue
      }
      let (before, after) = (inside.lowerBound - xs.lowerBound, inside.upperBound - xs.lowerBound)
      fill(0..<before)
      (row + before).initialize(from: pixels + inside.lowerBound, count: inside.count)
      fill(after..<xs.count)
    }
    return (held, slotOfRow.map { UnsafePointer(held) + $0 * xs.count })
  }

  /// `result[x] = sum_i w_i row(i)[x]`, taps in order, products and sums rounded one by one: sixteen columns at a time, so
  /// that sums stay in registers while the taps go by.
  private static func weightedSum(
    of taps: [(row: Row, weight: Scalar)], into result: UnsafeMutablePointer<Scalar>, count: Int
  ) {
    let whole = count & ~15
    for x in stride(from: 0, to: whole, by: 16) {
      var sum = SIMD16<Scalar>()
      for tap in taps { sum += tap.weight * UnsafeRawPointer(tap.row + x).loadUnaligned(as: SIMD16<Scalar>.self) }
      UnsafeMutableRawPointer(result + x).storeBytes(of: sum, as: SIMD16<Scalar>.self)
    }
    for x in whole..<count {
      var sum: Scalar = 0
      for tap in taps { sum += tap.weight * tap.row[x] }
      (result + x).initialize(to: sum)
    }
  }
}
