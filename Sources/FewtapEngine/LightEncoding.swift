package import CFewtapKernels
import FewtapCore

/// Turns linear light into the nearest integer code: nearest among encoded values, as a decoder's inverse must be. NaN is 0.
///
/// Accuracy: exact but for the rounding of `pow` in the limits between codes; the code of a decoded code is that code. Held by
///           FewtapEngineTests/LightEncodingTests.
/// Cost:     one table look-up a sample (none for linear codes); 4 KiB for sRGB's 8 bits, 0.4 MiB for its 16.
///
/// A class, since the C kernels hold pointers to the tables.
package final class LightEncoding: @unchecked Sendable {
  /// What the C kernels take.
  package let pointer: UnsafePointer<fewtap_encoding>
  private let cells: UnsafeMutableBufferPointer<UInt32>
  private let octaves: UnsafeMutableBufferPointer<fewtap_octave>

  /// An encoding to codes `0...maximumCode`.
  package init(transfer: TransferFunction, maximumCode: Int) {
    let step = 1 / Double(maximumCode)
    var encoding = fewtap_encoding()
    encoding.maximum = Float(maximumCode)
    encoding.lowest = Float(transfer.decode(-0.5 * step))
    encoding.highest = Float(transfer.decode(1 + 0.5 * step))
    if transfer == .linear {
      (encoding.least, encoding.most) = (0, 1)
      (cells, octaves) = (.allocate(capacity: 0), .allocate(capacity: 0))
    } else {
      let limits = Self.limits(transfer, maximumCode)
      (encoding.least, encoding.most) = (limits[0].nextDown, limits[maximumCode - 1])
      let tables = Self.tables(limits, from: encoding.least)
      (cells, octaves) = (.allocate(capacity: tables.cells.count), .allocate(capacity: tables.octaves.count))
      _ = cells.initialize(from: tables.cells)
      _ = octaves.initialize(from: tables.octaves)
      encoding.cells = UnsafePointer(cells.baseAddress)
      encoding.octaves = UnsafePointer(octaves.baseAddress)
      encoding.first_octave = UInt32(encoding.least.exponentBitPattern)
    }
    let copy = UnsafeMutablePointer<fewtap_encoding>.allocate(capacity: 1)
    copy.initialize(to: encoding)
    pointer = UnsafePointer(copy)
  }

  deinit {
    cells.deallocate()
    octaves.deallocate()
    pointer.deallocate()
  }

  /// Entry k is the least Float that is at least as near to code k + 1 as to code k.
  private static func limits(_ transfer: TransferFunction, _ maximumCode: Int) -> [Float] {
    let step = 1 / Double(maximumCode)
    return (0..<maximumCode).map { code in
      let exact = transfer.decode((Double(code) + 0.5) * step)
      let rounded = Float(exact)
      return Double(rounded) < exact ? rounded.nextUp : rounded
    }
  }

  /// Octave by octave, cells as large as the least distance of two limits allows, so that no cell holds two.
  private static func tables(_ limits: [Float], from least: Float) -> (cells: [UInt32], octaves: [fewtap_octave]) {
    let bits = limits.map(\.bitPattern)
    var cells: [UInt32] = []
    var octaves: [fewtap_octave] = []
    var code = 0
    for exponent in UInt32(least.exponentBitPattern)...UInt32(limits[limits.count - 1].exponentBitPattern) {
      let start = exponent << 23
      let inside = bits[code...].prefix { $0 >> 23 == exponent }
      let gap = zip(inside, inside.dropFirst()).map { $1 - $0 }.min() ?? 1 << 23
      let shift = UInt32(min(23, 31 - gap.leadingZeroBitCount))
      octaves.append(fewtap_octave(base: (start >> shift) &- UInt32(cells.count), shift: shift))
      for cell in stride(from: start, to: start + 1 << 23, by: 1 << Int(shift)) {
        if code < bits.count, bits[code] == cell { code += 1 }
        var entry = UInt32(code) << shift
        if code < bits.count, bits[code] - cell < 1 << shift {
          entry += 1 << shift - (bits[code] - cell)
          code += 1
        }
        cells.append(entry)
      }
    }
    return (cells, octaves)
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

/// Light of every stored sample of 8 or 16 bits, for those transfer functions that are not mere division.
package final class LightDecoding: @unchecked Sendable {
  /// One Float a code (a half's bits are its code).
  package let table: UnsafePointer<Float>

  private init(_ values: [Float]) {
    let copy = UnsafeMutablePointer<Float>.allocate(capacity: values.count)
    copy.initialize(from: values, count: values.count)
    table = UnsafePointer(copy)
  }

  deinit { table.deallocate() }

  /// The table for samples of `type`; nil where there is none, since light is the code's share of the largest, or the
  /// samples are too many. Built when first asked for, and kept.
  package static func shared(_ transfer: TransferFunction, _ type: PixelType) -> LightDecoding? {
    switch (type, transfer) {
    case (.uint8, .srgb): srgb8
    case (.uint16, .srgb): srgb16
    case (.half, .srgb): srgbHalf
    case (.float, _), (_, .linear): nil
    }
  }

  private static let srgb8 = LightDecoding(TransferFunction.srgb.decodingTable(maximumCode: 255))
  private static let srgb16 = LightDecoding(TransferFunction.srgb.decodingTable(maximumCode: 65535))
  private static let srgbHalf = LightDecoding(
    (0...UInt16.max).map { bits in Float(TransferFunction.srgb.decode(HalfBits.value(bits))) })
}

/// IEEE binary16 as numbers: `Float16` is not there on every platform.
package enum HalfBits {
  /// The number that `bits` stand for.
  package static func value(_ bits: UInt16) -> Double {
    let (exponent, mantissa) = (Int(bits >> 10) & 31, Double(bits & 0x3ff))
    let size: Double
    switch exponent {
    case 0: size = mantissa * 0x1p-24
    case 31: size = mantissa == 0 ? .infinity : .nan
    default: size = Double(sign: .plus, exponent: exponent - 15, significand: 1 + mantissa * 0x1p-10)
    }
    return bits >> 15 == 0 ? size : -size
  }
}
