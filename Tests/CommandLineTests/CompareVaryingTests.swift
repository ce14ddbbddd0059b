import Fewtap
import FewtapImageIO
import Foundation
import Testing

/// `fewtap compare` of families: the table, its figures as JSON, and what is refused.
@Suite struct CompareVaryingTests {
  private let quick = ["--rounds", "1", "--with", "product:3", "--with", "dense"]

  @Test func everyFigureIsThere() throws {
    let place = try Workplace.withPhotograph()
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
    let place = try Workplace.withPhotograph()
    let outcome = try place.run(["compare", "--effect", effect, "photo.ppm", "--report", "page"] + quick)
    #expect(outcome.code == 0 && outcome.output.contains("product-convolution 3"), "\(outcome.errors)")
    #expect(try place.files().contains("page/index.html") && place.files().contains("page/map.svg"))
  }

  /// A picture of any depth is a map, as in `apply`.
  @Test func aFileIsAMap() throws {
    let place = try Workplace.withPhotograph()
    try place.writeGray("map.pgm", width: 2, [0, 255, 128, 64])
    let outcome = try place.run(["compare", "disk:radius=1...4", "photo.ppm", "--map", "map.pgm"] + quick)
    #expect(outcome.code == 0 && outcome.output.contains("map map.pgm of 256 values"), "\(outcome.errors)")
  }

  /// Measured kernels are families as `basis` takes them; a kernel's file is a kernel whatever its name.
  @Test func filesAreFamilies() throws {
    let place = try Workplace.withPhotograph()
    let radii = [1.0, 2, 3]
    let kernels = try radii.map { try Kernel.disk(radius: $0, size: 7) }
    let stack = try #require(NumpyFile(shape: [3, 7, 7], values: kernels.flatMap(\.values.values)))
    try place.write(stack.encode(), to: "k.npy")
    try place.write("radius\n1\n2\n3\n".utf8, to: "p.csv")
    try FileManager.default.createDirectory(atPath: place.path("f"), withIntermediateDirectories: true)
    for (radius, kernel) in zip(radii, kernels) {
      try KernelFile.write(kernel, path: place.path("f/radius=\(radius).npy"))
    }
    for family in [["k.npy", "photo.ppm", "--positions", "p.csv"], ["f", "photo.ppm"]] {
      let json = try place.run(["compare"] + family + ["--json"] + quick).json()
      #expect(json["family"] as? String == family[0])
      let parameters = try #require(json["parameters"] as? [[String: Any]])
      #expect(parameters.count == 1 && parameters[0]["name"] as? String == "radius")
      #expect(parameters[0]["low"] as? Double == 1 && parameters[0]["high"] as? Double == 3)
    }
    try KernelFile.write(kernels[1], path: place.path("a...b.npy"))
    let one = try place.run(["compare", "a...b.npy", "--with", "dense", "--rounds", "1", "--plane", "48x40", "--json"])
    #expect(one.code == 0 && one.output.contains("\"kernel\""), "\(one.errors)")
    try place.expectRefusal(
      64, naming: ["k.npy", "--positions"], ["compare", "k.npy", "photo.ppm", "--map", "tilt"] + quick)
    try place.expectRefusal(
      64, naming: ["--positions", "words"], ["compare", "disk:radius=0...4", "photo.ppm", "--positions", "p.csv"])
    try place.expectRefusal(
      64, naming: ["--positions", "--effect"],
      ["compare", "--effect", "tilt-shift", "photo.ppm", "--positions", "p.csv"])
  }

  /// What is for one kernel has no meaning for a family.
  @Test(arguments: [["--effort", "fast"], ["--size", "9"]])
  func optionsOfKernelsAreRefused(options: [String]) throws {
    let place = try Workplace.withPhotograph()
    try place.expectRefusal(
      64, naming: [options[0], "one kernel"], ["compare", "disk:radius=0...4", "photo.ppm"] + options + quick)
  }

  @Test func whatIsWrongIsRefused() throws {
    let place = try Workplace.withPhotograph()
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
    try place.expectRefusal(
      64, naming: ["product:65", "1 to 64"], ["compare", "disk:radius=0...4", "photo.ppm", "--with", "product:65"])
  }
}
