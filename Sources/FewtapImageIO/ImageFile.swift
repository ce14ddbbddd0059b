import FewtapCore
import Foundation

/// An image as read from a file, or to be written to one: pixels in linear light, and what is carried along.
///
/// Alpha: straight where the file stores it so (PNG, most TIFF); associated (``Image/alphaIsAssociated``) where the file does
///        (OpenEXR, some TIFF), for light under zero alpha has no straight form. Associated alpha with sRGB codes is divided
///        out before decoding, as such files multiply codes; where alpha is 0 the codes stay as they are.
/// Colors: ICC profiles are carried, not applied.
public struct ImageFile: Equatable, Sendable {
  /// The pixels.
  public var image: Image
  /// What is carried from file to file.
  public var metadata: ImageMetadata
  /// What reading could not keep.
  public var warnings: [ImageWarning]

  /// Most pixels of an image: positions fit 31 bits, as OpenImageIO and most formats assume.
  public static let maximumPixels = 1 << 31
  /// Most channels of an image; the bound that OpenImageIO sets by default.
  public static let maximumChannels = 1024
  /// Most memory for an image's planes unless told otherwise, in bytes: half of what the machine has, for filtering makes a
  /// second image.
  public static var defaultMemoryLimit: Int { Int(clamping: ProcessInfo.processInfo.physicalMemory / 2) }

  /// An image with what its file is to say about it.
  public init(image: Image, metadata: ImageMetadata = ImageMetadata()) {
    self.image = image
    self.metadata = metadata
    warnings = []
  }

  /// Reads a file; its content, not its name, tells the format.
  ///
  /// `transfer` says how stored values stand for light, `memoryLimit` how many bytes the planes may take.
  /// Throws: ``ImageFileError``.
  public static func read(
    path: String, transfer: Transfer = .automatic, memoryLimit: Int = defaultMemoryLimit
  ) throws(ImageFileError) -> ImageFile {
    try decode(readBytes(path: path, limit: memoryLimit), path: path, transfer: transfer, memoryLimit: memoryLimit)
  }

  /// The image in `bytes`; `path` is what errors call it.
  ///
  /// Throws: ``ImageFileError``.
  public static func decode(
    _ bytes: [UInt8], path: String, transfer: Transfer = .automatic, memoryLimit: Int = defaultMemoryLimit
  ) throws(ImageFileError) -> ImageFile {
    guard let format = ImageFormat(content: bytes) else { throw .unknownFormat(path: path) }
    let request = DecodeRequest(path: path, transfer: transfer, memoryLimit: memoryLimit, maximumSide: Int(Int32.max))
    return try request.decode(bytes, as: format)
  }
}

/// What a decoder needs to know beside the bytes.
struct DecodeRequest {
  let path: String
  let transfer: Transfer
  let memoryLimit: Int
  let maximumSide: Int

  func decode(_ bytes: [UInt8], as format: ImageFormat) throws(ImageFileError) -> ImageFile {
    switch format {
    case .pnm: try PortableMap.decode(bytes, self)
    case .pfm: try PortableFloatMap.decode(bytes, self)
    case .fits: try FITSFile.decode(bytes, self)
    case .png, .jpeg, .tiff, .openexr, .hdr: try OpenImageIODecoder.decode(bytes, format, self)
    }
  }

  /// Refuses a size before anything is allocated for it.
  func check(width: Int, height: Int, channels: Int) throws(ImageFileError) {
    let error = ImageFileError.size(
      path: path, width: width, height: height, channels: channels, limit: memoryLimit)
    guard width > 0, height > 0, (1...ImageFile.maximumChannels).contains(channels) else { throw error }
    if width > maximumSide || height > maximumSide {
      throw .kernel(path: path, .tooLarge(width: width, height: height))
    }
    let (pixels, overflow) = width.multipliedReportingOverflow(by: height)
    guard !overflow, pixels <= ImageFile.maximumPixels,
      pixels * channels <= memoryLimit / MemoryLayout<Float>.size
    else { throw error }
  }

  func damaged(_ cause: String) -> ImageFileError { .damaged(path: path, cause: cause) }
}
