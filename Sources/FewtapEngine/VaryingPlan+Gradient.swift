import FewtapCore

extension VaryingPlan {
  /// The gradient of a loss of which the result of ``apply(to:map:direction:options:)`` at `image` has the gradient `cotangent`.
  ///
  /// Equation: `dL/dv = sum_p cotangent[p] d(A x)[p] / dv` for each v of the image x, the map and the filters; channels add up.
  /// Shapes:   `cotangent` as `image`; the gradient's image and map likewise, its taps as the basis has them.
  /// Sides:    as ``ReferenceVarying/pullback(of:at:)``, but at the upper end of a periodic axis that of the first interval: both ends are
  ///           one knot. Values of the map that lie outside of the knots have no influence: 0.
  /// Border:   as there.
  /// Series:   as there.
  /// Accuracy: of the image as ``applyAdjoint(to:map:direction:options:)``; of the map as ``VaryingPlan`` says of results, times the
  ///           cotangent and the coordinates' slope, which is that of the table that filters look up as well. Held by
  ///           FewtapEngineTests/VaryingGradientTests. No bit depends on threads.
  /// Cost:     with the outputs operator by gather 1.2 to 2.5 times the filter's for the image, 1.1 to 1.6 for the map, 1.7 to 3.6 for the taps,
  ///           the least where the map is smooth; by `fewtap bench basis-gradient`.
  /// Throws:   as ``apply(to:map:direction:options:)``; ``ApplyError/adjointOfAlpha`` for an image with alpha;
  ///           ``ApplyError/cotangentSize(cotangent:image:)``.
  public func pullback(
    of cotangent: Image, at image: Image, map: ParameterMap, direction: VaryingDirection = .gather,
    options: ApplyOptions = ApplyOptions(), wanting parts: BasisGradient.Parts = .all
  ) throws(ApplyError) -> BasisGradient {
    try pullback(of: cotangent, at: image, by: mapped(by: map, direction: direction), options, parts)
  }

  /// The same, by parameters or by weights.
  func pullback(
    of cotangent: Image, at image: Image, by mapped: MappedPlan, _ options: ApplyOptions, _ parts: BasisGradient.Parts
  ) throws(ApplyError) -> BasisGradient {
    guard image.alphaIndex == nil, cotangent.alphaIndex == nil else { throw .adjointOfAlpha }
    try check(image, mapped.map)
    for (channel, plane) in cotangent.planes.enumerated() { try plane.check(channel: channel) }
    let sizes = [cotangent, image].map { [$0.width, $0.height, $0.planes.count] }
    guard sizes[0] == sizes[1] else { throw .cotangentSize(cotangent: sizes[0], image: sizes[1]) }
    try options.check(hasAlpha: false, sums)
    let (image, cotangent) = (try options.nonfinite.admit(image), try options.nonfinite.admit(cotangent))
    var plain = options
    (plain.nonfinite, plain.progress) = (.keep, nil)

    var loss = VaryingLoss(image: image, cotangent: cotangent, border: options.border, slopeOfSum: 0)
    if options.border == .normalized, !parts.isSubset(of: .input) { loss = try loss.undivided(by: mapped, plain) }
    var gradient = try gradient(mapped, loss, parts, plain)
    // What a loss' image has beside the channels is a mask.
    gradient.input = gradient.input.map { Image(sameSizePlanes: Array($0.planes.prefix(image.planes.count))) }
    if parts.contains(.input), gradient.input == nil { gradient.input = try adjoint(of: mapped, cotangent, plain) }
    guard loss.slopeOfSum != 0, var filters = gradient.filters else { return gradient }
    for index in filters.indices {
      filters[index].add(slope: loss.slopeOfSum / Double(filters.count), ofSum: basis.filters[index])
    }
    gradient.filters = filters
    return gradient
  }

  /// What the loss changes by with the map and the filters; with the image, too, where that is wanted and comes on the way.
  private func gradient(
    _ mapped: MappedPlan, _ loss: VaryingLoss, _ parts: BasisGradient.Parts, _ options: ApplyOptions
  ) throws(ApplyError) -> BasisGradient {
    var options = options
    options.border = loss.border
    guard !parts.isSubset(of: .input) else { return BasisGradient() }
    switch (compiled, mapped.direction) {
    case (.outputs(let basis), .gather):
      var gradient = BasisGradient()
      if parts.contains(.map) {
        gradient.map =
          mapped.meaning == .weights
          ? try weightGradient(loss, options) : try mapGradient(mapped, basis, loss, options)
      }
      if parts.contains(.filters) {
        gradient.filters = try loss.image.withPixels { image throws(ApplyError) in
          try loss.cotangent.withPixels { cotangent throws(ApplyError) in
            try filterGradients(mapped, basis, of: cotangent, at: image, options)
          }
        }
      }
      return gradient
    case (.offsets(let offsets), .gather):
      return try offsetsGradient(mapped, offsets, loss, parts, options)
    case (_, .scatter):
      // <c, A x> = <A^T c, x>: the roles of image and cotangent are exchanged.
      let (frame, turned) = try framed(mapped)
      let exchanged = VaryingLoss(
        image: Image(sameSizePlanes: loss.cotangent.planes.map { frame.surrounded($0) }),
        cotangent: Image(sameSizePlanes: loss.image.planes.map { frame.surrounded($0, loss.border) }),
        border: .constant(0), slopeOfSum: 0)
      return try mapped.naming { () throws(ApplyError) in
        var wanted = parts.subtracting(.input)
        // What comes on the way back of one comes on the way forth of the other.
        if parts.contains(.input), basis.interpolation == .offsets { wanted.insert(.result) }
        var gradient = try turned.plan.gradient(turned, exchanged, wanted, options)
        gradient.input = gradient.input.map { Image(sameSizePlanes: $0.planes.map { frame.folded($0, loss.border) }) }
        gradient.map = gradient.map.map { $0.map { frame.folded($0, .clamp) } }
        gradient.filters = gradient.filters.map { filters in
          filters.map { $0.turned(reversesLayers: basis.interpolation == .outputs) }
        }
        return gradient
      }
    }
  }

  // MARK: The outputs operator

  /// Most channels that are side by side in a tile.
  fileprivate static let channelsAtOnce = 4

  /// What the loss changes by with the map.
  private func mapGradient(
    _ mapped: MappedPlan, _ basis: CompiledBasis, _ loss: VaryingLoss, _ options: ApplyOptions
  ) throws(ApplyError) -> [Plane<Float>] {
    var sum: [Plane<Float>]?
    for part in loss.parts(channels: Self.channelsAtOnce) {
      let own = try part.image.planes(mapped.map.axisCount) { image, map throws(ApplyError) in
        try part.cotangent.withPixels { cotangent throws(ApplyError) in
          try mapGradient(mapped, basis, of: cotangent, at: image, into: map, options)
        }
      }
      sum = sum.map { $0.adding(own) } ?? own
    }
    return sum ?? []
  }

  /// The same for few channels.
  fileprivate func mapGradient(
    _ mapped: MappedPlan, _ basis: CompiledBasis, of cotangent: SourceImage, at image: SourceImage,
    into map: TargetImage, _ options: ApplyOptions
  ) throws(ApplyError) {
    let pass = PixelPass(
      source: image, target: map, alphaIndex: nil, lightIsAssociated: (false, false), options: options)
    _ = try VaryingRun(mapped, basis, pass: pass, gradientOf: cotangent).run(rows: 0..<mapped.map.height) {}
  }

  /// What it changes by with the filters: each one's by itself, of the cotangent times its weights.
  fileprivate func filterGradients(
    _ mapped: MappedPlan, _ compiled: CompiledBasis, of cotangent: SourceImage, at image: SourceImage,
    _ options: ApplyOptions
  ) throws(ApplyError) -> [FilterGradient] {
    let plans = try knotPlans()
    let whole = Region(x: 0..<width, y: 0..<mapped.map.height)
    var own = options
    own.threads = 1
    let (threads, single) = (options.threads, own)
    let count = KnotCoordinates.floatCount(whole, planes: mapped.map.axisCount)
    let gradients = pool.withWorkspace(count: count) { workspace in
      Result { () throws(ApplyError) in
        let coordinates = try KnotCoordinates(
          mapped, compiled, over: whole, threads: threads, memory: workspace.floats)
        return parallelMap(count: plans.count, threads: threads) { knot in
          Result { () throws(ApplyError) in
            let share = KnotShare(weights: coordinates.weights(of: knot), marks: coordinates.marks, knot: knot)
            let run = GradientRun(
              plan: plans[knot], gradient: try plans[knot].compiledGradient(), options: single, share: share)
            return try run.gradient(of: cotangent, at: image, border: single.border)
          }
        }
      }
    }
    return try gradients.get().map { gradient throws(ApplyError) in try gradient.get() }
  }

  // MARK: The offsets operator

  private func offsetsGradient(
    _ mapped: MappedPlan, _ offsets: OffsetsPlan, _ loss: VaryingLoss, _ parts: BasisGradient.Parts,
    _ options: ApplyOptions
  ) throws(ApplyError) -> BasisGradient {
    // A plan of the same operator.
    guard case .offsets(let turned) = try turned().compiled else { return BasisGradient() }
    let run = OffsetsGradientRun(mapped, offsets, turned: turned.compiled, options)
    var (sum, inputs): (OffsetsGradientRun.Gradient?, [Plane<Float>]) = (nil, [])
    for part in loss.parts(channels: Self.channelsAtOnce) {
      let own = try part.image.withPixels { image throws(ApplyError) in
        try part.cotangent.withPixels { changes throws(ApplyError) in try run.run(image, changes, parts) }
      }
      inputs += own.input ?? []
      guard var old = sum else {
        sum = own
        continue
      }
      old.map = old.map.adding(own.map)
      if let filters = own.filters, var all = old.filters {
        for index in all.indices { all[index] += filters[index] }
        old.filters = all
      }
      sum = old
    }
    return BasisGradient(
      input: inputs.isEmpty ? nil : Image(sameSizePlanes: inputs),
      map: parts.contains(.map) ? sum?.map : nil, filters: sum?.filters)
  }
}

extension MappedPlan {
  /// ``VaryingPlan/applyAdjoint(to:map:direction:options:)`` without a copy of any image; false where that cannot be. Both are of the
  /// plan's width and the map's height.
  package func applyAdjoint(
    to cotangent: PlanarPixels, into input: PlanarPixels, options: ApplyOptions
  ) throws(ApplyError) -> Bool {
    guard case .outputs = plan.compiled, direction == .gather, options.border != .normalized else { return false }
    try map.check(height: cotangent.height)
    try options.check(hasAlpha: false, plan.sums)
    try plan.spread(cotangent.source, into: input.target, self, options)
    return true
  }

  /// ``VaryingPlan/pullback(of:at:map:direction:options:wanting:)`` without a copy of any image: the gradients of the filters, if they are
  /// wanted, those of image and map go where there is a place for them. Nil where that cannot be.
  package func pullback(
    of cotangent: PlanarPixels, at image: PlanarPixels, into input: PlanarPixels?, map gradient: PlanarPixels?,
    filters: Bool, options: ApplyOptions
  ) throws(ApplyError) -> [FilterGradient]? {
    guard case .outputs(let basis) = plan.compiled, direction == .gather, meaning == .parameters,
      options.border != .normalized, options.nonfinite != .zero,
      image.planes.count <= VaryingPlan.channelsAtOnce
    else { return nil }
    try map.check(height: image.height)
    try options.check(hasAlpha: false, plan.sums)
    if options.nonfinite == .refuse {
      for pixels in [image, cotangent] {
        try pixels.source.refuseNonFinite(rows: 0..<pixels.height, plan.kernels)
      }
    }
    var plain = options
    (plain.nonfinite, plain.progress) = (.keep, nil)
    if let gradient {
      try plan.mapGradient(self, basis, of: cotangent.source, at: image.source, into: gradient.target, plain)
    }
    if let input { try plan.spread(cotangent.source, into: input.target, self, plain) }
    return filters ? try plan.filterGradients(self, basis, of: cotangent.source, at: image.source, plain) : []
  }
}

extension [Plane<Float>] {
  /// Plane by plane the sum with others of the same size.
  fileprivate func adding(_ others: [Plane<Float>]) -> [Plane<Float>] {
    zip(self, others).map { a, b in
      Plane(width: a.width, height: a.height, exactly: zip(a.values, b.values).map { $0 + $1 })
    }
  }
}

/// Of a result the loss has a gradient: what it comes from, and that gradient.
struct VaryingLoss {
  var image: Image
  var cotangent: Image
  var border: BorderRule
  /// What the loss changes by with the filters' common sum, by which results were divided.
  var slopeOfSum: Double

  /// The same for some channels at a time.
  func parts(channels: Int) -> [VaryingLoss] {
    stride(from: 0, to: image.planes.count, by: channels).map { first in
      let some = first..<min(first + channels, image.planes.count)
      return VaryingLoss(
        image: Image(sameSizePlanes: Array(image.planes[some])),
        cotangent: Image(sameSizePlanes: Array(cotangent.planes[some])), border: border, slopeOfSum: 0)
    }
  }

  /// The same where results are divided by `max(A 1 / s, least)`: image and mask side by side, which A alone makes results of.
  ///
  /// Equation: `d(n / share) = dn / share - y dm / (share s) + y m ds / (share s^2)`, the last two where the share is not the least.
  func undivided(by mapped: MappedPlan, _ options: ApplyOptions) throws(ApplyError) -> VaryingLoss {
    var plain = options
    plain.border = .constant(0)
    let ones = Plane<Float>(width: image.width, height: image.height, repeating: 1)
    let mask = try mapped.work.filtered(Image(sameSizePlanes: [ones]), options: plain).planes[0]
    let result = try mapped.work.filtered(image, options: options)
    let sum = mapped.plan.sums.common ?? 1
    var (planes, ofMask, slope) = (cotangent.planes, Plane<Float>(width: image.width, height: image.height), 0.0)
    for index in ones.values.indices {
      let whole = Double(mask.values[index]) / sum
      let share = max(whole, BorderNormalization.leastShare)
      var change = 0.0
      for channel in planes.indices {
        let given = Double(planes[channel].values[index]) / share
        planes[channel].values[index] = Float(given)
        change += given * Double(result.planes[channel].values[index])
      }
      guard whole > BorderNormalization.leastShare else { continue }
      ofMask.values[index] = Float(-change / sum)
      slope += change * whole / sum
    }
    return VaryingLoss(
      image: Image(sameSizePlanes: image.planes + [ones]), cotangent: Image(sameSizePlanes: planes + [ofMask]),
      border: .constant(0), slopeOfSum: slope)
  }
}
