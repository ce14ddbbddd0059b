import Fewtap
import Foundation
import Testing

/// The form that others script: help, JSON, quiet, version.
@Suite struct FormTests {
  @Test(arguments: ["kernel", "fit", "basis", "apply", "info"]) func everyCommandExplainsItself(command: String) throws
  {
    let place = try Workplace()
    let help = try place.run([command, "--help"])
    #expect(help.code == 0 && help.errors.isEmpty)
    let examples = help.output.split(separator: "\n").count { $0.hasPrefix("  fewtap ") }
    #expect(examples >= 2)
    for flag in ["--json", "--verbose", "--quiet"] { #expect(help.output.contains(flag)) }
    #expect(try place.run(["help", command]).output == help.output)
  }

  @Test func everyCommandTellsTheVersion() throws {
    let place = try Workplace()
    let version = try place.run(["--version"]).output
    #expect(version.split(separator: ".").count == 3)
    #expect(try place.run(["fit", "--version"]).output == version)
  }

  @Test func jsonHasItsKeys() throws {
    let place = try Workplace()
    try place.writeNoise("a.ppm")
    let expected: [(arguments: [String], keys: String)] = [
      (
        ["kernel", "disk:radius=4"],
        "command output name width height center sum absoluteSum minimum maximum support supportBounds radius centroid "
          + "variance covariance sha256 warnings"
      ),
      (["kernel", "--list"], "command kernels warnings"),
      (
        ["fit", "disk:radius=4", "-o", "k.json", "--taps", "12", "--effort", "fast"],
        "command output kernel tapModel layout taps rate multiplyAdds multiplyAddsPerPixel denseMultiplyAdds photoPSNR "
          + "worstPhotoPSNR relativeError flicker noiseGain objective recipe effort seed termination seconds plan warnings"
      ),
      (
        ["info", "k.json"],
        "command filter kernel tapModel layout taps rate multiplyAdds multiplyAddsPerPixel denseMultiplyAdds layers bounds "
          + "halo gain sum noiseGain errorFrom photoPSNR worstPhotoPSNR relativeError flicker objective recipe effort "
          + "seed termination warnings"
      ),
      (
        ["apply", "k.json", "a.ppm", "b.ppm"],
        "command output width height channels multiplyAdds seconds memoryNeeded comparison warnings"
      ),
      (
        ["basis", "disk:radius=0...4", "-o", "v.json", "--knots", "3"],
        "command basis family interpolation tracks series axes filterCount taps rates multiplyAddsPerPixel bounds halo photoPSNR "
          + "worstPhotoPSNR worstAt sampleCount relativeError noiseGain objective recipe seed termination seconds warnings"
      ),
      (
        ["info", "v.json"],
        "command basis family interpolation tracks series axes filterCount taps rates multiplyAddsPerPixel bounds halo photoPSNR "
          + "worstPhotoPSNR worstAt sampleCount relativeError noiseGain objective recipe seed termination warnings"
      ),
      (
        ["apply", "v.json", "a.ppm", "v.ppm", "--at", "radius=2"],
        "command output width height channels parameters seconds memoryNeeded warnings"
      ),
    ]
    for (arguments, keys) in expected {
      // Quiet silences everything but what was asked for.
      let outcome = try place.run(arguments + ["--json", "--quiet"])
      #expect(outcome.code == 0 && outcome.errors.isEmpty)
      #expect(try outcome.json().keys.sorted() == keys.split(separator: " ").map(String.init).sorted())
      #expect(try outcome.json()["command"] as? String == arguments[0])
    }
  }

  @Test func numbersAreNumbers() throws {
    let place = try Workplace()
    let json = try place.run(["fit", "disk:radius=4", "-o", "k.json", "--taps", "12", "--effort", "fast", "--json"])
      .json()
    for key in ["photoPSNR", "worstPhotoPSNR", "relativeError", "noiseGain", "seconds"] { #expect(json[key] is Double) }
    for key in ["taps", "multiplyAdds", "denseMultiplyAdds", "seed"] { #expect(json[key] is Int) }
    #expect(json["layout"] is [Int])
  }

  @Test func quietSaysNothing() throws {
    let place = try Workplace()
    let outcome = try place.run(["kernel", "disk:radius=4", "-o", "k.png", "-q"])
    #expect(outcome.code == 0 && outcome.output.isEmpty && outcome.errors.isEmpty)
  }

  @Test func verboseSaysMore() throws {
    let place = try Workplace()
    try place.writeIdentity("k.json")
    try place.writeNoise("a.ppm")
    let outcome = try place.run(["apply", "k.json", "a.ppm", "b.ppm", "-v"])
    #expect(outcome.errors.contains("uint8") && outcome.errors.contains("halo 0"))
  }

  @Test func theListHasEveryExample() throws {
    let place = try Workplace()
    let kernels = try #require(try place.run(["kernel", "--list", "--json"]).json()["kernels"] as? [[String: Any]])
    #expect(kernels.count > 10)
    for kernel in kernels {
      let example = try #require(kernel["example"] as? String)
      #expect(throws: Never.self) { try KernelSpecification(example) }
      #expect((kernel["parameters"] as? [[String: Any]])?.isEmpty == false)
    }
  }

  @Test func aReaderThatLeavesIsNoFailure() throws {
    let place = try Workplace()
    let pipe = Pipe()
    try pipe.fileHandleForReading.close()
    let outcome = try place.run(["kernel", "--list"], output: pipe.fileHandleForWriting)
    #expect(outcome.code == 0 && outcome.errors.isEmpty)
  }

  @Test(.enabled(if: FileManager.default.fileExists(atPath: "/dev/full"))) func aFullStandardOutputIsAFailure() throws {
    let place = try Workplace()
    let outcome = try place.run(["kernel", "disk"], output: FileHandle(forWritingAtPath: "/dev/full"))
    #expect(outcome.code == 1 && outcome.errors.contains("standard output"))
  }

  @Test func artFitsTheTerminal() throws {
    let place = try Workplace()
    let art = try place.run(["kernel", "box:width=201,height=3", "--show"]).output
    #expect(art.split(separator: "\n").allSatisfy { $0.count <= 80 })
    #expect(try place.run(["kernel", "log:sigma=2", "--show"]).output.contains("9"))
  }
}
