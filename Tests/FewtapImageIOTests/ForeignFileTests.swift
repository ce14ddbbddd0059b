import FewtapCore
import FewtapImageIO
import Testing

/// Kinds of files that others write and we do not.
@Suite struct ForeignFileTests {
  private func decode(_ bytes: [UInt8], _ transfer: Transfer = .linear) throws -> ImageFile {
    try ImageFile.decode(bytes, path: "a", transfer: transfer)
  }

  private func codes(_ file: ImageFile, _ channel: Int, of maximum: Float = 255) -> [Int] {
    file.image.planes[channel].values.map { Int(($0 * maximum).rounded()) }
  }

  @Test func smallPNGsAreExpanded() throws {
    let bits = HandmadeFiles.png(width: 3, height: 2, bitDepth: 1, colorType: 0, rows: [[0b1010_0000], [0b0100_0000]])
    let file = try decode(bits)
    #expect(codes(file, 0) == [255, 0, 255, 0, 255, 0])
    #expect(file.metadata.pixelType == .uint8)
    let palette = HandmadeFiles.png(
      width: 2, height: 1, bitDepth: 8, colorType: 3, palette: [1, 2, 3, 40, 50, 60], rows: [[1, 0]])
    let colors = try decode(palette)
    #expect(try (0..<3).map { try codes(decode(palette), $0) } == [[40, 1], [50, 2], [60, 3]])
    #expect(colors.image.alphaIndex == nil)
  }

  @Test func grayWithAlphaIsStraight() throws {
    // Nothing may be multiplied or divided, under zero alpha neither.
    let file = try decode(
      HandmadeFiles.png(width: 3, height: 1, bitDepth: 8, colorType: 4, rows: [[200, 0, 100, 128, 50, 255]]))
    #expect(file.image.alphaIndex == 1)
    #expect(!file.image.alphaIsAssociated)
    #expect(codes(file, 0) == [200, 100, 50])
    #expect(codes(file, 1) == [0, 128, 255])
  }

  @Test func sixteenBitsKeepTheirOrder() throws {
    let png = HandmadeFiles.png(width: 2, height: 1, bitDepth: 16, colorType: 0, rows: [[0x12, 0x34, 0xFF, 0xFE]])
    #expect(try codes(decode(png), 0, of: 65535) == [0x1234, 0xFFFE])
    for isBigEndian in [false, true] {
      let pixels: [UInt8] = isBigEndian ? [0x12, 0x34, 0xFF, 0xFE] : [0x34, 0x12, 0xFE, 0xFF]
      let page = HandmadeFiles.Page(width: 2, height: 1, bits: 16, samples: 1, photometric: 1, pixels: pixels)
      let file = try decode(HandmadeFiles.tiff([page], isBigEndian: isBigEndian))
      #expect(codes(file, 0, of: 65535) == [0x1234, 0xFFFE])
      #expect(file.warnings == [])
    }
  }

  @Test func associatedTIFFsStayAssociatedWhereTheyAreLight() throws {
    // ExtraSamples 1: associated. Two pixels: half covered, and light without cover.
    let page = HandmadeFiles.Page(
      width: 2, height: 1, bits: 8, samples: 4, photometric: 2, extra: [338: [1]],
      pixels: [64, 32, 16, 128, 10, 20, 30, 0])
    let light = try decode(HandmadeFiles.tiff([page]))
    #expect(light.image.alphaIsAssociated)
    #expect((0..<4).map { codes(light, $0) } == [[64, 10], [32, 20], [16, 30], [128, 0]])
    // As sRGB codes they are divided first: 64 / 128 is code 127.5.
    let coded = try decode(HandmadeFiles.tiff([page]), .srgb)
    #expect(!coded.image.alphaIsAssociated)
    let half = Double(Float(64.0 / 255)) / Double(Float(128.0 / 255))
    #expect(coded.image.planes[0].values[0] == Float(TransferFunction.srgb.decode(half)))
    let uncovered = Double(Float(10.0 / 255))
    #expect(coded.image.planes[0].values[1] == Float(TransferFunction.srgb.decode(uncovered)))
  }

  @Test func whatIsNotReadIsSaid() throws {
    let gray = HandmadeFiles.Page(width: 1, height: 1, bits: 8, samples: 1, photometric: 1, pixels: [7])
    #expect(try decode(HandmadeFiles.tiff([gray, gray])).warnings == [.otherImagesIgnored])
    let wide = HandmadeFiles.Page(
      width: 1, height: 1, bits: 32, samples: 1, photometric: 1, pixels: [0xFF, 0xFF, 0xFF, 0xFF])
    let file = try decode(HandmadeFiles.tiff([wide]))
    #expect(file.warnings == [.typeConverted(from: "uint")])
    #expect(file.image.planes[0].values == [1])
    let half = HandmadeFiles.Page(
      width: 2, height: 1, bits: 16, samples: 1, photometric: 1, extra: [339: [3]], pixels: [0x00, 0x3C, 0x00, 0xC1])
    let halves = try decode(HandmadeFiles.tiff([half]))
    #expect(halves.metadata.pixelType == .half)
    #expect(halves.image.planes[0].values == [1, -2.5])
  }

  @Test func inkIsRefused() {
    let page = HandmadeFiles.Page(width: 1, height: 1, bits: 8, samples: 4, photometric: 5, pixels: [0, 0, 0, 0])
    do throws(ImageFileError) {
      _ = try ImageFile.decode(HandmadeFiles.tiff([page]), path: "a")
      Issue.record("CMYK was read")
    } catch {
      #expect(error.description == "a is CMYK, which is not read: convert it to RGB with its profile first")
    }
  }

  @Test func tilesAreReadWhole() throws {
    // 20x18 in 16x16 tiles: two by two, the outer ones padded.
    func value(_ x: Int, _ y: Int) -> UInt8 { x < 20 && y < 18 ? UInt8(x + 10 * y) : 255 }
    var page = HandmadeFiles.Page(width: 20, height: 18, bits: 8, samples: 1, photometric: 1, pixels: [])
    page.fields[278] = nil
    (page.fields[322], page.fields[323]) = ([16], [16])
    page.blocks = [(0, 0), (16, 0), (0, 16), (16, 16)].map { x, y in
      (0..<256).map { value(x + $0 % 16, y + $0 / 16) }
    }
    let file = try decode(HandmadeFiles.tiff([page]))
    #expect(codes(file, 0) == (0..<360).map { Int(value($0 % 20, $0 / 20)) })
  }
}
