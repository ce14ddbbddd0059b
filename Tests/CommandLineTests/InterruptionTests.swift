import Fewtap
import Foundation
import Testing

@Suite struct InterruptionTests {
  @Test func anInterruptedFitWritesItsBestFilter() throws {
    let place = try Workplace()
    let arguments = ["fit", "heart:size=49", "-o", "heart.json", "--effort", "thorough", "-v", "--json"]
    let outcome = try place.interrupt(arguments, when: "fitting heart:size=49")
    #expect(outcome.code == 1)
    #expect(outcome.errors.contains("interrupted: heart.json has the best filter so far"))
    let filter = try SparseFilter(json: #require(place.bytes("heart.json")))
    #expect(filter.fit?.termination == "cancelled")
    #expect(try outcome.json()["termination"] as? String == "cancelled")
    // What little time there was is enough for more than a guess.
    #expect(try #require(filter.fit).photoPSNR > 50)
  }

  @Test func anInterruptedComparisonLeavesTheImage() throws {
    let place = try Workplace()
    try place.run(["fit", "box:width=301,height=301", "-o", "k.json", "--taps", "8", "--effort", "fast"])
    try place.writeNoise("in.pgm", width: 2000, height: 2000, channels: 1)
    // About a minute of the dense kernel, which is warned of.
    let apply = ["apply", "k.json", "in.pgm", "out.pgm", "--compare", "--threads", "1"]
    let outcome = try place.interrupt(apply, when: "the dense kernel takes about")
    #expect(outcome.code == 1)
    #expect(outcome.errors.contains("out.pgm is written, but not compared"))
    #expect(place.bytes("out.pgm")?.count == 2000 * 2000 + "P5\n2000 2000\n255\n".utf8.count)
  }

  @Test func aTimeLimitEndsTheSearch() throws {
    let place = try Workplace()
    let json = try place.run(["fit", "heart:size=25", "-o", "k.json", "--seconds", "0.5", "--json"]).json()
    #expect(json["termination"] as? String == "timeLimit" && json["effort"] as? String == "seconds")
  }
}
