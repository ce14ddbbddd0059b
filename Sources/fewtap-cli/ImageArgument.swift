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

  /// Reads the image; the content tells the format.
  func read(transfer: Transfer) throws -> ImageFile {
    guard !path.isEmpty else { throw Failure("IN is empty: give an image file", .usage) }
    return try ImageFile.read(path: path, transfer: transfer)
  }

  /// Writes the image; the extension tells the format. Returns what that could not hold.
  func write(_ file: ImageFile, options: WriteOptions) throws -> [String] {
    try file.write(path: path, options: options).map(\.description)
  }
}
