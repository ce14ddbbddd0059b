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
    let request = DecodeRequest(path: path, transfer: transfer, memoryLimit: memoryLimit)
    return try decode(ByteSource(path: path, limit: memoryLimit), request)
  }

  /// The image in `bytes`; `path` is what errors call it.
  ///
  /// Throws: ``ImageFileError``.
  public static func decode(
    _ bytes: [UInt8], path: String, transfer: Transfer = .automatic, memoryLimit: Int = defaultMemoryLimit
  ) throws(ImageFileError) -> ImageFile {
    let request = DecodeRequest(path: path, transfer: transfer, memoryLimit: memoryLimit)
    return try bytes.withBytes { (bytes) throws(ImageFileError) in
      try decode(ByteSource(bytes, path: path), request)
    }
  }

  /// All rows of a source as planes.
  static func decode(_ source: ByteSource, _ request: DecodeRequest) throws(ImageFileError) -> ImageFile {
    let decoder = try request.open(source)
    let (header, layout) = (decoder.header, decoder.header.layout)
    var assembler = PlaneAssembler(layout)
    // About 4 MiB let a decoder use its threads and keep the interleaved copy small.
    let rows = min(max(1, (4 << 20) / layout.rowBytes / header.bandHeight) * header.bandHeight, layout.height)
    var samples = [UInt8](repeating: 0, count: rows * layout.rowBytes)
    for begin in stride(from: 0, to: layout.height, by: rows) {
      let range = begin..<min(begin + rows, layout.height)
      try samples.withMutableBytes { (samples) throws(ImageFileError) in
        let part = UnsafeMutableRawBufferPointer(rebasing: samples[..<(range.count * layout.rowBytes)])
        try decoder.read(rows: range, into: part)
        assembler.store(UnsafeRawBufferPointer(part), row: begin)
      }
    }
    do {
      var file = ImageFile(image: try assembler.finish(), metadata: header.metadata)
      file.warnings = header.warnings
      return file
    } catch {
      throw request.damaged(error.description)
    }
  }
}
