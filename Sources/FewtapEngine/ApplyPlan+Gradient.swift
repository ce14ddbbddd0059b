import FewtapCore

extension ApplyPlan {
  /// The pullback of ``apply(to:options:)``: the gradients of a loss, which has the gradient `cotangent` with respect to the filtered
  /// image, with respect to the image, to the weight and offset of every tap, and to the filter's gain.
  ///
  /// Equation: as ``ReferenceGradient``. The input's is ``applyAdjoint(to:options:)`` of the cotangent.
  /// Shapes:   cotangent and input as the image; a gradient for each tap of each of ``filter``'s layers, summed over channels.
  /// Units:    offsets in pixels of the layers' rate.
  /// Border:   as for the filter itself. A normalized one divides by a sum of the weights, which its gradients count.
  /// Threads:  no bit depends on how many.
  /// Throws:   as ``apply(to:options:)``, for either image; ``ApplyError/cotangentSize(cotangent:image:)``;
  ///           ``ApplyError/adjointOfAlpha`` for an image with alpha, by which the filter divides.
  public func pullback(
    of cotangent: Image, at image: Image, wanting parts: GradientParts = .all, options: ApplyOptions = ApplyOptions()
  ) throws(ApplyError) -> FilterGradient<Image> {
    guard image.alphaIndex == nil, cotangent.alphaIndex == nil else { throw .adjointOfAlpha }
    for planes in [image.planes, cotangent.planes] {
      for (channel, plane) in planes.enumerated() { try plane.check(channel: channel) }
    }
    guard image.width == width else { throw .widthDiffers(planned: width, found: image.width) }
    let sizes = [cotangent, image].map { [$0.width, $0.height, $0.planes.count] }
    guard sizes[0] == sizes[1] else { throw .cotangentSize(cotangent: sizes[0], image: sizes[1]) }
    var gradient = FilterGradient<Image>()
    if parts.contains(.input) { gradient.input = try applyAdjoint(to: cotangent, options: options) }
    if parts.contains(.filter) {
      var sum: FilterGradient<Plane<Double>>?
      for (channel, plane) in image.planes.enumerated() {
        let (c, x) = (
          try options.nonfinite.admit(cotangent.planes[channel], channel: channel),
          try options.nonfinite.admit(plane, channel: channel)
        )
        let part = try ReferenceGradient.pullback(
          of: Plane(width: width, height: c.height, exactly: c.values.map { Double($0) }),
          at: Plane(width: width, height: x.height, exactly: x.values.map { Double($0) }), through: filter,
          border: options.border)
        sum = sum.map { $0.adding(part) } ?? part
      }
      (gradient.layers, gradient.gain) = (sum?.layers, sum?.gain)
    }
    return gradient
  }
}

extension FilterGradient {
  /// The sum of two with respect to one filter; the input's is this one's.
  func adding(_ other: FilterGradient) -> FilterGradient {
    var sum = self
    sum.gain = gain.map { $0 + (other.gain ?? 0) }
    sum.layers = layers.map { layers in
      layers.enumerated().map { l, taps in
        taps.enumerated().map { i, a in
          let b = other.layers?[l][i]
          return TapGradient(
            weight: a.weight + (b?.weight ?? 0), x: a.x.map { $0 + (b?.x ?? 0) }, y: a.y.map { $0 + (b?.y ?? 0) })
        }
      }
    }
    return sum
  }
}
