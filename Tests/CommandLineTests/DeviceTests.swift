import Fewtap
import FewtapGPU
import FewtapImageIO
import Foundation
import TestSupport
import Testing

/// `fewtap apply --device gpu`.
@Suite struct DeviceTests {
  private static let hasDevice = (try? GPUDevice()) != nil
  private static let needs: Comment = "needs EGL and a driver of OpenGL ES: libegl1, libgles2, libgl1-mesa-dri"
  private static let layers = "[[[2, 0, 0.5], [-1, 1, 0.5]], [[0, 0, 0.75], [3, -2, 0.25]]]"

  @Test(
    "codes come out as on the CPU, whatever the border and type", .enabled(if: hasDevice, needs),
    arguments: [
      ["--border", "mirror"], ["--border", "normalized"], ["--border", "constant", "--constant", "0.5"],
      ["--stage", "fragment"],
    ])
  func equalsCPU(options: [String]) throws {
    let place = try Workplace()
    try place.write(Samples.filter(layers: Self.layers).utf8, to: "k.json")
    try place.writeNoise("in.ppm", seed: 7)
    let shared = options.first == "--stage" ? [] : options
    #expect(try place.run(["apply", "k.json", "in.ppm", "cpu.tif", "--type", "uint16"] + shared).code == 0)
    let outcome = try place.run(
      ["apply", "k.json", "in.ppm", "gpu.tif", "--type", "uint16", "--device", "gpu", "--json"] + options)
    #expect(outcome.code == 0, "\(outcome.errors)")
    let (cpu, gpu) = (
      try ImageFile.read(path: place.path("cpu.tif"), transfer: .linear).image,
      try ImageFile.read(path: place.path("gpu.tif"), transfer: .linear).image
    )
    for (a, b) in zip(cpu.planes, gpu.planes) {
      // Both round a result that differs by rounding alone: a code at most.
      #expect(zip(a.values, b.values).allSatisfy { abs($0 - $1) * 65535 < 1.5 })
    }
    let device = try #require(try outcome.json()["device"] as? [String: Any])
    let passes = try #require(device["passes"] as? [[String: Any]])
    #expect(passes.map { $0["name"] as? String }.suffix(2) == ["layer1", "layer2"])
    #expect(passes.allSatisfy { ($0["milliseconds"] as? Double ?? -1) >= 0 } && device["name"] is String)
    if options.first == "--stage" { #expect(device["stage"] as? String == "fragment") }
  }

  @Test("--verbose says which device, and how long each pass took", .enabled(if: hasDevice, needs))
  func verbose() throws {
    let place = try Workplace()
    try place.writeIdentity("k.json")
    try place.writeNoise("in.ppm")
    let outcome = try place.run(["apply", "k.json", "in.ppm", "out.png", "--device", "gpu", "--verbose"])
    #expect(outcome.code == 0 && outcome.errors.contains("fewtap: device: ") && outcome.errors.contains("layer1: "))
  }

  #if os(Linux)
  @Test("without a driver it says so, with an exit code of its own, and writes nothing")
  func noDevice() throws {
    let place = try Workplace()
    try place.writeIdentity("k.json")
    try place.writeNoise("in.ppm")
    // Where libglvnd looks for drivers, and what makes a system without libglvnd's EGL refuse.
    let hidden = [
      "__EGL_VENDOR_LIBRARY_DIRS": place.path("none"), "__EGL_VENDOR_LIBRARY_FILENAMES": place.path("none"),
    ]
    let outcome = try place.run(
      ["apply", "k.json", "in.ppm", "out.png", "--device", "gpu"], environment: hidden)
    #expect(outcome.code == 69 && outcome.errors.contains("fewtap: error: --device gpu: no GPU device"))
    #expect(place.bytes("out.png") == nil)
  }
  #endif

  @Test("what is for one device only is refused for the other")
  func refusals() throws {
    let place = try Workplace()
    try place.writeIdentity("k.json")
    try place.writeNoise("in.ppm")
    try place.expectRefusal(
      64, naming: ["--sampling", "--device gpu"], ["apply", "k.json", "in.ppm", "out.png", "--sampling", "fetch"])
    try place.expectRefusal(
      64, naming: ["--compare", "--device cpu"],
      ["apply", "k.json", "in.ppm", "out.png", "--device", "gpu", "--compare", "--kernel", "delta"])
  }

  @Test("an image that no texture holds is refused with the limit", .enabled(if: hasDevice, needs))
  func tooLarge() throws {
    let place = try Workplace()
    try place.writeIdentity("k.json")
    let side = try GPUDevice().limits.textureSide
    try place.writeGray("wide.pgm", width: side + 1, [UInt8](repeating: 9, count: side + 1))
    try place.expectRefusal(
      1, naming: ["wide.pgm", "\(side)"], ["apply", "k.json", "wide.pgm", "out.png", "--device", "gpu"])
  }
}
