import FewtapCore
import FewtapImageIO
import Foundation
import TestSupport
import Testing

@Suite struct KernelFileTests {
  /// A 3x3 kernel without any symmetry, so that a flip, a transposition or a shift shows.
  private func lopsided() throws -> Kernel {
    try Kernel(
      name: "lopsided", values: Plane(width: 3, height: 3, values: [1, 2, 3, 4, 5, 6, 7, 8, 28].map { $0 / 64 }))
  }

  @Test(arguments: ["npy", "pfm", "exr", "tif", "fits"]) func floatingFormatsReturnTheKernel(suffix: String) throws {
    try TemporaryFolder.with { folder in
      let kernel = try lopsided()
      #expect(try KernelFile.write(kernel, path: folder + "/k." + suffix) == [])
      let found = try KernelFile.read(path: folder + "/k." + suffix)
      #expect(found.values == kernel.values)
      #expect(found.center == kernel.center)
      #expect(found.name == "k." + suffix)
    }
  }

  @Test func doublesSurviveInNumpyFiles() throws {
    try TemporaryFolder.with { folder in
      var generator = SeededGenerator(seed: 3)
      let values = (0..<35).map { _ in generator.normal() }
      let kernel = try Kernel(name: "k", values: Plane(width: 7, height: 5, values: values))
      try KernelFile.write(kernel, path: folder + "/k.npy")
      #expect(try KernelFile.read(path: folder + "/k.npy").values == kernel.values)
    }
  }

  @Test(arguments: ["png", "pgm"]) func integerFormatsKeepTheShape(suffix: String) throws {
    try TemporaryFolder.with { folder in
      let kernel = try lopsided()
      let warnings = try KernelFile.write(kernel, path: folder + "/k." + suffix)
      #expect(warnings == [.scaledToPeak(peak: 28.0 / 64)])
      let found = try KernelFile.read(path: folder + "/k." + suffix)
      for (value, expected) in zip(found.values.values, kernel.values.values) {
        // Half a code of 65535 in value / peak, then the same share of error in the sum of nine.
        #expect(abs(value - expected) <= 28.0 / 64 * 0.5 / 65535 * (1 + 9 * expected) + 1e-7)
      }
    }
  }

  @Test func fitsRowsRunUpwards() throws {
    // Stored first, shown at the bottom: 1 2; stored last, shown on top: 3 4.
    let cards =
      ["SIMPLE  =                    T", "BITPIX  =                    8", "NAXIS   =                    2"]
      + ["NAXIS1  =                    2", "NAXIS2  =                    2", "BZERO   =                 -1.0"]
      + ["BSCALE  =                  2.0 / a comment", "END"]
    let header = cards.map { $0.padding(80) }.joined().padding(2880)
    let image = try ImageFile.decode(Array(header.utf8) + [1, 2, 3, 4], path: "a.fits").image
    #expect(image.planes[0].values == [5, 7, 1, 3])
  }

  @Test func anExtensionIsReadWhereThePrimaryIsEmpty() throws {
    let primary = [
      "SIMPLE  =                    T", "BITPIX  =                    8", "NAXIS   =                    0", "END",
    ]
    let second =
      ["XTENSION= 'IMAGE   '", "BITPIX  =                   16", "NAXIS   =                    2"]
      + ["NAXIS1  =                    2", "NAXIS2  =                    1", "BLANK   =                   -1", "END"]
    let text = [primary, second].map { $0.map { $0.padding(80) }.joined().padding(2880) }.joined()
    let values = try ImageFile.decode(Array(text.utf8) + [1, 0, 0xFF, 0xFF], path: "a.fits").image.planes[0].values
    #expect(values[0] == 256)
    #expect(values[1].isNaN)
  }

  @Test func masksAreLinearCoverage() throws {
    try TemporaryFolder.with { folder in
      let codes: [UInt8] = [128, 0, 255]
      try AtomicFile.write(Array("P5 3 1 255\n".utf8) + codes, to: folder + "/mask.pgm")
      let kernel = try KernelFile.read(path: folder + "/mask.pgm", keepSum: true)
      #expect(kernel.values.values == [Double(Float(128.0 / 255)), 0, 1])
      // The sum of three terms, each rounded once, then divided: 4 roundings.
      #expect(abs(try KernelFile.read(path: folder + "/mask.pgm").sum - 1) <= 4 * 0x1p-53)
    }
  }

  @Test func alphaMultipliesAndColorBecomesLuminance() throws {
    try TemporaryFolder.with { folder in
      let image = try Image(
        planes: [[1, 1], [0, 1], [0, 1], [1, 0.2]].map { try Plane(width: 2, height: 1, values: $0) }, alphaIndex: 3)
      var file = ImageFile(image: image, metadata: ImageMetadata(pixelType: .uint8, transfer: .linear))
      file.metadata.channelNames = ["R", "G", "B", "A"]
      try file.write(path: folder + "/mask.png")
      let center = PixelOffset(x: 0, y: 0)
      let kernel = try KernelFile.read(path: folder + "/mask.png", center: center, keepSum: true)
      #expect(kernel.center == center)
      #expect(kernel.values.values[0] == 0.2126)
      #expect(abs(kernel.values.values[1] - 0.2) <= 1e-7)  // Float(51/255), and a luminance of weights that sum to 1
    }
  }

  @Test func negativeKernelsKeepTheirSum() throws {
    try TemporaryFolder.with { folder in
      let kernel = try Kernel(name: "k", values: Plane(width: 3, height: 1, values: [-1, 3, -1]))
      try KernelFile.write(kernel, path: folder + "/k.npy")
      #expect(try KernelFile.read(path: folder + "/k.npy").sum == 1)
      let warned = try KernelFile.write(kernel.scaled(by: 2), path: folder + "/k.png")
      #expect(warned == [.scaledToPeak(peak: 6), .clipped(samples: 2, of: 3, type: .uint16)])
    }
  }

  @Test func aCenterThatTheFileCannotTellIsWarnedOf() throws {
    try TemporaryFolder.with { folder in
      let kernel = try Kernel(
        name: "k", values: Plane(width: 2, height: 1, values: [1, 1]), center: PixelOffset(x: 0, y: 0))
      #expect(try KernelFile.write(kernel, path: folder + "/k.npy") == [.centerLost(x: 0, y: 0)])
    }
  }
}

@Suite struct KernelFileErrorTests {
  private func error(_ body: () throws -> Void) -> ImageFileError? {
    do {
      try body()
      return nil
    } catch {
      return error as? ImageFileError
    }
  }

  @Test func evenSizesNeedACenter() throws {
    try TemporaryFolder.with { folder in
      let path = folder + "/k.pgm"
      try AtomicFile.write(Array("P5 2 1 255\n".utf8) + [1, 2], to: path)
      let error = error { _ = try KernelFile.read(path: path) }
      #expect(error == .kernel(path: path, .evenSizeWithoutCenter(width: 2, height: 1)))
      #expect(error?.description.contains("--center") == true)
    }
  }

  @Test(arguments: ["P5 1026 1 255\n", "Pf 1 1026 -1.0\n"]) func tooLargeIsRefusedBeforePixels(header: String) throws {
    try TemporaryFolder.with { folder in
      // No pixels follow: the size alone is the reason.
      try AtomicFile.write(Array(header.utf8), to: folder + "/k")
      guard case .kernel(_, .tooLarge) = error({ _ = try KernelFile.read(path: folder + "/k") }) else {
        Issue.record("1026 pixels were not refused")
        return
      }
    }
  }

  @Test func blackMasksAndLossyFormatsAreRefused() throws {
    try TemporaryFolder.with { folder in
      let path = folder + "/k.pgm"
      try AtomicFile.write(Array("P5 1 1 255\n".utf8) + [0], to: path)
      #expect(error { _ = try KernelFile.read(path: path) } == .kernel(path: path, .allZero))
      let kernel = try Kernel(name: "k", values: Plane(width: 1, height: 1, values: [1]))
      #expect(
        error { try KernelFile.write(kernel, path: folder + "/k.jpg") }?.description.contains("would change") == true)
      #expect(
        error { try KernelFile.write(kernel, path: folder + "/k.xyz") } == .unknownExtension(path: folder + "/k.xyz"))
    }
  }
}

extension String {
  fileprivate func padding(_ count: Int) -> String { padding(toLength: count, withPad: " ", startingAt: 0) }
}
