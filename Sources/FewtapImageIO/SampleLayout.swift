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
