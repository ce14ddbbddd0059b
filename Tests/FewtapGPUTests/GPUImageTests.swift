import FewtapCore
import FewtapEngine
import FewtapGPU
import FewtapShaders
import TestSupport
import Testing

@Suite(
  "Images on a device", .serialized,
  .enabled(if: (try? GPUDevice()) != nil, "needs EGL and a driver of OpenGL ES: libegl1, libgles2, libgl1-mesa-dri"))
struct GPUImageTests {
  /// METHOD.md section 9, images up to 1.
  private static let promised = 1e-5
  private static let filter = SparseFilter(
    chain: TapChain(
      model: .integer,
      layers: [
        TapLayer([Tap(x: 2, y: 0, weight: 0.5), Tap(x: -1, y: 1, weight: 0.5)]),
        TapLayer([Tap(x: 0, y: 0, weight: 0.75), Tap(x: 3, y: -2, weight: 0.25)]),
      ]), gain: 0.9)

  private static func image(
    channels: Int, alpha: Int?, isAssociated: Bool = false, _ random: inout SeededGenerator
  ) throws -> Image {
    let planes = (0..<channels).map { channel -> Plane<Float> in
      random.plane(width: 31, height: 17, in: channel == alpha ? 0.5...1 : 0...1)
    }
    return try Image(planes: planes, alphaIndex: alpha, alphaIsAssociated: isAssociated)
  }

  private static func expect(_ result: Image, near expected: Image, _ label: String) {
    #expect(result.alphaIndex == expected.alphaIndex && result.alphaIsAssociated == expected.alphaIsAssociated)
    #expect(result.planes.count == expected.planes.count)
    for (channel, (a, b)) in zip(result.planes, expected.planes).enumerated() {
      let worst = zip(a.values, b.values).map { abs(Double($0) - Double($1)) }
      #expect(worst.allSatisfy { $0 <= promised }, "\(label), channel \(channel): \(worst.max() ?? 0)")
    }
  }

  @Test("images of any number of channels, alpha anywhere, come out as the engine has them")
  func channels() throws {
    let device = try GPUDevice()
    var random = SeededGenerator(seed: 641)
    let kinds: [(Int, Int?, Bool)] = [
      (1, nil, false), (3, nil, false), (4, nil, false), (6, nil, false), (2, 1, false), (4, 3, false), (4, 0, true),
      (6, 2, false), (1, 0, false),
    ]
    for (count, alpha, isAssociated) in kinds {
      let image = try Self.image(channels: count, alpha: alpha, isAssociated: isAssociated, &random)
      var options = ShaderOptions()
      (options.border, options.format, options.alpha) = (.mirror, .float, .init(of: image))
      let program = try ShaderProgram(Self.filter, options: options)
      let filter = try GPUFilter(program, on: device, width: image.width, height: image.height)
      let expected = try ApplyPlan(Self.filter, width: image.width).apply(
        to: image, options: ApplyOptions(border: .mirror))
      Self.expect(
        try filter.apply(to: image), near: expected, "\(count) channels, alpha \(alpha.map(String.init) ?? "none")")
      #expect(filter.times.map(\.pass) == program.passes.map(\.name))
    }
  }

  @Test("a basis follows its map, and a second map gives what it gives alone")
  func maps() throws {
    let device = try GPUDevice()
    var random = SeededGenerator(seed: 642)
    let axis = KnotAxis(name: "radius", unit: "px", knots: [0, 2, 5])
    let basis = FilterBasis(
      interpolation: .offsets, axes: [axis],
      filters: (0..<3).map { _ in SparseFilter(chain: random.chain(.bilinear, layout: [5, 3], reach: 3)) })
    let image = try Self.image(channels: 5, alpha: nil, &random)
    var options = ShaderOptions()
    (options.format, options.sampling) = (.float, .fetch)
    let program = try ShaderProgram(basis, options: options)
    let filter = try GPUFilter(program, on: device, width: image.width, height: image.height)
    for number in 0..<2 {
      let radii: Plane<Float> = random.plane(width: image.width, height: image.height, in: 0...5)
      try filter.setParameters(ParameterMap([radii]))
      // The engine's table of knots is not as near to the basis as that.
      let reference = try ReferenceVarying(basis, coordinates: [radii.map { axis.coordinate(of: Double($0)) }])
      let expected = try image.planes.map { plane in
        try reference.apply(to: plane.map { Double($0) }).map { Float($0) }
      }
      Self.expect(try filter.apply(to: image), near: try Image(planes: expected), "map \(number)")
    }
    _ = try filter.apply(to: image)
    let kept = program.passes.filter { $0.dependsOn < .image }.map(\.name)
    #expect(!kept.isEmpty && filter.times.allSatisfy { !kept.contains($0.pass) })
  }

  @Test("an image or map that a filter was not made for is refused")
  func refusals() throws {
    let device = try GPUDevice()
    var random = SeededGenerator(seed: 643)
    let filter = try GPUFilter(
      ShaderProgram(Self.filter, options: ShaderOptions()), on: device, width: 31, height: 17)
    let translucent = try Self.image(channels: 2, alpha: 1, &random)
    #expect(throws: GPUError.self) { try filter.apply(to: translucent) }
    let small = try Image(planes: [Plane<Float>(width: 3, height: 17)])
    #expect(throws: GPUError.self) { try filter.apply(to: small) }
    #expect(throws: GPUError.self) { try filter.setParameters(ParameterMap(width: 3, height: 17, constant: [1])) }
  }
}
