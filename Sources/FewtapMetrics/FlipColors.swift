import FewtapCore

/// The colors of FLIP: the opponent space in which it blurs as the eye does, and the one in which it measures distances.
///
/// Units:  light is linear sRGB, 0...1; opponent colors and perceived ones are scaled like CIELAB, with lightness 0...100.
/// Source: Andersson, Nilsson, Akenine-Möller, Oskarsson, Åström, Fairchild, "FLIP: A difference evaluator for alternating
///         images", PACMCGIT 3(2) (HPG 2020), doi:10.1145/3406183, sections 4.1 and 4.2.
struct FlipColors: Sendable {
  private let toWhiteRelative: ColorMatrix
  private let fromWhiteRelative: ColorMatrix
  /// The largest color distance there is, between pure green and pure blue, compressed.
  private var largest = 0.0

  /// Section 4.2: how distances are compressed, and which share of the largest is drawn over which part of the scale.
  private static let (compression, kneeShare, kneeError) = (0.7, 0.4, 0.95)

  init() {
    // Linear sRGB to CIE XYZ: the whole numbers are those of the authors' code, over 73733382, which cancels here.
    let toXYZ = ColorMatrix(
      SIMD3(30_406_656, 15_678_432, 1_425_312), SIMD3(26_366_430, 52_732_860, 8_788_810),
      SIMD3(13_305_225, 5_322_090, 70_074_185))
    toWhiteRelative = toXYZ.dividingRows(by: toXYZ(SIMD3(1, 1, 1)))
    fromWhiteRelative = toWhiteRelative.inverse
    let (green, blue) = (perceived(opponent(SIMD3(0, 1, 0))), perceived(opponent(SIMD3(0, 0, 1))))
    largest = power(Self.distance(green, blue), Self.compression)
  }

  /// CIELAB without its cube roots, in which blur mixes colors as light does: lightness, red-green, blue-yellow.
  func opponent(_ light: SIMD3<Double>) -> SIMD3<Double> {
    let xyz = toWhiteRelative(light)
    return SIMD3(116 * xyz.y - 16, 500 * (xyz.x - xyz.y), 200 * (xyz.y - xyz.z))
  }

  /// Luminance, 0...1, of an opponent color's lightness.
  static func luminance(_ lightness: Double) -> Double { (lightness + 16) / 116 }

  /// What is seen of a blurred opponent color: clamped to the display's gamut, as CIELAB, its colorfulness scaled by
  /// lightness (the Hunt effect).
  func perceived(_ opponent: SIMD3<Double>) -> SIMD3<Double> {
    let y = Self.luminance(opponent.x)
    let light = fromWhiteRelative(SIMD3(y + opponent.y / 500, y, y - opponent.z / 200))
    let xyz = toWhiteRelative(light.clamped(lowerBound: .zero, upperBound: .one))
    let (fx, fy, fz) = (Self.compressed(xyz.x), Self.compressed(xyz.y), Self.compressed(xyz.z))
    let lightness = 116 * fy - 16
    let hunt = 0.01 * lightness
    return SIMD3(lightness, hunt * 500 * (fx - fy), hunt * 200 * (fy - fz))
  }

  /// How different two perceived colors are, 0...1.
  func difference(_ a: SIMD3<Double>, _ b: SIMD3<Double>) -> Double {
    let compressed = power(Self.distance(a, b), Self.compression)
    let knee = Self.kneeShare * largest
    return compressed < knee
      ? Self.kneeError / knee * compressed
      : Self.kneeError + (compressed - knee) / (largest - knee) * (1 - Self.kneeError)
  }

  /// HyAB: lightness apart from color, as suits large distances.
  private static func distance(_ a: SIMD3<Double>, _ b: SIMD3<Double>) -> Double {
    let d = a - b
    return abs(d.x) + (d.y * d.y + d.z * d.z).squareRoot()
  }

  /// CIELAB's cube root, linear near black (CIE 15:2018, equation 8.6).
  private static func compressed(_ t: Double) -> Double {
    let joint = 6.0 / 29
    return t > joint * joint * joint ? cubeRoot(t) : t / (3 * joint * joint) + 4.0 / 29
  }
}

/// A linear map of colors, by columns.
private struct ColorMatrix: Sendable {
  private let (c0, c1, c2): (SIMD3<Double>, SIMD3<Double>, SIMD3<Double>)

  init(_ c0: SIMD3<Double>, _ c1: SIMD3<Double>, _ c2: SIMD3<Double>) { (self.c0, self.c1, self.c2) = (c0, c1, c2) }

  func callAsFunction(_ v: SIMD3<Double>) -> SIMD3<Double> { c0 * v.x + c1 * v.y + c2 * v.z }

  func dividingRows(by v: SIMD3<Double>) -> ColorMatrix { ColorMatrix(c0 / v, c1 / v, c2 / v) }

  /// By Cramer's rule: the rows are cross products over the determinant.
  var inverse: ColorMatrix {
    let (r0, r1, r2) = (Self.cross(c1, c2), Self.cross(c2, c0), Self.cross(c0, c1))
    let determinant = (c0 * r0).sum()
    return ColorMatrix(
      SIMD3(r0.x, r1.x, r2.x) / determinant, SIMD3(r0.y, r1.y, r2.y) / determinant,
      SIMD3(r0.z, r1.z, r2.z) / determinant)
  }

  private static func cross(_ a: SIMD3<Double>, _ b: SIMD3<Double>) -> SIMD3<Double> {
    SIMD3(a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x)
  }
}
