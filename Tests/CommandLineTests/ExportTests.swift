import Fewtap
import Foundation
import TestSupport
import Testing

/// `fewtap export`: files, figures and refusals.
@Suite struct ExportTests {
  private static let languages = ["glsl", "essl", "hlsl", "msl", "wgsl"]

  private func writeChain(_ place: Workplace, _ name: String) throws {
    var random = SeededGenerator(seed: 701)
    let chain = random.chain(.bilinear, layout: [6, 3], reach: 4)
    try place.write(SparseFilter(chain: chain, rate: Resampling(factor: 2)).json(), to: name)
  }

  @Test(arguments: languages, ["compute", "fragment"]) func files(language: String, stage: String) throws {
    let place = try Workplace()
    try writeChain(place, "k.json")
    let arguments = ["export", "k.json", "--language", language, "--stage", stage, "-o"]
    let told = try place.run(arguments + ["out", "--json"]).json()
    let names = try #require(told["files"] as? [[String: Any]]).compactMap { $0["name"] as? String }
    #expect(try place.files() == (["k.json", "out"] + names.map { "out/\($0)" }).sorted())
    #expect((told["passes"] as? [String])?.count == 5)
    // The list for programs names the files, and so does the text for people.
    let bytes = try #require(place.bytes("out/passes.json"))
    let list = try #require(JSONSerialization.jsonObject(with: bytes) as? [String: Any])
    let passes = try #require(list["passes"] as? [[String: Any]])
    let readme = String(decoding: try #require(place.bytes("out/README.txt")), as: UTF8.self)
    for pass in passes {
      let file = try #require(pass["file"] as? String)
      #expect(names.contains(file) && readme.contains(file))
    }
    #expect(names.contains { $0.hasPrefix("fullscreen") } == (stage == "fragment"))
    // The same bytes again, and one file for all passes where that is asked for.
    try place.run(arguments + ["again"])
    for name in names { #expect(place.bytes("out/\(name)") == place.bytes("again/\(name)")) }
    try place.run(arguments + ["one", "--single-file", "--prefix", "Mine_"])
    let single = try place.files().filter { $0.hasPrefix("one/passes") && !$0.hasSuffix(".json") }
    #expect(single.count == 1)
    let text = String(decoding: try #require(place.bytes(single[0])), as: UTF8.self)
    #expect(text.contains("Mine_layer1_value") && !text.contains("fewtap_"))
  }

  @Test func hosts() throws {
    let place = try Workplace()
    try writeChain(place, "k.json")
    func arguments(_ language: String, _ stage: String, _ host: String) -> [String] {
      ["export", "k.json", "--language", language, "--stage", stage, "--host", host, "-o", "\(language)-\(stage)"]
    }
    for (language, stage, host, name) in [
      ("msl", "compute", "swift", "FewtapFilter.swift"), ("msl", "fragment", "swift", "FewtapFilter.swift"),
      ("wgsl", "compute", "js", "fewtap-webgpu.js"), ("wgsl", "fragment", "js", "fewtap-webgpu.js"),
      ("essl", "fragment", "js", "fewtap-webgl2.js"),
    ] {
      #expect(try place.run(arguments(language, stage, host)).code == 0)
      let text = String(decoding: try #require(place.bytes("\(language)-\(stage)/\(name)")), as: UTF8.self)
      // One text for all filters: it is read by people, and needs nothing but the other files.
      #expect(text.hasPrefix("// Runs a filter or basis that `fewtap export --language \(language)"))
      #expect((place.bytes("\(language)-\(stage)/fewtap-load.js") != nil) == (host == "js"))
    }
    try place.expectRefusal(64, naming: ["Swift", "wgsl", "--language msl"], arguments("wgsl", "compute", "swift"))
    try place.expectRefusal(64, naming: ["compute", "--stage fragment"], arguments("essl", "compute", "js"))
    try place.expectRefusal(64, naming: ["hlsl", "--language wgsl"], arguments("hlsl", "fragment", "js"))
    try place.expectRefusal(64, naming: ["rust", "swift", "js"], arguments("msl", "compute", "rust"))
  }

  @Test func nothingIsOverwritten() throws {
    let place = try Workplace()
    try writeChain(place, "k.json")
    let arguments = ["export", "k.json", "--language", "wgsl", "--stage", "compute", "-o", "out"]
    #expect(try place.run(arguments).code == 0)
    try place.expectRefusal(1, naming: ["exists", "--force"], arguments)
    #expect(try place.run(arguments + ["--force"]).code == 0)
    try place.expectRefusal(1, naming: ["k.json", "no folder"], Array(arguments.dropLast()) + ["k.json"])
    try place.expectRefusal(64, naming: ["folder's name is empty"], Array(arguments.dropLast()) + [""])
  }

  @Test func refusals() throws {
    let place = try Workplace()
    try writeChain(place, "k.json")
    let start = ["export", "k.json", "--language", "msl", "--stage", "compute", "-o", "out"]
    try place.expectRefusal(
      64, naming: ["cg", "glsl", "wgsl"], ["export", "k.json", "--language", "cg", "--stage", "compute", "-o", "out"])
    try place.expectRefusal(64, naming: ["prefix", "9lives"], start + ["--prefix", "9lives"])
    try place.expectRefusal(64, naming: ["prefix", "a__b"], start + ["--prefix", "a__b"])
    try place.expectRefusal(64, naming: ["--constant"], start + ["--constant", "1"])
    try place.expectRefusal(
      64, naming: ["--tile"],
      ["export", "k.json", "--language", "msl", "--stage", "fragment", "-o", "out", "--tile"])
    try place.write(Samples.filter(layers: "[[[-30, 0, 0.5], [30, 30, 0.5]]]").utf8, to: "far.json")
    try place.expectRefusal(
      64, naming: ["layer1", "texels", "1024"],
      ["export", "far.json", "--language", "msl", "--stage", "compute", "-o", "out", "--tile"])
    // More taps than constants may have, where constants are asked for.
    let taps = (0..<5000).map { Tap(x: Double($0 % 100), y: Double($0 / 100), weight: 2e-4) }
    let large = SparseFilter(chain: TapChain(model: .integer, layers: [TapLayer(taps)]))
    try place.write(large.json(), to: "large.json")
    let rest = ["--language", "hlsl", "--stage", "compute", "-o", "large", "--pairing", "never"]
    try place.expectRefusal(
      1, naming: ["large.json", "5000", "4096"], ["export", "large.json", "--constants", "table"] + rest)
    #expect(try place.run(["export", "large.json"] + rest).code == 0)
    #expect(try place.files().contains("large/layer1_taps.f32"))
    // Weights that cancel leave a normalized border nothing to divide by.
    try place.write(Samples.filter(layers: "[[[0, 0, 1], [1, 0, -1]]]").utf8, to: "edge.json")
    try place.expectRefusal(
      1, naming: ["edge.json", "cancel"], ["export", "edge.json", "--border", "normalized"] + rest)
    try place.write(Samples.filter(layers: "[[[0, 0, 1e39]]]").utf8, to: "huge.json")
    try place.expectRefusal(1, naming: ["huge.json", "1e+39"], ["export", "huge.json"] + rest)
  }

  @Test func stringsOfAFileStayHarmless() throws {
    let place = try Workplace()
    let kernel =
      "\"kernel\": {\"name\": \"x\\n*/ #include \\\"evil\\\" \\u202e\", \"width\": 1, \"height\": 1, \"center\": [0, 0]}"
    try place.write(Samples.filter(more: ", \(kernel)").utf8, to: "k.json")
    for language in Self.languages {
      try place.run(["export", "k.json", "--language", language, "--stage", "compute", "-o", language])
      for name in try place.files() where name.hasPrefix("\(language)/") {
        let text = String(decoding: try #require(place.bytes(name)), as: UTF8.self)
        // What is left of the name stands behind a comment's start, or in a text for people, and holds no mark.
        let lines = text.split(separator: "\n").filter { $0.contains("include evil") }
        #expect(lines.allSatisfy { !$0.contains("#") && !$0.contains("*") })
        #expect(text.unicodeScalars.allSatisfy { $0.isASCII })
      }
    }
  }
}
