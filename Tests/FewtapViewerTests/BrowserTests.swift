import FewtapCore
import FewtapImageIO
import FewtapViewer
import Foundation
import TestSupport
import Testing

/// Pages in headless Chromium: what they compute, show and refuse. One browser at a time.
@Suite(
  "Pages in a browser", .serialized,
  .enabled(if: Browser.missing == nil, "skipped: \(Browser.missing ?? "") (see Scripts/install-deps test)"))
enum BrowserTests {
  /// What the project promises of a shader in half floats against the CPU's reference.
  static let promised = 2e-3

  /// Seeded noise as the page gets it.
  static func picture(width: Int, height: Int, seed: UInt64 = 831) throws -> ViewImage {
    var random = SeededGenerator(seed: seed)
    let planes: [Plane<Float>] = (0..<3).map { _ in random.plane(width: width, height: height, in: 0...1) }
    let file = try ImageFile(image: Image(planes: planes)).encode(
      as: .png, options: WriteOptions(type: .uint8, transfer: .srgb), path: "noise.png")
    return ViewImage(kind: .png, bytes: file.bytes)
  }

  static func write(_ page: ViewPage, _ path: String) throws { try Data(page.bytes).write(to: URL(filePath: path)) }

  static func filters() -> [(String, SparseFilter)] {
    var random = SeededGenerator(seed: 832)
    let cases: [(TapModel, [Int], Resampling?)] = [
      (.bilinear, [9, 5, 3], nil), (.integer, [12, 4], nil), (.bilinear, [6, 3], Resampling(factor: 2)),
      (.integer, [7], Resampling(factor: 4, prefilter: .quadratic, interpolator: .linear)),
    ]
    return cases.map { model, layout, rate in
      let chain = random.chain(model, layout: layout, reach: rate == nil ? 5 : 2)
      return ("\(model) \(layout) \(rate?.factor ?? 1)", SparseFilter(chain: chain, rate: rate, gain: 0.9))
    }
  }

  static func bases() throws -> [(String, FilterBasis)] {
    let radius = KnotAxis(name: "radius", unit: "px", knots: [0, 1.5, 4, 9])
    let angle = KnotAxis(name: "angle", unit: "degrees", knots: [0, 70, 180], isPeriodic: true)
    var random = SeededGenerator(seed: 833)
    func filters(_ count: Int, _ layout: [Int], _ rate: Resampling?) -> [SparseFilter] {
      (0..<count).map { _ in
        SparseFilter(chain: random.chain(.bilinear, layout: layout, reach: rate == nil ? 4 : 2), rate: rate)
      }
    }
    let low = filters(2, [6], nil) + filters(2, [6], Resampling(factor: 2))
    var around = filters(12, [5, 3], nil)
    // A periodic axis comes around to the same filter.
    for row in 0..<4 { around[3 * row + 2] = around[3 * row] }
    return [
      ("offsets", FilterBasis(interpolation: .offsets, axes: [radius], filters: filters(4, [5, 3], nil))),
      ("offsets of two", FilterBasis(interpolation: .offsets, axes: [radius, angle], filters: around)),
      ("outputs", FilterBasis(interpolation: .outputs, axes: [radius], filters: low)),
    ]
  }

  /// A filter that is its own kernel's taps, with that kernel.
  static func exact() throws -> (SparseFilter, Kernel) {
    let kernel = try ViewDataTests.disk(side: 9)
    var taps: [Tap] = []
    for y in 0..<9 {
      for x in 0..<9 where kernel.values[x, y] != 0 {
        taps.append(Tap(x: Double(x - 4), y: Double(y - 4), weight: kernel.values[x, y] / kernel.sum))
      }
    }
    return (
      SparseFilter(chain: TapChain(model: .integer, layers: [TapLayer(taps), TapLayer([Tap(x: 0, y: 0, weight: 1)])])),
      try kernel.scaled(by: 1 / kernel.sum)
    )
  }
}
