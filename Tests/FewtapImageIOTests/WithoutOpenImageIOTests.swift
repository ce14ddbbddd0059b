#if !OpenImageIO
import FewtapCore
import FewtapImageIO
import Testing

/// A build without the trait says what it cannot do, and does the rest.
@Suite struct WithoutOpenImageIOTests {
  @Test(arguments: [ImageFormat.png, .jpeg, .tiff, .openexr, .hdr]) func saysWhatIsMissing(format: ImageFormat) throws {
    let file = ImageFile(image: try Image(planes: [Plane(width: 2, height: 2, repeating: Float(1))]))
    #expect(throws: ImageFileError.builtWithoutOpenImageIO(path: "a")) { try file.encode(as: format, path: "a") }
    #expect(throws: ImageFileError.builtWithoutOpenImageIO(path: "a")) {
      try ImageFile.decode(HandmadeFiles.png(width: 1, height: 1, bitDepth: 8, colorType: 0, rows: [[7]]), path: "a")
    }
  }
}
#endif
