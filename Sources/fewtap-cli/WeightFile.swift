import Fewtap
import FewtapImageIO

/// Weights of a basis' filters at every pixel, from a file: a NumPy array (filters, rows, columns), or an image with a channel a
/// filter.
struct WeightFile {
  let path: String

  /// The planes, of the image's size.
  ///
  /// Throws: ``ImageFileError``; ``Failure`` for another size.
  func map(width: Int, height: Int) throws -> ParameterMap {
    let planes = try planes()
    guard let first = planes.first, first.width == width, first.height == height else {
      let found = planes.first.map { "\($0.width)x\($0.height)" } ?? "nothing"
      throw Failure("\(path): the weights are \(found), the image \(width)x\(height): they must be of one size")
    }
    return try ParameterMap(planes)
  }

  private func planes() throws -> [Plane<Float>] {
    if path.lowercased().hasSuffix(".npy") {
      return try KernelStack.planes(path: path, memoryLimit: ImageFile.defaultMemoryLimit)
    }
    return try ImageFile.read(path: path, transfer: .linear).image.planes
  }
}
