import FewtapGPU
import Foundation
import TestSupport
import Testing

/// `fewtap bench gpu`: what runs, and that it is held to the reference.
@Suite struct BenchGPUTests {
  private static let hasDevice = (try? GPUDevice()) != nil
  private static let needs: Comment = "needs EGL and a driver of OpenGL ES: libegl1, libgles2, libgl1-mesa-dri"

  @Test("a kernel's filter runs beside the kernel and the best separable one", .enabled(if: hasDevice, needs))
  func rivals() throws {
    let place = try Workplace()
    let outcome = try place.run([
      "bench", "gpu", "heart:size=9", "--size", "61x47", "--size", "64x48", "--rounds", "2", "--json",
    ])
    #expect(outcome.code == 0, "\(outcome.errors)")
    let rows = try #require(try outcome.json()["rows"] as? [[String: Any]])
    let names = ["fewtap", "separable", "dense"]
    #expect(rows.map { $0["shader"] as? String } == names + names)
    #expect(rows.map { $0["width"] as? Int } == [61, 61, 61, 64, 64, 64])
    for row in rows {
      let passes = try #require(row["passes"] as? [[String: Any]])
      let sum = passes.reduce(0) { $0 + ($1["milliseconds"] as? Double ?? .infinity) }
      let time = try #require(row["milliseconds"] as? Double)
      // Medians of two rounds are means: those of the passes sum to that of the sums.
      #expect(time > 0 && abs(sum - time) <= 1e-9 * time)
    }
    let decibels = rows.prefix(3).compactMap { $0["photoPSNR"] as? Double }
    #expect(decibels[0] >= 60 && decibels[1] < decibels[0] && decibels[2] > 200)
  }

  @Test(
    "files run too; with fetches and floats to rounding", .enabled(if: hasDevice, needs),
    arguments: ["compute", "fragment"])
  func files(stage: String) throws {
    let place = try Workplace()
    try place.writeIdentity("k.json")
    #expect(try place.run(["basis", "disk:radius=0...4", "--knots", "4", "-o", "b.json", "--quiet"]).code == 0)
    var options = ["--size", "61x47", "--rounds", "1", "--sampling", "fetch", "--format", "rgba32f", "--json"]
    if stage == "fragment" { options += ["--stage", stage] }
    let outcome = try place.run(["bench", "gpu", "k.json", "b.json"] + options)
    #expect(outcome.code == 0, "\(outcome.errors)")
    let rows = try #require(try outcome.json()["rows"] as? [[String: Any]])
    #expect(rows.map { $0["kernel"] as? String } == ["k.json", "b.json"])
    #expect(rows.allSatisfy { ($0["difference"] as? Double ?? 1) < 1e-5 })
  }

  @Test("without a driver it says so; what it cannot read it names")
  func refusals() throws {
    let place = try Workplace()
    #if os(Linux)
    let hidden = [
      "__EGL_VENDOR_LIBRARY_DIRS": place.path("none"), "__EGL_VENDOR_LIBRARY_FILENAMES": place.path("none"),
    ]
    let outcome = try place.run(["bench", "gpu"], environment: hidden)
    #expect(outcome.code == 69 && outcome.errors.contains("no GPU device"))
    #endif
    guard Self.hasDevice else { return }
    try place.expectRefusal(
      64, naming: ["nothere.json is no file", "fewtap bench gpu --help"], ["bench", "gpu", "nothere.json"])
  }
}
