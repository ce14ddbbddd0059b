import FewtapCore
import FewtapEngine
import TestSupport
import Testing

let everyBorder: [BorderRule] = [.clamp, .mirror, .wrap, .constant(0.75), .constant(-2), .normalized]

/// What results under a normalized border may be off by: `|a/d - a'/d'| <= (|a - a'| + |a/d| |d - d'|) / d'`, and two more roundings.
///
/// `quotient` is the exact result and `mask` what the filter makes of ones, zero outside; `bound` is what the dividend may be off
/// by and `maskBound` the mask, before it is divided by `sum`.
func quotientBound(
  _ quotient: Plane<Double>, _ bound: Plane<Double>, mask: Plane<Double>, _ maskBound: Plane<Double>, sum: Double
) -> Plane<Double> {
  Plane(width: quotient.width, height: quotient.height) { x, y in
    // The share is multiplied by a rounded 1/sum: two more roundings there, one for the division.
    let rounded = gamma(2, roundoff: floatRoundoff)
    let shareError = (maskBound[x, y] + rounded * (abs(mask[x, y]) + maskBound[x, y])) / abs(sum)
    let leastShare = max(mask[x, y] / sum - shareError, 0x1p-8)
    return (bound[x, y] + abs(quotient[x, y]) * shareError) / leastShare + rounded * abs(quotient[x, y])
  }
}

/// The rounding that ``ApplyPlan`` promises, a pixel: `gamma_N (|k_1| * ... * |I|)`, through the quotient for a normalized border.
func promisedBound(
  _ filter: SparseFilter, _ plane: Plane<Double>, _ border: BorderRule, halfs: Bool = false
) throws -> Plane<Double> {
  var growth = gamma(filter.roundings, roundoff: floatRoundoff)
  // Each layer reads rows rounded to 11 bits, and below binary16's least normal number, 2^-14, to 2^-11 of that.
  var least = 0.0
  if halfs {
    for layer in filter.chain.layers {
      growth += 0x1p-11 * (1 + growth)
      least = (least + 0x1p-25) * max(1, layer.taps.reduce(0) { $0 + abs($1.weight) })
    }
    least *= (1 + growth) * max(1, abs(filter.gain))
  }
  let (weights, image) = (magnitudes(filter), magnitudes(plane))
  guard border == .normalized else {
    return try ReferenceApply.apply(weights, to: image, border: magnitudes(border)).map { growth * $0 + least }
  }
  let ones = Plane<Double>(width: plane.width, height: plane.height, repeating: 1)
  func bound(_ plane: Plane<Double>) throws -> Plane<Double> {
    try ReferenceApply.apply(weights, to: plane, border: .constant(0)).map { growth * $0 + least }
  }
  return quotientBound(
    try ReferenceApply.apply(filter, to: plane, border: .normalized), try bound(image),
    mask: try ReferenceApply.apply(filter, to: ones, border: .constant(0)), try bound(ones),
    sum: filter.chain.sum * filter.gain)
}

@Suite("ApplyPlan is within its promised rounding of the reference")
struct ApplyAccuracyTests {
  /// Sizes: a pixel, lines, smaller than the reach, odd, and beyond one band of 32 rows.
  static let sizes = [(1, 1), (1, 9), (9, 1), (3, 2), (17, 13), (37, 71)]

  @Test(arguments: everyBorder, TapModel.allCases)
  func chains(border: BorderRule, model: TapModel) throws {
    for (index, size) in Self.sizes.enumerated() {
      let seed = UInt64(100 + index)
      var random = SeededGenerator(seed: seed)
      let chain = random.chain(model, layout: [9, 5, 1, 2], reach: 5)
      let filter = SparseFilter(chain: chain, gain: random.uniform(-3, 3))
      let plane: Plane<Float> = random.plane(width: size.0, height: size.1)
      let expected = try ReferenceApply.apply(filter, to: plane.map { Double($0) }, border: border)
      let actual = try ApplyPlan(filter, width: plane.width).apply(
        toPlane: plane, options: ApplyOptions(border: border))
      let bound = try promisedBound(filter, plane.map { Double($0) }, border)
      #expect(violation(actual, expected, within: bound) == nil, "seed \(seed), size \(size)")
    }
  }

  @Test("one tap far outside a small image", arguments: everyBorder)
  func farTap(border: BorderRule) throws {
    let far = SparseFilter.maximumOffset
    var random = SeededGenerator(seed: 7)
    let plane: Plane<Float> = random.plane(width: 5, height: 3)
    for (x, y) in [(far, -far), (-far, 0), (0, far)] {
      let filter = SparseFilter(chain: TapChain(model: .integer, layers: [TapLayer([Tap(x: x, y: y, weight: 1)])]))
      let actual = try ApplyPlan(filter, width: plane.width).apply(
        toPlane: plane, options: ApplyOptions(border: border))
      let expected = Plane<Float>(width: 5, height: 3) { column, row in
        guard let column = border.source(of: column - Int(x), count: 5),
          let row = border.source(of: row - Int(y), count: 3)
        else { return border.outside }
        return plane[column, row]
      }
      #expect(actual == expected)
    }
  }

  @Test("a layer without weight gives zero")
  func emptyLayer() throws {
    let filter = SparseFilter(chain: TapChain(model: .integer, layers: [TapLayer([Tap(x: 3, y: 2, weight: 0)])]))
    let plane = Plane<Float>(width: 4, height: 4, repeating: 5)
    #expect(try ApplyPlan(filter, width: plane.width).apply(toPlane: plane) == Plane(width: 4, height: 4))
  }
}
