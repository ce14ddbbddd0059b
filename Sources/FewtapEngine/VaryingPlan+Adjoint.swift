import FewtapCore

extension VaryingPlan {
  /// The adjoint of ``apply(to:map:direction:options:)`` as a linear map of each channel: what gradient methods and Richardson-Lucy
  /// iterations need.
  ///
  /// Equation: `<A x, y> = <x, A^T y>`. The adjoint of gather is scatter by the filters turned by half a turn, and the other way
  ///           round, over the image with its border; then every pixel of the border goes to the one that it stood for.
  /// Border:   as for the map itself; a constant, which is no part of x, counts as 0.
  /// Accuracy: of both sides as ``VaryingPlan`` says; held by FewtapEngineTests/VaryingAdjointTests.
  /// Throws:   as ``apply(to:map:direction:options:)``; ``ApplyError/adjointOfAlpha`` for an image with alpha, by which the map
  ///           divides; ``ApplyError/gathersOnly`` for the offsets operator.
  public func applyAdjoint(
    to image: Image, map: ParameterMap, direction: VaryingDirection = .gather, options: ApplyOptions = ApplyOptions()
  ) throws(ApplyError) -> Image {
    guard image.alphaIndex == nil else { throw .adjointOfAlpha }
    for (channel, plane) in image.planes.enumerated() { try plane.check(channel: channel) }
    guard image.width == width else { throw .widthDiffers(planned: width, found: image.width) }
    guard map.height == image.height else {
      throw .mapSize(map: [map.width, map.height], image: [width, image.height])
    }
    guard case .outputs(let compiled) = compiled else { throw .gathersOnly }
    _ = try mapped(by: map, direction: direction)
    var given = image.planes
    if options.border == .normalized {
      // What the map divides by is the mask's result, clamped as there.
      var plain = options
      plain.border = .constant(0)
      let ones = Image(sameSizePlanes: [Plane<Float>(width: width, height: image.height, repeating: 1)])
      let shares = try apply(to: ones, map: map, direction: direction, options: plain).planes[0]
      guard let sum = compiled.sum else { throw .sumsDiffer(compiled.knots.map(\.filter.sum)) }
      for channel in given.indices {
        for index in shares.values.indices {
          given[channel].values[index] /= max(shares.values[index] / Float(sum), Float(BorderNormalization.leastShare))
        }
      }
    }
    // Far enough for every pixel that the image reads around it.
    let box = basis.bounds
    // Low-rate pixels must stay where they lie, at multiples of their factors.
    let unit = basis.filters.reduce(1) { unit, filter in
      let factor = filter.rate?.factor ?? 1
      return unit / greatestCommonDivisor(unit, factor) * factor
    }
    let (left, above) = (ceilingDivide(max(0, box.maxX), unit) * unit, ceilingDivide(max(0, box.maxY), unit) * unit)
    let (right, below) = (max(0, -box.minX), max(0, -box.minY))
    let (wide, high) = (width + left + right, image.height + above + below)
    let padded = given.map { plane in
      var result = Plane<Float>(width: wide, height: high)
      for y in 0..<plane.height { for x in 0..<width { result[x + left, y + above] = plane[x, y] } }
      return result
    }
    let (inner, innerHeight) = (width, image.height)
    let nearest = ParameterMap(
      (0..<map.axisCount).map { axis in
        let plane = map.plane(axis: axis)
        var result = Plane<Float>(width: wide, height: high)
        for y in 0..<high {
          for x in 0..<wide {
            result[x, y] = plane[min(max(x - left, 0), inner - 1), min(max(y - above, 0), innerHeight - 1)]
          }
        }
        return result
      })
    var plain = options
    plain.border = .constant(0)
    let spread = try VaryingPlan(basis.transposed, width: wide, kernels: kernels).apply(
      to: Image(sameSizePlanes: padded), map: nearest, direction: direction == .gather ? .scatter : .gather,
      options: plain)
    let columns = (0..<wide).map { options.border.source(of: $0 - left, count: inner) }
    let planes = spread.planes.map { plane in
      var result = Plane<Float>(width: inner, height: innerHeight)
      for y in 0..<high {
        guard let row = options.border.source(of: y - above, count: innerHeight) else { continue }
        for x in 0..<wide { if let column = columns[x] { result[column, row] += plane[x, y] } }
      }
      return result
    }
    return Image(sameSizePlanes: planes)
  }
}
