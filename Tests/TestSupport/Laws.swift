import FewtapCore

// Laws that every filter keeps, as checkers: nil if the law holds, else a sentence that says where it does not.

/// A filter on one plane.
package typealias PlaneFilter = (Plane<Float>) throws -> Plane<Float>

/// The first pixel at which `actual` is further from `expected` than `bound` allows (or is NaN).
package func violation<A, B>(_ actual: Plane<A>, _ expected: Plane<B>, within bound: Plane<Double>) -> String? {
  guard actual.width == expected.width, actual.height == expected.height else {
    return "sizes differ: \(actual.width)x\(actual.height), expected \(expected.width)x\(expected.height)"
  }
  for y in 0..<actual.height {
    for x in 0..<actual.width {
      let (a, b) = (Double(actual[x, y]), Double(expected[x, y]))
      guard abs(a - b) <= bound[x, y] else {
        return "at (\(x), \(y)): \(a), expected \(b) within \(bound[x, y]) (off by \(a - b))"
      }
    }
  }
  return nil
}

/// The same with one bound for every pixel.
package func violation<A, B>(_ actual: Plane<A>, _ expected: Plane<B>, within bound: Double) -> String? {
  violation(actual, expected, within: Plane(width: expected.width, height: expected.height, repeating: bound))
}

/// filter(constant c) = c * gain.
package func constantLawViolation(
  of filter: PlaneFilter, constant: Float, gain: Double, width: Int, height: Int, within bound: Double
) throws -> String? {
  let result = try filter(Plane(width: width, height: height, repeating: constant))
  return violation(
    result, Plane<Double>(width: width, height: height, repeating: Double(constant) * gain), within: bound)
}

/// filter(a f + b g) = a filter(f) + b filter(g).
package func linearityLawViolation(
  of filter: PlaneFilter, _ f: Plane<Float>, _ g: Plane<Float>, a: Float, b: Float, within bound: Double
) throws -> String? {
  let mixed = Plane<Float>(width: f.width, height: f.height) { x, y in a * f[x, y] + b * g[x, y] }
  let (filteredF, filteredG) = (try filter(f), try filter(g))
  let expected = Plane<Double>(width: f.width, height: f.height) { x, y in
    Double(a) * Double(filteredF[x, y]) + Double(b) * Double(filteredG[x, y])
  }
  return violation(try filter(mixed), expected, within: bound)
}

/// Under a periodic border, filter(shift(f)) = shift(filter(f)), to the bit.
package func shiftLawViolation(of filter: PlaneFilter, _ f: Plane<Float>, x: Int, y: Int) throws -> String? {
  func shifted(_ plane: Plane<Float>) -> Plane<Float> {
    Plane(width: f.width, height: f.height) { column, row in
      plane[((column - x) % f.width + f.width) % f.width, ((row - y) % f.height + f.height) % f.height]
    }
  }
  return violation(try filter(shifted(f)), shifted(try filter(f)), within: 0)
}
