import FewtapCore
import FewtapMetrics
import TestSupport
import Testing

@Suite("FLIP")
struct FlipTests {
  /// What ``Flip`` promises of its distance from NVIDIA's code. They differ by its rounding in Float: a flat white has edges
  /// there, some 1e-7 strong, whose root dims the value by 9e-6. Photographs were seen to differ by 4e-5 at a pixel, and by
  /// 2e-7 in the mean, where roundings cancel.
  static let (pixelPromise, meanPromise) = (1e-4, 1e-5)

  @Test("NVIDIA's values", arguments: ExpectedMetrics.all)
  func reference(expected: ExpectedMetrics) throws {
    let flip = try Flip(expected.name.picture(), reference: expected.name.reference())
    #expect(abs(flip.mean - expected.flip) <= Self.meanPromise)
    for ((x, y), value) in zip(FormulaPicture.pixels, expected.flipPixels) {
      #expect(abs(Double(flip.map[x, y]) - value) <= Self.pixelPromise, "at (\(x), \(y))")
    }
  }

  @Test("equal pictures differ by 0, in every bit")
  func equal() throws {
    let picture = try FormulaPicture.noise.reference()
    let flip = try Flip(picture, reference: picture)
    #expect(flip.mean == 0 && flip.map.values.allSatisfy { $0 == 0 })
  }

  @Test("green beside blue is as different as can be: 1")
  func largest() throws {
    func flat(_ codes: [Float]) throws -> DisplayPicture {
      try DisplayPicture(codes: codes.map { Plane(width: 9, height: 9, repeating: $0) })
    }
    let flip = try Flip(flat([0, 1, 0]), reference: flat([0, 0, 1]))
    // Blurred with weights whose sums round: far below 1e-12, but powers of such sums have no bound of their own here.
    #expect(flip.map.values.allSatisfy { abs($0 - 1) <= 0x1p-23 })
  }

  @Test("which is the reference makes no difference", arguments: FormulaPicture.allCases)
  func symmetry(pair: FormulaPicture) throws {
    let (a, b) = (try pair.picture(), try pair.reference())
    #expect(try Flip(a, reference: b) == Flip(b, reference: a))
  }

  @Test("more noise is more different")
  func monotone() throws {
    let values = try noisy().map { try Flip($0.picture, reference: $0.reference).mean }
    #expect(zip(values, values.dropFirst()).allSatisfy { $0 < $1 } && values[0] > 0)
  }

  @Test("a gray picture is one of three equal channels")
  func gray() throws {
    let (a, b) = (try FormulaPicture.grayNoise.picture(), try FormulaPicture.grayNoise.reference())
    func tripled(_ picture: DisplayPicture) throws -> DisplayPicture {
      try DisplayPicture(codes: [Plane<Float>](repeating: picture.planes[0], count: 3))
    }
    #expect(try Flip(a, reference: b) == Flip(tripled(a), reference: tripled(b)))
  }

  @Test("threads change no bit", arguments: [2, 5])
  func threads(count: Int) throws {
    let (a, b) = (try FormulaPicture.noise.picture(), try FormulaPicture.noise.reference())
    #expect(try Flip(a, reference: b) == Flip(a, reference: b, threads: count))
  }

  @Test("what is far from a change is not touched by it, across bands and at any width", arguments: [1, 7, 8, 9, 30])
  func locality(width: Int) throws {
    let (height, row) = (150, 66)
    let gray = Plane<Float>(width: width, height: height) { x, y in Float(FormulaPicture.scene(x, y, 0)) / 320 }
    var changed = gray
    changed[width - 1, row] = 1
    let flip = try Flip(DisplayPicture(codes: [changed]), reference: DisplayPicture(codes: [gray]))
    for y in 0..<height {
      for x in 0..<width {
        let distance = max(abs(x - (width - 1)), abs(y - row))
        // Filters reach 10 pixels; their weights there may round away, those within 4 do not.
        if distance > 10 { #expect(flip.map[x, y] == 0, "at (\(x), \(y))") }
        if distance <= 4 { #expect(flip.map[x, y] > 0, "at (\(x), \(y))") }
      }
    }
  }
}
