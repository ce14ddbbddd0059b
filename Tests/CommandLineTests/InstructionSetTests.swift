import Foundation
import Testing

/// `FEWTAP_ISA` chooses the kernels that filter.
@Suite struct InstructionSetTests {
  @Test(arguments: ["avx9", "AVX2", " scalar", "\u{1b}[2J"]) func anUnknownOneIsRefused(name: String) throws {
    let place = try Workplace()
    try place.writeIdentity("k.json")
    try place.writeNoise("in.ppm")
    let outcome = try place.run(["apply", "k.json", "in.ppm", "out.ppm"], environment: ["FEWTAP_ISA": name])
    #expect(outcome.code == 1 && outcome.output.isEmpty)
    for word in ["fewtap: error: ", "FEWTAP_ISA", "expected one of scalar"] { #expect(outcome.errors.contains(word)) }
    #expect(!outcome.errors.contains("\u{1b}"))
    #expect(try place.files() == ["in.ppm", "k.json"])
  }

  @Test func theSimplestGivesTheSameImageWithinACode() throws {
    let place = try Workplace()
    try place.run(["fit", "heart:size=21", "-o", "k.json", "--effort", "fast"])
    try place.writeNoise("in.ppm", width: 61, height: 43)
    let apply = ["apply", "k.json", "in.ppm"]
    let outcome = try place.run(apply + ["scalar.ppm"], environment: ["FEWTAP_ISA": "scalar"])
    #expect(outcome.code == 0, "\(outcome.errors)")
    // Empty is as if it were not set.
    #expect(try place.run(apply + ["best.ppm"], environment: ["FEWTAP_ISA": ""]).code == 0)
    let (scalar, best) = (try #require(place.bytes("scalar.ppm")), try #require(place.bytes("best.ppm")))
    #expect(scalar.count == best.count && scalar.count > 3 * 61 * 43)
    #expect(zip(scalar, best).allSatisfy { abs(Int($0) - Int($1)) <= 1 })
  }

  @Test func halfFloatsAreNamedWhereTheyAreTaken() throws {
    let place = try Workplace()
    // 48 single taps: most of them stay single runs.
    try place.run(["fit", "heart:size=21", "-o", "k.json", "--taps", "48", "--effort", "fast"])
    try place.writeNoise("in.ppm", width: 61, height: 43)
    try place.run(["apply", "k.json", "in.ppm", "floats.npy"])
    for (set, says) in [("scalar", "floats, as fast here"), ("", "rows between layers: ")] {
      let outcome = try place.run(
        ["apply", "k.json", "in.ppm", "halfs\(set).npy", "--half", "-v"], environment: ["FEWTAP_ISA": set])
      #expect(outcome.code == 0 && outcome.errors.contains(says), "\(outcome.errors)")
      let taken = outcome.errors.contains("half floats")
      let (floats, halfs) = (try place.array("floats.npy"), try place.array("halfs\(set).npy"))
      let differs = zip(floats.values, halfs.values).contains { $0 != $1 }
      // Scalar sums differ by rounding only: this one checks that it is no more.
      #expect(taken ? differs : zip(floats.values, halfs.values).allSatisfy { abs($0 - $1) < 0x1p-18 })
      #expect(zip(floats.values, halfs.values).allSatisfy { abs($0 - $1) < 0x1p-8 })
    }
  }

  @Test(arguments: ["0", "-1", "1025", "many"]) func threadsThatCannotBe(threads: String) throws {
    let place = try Workplace()
    try place.writeIdentity("k.json")
    try place.writeNoise("in.ppm")
    try place.expectRefusal(
      64, naming: ["--threads", "1 to 1024"], ["apply", "k.json", "in.ppm", "out.ppm", "--threads", threads])
  }
}
