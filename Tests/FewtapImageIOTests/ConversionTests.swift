import FewtapCore
import FewtapImageIO
import Testing

/// What a written file says when its format cannot hold all of the image.
@Suite struct ConversionTests {
  private func file(_ planes: [[Float]], alpha: Int? = nil, associated: Bool = false, type: PixelType = .float) throws
    -> ImageFile
  {
    let image = try Image(
      planes: planes.map { try Plane(width: $0.count, height: 1, values: $0) }, alphaIndex: alpha,
      alphaIsAssociated: associated)
    return ImageFile(image: image, metadata: ImageMetadata(pixelType: type, transfer: type.isInteger ? .srgb : .linear))
  }

  @Test func codesAreNearestAmongEncodedValues() throws {
    // Light halfway, in codes, between 99 and 100, a hair below and above.
    let middle = TransferFunction.srgb.decode(99.5 / 255)
    let light = [middle * (1 - 1e-6), middle * (1 + 1e-6), -0.0001, 1.0001, 0.5].map(Float.init)
    let (bytes, warnings) = try file([light], type: .uint8).encode(as: .pnm, path: "a")
    #expect(Array(bytes.suffix(5)) == [99, 100, 0, 255, 188])
    #expect(warnings == [])
  }

  @Test func clippedSamplesAreCounted() throws {
    let (bytes, warnings) = try file([[-0.5, 2, .nan, .infinity, 1]], type: .uint8).encode(as: .pnm, path: "a")
    #expect(Array(bytes.suffix(5)) == [0, 255, 0, 255, 255])
    #expect(warnings == [.clipped(samples: 4, of: 5, type: .uint8)])
    let (half, halfWarnings) = try file([[1e6, -1e6, .infinity]], type: .half).encode(as: .openexr, path: "a")
    #expect(halfWarnings == [.clipped(samples: 2, of: 3, type: .half)])
    #expect(try ImageFile.decode(half, path: "a").image.planes[0].values == [65504, -65504, .infinity])
  }

  @Test(
    arguments: [
      (.float, .png, .uint16, true), (.half, .png, .uint16, true), (.uint16, .jpeg, .uint8, true),
      (.half, .tiff, .float, false),
      (.uint8, .openexr, .half, false), (.uint16, .openexr, .float, false), (.uint8, .pfm, .float, false),
      (.uint16, .png, .uint16, false),
    ] as [(PixelType, ImageFormat, PixelType, Bool)])
  func theNearestTypeIsChosen(from: PixelType, format: ImageFormat, to: PixelType, loses: Bool) throws {
    let (bytes, warnings) = try file([[0.25, 0.5, 1]], type: from).encode(as: format, path: "a")
    #expect(try ImageFile.decode(bytes, path: "a").metadata.pixelType == to)
    #expect(warnings == (loses ? [.precisionReduced(from: from, to: to, format: format)] : []))
  }

  @Test func transferFollowsTheKindOfType() throws {
    // Light 0.5 is code 188 in sRGB, 128 (127.5, up) taken as light.
    let linear = try ImageFile.decode(Array("P5 1 1 255\n".utf8) + [128], path: "a", transfer: .linear)
    #expect(try linear.encode(as: .pnm, path: "a").bytes.last == 128)
    #expect(try linear.encode(as: .pnm, options: WriteOptions(transfer: .srgb), path: "a").bytes.last == 188)
    let light = try file([[0.5]])
    #expect(try light.encode(as: .pnm, options: WriteOptions(type: .uint8), path: "a").bytes.last == 188)
    #expect(
      try light.encode(as: .pnm, options: WriteOptions(type: .uint8, transfer: .linear), path: "a").bytes.last == 128)
    // A float file that holds sRGB codes is decoded, and encoded again.
    let coded = try ImageFile.decode(light.encode(as: .pfm, path: "a").bytes, path: "a", transfer: .srgb)
    #expect(coded.image.planes[0].values[0] == Float(TransferFunction.srgb.decode(0.5)))
    let again = try ImageFile.decode(coded.encode(as: .pfm, path: "a").bytes, path: "a")
    // One rounding to Float on each way, of values whose relative slope is below 2.4.
    #expect(abs(again.image.planes[0].values[0] - 0.5) <= 3 * 0x1p-25)
  }

  @Test func alphaIsLostOverBlack() throws {
    let straight = try file([[1, 1], [0, 0.5]], alpha: 1)
    let (bytes, warnings) = try straight.encode(as: .pfm, path: "a")
    #expect(warnings == [.alphaLost(format: .pfm)])
    #expect(try ImageFile.decode(bytes, path: "a").image.planes[0].values == [0, 0.5])
  }

  @Test func associationChangesWithTheFormat() throws {
    let straight = try file([[0.5, 0.25, 0.75], [1, 0.5, 0]], alpha: 1)
    let exr = try ImageFile.decode(straight.encode(as: .openexr, path: "a").bytes, path: "a").image
    #expect(exr.alphaIsAssociated)
    #expect(exr.planes[0].values == [0.5, 0.125, 0])
    // TIFF holds either; light under zero alpha stays where the image is associated.
    let glow = try file([[0.5, 0.25, 0.75], [1, 0.5, 0]], alpha: 1, associated: true)
    for format in [ImageFormat.openexr, .tiff] {
      let (bytes, warnings) = try glow.encode(as: format, path: "a")
      #expect(try ImageFile.decode(bytes, path: "a").image == glow.image)
      #expect(warnings == [])
    }
    let options = WriteOptions(type: .uint8, transfer: .linear)
    let (png, warnings) = try glow.encode(as: .png, options: options, path: "a")
    #expect(warnings == [.lightWithoutAlpha(pixels: 1, format: .png)])
    let found = try ImageFile.decode(png, path: "a", transfer: .linear).image
    #expect(!found.alphaIsAssociated)
    #expect(found.planes[0].values == [128, 128, 191].map { Float(Double($0) / 255) })
  }

  @Test func channelsBeyondTheFormatAreNamed() throws {
    var five = try file([[0.1], [0.2], [0.3], [0.4], [0.5]])
    five.metadata.channelNames = ["R", "G", "B", "Z", "id"]
    let (bytes, warnings) = try five.encode(as: .pfm, path: "a")
    #expect(warnings == [.channelsLost(names: ["Z", "id"], format: .pfm)])
    #expect(try ImageFile.decode(bytes, path: "a").image.planes.map { $0.values[0] } == [0.1, 0.2, 0.3])
    let gray = try file([[0.5]]).encode(as: .hdr, path: "a")
    #expect(gray.warnings == [])
    #expect(try ImageFile.decode(gray.bytes, path: "a").image.planes.map { $0.values[0] } == [0.5, 0.5, 0.5])
  }

  @Test func tagsThatAFormatCannotHoldAreNamed() throws {
    var tagged = try file([[0.5]], type: .uint8)
    tagged.metadata.orientation = 3
    tagged.metadata.resolution = Resolution(x: 72, y: 72, unit: "in")
    tagged.metadata.colorProfile = testProfile()
    let warnings = try tagged.encode(as: .pnm, path: "a").warnings
    #expect(
      warnings == [
        .colorProfileLost(format: .pnm, reason: "the format holds none"),
        .tagsLost(names: ["the orientation (3)", "the resolution"], format: .pnm),
      ])
    // libpng refuses an RGB profile on gray: the image is written without it.
    let png = try tagged.encode(as: .png, path: "a")
    #expect(png.warnings.contains { if case .colorProfileLost(.png, _) = $0 { true } else { false } })
    #expect(try ImageFile.decode(png.bytes, path: "a").image.width == 1)
  }

  @Test func openEXRKeepsItsWindows() throws {
    var cropped = try file([[1, 2, 3]])
    cropped.metadata.window = DisplayWindow(dataX: -2, dataY: 5, x: 0, y: 0, width: 8, height: 9)
    let found = try ImageFile.decode(cropped.encode(as: .openexr, path: "a").bytes, path: "a")
    #expect(found.metadata.window == cropped.metadata.window)
    #expect(found.image == cropped.image)
  }

  @Test func netpbmVariantsAreRead() throws {
    func light(_ text: String, _ bytes: [UInt8] = []) throws -> [Float] {
      try ImageFile.decode(Array(text.utf8) + bytes, path: "a", transfer: .linear).image.planes[0].values
    }
    #expect(try light("P1 # a comment\n3 1\n101") == [0, 1, 0])
    #expect(try light("P4 3 1\n", [0b1010_0000]) == [0, 1, 0])
    #expect(try light("P2 2 1 4 0 3") == [0, 0.75])
    #expect(try light("P5 2 1 1023\n", [0, 0, 3, 255]) == [0, 1])
    #expect(try light("P5 1 1 65535\n", [0x80, 0x00]) == [Float(32768.0 / 65535)])
    #expect(throws: ImageFileError.self) { try light("P5 1 1 100\n", [101]) }
    #expect(throws: ImageFileError.self) { try light("P2 2 1 4 0") }
    #expect(try light("Pf 1 2 2.0\n", [0x3F, 0x80, 0, 0, 0x40, 0, 0, 0]) == [4, 2])
  }

  @Test func wrongQualityIsRefused() throws {
    #expect(throws: ImageFileError.self) {
      try file([[0.5]]).encode(as: .jpeg, options: WriteOptions(jpegQuality: 0), path: "a")
    }
  }
}
