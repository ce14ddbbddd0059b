import Fewtap
import FewtapImageIO
import Foundation
import TestSupport
import Testing

/// Images go through a filter a few rows at a time: in the memory that is allowed, with the same result, whole or not at all.
@Suite(.serialized) struct StreamingTests {
  @Test(arguments: ["clamp", "mirror", "wrap", "constant", "normalized"])
  func theResultDoesNotDependOnTheMemory(border: String) throws {
    let place = try Workplace()
    try place.run(["fit", "heart:size=49", "-o", "k.json", "--effort", "fast"])
    try place.writeNoise("in.ppm", width: 3000, height: 500, channels: 3)
    let apply = ["apply", "k.json", "in.ppm", "--border", border, "--json", "-v"]
    let outcome = try place.run(apply + ["whole.ppm"])
    let needed = try #require(outcome.json()["memoryNeeded"] as? Int)
    #expect(outcome.errors.contains("takes \((needed + 1 << 20 - 1) >> 20) MiB of memory"))
    // In and out are 9 MB together; what a few rows need is far less, but for wrap, which needs the first rows last.
    var least = needed
    for saved in stride(from: 1 << 20, through: 8 << 20, by: 1 << 20) {
      let outcome = try place.run(apply + ["rows.ppm", "--force", "--memory", "\(needed - saved)"])
      // What the program itself holds differs by some pages from run to run.
      if outcome.code != 0 { break }
      least = needed - saved
      #expect(place.bytes("rows.ppm") == place.bytes("whole.ppm"), "\(least) bytes")
    }
    #expect(least <= needed - (border == "wrap" ? 1 << 20 : 5 << 20))
  }

  @Test func tooLittleMemoryIsRefusedWithItsParts() throws {
    let place = try Workplace()
    try place.writeIdentity("k.json")
    try place.writeNoise("in.ppm")
    try place.expectRefusal(
      1, naming: ["in.ppm", "for the program", "to read", "to filter", "to write", "1 MiB allowed", "--memory"],
      ["apply", "k.json", "in.ppm", "out.ppm", "--memory", "1M"])
    for size in ["0", "-5", "1T", "M", "", "9999999999G", "1.5G"] {
      try place.expectRefusal(
        64, naming: ["--memory", "512M"], ["apply", "k.json", "in.ppm", "out.ppm", "--memory", size])
    }
  }

  @Test(arguments: [
    (Int(Int32.max), Int(Int32.max)), (Int(Int32.max), 1), (1000, Int(Int32.max)), (100_000, 2_000_000),
    (1_000_000, 64),
  ]) func sizesThatAHeaderClaimsTakeNoMemory(width: Int, height: Int) throws {
    let place = try Workplace()
    try place.writeIdentity("k.json")
    for tile in [nil, 16, 60_000, 2_147_483_632] {
      try place.write(Samples.hollowTIFF(width: width, height: height, tile: tile), to: "in.tif")
      for output in ["out.ppm", "out.tif", "out.npy"] {
        try place.expectRefusal(1, naming: ["in.tif"], ["apply", "k.json", "in.tif", output])
      }
    }
  }

  @Test func anInterruptedRunLeavesNothing() throws {
    let place = try Workplace()
    try place.writeIdentity("k.json")
    try place.writeNoise("in.ppm", width: 4000, height: 3000, channels: 3)
    try place.write([7], to: "out.png")
    let outcome = try place.interrupt(["apply", "k.json", "in.ppm", "out.png", "--force", "-v"], when: "takes")
    #expect(outcome.code == 1)
    #expect(outcome.errors.contains("interrupted: nothing was written"))
    #expect(place.bytes("out.png") == Data([7]))
    #expect(try place.files() == ["in.ppm", "k.json", "out.png"])
  }

  @Test func aRefusedPixelLeavesNothing() throws {
    let place = try Workplace()
    try place.writeIdentity("k.json")
    var rows = [[Double]](repeating: [Double](repeating: 0.5, count: 1000), count: 3000)
    rows[2990][17] = .nan
    try place.writeArray("in.npy", rows)
    try place.expectRefusal(
      1, naming: ["in.npy", "column 17, row 2990"], ["apply", "k.json", "in.npy", "out.tif", "--memory", "200M"])
  }

  #if os(Linux) && OpenImageIO
  /// `FEWTAP_HUGE_ROWS=20000` makes it the 6 GB of the promise: 12 GB of disk space, some minutes.
  @Test func aHugeTIFFTakesLittleMemory() throws {
    let place = try Workplace()
    let height = Int(ProcessInfo.processInfo.environment["FEWTAP_HUGE_ROWS"] ?? "") ?? 600
    let width = 100_000
    try place.writeRamp("in.tif", width: width, height: height)
    try place.run(["fit", "heart:size=49", "-o", "k.json", "--effort", "fast"])
    let limit = 512 << 20
    let (outcome, peak) = try place.runMeasured(["apply", "k.json", "in.tif", "out.tif", "--json"])
    #expect(outcome.code == 0, "\(outcome.errors)")
    let needed = try #require(outcome.json()["memoryNeeded"] as? Int)
    print("\(width)x\(height): said \(needed >> 20) MiB, took \(peak >> 20) MiB; \(outcome.output)")
    #expect(needed <= limit && peak <= needed)
    // The filter's sum is 1: where its reach is constant, nothing changes, down to the last row.
    let (source, result) = (
      try ImageRowReader(path: place.path("in.tif")), try ImageRowReader(path: place.path("out.tif"))
    )
    #expect(result.layout == source.layout)
    var (before, after) = ([UInt8](repeating: 0, count: 3 * width), [UInt8](repeating: 0, count: 3 * width))
    for row in [height / 2, height - 1] {
      try before.withUnsafeMutableBytes { try source.read(rows: row..<row + 1, into: $0) }
      try after.withUnsafeMutableBytes { try result.read(rows: row..<row + 1, into: $0) }
      #expect(after[300_000 / 2] == before[300_000 / 2])
    }
  }
  #endif
}

extension Workplace {
  /// An RGB image of 8 bits, written row by row: every row alike, constant in its middle columns, a noisy ramp elsewhere.
  fileprivate func writeRamp(_ name: String, width: Int, height: Int) throws {
    let image = SampleLayout(width: width, height: height, channels: 3, type: .uint8, transfer: .srgb)
    let writer = try ImageRowWriter(
      path: path(name), image: image, metadata: ImageMetadata(pixelType: .uint8, transfer: .srgb), asStored: true)
    var generator = SeededGenerator(seed: 1)
    // Noise packs slowly: a tenth of it will do.
    var row = (0..<3 * width).map { index in
      UInt8(truncatingIfNeeded: index / 4096) &+ (index % 1000 < 100 ? UInt8(generator.index(3)) : 0)
    }
    for index in 3 * (width / 2 - 100)..<3 * (width / 2 + 100) { row[index] = 100 }
    for y in 0..<height { try row.withUnsafeBytes { try writer.append(rows: y..<y + 1, from: $0) } }
    _ = try writer.finish()
  }
}
