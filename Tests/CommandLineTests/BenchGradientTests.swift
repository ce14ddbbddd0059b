import Foundation
import Testing

/// `fewtap bench gradient`: what it times, and that it is held to the reference.
@Suite struct BenchGradientTests {
  @Test("filters of every kind, as a table and as JSON") func rows() throws {
    let place = try Workplace()
    let kernel = "disk:radius=4"
    for (name, options) in [
      ("whole.json", ["--layout", "12,4"]), ("between.json", ["--layout", "6,3", "--tap-model", "bilinear"]),
    ] {
      #expect(try place.run(["fit", kernel, "-o", name, "--quiet", "--effort", "fast"] + options).code == 0)
    }
    #expect(try place.run(["fit", kernel, "-o", "low.json", "--quiet", "--rate", "2", "--dense"]).code == 0)
    let bench = [
      "bench", "gradient", "whole.json", "between.json", "low.json", "--size", "70x61", "--rounds", "2", "--channels",
      "2",
    ]
    let outcome = try place.run(bench + ["--json"])
    #expect(outcome.code == 0, "\(outcome.errors)")
    let json = try outcome.json()
    #expect(json["command"] as? String == "bench gradient" && json["channels"] as? Int == 2)
    let rows = try #require(json["rows"] as? [[String: Any]])
    #expect(rows.map { $0["filter"] as? String } == ["whole.json", "between.json", "low.json"])
    #expect(rows.map { $0["taps"] as? String } == ["integer", "bilinear", "integer"])
    #expect(rows.map { $0["rate"] as? Int } == [1, 1, 2])
    for row in rows {
      for key in ["forward", "adjoint", "filterGradient", "pullback"] {
        let work = try #require(row[key] as? [String: Any])
        #expect((work["milliseconds"] as? Double ?? 0) > 0 && (work["ratio"] as? Double ?? 0) > 0)
      }
      #expect((row["forward"] as? [String: Any])?["ratio"] as? Double == 1)
    }
    let text = try place.run(bench + ["--threads", "1"]).output
    #expect(text.contains("pullback") && text.contains("1/2") && text.contains("held to the reference"))
  }

  @Test("what it cannot read is named") func refusals() throws {
    let place = try Workplace()
    try place.expectRefusal(1, naming: ["nothere.json"], ["bench", "gradient", "nothere.json"])
    try place.expectRefusal(64, naming: ["--size"], ["bench", "gradient", "a.json", "--size", "0x4"])
    try place.expectRefusal(64, naming: ["filter"], ["bench", "gradient"])
  }
}
