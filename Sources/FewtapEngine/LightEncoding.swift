package import CFewtapKernels
import FewtapCore

#if canImport(Darwin)
import Darwin
#elseif canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Turns linear light into the nearest integer code: nearest among encoded values, as a decoder's inverse must be. NaN is 0.
///
/// Accuracy: exact but for the rounding of `pow` in the limits between codes; the code of a decoded code is that code. Held by
///           FewtapEngineTests/LightEncodingTests.
/// Cost:     one look-up a sample in 7 KiB for sRGB's 8 bits (mostly none with AVX-512), in 680 KiB for its 16; linear codes
///           need no table.
///
/// A class, since the C kernels hold pointers to the tables.
package final class LightEncoding: @unchecked Sendable {
  /// What the C kernels take.
  package let pointer: UnsafePointer<fewtap_encoding>
  private let cells: UnsafeMutableBufferPointer<UInt32>
  private let estimate: UnsafeMutablePointer<fewtap_estimate>?

  /// An encoding to codes `0...maximumCode`, of 8 or 16 bits.
  package init(transfer: TransferFunction, maximumCode: Int) {
    let step = 1 / Double(maximumCode)
    var encoding = fewtap_encoding()
    encoding.maximum = Float(maximumCode)
    encoding.lowest = Float(transfer.decode(-0.5 * step))
    encoding.highest = Float(transfer.decode(1 + 0.5 * step))
    if transfer == .linear {
      (encoding.least, encoding.most) = (0, 1)
      (cells, estimate) = (.allocate(capacity: 0), nil)
    } else {
      let limits = CodeLimits(transfer, maximumCode)
      (encoding.least, encoding.most) = (limits.values[0].nextDown, limits.values[maximumCode - 1])
      var table: [UInt32] = []
      let segments = limits.segments(atMost: maximumCode < 256 ? 1 : 3).map { limits.addCells($0, to: &table) }
      encoding.segments.0 = segments[0]
      if segments.count == 3 { (encoding.segments.1, encoding.segments.2) = (segments[1], segments[2]) }
      cells = .allocate(capacity: table.count)
      _ = cells.initialize(from: table)
      encoding.cells = UnsafePointer(cells.baseAddress)
      estimate = maximumCode < 256 ? .allocate(capacity: 1) : nil
      estimate?.initialize(to: Self.srgbEstimate(maximumCode: Double(maximumCode)))
      encoding.estimate = UnsafePointer(estimate)
    }
    let copy = UnsafeMutablePointer<fewtap_encoding>.allocate(capacity: 1)
    copy.initialize(to: encoding)
    pointer = UnsafePointer(copy)
  }

  deinit {
    cells.deallocate()
    estimate?.deallocate()
    pointer.deallocate()
  }

  /// sRGB's curve over exponents -9 to -1 (and 0), where its power part lies.
  ///
  /// Equation: `(m 2^e)^(1/2.4) = m^(1/2.4) 2^(e/2.4)`, the first factor by Chebyshev interpolation on 1...2.
  /// Accuracy: interpolation is within 1.8e-6 of the factor; in codes, with rounding, 3.9e-4 was the most over every 7th
  ///           Float, so 2^-10 is told. Held by FewtapEngineTests/LightEncodingTests all over the range.
  private static func srgbEstimate(maximumCode: Double) -> fewtap_estimate {
    var estimate = fewtap_estimate()
    let exponent = 1 / 2.4
    withUnsafeMutableBytes(of: &estimate.scales) { bytes in
      let scales = bytes.bindMemory(to: Float.self)
      for power in -9...0 { scales[(power + 127) & 15] = Float(maximumCode * 1.055 * exp2(Double(power) * exponent)) }
    }
    let coefficients = chebyshevInterpolant(count: Int(FEWTAP_ESTIMATE_COEFFICIENTS)) { pow($0, exponent) }
    withUnsafeMutableBytes(of: &estimate.coefficients) { bytes in
      let places = bytes.bindMemory(to: Float.self)
      for (index, coefficient) in coefficients.enumerated() { places[index] = Float(coefficient) }
    }
    estimate.offset = Float(-0.055 * maximumCode)
    estimate.joint = 0.0031308
    estimate.slope = Float(12.92 * maximumCode)
    estimate.tolerance = 0x1p-10
    return estimate
  }

  /// Coefficients, constant first, of the polynomial that meets `function` in the Chebyshev points of 1...2.
  private static func chebyshevInterpolant(count: Int, _ function: (Double) -> Double) -> [Double] {
    let points = (0..<count).map { 1.5 + 0.5 * cos((Double($0) + 0.5) * .pi / Double(count)) }
    // Newton's divided differences, then his nested form multiplied out.
    var differences = points.map(function)
    for order in 1..<count {
      for index in stride(from: count - 1, through: order, by: -1) {
        differences[index] =
          (differences[index] - differences[index - 1]) / (points[index] - points[index - order])
      }
    }
    var result = [Double](repeating: 0, count: count)
    for index in points.indices.reversed() {
      for power in stride(from: count - 1, through: 1, by: -1) {
        result[power] = result[power - 1] - points[index] * result[power]
      }
      result[0] = differences[index] - points[index] * result[0]
    }
    return result
  }

  // MARK: Shared ones

  /// The encoding to the codes of `type`; nil for floating types. Built when first asked for, and kept.
  package static func shared(_ transfer: TransferFunction, _ type: PixelType) -> LightEncoding? {
    switch (type, transfer) {
    case (.uint8, .linear): linear8
    case (.uint8, .srgb): srgb8
    case (.uint16, .linear): linear16
    case (.uint16, .srgb): srgb16
    case (.half, _), (.float, _): nil
    }
  }

  private static let linear8 = LightEncoding(transfer: .linear, maximumCode: 255)
  private static let linear16 = LightEncoding(transfer: .linear, maximumCode: 65535)
  private static let srgb8 = LightEncoding(transfer: .srgb, maximumCode: 255)
  private static let srgb16 = LightEncoding(transfer: .srgb, maximumCode: 65535)
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
  func addCells(_ segment: Range<Int>, to cells: inout [UInt32]) -> fewtap_segment {
    let shift = UInt32(shift(of: segment))
    let start = (firstExponent + UInt32(segment.lowerBound)) << 23
    let end = (firstExponent + UInt32(segment.upperBound)) << 23
    let result = fewtap_segment(from: start, base: start >> shift - UInt32(cells.count), shift: shift)
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
