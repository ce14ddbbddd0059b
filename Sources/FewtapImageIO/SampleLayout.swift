import FewtapCore

/// What the samples of an image mean, as they lie in a buffer: rows from top to bottom without gaps, channels interleaved.
public struct SampleLayout: Equatable, Sendable {
  /// Columns.
  public var width: Int
  /// Rows.
  public var height: Int
  /// Samples a pixel.
  public var channels: Int
  /// The type of a sample, in the machine's byte order.
  public var type: PixelType
  /// How samples other than alpha stand for light.
  public var transfer: TransferFunction
  /// Which channel is alpha; nil if none is.
  public var alphaIndex: Int?
  /// True if the other channels are multiplied by alpha; never with a coded transfer function.
  public var alphaIsAssociated: Bool

  /// A layout of an image without alpha.
  public init(width: Int, height: Int, channels: Int, type: PixelType, transfer: TransferFunction) {
    (self.width, self.height, self.channels) = (width, height, channels)
    (self.type, self.transfer) = (type, transfer)
    (alphaIndex, alphaIsAssociated) = (nil, false)
  }

  /// Bytes of a row.
  public var rowBytes: Int { width * channels * type.byteCount }
}

extension PixelType {
  /// Bytes of a sample in memory.
  public var byteCount: Int {
    switch self {
    case .uint8: 1
    case .uint16, .half: 2
    case .float: 4
    }
  }
}

/// The Floats that all binary16 patterns stand for.
///
/// Source: IEEE 754-2019, 3.4. Swift's Float16 is missing on Intel Macs.
let halfValues: [Float] = (0...UInt16.max).map { Float(half: $0) }

extension Float {
  fileprivate init(half bits: UInt16) {
    let (exponent, fraction) = (Int(bits >> 10 & 0x1F), Float(bits & 0x3FF) / 1024)
    let size: Float =
      switch exponent {
      case 0: fraction * 0x1p-14
      case 31: fraction == 0 ? .infinity : .nan
      default: (1 + fraction) * Float(sign: .plus, exponent: exponent - 15, significand: 1)
      }
    self = bits >> 15 == 0 ? size : -size
  }
}
