/// The integer codes nearest to light: nearest among encoded values, as a decoder's inverse must be. NaN is 0.
///
/// Accuracy: exact but for the rounding of `pow` in the limits between codes; the code of a decoded code is that code. Held by
///           FewtapEngineTests/LightEncodingTests.
/// Cost:     one look-up a sample, in 7 KiB for sRGB's 8 bits and in 680 KiB for its 16; linear codes need no table.
///
/// A class, since the C kernels hold pointers to the tables.
package final class CodeTable: @unchecked Sendable {
  /// Light from the Float with the bits `from` on: cell `(bits >> shift) - base`.
  package struct Segment: BitwiseCopyable {
    package var from: UInt32
    package var base: UInt32
    package var shift: UInt32
  }

  /// The largest code.
  package let maximumCode: Int
  /// Light beyond these has no nearest code: it is clipped.
  package let lowest: Float
  package let highest: Float
  /// Light is clamped to these before it is looked up: codes 0 and ``maximumCode``.
  package let least: Float
  package let most: Float
  /// A cell holds `(code of its start << shift) + (2^shift - low)`, where `low` are the bits below `shift` of the one number
  /// in the cell from which on the next code is nearest: adding a number's own low bits carries into the code there. Cells
  /// are so small that none holds two such numbers; one without any holds the code alone. Empty for linear codes.
  package let cells: UnsafeBufferPointer<UInt32>
  /// Ascending: none for linear codes, one for 8 bits, three for 16.
  package let segments: UnsafeBufferPointer<Segment>

  private init(_ transfer: TransferFunction, maximumCode: Int) {
    self.maximumCode = maximumCode
    let step = 1 / Double(maximumCode)
    lowest = Float(transfer.decode(-0.5 * step))
    highest = Float(transfer.decode(1 + 0.5 * step))
    var cells: [UInt32] = []
    var segments: [Segment] = []
    if transfer == .linear {
      (least, most) = (0, 1)
    } else {
      let limits = CodeLimits(transfer, maximumCode)
      (least, most) = (limits.values[0].nextDown, limits.values[maximumCode - 1])
      segments = limits.segments(atMost: maximumCode < 256 ? 1 : 3).map { limits.addCells($0, to: &cells) }
    }
    self.cells = Self.copy(cells)
    self.segments = Self.copy(segments)
  }

  deinit {
    cells.deallocate()
    segments.deallocate()
  }

  private static func copy<Entry>(_ entries: [Entry]) -> UnsafeBufferPointer<Entry> {
    let copy = UnsafeMutableBufferPointer<Entry>.allocate(capacity: entries.count)
    _ = copy.initialize(from: entries)
    return UnsafeBufferPointer(copy)
  }

  /// True if the nearest code does not exist, or the light is NaN.
  @inlinable
  package func clips(_ light: Float) -> Bool { !(light >= lowest && light <= highest) }

  /// The nearest code; 0 for NaN.
  @inlinable
  package func code(_ light: Float) -> Int {
    guard light > least else { return 0 }
    guard light < most else { return maximumCode }
    // Exact in Double: 24 bits times 16 at most.
    guard !segments.isEmpty else { return Int(Double(light) * Double(maximumCode) + 0.5) }
    let bits = light.bitPattern
    var (base, shift) = (segments[0].base, segments[0].shift)
    if segments.count == 3 {
      (base, shift) = bits >= segments[1].from ? (segments[1].base, segments[1].shift) : (base, shift)
      (base, shift) = bits >= segments[2].from ? (segments[2].base, segments[2].shift) : (base, shift)
    }
    return Int((cells[Int(bits &>> shift &- base)] &+ bits & (1 &<< shift &- 1)) &>> shift)
  }

  // MARK: Shared ones

  /// The codes of `type`; nil for floating types. Built when first asked for, and kept.
  package static func shared(_ transfer: TransferFunction, _ type: PixelType) -> CodeTable? {
    switch (type, transfer) {
    case (.uint8, .linear): linear8
    case (.uint8, .srgb): srgb8
    case (.uint16, .linear): linear16
    case (.uint16, .srgb): srgb16
    case (.half, _), (.float, _): nil
    }
  }

  private static let linear8 = CodeTable(.linear, maximumCode: 255)
  private static let linear16 = CodeTable(.linear, maximumCode: 65535)
  private static let srgb8 = CodeTable(.srgb, maximumCode: 255)
  private static let srgb16 = CodeTable(.srgb, maximumCode: 65535)
}

/// Where the nearest code changes, and cells that hold at most one such place each.
private struct CodeLimits {
  /// Entry k is the least Float that is at least as near to code k + 1 as to code k.
  let values: [Float]
  /// Float's exponents, from just below the first limit to the last, as `first + index`.
  private let firstExponent: UInt32
  /// For each exponent, as many low bits as can be left out of a cell's number: two limits are at least 2^that apart.
  private let shifts: [Int]

  init(_ transfer: TransferFunction, _ maximumCode: Int) {
    let step = 1 / Double(maximumCode)
    values = (0..<maximumCode).map { code in
      let exact = transfer.decode((Double(code) + 0.5) * step)
      let rounded = Float(exact)
      return Double(rounded) < exact ? rounded.nextUp : rounded
    }
    let bits = values.map(\.bitPattern)
    let first = (bits[0] - 1) >> 23
    var shifts = [Int](repeating: 23, count: Int(bits[maximumCode - 1] >> 23 - first) + 1)
    for (limit, next) in zip(bits, bits.dropFirst()) where limit >> 23 == next >> 23 {
      let exponent = Int(limit >> 23 - first)
      shifts[exponent] = min(shifts[exponent], 31 - (next - limit).leadingZeroBitCount)
    }
    (self.firstExponent, self.shifts) = (first, shifts)
  }

  /// One or three ranges of exponents, each of one shift, with the fewest cells.
  func segments(atMost count: Int) -> [Range<Int>] {
    let all = shifts.indices
    guard count == 3, all.count >= 3 else { return [all] }
    var best = (cells: Int.max, segments: [all])
    for second in 1..<all.upperBound - 1 {
      for third in second + 1..<all.upperBound {
        let segments = [0..<second, second..<third, third..<all.upperBound]
        let cells = segments.reduce(0) { $0 + $1.count << (23 - shift(of: $1)) }
        if cells < best.cells { best = (cells, segments) }
      }
    }
    return best.segments
  }

  private func shift(of segment: Range<Int>) -> Int { shifts[segment].min() ?? 23 }

  /// Appends the cells of a segment to those of the ones before.
  func addCells(_ segment: Range<Int>, to cells: inout [UInt32]) -> CodeTable.Segment {
    let shift = UInt32(shift(of: segment))
    let start = (firstExponent + UInt32(segment.lowerBound)) << 23
    let end = (firstExponent + UInt32(segment.upperBound)) << 23
    let result = CodeTable.Segment(from: start, base: start >> shift - UInt32(cells.count), shift: shift)
    var code = values.firstIndex { $0.bitPattern >= start } ?? values.count
    for cell in stride(from: start, to: end, by: 1 << Int(shift)) {
      if code < values.count, values[code].bitPattern == cell { code += 1 }
      var entry = UInt32(code) << shift
      if code < values.count, values[code].bitPattern - cell < 1 << shift {
        entry += 1 << shift - (values[code].bitPattern - cell)
        code += 1
      }
      cells.append(entry)
    }
    return result
  }
}
