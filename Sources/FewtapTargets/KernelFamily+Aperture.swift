import FewtapCore

extension KernelFamily {
  /// A picture of an aperture in any size and direction: `size=3...41,rotation=0...360`, or one of them a single number. The size
  /// is that of the picture's longer side in pixels, the rotation in degrees counterclockwise; without a rotation it is 0.
  ///
  /// Each pixel of the kernel gets the area that the picture's pixels have in it, as ``Kernel/mask(_:name:size:center:)`` does. A
  /// picture turned by no quarter of a circle is first scaled to four times the size, so that its pixels are small squares.
  /// Throws: ``TargetError``: as ``init(_:)``.
  public init(aperture: Plane<Double>, name: String, parameters: String) throws(TargetError) {
    if let bad = aperture.firstNonFinite() { throw .kernel(.nonFinite(x: bad.x, y: bad.y, value: bad.value)) }
    guard aperture.width > 0, aperture.height > 0 else { throw .kernel(.empty) }
    guard aperture.values.allSatisfy({ $0 >= 0 }) else {
      throw .contradiction(kernel: name, "an aperture has no negative values")
    }
    guard aperture.values.contains(where: { $0 > 0 }) else { throw .kernel(.allZero) }
    let words = try ApertureWords(parameters, name: name)
    self = try KernelFamily(name: "\(name):\(parameters)", axes: words.axes) { point in
      let (size, rotation) = words.values(at: point)
      return try Kernel.aperture(aperture, size: size, rotation: rotation, name: name)
    }.checked(findingPeriods: true)
  }
}

extension Kernel {
  /// A picture scaled so that its longer side has `size` pixels, turned counterclockwise about its middle, of sum 1.
  package static func aperture(
    _ mask: Plane<Double>, size: Double, rotation: Double, name: String
  ) throws(TargetError) -> Kernel {
    let turned = rotation.remainder(dividingBy: 360)
    let weights: Plane<Double>
    if turned == 0 {
      weights = scaled(mask, longerSide: size)
    } else {
      // Squares of a quarter of a pixel: what their own edges blur is a sixteenth of what a pixel's do.
      let longer = Double(max(mask.width, mask.height))
      let fine = 4 * size < longer ? scaled(mask, longerSide: 4 * size) : mask
      weights = turnedSquares(fine, side: 4 * size < longer ? 0.25 : size / longer, rotation: turned)
    }
    do throws(KernelError) {
      return try Kernel(name: name, weights: weights, normalized: true)
    } catch {
      throw .kernel(error)
    }
  }

  /// Every pixel of `mask` drawn as a square of `side` pixels, the whole turned about its middle.
  private static func turnedSquares(_ mask: Plane<Double>, side: Double, rotation: Double) -> Plane<Double> {
    let along = direction(degrees: rotation)
    let down = SIMD2(-along.y, along.x)
    let (middleX, middleY) = (Double(mask.width - 1) / 2, Double(mask.height - 1) / 2)
    let corner = SIMD2(
      abs(along.x) * Double(mask.width) + abs(down.x) * Double(mask.height),
      abs(along.y) * Double(mask.width) + abs(down.y) * Double(mask.height))
    let extent = corner * (side / 2)
    var raster = CoverageRaster(
      halfWidth: CoverageRaster.half(holding: extent.x), halfHeight: CoverageRaster.half(holding: extent.y))
    let halves = (along * (side / 2), down * (side / 2))
    for y in 0..<mask.height {
      for x in 0..<mask.width where mask[x, y] != 0 {
        let center = along * ((Double(x) - middleX) * side) + down * ((Double(y) - middleY) * side)
        raster.add(
          Outline([
            center - halves.0 - halves.1, center + halves.0 - halves.1, center + halves.0 + halves.1,
            center - halves.0 + halves.1,
          ]), weight: mask[x, y])
      }
    }
    return raster.areas()
  }
}

/// `size=3...41,rotation=0...360`.
private struct ApertureWords: Sendable {
  private var ends: [String: ClosedRange<Double>] = [:]

  private static let domains: [(key: String, unit: String, domain: KernelParameter.Domain)] = [
    ("size", "px", .number(1...Double(Kernel.maximumSide / 2), unit: "px")),
    ("rotation", "degrees", .number(-360...360, unit: "degrees")),
  ]

  init(_ text: String, name: String) throws(TargetError) {
    for assignment in text.split(separator: ",", omittingEmptySubsequences: false) {
      let sides = assignment.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(\.trimmed)
      guard sides.count == 2, !sides[0].isEmpty else { throw .notAnAssignment(kernel: name, assignment.trimmed) }
      guard let entry = Self.domains.first(where: { $0.key == sides[0] }) else {
        throw .unknownParameter(kernel: name, sides[0], known: Self.domains.map(\.key))
      }
      guard ends[entry.key] == nil else { throw .duplicateParameter(kernel: name, entry.key) }
      var range = entry.domain.range(of: sides[1])
      if range == nil, case .number(let value) = entry.domain.value(of: sides[1]) { range = value...value }
      guard let range else {
        throw .malformed(
          kernel: name, parameter: entry.key, text: sides[1], expected: KernelParameter.Domain.rangeForm)
      }
      for end in [range.lowerBound, range.upperBound] where entry.domain.firstOutside(.number(end)) != nil {
        throw .outOfRange(kernel: name, parameter: entry.key, value: end, expected: entry.domain.description)
      }
      ends[entry.key] = range
    }
    guard ends["size"] != nil else {
      throw .contradiction(kernel: name, "it has no size: give size=a...b, or size=n with a range of rotation")
    }
    guard !axes.isEmpty else { throw .notAFamily(kernel: name, text) }
  }

  var axes: [ParameterAxis] {
    Self.domains.compactMap { entry in
      guard let range = ends[entry.key], range.lowerBound < range.upperBound else { return nil }
      return ParameterAxis(name: entry.key, unit: entry.unit, range: range)
    }
  }

  /// Size and rotation at a point of ``axes``.
  func values(at point: [Double]) -> (size: Double, rotation: Double) {
    var point = point[...]
    let values = Self.domains.map { entry in
      guard let range = ends[entry.key] else { return 0.0 }
      return range.lowerBound < range.upperBound ? point.popFirst() ?? range.lowerBound : range.lowerBound
    }
    return (values[0], values[1])
  }
}
