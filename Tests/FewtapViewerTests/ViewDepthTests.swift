import FewtapCore
import FewtapViewer
import Foundation
import TestSupport
import Testing

/// Depths as a page holds them.
@Suite struct ViewDepthTests {
  private static let linear = DepthBlur(law: .linear, focus: 0.25...0.25, largestRadius: 4)

  /// The depths of a page of a basis of lengths from 1 to 4, whose map they make.
  private func fields(_ depth: ViewDepth, width: Int, height: Int) throws -> [String: Any] {
    var data = try ViewData(ViewDataTests.basis([3], layout: [3], reach: 2), name: "b")
    try data.setMap(ParameterMap(width: width, height: height, constant: [2]), depth: depth)
    #expect(data.hasMap && data.hasDepth)
    let map = try #require(PageData(ViewPage(data)).fields["map"] as? [String: Any])
    #expect((map["planes"] as? [Any])?.count == 1 && (map["planes"] as? [Any])?.first is NSNull)
    return try #require(map["depth"] as? [String: Any])
  }

  @Test("codes of an 8-bit image stay what they are, turned round too", arguments: [false, true])
  func shortCodes(isInverted: Bool) throws {
    let plane = Plane<Float>(width: 16, height: 16) { x, y in Float(16 * y + x) / 255 }
    var blur = Self.linear
    blur.isInverted = isInverted
    let depth = try fields(ViewDepth(plane, blur, depths: 0...1, axis: 0), width: 16, height: 16)
    #expect(depth["bits"] as? Int == 8)
    let bytes = try #require((depth["codes"] as? String).flatMap { Data(base64Encoded: $0) })
    #expect(Array(bytes) == (0...255).map { UInt8(isInverted ? 255 - $0 : $0) })
    #expect(depth["low"] as? Double == (isInverted ? -1 : 0) && depth["high"] as? Double == (isInverted ? 0 : 1))
    #expect(depth["focus"] as? Double == (isInverted ? -0.25 : 0.25))
  }

  @Test("other depths are kept to half of one of 65535 steps, of a lens as 1/m")
  func longCodes() throws {
    var random = SeededGenerator(seed: 841)
    let plane: Plane<Float> = random.plane(width: 20, height: 10, in: 0.5...30)
    let lens = DepthBlur(law: .lens(ThinLens(focalLength: 50, fNumber: 1.4)), focus: 2...3, largestRadius: 20)
    for (blur, place) in [(Self.linear, { $0 }), (lens, { -1 / $0 })] as [(DepthBlur, (Double) -> Double)] {
      let depth = try fields(ViewDepth(plane, blur, depths: 0.5...30, axis: 0), width: 20, height: 10)
      #expect(depth["bits"] as? Int == 16)
      let (low, high) = (try #require(depth["low"] as? Double), try #require(depth["high"] as? Double))
      for (code, value) in zip(try codes(#require(depth["codes"] as? String)), plane.values) {
        let seen = low + (high - low) * Double(code) / 65535
        #expect(abs(seen - place(Double(value))) <= (high - low) / 131070 * (1 + 1e-9))
      }
    }
    // Focused in the middle of what is sharp, at 2.5 m.
    let depth = try fields(ViewDepth(plane, lens, depths: 0.5...30, axis: 0), width: 20, height: 10)
    #expect(depth["focus"] as? Double == -1 / 2.5 && depth["stop"] as? Double == 1.4)
    #expect(depth["near"] as? Double == -0.5 && depth["far"] as? Double == -1.0 / 3)
  }

  @Test func errors() throws {
    let plane = Plane<Float>(width: 3, height: 2, repeating: 0.5)
    for (value, law) in [(Float.nan, DepthBlur.Law.linear), (.infinity, .linear), (0, .reciprocal)] {
      var broken = plane
      broken[1, 1] = value
      let blur = DepthBlur(law: law, focus: 0.25...0.25, largestRadius: 4)
      let error = #expect(throws: ViewError.self) { _ = try ViewDepth(broken, blur, depths: 0.1...1, axis: 0) }
      #expect(error?.description.contains("column 1, row 1 is \(value)") == true)
    }
    #expect(throws: ViewError.blur(.malformed("the f-stop", value: 0, expected: "more than 0"))) {
      _ = try ViewDepth(plane, Self.linear, fNumber: 0, depths: 0...1, axis: 0)
    }
    let flat = DepthBlur(law: .linear, focus: 0...0, largestRadius: 0)
    let error = #expect(throws: ViewError.self) { _ = try ViewDepth(plane, flat, depths: 0...1, axis: 0) }
    #expect(error?.description.contains("largest radius") == true)
    var data = try ViewData(ViewDataTests.basis([3], layout: [3], reach: 2), name: "b")
    let small = PixelOffset(x: 3, y: 2)
    let depth = try ViewDepth(plane, Self.linear, depths: 0...1, axis: 0)
    #expect(throws: ViewError.depthSize(found: small, expected: PixelOffset(x: 2, y: 3))) {
      try data.setMap(ParameterMap(width: 2, height: 3, constant: [2]), depth: depth)
    }
    let second = try ViewDepth(plane, Self.linear, depths: 0...1, axis: 1)
    #expect(throws: ViewError.mapAxes(found: 2, expected: 1)) {
      try data.setMap(ParameterMap(width: 3, height: 2, constant: [2]), depth: second)
    }
    #expect(!data.hasMap)
  }
}
