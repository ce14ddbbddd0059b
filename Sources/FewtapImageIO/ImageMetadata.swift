import FewtapCore

/// What is carried from a file that is read to the one that is written.
public struct ImageMetadata: Equatable, Sendable {
  /// The format that it came from; nil for an image made in memory.
  public var format: ImageFormat?
  /// The type as stored.
  public var pixelType: PixelType
  /// How stored values stood for light.
  public var transfer: TransferFunction
  /// The embedded ICC profile. It is carried, not applied: colors are decoded by ``transfer``.
  public var colorProfile: [UInt8]?
  /// Orientation 1...8 as in EXIF; carried, not applied: pixels stay as stored.
  public var orientation: Int
  /// Dots a length, if the file tells.
  public var resolution: Resolution?
  /// A name a channel; empty for an image made in memory.
  public var channelNames: [String]
  /// Where the pixels lie in a larger or smaller display window (OpenEXR); nil if they fill it.
  public var window: DisplayWindow?

  /// Metadata of an image made in memory: no profile, upright.
  public init(pixelType: PixelType = .float, transfer: TransferFunction = .linear) {
    format = nil
    self.pixelType = pixelType
    self.transfer = transfer
    colorProfile = nil
    orientation = 1
    resolution = nil
    channelNames = []
    window = nil
  }
}

/// Dots a length.
public struct Resolution: Equatable, Sendable {
  /// Dots a unit along rows.
  public var x: Float
  /// Dots a unit along columns.
  public var y: Float
  /// `in`, `cm`, or empty if only the ratio is known.
  public var unit: String

  /// `x` by `y` dots a `unit`.
  public init(x: Float, y: Float, unit: String) {
    self.x = x
    self.y = y
    self.unit = unit
  }
}

/// OpenEXR's windows: where the stored pixels begin, and the rectangle meant for display; pixels, +y down.
public struct DisplayWindow: Equatable, Sendable {
  /// Column of the first stored pixel.
  public var dataX: Int
  /// Row of the first stored pixel.
  public var dataY: Int
  /// Column where the display window begins.
  public var x: Int
  /// Row where it begins.
  public var y: Int
  /// Its columns.
  public var width: Int
  /// Its rows.
  public var height: Int

  /// Pixels from (`dataX`, `dataY`) on, in a display window of `width` x `height` at (`x`, `y`).
  public init(dataX: Int, dataY: Int, x: Int, y: Int, width: Int, height: Int) {
    self.dataX = dataX
    self.dataY = dataY
    self.x = x
    self.y = y
    self.width = width
    self.height = height
  }
}
