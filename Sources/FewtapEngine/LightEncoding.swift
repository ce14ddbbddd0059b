package import CFewtapKernels
import FewtapCore

#if canImport(Darwin)
import Darwin
#elseif canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// A ``FewtapCore/CodeTable`` as the C kernels take it.
///
/// Cost: one look-up a sample, mostly none for sRGB's 8 bits with AVX-512.
///
/// A class, since the C kernels hold pointers into it.
package final class LightEncoding: @unchecked Sendable {
  /// What the C kernels take.
  package let pointer: UnsafePointer<fewtap_encoding>
  private let table: CodeTable
  private let estimate: UnsafeMutablePointer<fewtap_estimate>?

  private init?(_ transfer: TransferFunction, _ type: PixelType) {
    guard let table = CodeTable.shared(transfer, type) else { return nil }
    self.table = table
    var encoding = fewtap_encoding()
    encoding.maximum = Float(table.maximumCode)
    (encoding.lowest, encoding.highest) = (table.lowest, table.highest)
    (encoding.least, encoding.most) = (table.least, table.most)
    encoding.cells = table.cells.isEmpty ? nil : table.cells.baseAddress
    withUnsafeMutableBytes(of: &encoding.segments) { bytes in
      let places = bytes.bindMemory(to: fewtap_segment.self)
      for (index, segment) in table.segments.enumerated() {
        places[index] = fewtap_segment(from: segment.from, base: segment.base, shift: segment.shift)
      }
    }
    estimate = transfer == .srgb && type == .uint8 ? .allocate(capacity: 1) : nil
    estimate?.initialize(to: Self.srgbEstimate(maximumCode: Double(table.maximumCode)))
    encoding.estimate = UnsafePointer(estimate)
    let copy = UnsafeMutablePointer<fewtap_encoding>.allocate(capacity: 1)
    copy.initialize(to: encoding)
    pointer = UnsafePointer(copy)
  }

  deinit {
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

  private static let linear8 = LightEncoding(.linear, .uint8)
  private static let linear16 = LightEncoding(.linear, .uint16)
  private static let srgb8 = LightEncoding(.srgb, .uint8)
  private static let srgb16 = LightEncoding(.srgb, .uint16)
}
