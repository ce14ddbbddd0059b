import FewtapCore
import FewtapEngine
import Testing

@Suite("Comparing images")
struct ImageComparisonTests {
  static let zero = Plane<Float>(width: 10, height: 10)
  static let tenth = Plane<Float>(width: 10, height: 10, repeating: 0.125)

  @Test("a uniform difference of 1/8 is 18.06 dB")
  func uniform() throws {
    let comparison = try ImageComparison(Self.tenth, reference: Self.zero)
    // -20 log10(1/8) = 60 log10(2); the literal has 16 digits, two roundings apart.
    #expect(abs(comparison.psnr - 18.061799739838872) <= 18.1 * 0x1p-51)
    #expect(comparison.largestDifference == 0.125)
  }

  @Test("equal images are infinitely close")
  func equal() throws {
    #expect(try ImageComparison(Self.tenth, reference: Self.tenth).psnr == .infinity)
  }

  @Test("channels count alike, alpha apart, and what transparent pixels hide does not count")
  func channels() throws {
    let opaque = Plane<Float>(width: 10, height: 10, repeating: 1)
    let comparison = try ImageComparison(
      Image(planes: [Self.tenth, Self.zero, opaque], alphaIndex: 2),
      reference: Image(planes: [Self.zero, Self.zero, opaque], alphaIndex: 2))
    #expect(comparison.psnrPerChannel[1...] == [.infinity, .infinity])
    #expect(
      comparison.psnr > comparison.psnrPerChannel[0] + 3.01 && comparison.psnr < comparison.psnrPerChannel[0] + 3.02)
    let hidden = try ImageComparison(
      Image(planes: [Self.tenth, Self.zero], alphaIndex: 1),
      reference: Image(planes: [Self.zero, Self.zero], alphaIndex: 1))
    #expect(hidden.psnr == .infinity)
    let coverage = try ImageComparison(
      Image(planes: [Self.tenth], alphaIndex: 0), reference: Image(planes: [Self.zero], alphaIndex: 0))
    #expect(coverage.largestDifference == 0.125 && coverage.psnr.isFinite)
  }

  @Test("the inset leaves the border out")
  func inset() throws {
    var framed = Self.tenth
    for index in 0..<10 { (framed[index, 0], framed[0, index], framed[index, 9], framed[9, index]) = (9, 9, 9, 9) }
    #expect(try ImageComparison(framed, reference: Self.tenth, inset: 1).psnr == .infinity)
    #expect(try ImageComparison(framed, reference: Self.tenth).psnr < 0)
  }

  @Test("what cannot be compared")
  func errors() throws {
    let wide = Plane<Float>(width: 11, height: 10)
    var broken = Self.zero
    broken[3, 7] = .nan
    #expect(throws: ComparisonError.sizesDiffer(width: 11, height: 10, referenceWidth: 10, referenceHeight: 10)) {
      try ImageComparison(wide, reference: Self.zero)
    }
    #expect(throws: ComparisonError.channelsDiffer(2, reference: 1)) {
      try ImageComparison(Image(planes: [Self.zero, Self.zero]), reference: Image(planes: [Self.zero]))
    }
    #expect(throws: ComparisonError.nonFinite(channel: 0, row: 7)) {
      try ImageComparison(broken, reference: Self.zero)
    }
    for inset in [5, -1, Int.max] {
      #expect(throws: ComparisonError.insetTooLarge(inset, width: 10, height: 10)) {
        try ImageComparison(Self.zero, reference: Self.zero, inset: inset)
      }
    }
    #expect(try ImageComparison(Self.zero, reference: Self.zero, inset: 4).psnr == .infinity)
  }
}
