import FewtapCore

extension VaryingPlan {
  /// The adjoint of ``apply(to:map:direction:options:)`` as a linear map of each channel: what gradient methods and Richardson-Lucy
  /// iterations need.
  ///
  /// Equation: `<A x, y> = <x, A^T y>`. The adjoint of gather is scatter by the filters turned by half a turn, and the other way
  ///           round, over the image with its border; then every pixel of the border goes to the one that it stood for.
  /// Border:   as for the map itself; a constant, which is no part of x, counts as 0.
  /// Accuracy: of both sides as ``VaryingPlan`` says; held by FewtapEngineTests/VaryingPlanTests and OffsetsSpreadTests.
  /// Throws:   as ``apply(to:map:direction:options:)``; ``ApplyError/adjointOfAlpha`` for an image with alpha, by which the map
  ///           divides.
  public func applyAdjoint(
    to image: Image, map: ParameterMap, direction: VaryingDirection = .gather, options: ApplyOptions = ApplyOptions()
  ) throws(ApplyError) -> Image {
    try adjoint(of: mapped(by: map, direction: direction), image, options)
  }

  /// The adjoint of ``apply(to:weights:direction:options:)``. Throws: as there and ``applyAdjoint(to:map:direction:options:)``.
  public func applyAdjoint(
    to image: Image, weights: ParameterMap, direction: VaryingDirection = .gather,
    options: ApplyOptions = ApplyOptions()
  ) throws(ApplyError) -> Image {
    try adjoint(of: mapped(byWeights: weights, direction: direction), image, options)
  }

  func adjoint(
    of mapped: MappedPlan, _ image: Image, _ options: ApplyOptions
  ) throws(ApplyError) -> Image {
    guard image.alphaIndex == nil else { throw .adjointOfAlpha }
    try check(image, mapped.map)
    let sums = sums
    try options.check(hasAlpha: false, sums)
    var plain = options
    plain.border = .constant(0)
    var given = image.planes
    if options.border == .normalized, let sum = sums.common {
      // What the map divides by is the mask's result, clamped as there.
      let ones = Image(sameSizePlanes: [Plane<Float>(width: width, height: image.height, repeating: 1)])
      let shares = try mapped.work.filtered(ones, options: plain).planes[0]
      for channel in given.indices {
        for index in shares.values.indices {
          given[channel].values[index] /= max(shares.values[index] / Float(sum), Float(BorderNormalization.leastShare))
        }
      }
    }
    if case .outputs = compiled, mapped.direction == .gather {
      return try Image(sameSizePlanes: given).filtered { source, target throws(ApplyError) in
        try spread(source, into: target, mapped, options)
      }
    }
    let (frame, turned) = try framed(mapped)
    let framedImage = Image(sameSizePlanes: given.map { frame.surrounded($0) })
    let result = try mapped.naming { () throws(ApplyError) in
      try MappedPlan(turned.plan, turned.map, turned.meaning, mapped.direction == .gather ? .scatter : .gather)
        .work.filtered(framedImage, options: plain)
    }
    return Image(sameSizePlanes: result.planes.map { frame.folded($0, options.border) })
  }

  /// The adjoint of gather by the outputs operator: scatter by the filters turned by half a turn, of the image with zeros around it, and
  /// what they spread beyond its edges added to the pixels that stood there.
  func spread(
    _ image: SourceImage, into target: TargetImage, _ mapped: MappedPlan, _ options: ApplyOptions
  ) throws(ApplyError) {
    // A plan of the same operator.
    guard case .outputs(let turned) = try turned().compiled else { return }
    let border = options.border
    var plain = options
    plain.border = .constant(0)
    let pass = PixelPass(
      source: image, target: target, alphaIndex: nil, lightIsAssociated: (false, false), options: plain)
    let regions = border.source(of: -1, count: 1) == nil ? [] : basis.bounds.frame(width: width, height: image.height)
    let frame = regions.map { FrameFold($0, channels: image.channels) }
    defer { for part in frame { part.deallocate() } }
    _ = try pass.attempt { () throws(ApplyError) in
      try image.refuseNonFinite(rows: 0..<image.height, kernels)
    } run: { nonfinite, toldFraction throws(ApplyError) in
      try SpreadRun(mapped, turned, pass: pass, frame: frame)
        .run(rows: 0..<image.height, nonfinite, toldFraction: toldFraction)
    }
    for part in frame { part.fold(into: target, width: width, height: image.height, border, kernels.table) }
  }

  /// The filters turned by half a turn, over the image and all that they read around it: by gather the adjoint of scatter.
  func framed(_ mapped: MappedPlan) throws(ApplyError) -> (frame: ImageFrame, turned: MappedPlan) {
    let frame = ImageFrame(of: self, height: mapped.map.height)
    let turned = try turned()
    return (frame, try MappedPlan(turned, frame.surrounded(mapped.map), mapped.meaning, .gather))
  }
}

extension MappedPlan {
  /// What `body` makes of a map with a frame around it; where that cannot be, errors name the place in this one.
  func naming<Result>(_ body: () throws(ApplyError) -> Result) throws(ApplyError) -> Result {
    do {
      return try body()
    } catch {
      if case .badMap = error { try refuseMap(rows: 0..<map.height) }
      throw error
    }
  }
}
