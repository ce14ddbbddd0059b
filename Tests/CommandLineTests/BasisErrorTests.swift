import Foundation
import Testing

/// What `fewtap basis` refuses before the long work.
@Suite struct BasisErrorTests {
  @Test(arguments: [
    (["disk"], ["family", "radius=0...24"]), (["disc:radius=0...5"], ["did you mean \"disk\""]),
    (["disk:radius=5...5"], ["ascending"]), ([""], ["FAMILY is empty"]), (["disk:radius=0...5,size=9"], ["size"]),
    (["disk:radius=0...5", "--knots", "1"], ["2 to 4096"]), (["disk:radius=0...5", "--knots", "3,,4"], ["6,9"]),
    (["disk:radius=0...5", "--taps", "40"], ["--operator offsets"]),
    (["disk:radius=0...5", "--tracks", "series"], ["--tracks series", "--operator offsets"]),
    (["disk:radius=0...5", "--operator", "offsets", "--recipe", "paper", "--tracks", "auto"], ["our own recipe"]),
    (["disk:radius=0...5", "--operator", "offsets", "--tracks", "series", "--knots", "4"], ["--knots", "--terms"]),
    (["disk:radius=0...5", "--operator", "offsets", "--terms", "4"], ["--terms", "--tracks series"]),
    (["disk:radius=0...5", "--operator", "offsets", "--tracks", "series", "--terms", "0"], ["1 to 64", "5,3"]),
    (["disk:radius=0...5", "--operator", "offsets", "--tracks", "curves"], ["knots", "series", "auto"]),
    (["disk:radius=0...5", "--error", "0"], ["1 or more"]),
    (["disk:radius=0...5", "--operator", "layers"], ["outputs", "offsets"]),
    (["disk:radius=0...5", "--checkpoint", "b.json"], ["two names"]),
    (["disk:radius=0...1e308"], ["1e+308", "0.01...512"]), (["disk:radius=-3...5"], ["-3", "0.01...512"]),
    (["disk:radius=nan...5"], ["nan...5", "ascending"]), (["disk:radius=3...3.0000001"], ["does not change"]),
    (["motion:length=1...9,angle=0...1e9"], ["1000000000", "-360...360"]),
    (["disk:radius=0...5", "--center", "1,1"], ["--center", "words"]),
    (["disk:radius=0...5", "--format", "rgba32f"], ["--format", "--for gpu"]),
    (["disk:radius=0...5", "--cost-model", "c.json"], ["--cost-model", "--for gpu"]),
    (["disk:radius=1...5", "--for", "gpu", "--checkpoint", "c"], ["--checkpoint", "--taps"]),
  ]) func arguments(arguments: [String], words: [String]) throws {
    let place = try Workplace()
    try place.expectRefusal(64, naming: words, ["basis"] + arguments + ["-o", "b.json"])
  }

  @Test func files() throws {
    let place = try Workplace()
    try place.write([1], to: "there.json")
    try place.expectRefusal(1, naming: ["there.json", "--force"], ["basis", "disk:radius=0...5", "-o", "there.json"])
    try place.expectRefusal(
      1, naming: ["there.json", "--force"],
      ["basis", "disk:radius=0...5", "-o", "b.json", "--checkpoint", "there.json"])
    try place.expectRefusal(
      1, naming: ["none.checkpoint"], ["basis", "disk:radius=0...5", "-o", "b.json", "--resume", "none.checkpoint"])
    for text in ["", "{", "{\"format\": \"fewtap.basis-checkpoint\"", "[]"] {
      try place.write(text.utf8, to: "bad.checkpoint")
      try place.expectRefusal(
        1, naming: ["bad.checkpoint"], ["basis", "disk:radius=0...5", "-o", "b.json", "--resume", "bad.checkpoint"])
    }
  }

  @Test func knotsOfAnotherCount() throws {
    let place = try Workplace()
    try place.expectRefusal(
      1, naming: ["knots", "length, angle"],
      ["basis", "motion:length=1...9,angle=0...180", "-o", "b.json", "--knots", "5"])
  }
}
