internal import CFewtapKernels
import FewtapCore

/// A basis of interpolated taps as the row kernels take it: for each layer the coefficients of every cell between knots.
struct CompiledOffsets: Sendable {
  /// A layer; its tables are ``Memory``'s.
  struct Layer: @unchecked Sendable {
    var packed: fewtap_offset_layer
    /// Offsets that its taps read, at any mixture of the knots'.
    var bounds: OffsetBounds
    /// Cells between knots.
    var cellCount: Int
  }

  /// Owns what layers point to.
  private final class Memory: @unchecked Sendable {
    private var tables: [UnsafeMutableRawPointer] = []

    func store<Entry: BitwiseCopyable>(_ source: [Entry]) -> UnsafePointer<Entry> {
      let table = UnsafeMutablePointer<Entry>.allocate(capacity: max(1, source.count))
      table.initialize(from: source, count: source.count)
      tables.append(UnsafeMutableRawPointer(table))
      return UnsafePointer(table)
    }

    deinit { for table in tables { table.deallocate() } }
  }

  let layers: [Layer]
  /// Knots along each axis.
  let shape: [Int]
  /// From one cell to the next one along each axis.
  let cellSteps: [Int]
  /// What the filters do to a constant 1.
  let sums: FilterSums
  private let memory: Memory

  /// Throws: ``ApplyError/filter(_:)`` if the basis breaks its invariants, or has a weight that Float cannot hold;
  ///         ``ApplyError/workingSet(bytes:limit:)`` if its tables are too large.
  init(_ basis: FilterBasis) throws(ApplyError) {
    do { try basis.checkInvariants() } catch { throw .filter(error) }
    precondition(basis.interpolation == .offsets, "only the offsets operator interpolates taps")
    shape = basis.shape
    let cells = shape.map { $0 - 1 }
    cellSteps = cells.indices.map { cells[($0 + 1)...].reduce(1, *) }
    let taps = basis.filters[0].chain.layers.reduce(0) { $0 + $1.taps.count + Int(FEWTAP_TAP_BLOCK) }
    let bytes = (cells.reduce(1, *) << shape.count).multipliedReportingOverflow(by: 12 * taps)
    guard !bytes.overflow, bytes.partialValue <= PlanRun.workingSetLimit else {
      throw .workingSet(bytes: bytes.overflow ? .max : bytes.partialValue, limit: PlanRun.workingSetLimit)
    }
    let memory = Memory()
    var layers: [Layer] = []
    let layout = basis.filters[0].chain.layout
    for layer in layout.indices {
      let isLast = layer == layout.count - 1
      layers.append(try Grid(basis, layer: layer, isLast: isLast).compile(into: memory))
    }
    sums = FilterSums(basis)
    (self.layers, self.memory) = (layers, memory)
  }

  /// Of each cell between so many knots along the axes its knots, by bits.
  static func cells(_ shape: [Int]) -> [[Int]] {
    (0..<shape.reduce(1) { $0 * ($1 - 1) }).map { cell in
      var (rest, knot, step, steps) = (cell, 0, 1, [Int]())
      for count in shape.reversed() {
        knot += rest % (count - 1) * step
        steps.append(step)
        rest /= count - 1
        step *= count
      }
      let knotSteps = Array(steps.reversed())
      return (0..<1 << shape.count).map { bits in
        knotSteps.indices.reduce(knot) { $0 + (bits >> $1 & 1) * knotSteps[$1] }
      }
    }
  }

  /// One layer of all filters of a basis.
  private struct Grid {
    private let layer: Int
    private let filters: [SparseFilter]
    private let shape: [Int]
    private let isLast: Bool
    /// Whether the gain must be interpolated by itself; else the weights have it.
    private let gainVaries: Bool
    /// The column and row that the leftmost and topmost tap reads, from the pixel.
    private let left: Int
    private let top: Int
    private let bounds: OffsetBounds

    init(_ basis: FilterBasis, layer: Int, isLast: Bool) {
      (self.layer, filters, shape, self.isLast) = (layer, basis.filters, basis.shape, isLast)
      gainVaries = isLast && basis.filters.contains { $0.gain != basis.filters[0].gain }
      let taps = basis.filters.flatMap { $0.chain.layers[layer].taps }
      // The result at p reads p - o.
      func range(_ reads: [Double]) -> (first: Int, last: Int) {
        let (least, most) = (reads.min() ?? 0, reads.max() ?? 0)
        let first = least.rounded(.down)
        // Sums of terms in Float may come out a little larger.
        return (Int(first), Int(first) + Int(((most - first) * (1 + 0x1p-18) + 0x1p-18).rounded(.down)) + 1)
      }
      let (columns, rows) = (range(taps.map { -$0.x }), range(taps.map { -$0.y }))
      (left, top) = (columns.first, rows.first)
      bounds = OffsetBounds(minX: -columns.last, maxX: -columns.first, minY: -rows.last, maxY: -rows.first)
    }

    private var taps: Int { filters[0].chain.layers[layer].taps.count }
    /// Knots of a cell and terms of a sum alike: a bit an axis.
    private var terms: Int { 1 << shape.count }

    private func weight(_ tap: Tap, _ knot: Int) -> Double {
      isLast && !gainVaries ? tap.weight * filters[knot].gain : tap.weight
    }

    /// The coefficients of the terms from the values at a cell's knots.
    private func coefficients(_ values: [Double]) -> [Double] {
      // Along each axis in turn: the value at its first knot, and the way to the second.
      shape.indices.reduce(values) { values, axis in
        values.indices.map { $0 >> axis & 1 == 0 ? values[$0] : values[$0] - values[$0 ^ (1 << axis)] }
      }
    }

    func compile(into memory: Memory) throws(ApplyError) -> Layer {
      let block = Int(FEWTAP_TAP_BLOCK)
      let stride = (taps + block - 1) / block * block
      let cells = CompiledOffsets.cells(shape)
      var table = [Float](repeating: 0, count: cells.count * 3 * terms * stride)
      var gains: [Float] = []
      var reaches: [Float] = []
      for (index, knots) in cells.enumerated() {
        var slopes = [Double](repeating: 0, count: shape.count)
        for slot in 0..<stride {
          // What pads a table reads what a tap does, with weight 0.
          let parts = knots.map { filters[$0].chain.layers[layer].taps[slot < taps ? slot : 0] }
          let quantities = [
            parts.map { -$0.x - Double(left) }, parts.map { -$0.y - Double(top) },
            slot < taps ? zip(parts, knots).map { weight($0, $1) } : parts.map { _ in 0 },
          ]
          for (quantity, values) in quantities.enumerated() {
            for (term, value) in coefficients(values).enumerated() {
              table[((index * 3 + quantity) * terms + term) * stride + slot] = Float(value)
            }
            guard quantity < 2 else { continue }
            for axis in shape.indices {
              for bits in values.indices where bits >> axis & 1 == 1 {
                slopes[axis] = max(slopes[axis], abs(values[bits] - values[bits ^ (1 << axis)]))
              }
            }
          }
        }
        if gainVaries { gains += coefficients(knots.map { filters[$0].gain }).map { Float($0) } }
        // Half a pixel to each side, less what rounding may add; 2 is beyond all shares.
        reaches += slopes.map { Float(min(2, 0.49 / (Double(shape.count) * max($0, 0x1p-10)))) }
      }
      guard table.allSatisfy(\.isFinite), gains.allSatisfy(\.isFinite) else {
        throw .filter(
          FilterError(
            "layers[\(layer)]", "has a weight beyond Float's, with the gain",
            "weights up to 1e38, half of Float's largest"))
      }
      var packed = fewtap_offset_layer()
      packed.coefficients = memory.store(table)
      if gainVaries { packed.gains = memory.store(gains) }
      packed.reaches = memory.store(reaches)
      (packed.taps, packed.stride, packed.axes) = (Int32(taps), Int32(stride), Int32(shape.count))
      let (merged, begins) = mergedTaps()
      if !merged.isEmpty {
        packed.merged = memory.store(merged)
        packed.merged_begins = memory.store(begins)
        packed.knots = memory.store(cells.map { Int32($0[0]) })
        withUnsafeMutableBytes(of: &packed.knot_steps) { bytes in
          let steps = bytes.bindMemory(to: Int32.self)
          for axis in shape.indices { steps[axis] = Int32(shape[(axis + 1)...].reduce(1, *)) }
        }
      }
      return Layer(packed: packed, bounds: bounds, cellCount: cells.count)
    }

    /// Of each knot the taps that lie at whole pixels, if they are a quarter of all at most: a filter in focus is one pixel, and
    /// must leave it as it is.
    private func mergedTaps() -> (taps: [fewtap_merged_tap], begins: [Int32]) {
      var (merged, begins) = ([fewtap_merged_tap](), [Int32(0)])
      for filter in filters {
        let own = filter.chain.layers[layer].mergedIntegerTaps()
        if own.count <= max(1, taps / 4) {
          merged += own.map { tap in
            fewtap_merged_tap(
              x: Int32(-tap.offset.x - left), y: Int32(-tap.offset.y - top),
              weight: Float(isLast ? tap.weight * filter.gain : tap.weight))
          }
        }
        begins.append(Int32(merged.count))
      }
      return (merged, begins)
    }
  }

  /// The offsets that a pixel of the result reads at most, with the whole blocks that each layer computes around it.
  var bounds: OffsetBounds {
    let (columns, rows) = (
      layers.count * (Int(FEWTAP_OFFSET_COLUMNS) - 1), layers.count * (Int(FEWTAP_OFFSET_ROWS) - 1)
    )
    return layers.reduce(OffsetBounds(minX: -columns, maxX: columns, minY: -rows, maxY: rows)) { $0.sum($1.bounds) }
  }
}
