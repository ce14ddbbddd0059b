import FewtapCore
import FewtapImageIO
import Foundation
import TestSupport
import Testing

/// Files that are no images, or damaged ones: they are refused or read, and never bring the program down.
@Suite(.serialized) struct HostileFileTests {
  private func error(_ bytes: [UInt8], limit: Int = 64 << 20) -> ImageFileError? {
    do throws(ImageFileError) {
      _ = try ImageFile.decode(bytes, path: "a", memoryLimit: limit)
      return nil
    } catch {
      return error
    }
  }

  @Test func otherContentIsRefusedWithTheList() {
    for bytes in [[], [0], Array("GIF89a".utf8), Array("<svg/>".utf8), Array("BM".utf8), [0x50]] as [[UInt8]] {
      #expect(error(bytes) == .unknownFormat(path: "a"))
    }
    #expect(ImageFileError.unknownFormat(path: "a").description.contains("openexr (.exr)"))
  }

  @Test func missingFilesAndFoldersAreNamed() throws {
    try TemporaryFolder.with { folder in
      for path in [folder, folder + "/none.png"] {
        #expect(throws: ImageFileError.self) { try ImageFile.read(path: path) }
      }
      do throws(ImageFileError) {
        _ = try ImageFile.read(path: folder + "/none.png")
      } catch {
        #expect(error.description == "cannot read \(folder)/none.png: No such file or directory")
      }
    }
  }

  @Test func sizesAreCheckedBeforeAllocation() {
    for header in ["P5 0 4 255\n", "P5 4 0 255\n", "P6 70000 70000 255\n", "PF 60000 30000 -1.0\n"] {
      guard case .size = error(Array(header.utf8)) else {
        Issue.record("\(header) was not refused for its size")
        continue
      }
    }
    guard case .damaged = error(Array("P5 9999999999 4 255\n".utf8)) else {
      Issue.record("a width beyond 31 bits was accepted")
      return
    }
  }

  @Test(arguments: RoundTripTests.cases) func everyTruncationIsRefusedOrRead(_ trip: RoundTrip) throws {
    let bytes = try trip.source(seed: 1).encode(as: trip.format, options: WriteOptions(type: trip.type), path: "a")
      .bytes
    let whole = try ImageFile.decode(bytes, path: "a")
    // Decoders may find all pixels before the last bytes (a PNG's end chunk, a FITS block's padding): then they agree.
    for count in stride(from: 0, to: bytes.count, by: max(1, bytes.count / 60)) {
      guard let found = try? ImageFile.decode(Array(bytes.prefix(count)), path: "a", memoryLimit: 64 << 20) else {
        continue
      }
      #expect(found.image.width == whole.image.width && found.image.height == whole.image.height)
    }
    #expect(error(Array(bytes.prefix(bytes.count / 8))) != nil)
  }

  @Test(arguments: RoundTripTests.cases) func damagedBytesNeverCrash(_ trip: RoundTrip) throws {
    let bytes = try trip.source(seed: 2).encode(as: trip.format, options: WriteOptions(type: trip.type), path: "a")
      .bytes
    var generator = SeededGenerator(seed: 5)
    let rounds = Int(ProcessInfo.processInfo.environment["FEWTAP_FUZZ_ROUNDS"] ?? "") ?? 40
    for _ in 0..<rounds {
      let damaged = generator.damaged(bytes)
      if let found = try? ImageFile.decode(damaged, path: "a", memoryLimit: 64 << 20) {
        #expect(found.image.planes.allSatisfy { $0.values.count == found.image.width * found.image.height })
      }
    }
  }

  @Test func damagedNumpyFilesNeverCrash() throws {
    let file = try #require(NumpyFile(shape: [3, 4], values: (0..<12).map(Double.init)))
    let bytes = file.encode()
    var generator = SeededGenerator(seed: 6)
    for _ in 0..<4000 {
      var damaged = bytes
      for _ in 0...generator.index(4) { damaged[generator.index(128)] = UInt8(generator.index(256)) }
      if generator.index(4) == 0 { damaged.removeLast(generator.index(damaged.count)) }
      if let found = try? NumpyFile.decode(damaged, path: "a", memoryLimit: 1 << 20) {
        #expect(found.values.count == found.shape.reduce(1, *))
      }
    }
  }
}

extension SeededGenerator {
  /// `bytes`, of which a few are changed and sometimes the last are missing.
  mutating func damaged(_ bytes: [UInt8]) -> [UInt8] {
    var damaged = bytes
    for _ in 0...index(4) {
      // Headers are where damage is most telling.
      let position = index(index(2) == 0 ? min(256, damaged.count) : damaged.count)
      damaged[position] = index(3) == 0 ? 0xFF : damaged[position] ^ UInt8(1 << index(8))
    }
    if index(4) == 0 { damaged.removeLast(index(damaged.count)) }
    return damaged
  }
}
