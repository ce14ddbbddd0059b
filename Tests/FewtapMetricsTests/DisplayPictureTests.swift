import FewtapCore
import FewtapMetrics
import TestSupport
import Testing

@Suite("Pictures on a display")
struct DisplayPictureTests {
  static let gray = Plane<Float>(width: 12, height: 11, repeating: 0.5)

  @Test("light becomes codes; beyond the display's range it is clamped")
  func encoding() throws {
    var light = Self.gray
    (light[0, 0], light[1, 0], light[2, 0]) = (-0.2, 7, .greatestFiniteMagnitude)
    let picture = try DisplayPicture(Image(planes: [light]))
    #expect(picture.planes[0].values[0...2] == [0, 1, 1])
    #expect(picture.planes[0][3, 0] == Float(TransferFunction.srgb.encode(0.5)))
    #expect(try picture == DisplayPicture(Image(planes: [light]), threads: 3))
    #expect(try DisplayPicture(codes: [light]).planes[0].values[0...3] == [0, 1, 1, 0.5])
  }

  @Test("colors lie over black: straight alpha dims them, associated alpha has done so")
  func alpha() throws {
    let planes = [Self.gray, Self.gray, Self.gray, Plane<Float>(width: 12, height: 11, repeating: 0.25)]
    let straight = try DisplayPicture(Image(planes: planes, alphaIndex: 3))
    let associated = try DisplayPicture(Image(planes: planes, alphaIndex: 3, alphaIsAssociated: true))
    #expect(straight.planes.count == 3 && associated.planes.count == 3)
    #expect(straight.planes[1][4, 4] == Float(TransferFunction.srgb.encode(0.125)))
    #expect(associated.planes[1][4, 4] == Float(TransferFunction.srgb.encode(0.5)))
  }

  @Test("what is no picture")
  func refused() throws {
    for count in [0, 2, 4] {
      #expect(throws: MetricError.channelCount(count)) {
        try DisplayPicture(codes: [Plane<Float>](repeating: Self.gray, count: count))
      }
    }
    #expect(throws: MetricError.sizesDiffer(width: 3, height: 4, referenceWidth: 12, referenceHeight: 11)) {
      try DisplayPicture(codes: [Self.gray, Self.gray, Plane(width: 3, height: 4)])
    }
    #expect(throws: MetricError.tooSmall(width: 0, height: 5, least: 1)) {
      try DisplayPicture(codes: [Plane(width: 0, height: 5)])
    }
    var broken = Self.gray
    broken[7, 3] = -.infinity
    let error = MetricError.nonFinite(channel: 2, x: 7, y: 3, value: -.infinity)
    #expect(throws: error) { try DisplayPicture(codes: [Self.gray, Self.gray, broken]) }
    #expect(throws: error) { try DisplayPicture(Image(planes: [Self.gray, Self.gray, broken])) }
    #expect(throws: MetricError.channelCount(2)) { try DisplayPicture(Image(planes: [Self.gray, Self.gray])) }
  }

  @Test("pictures of different sizes or channels are not compared")
  func incomparable() throws {
    let small = try DisplayPicture(codes: [Self.gray])
    let large = try DisplayPicture(codes: [Plane(width: 13, height: 11, repeating: 0.5)])
    let colors = try DisplayPicture(codes: [Self.gray, Self.gray, Self.gray])
    let sizes = MetricError.sizesDiffer(width: 13, height: 11, referenceWidth: 12, referenceHeight: 11)
    let channels = MetricError.channelsDiffer(3, reference: 1)
    #expect(throws: sizes) { try Flip(large, reference: small) }
    #expect(throws: sizes) { try StructuralSimilarity(large, reference: small) }
    #expect(throws: channels) { try Flip(colors, reference: small) }
    #expect(throws: channels) { try StructuralSimilarity(colors, reference: small) }
  }

  @Test("errors are sentences with the numbers in them")
  func sentences() {
    let text = "\(MetricError.nonFinite(channel: 2, x: 7, y: 3, value: .nan))"
    #expect(text.contains("channel 2") && text.contains("column 7") && text.contains("row 3") && text.contains("nan"))
    #expect("\(MetricError.tooSmall(width: 4, height: 9, least: 11))".contains("4x9"))
  }
}
