import Foundation
import TestSupport
import Testing

/// Where files are written, and what happens if they cannot be.
@Suite struct OutputTests {
  /// Every command that writes, with its output last.
  private let writers: [[String]] = [
    ["kernel", "disk:radius=2", "-o"], ["fit", "disk:radius=2", "--effort", "fast", "-o"],
    ["apply", "k.json", "in.ppm"],
  ]

  private func prepared() throws -> Workplace {
    let place = try Workplace()
    try place.writeIdentity("k.json")
    try place.writeNoise("in.ppm")
    return place
  }

  @Test func nothingIsOverwrittenWithoutForce() throws {
    let place = try prepared()
    try place.write(Array("precious".utf8), to: "out.pfm")
    for writer in writers {
      try place.expectRefusal(1, naming: ["out.pfm", "exists already", "--force"], writer + ["out.pfm"])
      #expect(place.bytes("out.pfm") == Data("precious".utf8))
    }
    for writer in writers {
      #expect(try place.run(writer + ["out.pfm", "--force"]).code == 0)
      #expect(place.bytes("out.pfm") != Data("precious".utf8))
    }
  }

  @Test func placesThatAreNone() throws {
    let place = try prepared()
    try FileManager.default.createDirectory(atPath: place.path("folder.pfm"), withIntermediateDirectories: true)
    for writer in writers {
      try place.expectRefusal(1, naming: ["none/out.pfm", "none does not exist"], writer + ["none/out.pfm"])
      try place.expectRefusal(1, naming: ["folder.pfm", "it is a folder"], writer + ["folder.pfm", "--force"])
      try place.expectRefusal(1, naming: ["in.ppm"], writer + ["in.ppm/out.pfm"])
    }
    try place.expectRefusal(
      1, naming: ["/dev/null", "no regular file"], ["fit", "disk", "-o", "/dev/null", "--force"])
  }

  @Test func theOutputIsLookedAtBeforeTheWork() throws {
    let place = try prepared()
    // Hours of fitting, if it began.
    let fit = ["fit", "disk:radius=200", "--taps", "2048", "--effort", "thorough", "-o"]
    try place.expectRefusal(1, naming: ["exists already"], fit + ["k.json"])
    try place.expectRefusal(1, naming: ["does not exist"], fit + ["none/k.json"])
  }

  @Test(.enabled(if: geteuid() != 0, "root writes everywhere")) func aFolderWithoutPermission() throws {
    let place = try prepared()
    try FileManager.default.createDirectory(
      atPath: place.path("locked"), withIntermediateDirectories: true, attributes: [.posixPermissions: 0o500])
    for writer in writers {
      try place.expectRefusal(1, naming: ["locked", "where you may write"], writer + ["locked/o.pfm"])
    }
  }

  @Test(.enabled(if: SmallDisk.canBeMounted, "needs root, to mount a disk in memory")) func aFullDisk() throws {
    let place = try prepared()
    let disk = place.path("disk")
    try FileManager.default.createDirectory(atPath: disk, withIntermediateDirectories: true)
    try SmallDisk.with(at: disk) {
      try place.write([UInt8](repeating: 1, count: SmallDisk.byteCount), to: "disk/filler")
      for writer in writers {
        try place.expectRefusal(1, naming: ["disk/out.pfm", "No space left", "make room"], writer + ["disk/out.pfm"])
      }
    }
  }
}
