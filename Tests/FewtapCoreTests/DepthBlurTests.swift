import FewtapCore
import TestSupport
import Testing

@Suite("Blur by depth")
struct DepthBlurTests {
  private let lens = ThinLens(focalLength: 50, fNumber: 2)

  /// The circle of confusion as the paper writes it, mm.
  private func circle(_ lens: ThinLens, focus: Double, depth: Double) -> Double {
    let (f, d) = (focus * 1000, depth * 1000)
    return lens.focalLength / lens.fNumber * (abs(d - f) / d) * lens.focalLength / (f - lens.focalLength)
  }

  @Test("a lens' circle of confusion, near and far, in pixels", arguments: [0.4, 1.0, 1.999, 2, 2.5, 10, 1e6])
  func thinLens(depth: Double) throws {
    let blur = DepthBlur(law: .lens(lens), focus: 2...2, largestRadius: 1000)
    let radius = try blur.signedRadius(depths: 0...1, width: 3600)(depth)
    let expected = circle(lens, focus: 2, depth: depth) / 2 * 100
    // The difference of two reciprocals loses what they have in common.
    let tolerance = gamma(20) * expected + gamma(4) * 34_000 / min(depth, 2)
    #expect(abs(abs(radius) - expected) <= tolerance)
    #expect(depth == 2 ? radius == 0 : (radius < 0) == (depth < 2))
  }

  @Test("figures from a photographer's table: 50 mm at f/2 focused at 2 m, on 36 mm")
  func table() throws {
    let radius = try DepthBlur(law: .lens(lens), focus: 2...2, largestRadius: 1000).signedRadius(
      depths: 0...1, width: 3600)
    // Infinity: A F / (f - F) = 25 * 50 / 1950 mm; 1 m: the same times (2 - 1) / 1.
    let infinity = 25 * 50 / 1950.0 / 2 * 100
    #expect(abs(radius(.infinity) - infinity) <= gamma(20) * infinity)
    #expect(abs(radius(1) + infinity) <= gamma(20) * infinity)
    let stopped = ThinLens(focalLength: 50, fNumber: 4)
    let half = try DepthBlur(law: .lens(stopped), focus: 2...2, largestRadius: 1000).signedRadius(
      depths: 0...1, width: 3600)
    #expect(abs(half(1) + infinity / 2) <= gamma(20) * infinity)
  }

  @Test("an inverted map of a lens holds 1/m")
  func inverted() throws {
    let plain = try DepthBlur(law: .lens(lens), focus: 1.5...3, largestRadius: 50).signedRadius(
      depths: 0...1, width: 900)
    let inverted = try DepthBlur(law: .lens(lens), focus: 1.5...3, isInverted: true, largestRadius: 50)
      .signedRadius(depths: 0...1, width: 900)
    for depth in [0.25, 0.5, 1, 1.5, 2, 3, 4, 1024] {
      let scale = max(abs(plain(depth)), 1)
      #expect(abs(plain(depth) - inverted(1 / depth)) <= gamma(20) * scale * 10, "\(depth)")
    }
    #expect(inverted(0) == plain(.infinity) && inverted(0) > 0)
  }

  @Test("what is in the range that stays sharp has radius 0 to the bit, and blur begins at its ends")
  func focusRange() throws {
    let laws: [(DepthBlur.Law, Bool)] = [
      (.linear, false), (.linear, true), (.reciprocal, false), (.reciprocal, true), (.lens(lens), false),
    ]
    for (law, isInverted) in laws {
      let blur = DepthBlur(law: law, focus: 0.25...0.5, isInverted: isInverted, largestRadius: 20)
      let radius = try blur.signedRadius(depths: 0.125...1, width: 100)
      for depth in [0.25, 0.3, 0.4, 0.5] { #expect(radius(depth) == 0, "\(law) \(depth)") }
      let (below, above) = (radius(0.25.nextDown), radius(0.5.nextUp))
      #expect(isInverted ? below > 0 && above < 0 : below < 0 && above > 0, "\(law)")
      #expect(abs(below) < 1e-9 && abs(above) < 1e-9)
    }
  }

  @Test("without a lens the depth farthest out of focus has the largest radius, in proportion or as a lens sees it")
  func relative() throws {
    let linear = try DepthBlur(law: .linear, focus: 0.25...0.25, largestRadius: 24).signedRadius(
      depths: 0...1, width: 9)
    for (depth, expected) in [(0.0, -8.0), (0.25, 0), (0.5, 8), (1, 24), (2, 24), (-1, -24)] {
      #expect(linear(depth) == expected)
    }
    let inverted = DepthBlur(law: .linear, focus: 0.25...0.25, isInverted: true, largestRadius: 24)
    #expect(try inverted.signedRadius(depths: 0...1, width: 9)(1) == -24)
    let reciprocal = DepthBlur(law: .reciprocal, focus: 2...2, largestRadius: 24)
    let radius = try reciprocal.signedRadius(depths: 1...4, width: 9)
    // 1/1 - 1/2 is the largest difference; 1/2 - 1/4 half of it.
    #expect(radius(1) == -24 && radius(4) == 12 && radius(0.5) == -24 && radius(.infinity) == 24)
  }

  @Test("what is no depth is no number")
  func noDepth() throws {
    for law in [DepthBlur.Law.reciprocal, .lens(lens)] {
      let radius = try DepthBlur(law: law, focus: 2...2, largestRadius: 9).signedRadius(depths: 1...3, width: 9)
      for depth in [0, -1, -Double.infinity, .nan] { #expect(radius(depth).isNaN, "\(depth)") }
      let inverted = DepthBlur(law: law, focus: 2...2, isInverted: true, largestRadius: 9)
      #expect(try inverted.signedRadius(depths: 1...3, width: 9)(-1).isNaN)
    }
    let linear = try DepthBlur(law: .linear, focus: 2...2, largestRadius: 9).signedRadius(depths: 1...3, width: 9)
    #expect(linear(.nan).isNaN && linear(-.infinity) == -9)
  }

  @Test("a picture of depths makes radii, signed where asked")
  func source() throws {
    var picture = Plane<Float>(width: 4, height: 1)
    picture.values = [0, 0.25, 0.5, 1]
    let blur = DepthBlur(law: .linear, focus: 0.25...0.25, largestRadius: 24)
    #expect(try plane(.depth(picture, blur), 4, 1).values == [8, 0, 8, 24])
    #expect(try plane(.depth(picture, blur, isSigned: true), 4, 1).values == [-8, 0, 8, 24])
    #expect(try plane(.depth(picture, blur, depths: 0...0.5), 4, 1).values == [24, 0, 24, 24])
    picture.values = [.nan, .nan, .infinity, .nan]
    #expect(throws: MapError.empty("the depth map")) { try plane(.depth(picture, blur), 4, 1) }
    picture.values = [3, 3, 3, 3]
    #expect(
      try plane(.depth(picture, DepthBlur(law: .linear, focus: 3...3, largestRadius: 5)), 4, 1).values == [0, 0, 0, 0])
  }

  @Test("lenses and depths that cannot be are refused by name")
  func malformed() {
    func blur(_ change: (inout DepthBlur) -> Void) -> DepthBlur {
      var blur = DepthBlur(law: .lens(lens), focus: 2...2, largestRadius: 20)
      change(&blur)
      return blur
    }
    let cases: [(DepthBlur, String)] = [
      (blur { $0.largestRadius = 0 }, "largest radius"), (blur { $0.largestRadius = .nan }, "largest radius"),
      (blur { $0.focus = 0...0 }, "in focus"), (blur { $0.focus = -1...2 }, "in focus"),
      (blur { $0.focus = 1...(.infinity) }, "in focus"), (blur { $0.focus = 0.04...0.05 }, "focal length"),
      (blur { $0.focusedAt = 3 }, "focus"),
      (blur { $0.law = .lens(ThinLens(focalLength: 0, fNumber: 2)) }, "focal length"),
      (blur { $0.law = .lens(ThinLens(focalLength: 50, fNumber: -1)) }, "f-stop"),
      (blur { $0.law = .lens(ThinLens(focalLength: 50, fNumber: 2, sensorWidth: .infinity)) }, "sensor"),
      (blur { ($0.law, $0.focus) = (.reciprocal, 0...1) }, "in focus"),
    ]
    for (blur, name) in cases {
      let error = #expect(throws: MapError.self, "\(name)") { try blur.signedRadius(depths: 0...1, width: 100) }
      #expect(error?.description.contains(name) == true, "\(name): \(String(describing: error))")
    }
  }
}
