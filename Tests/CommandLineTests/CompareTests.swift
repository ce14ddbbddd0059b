import Foundation
import Testing

/// `fewtap compare`: the table, its figures as JSON, and what is refused.
@Suite struct CompareTests {
  private let quick = ["--plane", "64x48", "--rounds", "1", "--effort", "fast"]

  @Test func everyFigureIsThere() throws {
    let place = try Workplace.withPhotograph()
    let contenders = ["--with", "fewtap:16", "--with", "paper:4x2", "--with", "fft", "--with", "complex-disk:2"]
    let outcome = try place.run(
      ["compare", "star:points=4,radius=6,inner=2", "photo.ppm", "--json"] + contenders + quick)
    #expect(outcome.code == 0 && outcome.errors.isEmpty, "\(outcome.errors)")
    let json = try outcome.json()
    #expect(json["command"] as? String == "compare" && json["timedWidth"] as? Int == 64)
    let images = try #require(json["images"] as? [[String: Any]])
    #expect(
      images.count == 1 && images[0]["name"] as? String == "photo.ppm" && images[0]["isCropped"] as? Bool == false)
    let rows = try #require(json["rows"] as? [[String: Any]])
    #expect(rows.map { $0["side"] as? String } == ["fewtap", "rival", "exact", "rival"])
    let keys = [
      "photoPSNR", "worstPhotoPSNR", "predictedPhotoPSNR", "predictedWorstPhotoPSNR", "ssim", "flip", "relativeError",
      "flicker", "noiseGain", "taps", "passes", "multiplyAddsPerPixel", "fitSeconds", "milliseconds", "deviation",
    ]
    for row in rows.prefix(2) {
      for key in keys { #expect(row[key] is NSNumber, "\(key) of \(row["name"] ?? "")") }
      let points = try #require(row["points"] as? [String: Any])
      #expect(points["psnr"] is NSNumber && points["ssim"] is NSNumber)
      let moments = try #require(row["moments"] as? [String: Any])
      #expect(moments["sum"] is NSNumber && moments["shiftX"] is NSNumber && moments["varianceY"] is NSNumber)
    }
    #expect(rows[0]["taps"] as? Int == 16 && rows[1]["taps"] as? Int == 8 && rows[2]["taps"] is NSNull)
    #expect((rows[3]["cannot"] as? String)?.hasPrefix("disks only") == true && rows[3]["photoPSNR"] == nil)
    #if os(Linux)
    #expect(rows[0]["peakBytes"] is NSNumber)
    #endif
  }

  /// Who cannot is named with the reason, and those with one reason in one line.
  @Test func theTableIsAligned() throws {
    let place = try Workplace.withPhotograph()
    let contenders = ["--with", "low-rank:1", "--with", "box", "--with", "recursive-gaussian", "--with", "dense"]
    let outcome = try place.run(["compare", "disk:radius=4", "photo.ppm"] + contenders + quick)
    #expect(outcome.code == 0)
    let lines = outcome.output.split(separator: "\n").map(String.init)
    #expect(lines[0].contains("disk:radius=4") && lines[0].contains("photo.ppm (48x40)"))
    #expect(lines[1].contains("photo dB") && lines[1].contains("FLIP") && lines[1].contains("noise"))
    #expect(Set(lines[1...3].map(\.count)).count == 1)
    #expect(lines[4].contains("iterated box 3, recursive Gaussian: cannot, Gaussians along the axes only"))
    #expect(outcome.output.contains("64x48"))
  }

  @Test func withoutAnImageItSaysThatItPredicts() throws {
    let place = try Workplace.withPhotograph()
    let outcome = try place.run(["compare", "disk:radius=4", "--with", "low-rank:2"] + quick)
    #expect(outcome.code == 0 && outcome.output.contains("predicted on reference photographs"))
    let json = try place.run(["compare", "disk:radius=4", "--with", "low-rank:2", "--json"] + quick).json()
    let rows = try #require(json["rows"] as? [[String: Any]])
    #expect(rows[0]["ssim"] is NSNull && rows[0]["photoPSNR"] as? Double == rows[0]["predictedPhotoPSNR"] as? Double)
  }

  @Test func theListNamesAll() throws {
    let place = try Workplace()
    let outcome = try place.run(["compare", "--list"])
    for name in [
      "fewtap:", "paper:", "tempering:", "low-rank:", "kawase", "dual", "complex-disk:", "box:", "recursive-gaussian",
      "fft",
      "dense",
    ] {
      #expect(outcome.output.contains("  \(name)"), "\(name)")
    }
    let all = try #require(try place.run(["compare", "--list", "--json"]).json()["contenders"] as? [[String: Any]])
    #expect(all.count == 11 && all.allSatisfy { $0["summary"] is String })
  }

  @Test func whatIsWrongIsRefused() throws {
    let place = try Workplace.withPhotograph()
    try place.expectRefusal(64, naming: ["KERNEL is missing"], ["compare"])
    try place.expectRefusal(64, naming: ["--list takes no kernel"], ["compare", "heart:size=9", "--list"])
    for (contender, words) in [
      ("nobody", "\"nobody\" is no contender"), ("low-rank:9", "1 to 6"), ("kawase:2", "takes no value"),
      ("paper:24y4", "24y4"),
      ("fewtap:-1", "60dB"),
    ] {
      try place.expectRefusal(64, naming: [words], ["compare", "heart:size=9", "--with", contender])
    }
    try place.expectRefusal(1, naming: ["gone.png"], ["compare", "heart:size=9", "gone.png"])
    try place.expectRefusal(64, naming: ["IMAGE is empty"], ["compare", "heart:size=9", ""])
    try place.expectRefusal(64, naming: ["--plane"], ["compare", "heart:size=9", "--plane", "8x8"])
    try place.write(Array("Pf\n2 1\n-1.0\n".utf8) + [0, 0, 0, 0, 0, 0, 0xc0, 0x7f], to: "nan.pfm")
    try place.expectRefusal(
      1, naming: ["nan.pfm", "column 1, row 0", "finite"],
      ["compare", "disk:radius=2", "nan.pfm", "--with", "low-rank:1"])
  }

  /// `--size` is the kernel's, as elsewhere.
  @Test func aKernelFileIsScaled() throws {
    let place = try Workplace()
    try place.writeGray("mask.pgm", width: 3, [0, 255, 0, 255, 255, 255, 0, 255, 0])
    let arguments = ["compare", "mask.pgm", "--size", "9", "--with", "low-rank:2", "--json"] + quick
    let outcome = try place.run(arguments)
    #expect(outcome.code == 0, "\(outcome.errors)")
    let kernel = try #require(try outcome.json()["kernel"] as? [String: Any])
    #expect(kernel["width"] as? Int == 9)
  }

  /// An image of a pixel has no similarity and no room for a window, but a PSNR.
  @Test func tinyImagesAreCompared() throws {
    let place = try Workplace()
    try place.write(Array("P6 1 1 255\n".utf8) + [9, 200, 30], to: "dot.ppm")
    let outcome = try place.run(["compare", "disk:radius=3", "dot.ppm", "--with", "low-rank:1", "--json"] + quick)
    #expect(outcome.code == 0, "\(outcome.errors)")
    let rows = try #require(try outcome.json()["rows"] as? [[String: Any]])
    #expect(rows[0]["photoPSNR"] is NSNumber && rows[0]["ssim"] is NSNull && rows[0]["flip"] is NSNumber)
  }

  /// Of what is larger than a megapixel the middle is taken, unless the whole is asked for.
  @Test func largeImagesAreCropped() throws {
    let place = try Workplace()
    try place.writeNoise("large.ppm", width: 1500, height: 1000)
    let arguments = ["compare", "disk:radius=2", "large.ppm", "--with", "fft", "--json"] + quick
    let cropped = try #require(try place.run(arguments).json()["images"] as? [[String: Any]])
    let (width, height) = (try #require(cropped[0]["width"] as? Int), try #require(cropped[0]["height"] as? Int))
    #expect(cropped[0]["isCropped"] as? Bool == true && width * height <= 1 << 20 && width * height > 1_000_000)
    let whole = try #require(try place.run(arguments + ["--whole"]).json()["images"] as? [[String: Any]])
    #expect(whole[0]["width"] as? Int == 1500 && whole[0]["isCropped"] as? Bool == false)
  }

  @Test func anInterruptionSaysThatNothingWasCompared() throws {
    let place = try Workplace()
    let outcome = try place.interrupt(
      ["compare", "heart:size=49", "--with", "fewtap:24x4", "--effort", "thorough", "--verbose"], when: "comparing")
    #expect(outcome.code == 1 && outcome.output.isEmpty && outcome.errors.contains("interrupted: nothing was compared"))
  }
}
