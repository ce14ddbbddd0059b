import FewtapCore
import FewtapMetrics
import TestSupport
import Testing

@Suite("Scenes of highlights")
struct HighlightSceneTests {
  @Test("a seed gives the same bits everywhere; another gives others")
  func seeds() throws {
    func digest(_ seed: UInt64) throws -> String {
      var hash = SHA256()
      for plane in try HighlightScene(width: 200, height: 120, radius: 6, area: 113, seed: seed).image.planes {
        for value in plane.values { hash.update(UInt64(value.bitPattern)) }
      }
      return hash.finalize()
    }
    #expect(try digest(1) == "7253867a793e875321afe354547055453ffbf90618a2e7c6c21017101e4fe2b6")
    #expect(try digest(2) != digest(1))
  }

  @Test("lights' blurs stay apart and inside", arguments: [0, 3, 20, 41])
  func spacing(radius: Int) throws {
    let scene = try HighlightScene(radius: radius, area: Double(4 * radius * radius + 1))
    #expect(scene.lights.count >= 4)
    for (index, light) in scene.lights.enumerated() {
      let (x, y) = (light.position.x, light.position.y)
      #expect(min(x, y, 511 - x, 383 - y) >= radius)
      for other in scene.lights[..<index] {
        #expect(max(abs(other.position.x - x), abs(other.position.y - y)) > 2 * radius)
      }
    }
  }

  @Test("the first 4, 16 and 64 lights show all phases of rates 1/2, 1/4 and 1/8", arguments: [2, 4, 8])
  func phases(factor: Int) throws {
    let lights = try HighlightScene(radius: 12, area: 450).lights.prefix(factor * factor)
    #expect(Set(lights.map { [$0.position.x % factor, $0.position.y % factor] }).count == factor * factor)
  }

  @Test("once blurred by a disk, every light is as bright as it says over the dim background, in every channel count")
  func brightness() throws {
    let disk = try Kernel(
      name: "disk",
      values: Plane(width: 21, height: 21) { x, y in
        (x - 10) * (x - 10) + (y - 10) * (y - 10) <= 100 ? 0.003 : 0
      })
    for channels in [1, 3] {
      let scene = try HighlightScene(width: 300, height: 260, channels: channels, for: disk)
      #expect(scene.image.planes.count == channels)
      #expect(Set(scene.lights.map(\.blurred)) == Set(HighlightScene.levels))
      for light in scene.lights {
        // Anywhere within the blur but near its rim, where the background is all the same.
        let blurred = scene.image.planes.map { blur($0, disk, x: light.position.x + 3, y: light.position.y - 5) }
        let background = HighlightScene.dimmest * disk.sum...HighlightScene.brightest * disk.sum
        // Rounding to Float of the light and of each pixel of the background.
        let slack = 2 * floatRoundoff * (light.blurred + 1)
        let brightest = try #require(blurred.max())
        #expect(brightest - light.blurred >= background.lowerBound - slack)
        #expect(brightest - light.blurred <= background.upperBound + slack)
      }
    }
  }

  @Test("besides lights, the line and the word, all is dim and textured")
  func background() throws {
    let scene = try HighlightScene(radius: 10, area: 300)
    let values = scene.image.planes[1].values
    let bright = values.count { Double($0) > HighlightScene.brightest + Double(floatRoundoff) }
    let clearance = 48 - 21
    #expect(bright == scene.lights.count + clearance + 29)
    #expect(values.allSatisfy { Double($0) >= HighlightScene.dimmest * (1 - floatRoundoff) })
    #expect(Set(values).count > values.count / 4)
  }

  @Test("a picture smaller than the kernel still has a light", arguments: [(1, 1), (5, 300), (40, 17)])
  func small(width: Int, height: Int) throws {
    let scene = try HighlightScene(width: width, height: height, radius: 60, area: 1000)
    #expect(scene.lights.count >= 1 && scene.image.width == width && scene.image.height == height)
    for light in scene.lights {
      #expect(scene.image.planes[0][light.position.x, light.position.y] >= Float(light.blurred * 500))
    }
  }

  @Test("a scene is as large as its kernel needs")
  func size() throws {
    func scene(side: Int) throws -> HighlightScene {
      try HighlightScene(channels: 1, for: Kernel(name: "box", values: Plane(width: side, height: side, repeating: 1)))
    }
    let (small, large) = (try scene(side: 3), try scene(side: 301))
    #expect(small.image.width == 512 && small.image.height == 384)
    // Cells of 301 pixels and 16 more, in whole periods of 16.
    #expect(large.image.width == 3 * 320 && large.image.height == 2 * 320 && large.lights.count == 4)
  }

  @Test("what no scene can be made of")
  func errors() {
    #expect(throws: HighlightSceneError.size(width: 0, height: 5)) {
      try HighlightScene(width: 0, height: 5, radius: 1, area: 1)
    }
    #expect(throws: HighlightSceneError.size(width: 9, height: Int.max)) {
      try HighlightScene(width: 9, height: Int.max, radius: 1, area: 1)
    }
    #expect(throws: HighlightSceneError.channelCount(2)) { try HighlightScene(channels: 2, radius: 1, area: 1) }
    for radius in [-1, Kernel.maximumSide + 1, Int.max] {
      #expect(throws: HighlightSceneError.radius(radius)) { try HighlightScene(radius: radius, area: 1) }
    }
    for area in [0, -3, .infinity, 2e30] {
      #expect(throws: HighlightSceneError.area(area)) { try HighlightScene(radius: 1, area: area) }
    }
    #expect(throws: HighlightSceneError.self) { try HighlightScene(radius: 1, area: .nan) }
    #expect("\(HighlightSceneError.area(-3))".contains("-3"))
  }

  /// The kernel's result at one pixel; offsets of the kernel lie inside the picture.
  private func blur(_ plane: Plane<Float>, _ kernel: Kernel, x: Int, y: Int) -> Double {
    var sum = 0.0
    kernel.forEachOffset { dx, dy, weight in sum += weight * Double(plane[x - dx, y - dy]) }
    return sum
  }
}
