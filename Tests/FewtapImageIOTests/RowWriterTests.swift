import FewtapCore
import FewtapImageIO
import Foundation
import TestSupport
import Testing

/// Files written row by row are those written at once, and appear whole or not at all.
@Suite struct RowWriterTests {
  @Test(arguments: RoundTripTests.cases, RowReaderTests.sizes)
  func piecesMakeTheSameFile(_ trip: RoundTrip, size: (width: Int, height: Int)) throws {
    try TemporaryFolder.with { folder in
      let source = try trip.source(seed: 5, width: size.width, height: size.height)
      let (whole, rows) = (
        folder + "/whole." + trip.format.extensions[0], folder + "/rows." + trip.format.extensions[0]
      )
      let warnings = try source.write(path: whole, options: WriteOptions(type: trip.type))
      let (image, samples) = interleaved(source.image)
      let writer = try ImageRowWriter(
        path: rows, image: image, metadata: source.metadata, options: WriteOptions(type: trip.type))
      #expect(writer.layout.type == .float)
      #expect(try append(samples, to: writer) == warnings)
      #expect(FileManager.default.contents(atPath: rows) == FileManager.default.contents(atPath: whole))
      #expect(
        try source.encode(as: trip.format, options: WriteOptions(type: trip.type), path: "a").bytes
          == [UInt8](FileManager.default.contents(atPath: whole) ?? Data()))
    }
  }

  @Test(arguments: RoundTripTests.cases.filter { $0.format != .jpeg && $0.format != .hdr }, RowReaderTests.sizes)
  func samplesAsStoredMakeTheSameFile(_ trip: RoundTrip, size: (width: Int, height: Int)) throws {
    try TemporaryFolder.with { folder in
      let (first, copy) = (
        folder + "/first." + trip.format.extensions[0], folder + "/copy." + trip.format.extensions[0]
      )
      try trip.source(seed: 6, width: size.width, height: size.height).write(path: first)
      let reader = try ImageRowReader(path: first)
      let writer = try ImageRowWriter(path: copy, image: reader.layout, metadata: reader.metadata, asStored: true)
      #expect(writer.layout == reader.layout)
      var samples = [UInt8](repeating: 0, count: reader.layout.height * reader.layout.rowBytes)
      try samples.withUnsafeMutableBytes { try reader.read(rows: 0..<reader.layout.height, into: $0) }
      #expect(try append(samples, to: writer) == [])
      #expect(FileManager.default.contents(atPath: copy) == FileManager.default.contents(atPath: first))
    }
  }

  #if OpenImageIO
  @Test(arguments: [ImageFormat.tiff, .openexr]) func theTimeOfWritingIsNotStored(format: ImageFormat) throws {
    let file = try RoundTrip(format: format, type: .float, colors: 3, hasAlpha: false).source(seed: 1)
    let bytes = String(decoding: try file.encode(as: format, path: "a").bytes, as: UTF8.self)
    #expect(!bytes.contains("\(Calendar(identifier: .gregorian).component(.year, from: Date())):"))
  }
  #endif

  @Test func channelsAndAlphaThatChangeAreTakenAsLight() throws {
    try TemporaryFolder.with { folder in
      var image = SampleLayout(width: 2, height: 2, channels: 4, type: .uint8, transfer: .srgb)
      image.alphaIndex = 3
      let metadata = ImageMetadata(pixelType: .uint8, transfer: .srgb)
      for (name, type, transfer) in [
        ("a.png", PixelType.uint8, TransferFunction.srgb), ("a.ppm", .float, .linear), ("a.npy", .float, .linear),
        ("a.exr", .float, .linear), ("a.jpg", .float, .linear),
      ] where ["ppm", "npy"].contains(name.suffix(3)) || RoundTripTests.formats.contains(.png) {
        let writer = try ImageRowWriter(path: folder + "/" + name, image: image, metadata: metadata, asStored: true)
        #expect(writer.layout.type == type && writer.layout.transfer == transfer, "\(name)")
        #expect(writer.layout.channels == 4 && writer.layout.alphaIndex == 3)
      }
    }
  }

  @Test func clippedSamplesAreCounted() throws {
    try TemporaryFolder.with { folder in
      let image = SampleLayout(width: 2, height: 1, channels: 1, type: .float, transfer: .linear)
      let metadata = ImageMetadata(pixelType: .uint8, transfer: .srgb)
      let light = try ImageRowWriter(path: folder + "/a.pgm", image: image, metadata: metadata)
      #expect(
        try append([Float(2), 0.5].withUnsafeBytes { Array($0) }, to: light)
          == [.clipped(samples: 1, of: 2, type: .uint8)])
      let stored = try ImageRowWriter(path: folder + "/b.pgm", image: image, metadata: metadata, asStored: true)
      try [UInt8(255), 188].withUnsafeBytes { try stored.append(rows: 0..<1, from: $0) }
      #expect(try stored.finish(clipped: 1) == [.clipped(samples: 1, of: 2, type: .uint8)])
      #expect(
        FileManager.default.contents(atPath: folder + "/a.pgm")
          == FileManager.default.contents(atPath: folder + "/b.pgm"))
    }
  }

  @Test(arguments: RoundTripTests.formats) func nothingIsThereBeforeTheEnd(format: ImageFormat) throws {
    try TemporaryFolder.with { folder in
      let path = folder + "/a." + format.extensions[0]
      try AtomicFile.write([7], to: path)
      let image = SampleLayout(width: 3, height: 200, channels: 3, type: .float, transfer: .linear)
      var writer: ImageRowWriter? = try ImageRowWriter(path: path, image: image, metadata: ImageMetadata())
      let rows = [Float](repeating: 0.5, count: 3 * 3 * 150)
      try rows.withUnsafeBytes { try writer?.append(rows: 0..<150, from: $0) }
      #expect(throws: ImageFileError.self) { try rows.withUnsafeBytes { try writer?.append(rows: 10..<160, from: $0) } }
      #expect(throws: ImageFileError.self) {
        try rows.withUnsafeBytes { try writer?.append(rows: 150..<200, from: $0) }
      }
      #expect(throws: ImageFileError.self) { try writer?.finish() }
      #expect(FileManager.default.contents(atPath: path) == Data([7]))
      #if os(Linux)
      // Nameless: what is killed leaves nothing.
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["a." + format.extensions[0]])
      #endif
      writer = nil
      #expect(FileManager.default.contents(atPath: path) == Data([7]))
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["a." + format.extensions[0]])
    }
  }

  @Test(
    .enabled(if: SmallDisk.canBeMounted, "needs root, to mount a disk in memory"), arguments: RoundTripTests.formats)
  func aFullDiskIsToldByItsReason(format: ImageFormat) throws {
    try SmallDisk.with { disk in
      let path = disk + "/a." + format.extensions[0]
      try AtomicFile.write([7], to: path)
      var generator = SeededGenerator(seed: 8)
      let image = SampleLayout(width: 300, height: 400, channels: 3, type: .float, transfer: .linear)
      let noise = (0..<300 * 400 * 3).map { _ in Float(generator.uniform(0, 1)) }
      do throws(ImageFileError) {
        let writer = try ImageRowWriter(path: path, image: image, metadata: ImageMetadata())
        _ = try append(noise.withUnsafeBytes { Array($0) }, to: writer)
        Issue.record("a 64 KiB disk held \(format)")
      } catch {
        guard case .cannotWrite(path, let cause, let advice) = error else {
          Issue.record("\(error)")
          return
        }
        #expect(cause == "No space left on device" && advice == "make room, or choose another disk")
      }
      #expect(try FileManager.default.contentsOfDirectory(atPath: disk) == ["a." + format.extensions[0]])
      #expect(FileManager.default.contents(atPath: path) == Data([7]))
    }
  }

  @Test func impossibleImagesAreRefused() throws {
    try TemporaryFolder.with { folder in
      let good = SampleLayout(width: 2, height: 2, channels: 1, type: .float, transfer: .linear)
      for change in [
        { $0.width = 0 }, { $0.height = -1 }, { $0.channels = 0 }, { $0.channels = 1025 }, { $0.alphaIndex = 1 },
        { $0.width = Int.max },
      ] as [(inout SampleLayout) -> Void] {
        var image = good
        change(&image)
        #expect(throws: ImageFileError.self) {
          try ImageRowWriter(path: folder + "/a.pfm", image: image, metadata: ImageMetadata())
        }
      }
      #expect(throws: ImageFileError.self) {
        let wide = SampleLayout(width: 65501, height: 1, channels: 1, type: .float, transfer: .linear)
        return try ImageRowWriter(path: folder + "/a.jpg", image: wide, metadata: ImageMetadata())
      }
      #expect(throws: ImageFileError.unknownExtension(path: "a.webp")) {
        try ImageRowWriter(path: "a.webp", image: good, metadata: ImageMetadata())
      }
      #expect(throws: ImageFileError.self) {
        try ImageRowWriter(path: folder + "/none/a.pfm", image: good, metadata: ImageMetadata())
      }
      let left = try FileManager.default.contentsOfDirectory(atPath: folder)
      #expect(left == [])
    }
  }

  /// Appends rows in pieces of seeded lengths, and ends the file.
  private func append(_ samples: [UInt8], to writer: ImageRowWriter) throws(ImageFileError) -> [ImageWarning] {
    var generator = SeededGenerator(seed: 10)
    let layout = writer.layout
    var begin = 0
    while begin < layout.height {
      let end = min(layout.height, begin + 1 + generator.index(50))
      try samples.withUnsafeBufferPointer { (samples) throws(ImageFileError) in
        let bytes = UnsafeRawBufferPointer(samples)
        try writer.append(
          rows: begin..<end, from: .init(rebasing: bytes[begin * layout.rowBytes..<end * layout.rowBytes]))
      }
      begin = end
    }
    return try writer.finish()
  }

  /// An image's layout, and its light as interleaved floats.
  private func interleaved(_ image: Image) -> (SampleLayout, [UInt8]) {
    var layout = SampleLayout(
      width: image.width, height: image.height, channels: image.planes.count, type: .float, transfer: .linear)
    (layout.alphaIndex, layout.alphaIsAssociated) = (image.alphaIndex, image.alphaIsAssociated)
    let values = (0..<image.width * image.height).flatMap { pixel in image.planes.map { $0.values[pixel] } }
    return (layout, values.withUnsafeBytes { Array($0) })
  }
}
