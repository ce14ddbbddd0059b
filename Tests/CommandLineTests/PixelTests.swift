import Fewtap
import FewtapImageIO
import Foundation
import TestSupport
import Testing

/// What arrives in the pixels of the file that is written.
@Suite struct PixelTests {
  /// An F: no flip, rotation or transposition maps it to itself. All weights differ.
  private let letter: [[Double]] = [
    [1, 2, 3, 4, 0],
    [5, 0, 0, 0, 0],
    [6, 7, 8, 0, 0],
    [9, 0, 0, 0, 0],
    [10, 0, 0, 0, 0],
  ]

  @Test(arguments: ["2,2", "0,4"]) func aPointOfLightShowsTheKernelUnflipped(center: String) throws {
    let place = try Workplace()
    try place.writeArray("f.npy", letter)
    var point = [[Double]](repeating: [Double](repeating: 0, count: 19), count: 15)
    point[7][9] = 1
    try place.writeArray("point.npy", point)
    // More taps than weights: the filter is exact.
    try place.run(["fit", "f.npy", "-o", "f.json", "--taps", "40", "--center", center])
    #expect(try place.run(["apply", "f.json", "point.npy", "out.npy"]).code == 0)
    let result = try place.array("out.npy")
    let (cx, cy) = center == "2,2" ? (2, 2) : (0, 4)
    let sum = letter.joined().reduce(0, +)
    #expect(result.shape == [15, 19])
    for y in 0..<15 {
      for x in 0..<19 {
        let (column, row) = (x - 9 + cx, y - 7 + cy)
        let inside = (0..<5).contains(column) && (0..<5).contains(row)
        let expected = inside ? letter[row][column] / sum : 0
        // The weight is rounded to Float once, its product with 1 and its sum with zeros are exact; the sums of the
        // normal form are made in Double.
        #expect(abs(result.values[y * 19 + x] - expected) <= expected * gamma(2, roundoff: floatRoundoff))
      }
    }
  }

  @Test func integersAreSRGBUnlessToldOtherwise() throws {
    let place = try Workplace()
    try place.run(["fit", "box:width=3,height=1", "-o", "box.json"])
    try place.writeGray("edge.pgm", width: 5, [255, 255, 0, 0, 0])
    try place.run(["apply", "box.json", "edge.pgm", "light.pgm"])
    try place.run(["apply", "box.json", "edge.pgm", "codes.pgm", "--transfer", "linear"])
    // A third and two thirds of the light, as codes of sRGB (IEC 61966-2-1) and as they are.
    #expect(place.bytes("light.pgm").map { Array($0.suffix(5)) } == [255, 213, 156, 0, 0])
    #expect(place.bytes("codes.pgm").map { Array($0.suffix(5)) } == [255, 170, 85, 0, 0])
  }

  @Test(arguments: [("a.png", "uint16"), ("a.exr", "half"), ("a.exr", "float"), ("a.tif", "float"), ("a.png", "uint8")])
  func typesAreWritten(name: String, type: String) throws {
    let place = try Workplace()
    try place.writeIdentity("k.json")
    try place.writeGray("in.pgm", width: 4, [0, 100, 200, 255])
    let outcome = try place.run(["apply", "k.json", "in.pgm", name, "--type", type])
    #expect(outcome.code == 0 && outcome.errors.isEmpty)
    let (source, result) = (try ImageFile.read(path: place.path("in.pgm")), try ImageFile.read(path: place.path(name)))
    #expect(result.metadata.pixelType.rawValue == type)
    for (found, light) in zip(result.image.planes[0].values, source.image.planes[0].values) {
      // sRGB's slope is at most 12.92: half a code of uint16, or a half's rounding, of light.
      #expect(abs(found - light) <= max(0.5 / 65535, light * 0x1p-11))
    }
  }

  @Test func bordersDiffer() throws {
    let place = try Workplace()
    try place.run(["fit", "box:width=3,height=1", "-o", "box.json"])
    try place.writeArray("in.npy", [[3, 6, 9, 12]])
    func ends(_ options: [String]) throws -> [Double] {
      try place.run(["apply", "box.json", "in.npy", "out.npy", "--force", "--border"] + options)
      let values = try place.array("out.npy").values
      return [values[0], values[3]].map { ($0 * 1000).rounded() / 1000 }
    }
    #expect(try ends(["clamp"]) == [4, 11])
    #expect(try ends(["mirror"]) == [5, 10])
    #expect(try ends(["wrap"]) == [7, 8])
    #expect(try ends(["constant"]) == [3, 7])
    #expect(try ends(["constant", "--constant", "-3"]) == [2, 6])
    #expect(try ends(["normalized"]) == [4.5, 10.5])
  }

  @Test func whatTheFormatCannotHoldIsWarnedAbout() throws {
    let place = try Workplace()
    try place.writeIdentity("k.json")
    let planes = (0..<4).map { Plane<Float>(width: 2, height: 2, repeating: Float($0 + 1) / 4) }
    let image = try Image(planes: planes, alphaIndex: 3)
    try ImageFile(image: image, metadata: ImageMetadata(pixelType: .uint16, transfer: .srgb)).write(
      path: place.path("rgba.png"))
    let outcome = try place.run(["apply", "k.json", "rgba.png", "rgb.jpg", "--json"])
    #expect(outcome.code == 0)
    for word in ["warning: rgb.jpg", "alpha", "uint16 became uint8"] { #expect(outcome.errors.contains(word)) }
    #expect((try outcome.json()["warnings"] as? [String])?.count == 2)
    #expect(try place.run(["apply", "k.json", "rgba.png", "same.png"]).errors.isEmpty)
  }

  @Test func notNumbersFollowThePolicy() throws {
    let place = try Workplace()
    try place.writeIdentity("k.json")
    try place.writeArray("in.npy", [[1, .nan, 2]])
    try place.run(["apply", "k.json", "in.npy", "zero.npy", "--nonfinite", "zero"])
    #expect(try place.array("zero.npy").values == [1, 0, 2])
    try place.run(["apply", "k.json", "in.npy", "keep.npy", "--nonfinite", "keep"])
    #expect(try place.array("keep.npy").values[1].isNaN)
    try place.expectRefusal(
      1, naming: ["in.npy", "column 1, row 0", "--nonfinite"], ["apply", "k.json", "in.npy", "o.npy"])
  }
}
