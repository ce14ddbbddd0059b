import FewtapCore

extension VaryingPlan {
  /// The gradient of a loss of which the result of ``apply(to:map:direction:options:)`` at `image` has the gradient `cotangent`.
  ///
  /// Equation: `dL/dv = sum_p cotangent[p] d(A x)[p] / dv` for each v of the image x, the map and the filters; channels add up.
  /// Shapes:   `cotangent` as `image`; the gradient's image and map likewise, its taps as the basis has them.
  /// Sides:    as ``ReferenceVarying/pullback(of:at:)``. Values of the map that lie outside of the knots have no influence: 0.
  /// Border:   as there.
  /// Series:   as there.
  /// Throws:   as ``apply(to:map:direction:options:)``; ``ApplyError/adjointOfAlpha`` for an image with alpha;
  ///           ``ApplyError/cotangentSize(cotangent:image:)``.
  public func pullback(
    of cotangent: Image, at image: Image, map: ParameterMap, direction: VaryingDirection = .gather,
    options: ApplyOptions = ApplyOptions(), wanting parts: BasisGradient.Parts = .all
  ) throws(ApplyError) -> BasisGradient {
    guard image.alphaIndex == nil, cotangent.alphaIndex == nil else { throw .adjointOfAlpha }
    try check(image, map)
    for (channel, plane) in cotangent.planes.enumerated() { try plane.check(channel: channel) }
    let sizes = [cotangent, image].map { [$0.width, $0.height, $0.planes.count] }
    guard sizes[0] == sizes[1] else { throw .cotangentSize(cotangent: sizes[0], image: sizes[1]) }
    _ = try mapped(by: map, direction: direction)
    let reference = try ReferenceVarying(
      basis, map: basis.axes.indices.map { map.plane(axis: $0).converted { Double($0) } }, direction: direction,
      border: options.border)
    var gradient = BasisGradient()
    var inputs: [Plane<Float>] = []
    for channel in image.planes.indices {
      let pixels = try options.nonfinite.admit(image.planes[channel], channel: channel)
      let changes = try options.nonfinite.admit(cotangent.planes[channel], channel: channel)
      let own = try reference.pullback(of: changes.converted { Double($0) }, at: pixels.converted { Double($0) })
      inputs.append(own.input.converted { Float($0) })
      let maps = own.map.map { $0.converted { Float($0) } }
      if let sums = gradient.map {
        gradient.map = zip(sums, maps).map { sum, term in
          Plane(width: width, height: image.height, exactly: zip(sum.values, term.values).map { $0 + $1 })
        }
      } else {
        gradient.map = maps
      }
      guard gradient.filters != nil else {
        gradient.filters = own.filters
        continue
      }
      for index in own.filters.indices { gradient.filters?[index] += own.filters[index] }
    }
    if parts.contains(.input) { gradient.input = Image(sameSizePlanes: inputs) }
    if !parts.contains(.map) { gradient.map = nil }
    if !parts.contains(.filters) { gradient.filters = nil }
    return gradient
  }
}
