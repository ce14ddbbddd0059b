import ArgumentParser
import Fewtap
import FewtapImageIO

/// An image's path on the command line: any image file, or a NumPy array of rows x columns [x channels].
struct ImageArgument {
  let path: String

  private var isNumpy: Bool { path.lowercased().hasSuffix(".npy") }

  /// Refuses a name that tells no format, and a type that its format never holds.
  func checkFormat(type: PixelType?) throws {
    if isNumpy {
      guard type ?? .float == .float else {
        throw ValidationError("--type: .npy images are written as float; leave it out")
      }
    } else if ImageFormat(path: path) == nil {
      throw ValidationError("\(ImageFileError.unknownExtension(path: path)), npy (.npy)")
    }
  }

  /// Reads the image; the content tells the format.
  func read(transfer: Transfer) throws -> ImageFile {
    guard !path.isEmpty else { throw Failure("IN is empty: give an image file", .usage) }
    let bytes = try readBytes(path: path, limit: ImageFile.defaultMemoryLimit)
    guard bytes.starts(with: NumpyFile.magic) else {
      return try ImageFile.decode(bytes, path: path, transfer: transfer)
    }
    let array = try NumpyFile.decode(bytes, path: path)
    let function = transfer.function(for: .float)
    let channels = array.shape.count == 3 ? array.shape[2] : 1
    let planes = (0..<channels).map { channel in
      var plane = Plane<Float>(width: array.shape[1], height: array.shape[0])
      for index in plane.values.indices {
        plane.values[index] = Float(function.decode(array.values[index * channels + channel]))
      }
      return plane
    }
    return ImageFile(
      image: try Image(planes: planes), metadata: ImageMetadata(pixelType: .float, transfer: function))
  }

  /// Writes the image; the extension tells the format. Returns what that could not hold.
  func write(_ file: ImageFile, options: WriteOptions) throws -> [String] {
    guard isNumpy else { return try file.write(path: path, options: options).map(\.description) }
    let (image, function) = (file.image, options.transfer.function(for: .float))
    var values: [Double] = []
    values.reserveCapacity(image.width * image.height * image.planes.count)
    for index in 0..<image.width * image.height {
      for (channel, plane) in image.planes.enumerated() {
        let value = Double(plane.values[index])
        values.append(channel == image.alphaIndex ? value : function.encode(value))
      }
    }
    let shape = [image.height, image.width] + (image.planes.count == 1 ? [] : [image.planes.count])
    guard let array = NumpyFile(shape: shape, values: values) else {
      throw Failure("\(path): an image of \(image.width)x\(image.height) is no array")
    }
    try array.write(path: path, as: .float32)
    return image.alphaIndex.map { ["an array does not tell that channel \($0) is alpha"] } ?? []
  }
}
