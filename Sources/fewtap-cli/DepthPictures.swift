import Fewtap
import FewtapImageIO
import Foundation

/// The pictures of ``BenchDepthCommand``, as files.
struct DepthPictures {
  let pinhole: Image
  let lens: Image
  /// The signed circle of confusion.
  let radius: Plane<Float>
  /// What was made of the pinhole's picture, by how.
  let blurred: [(name: String, image: Image)]

  /// Writes all of them into a folder: as a display shows them, what they were made from in full, and parts enlarged, each in all
  /// pictures, side by side.
  func write(_ folder: String) throws {
    do {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    } catch {
      throw Failure("\(folder): the folder cannot be made; choose another place")
    }
    func picture(_ image: Image, _ name: String) throws {
      try ImageFile(image: image.shown()).write(
        path: "\(folder)/\(name).png", options: WriteOptions(type: .uint8, transfer: .srgb))
    }
    let all = [("pinhole", pinhole), ("lens", lens)] + blurred.map { ($0.name, $0.image) }
    for (name, image) in all { try picture(image, name.replacing(" ", with: "-")) }
    for (name, image) in [("pinhole", pinhole), ("lens", lens), ("radius", try Image(planes: [radius]))] {
      try ImageFile(image: image).write(path: "\(folder)/\(name).npy")
    }
    let (w, h) = (Double(lens.width), Double(lens.height))
    for (index, part) in Self.parts.enumerated() {
      try picture(
        Image.sideBySide(
          all.map(\.1), x: Int(part.x * w), y: Int(part.y * h), side: max(16, Int(0.14 * h)), zoom: 3),
        "part-\(index)")
    }
  }

  /// Where thin things stand before what is far: shares of width and height.
  private static let parts: [(x: Double, y: Double)] = [
    (0.86, 0.05), (0.66, 0.25), (0.44, 0.27), (0.24, 0.28), (0.74, 0.62), (0.10, 0.30), (0.18, 0.62), (0.58, 0.36),
  ]
}

extension Image {
  /// What a display shows: light above white is white.
  fileprivate func shown() -> Image {
    var planes = planes
    for channel in planes.indices {
      for index in planes[channel].values.indices {
        planes[channel].values[index] = min(max(planes[channel].values[index], 0), 1)
      }
    }
    return (try? Image(planes: planes)) ?? self
  }

  /// The same square of several images of one size, pixels enlarged.
  fileprivate static func sideBySide(_ images: [Image], x: Int, y: Int, side: Int, zoom: Int) throws -> Image {
    let gap = 2
    var planes = (0..<3).map { _ in
      Plane<Float>(width: images.count * (side * zoom + gap), height: side * zoom, repeating: 1)
    }
    for (index, image) in images.enumerated() {
      for channel in 0..<3 {
        let source = image.planes[min(channel, image.planes.count - 1)]
        for row in 0..<side * zoom {
          for column in 0..<side * zoom {
            planes[channel][index * (side * zoom + gap) + column, row] =
              source[min(x + column / zoom, source.width - 1), min(y + row / zoom, source.height - 1)]
          }
        }
      }
    }
    return try Image(planes: planes)
  }
}
