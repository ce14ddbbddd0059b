import FewtapCore
import FewtapEngine
import FewtapGPU
import FewtapShaders
import TestSupport
import Testing

/// OpenGL's and OpenGL ES' text, executed by the driver at hand (Mesa's in software where there is no GPU), against the reference.
@Suite("Shaders run by OpenGL", .serialized)
struct OpenGLConformanceTests {
  /// The device of an interface; nil where there is none, which skips the tests by name.
  static func hasDevice(_ interface: GPUDevice.Interface) -> Bool { (try? GPUDevice(interface)) != nil }

  /// A program and what its output must be.
  struct Case {
    var label: String
    var program: ShaderProgram
    var stage: ShaderStage
    var image: [Plane<Double>]
    var parameters: [Float] = []
    var expected: [Plane<Double>]
  }

  static func expectConformance(_ cases: [Case], on interface: GPUDevice.Interface) throws {
    let device = try GPUDevice(interface)
    for item in cases {
      let (width, height) = (item.image[0].width, item.image[0].height)
      let filter = try GPUFilter(item.program, on: device, stage: item.stage, width: width, height: height)
      try filter.setParameters(item.parameters)
      let result = try filter.run(FilterConformanceTests.texels(item.image))
      let expected = FilterConformanceTests.texels(item.expected)
      let differences = zip(result, expected).map { abs(Double($0) - Double($1)) }
      let tolerance = FilterConformanceTests.promised(item.program.options.format)
      // NaN is never near.
      #expect(
        differences.count == 4 * width * height && differences.allSatisfy { $0 <= tolerance },
        "\(interface), \(item.label), \(item.stage): \(differences.max() ?? .infinity)")
    }
  }

  static func filterCases(_ seed: UInt64) throws -> [Case] {
    var (cases, random) = ([Case](), SeededGenerator(seed: seed))
    for (name, filter) in FilterConformanceTests.filters() {
      for border in FilterConformanceTests.borders {
        let number = cases.count / 2
        var options = ShaderOptions()
        options.border = border
        options.format = number % 7 == 3 ? .half : .float
        options.sampling = number % 3 == 0 ? .fetch : .hardware
        options.constants = number % 2 == 0 ? .unrolled : .table
        let (width, height) = number % 4 == 1 ? (7, 5) : (37, 29)
        let image = FilterConformanceTests.image(&random, width, height)
        for stage in ShaderStage.allCases {
          cases.append(
            Case(
              label: "\(name), \(border), \(options.sampling), \(options.constants), \(options.format)",
              program: try ShaderProgram(filter, options: options), stage: stage, image: image,
              expected: try image.map { try ReferenceApply.apply(filter, to: $0, border: border) }))
        }
      }
    }
    return cases
  }

  @Test(
    "ESSL: every tap model, rate, border, stage, sampling, and form of constants gives what the reference gives",
    .enabled(if: hasDevice(.embedded), "needs EGL and a driver of OpenGL ES: libegl1, libgles2, libgl1-mesa-dri"))
  func embedded() throws { try Self.expectConformance(Self.filterCases(603), on: .embedded) }

  @Test(
    "GLSL: every tap model, rate, border, stage, sampling, and form of constants gives what the reference gives",
    .enabled(if: hasDevice(.desktop), "needs EGL and a driver of OpenGL 4.5: libegl1, libgl1-mesa-dri"))
  func desktop() throws { try Self.expectConformance(Self.filterCases(604), on: .desktop) }
}
