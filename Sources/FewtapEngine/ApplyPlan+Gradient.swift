import FewtapCore

extension ApplyPlan {
  /// The pullback of ``apply(to:options:)``: the gradients of a loss, which has the gradient `cotangent` with respect to the filtered
  /// image, with respect to the image, to the weight and offset of every tap, and to the filter's gain.
  ///
  /// Equation: as ``ReferenceGradient``. The input's is ``applyAdjoint(to:options:)`` of the cotangent.
  /// Shapes:   cotangent and input as the image; a gradient for each tap of each of ``filter``'s layers, summed over channels.
  /// Units:    offsets in pixels of the layers' rate.
  /// Border:   as for the filter itself. A normalized one divides by a sum of the weights, which its gradients count.
  /// Accuracy: sums of products as `gamma_N` of their magnitudes says, N the roundings of both chains and of 16 rows of products; held
  ///           by FewtapEngineTests/GradientTests for every instruction set. No bit depends on the threads; the last ones may on
  ///           which parts are wanted.
  /// Cost:     of everything 2.5 to 3 times the filter's, by `fewtap bench gradient`; what a tap's gradient costs, its offset's
  ///           included, is what the tap costs.
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
    try options.check(hasAlpha: false, FilterSums(compiled))
    return options.border == .normalized
      ? try normalizedPullback(of: cotangent, at: image, parts, options)
      : try linearPullback(of: cotangent, at: image, parts, options)
  }

  private func compiledGradient() throws(ApplyError) -> CompiledGradient {
    if let gradient = backward.withLock({ $0.gradient }) { return gradient }
    let gradient = try CompiledGradient(filter)
    backward.withLock { $0.gradient = gradient }
    return gradient
  }

  /// Of a border that divides by nothing.
  private func linearPullback(
    of cotangent: Image, at image: Image, _ parts: GradientParts, _ options: ApplyOptions
  ) throws(ApplyError) -> FilterGradient<Image> {
    var gradient = FilterGradient<Image>()
    var share = 1.0
    if parts.contains(.filter) {
      var run = GradientRun(plan: self, gradient: try compiledGradient(), options: options)
      if parts.contains(.input) {
        if run.canSpread(height: image.height, channels: image.planes.count) {
          return try run.pullback(of: cotangent, at: image, border: options.border)
        }
        share = 0.5
        run.options = options.telling(0...share)
      }
      gradient = try run.gradient(of: cotangent, at: image, border: options.border)
    }
    if parts.contains(.input) { gradient.input = try spread(cotangent, options.telling(1 - share...1)) }
    return gradient
  }

  /// Of one that divides by what the filter makes of a mask.
  private func normalizedPullback(
    of cotangent: Image, at image: Image, _ parts: GradientParts, _ options: ApplyOptions
  ) throws(ApplyError) -> FilterGradient<Image> {
    var plain = options
    (plain.border, plain.progress) = (.constant(0), nil)
    let mask = try mask(height: image.height, options)
    let gradient = try linearPullback(of: dividedByShares(cotangent, mask: mask), at: image, parts, plain)
    guard parts.contains(.filter) else { return gradient }
    plain.border = .normalized
    let result = try apply(to: image, options: plain)
    var normalization = NormalizedGradient(filter, width: width, height: image.height)
    var ofMask = [Double](repeating: 0, count: mask.values.count)
    for (cotangent, result) in zip(cotangent.planes, result.planes) {
      for y in 0..<image.height {
        for x in 0..<width {
          // What the policy let through as zero.
          let given = options.nonfinite == .zero && !cotangent[x, y].isFinite ? 0 : cotangent[x, y]
          ofMask[y * width + x] +=
            normalization.pullback(
              Double(given), x: x, y: y, result: Double(result[x, y]), mask: Double(mask[x, y])
            ).mask
        }
      }
    }
    let ones = Plane<Float>(width: width, height: image.height, repeating: 1)
    let run = GradientRun(plan: self, gradient: try compiledGradient(), options: plain)
    return normalization.gradient(
      gradient,
      try run.gradient(
        of: Image(sameSizePlanes: [Plane(width: width, height: image.height, exactly: ofMask.map { Float($0) })]),
        at: Image(sameSizePlanes: [ones]), border: .constant(0)))
  }
}

extension ApplyOptions {
  /// The same, telling its progress as a part of more.
  fileprivate func telling(_ part: ClosedRange<Double>) -> ApplyOptions {
    var options = self
    guard let progress else { return self }
    options.progress = { progress(part.lowerBound + $0 * (part.upperBound - part.lowerBound)) }
    return options
  }
}
