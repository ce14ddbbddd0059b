import FewtapCore

/// Something that a file could not tell or hold; the file is read or written nevertheless.
public enum ImageWarning: Equatable, Sendable, CustomStringConvertible {
  /// The file holds more images than the one that is read.
  case otherImagesIgnored
  /// A type that has no counterpart here was read as float.
  case typeConverted(from: String)
  /// The camera's or an editor's fields (EXIF, GPS, IPTC) are not carried; orientation and resolution are.
  case cameraDataIgnored(fields: Int)
  /// Samples beyond what the type can hold were moved to its limit; NaN became 0.
  case clipped(samples: Int, of: Int, type: PixelType)
  /// The type asked for cannot hold everything that the source's could.
  case precisionReduced(from: PixelType, to: PixelType, format: ImageFormat)
  /// The format cannot hold alpha: the colors were written as they stand over black.
  case alphaLost(format: ImageFormat)
  /// The format holds alpha as a channel like the others.
  case alphaUnmarked(channel: Int, format: ImageFormat)
  /// The format cannot hold so many channels.
  case channelsLost(names: [String], format: ImageFormat)
  /// Pixels with light but no alpha; a format with straight alpha shows nothing there.
  case lightWithoutAlpha(pixels: Int, format: ImageFormat)
  /// The ICC profile was left out.
  case colorProfileLost(format: ImageFormat, reason: String)
  /// Tags that the format cannot hold.
  case tagsLost(names: [String], format: ImageFormat)
  /// Kernel values were divided by the largest: the file tells the shape only.
  case scaledToPeak(peak: Double)
  /// A kernel's center is not its middle, and the file cannot tell it.
  case centerLost(x: Int, y: Int)

  /// The sentence that a user reads.
  public var description: String {
    switch self {
    case .otherImagesIgnored: "the file holds several images: only the first is read"
    case .typeConverted(let type): "stored as \(type), read as float"
    case .cameraDataIgnored(let fields): "\(fields) fields of EXIF, GPS or IPTC data are not carried"
    case .clipped(let samples, let all, let type):
      "\(samples) of \(all) samples are beyond what \(type) can hold and were clipped"
    case .precisionReduced(let from, let to, let format):
      "\(from) became \(to): \(format) holds \(format.types.map(\.rawValue).joined(separator: " or "))"
    case .alphaLost(let format): "\(format) holds no alpha: colors were written as they stand over black"
    case .alphaUnmarked(let channel, let format): "\(format) does not tell that channel \(channel) is alpha"
    case .channelsLost(let names, let format):
      "\(format) cannot hold channels \(names.joined(separator: ", ")): they were left out"
    case .lightWithoutAlpha(let pixels, let format):
      "\(pixels) pixels have light but zero alpha, which \(format) cannot show: write OpenEXR to keep it"
    case .colorProfileLost(let format, let reason): "the ICC profile was left out of the \(format): \(reason)"
    case .tagsLost(let names, let format): "\(format) cannot hold \(names.joined(separator: ", "))"
    case .scaledToPeak(let peak):
      "values were divided by the largest, \(peak), to fit integers: their sum is lost, and what is finer than 1/65535 of it"
    case .centerLost(let x, let y): "the file cannot hold the center, \(x),\(y): give it again on reading"
    }
  }
}
