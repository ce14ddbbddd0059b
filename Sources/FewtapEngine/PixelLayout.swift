import FewtapCore

/// How the samples of an image lie in memory that the caller owns: planar, interleaved, or anything that strides describe.
///
/// Shapes: sample (x, y, channel) lies `y * rowStride + x * pixelStride + channel * channelStride` bytes after sample (0, 0, 0).
///         Strides may be negative, as of a bottom-up image; no two samples may overlap. Bytes between samples (padding,
///         channels that are left out) are never touched.
/// Units:  strides in bytes, each a multiple of a sample's size.
public struct PixelLayout: Equatable, Sendable {
  /// How a sample is stored.
  public var type: PixelType
  /// How stored colors stand for light; alpha is always stored as it is.
  public var transfer: TransferFunction
  /// Columns.
  public var width: Int
  /// Channels, alpha included.
  public var channels: Int
  /// Which channel is alpha; nil if none is.
  public var alphaIndex: Int?
  /// True if the stored colors are multiplied by alpha already. Without alpha, it does not matter.
  public var alphaIsAssociated: Bool
  /// Bytes from a pixel to its right neighbor.
  public var pixelStride: Int
  /// Bytes from a channel to the next of the same pixel.
  public var channelStride: Int
  /// Bytes from a row to the one below.
  public var rowStride: Int

  /// A layout of given strides; ``check(height:)`` says whether they make sense.
  public init(
    type: PixelType, transfer: TransferFunction, width: Int, channels: Int, alphaIndex: Int? = nil,
    alphaIsAssociated: Bool = false, pixelStride: Int, channelStride: Int, rowStride: Int
  ) {
    self.type = type
    self.transfer = transfer
    self.width = width
    self.channels = channels
    self.alphaIndex = alphaIndex
    self.alphaIsAssociated = alphaIsAssociated
    self.pixelStride = pixelStride
    self.channelStride = channelStride
    self.rowStride = rowStride
  }

  /// Channels side by side in every pixel, `RGBRGB...`; rows without padding, unless `rowStride` says otherwise.
  public static func interleaved(
    type: PixelType, transfer: TransferFunction, width: Int, channels: Int, alphaIndex: Int? = nil,
    alphaIsAssociated: Bool = false, rowStride: Int? = nil
  ) -> PixelLayout {
    // Sizes from users may overflow: the strides then wrap, and `check` refuses the size itself.
    PixelLayout(
      type: type, transfer: transfer, width: width, channels: channels, alphaIndex: alphaIndex,
      alphaIsAssociated: alphaIsAssociated, pixelStride: channels &* type.byteCount, channelStride: type.byteCount,
      rowStride: rowStride ?? width &* channels &* type.byteCount)
  }

  /// One plane a channel, each right after the one before; rows without padding, unless `rowStride` says otherwise.
  public static func planar(
    type: PixelType, transfer: TransferFunction, width: Int, height: Int, channels: Int, alphaIndex: Int? = nil,
    alphaIsAssociated: Bool = false, rowStride: Int? = nil
  ) -> PixelLayout {
    let rowStride = rowStride ?? width &* type.byteCount
    return PixelLayout(
      type: type, transfer: transfer, width: width, channels: channels, alphaIndex: alphaIndex,
      alphaIsAssociated: alphaIsAssociated, pixelStride: type.byteCount, channelStride: height &* rowStride,
      rowStride: rowStride)
  }

  /// True if every pixel is its channels' light, Floats side by side, and nothing else.
  var isInterleavedLight: Bool {
    let size = MemoryLayout<Float>.stride
    return type == .float && transfer == .linear && channels > 1 && channels <= Self.mostInterleaved
      && channelStride == size && pixelStride == channels * size && rowStride % size == 0
  }

  /// Most channels that are moved together.
  private static let mostInterleaved = 4

  // MARK: Checks

  /// The bytes that an image of `height` rows spans, counted from its sample (0, 0, 0): from below 0 if a stride is negative.
  ///
  /// Throws: ``PixelLayoutError`` if a side is not positive, a stride does not fit or samples overlap, the alpha index names no
  ///         channel, or the bytes are too many to count.
  public func byteRange(height: Int) throws(PixelLayoutError) -> Range<Int> {
    guard width > 0, height > 0, channels > 0 else { throw .size(width: width, height: height, channels: channels) }
    guard width <= Int32.max else { throw .tooLarge(width: width, height: height, channels: channels) }
    if let alphaIndex, !(0..<channels).contains(alphaIndex) {
      throw .noSuchAlpha(index: alphaIndex, channels: channels)
    }
    let axes = [
      ("pixelStride", pixelStride, width), ("channelStride", channelStride, channels), ("rowStride", rowStride, height),
    ]
    var range = 0..<type.byteCount
    // From the finest axis to the coarsest, each must step over all that the finer ones span. One step is no step.
    for (name, stride, count) in axes.sorted(by: { $0.1.magnitude < $1.1.magnitude }) where count > 1 {
      guard stride % type.byteCount == 0 else { throw .misalignedStride(name: name, bytes: stride, type: type) }
      guard stride.magnitude >= range.count.magnitude else {
        throw .overlap(name: name, bytes: stride, needed: range.count)
      }
      let (reach, overflow) = stride.multipliedReportingOverflow(by: count - 1)
      let (end, endOverflow) = (reach < 0 ? range.lowerBound : range.upperBound).addingReportingOverflow(reach)
      // The count of bytes must be a number too.
      guard !overflow, !endOverflow,
        !(reach < 0 ? range.upperBound : end).subtractingReportingOverflow(reach < 0 ? end : range.lowerBound).overflow
      else { throw .tooLarge(width: width, height: height, channels: channels) }
      range = reach < 0 ? end..<range.upperBound : range.lowerBound..<end
    }
    return range
  }

  /// Checks that an image of `height` rows can lie so.
  ///
  /// Throws: as ``byteRange(height:)``.
  public func check(height: Int) throws(PixelLayoutError) { _ = try byteRange(height: height) }

  /// The address of sample (0, 0, 0) in a buffer whose first byte is the image's first in memory (of its last row, if it is
  /// bottom-up).
  ///
  /// Throws: as ``byteRange(height:)``, and if the buffer is too small or its start is not aligned to the samples.
  public func origin(in buffer: UnsafeRawBufferPointer, height: Int) throws(PixelLayoutError) -> UnsafeRawPointer {
    let range = try byteRange(height: height)
    guard let base = buffer.baseAddress, buffer.count >= range.count else {
      throw .bufferTooSmall(bytes: buffer.count, needed: range.count)
    }
    guard Int(bitPattern: base) % type.byteCount == 0 else { throw .misalignedBuffer(type: type) }
    return base - range.lowerBound
  }

  /// The same for a buffer to write to.
  ///
  /// Throws: as ``origin(in:height:)``.
  public func origin(in buffer: UnsafeMutableRawBufferPointer, height: Int) throws(PixelLayoutError)
    -> UnsafeMutableRawPointer
  {
    UnsafeMutableRawPointer(mutating: try origin(in: UnsafeRawBufferPointer(buffer), height: height))
  }

  /// Checks that no byte belongs to both: the result of a filter is written while its input is still read.
  ///
  /// Throws: ``PixelLayoutError/buffersOverlap(bytes:)``.
  public static func checkDisjoint(_ input: UnsafeRawBufferPointer, _ output: UnsafeMutableRawBufferPointer)
    throws(PixelLayoutError)
  {
    guard let a = input.baseAddress, let b = UnsafeRawPointer(output.baseAddress) else { return }
    let shared = min(a + input.count, b + output.count) - max(a, b)
    if shared > 0 { throw .buffersOverlap(bytes: shared) }
  }
}

/// Why a buffer does not hold an image as its layout says.
public enum PixelLayoutError: Error, Equatable, CustomStringConvertible {
  /// A side is not positive, or there is no channel.
  case size(width: Int, height: Int, channels: Int)
  /// More bytes than can be counted, or 2^31 columns.
  case tooLarge(width: Int, height: Int, channels: Int)
  /// The alpha index names no channel.
  case noSuchAlpha(index: Int, channels: Int)
  /// A stride is not a multiple of a sample's size.
  case misalignedStride(name: String, bytes: Int, type: PixelType)
  /// A stride is so short that samples lie on one another.
  case overlap(name: String, bytes: Int, needed: Int)
  /// The buffer ends before the image does.
  case bufferTooSmall(bytes: Int, needed: Int)
  /// The buffer's start is not a multiple of a sample's size.
  case misalignedBuffer(type: PixelType)
  /// Input and output have not the same channels, or not the same one is alpha.
  case channelsDiffer(input: Int, output: Int)
  /// Rows that come one after the other must lie so: each after the one before.
  case rowsNotSequential
  /// Input and output share bytes.
  case buffersOverlap(bytes: Int)

  /// The sentence that a user reads.
  public var description: String {
    switch self {
    case .size(let width, let height, let channels):
      "\(width)x\(height) pixels of \(channels) channels are no image: each must be at least 1"
    case .tooLarge(let width, let height, let channels):
      "\(width)x\(height) pixels of \(channels) channels are too many to hold"
    case .noSuchAlpha(let index, let channels):
      "alpha channel \(index) does not exist: the layout has channels 0...\(channels - 1)"
    case .misalignedStride(let name, let bytes, let type):
      "\(name) is \(bytes) bytes: for \(type) samples it must be a multiple of \(type.byteCount)"
    case .overlap(let name, let bytes, let needed):
      "\(name) is \(bytes) bytes, so that samples overlap: it must step over at least \(needed)"
    case .bufferTooSmall(let bytes, let needed): "the buffer has \(bytes) bytes: the image needs \(needed)"
    case .misalignedBuffer(let type):
      "the buffer does not start at a multiple of \(type.byteCount) bytes, as \(type) samples must"
    case .channelsDiffer(let input, let output):
      "input has \(input) channels and output \(output), or alpha at another place: they must be alike"
    case .rowsNotSequential:
      "rows do not lie one after the other: streaming needs a positive row stride that holds a row"
    case .buffersOverlap(let bytes):
      "input and output share \(bytes) bytes: they must be apart, since input is read after output was written"
    }
  }
}
