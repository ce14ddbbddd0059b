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

  @Test(arguments: ["0", "-1", "1025", "many"]) func threadsThatCannotBe(threads: String) throws {
    let place = try Workplace()
    try place.writeIdentity("k.json")
    try place.writeNoise("in.ppm")
    try place.expectRefusal(
      64, naming: ["--threads", "1 to 1024"], ["apply", "k.json", "in.ppm", "out.ppm", "--threads", threads])
  }
}
