import ArgumentParser
import Fewtap
import FewtapImageIO

/// An image's path on the command line: any image file, or a NumPy array of rows x columns [x channels].
struct ImageArgument {
  let path: String

  /// Refuses a name that tells no format, and a type that its format never holds.
  func checkFormat(type: PixelType?) throws {
    guard let format = ImageFormat(path: path) else {
      throw ValidationError("\(ImageFileError.unknownExtension(path: path))")
    }
    guard format != .npy || type ?? .float == .float else {
      throw ValidationError("--type: .npy images are written as float; leave it out")
    }
  }

  /// Opens the image; its content tells the format.
  func open(transfer: Transfer) throws -> ImageRowReader {
    guard !path.isEmpty else { throw Failure("IN is empty: give an image file", .usage) }
    return try ImageRowReader(path: path, transfer: transfer)
  }

  /// A file for pixels as `source` has them; the extension tells the format.
  func create(like source: ImageRowReader, options: WriteOptions) throws -> ImageRowWriter {
    try ImageRowWriter(
      path: path, image: source.layout, metadata: source.metadata, options: options, asStored: true)
  }
}
