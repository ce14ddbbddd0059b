import FewtapCore
import FewtapImageIO
import Foundation
import TestSupport
import Testing

/// Files read row by row say what files read at once say.
@Suite struct RowReaderTests {
  /// Sizes around the units of formats: strips and blocks of 16, 32 and 64 rows.
  static let sizes = [(1, 1), (1, 37), (37, 1), (13, 131)]

  @Test(arguments: RoundTripTests.cases, sizes)
  func anyRowsInAnyOrderAreThoseOfTheWhole(_ trip: RoundTrip, size: (width: Int, height: Int)) throws {
    try TemporaryFolder.with { folder in
      let path = folder + "/image." + trip.format.extensions[0]
      try trip.source(seed: 3, width: size.width, height: size.height).write(path: path)
      try expectRowsOfTheWhole(path)
    }
  }

  @Test(arguments: [
    "P1 # a comment\n3 4\n101 010 111 000", "P2 2 3 4 0 3 1 2 4 4", "P3 1 2 255\n1 2 3 4 5 6",
    "P2 2 2 65535 0 65535 1 2",
  ])
  func netpbmTextCanGoBack(text: String) throws {
    try TemporaryFolder.with { folder in
      try AtomicFile.write(Array(text.utf8), to: folder + "/a.pnm")
      try expectRowsOfTheWhole(folder + "/a.pnm")
    }
  }

  @Test func otherNetpbmScalesAreRead() throws {
    try TemporaryFolder.with { folder in
      for (head, bytes) in [("P4 9 2\n", [0b1010_0000, 0x80, 1, 0]), ("P5 1 3 1023\n", [0, 0, 1, 2, 3, 255])] {
        try AtomicFile.write(Array(head.utf8) + bytes.map(UInt8.init), to: folder + "/a.pnm")
        try expectRowsOfTheWhole(folder + "/a.pnm")
      }
    }
  }

  @Test(arguments: ["<f8", ">f4", "|u1", "<i2", "<f2"], [false, true])
  func arraysOfAnyTypeAndOrderAreRead(type: String, isFortran: Bool) throws {
    let (rows, columns, channels) = (5, 3, 2)
    let size = try #require(type.last?.wholeNumberValue)
    var generator = SeededGenerator(seed: 4)
    // Small exponents only: no NaN, which is not equal to itself.
    let data = (0..<rows * columns * channels * size).map { _ in UInt8(generator.index(64)) }
    let head = "{'descr': '\(type)', 'fortran_order': \(isFortran ? "True" : "False"), 'shape': (5, 3, 2), }\n"
    let bytes = [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(head.utf8.count), 0] + Array(head.utf8) + data
    try TemporaryFolder.with { folder in
      try AtomicFile.write(bytes, to: folder + "/a.npy")
      let values = try NumpyFile.read(path: folder + "/a.npy").values.map(Float.init)
      let image = try ImageFile.read(path: folder + "/a.npy").image
      for (index, value) in values.enumerated() {
        #expect(image.planes[index % channels].values[index / channels] == value)
      }
      try expectRowsOfTheWhole(folder + "/a.npy")
    }
  }

  #if OpenImageIO
  @Test func tiffsOfEveryStructureAreRead() throws {
    let (width, height) = (37, 41)
    func code(_ x: Int, _ y: Int, _ channel: Int) -> UInt8 {
      x < width && y < height ? UInt8(truncatingIfNeeded: 3 * x + 7 * y + 50 * channel) : 255
    }
    func block(_ xs: Range<Int>, _ ys: Range<Int>, _ channels: Range<Int>) -> [UInt8] {
      ys.flatMap { y in xs.flatMap { x in channels.map { code(x, y, $0) } } }
    }
    var page = HandmadeFiles.Page(width: width, height: height, bits: 8, samples: 3, photometric: 2, pixels: [])
    try TemporaryFolder.with { folder in
      func expectCodes() throws {
        try AtomicFile.write(HandmadeFiles.tiff([page]), to: folder + "/a.tif")
        let image = try ImageFile.read(path: folder + "/a.tif", transfer: .linear).image
        for (channel, plane) in image.planes.enumerated() {
          let expected = (0..<width * height).map { Float(Double(code($0 % width, $0 / width, channel)) / 255) }
          #expect(plane.values == expected)
        }
        try expectRowsOfTheWhole(folder + "/a.tif")
        try AtomicFile.write(HandmadeFiles.tiff([page], isBigEndian: true), to: folder + "/a.tif")
        #expect(try ImageFile.read(path: folder + "/a.tif", transfer: .linear).image == image)
      }
      for strip in [1, 5, 41] {
        page.fields[278] = [strip]
        let strips = stride(from: 0, to: height, by: strip).map { $0..<min($0 + strip, height) }
        page.fields[284] = nil
        page.blocks = strips.map { block(0..<width, $0, 0..<3) }
        try expectCodes()
        page.fields[284] = [2]
        page.blocks = (0..<3).flatMap { channel in strips.map { block(0..<width, $0, channel..<channel + 1) } }
        try expectCodes()
      }
      page.fields[278] = nil
      for (tileWidth, tileHeight) in [(16, 16), (32, 16), (16, 48)] {
        (page.fields[322], page.fields[323]) = ([tileWidth], [tileHeight])
        let tiles = stride(from: 0, to: height, by: tileHeight).flatMap { y in
          stride(from: 0, to: width, by: tileWidth).map { ($0..<$0 + tileWidth, y..<y + tileHeight) }
        }
        page.fields[284] = nil
        page.blocks = tiles.map { block($0.0, $0.1, 0..<3) }
        try expectCodes()
        page.fields[284] = [2]
        page.blocks = (0..<3).flatMap { channel in tiles.map { block($0.0, $0.1, channel..<channel + 1) } }
        try expectCodes()
      }
    }
  }

  @Test func whatCannotBeDecodedByRowsIsCountedAsAWhole() throws {
    try TemporaryFolder.with { folder in
      let (width, height) = (203, 101)
      let code = { (x: Int, y: Int) in UInt8(truncatingIfNeeded: 5 * x + 3 * y) }
      try AtomicFile.write(HandmadeFiles.interlacedPNG(width: width, height: height, code), to: folder + "/a.png")
      let image = try ImageFile.read(path: folder + "/a.png", transfer: .linear).image
      let expected = (0..<width * height).map { Float(Double(code($0 % width, $0 / width)) / 255) }
      #expect(image.planes[0].values == expected)
      try expectRowsOfTheWhole(folder + "/a.png")
      #expect(try ImageRowReader(path: folder + "/a.png").workingBytes >= width * height)
    }
    let fixtures = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    let progressive = fixtures.appending(path: "Fixtures/progressive.jpg").path
    try expectRowsOfTheWhole(progressive)
    // Blocks of 16 pixels, 3 channels, 2 bytes a coefficient.
    #expect(try ImageRowReader(path: progressive).workingBytes >= 48 * 32 * 3 * 2)
  }

  @Test func associatedCodesBecomeStraightLight() throws {
    let page = HandmadeFiles.Page(
      width: 2, height: 1, bits: 8, samples: 4, photometric: 2, extra: [338: [1]],
      pixels: [64, 32, 16, 128, 10, 20, 30, 0])
    try TemporaryFolder.with { folder in
      try AtomicFile.write(HandmadeFiles.tiff([page]), to: folder + "/a.tif")
      for (transfer, type, isAssociated) in [(Transfer.srgb, PixelType.float, false), (.linear, .uint8, true)] {
        let reader = try ImageRowReader(path: folder + "/a.tif", transfer: transfer)
        #expect(reader.layout.type == type && reader.layout.alphaIsAssociated == isAssociated)
        #expect(reader.metadata.pixelType == .uint8)
        try expectRowsOfTheWhole(folder + "/a.tif", transfer: transfer)
      }
    }
  }
  #endif

  @Test(arguments: RoundTripTests.cases) func filesThatEndEarlyAreDamaged(_ trip: RoundTrip) throws {
    try TemporaryFolder.with { folder in
      let path = folder + "/image." + trip.format.extensions[0]
      try trip.source(seed: 12, width: 90, height: 131).write(path: path)
      let size = try #require(FileManager.default.contents(atPath: path)).count
      for part in [0.3, 0.6, 0.9] {
        #expect(truncate(path, off_t(Double(size) * part)) == 0)
        do throws(ImageFileError) {
          let reader = try ImageRowReader(path: path)
          var row = [UInt8](repeating: 0, count: reader.layout.rowBytes)
          for y in 0..<reader.layout.height {
            try row.withUnsafeMutableBufferPointer { (row) throws(ImageFileError) in
              try reader.read(rows: y..<y + 1, into: UnsafeMutableRawBufferPointer(row))
            }
          }
          Issue.record("\(part) of the file was enough")
        } catch {
          guard case .damaged = error else {
            Issue.record("\(error)")
            continue
          }
        }
      }
    }
  }

  @Test(arguments: RoundTripTests.cases) func damagedFilesNeverCrash(_ trip: RoundTrip) throws {
    try TemporaryFolder.with { folder in
      let path = folder + "/image." + trip.format.extensions[0]
      let bytes = try trip.source(seed: 2).encode(as: trip.format, options: WriteOptions(type: trip.type), path: "a")
        .bytes
      var generator = SeededGenerator(seed: 15)
      let rounds = Int(ProcessInfo.processInfo.environment["FEWTAP_FUZZ_ROUNDS"] ?? "") ?? 20
      for _ in 0..<rounds {
        try AtomicFile.write(generator.damaged(bytes), to: path)
        guard let reader = try? ImageRowReader(path: path), reader.layout.rowBytes < 1 << 20 else { continue }
        #expect(reader.workingBytes >= 0)
        var row = [UInt8](repeating: 0, count: reader.layout.rowBytes)
        for y in [0, reader.layout.height / 2, reader.layout.height - 1, 0] {
          _ = try? row.withUnsafeMutableBytes { try reader.read(rows: y..<y + 1, into: $0) }
        }
      }
    }
  }

  @Test func wrongRowsAreRefused() throws {
    try TemporaryFolder.with { folder in
      try AtomicFile.write(Array("P5 2 3 255\n123456".utf8), to: folder + "/a.pgm")
      let reader = try ImageRowReader(path: folder + "/a.pgm")
      var buffer = [UInt8](repeating: 0, count: 8)
      for (rows, count) in [(-1..<1, 4), (2..<4, 4), (0..<1, 3), (0..<1, 4)] {
        #expect(throws: ImageFileError.self) {
          try buffer.withUnsafeMutableBytes { try reader.read(rows: rows, into: .init(rebasing: $0[..<count])) }
        }
      }
      try buffer.withUnsafeMutableBytes { try reader.read(rows: 1..<1, into: .init(rebasing: $0[..<0])) }
      try buffer.withUnsafeMutableBytes { try reader.read(rows: 1..<3, into: .init(rebasing: $0[..<4])) }
      #expect(Array(buffer.prefix(4)) == Array("3456".utf8))
    }
  }

  @Test func anImageOfAnyHeightIsOpened() throws {
    // 2^31 - 1 rows of 100,000 pixels, of a file that says so and is not there: seen before anything is allocated.
    try TemporaryFolder.with { folder in
      try AtomicFile.write(Array("P5 100000 2147483647 255\n1".utf8), to: folder + "/a.pgm")
      #expect(throws: ImageFileError.self) { try ImageRowReader(path: folder + "/a.pgm") }
      // A file with holes takes no place on the disk.
      let path = folder + "/b.pgm"
      let header = Array("P5 100000 200000 255\n".utf8)
      try AtomicFile.write(header, to: path)
      #expect(truncate(path, off_t(header.count) + 20_000_000_000) == 0)
      let reader = try ImageRowReader(path: path)
      var row = [UInt8](repeating: 1, count: 100_000)
      try row.withUnsafeMutableBytes { try reader.read(rows: 199_999..<200_000, into: $0) }
      #expect(row.allSatisfy { $0 == 0 })
      #expect(reader.workingBytes < 1 << 20)
    }
  }
}

/// Expects that rows read in pieces, ascending with overlaps and then going back, hold the light of `ImageFile.read`.
func expectRowsOfTheWhole(
  _ path: String, transfer: Transfer = .automatic, at location: SourceLocation = #_sourceLocation
) throws {
  let whole = try ImageFile.read(path: path, transfer: transfer)
  let reader = try ImageRowReader(path: path, transfer: transfer)
  let layout = reader.layout
  #expect(layout.width == whole.image.width && layout.height == whole.image.height, sourceLocation: location)
  #expect(layout.alphaIndex == whole.image.alphaIndex, sourceLocation: location)
  #expect(layout.alphaIsAssociated == whole.image.alphaIsAssociated, sourceLocation: location)
  #expect(reader.metadata == whole.metadata && reader.warnings == whole.warnings, sourceLocation: location)
  var generator = SeededGenerator(seed: 9)
  var pieces: [Range<Int>] = []
  var begin = 0
  while begin < layout.height {
    let end = min(layout.height, begin + 1 + generator.index(40))
    // As a filter reads: some rows again.
    pieces.append(max(0, begin - generator.index(6))..<end)
    begin = end
  }
  for _ in 0..<4 {
    let row = generator.index(layout.height)
    pieces.append(row..<min(layout.height, row + 1 + generator.index(9)))
  }
  for rows in pieces + [0..<layout.height] {
    var buffer = [UInt8](repeating: 0xAA, count: rows.count * layout.rowBytes)
    try buffer.withUnsafeMutableBytes { try reader.read(rows: rows, into: $0) }
    for channel in 0..<layout.channels {
      let expected = whole.image.planes[channel].values[rows.lowerBound * layout.width..<rows.upperBound * layout.width]
      let found = light(buffer, layout, channel)
      #expect(found.elementsEqual(expected), "rows \(rows), channel \(channel)", sourceLocation: location)
    }
  }
}

/// Light of one channel of samples.
private func light(_ samples: [UInt8], _ layout: SampleLayout, _ channel: Int) -> [Float] {
  let function = channel == layout.alphaIndex ? .linear : layout.transfer
  let size = layout.type.byteCount
  return stride(from: channel * size, to: samples.count, by: layout.channels * size).map { place in
    let bits = (0..<size).reduce(UInt32(0)) { $0 | UInt32(samples[place + $1]) << UInt32(8 * $1) }
    let value: Double =
      switch layout.type {
      case .uint8: Double(bits) / 255
      case .uint16: Double(bits) / 65535
      case .half: HalfBits.value(UInt16(bits))
      case .float: Double(Float(bitPattern: bits))
      }
    return Float(function.decode(value))
  }
}
