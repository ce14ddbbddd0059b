import Foundation
import Testing

/// Images that are none, and options that do not go together.
@Suite struct ImageErrorTests {
  @Test func files() throws {
    let place = try Workplace()
    try place.writeIdentity("k.json")
    try place.write([], to: "empty.png")
    try place.write(Array("hello, world".utf8), to: "text.png")
    try place.write(Array("P6 9 9 255\nshort".utf8), to: "cut.ppm")
    try place.write(Array("P6 0 5 255\n".utf8), to: "zero.ppm")
    try place.write(Array("P6 99999999 99999999 255\n".utf8), to: "huge.ppm")
    try FileManager.default.createDirectory(atPath: place.path("folder"), withIntermediateDirectories: true)
    let cases: [(words: [String], input: String)] = [
      (["none.png"], "none.png"), (["folder"], "folder"), (["empty.png", "png"], "empty.png"),
      (["text.png", "none of the formats"], "text.png"), (["cut.ppm"], "cut.ppm"), (["zero.ppm", "0x5"], "zero.ppm"),
      (["huge.ppm", "99999999x99999999"], "huge.ppm"),
    ]
    for (words, input) in cases { try place.expectRefusal(1, naming: words, ["apply", "k.json", input, "out.ppm"]) }
    try place.expectRefusal(64, naming: ["IN is empty"], ["apply", "k.json", "", "out.ppm"])
  }

  @Test func options() throws {
    let place = try Workplace()
    try place.writeIdentity("k.json")
    try place.writeNoise("in.ppm")
    let cases: [(words: [String], arguments: [String])] = [
      (["--border", "clamp"], ["out.ppm", "--border", "bounce"]),
      (["--constant", "--border constant"], ["out.ppm", "--constant", "1"]),
      (["--constant", "nan"], ["out.ppm", "--border", "constant", "--constant", "nan"]),
      (["--constant"], ["out.ppm", "--border", "constant", "--constant", "1e99"]),
      (["--transfer", "linear"], ["out.ppm", "--transfer", "rec709"]),
      (["--type", "uint16"], ["out.ppm", "--type", "int4"]),
      (["--type", ".npy"], ["out.npy", "--type", "half"]), (["--quality", "1 to 100"], ["out.jpg", "--quality", "0"]),
      (["--quality"], ["out.jpg", "--quality", "101"]), (["--threads"], ["out.ppm", "--threads", "0"]),
      (["--nonfinite", "refuse"], ["out.ppm", "--nonfinite", "ignore"]),
      (["--kernel", "--compare"], ["out.ppm", "--kernel", "disk"]),
      (["noname", ".png"], ["noname"]), (["a.webp", ".png"], ["a.webp"]),
    ]
    for (words, arguments) in cases {
      try place.expectRefusal(64, naming: words, ["apply", "k.json", "in.ppm"] + arguments)
    }
    try place.expectRefusal(64, naming: ["out"], ["apply", "k.json", "in.ppm"])
  }

  @Test func whatTheFilterDoesNotAllow() throws {
    let place = try Workplace()
    try place.run(["fit", "log:sigma=1", "-o", "log.json", "--effort", "fast"])
    try place.writeNoise("in.ppm")
    try place.expectRefusal(
      1, naming: ["in.ppm", "normalized"], ["apply", "log.json", "in.ppm", "out.ppm", "--border", "normalized"])
  }
}
