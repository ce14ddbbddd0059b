import FewtapImageIO
import Foundation
import Testing

/// `fewtap bench metrics`.
@Suite struct BenchMetricsTests {
  @Test func equalPicturesAreEqual() throws {
    let place = try Workplace()
    try place.writeNoise("a.ppm")
    let json = try place.run(["bench", "metrics", "a.ppm", "a.ppm", "--json"]).json()
    #expect(json["ssim"] as? Double == 1 && json["flip"] as? Double == 0)
    #expect(json["psnr"] is NSNull && json["largestDifference"] as? Double == 0)
    #expect(try place.run(["bench", "metrics", "a.ppm", "a.ppm"]).output.contains("equal"))
  }

  @Test func theMapsMeanIsTheFigure() throws {
    let place = try Workplace()
    try place.writeNoise("a.ppm", seed: 1)
    try place.writeNoise("b.ppm", seed: 2)
    let outcome = try place.run(["bench", "metrics", "a.ppm", "b.ppm", "--json", "--map", "map.npy"])
    let flip = try #require(outcome.json()["flip"] as? Double)
    let map = try place.array("map.npy").values
    // Each pixel of the map is rounded to Float.
    #expect(flip > 0 && abs(map.reduce(0, +) / Double(map.count) - flip) <= 0x1p-24)
    #expect(outcome.errors.isEmpty)

    let other = try place.run(["bench", "metrics", "a.ppm", "b.ppm", "--map", "map.png", "--quiet"])
    #expect(other.code == 0 && other.errors.isEmpty && other.output.isEmpty)
    let gray = try ImageFile.read(path: place.path("map.png"), transfer: .linear).image.planes[0].values
    // Half a code of 16 bits; the file's numbers and the map's are each rounded to Float.
    #expect(zip(gray, map).allSatisfy { abs(Double($0) - $1) <= 0.5 / 65535 + 0x1p-23 })

    let again = try place.run(["bench", "metrics", "a.ppm", "b.ppm", "--map", "map.npy"])
    #expect(again.code == 1 && again.errors.contains("--force"))
  }

  @Test func whatCannotBeComparedIsNamed() throws {
    let place = try Workplace()
    try place.writeNoise("a.ppm")
    try place.writeNoise("wide.ppm", width: 25)
    try place.writeNoise("gray.pgm", channels: 1)
    try place.writeNoise("small.ppm", width: 24, height: 10)
    let cases: [(arguments: [String], text: String)] = [
      (["a.ppm", "wide.ppm"], "a.ppm beside wide.ppm: the picture is 24x16 and its reference 25x16"),
      (["gray.pgm", "a.ppm"], "1 color channels and its reference 3"),
      (["small.ppm", "small.ppm"], "at least 11"), (["a.ppm", "none.ppm"], "none.ppm"),
    ]
    for (arguments, text) in cases {
      let outcome = try place.run(["bench", "metrics"] + arguments)
      #expect(outcome.code == 1 && outcome.output.isEmpty)
      #expect(outcome.errors.contains(text) && outcome.errors.split(separator: "\n").count == 1)
    }
    #expect(try place.run(["bench", "metrics", "", "a.ppm"]).code == 64)
    #expect(try place.run(["bench", "metrics", "a.ppm", "a.ppm", "--map", "map.xyz"]).code == 64)
  }
}
