import FewtapCore
import FewtapImageIO
import Foundation
import TestSupport
import Testing

@Suite struct RoundTripTests {
  #if OpenImageIO
  static let formats = ImageFormat.allCases
  #else
  static let formats = [ImageFormat.pnm, .pfm, .fits, .npy]
  #endif

  /// Every format with each type that it stores, and channel counts that it holds as they are (colors, with alpha or not).
  static let cases: [RoundTrip] = formats.flatMap { format in
    format.types.flatMap { type in
      let shapes: [(Int, Bool)] =
        switch format {
        case .png: [(1, false), (1, true), (3, false), (3, true)]
        case .tiff, .openexr: [(1, false), (1, true), (2, false), (3, false), (3, true), (4, true), (7, false)]
        case .fits, .npy: [(1, false), (3, false), (5, false)]
        case .jpeg, .pnm, .pfm: [(1, false), (3, false)]
        case .hdr: [(3, false)]
        }
      return shapes.map { RoundTrip(format: format, type: type, colors: $0.0, hasAlpha: $0.1) }
    }
  }

  @Test(arguments: cases) func returnsWhatWasWritten(_ trip: RoundTrip) throws {
    try TemporaryFolder.with { folder in
      let source = try trip.source(seed: 7)
      let path = folder + "/image." + trip.format.extensions[0]
      let warnings = try source.write(path: path, options: WriteOptions(type: trip.type))
      #expect(warnings == [])
      let found = try ImageFile.read(path: path)
      #expect(found.warnings == [])
      #expect(found.metadata.format == trip.format)
      #expect(found.metadata.pixelType == trip.type)
      #expect(found.image.alphaIndex == source.image.alphaIndex)
      #expect(found.image.alphaIsAssociated == source.image.alphaIsAssociated)
      try #require(found.image.planes.count == source.image.planes.count)
      for (channel, plane) in source.image.planes.enumerated() {
        let worst = zip(plane.values, found.image.planes[channel].values).map { abs($0 - $1) }.max() ?? 0
        #expect(worst <= trip.tolerance, "channel \(channel)")
      }
      // A second trip of what a file can hold must not move.
      let again = folder + "/again." + trip.format.extensions[0]
      #expect(try found.write(path: again) == [])
      if trip.format != .jpeg, trip.format != .hdr {
        #expect(try ImageFile.read(path: again) == found)
      }
    }
  }

  @Test(arguments: [ImageFormat.png, .tiff, .pnm], [PixelType.uint8, .uint16])
  func everyCodeReturnsAsItself(format: ImageFormat, type: PixelType) throws {
    let maximum = try #require(type.maximumCode)
    for (transfer, function) in [(Transfer.automatic, TransferFunction.srgb), (.linear, .linear)] {
      let light = (0...maximum).map { Float(function.decode(Double($0) / Double(maximum))) }
      let image = try Image(planes: [Plane(width: 256, height: light.count / 256, values: light)])
      let file = ImageFile(image: image, metadata: ImageMetadata(pixelType: type, transfer: function))
      let bytes = try file.encode(as: format, path: "codes").bytes
      let found = try ImageFile.decode(bytes, path: "codes", transfer: transfer)
      #expect(found.image == image)
      #expect(found.metadata.transfer == function)
    }
  }

  @Test(arguments: [ImageFormat.openexr, .tiff, .pfm, .fits, .npy])
  func highDynamicRangeSurvives(format: ImageFormat) throws {
    let values: [Float] = [0, -0.25, 1.5, 1e-6, 60000, -3e5, 1e9, 0.1]
    let image = try Image(planes: [Plane(width: 4, height: 2, values: values)])
    let (bytes, warnings) = try ImageFile(image: image).encode(as: format, path: "hdr")
    #expect(warnings == [])
    #expect(try ImageFile.decode(bytes, path: "hdr").image == image)
  }

  @Test(arguments: [ImageFormat.png, .jpeg, .tiff, .openexr])
  func tagsAreCarried(format: ImageFormat) throws {
    let image = try Image(planes: (0..<3).map { _ in Plane(width: 5, height: 4, repeating: Float(0.5)) })
    var file = ImageFile(image: image, metadata: ImageMetadata(pixelType: .uint8, transfer: .srgb))
    file.metadata.resolution = Resolution(x: 300, y: 300, unit: "in")
    file.metadata.orientation = format == .png ? 1 : 6
    file.metadata.colorProfile = format == .openexr ? nil : testProfile()
    let (bytes, warnings) = try file.encode(as: format, options: WriteOptions(type: format.types[0]), path: "tags")
    #expect(warnings == [])
    let found = try ImageFile.decode(bytes, path: "tags").metadata
    #expect(found.orientation == file.metadata.orientation)
    #expect(found.colorProfile == file.metadata.colorProfile)
    let resolution = try #require(found.resolution)
    // PNG stores dots a meter as an integer: half a dot of 11811.
    #expect(abs(resolution.x - (resolution.unit == "cm" ? 300 / 2.54 : 300)) <= 0.02)
  }
}

/// One format, type and number of channels.
struct RoundTrip: Sendable, CustomTestStringConvertible {
  let format: ImageFormat
  let type: PixelType
  let colors: Int
  let hasAlpha: Bool

  var testDescription: String { "\(format) \(type) \(colors) colors\(hasAlpha ? " and alpha" : "")" }

  /// How far a value may move: not at all where the file stores values or codes of the source's own type.
  var tolerance: Float {
    switch format {
    // Quantization at quality 95 moves a smooth block by a few of 255 codes; the sRGB curve is steepest at 1, 2.4 / 1.055.
    case .jpeg: 6 * 2.275 / 255
    // RGBE: 8 bits of mantissa shared by a pixel whose largest channel is below 1, truncated.
    case .hdr: 1 / 256
    default: 0
    }
  }

  /// An image whose values the type can hold exactly.
  func source(seed: UInt64, width: Int = 11, height: Int = 7) throws -> ImageFile {
    var generator = SeededGenerator(seed: seed)
    let count = colors + (hasAlpha ? 1 : 0)
    let alphaIndex = hasAlpha ? (colors >= 3 ? 3 : colors) : nil
    let transfer: TransferFunction = type.isInteger ? .srgb : .linear
    let planes = try (0..<count).map { channel in
      let values = (0..<width * height).map { index -> Float in
        // JPEG is for smooth pictures: random codes would measure its quantization, not our reading.
        let code =
          format == .jpeg ? 100 + (index % width + index / width) % 60 : generator.index((type.maximumCode ?? 255) + 1)
        let value = Double(code) / Double(type.maximumCode ?? 256)
        return Float(channel == alphaIndex ? value : transfer.decode(value))
      }
      return try Plane(width: width, height: height, values: values)
    }
    let image = try Image(planes: planes, alphaIndex: alphaIndex, alphaIsAssociated: format == .openexr)
    return ImageFile(image: image, metadata: ImageMetadata(pixelType: type, transfer: transfer))
  }
}

/// A small RGB display profile that libpng accepts: header, a table of one tag, and that tag, a text (ICC.1:2010, 7.2, 7.3,
/// 10.24). The text does not compress: libpng refuses a profile whose chunk is below 92 bytes.
func testProfile() -> [UInt8] {
  var bytes = [UInt8](repeating: 0, count: 144)
  func put(_ text: String, at offset: Int) { bytes.replaceSubrange(offset..<offset + 4, with: Array(text.utf8)) }
  bytes[8] = 4
  put("mntr", at: 12)
  put("RGB ", at: 16)
  put("XYZ ", at: 20)
  put("acsp", at: 36)
  // The D50 illuminant, s15Fixed16: 0.9642, 1, 0.8249.
  bytes.replaceSubrange(68..<80, with: [0, 0, 0xF6, 0xD6, 0, 1, 0, 0, 0, 0, 0xD3, 0x2D])
  bytes[131] = 1
  put("cprt", at: 132)
  bytes[139] = 144
  bytes[143] = 100
  var generator = SeededGenerator(seed: 1)
  bytes += Array("text".utf8) + [0, 0, 0, 0] + (0..<91).map { _ in UInt8(33 + generator.index(90)) } + [0]
  bytes[3] = UInt8(bytes.count)
  return bytes
}
