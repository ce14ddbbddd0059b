import FewtapCore

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
