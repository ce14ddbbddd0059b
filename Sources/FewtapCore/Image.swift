/// An image in memory: planes of equal size in linear light, with alpha marked if there is one.
///
/// Units: linear light; alpha straight unless ``alphaIsAssociated``; HDR values above 1 and negative values are kept.
public struct Image: Equatable, Sendable {
  /// The channels, all of one size; never empty.
  public let planes: [Plane<Float>]
  /// Which plane is alpha (coverage, 0...1); nil if none is. Filtering premultiplies the others by it.
  public let alphaIndex: Int?
  /// True if the other channels are multiplied by alpha already, as OpenEXR stores them: light where alpha is 0 (a flame)
  /// has no straight form, so such an image is never divided. False where there is no alpha.
  public let alphaIsAssociated: Bool

  /// Columns.
  public var width: Int { planes[0].width }
  /// Rows.
  public var height: Int { planes[0].height }

  /// An image of given channels.
  ///
  /// Throws: ``ImageError`` if there is no channel, sizes differ, or `alphaIndex` names no plane.
  public init(planes: [Plane<Float>], alphaIndex: Int? = nil, alphaIsAssociated: Bool = false) throws(ImageError) {
    guard let first = planes.first else { throw .noChannels }
    for (index, plane) in planes.enumerated() where plane.width != first.width || plane.height != first.height {
      throw .sizesDiffer(channel: index, width: plane.width, height: plane.height)
    }
    if let alphaIndex, !planes.indices.contains(alphaIndex) {
      throw .noSuchAlpha(index: alphaIndex, channels: planes.count)
    }
    self.planes = planes
    self.alphaIndex = alphaIndex
    self.alphaIsAssociated = alphaIndex != nil && alphaIsAssociated
  }

  /// An image of planes that came from one image, or of a single plane: nothing is left to check.
  package init(sameSizePlanes planes: [Plane<Float>], alphaIndex: Int? = nil, alphaIsAssociated: Bool = false) {
    self.planes = planes
    self.alphaIndex = alphaIndex
    self.alphaIsAssociated = alphaIsAssociated
  }

  /// Channel, position and value of the first NaN or infinity, channel by channel in reading order.
  public func firstNonFinite() -> (channel: Int, x: Int, y: Int, value: Float)? {
    for (channel, plane) in planes.enumerated() {
      if let found = plane.firstNonFinite() { return (channel, found.x, found.y, found.value) }
    }
    return nil
  }
}

/// Why planes do not make an image.
public enum ImageError: Error, Equatable, CustomStringConvertible {
  /// No plane was given.
  case noChannels
  /// A plane has another size than the first.
  case sizesDiffer(channel: Int, width: Int, height: Int)
  /// The alpha index names no plane.
  case noSuchAlpha(index: Int, channels: Int)

  /// The sentence that a user reads.
  public var description: String {
    switch self {
    case .noChannels: "an image needs at least one channel"
    case .sizesDiffer(let channel, let width, let height):
      "channel \(channel) is \(width)x\(height), unlike channel 0: all channels must have one size"
    case .noSuchAlpha(let index, let channels):
      "alpha channel \(index) does not exist: the image has channels 0...\(channels - 1)"
    }
  }
}
