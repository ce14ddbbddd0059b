import FewtapCore
import FewtapGPU
import FewtapShaders
import TestSupport
import Testing

@Suite("Devices")
struct GPUDeviceTests {
  @Test("a machine without EGL is told apart from one that fails")
  func noLibrary() throws {
    let error = #expect(throws: GPUError.self) { try GPUDevice(.embedded, library: "libfewtap-has-no-such.so") }
    #expect(error?.meansNoDevice == true)
    #expect("\(try #require(error))".hasPrefix("no GPU device: the system has no EGL"))
    // A library, but not EGL.
    let other = #expect(throws: GPUError.self) { try GPUDevice(.embedded, library: "libm.so.6") }
    #if os(Linux)
    #expect(other == .noFunction("eglGetProcAddress"))
    #else
    #expect(other?.meansNoDevice == true)
    #endif
  }
}

@Suite(
  "Filters on a device", .serialized,
  .enabled(if: (try? GPUDevice()) != nil, "needs EGL and a driver of OpenGL ES: libegl1, libgles2, libgl1-mesa-dri"))
struct GPUFilterTests {
  private static func program(_ format: TexelFormat = .float) throws -> ShaderProgram {
    var options = ShaderOptions()
    options.format = format
    let layer = TapLayer([Tap(x: 1, y: 0, weight: 0.25), Tap(x: 0, y: -1, weight: 0.75)])
    return try ShaderProgram(
      SparseFilter(chain: TapChain(model: .integer, layers: [layer, layer])), options: options)
  }

  @Test("a device says what it is and what it allows")
  func device() throws {
    let device = try GPUDevice()
    #expect(!device.name.isEmpty && device.version.hasPrefix("OpenGL ES 3"))
    // What OpenGL ES 3.0 guarantees.
    #expect(device.limits.textureSide >= 2048 && device.limits.textureLayers >= 256 && device.limits.inputs >= 15)
    #expect(device.language == .essl)
  }

  @Test("a filter runs again and again, times each pass, and two of a device do not disturb each other")
  func runs() throws {
    let device = try GPUDevice()
    let (a, b) = (
      try GPUFilter(Self.program(), on: device, width: 8, height: 6),
      try GPUFilter(Self.program(), on: device, stage: .fragment, width: 8, height: 6)
    )
    var random = SeededGenerator(seed: 631)
    for _ in 0..<3 {
      let image = (0..<4 * 8 * 6).map { _ in Float.random(in: 0...1, using: &random) }
      let first = try a.run(image)
      #expect(try b.run(image) == first)
      let start = ContinuousClock.now
      #expect(try a.run(image) == first)
      let waited = (ContinuousClock.now - start) / .milliseconds(1)
      #expect(a.times.map(\.pass) == a.program.passes.map(\.name))
      // No driver may be believed that says more than was waited for.
      #expect(a.times.allSatisfy { $0.milliseconds > 0 } && a.times.reduce(0) { $0 + $1.milliseconds } <= waited)
    }
  }

  @Test("images and textures of the wrong size are refused, and so are ones that no texture holds")
  func sizes() throws {
    let device = try GPUDevice()
    let filter = try GPUFilter(Self.program(), on: device, width: 8, height: 6)
    #expect(throws: GPUError.texelCount(texture: "image", count: 3, expected: 192)) { try filter.run([1, 2, 3]) }
    let side = device.limits.textureSide + 1
    let error = #expect(throws: GPUError.self) {
      try GPUFilter(Self.program(), on: device, width: side, height: 2)
    }
    #expect(error == .textureSize(texture: "image", width: side, height: 2, limit: side - 1))
    #expect(error?.meansNoDevice == false)
    #expect(throws: GPUError.self) { try GPUFilter(Self.program(), on: device, width: 0, height: 2) }
  }
}
