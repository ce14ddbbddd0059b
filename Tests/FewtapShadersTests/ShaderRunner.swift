import FewtapCore
import FewtapShaders
import Testing

/// Something that executes programs' text in one language.
protocol ShaderRunner: Sendable {
  /// The language and what runs it.
  var name: String { get }
  /// What this machine lacks for it; nil: nothing.
  var missing: String? { get }
  /// The output of each job, four numbers a pixel.
  func results(_ jobs: [MetalRun.Job]) throws -> [[Float]]
}

/// Every language, by what runs it on machines without a GPU.
enum ShaderRunners {
  static let all: [any ShaderRunner] = [
    MetalRun(), OpenGLRun(interface: .embedded), OpenGLRun(interface: .desktop), WebGPURun(language: .wgsl),
    WebGPURun(language: .hlsl), HostRun(interface: .webGL2), HostRun(interface: .webGPU),
  ]
  static let available = all.filter { $0.missing == nil }
}

/// A test a language, skipped by name where its tool is missing: conformance suites run what is there.
@Suite("Shaders are run in")
struct ShaderRunnerTests {
  @Test("MSL", .enabled(if: ShaderRunners.all[0].missing == nil, "needs clang++"))
  func metal() throws { try Self.expectCopy(ShaderRunners.all[0]) }

  @Test(
    "ESSL",
    .enabled(if: ShaderRunners.all[1].missing == nil, "needs OpenGL ES: libegl1, libgles2, libgl1-mesa-dri"))
  func embedded() throws { try Self.expectCopy(ShaderRunners.all[1]) }

  @Test("GLSL", .enabled(if: ShaderRunners.all[2].missing == nil, "needs OpenGL 4.5: libegl1, libgl1-mesa-dri"))
  func desktop() throws { try Self.expectCopy(ShaderRunners.all[2]) }

  @Test(
    "WGSL",
    .enabled(
      if: ShaderRunners.all[3].missing == nil,
      "needs wgpu and a Vulkan driver: 'make shader-tools', mesa-vulkan-drivers"))
  func webGPU() throws { try Self.expectCopy(ShaderRunners.all[3]) }

  @Test(
    "HLSL",
    .enabled(
      if: ShaderRunners.all[4].missing == nil,
      "needs wgpu, a Vulkan driver and glslang: 'make shader-tools', mesa-vulkan-drivers, glslang-tools"))
  func direct3D() throws { try Self.expectCopy(ShaderRunners.all[4]) }

  @Test(
    "ESSL by the WebGL 2 host, in Chromium",
    .enabled(if: ShaderRunners.all[5].missing == nil, "needs a browser with WebGL 2: chromium"))
  func webGLHost() throws { try Self.expectCopy(ShaderRunners.all[5]) }

  @Test(
    "WGSL by the WebGPU host, in Chromium",
    .enabled(if: ShaderRunners.all[6].missing == nil, "needs a browser with WebGPU: chromium"))
  func webGPUHost() throws { try Self.expectCopy(ShaderRunners.all[6]) }

  /// A filter of one tap moves the image by whole pixels, exactly.
  private static func expectCopy(_ runner: any ShaderRunner) throws {
    let image = (0..<4 * 5 * 3).map { Float($0) }
    var jobs: [MetalRun.Job] = []
    for stage in ShaderStage.allCases {
      var options = ShaderOptions()
      (options.prefix, options.format) = ("\(stage)_", .float)
      let move = SparseFilter(
        chain: TapChain(model: .integer, layers: [TapLayer([Tap(x: 2, y: 1, weight: 1)])]))
      jobs.append(
        MetalRun.Job(
          label: "\(stage)", program: try ShaderProgram(move, options: options), stage: stage, width: 5, height: 3,
          image: image))
    }
    for result in try runner.results(jobs) {
      for index in image.indices {
        let (x, y) = (index / 4 % 5, index / 20)
        // The result at p is the image at p - (2, 1), clamped.
        #expect(result[index] == image[4 * (max(y - 1, 0) * 5 + max(x - 2, 0)) + index % 4], "\(runner.name)")
      }
    }
  }
}
