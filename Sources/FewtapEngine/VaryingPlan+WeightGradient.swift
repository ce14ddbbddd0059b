import FewtapCore

extension VaryingPlan {
  /// The gradient of a loss of which the result of ``apply(to:weights:direction:options:)`` at `image` has the gradient `cotangent`.
  ///
  /// Equation: gather: `dL/dw_k[p] = sum_channels c[p] (F_k E x)[p]`; scatter: `sum_channels (E x)[p] (F_k^T c)[p]`, where the pixels
  ///           of the border go to the nearest one's weight. The taps' are those of each filter, on the cotangent (by scatter, the
  ///           image) times its weights.
  /// Shapes:   `cotangent` as `image`; the gradient's map as `weights`, one plane a filter.
  /// Border:   as ``pullback(of:at:map:direction:options:wanting:)``.
  /// Accuracy: of each filter as ``ApplyPlan``, times the cotangent; held by FewtapEngineTests/WeightGradientTests. No bit depends on
  ///           threads.
  /// Cost:     of the weights each filter once over the whole image; of the taps, what is around blocks of pixels with a weight.
  /// Throws:   as ``apply(to:weights:direction:options:)``; ``ApplyError/adjointOfAlpha`` for an image with alpha;
  ///           ``ApplyError/cotangentSize(cotangent:image:)``.
  public func pullback(
    of cotangent: Image, at image: Image, weights: ParameterMap, direction: VaryingDirection = .gather,
    options: ApplyOptions = ApplyOptions(), wanting parts: BasisGradient.Parts = .all
  ) throws(ApplyError) -> BasisGradient {
    let mapped = try mapped(byWeights: weights, direction: direction)
    try mapped.refuseMap(rows: 0..<weights.height)
    return try pullback(of: cotangent, at: image, by: mapped, options, parts)
  }

  /// What the loss changes by with the weights, where each pixel of the result collects.
  func weightGradient(_ loss: VaryingLoss, _ options: ApplyOptions) throws(ApplyError) -> [Plane<Float>] {
    try knotPlans().map { plan throws(ApplyError) in
      try plan.apply(to: loss.image, options: options).products(with: loss.cotangent)
    }
  }
}

extension Image {
  /// Pixel by pixel the sum over the channels of products with those of an image of the same size.
  fileprivate func products(with other: Image) -> Plane<Float> {
    var sum = Plane<Float>(width: width, height: height)
    for (a, b) in zip(planes, other.planes) {
      a.values.withUnsafeBufferPointer { a in
        b.values.withUnsafeBufferPointer { b in
          sum.values.withUnsafeMutableBufferPointer { sum in
            for index in sum.indices { sum[index] += a[index] * b[index] }
          }
        }
      }
    }
    return sum
  }
}
