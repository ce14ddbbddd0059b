import Foundation
import Testing

/// `fewtap compare` of families: the table, its figures as JSON, and what is refused.
@Suite struct CompareVaryingTests {
  private let quick = ["--rounds", "1", "--with", "product:3", "--with", "dense"]

  private func prepared() throws -> Workplace {
    let place = try Workplace()
    try place.writeNoise("photo.ppm", width: 48, height: 40)
    return place
  }

  @Test func everyFigureIsThere() throws {
    let place = try prepared()
    let outcome = try place.run(
      ["compare", "disk:radius=0...4", "photo.ppm", "--map", "edgy", "--json", "--with", "outputs:4"] + quick)
    #expect(outcome.code == 0 && outcome.errors.isEmpty, "\(outcome.errors)")
    let json = try outcome.json()
    #expect(json["family"] as? String == "disk:radius=0...4" && json["map"] as? String == "edgy")
    #expect(json["timedWidth"] as? Int == 48)
    let rows = try #require(json["rows"] as? [[String: Any]])
    #expect(rows.map { $0["side"] as? String } == ["fewtap", "rival", "exact"])
    for row in rows {
      for key in [
        "psnr", "edgePSNR", "aroundEdgePSNR", "worstTilePSNR", "ssim", "flip", "milliseconds", "noiseGain", "numbers",
        "fitSeconds",
      ] {
        #expect(row[key] is NSNumber, "\(key) of \(row["name"] ?? "")")
      }
    }
    #expect(rows[0]["fileBytes"] is NSNumber && rows[1]["fileBytes"] is NSNull)
  }

  /// Effects are a family and a map; the first argument is then an image.
  @Test(arguments: ["tilt-shift", "rotational-bokeh", "radial-motion"])
  func effectsHaveNames(effect: String) throws {
    let place = try prepared()
    let outcome = try place.run(["compare", "--effect", effect, "photo.ppm", "--report", "page"] + quick)
    #expect(outcome.code == 0 && outcome.output.contains("product-convolution 3"), "\(outcome.errors)")
    #expect(try place.files().contains("page/index.html") && place.files().contains("page/map.svg"))
  }

  /// A picture of any depth is a map, as in `apply`.
  @Test func aFileIsAMap() throws {
    let place = try prepared()
    try place.writeGray("map.pgm", width: 2, [0, 255, 128, 64])
    let outcome = try place.run(["compare", "disk:radius=1...4", "photo.ppm", "--map", "map.pgm"] + quick)
    #expect(outcome.code == 0 && outcome.output.contains("map map.pgm of 256 values"), "\(outcome.errors)")
  }

  @Test func whatIsWrongIsRefused() throws {
    let place = try prepared()
    try place.expectRefusal(64, naming: ["give an image"], ["compare", "disk:radius=0...4"])
    try place.expectRefusal(64, naming: ["give an image"], ["compare", "--effect", "tilt-shift"])
    try place.expectRefusal(64, naming: ["--list takes no effect"], ["compare", "--effect", "tilt-shift", "--list"])
    try place.expectRefusal(
      64, naming: ["no angle"], ["compare", "disk:radius=0...4", "photo.ppm", "--map", "rotation"] + quick)
    try place.expectRefusal(
      1, naming: ["gone.png"], ["compare", "disk:radius=0...4", "photo.ppm", "--map", "gone.png"])
    try place.expectRefusal(
      64, naming: ["outputs:4", "1 parameter"],
      ["compare", "disk:radius=0...4", "photo.ppm", "--with", "outputs:4x4"])
    try place.expectRefusal(
      64, naming: ["\"kawase\" is no contender for a family"],
      ["compare", "disk:radius=0...4", "photo.ppm", "--with", "kawase"])
    try place.expectRefusal(
      64, naming: ["\"product\" is no contender"], ["compare", "disk:radius=4", "--with", "product"])
  }
}
