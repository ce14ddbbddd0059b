import Fewtap
import Foundation
import Testing

/// The planner, and the measurements that it uses.
@Suite struct PlanTests {
  @Test func theErrorAskedFor() throws {
    let place = try Workplace()
    try place.writeCosts("costs.json")
    let outcome = try place.run([
      "fit", "disk:radius=12", "-o", "k.json", "--error", "62", "--cost-model", "costs.json", "--json",
    ])
    #expect(outcome.code == 0 && outcome.errors.isEmpty)
    let json = try outcome.json()
    #expect(try #require(json["photoPSNR"] as? Double) >= 62 && json["recipe"] as? String == "planner")
    let plan = try #require(json["plan"] as? [String: Any])
    let front = try #require(plan["front"] as? [[String: Any]])
    let index = try #require(plan["chosen"] as? Int)
    let chosen = front[index]
    #expect(chosen["photoPSNR"] as? Double == json["photoPSNR"] as? Double)
    #expect(plan["machine"] as? String == "a test" && (plan["reason"] as? String)?.contains("62") == true)
    let info = try place.run(["info", "k.json", "--json"]).json()
    #expect(info["photoPSNR"] as? Double == json["photoPSNR"] as? Double && info["recipe"] as? String == "planner")
  }

  @Test func aPlainFitIsPlanned() throws {
    let place = try Workplace()
    let home = ["HOME": place.folder, "XDG_CACHE_HOME": ""]
    let plain = try place.run(["fit", "disk:radius=12", "-o", "k.json"], environment: home)
    #expect(plain.output.contains("->") && plain.output.contains("the cheapest with 60.0 dB"))
    try place.run(["fit", "disk:radius=12", "-o", "l.json", "--error", "60"], environment: home)
    #expect(place.bytes("k.json") != nil && place.bytes("k.json") == place.bytes("l.json"))
    // Any option of a search asks for a search.
    let search = try place.run(
      ["fit", "disk:radius=4", "-o", "m.json", "--effort", "fast", "--json"], environment: home)
    #expect(try search.json()["plan"] is NSNull)
  }

  @Test func theCostAskedFor() throws {
    let place = try Workplace()
    try place.writeCosts("costs.json")
    let options = ["--cost-model", "costs.json", "-o", "k.json"]
    let json = try place.run(["fit", "disk:radius=12", "--cost", "1", "--json"] + options).json()
    let plan = try #require(json["plan"] as? [String: Any])
    let front = try #require(plan["front"] as? [[String: Any]])
    let index = try #require(plan["chosen"] as? Int)
    let cost = try #require(front[index]["millisecondsAMegapixel"] as? Double)
    #expect(cost <= 1)
    try place.expectRefusal(
      1, naming: ["disk:radius=12", "0.001 ms", "cheapest costs"],
      ["fit", "disk:radius=12", "--cost", "0.001", "--force"] + options)
  }

  @Test func exactShiftsAndGraphicsProcessors() throws {
    let place = try Workplace()
    let exact = try place.run([
      "fit", "disk:radius=8", "-o", "a.json", "--error", "60", "--exact-shift", "--json",
    ]).json()
    #expect(exact["rate"] is NSNull)
    let graphics = try place.run(["fit", "disk:radius=8", "-o", "b.json", "--error", "60", "--for", "gpu", "--json"])
      .json()
    #expect(graphics["tapModel"] as? String == "bilinear")
    let plan = try #require(graphics["plan"] as? [String: Any])
    let front = try #require(plan["front"] as? [[String: Any]])
    let chosen = front[try #require(plan["chosen"] as? Int)]
    // Nobody measured it, so there is no time to tell; fetches, passes and bytes are counted.
    #expect(chosen["millisecondsAMegapixel"] is NSNull)
    #expect(try #require(chosen["fetches"] as? Double) > 1 && (chosen["passes"] as? Int ?? 0) > 0)
    #expect(try #require(chosen["bytes"] as? Double) >= 16)
    #expect(plan["fractionBits"] as? Int == 8 && plan["format"] as? String == "rgba16f")
    #expect(try #require(chosen["photoPSNR"] as? Double) >= 60)
  }

  @Test func graphicsProcessorsOfOnesOwn() throws {
    let place = try Workplace()
    let model = try CostModel(target: .gpu, machine: "mine", milliseconds: [.fetch: 0.002, .byte: 0.001, .pass: 0])
    try place.write(model.json(), to: "mine.json")
    let fit = ["fit", "disk:radius=8", "--for", "gpu", "--cost-model", "mine.json"]
    let outcome = try place.run(
      fit + ["--cost", "0.2", "-o", "a.json", "--format", "rgba32f", "--fraction-bits", "6", "--json"])
    let plan = try #require(try outcome.json()["plan"] as? [String: Any])
    let front = try #require(plan["front"] as? [[String: Any]])
    let chosen = front[try #require(plan["chosen"] as? Int)]
    #expect(try #require(chosen["millisecondsAMegapixel"] as? Double) <= 0.2)
    #expect(chosen["roundingPSNR"] is NSNull && plan["fractionBits"] as? Int == 6)
    let filter = try SparseFilter(json: try #require(place.bytes("a.json")))
    for tap in filter.chain.layers.flatMap(\.taps) { #expect(tap.x * 64 == (tap.x * 64).rounded()) }
    // A processor's times are no graphics processor's.
    try place.write(CostModel.builtIn(.cpu).json(), to: "cpu.json")
    try place.expectRefusal(
      1, naming: ["cpu.json", "target"],
      ["fit", "disk", "-o", "b.json", "--for", "gpu", "--cost-model", "cpu.json", "--error", "60"])
    try place.expectRefusal(
      1, naming: ["none.json"], ["fit", "disk", "-o", "b.json", "--for", "gpu", "--cost-model", "none.json"])
    try place.expectRefusal(
      1, naming: ["half floats", "rgba32f"], ["fit", "box:width=3", "-o", "b.json", "--for", "gpu", "--error", "90"])
  }

  @Test func optionsThatContradictEachOther() throws {
    let place = try Workplace()
    let cases: [(words: [String], arguments: [String])] = [
      (["--error", "--cost"], ["--error", "60", "--cost", "1"]),
      (["--taps", "--error"], ["--error", "60", "--taps", "9"]),
      (["--layout", "--cost"], ["--cost", "1", "--layout", "9,3"]),
      (["--rate", "--error"], ["--error", "60", "--rate", "2"]),
      (["--seconds", "--highlights"], ["--highlights", "--seconds", "1"]),
      (["--objective", "--exact-shift"], ["--exact-shift", "--objective", "balanced"]),
      (["--recipe", "--for"], ["--for", "cpu", "--recipe", "paper"]),
      (["--cost", "--cost-model"], ["--for", "gpu", "--cost", "1"]),
      (["--fraction-bits", "--for gpu"], ["--fraction-bits", "8"]),
      (["--format", "--for gpu"], ["--format", "rgba32f", "--error", "60"]),
      (["--fraction-bits", "4"], ["--for", "gpu", "--fraction-bits", "3"]),
      (["--error", "1 or more"], ["--error", "0"]), (["--error"], ["--error", "nan"]),
      (["--error"], ["--error", "-60"]),
      (["--cost"], ["--cost", "0"]), (["--cost"], ["--cost", "inf"]), (["--for", "tpu"], ["--for", "tpu"]),
    ]
    for (words, arguments) in cases {
      try place.expectRefusal(
        64, naming: words + ["See 'fewtap fit --help'"], ["fit", "heart:size=9", "-o", "k.json"] + arguments)
    }
    try place.expectRefusal(
      1, naming: ["disk", "1000.0 dB", "300"], ["fit", "disk:radius=12", "-o", "k.json", "--error", "1000"])
  }

  @Test func costModelsThatAreNone() throws {
    let place = try Workplace()
    let good = String(decoding: try CostModel.builtIn(.cpu).json(), as: UTF8.self)
    let cases = [
      ("{", ["JSON"]), (good.replacing("\"version\" : 1", with: "\"version\" : 7"), ["version is 7", "expected 1"]),
      (good.replacing("\"layer\" : ", with: "\"layer\" : -"), ["milliseconds.layer", "-0.15"]),
      (good.replacing("fewtap.cost-model", with: "x\\u001b[31m"), ["format", "\\u001b"]),
      (String(decoding: try CostModel.builtIn(.gpu).json(), as: UTF8.self), ["target"]),
    ]
    try FileManager.default.createDirectory(atPath: place.path("fewtap"), withIntermediateDirectories: true)
    for (text, words) in cases {
      // Given by name, and where calibration leaves it.
      try place.write(Array(text.utf8), to: "fewtap/cost-model.json")
      let fit = ["fit", "disk:radius=8", "-o", "k.json"]
      let advice = ["fewtap/cost-model.json", "fewtap bench calibrate"]
      try place.expectRefusal(1, naming: words + advice, fit + ["--cost-model", "fewtap/cost-model.json"])
      let outcome = try place.run(fit, environment: ["XDG_CACHE_HOME": place.folder])
      #expect(outcome.code == 1 && place.bytes("k.json") == nil)
      for word in words + advice { #expect(outcome.errors.contains(word), "\(outcome.errors)") }
    }
    try place.expectRefusal(
      1, naming: ["none.json", "calibrate"], ["fit", "disk", "-o", "k.json", "--cost-model", "none.json"])
  }
}

/// `fewtap bench`.
@Suite struct BenchTests {
  @Test func calibrationIsFoundByTheFit() throws {
    let place = try Workplace()
    let cache = ["XDG_CACHE_HOME": place.path("cache")]
    let outcome = try place.run(["bench", "calibrate", "--rounds", "1", "--json"], environment: cache)
    #expect(outcome.code == 0 && outcome.errors.isEmpty)
    let json = try outcome.json()
    #expect(json["command"] as? String == "bench calibrate")
    let bytes = try #require(place.bytes("cache/fewtap/cost-model.json"))
    let model = try CostModel(json: bytes)
    #expect(model.target == .cpu && model.milliseconds.values.contains { $0 > 0 })
    let fit = try place.run(["fit", "disk:radius=8", "-o", "k.json", "--json"], environment: cache)
    #expect((try fit.json()["plan"] as? [String: Any])?["machine"] as? String == model.machine)
    // Again: the standard place is overwritten, another one is not.
    #expect(try place.run(["bench", "calibrate", "--rounds", "1", "-q"], environment: cache).code == 0)
    try place.expectRefusal(1, naming: ["k.json", "--force"], ["bench", "calibrate", "--output", "k.json"])
  }

  @Test func tableOfFilters() throws {
    let place = try Workplace()
    try place.writeIdentity("k.json")
    try place.run(["fit", "disk:radius=9", "-o", "d.json", "--rate", "3", "--dense"])
    let outcome = try place.run([
      "bench", "apply", "k.json", "d.json", "--size", "97x61", "--rounds", "2", "--threads", "2", "--json",
    ])
    #expect(outcome.code == 0 && outcome.errors.isEmpty, "\(outcome.errors)")
    let rows = try #require(try outcome.json()["rows"] as? [[String: Any]])
    // Filters, channels, types and threads.
    #expect(rows.count == 2 * 2 * 2 * 2)
    for row in rows { #expect(try #require(row["milliseconds"] as? Double) > 0 && row["deviation"] is Double) }
    #expect(Set(rows.compactMap { $0["samples"] as? String }) == ["float", "uint8"])
    let machine = try #require(try outcome.json()["machine"] as? [String: Any])
    #expect(Set(machine.keys) == ["commit", "processor", "instructionSet", "cores"])
    let text = try place.run(["bench", "apply", "d.json", "--size", "64x64", "--rounds", "1", "--threads", "1"]).output
    #expect(text.contains("d.json") && text.contains("1/3") && text.contains("reference"))
  }

  @Test func badOptions() throws {
    let place = try Workplace()
    for size in ["", "0x0", "100", "64x64x3", "1000000x1000000", "-64x64", "8x64"] {
      try place.expectRefusal(64, naming: ["--size", "1920x1080"], ["bench", "apply", "--size", size])
    }
    try place.expectRefusal(64, naming: ["--rounds"], ["bench", "apply", "--rounds", "0"])
    try place.expectRefusal(64, naming: ["--rounds"], ["bench", "calibrate", "--rounds", "many"])
    try place.expectRefusal(1, naming: ["none.json"], ["bench", "apply", "none.json"])
    try place.expectRefusal(1, naming: ["nowhere"], ["bench", "calibrate", "--output", "nowhere/m.json"])
  }
}

extension Workplace {
  /// A cost model of no machine's.
  fileprivate func writeCosts(_ name: String) throws {
    let model = try CostModel(target: .cpu, machine: "a test", milliseconds: CostModel.builtIn(.cpu).milliseconds)
    try write(model.json(), to: name)
  }
}
