import Fewtap
import FewtapGPU
import FewtapImageIO
import Foundation
import TestSupport
import Testing

/// `fewtap apply --device gpu` with a basis.
@Suite struct DeviceBasisTests {
  private static let hasDevice = (try? GPUDevice()) != nil
  private static let needs: Comment = "needs EGL and a driver of OpenGL ES: libegl1, libgles2, libgl1-mesa-dri"

  /// Taps that move apart from knot to knot.
  private static var offsets: FilterBasis {
    let filters = [0.0, 1, 4].map { radius in
      let corners = [(-1.0, -0.5), (1, -0.5), (0.25, 1)].map {
        Tap(x: $0.0 * radius, y: $0.1 * radius, weight: 1.0 / 3)
      }
      let dots = [(0.5, 0.25), (-0.5, -0.25)].map { Tap(x: $0.0 * radius, y: $0.1 * radius, weight: 0.5) }
      return SparseFilter(chain: TapChain(model: .bilinear, layers: [TapLayer(corners), TapLayer(dots)]))
    }
    return FilterBasis(
      interpolation: .offsets, axes: [KnotAxis(name: "radius", unit: "px", knots: [0, 1, 4])], filters: filters)
  }

  /// A map that the files of the tests say in their own ways.
  private struct MapCase {
    let name: String
    let arguments: [String]
    let basis: FilterBasis
  }

  private static let cases: [MapCase] = [
    MapCase(name: "outputs by a ramp", arguments: ["--ramp", "y=60%,falloff=6,high=3.5"], basis: Samples.basis()),
    MapCase(name: "outputs by an image", arguments: ["--map", "m.pgm"], basis: Samples.basis()),
    MapCase(
      name: "outputs over two axes", arguments: ["--map", "radius=m.pgm", "--at", "angle=60"],
      basis: Samples.basis(angles: [0, 90, 180])),
    MapCase(name: "offsets by an image", arguments: ["--map", "m.pgm", "--border", "mirror"], basis: offsets),
    MapCase(name: "offsets by place", arguments: ["--field", "radius=x"], basis: offsets),
  ]

  /// How far the CPU's result is from what the numbers say: rounding, and for offsets the table that it reads them from.
  private static func tolerance(_ basis: FilterBasis) -> Float { basis.interpolation == .outputs ? 1e-5 : 2e-3 }

  @Test("maps of every kind give what the CPU gives", .enabled(if: hasDevice, needs), arguments: 0..<5)
  func equalsCPU(number: Int) throws {
    let item = Self.cases[number]
    let place = try Workplace()
    try place.write(item.basis.json(), to: "b.json")
    try place.writeNoise("a.ppm")
    try place.writeGray("m.pgm", width: 24, (0..<24 * 16).map { UInt8($0 * 5 % 256) })
    let apply = ["apply", "b.json", "a.ppm", "--transfer", "linear"] + item.arguments
    #expect(try place.run(apply + ["cpu.pfm"]).code == 0)
    let outcome = try place.run(apply + ["gpu.pfm", "--device", "gpu", "--sampling", "fetch", "--json"])
    #expect(outcome.code == 0, "\(item.name): \(outcome.errors)")
    let (cpu, gpu) = (
      try ImageFile.read(path: place.path("cpu.pfm")).image, try ImageFile.read(path: place.path("gpu.pfm")).image
    )
    let source = try ImageFile.read(path: place.path("a.ppm"), transfer: .linear).image
    let tolerance = Self.tolerance(item.basis)
    for (channel, (a, b)) in zip(cpu.planes, gpu.planes).enumerated() {
      let worst = zip(a.values, b.values).map { abs($0 - $1) }.max() ?? .infinity
      #expect(worst <= tolerance, "\(item.name), channel \(channel): \(worst)")
      // The map does something.
      #expect(zip(b.values, source.planes[channel].values).contains { abs($0 - $1) > 10 * tolerance })
    }
    let device = try #require(try outcome.json()["device"] as? [String: Any])
    let passes = try #require(device["passes"] as? [[String: Any]])
    #expect(passes.contains { $0["name"] as? String == "coordinates" })
  }

  @Test("without compute shaders, as in OpenGL ES 3.0, fragments give the same", .enabled(if: hasDevice, needs))
  func embedded30() throws {
    let place = try Workplace()
    try place.write(Self.offsets.json(), to: "b.json")
    try place.write(Samples.basis().json(), to: "o.json")
    try place.writeNoise("a.ppm")
    // Mesa then gives no more than that; other drivers do not know the word.
    let old = ["MESA_GLES_VERSION_OVERRIDE": "3.0"]
    for basis in ["b.json", "o.json"] {
      let apply = ["apply", basis, "a.ppm", "--field", "radius", "--device", "gpu", "--json", "--sampling", "fetch"]
      let outcome = try place.run(apply + ["old.pfm", "--force"], environment: old)
      #expect(outcome.code == 0, "\(outcome.errors)")
      let device = try #require(try outcome.json()["device"] as? [String: Any])
      guard (device["version"] as? String)?.hasPrefix("OpenGL ES 3.0") == true else {
        #expect((device["version"] as? String)?.contains("Mesa") == false, "\(device)")
        return
      }
      #expect(device["stage"] as? String == "fragment")
      #expect(try place.run(apply + ["new.pfm", "--stage", "fragment", "--force"]).code == 0)
      // One driver, the same text.
      #expect(place.bytes("old.pfm") == place.bytes("new.pfm"))
      let refused = try place.run(apply + ["no.pfm", "--stage", "compute"], environment: old)
      #expect(refused.code == 1 && refused.errors.contains("compute shaders"), "\(refused.errors)")
      #expect(place.bytes("no.pfm") == nil)
    }
  }

  #if os(Linux)
  @Test("without a driver the exit code is 69, and nothing is written")
  func noDevice() throws {
    let place = try Workplace()
    try place.write(Self.offsets.json(), to: "b.json")
    try place.writeNoise("a.ppm")
    let hidden = [
      "__EGL_VENDOR_LIBRARY_DIRS": place.path("none"), "__EGL_VENDOR_LIBRARY_FILENAMES": place.path("none"),
    ]
    let outcome = try place.run(
      ["apply", "b.json", "a.ppm", "x.pfm", "--field", "radius", "--device", "gpu"], environment: hidden)
    #expect(outcome.code == 69 && outcome.errors.contains("fewtap: error: --device gpu: no GPU device"))
    #expect(place.bytes("x.pfm") == nil)
  }
  #endif

  @Test("what only the CPU does with a basis is refused before a device is looked for")
  func refusals() throws {
    let place = try Workplace()
    try place.write(Samples.basis().json(), to: "b.json")
    try place.writeNoise("a.ppm")
    try place.writeGray("d.pgm", width: 24, [UInt8](repeating: 9, count: 24 * 16))
    let apply = ["apply", "b.json", "a.ppm", "x.pfm", "--device", "gpu"]
    try place.expectRefusal(64, naming: ["--physics scatter"], apply + ["--field", "radius", "--physics", "scatter"])
    try place.expectRefusal(
      64, naming: ["--depth", "--no-occlusion"], apply + ["--depth", "d.pgm", "--focus", "0.5"])
  }
}
