import FewtapCore

/// A kernel going over the planes of one image, in bands of rows that threads take from a queue. Every pixel is the same sum
/// in the same order in any band, so bands never show.
struct DenseRun {
  private typealias Row = UnsafePointer<Double>

  /// Nonzero weights, in the order in which their products are added.
  private let taps: [(x: Int, y: Int, weight: Double)]
  private let bounds: OffsetBounds
  private let width: Int
  private let height: Int
  private let bandHeight: Int
  private let threads: Int
  private let counter: TileCounter

  /// Most bytes that the rows a band reads should take: 64 MiB.
  private static let bandBytes = 64 << 20

  /// Throws: ``ApplyError/workingSet(bytes:limit:)`` if a band of one row is too much.
  init(_ kernel: Kernel, width: Int, height: Int, options: ApplyOptions, counter: TileCounter) throws(ApplyError) {
    var taps: [(x: Int, y: Int, weight: Double)] = []
    kernel.forEachOffset { x, y, weight in
      if weight != 0 { taps.append((x, y, weight)) }
    }
    let bounds = kernel.supportBounds
    (self.taps, self.bounds, self.width, self.height) = (taps, bounds, width, height)
    (self.threads, self.counter) = (options.threads, counter)

    let share = height / max(1, min(options.threads, height))
    var rows = min(32, max(16, share), height)
    if let chosen = options.bandHeight { rows = min(max(1, chosen), height) }
    // Each row of the image is held once, and one more for a constant.
    func bytes(_ rows: Int) -> Int {
      MemoryLayout<Double>.stride * (width + bounds.width - 1) * min(rows + bounds.height - 1, height + 1)
    }
    while rows > 1 && bytes(rows) > Self.bandBytes { rows /= 2 }
    let limit = PlanRun.workingSetLimit
    guard bytes(rows) <= limit else { throw .workingSet(bytes: bytes(rows), limit: limit) }
    bandHeight = rows
  }

  /// The filtered plane.
  ///
  /// Throws: ``ApplyError/cancelled``.
  func filtered(_ plane: Plane<Double>, _ border: BorderRule) throws(ApplyError) -> Plane<Double> {
    var result = Plane<Double>(width: width, height: height)
    plane.values.withUnsafeBufferPointer { input in
      result.values.withUnsafeMutableBufferPointer { output in
        // Bands write rows of their own, and only read the input.
        nonisolated(unsafe) let (input, output) = (input, output)
        parallelForEach(count: (height + bandHeight - 1) / bandHeight, threads: threads) { band in
          guard !counter.isStopped, let input = input.baseAddress, let output = output.baseAddress else { return }
          let rows = band * bandHeight..<min((band + 1) * bandHeight, height)
          run(rows, border, from: input, to: output)
          _ = counter.advance(rows.count * width)
        }
      }
    }
    if counter.isStopped { throw .cancelled }
    return result
  }

  // MARK: Bands

  /// Filters rows of `input` into the same rows of `output`, both `height x width`, row-major.
  private func run(_ ys: Range<Int>, _ border: BorderRule, from input: Row, to output: UnsafeMutablePointer<Double>) {
    // The output at p reads p - o.
    let read = Region(x: 0..<width, y: ys).read(by: bounds)
    let (held, rows) = gather(read, border, input)
    defer { held.deallocate() }
    var terms = taps.map { (row: UnsafePointer(held), weight: $0.weight) }
    for y in ys {
      for (slot, tap) in taps.enumerated() {
        terms[slot].row = rows[y - tap.y - read.y.lowerBound] + (-tap.x - read.x.lowerBound)
      }
      Self.weightedSum(of: terms, into: output + y * width, count: width)
    }
  }

  /// The rows of a region, through the border rule. Rows that stand for the same row of the image share its memory, so a
  /// reach far beyond the image costs one pointer a row.
  private func gather(
    _ region: Region, _ border: BorderRule, _ input: Row
  ) -> (held: UnsafeMutablePointer<Double>, rows: [Row]) {
    let (xs, ys) = (region.x, region.y)
    var slots: [Int?: Int] = [:]
    let slotOfRow = ys.map { y in
      let source = border.source(of: y, count: height)
      let slot = slots[source] ?? slots.count
      slots[source] = slot
      return slot
    }
    let held = UnsafeMutablePointer<Double>.allocate(capacity: xs.count * slots.count)
    let columns = xs.map { border.source(of: $0, count: width) }
    let outside = Double(border.outside)
    for (source, slot) in slots {
      let row = held + slot * xs.count
      guard let source else {
        row.initialize(repeating: outside, count: xs.count)
        continue
      }
      let pixels = input + source * width
      for (index, column) in columns.enumerated() { (row + index).initialize(to: column.map { pixels[$0] } ?? outside) }
    }
    return (held, slotOfRow.map { UnsafePointer(held) + $0 * xs.count })
  }

  /// `result[x] = sum_i w_i row(i)[x]`, taps in order, products and sums rounded one by one: sixteen columns at a time, so
  /// that sums stay in registers while the taps go by.
  private static func weightedSum(
    of taps: [(row: Row, weight: Double)], into result: UnsafeMutablePointer<Double>, count: Int
  ) {
    let whole = count & ~15
    for x in stride(from: 0, to: whole, by: 16) {
      var sum = SIMD16<Double>()
      for tap in taps { sum += tap.weight * UnsafeRawPointer(tap.row + x).loadUnaligned(as: SIMD16<Double>.self) }
      UnsafeMutableRawPointer(result + x).storeBytes(of: sum, as: SIMD16<Double>.self)
    }
    for x in whole..<count {
      var sum = 0.0
      for tap in taps { sum += tap.weight * tap.row[x] }
      (result + x).initialize(to: sum)
    }
  }
}
