import FewtapCore
import FewtapMetrics
import TestSupport
import Testing

@Suite("Structural similarity")
struct SimilarityTests {
  /// How far rounding takes a similarity: weighted sums of 121 values below 1, in two passes of 11 products, are off by
  /// gamma(30) at most, with their weights' own rounding. The numerator's and the denominator's factor of variances hold up to
  /// 8 of them, and the latter is at least C2.
  static let rounding = 2 * 8 * gamma(30) / (0.03 * 0.03)

  @Test("scikit-image's values", arguments: ExpectedMetrics.all)
  func reference(expected: ExpectedMetrics) throws {
    let similarity = try StructuralSimilarity(expected.name.picture(), reference: expected.name.reference())
    #expect(abs(similarity.mean - expected.ssim) <= 2 * Self.rounding)
    #expect(similarity.perChannel.count == expected.name.channels)
  }

  @Test("equal pictures have 1, in every bit; no other has")
  func equal() throws {
    let picture = try FormulaPicture.noise.reference()
    #expect(try StructuralSimilarity(picture, reference: picture).perChannel == [1, 1, 1])
    var planes = picture.planes
    planes[1][20, 20] += 0.01
    let other = try StructuralSimilarity(DisplayPicture(codes: planes), reference: picture)
    #expect(other.perChannel[0] == 1 && other.perChannel[1] < 1 && other.perChannel[2] == 1)
  }

  @Test("which is the reference makes no difference", arguments: FormulaPicture.allCases)
  func symmetry(pair: FormulaPicture) throws {
    let (a, b) = (try pair.picture(), try pair.reference())
    let difference =
      try StructuralSimilarity(a, reference: b).mean - StructuralSimilarity(b, reference: a).mean
    #expect(abs(difference) <= 2 * Self.rounding)
  }

  @Test("flat pictures keep the brightness factor alone")
  func flat() throws {
    let (a, b) = (0.25, 0.5)
    let planes = [a, b].map { Plane<Float>(width: 11, height: 17, repeating: Float($0)) }
    let similarity = try StructuralSimilarity(
      DisplayPicture(codes: [planes[0]]), reference: DisplayPicture(codes: [planes[1]]))
    #expect(abs(similarity.mean - (2 * a * b + 1e-4) / (a * a + b * b + 1e-4)) <= Self.rounding)
  }

  @Test("more noise is less alike")
  func monotone() throws {
    let values = try noisy().map { try StructuralSimilarity($0.picture, reference: $0.reference).mean }
    #expect(zip(values, values.dropFirst()).allSatisfy { $0 > $1 } && values[0] < 1)
  }

  @Test("threads change no bit", arguments: [2, 5])
  func threads(count: Int) throws {
    let (a, b) = (try FormulaPicture.noise.picture(), try FormulaPicture.noise.reference())
    #expect(try StructuralSimilarity(a, reference: b) == StructuralSimilarity(a, reference: b, threads: count))
  }

  @Test("a side below 11 is too small")
  func tooSmall() throws {
    let picture = try DisplayPicture(codes: [Plane(width: 40, height: 10, repeating: 0.5)])
    #expect(throws: MetricError.tooSmall(width: 40, height: 10, least: 11)) {
      try StructuralSimilarity(picture, reference: picture)
    }
  }
}

/// A picture under ever more noise.
func noisy() throws -> [(picture: DisplayPicture, reference: DisplayPicture)] {
  let reference = try FormulaPicture.noise.reference()
  return try [1, 2, 4, 8, 16, 32, 64].map { size in
    let picture = try FormulaPicture.picture(channels: 3) { x, y, channel in
      min(FormulaPicture.scene(x, y, channel), 255)
        + FormulaPicture.hash(x, y, channel, seed: 5) % (2 * size + 1) - size
    }
    return (picture, reference)
  }
}
