import Foundation
import Testing

/// `fewtap bench paper`.
@Suite struct BenchPaperTests {
  @Test func optionsThatAreWrongInThemselves() throws {
    let place = try Workplace()
    let cases: [(words: [String], arguments: [String])] = [
      (["--kernels", "teapot", "disk", "coma"], ["--kernels", "disk,teapot"]), (["--kernels"], ["--kernels", ""]),
      (["--kernels", "disk", "twice"], ["--kernels", "disk,star,disk"]),
      (["--layouts", "24y4", "24x4,32x4"], ["--layouts", "24y4"]),
      (["--layouts", "24", "taps x layers"], ["--layouts", "24"]), (["--layouts"], ["--layouts", "24x4,"]),
      (["--layouts", "0x4"], ["--layouts", "0x4"]), (["--layouts", "twice"], ["--layouts", "8x6,8x6"]),
      (["--layouts"], ["--layouts", "9999x4"]), (["--seeds", "1 to 100"], ["--seeds", "0"]),
      (["--seeds"], ["--seeds", "-3"]), (["--seeds"], ["--seeds", "some"]), (["--threads"], ["--threads", "0"]),
      (["-o -", "--json"], ["-o", "-"]), (["output"], ["-o", ""]),
    ]
    for (words, arguments) in cases {
      try place.expectRefusal(64, naming: words, ["bench", "paper", "--quick"] + arguments)
    }
    try place.write([1], to: "there.json")
    try place.expectRefusal(1, naming: ["there.json", "--force"], ["bench", "paper", "-o", "there.json"])
    try place.expectRefusal(1, naming: ["nowhere"], ["bench", "paper", "-o", "nowhere/a.json"])
  }

  /// A layout of four taps runs in seconds: tables for people, the same figures in the file for scripts.
  @Test func tablesAndJSONTellTheSame() throws {
    let place = try Workplace()
    let outcome = try place.run([
      "bench", "paper", "--quick", "--kernels", "gaussian5", "--layouts", "2x2", "--seeds", "1", "-o", "paper.json",
      "--verbose",
    ])
    #expect(outcome.code == 0)
    #expect(outcome.errors.contains("1 kernel, 1 layout, 1 seed on"))
    let bytes = try #require(place.bytes("paper.json"))
    let json = try #require(JSONSerialization.jsonObject(with: bytes) as? [String: Any])
    let keys =
      "command machine threads seconds complete seeds effort tempering layouts kernels skipped rows lowRank gains guesses"
    #expect(json.keys.sorted() == keys.split(separator: " ").map(String.init).sorted())
    #expect(json["complete"] as? Bool == true && json["command"] as? String == "bench paper")
    let rows = try #require(json["rows"] as? [[String: Any]])
    let rivals = ["ours", "oursBilinear", "paper", "tempering", "temperingBriefly", "lowRank"]
    #expect(rows.map { $0["rival"] as? String } == rivals)
    for row in rows {
      let run = try #require((row["runs"] as? [[String: Any]])?.first)
      let photo = try #require((row["photoPSNR"] as? [String: Any])?["mean"] as? Double)
      #expect(run["photoPSNR"] as? Double == photo && run["seconds"] is Double && run["taps"] is Int)
      // A Gaussian is one separable term.
      let shown = photo > 200 ? "exact" : String(format: "%.1f", photo)
      #expect(outcome.output.contains(shown), "\(row["rival"] ?? "") \(shown)")
    }
    let guesses = try #require(json["guesses"] as? [[String: Any]])
    #expect(guesses.count == 16)
    for row in guesses {
      let run = try #require((row["runs"] as? [[String: Any]])?.first)
      let trace = try #require(run["trace"] as? [String: [Double]])
      #expect(trace["photoPSNR"]?.last == run["photoPSNR"] as? Double)
      #expect(Set(trace.values.map(\.count)).count == 1 && trace.count == 4)
    }
    #expect(outcome.output.split(separator: "\n").allSatisfy { $0.count <= 120 })
  }

  /// What is done is printed, and a script sees that it is not all.
  @Test func anInterruptedRunPrintsWhatIsDone() throws {
    let place = try Workplace()
    let outcome = try place.interrupt(["bench", "paper", "--kernels", "star", "--json"], when: "about")
    #expect(outcome.code == 1)
    #expect(outcome.errors.contains("interrupted"))
    let json = try outcome.json()
    #expect(json["complete"] as? Bool == false)
    #expect((json["lowRank"] as? [Any])?.count == 4)
  }
}
