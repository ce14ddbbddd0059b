import FewtapCore
import FewtapMetrics
import Testing

/// The depth-of-field scene: what its lens sees follows from what its pinhole sees.
@Suite struct DepthSceneTests {
  @Test("depths go from before the focus to behind it, as far as said, and some is in focus")
  func depths() throws {
    let scene = try DepthScene(width: 160, height: 90, largestRadius: 4)
    let radius = scene.radius.values
    #expect(radius.allSatisfy { abs($0) <= 4 })
    #expect(radius.contains { $0 < -3 } && radius.contains { $0 > 3 } && radius.count { $0 == 0 } > 160)
  }

  @Test("a lens that is nearly closed sees what the pinhole sees")
  func closedLens() throws {
    let scene = try DepthScene(width: 96, height: 54, largestRadius: 1e-6)
    let (pinhole, lens) = (scene.pinhole(), scene.lens(samples: 4096))
    // Both average over the pixel: 64 places and some 3200, whose means are as far apart as the pixel's own contrast allows.
    for (a, b) in zip(pinhole.planes, lens.planes) {
      let far = zip(a.values, b.values).count { abs(min($0, 1) - min($1, 1)) > 0.1 }
      #expect(far < a.values.count / 100)
    }
  }

  @Test("light is neither made nor lost by the lens, but at the picture's edges")
  func energy() throws {
    let scene = try DepthScene(width: 128, height: 72)
    let (pinhole, lens) = (scene.pinhole(), scene.lens(samples: 512))
    for (a, b) in zip(pinhole.planes, lens.planes) {
      let sums = (a.values.reduce(0.0) { $0 + Double($1) }, b.values.reduce(0.0) { $0 + Double($1) })
      // What is hidden and what comes out from behind differ; lights are hidden by some leaves.
      #expect(abs(sums.0 - sums.1) < 0.1 * sums.0)
    }
  }

  @Test("the same bits for any threads; other samples, other noise")
  func deterministic() throws {
    let scene = try DepthScene(width: 64, height: 36)
    let picture = scene.lens(samples: 64, threads: 1)
    #expect(picture == scene.lens(samples: 64, threads: 3))
    #expect(scene.pinhole(threads: 1) == scene.pinhole(threads: 2))
    #expect(picture != scene.lens(samples: 64, from: 64))
  }

  @Test("sizes that are none are refused")
  func refusals() throws {
    #expect(throws: HighlightSceneError.size(width: 3, height: 90)) { try DepthScene(width: 3, height: 90) }
    #expect(throws: (any Error).self) { try DepthScene(width: 64, height: 36, largestRadius: -1) }
    #expect(throws: (any Error).self) { try DepthScene(width: 64, height: 36, largestRadius: .nan) }
  }
}
