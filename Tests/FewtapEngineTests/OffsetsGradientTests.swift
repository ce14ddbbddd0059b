import FewtapCore
import FewtapEngine
import TestSupport
import Testing

@Suite("Gradients of interpolated taps are within rounding of the reference's")
struct OffsetsGradientTests {
  /// Bases of which no tap's place meets a pixel's middle within rounding, at knots neither: there slopes jump. Taps cross pixels
  /// between the knots.
  static func samples() -> [(FilterBasis, String)] {
    var result: [(FilterBasis, String)] = []
    for (shape, layout, reach) in [
      ([4], [9, 5], 4.0), ([2], [1], 0.5), ([3, 3], [6, 3, 2], 3), ([2, 2, 2], [5], 2), ([2, 2, 2, 2], [3, 2], 2),
      ([3], [140], 6),
    ] {
      let basis = VaryingSamples.basis(.offsets, shape: shape, reach: reach, layout: layout, seed: 900)
      result.append((basis, "\(shape) \(layout)"))
    }
    return result
  }

  /// Knot coordinates as sixteenths, of which few lie at knots.
  static func map(_ kind: OffsetsRunTests.MapKind, _ basis: FilterBasis, width: Int, height: Int, seed: UInt64)
    -> [Plane<Float>]
  {
    OffsetsRunTests.map(kind, shape: basis.shape, width: width, height: height, seed: seed)
      .map { $0.map { ($0 * 256).rounded() / 256 } }
  }

  /// Whether a tap of a layer lies so near to a pixel's middle, at a pixel's coordinates, that rounding may bring it to the other side.
  static func isNearMiddle(_ basis: FilterBasis, _ coordinates: [Double]) -> Bool {
    let mixture = basis.mixture(coordinates: coordinates)
    return basis.filters[0].chain.layers.indices.contains { layer in
      basis.interpolatedLayer(layer, mixture).taps.contains { tap in
        [tap.x, tap.y].contains { abs($0 - $0.rounded()) < 0x1p-17 }
      }
    }
  }

  /// What a pixel's slope may be off by, for pixels and cotangents of at most `most` and `given`: layer by layer what values and
  /// changes are off by, as ``OffsetsRunTests/bound(_:most:additions:)`` has it, and places.
  ///
  /// A slope is `w' v + w (o' dv)`: its terms are at most `2 W v + 2 W E 2 v`, W the layer's magnitudes and E its extent, each number
  /// of which is rounded as those of the layer are; the slope dv of four pixels changes by 4 v a pixel where a place is off.
  static func bound(_ basis: FilterBasis, most: Double, given: Double, additions: Int) -> Double {
    let corners = Double(1 << basis.axes.count)
    let layers = basis.filters[0].chain.layers.indices.map { index in
      let all = basis.filters.map { $0.chain.layers[index] }
      let bounds = all.dropFirst().reduce(all[0].bounds) { $0.union($1.bounds) }
      return (
        magnitude: all.map(\.absoluteSum).max() ?? 0, extent: Double(max(bounds.width, bounds.height)),
        taps: all[0].taps.count
      )
    }
    let gain = corners * (basis.filters.map { abs($0.gain) }.max() ?? 0)
    func partial(_ range: Range<Int>, _ most: Double, _ additions: Int) -> (value: Double, error: Double) {
      var (value, error) = (most, 0.0)
      for index in range {
        let (weight, extent) = (corners * layers[index].magnitude, layers[index].extent)
        let place = gamma(Int(corners) + basis.axes.count + 2, roundoff: floatRoundoff) * corners * extent
        let sum = gamma(layers[index].taps + 20 + 2 * Int(corners) + additions, roundoff: floatRoundoff)
        error = weight * (error + value * (2 * 2 * place + sum))
        value *= layers[index].magnitude
      }
      return (value, error)
    }
    var bound = 0.0
    for index in layers.indices {
      let (value, valueError) = partial(0..<index, most, 0)
      let (change, changeError) = partial(index + 1..<layers.count, given, additions)
      let (weight, extent) = (corners * layers[index].magnitude, layers[index].extent)
      let place = gamma(Int(corners) + basis.axes.count + 2, roundoff: floatRoundoff) * corners * extent
      let rounding = gamma(layers[index].taps + 40 + 4 * Int(corners), roundoff: floatRoundoff)
      // Terms of weights, of two offsets, and of the gain.
      let terms = 2 * weight * (1 + 2 * 2 * extent) + weight
      let slope = terms * value
      let off = terms * (valueError + value * (4 * place + rounding))
      bound += change * off + changeError * (slope + off)
    }
    return gain * bound
  }

  /// All numbers of gradients.
  static func numbers(_ filters: [FilterGradient]) -> [Double] {
    filters.flatMap { [$0.gain] + $0.layers.flatMap { $0.flatMap { [$0.weight, $0.x ?? 0, $0.y ?? 0] } } }
  }

  @Test("every map, border, direction and instruction set", arguments: everyBorder, VaryingDirection.allCases)
  func maps(border: BorderRule, direction: VaryingDirection) throws {
    for (index, (basis, name)) in Self.samples().enumerated() {
      let isNormalized = border == .normalized
      let basis = isNormalized ? basis.ofOneSum(1.5) : basis
      for kind in index < 3 ? OffsetsRunTests.MapKind.allCases : [.radial, .noise] {
        let (width, height) = index == 0 ? (37, 11) : (17, 6)
        let seed = UInt64(910 + index)
        var random = SeededGenerator(seed: seed)
        let (image, cotangent): (Plane<Float>, Plane<Float>) = (
          random.plane(width: width, height: height), random.plane(width: width, height: height)
        )
        let map = Self.map(kind, basis, width: width, height: height, seed: seed)
        let coordinates = map.map { $0.map { Double($0) } }
        let isJump = image.values.indices.map { pixel in
          Self.isNearMiddle(basis, coordinates.map { $0.values[pixel] })
        }
        let reference = try ReferenceVarying(basis, coordinates: coordinates, direction: direction, border: border)
        let expected = try reference.pullback(
          of: cotangent.map { Double($0) }, at: image.map { Double($0) })
        // As many as a pixel of an inner layer, or of the border, may get.
        let side = 2 * (basis.bounds.reach + 2) + 1
        let pixels = side * side
        let largest = border.outside.magnitude > 1 ? Double(border.outside.magnitude) : 1
        let scale = isNormalized ? 256.0 * 256 * 4 : 1
        let bound =
          scale
          * Self.bound(
            basis, most: largest, given: Double(pixels), additions: pixels * basis.filters[0].chain.tapCount)
        for kernels in RowKernels.all {
          let plan = try VaryingPlan(basis, width: width, kernels: kernels)
          let actual = try plan.pullback(
            of: Image(sameSizePlanes: [cotangent]), at: Image(sameSizePlanes: [image]), map: ParameterMap(map),
            direction: direction, options: ApplyOptions(border: border, threads: 2), wanting: [.map, .input])
          for axis in basis.axes.indices {
            let found = try #require(actual.map)[axis]
            for pixel in isJump.indices where !isJump[pixel] {
              let off = abs(Double(found.values[pixel]) - expected.map[axis].values[pixel])
              #expect(
                off <= bound,
                "\(kernels.name), \(name), \(kind), axis \(axis), pixel \(pixel), seed \(seed): \(off) of \(bound)")
            }
            guard !isNormalized else { continue }
            // What rounding usually does, which is far below what it may: an error in a formula shows here.
            let (all, off) = zip(found.values, expected.map[axis].values).enumerated().reduce((0.0, 0.0)) {
              isJump[$1.offset]
                ? $0 : ($0.0 + abs($1.element.1), $0.1 + abs(Double($1.element.0) - $1.element.1))
            }
            #expect(off <= 0x1p-12 * all, "\(kernels.name), \(name), \(kind), axis \(axis): \(off) of \(all)")
          }
          #expect(actual.filters == nil)
          let filters = try #require(
            try plan.pullback(
              of: Image(sameSizePlanes: [cotangent]), at: Image(sameSizePlanes: [image]), map: ParameterMap(map),
              direction: direction, options: ApplyOptions(border: border, threads: 2), wanting: .filters
            ).filters)
          if !isJump.contains(true) {
            try VaryingGradientTests.check(
              filters, [expected.filters], of: basis, given: [cotangent.map { Double($0) * scale }], most: largest,
              additions: pixels * basis.filters[0].chain.tapCount, "\(kernels.name), \(name), \(kind)")
            // What rounding usually does.
            guard !isNormalized else { continue }
            let (found, wanted) = (Self.numbers(filters), Self.numbers(expected.filters))
            let (all, off) = zip(found, wanted).reduce((0.0, 0.0)) { ($0.0 + abs($1.1), $0.1 + abs($1.0 - $1.1)) }
            #expect(off <= 0x1p-14 * all, "\(kernels.name), \(name), \(kind): \(off) of \(all)")
          }
          let input = try #require(actual.input).planes[0]
          let adjoint = try plan.applyAdjoint(
            to: Image(sameSizePlanes: [cotangent]), map: ParameterMap(map), direction: direction,
            options: ApplyOptions(border: border, threads: 2)
          ).planes[0]
          let most = OffsetsRunTests.bound(
            basis, most: Double(pixels), additions: pixels * basis.filters[0].chain.tapCount)
          #expect(
            violation(input, adjoint.map { Double($0) }, within: scale * 2 * most) == nil, "\(kernels.name), \(name)")
        }
      }
    }
  }
}
