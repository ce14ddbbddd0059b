internal import CFewtapKernels
import FewtapCore

/// Where pixels lie among the knots, one plane an axis; or weights of filters, one plane each. Around the image it is as at its nearest
/// pixels.
struct KnotCoordinates: @unchecked Sendable {
  /// The pixels that it holds.
  let region: Region
  /// Which knots have a weight where.
  private(set) var marks: KnotMarks
  private let basis: CompiledBasis
  private let meaning: MappedPlan.Meaning
  private let kernels: fewtap_kernels
  private let base: UnsafeMutablePointer<Float>
  private let stride: Int
  private let plane: Int

  /// Columns that kernels may read beyond a row's last.
  private static let slack = 16

  private static func stride(_ region: Region) -> Int { TileShape.stride(region.x.count) }

  /// Floats that those of `region` take.
  static func floatCount(_ region: Region, planes: Int) -> Int { planes * stride(region) * region.y.count }

  /// Those of `region`, which holds pixels of the image, in memory of ``floatCount(_:planes:)`` floats.
  ///
  /// Throws: ``ApplyError/badMap(axis:x:y:value:)``.
  init(
    _ mapped: MappedPlan, _ basis: CompiledBasis, over region: Region, threads: Int,
    memory: UnsafeMutablePointer<Float>
  ) throws(ApplyError) {
    (self.region, self.basis, meaning, kernels) = (region, basis, mapped.meaning, mapped.plan.kernels.table)
    (base, stride, plane) = (memory, Self.stride(region), Self.stride(region) * region.y.count)
    marks = KnotMarks(region: region, knotCount: basis.knots.count)
    // A row of blocks at a time: they are marked while they are in a cache.
    let coordinates = self
    let words = parallelMap(count: marks.rows.count, threads: threads) { index in
      let rows = coordinates.marks.rows[index]
      let isGood = rows.allSatisfy { y in
        (0..<mapped.map.axisCount).allSatisfy { coordinates.look(up: mapped.map, $0, row: y) }
      }
      return isGood ? coordinates.words(rows) : nil
    }
    if words.contains(nil) { try mapped.refuseMap(rows: 0..<mapped.map.height) }
    marks.words = words.flatMap { $0 ?? [] }
  }

  /// Makes a row. Returns whether all of it may be.
  private func look(up map: ParameterMap, _ axis: Int, row y: Int) -> Bool {
    let row = place(region.x.lowerBound, y, axis)
    let inside = region.x.clamped(to: 0..<map.width)
    let (left, count) = (inside.lowerBound - region.x.lowerBound, inside.count)
    let isGood = map.withRow(
      axis: axis, row: min(max(y, 0), map.height - 1), columns: inside,
      scratch: UnsafeMutableBufferPointer(start: row + left, count: count)
    ) { values in
      guard meaning == .parameters else {
        if values != UnsafePointer(row + left) { (row + left).update(from: values, count: count) }
        var place: Int32 = 0
        check(kernels.first_nonfinite(row + left, Int32(count), &place))
        return place == Int32(count)
      }
      var outside = KnotTable.Outside()
      basis.tables[axis].look(up: values, into: row + left, count: count, &outside, kernels)
      return outside.nans == 0
    }
    row.update(repeating: row[left], count: left)
    let end = left + count
    (row + end).update(repeating: row[end - 1], count: region.x.count - end)
    (row + region.x.count).update(repeating: 0, count: Self.slack)
    return isGood
  }

  private func place(_ x: Int, _ y: Int, _ index: Int) -> UnsafeMutablePointer<Float> {
    base + index * plane + (y - region.y.lowerBound) * stride + (x - region.x.lowerBound)
  }

  /// The weights of a knot.
  func weights(of index: Int) -> KnotWeights {
    let knot = basis.knots[index]
    var hat = fewtap_hat()
    hat.stride = stride
    if meaning == .parameters { hat.axes = Int32(knot.indices.count) }
    withUnsafeMutableBytes(of: &hat.coordinates) { bytes in
      let slots = bytes.bindMemory(to: UnsafePointer<Float>?.self)
      let planes = meaning == .parameters ? 0..<knot.indices.count : index..<index + 1
      for (slot, plane) in planes.enumerated() {
        slots[slot] = UnsafePointer(place(region.x.lowerBound, region.y.lowerBound, plane))
      }
    }
    withUnsafeMutableBytes(of: &hat.knots) { bytes in
      let slots = bytes.bindMemory(to: Float.self)
      for axis in knot.indices.indices { slots[axis] = Float(knot.indices[axis]) }
    }
    return KnotWeights(region: region, corner: hat, kernels: kernels)
  }

  /// Marks of a row of blocks.
  private func words(_ rows: Range<Int>) -> [UInt64] {
    var words = [UInt64](repeating: 0, count: marks.columns.count * marks.wordCount)
    for (index, x) in marks.columns.enumerated() {
      for knot in knots(in: Region(x: x, y: rows)) {
        words[index * marks.wordCount + knot / UInt64.bitWidth] |= 1 << UInt64(knot % UInt64.bitWidth)
      }
    }
    return words
  }

  /// The knots that may have a weight in a block.
  private func knots(in block: Region) -> [Int] {
    let (x, y) = (block.x.lowerBound, block.y.lowerBound)
    guard meaning == .parameters else {
      return basis.knots.indices.filter { knot in
        block.y.contains { y in
          UnsafeBufferPointer(start: place(x, y, knot), count: block.x.count).contains { $0 != 0 }
        }
      }
    }
    let words = basis.tables.enumerated().map { axis, table in
      var words = [UInt64](repeating: 0, count: ceilingDivide(table.axis.knots.count, UInt64.bitWidth))
      check(
        kernels.mark_knots(
          place(x, y, axis), stride, Int32(block.x.count), Int32(block.y.count), &words, Int32(words.count)))
      return words
    }
    return basis.knots.indices.filter { knot in
      zip(basis.knots[knot].indices, words).allSatisfy { index, words in
        words[index / UInt64.bitWidth] >> UInt64(index % UInt64.bitWidth) & 1 == 1
      }
    }
  }
}

/// The weights of one knot at some pixels; everywhere else it has none.
struct KnotWeights: @unchecked Sendable {
  let region: Region
  /// From the region's first pixel on.
  fileprivate let corner: fewtap_hat
  fileprivate let kernels: fewtap_kernels

  fileprivate init(region: Region, corner: fewtap_hat, kernels: fewtap_kernels) {
    (self.region, self.corner, self.kernels) = (region, corner, kernels)
  }

  /// Multiplies pixels of a row, of which the first is at column `columns.lowerBound`; those outside of the region stay. May be done in
  /// place; up to 15 columns more are written.
  func weigh(
    _ input: UnsafePointer<Float>, into result: UnsafeMutablePointer<Float>, row y: Int, columns: Range<Int>
  ) {
    let part = columns.clamped(to: region.x)
    guard region.y.contains(y), !part.isEmpty else { return }
    let begin = part.lowerBound - columns.lowerBound
    var hat = corner
    let offset = (y - region.y.lowerBound) * hat.stride + (part.lowerBound - region.x.lowerBound)
    withUnsafeMutableBytes(of: &hat.coordinates) { bytes in
      let slots = bytes.bindMemory(to: UnsafePointer<Float>?.self)
      for axis in slots.indices { if let corner = slots[axis] { slots[axis] = corner + offset } }
    }
    check(kernels.weigh(&hat, input + begin, 0, result + begin, 0, Int32(part.count), 1))
  }
}

/// In which blocks of pixels knots have a weight.
struct KnotMarks: Sendable {
  private let region: Region
  /// The blocks' columns and rows.
  fileprivate let columns: [Range<Int>]
  fileprivate let rows: [Range<Int>]
  /// A bit a knot, block after block.
  fileprivate var words: [UInt64] = []
  fileprivate let wordCount: Int

  /// Most columns and rows of a block.
  private static let (columns, rows) = (128, 16)

  /// None yet.
  fileprivate init(region: Region, knotCount: Int) {
    func blocks(_ range: Range<Int>, _ size: Int) -> [Range<Int>] {
      stride(from: range.lowerBound, to: range.upperBound, by: size).map { $0..<min($0 + size, range.upperBound) }
    }
    self.region = region
    (columns, rows) = (blocks(region.x, Self.columns), blocks(region.y, Self.rows))
    wordCount = ceilingDivide(knotCount, UInt64.bitWidth)
  }

  /// Rectangles around all pixels of `part` that may get a weight of the knot: at least `gap` columns or rows lie between two of them.
  func parts(_ knot: Int, in part: Region, gap: (x: Int, y: Int)) -> [Region] {
    let part = part.intersection(region)
    guard let (across, down) = blocks(part) else { return [] }
    let marked = down.filter { row in across.contains { isMarked(knot, $0, row) } }
    return Self.runs(marked.map { rows[$0] }, gap: gap.y).flatMap { band in
      let held = down.filter { rows[$0].overlaps(band) }
      let marked = across.filter { column in held.contains { isMarked(knot, column, $0) } }
      return Self.runs(marked.map { columns[$0] }, gap: gap.x).map { Region(x: $0, y: band).intersection(part) }
    }
  }

  /// Whether some pixels may get a weight of the knot.
  func contains(_ knot: Int, _ part: Region) -> Bool {
    guard let (across, down) = blocks(part.intersection(region)) else { return false }
    return down.contains { row in across.contains { isMarked(knot, $0, row) } }
  }

  /// Columns and rows of the blocks that hold a part of the region; nil if it is empty.
  private func blocks(_ part: Region) -> (across: ClosedRange<Int>, down: ClosedRange<Int>)? {
    guard !part.x.isEmpty, !part.y.isEmpty else { return nil }
    func indices(_ part: Range<Int>, _ whole: Range<Int>, _ size: Int) -> ClosedRange<Int> {
      (part.lowerBound - whole.lowerBound) / size...(part.upperBound - 1 - whole.lowerBound) / size
    }
    return (indices(part.x, region.x, Self.columns), indices(part.y, region.y, Self.rows))
  }

  private func isMarked(_ knot: Int, _ column: Int, _ row: Int) -> Bool {
    let word = words[(row * columns.count + column) * wordCount + knot / UInt64.bitWidth]
    return word >> UInt64(knot % UInt64.bitWidth) & 1 == 1
  }

  /// Ascending ranges, those with less than a gap between them as one.
  private static func runs(_ ranges: [Range<Int>], gap: Int) -> [Range<Int>] {
    ranges.reduce(into: []) { runs, range in
      if let last = runs.last, range.lowerBound - last.upperBound < gap {
        runs[runs.count - 1] = last.lowerBound..<range.upperBound
      } else {
        runs.append(range)
      }
    }
  }
}

extension Region {
  /// What both hold; may be empty.
  func intersection(_ other: Region) -> Region {
    Region(x: x.clamped(to: other.x), y: y.clamped(to: other.y))
  }
}
