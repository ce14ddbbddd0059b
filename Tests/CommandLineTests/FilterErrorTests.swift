import Fewtap
import Foundation
import Testing

/// Filter files that are none; `info` and `apply` read them alike.
@Suite struct FilterErrorTests {
  private func expectRefusal(_ place: Workplace, naming words: [String], _ filter: String) throws {
    try place.writeNoise("in.ppm", width: 4, height: 4)
    try place.expectRefusal(1, naming: words, ["info", filter])
    try place.expectRefusal(1, naming: words, ["apply", filter, "in.ppm", "out.ppm"])
  }

  @Test func contents() throws {
    let place = try Workplace()
    let cases: [(words: [String], text: String)] = [
      (["empty"], ""), (["empty"], " \n"), (["JSON"], "{"), (["JSON"], "\u{89}PNG"), (["object"], "[]"),
      (["format", "missing"], "{}"), (["interpolation", "missing"], Samples.filter(format: "\"fewtap.basis\"")),
      (["version", "2", "1"], Samples.filter(version: "2")),
      (["version", "whole number"], Samples.filter(version: "\"1\"")),
      (["taps", "cubic"], Samples.filter(taps: "\"cubic\"")), (["layers", "0 layers"], Samples.filter(layers: "[]")),
      (["layers[0]", "0 taps"], Samples.filter(layers: "[[]]")),
      (["layers[0][0][2]"], Samples.filter(layers: "[[[0, 0, null]]]")),
      (["layers[0][0]"], Samples.filter(layers: "[[[0, 0]]]")),
      (["layers[0][0][0]", "9000"], Samples.filter(layers: "[[[9000, 0, 1]]]")),
      (["layers[0][0][1]", "whole number"], Samples.filter(layers: "[[[0, 0.5, 1]]]")),
      (["layers"], Samples.filter(layers: "[[[0, 0, 1e999]]]")), (["JSON"], Samples.filter(layers: "[[[0, 0, NaN]]]")),
      (["rate"], Samples.filter(more: ", \"rate\": {}")),
    ]
    for (words, text) in cases {
      try place.write(Data(text.utf8), to: "k.json")
      try place.expectRefusal(1, naming: ["k.json"] + words, ["info", "k.json"])
    }
  }

  @Test func files() throws {
    let place = try Workplace()
    try FileManager.default.createDirectory(atPath: place.path("folder"), withIntermediateDirectories: true)
    try expectRefusal(place, naming: ["none.json"], "none.json")
    try expectRefusal(place, naming: ["folder"], "folder")
    try place.expectRefusal(64, naming: ["FILTER is empty"], ["info", ""])
    try place.expectRefusal(1, naming: ["standard input", "empty"], ["info", "-"], input: Data())
  }

  @Test(arguments: [1 << 20, 100_000_000]) func brackets(count: Int) throws {
    let place = try Workplace()
    try place.write(Data(repeating: 0x5B, count: count), to: "k.json")
    try expectRefusal(place, naming: ["k.json"], "k.json")
  }

  @Test func aHugeFilterIsNotComputed() throws {
    let place = try Workplace()
    let kernel = try Kernel.disk(radius: 2)
    // 600 x 600 pixels times 180,000 taps: minutes.
    let taps = (0..<90_000).map { Tap(x: Double($0 % 300), y: Double($0 / 300), weight: 1e-5) }
    let chain = TapChain(model: .integer, layers: [TapLayer(taps), TapLayer(taps)])
    try place.write(SparseFilter(chain: chain, kernel: KernelReference(kernel)).json(), to: "k.json")
    #expect(try place.run(["info", "k.json", "--json"]).json()["errorFrom"] is NSNull)
  }

  /// A filter file that names its kernel so.
  private func write(kernel: String, center: String = "[1, 1]", to name: String, in place: Workplace) throws {
    let reference = "{\"name\": \"\(kernel)\", \"width\": 3, \"height\": 3, \"center\": \(center)}"
    try place.write(Samples.filter(more: ", \"kernel\": \(reference)").utf8, to: name)
    try place.writeNoise("in.ppm")
  }

  @Test(arguments: ["./k.bin", "k.ttf", "k.OTF"]) func wordsOfAFileOpenNoFont(font: String) throws {
    let place = try Workplace()
    try write(kernel: "glyph:text=a,font=\(font)", to: "k.json", in: place)
    try place.write([0], to: font)
    try place.expectRefusal(
      1, naming: ["k.json", "font=\(font)", "--kernel"], ["apply", "k.json", "in.ppm", "out.ppm", "--compare"])
    #expect(try place.run(["info", "k.json", "-v"]).errors.contains("needs a font's file"))
  }

  @Test(arguments: ["[99, 0]", "[0, -1]"]) func aCenterOutsideIsTheFilesFault(center: String) throws {
    let place = try Workplace()
    try write(kernel: "box:width=3", center: center, to: "k.json", in: place)
    let apply = ["apply", "k.json", "in.ppm", "out.ppm", "--compare"]
    try place.expectRefusal(1, naming: ["k.json", "kernel.center", "outside the kernel"], apply)
    try place.expectRefusal(1, naming: ["k.json", "kernel.center"], apply + ["--kernel", "box:width=3"])
    #expect(try !place.run(apply).errors.contains("--center"))
  }

  @Test(arguments: ["", "glyph:text="]) func stringsOfAFileMoveNoCursor(prefix: String) throws {
    let place = try Workplace()
    let long = String(repeating: "n", count: 1000)
    try write(kernel: prefix + "\\u001b[2J\\u009b\\n" + long, to: "k.json", in: place)
    for arguments in [["info", "k.json", "-v"], ["apply", "k.json", "in.ppm", "out.ppm", "--compare"]] {
      let outcome = try place.run(arguments)
      let text = outcome.output + outcome.errors
      #expect(text.contains(prefix.isEmpty ? "\\u001b[2J\\u009b\\u000an" : "k.json"))
      #expect(!text.contains(long))
      #expect(!text.unicodeScalars.contains { $0.properties.generalCategory == .control && $0 != "\n" })
    }
  }

  @Test func kernelsThatCannotBeMadeAgain() throws {
    let place = try Workplace()
    try place.writeArray("k.npy", [[1, 2, 3, 2, 1]])
    try place.writeArray("other.npy", [[1, 2, 4, 2, 1]])
    try place.run(["fit", "k.npy", "-o", "k.json"])
    try place.writeIdentity("bare.json")
    try place.writeNoise("in.ppm")
    let apply = ["apply", "k.json", "in.ppm", "out.ppm", "--compare"]
    try place.expectRefusal(1, naming: ["k.json", "k.npy", "--kernel FILE"], apply)
    try place.expectRefusal(1, naming: ["another kernel than other.npy", "sha256"], apply + ["--kernel", "other.npy"])
    try place.expectRefusal(1, naming: ["none.npy"], apply + ["--kernel", "none.npy"])
    try place.expectRefusal(
      1, naming: ["bare.json", "--kernel"], ["apply", "bare.json", "in.ppm", "out.ppm", "--compare"])
    try place.expectRefusal(1, naming: ["other.npy"], ["info", "k.json", "--kernel", "other.npy"])
  }
}
