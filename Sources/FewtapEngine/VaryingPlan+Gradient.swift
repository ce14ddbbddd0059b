import FewtapCore

extension VaryingPlan {
  /// The gradient of a loss of which the result of ``apply(to:map:direction:options:)`` at `image` has the gradient `cotangent`.
  ///
  /// Equation: `dL/dv = sum_p cotangent[p] d(A x)[p] / dv` for each v of the image x, the map and the filters; channels add up.
  /// Shapes:   `cotangent` as `image`; the gradient's image and map likewise, its taps as the basis has them.
  /// Sides:    as ``ReferenceVarying/pullback(of:at:)``. Values of the map that lie outside of the knots have no influence: 0.
  /// Border:   as there.
  /// Series:   as there.
  /// Accuracy: of the image as ``applyAdjoint(to:map:direction:options:)``; of the map as ``VaryingPlan`` says of results, times the
  ///           cotangent and the coordinates' slope, which is that of the table that filters look up as well. Held by
  ///           FewtapEngineTests/VaryingGradientTests. No bit depends on threads.
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
    let mapped = try mapped(by: map, direction: direction)
    try options.check(hasAlpha: false, sums)
    let (image, cotangent) = (try options.nonfinite.admit(image), try options.nonfinite.admit(cotangent))
    var plain = options
    (plain.nonfinite, plain.progress) = (.keep, nil)

    var gradient = BasisGradient()
    var loss = VaryingLoss(image: image, cotangent: cotangent, border: options.border, slopeOfSum: 0)
    if options.border == .normalized, !parts.isSubset(of: .input) { loss = try loss.undivided(by: mapped, plain) }
    if parts.contains(.map) {
      let (map, input) = try mapGradient(mapped, loss, plain, wantsInput: parts.contains(.input))
      gradient.map = map
      gradient.input = input.map { Image(sameSizePlanes: Array($0.prefix(image.planes.count))) }
    }
    if parts.contains(.input), gradient.input == nil { gradient.input = try adjoint(of: mapped, cotangent, plain) }
    if parts.contains(.filters) { gradient.filters = try filterGradients(mapped, loss, plain) }
    return gradient
  }

  // MARK: The map

  /// Most channels that are side by side in a tile.
  private static let channelsAtOnce = 4

  /// What the loss changes by with the map; with the image, too, where that is wanted and comes on the way.
  private func mapGradient(
    _ mapped: MappedPlan, _ loss: VaryingLoss, _ options: ApplyOptions, wantsInput: Bool
  ) throws(ApplyError) -> (map: [Plane<Float>], input: [Plane<Float>]?) {
    guard mapped.direction == .gather else {
      // <c, A x> = <A^T c, x>: the roles of image and cotangent are exchanged.
      let (frame, turned) = try framed(mapped)
      let exchanged = VaryingLoss(
        image: Image(sameSizePlanes: loss.cotangent.planes.map { frame.surrounded($0) }),
        cotangent: Image(sameSizePlanes: loss.image.planes.map { frame.surrounded($0, loss.border) }),
        border: .constant(0), slopeOfSum: 0)
      return try mapped.naming { () throws(ApplyError) in
        let (map, _) = try turned.plan.mapGradient(turned, exchanged, options, wantsInput: false)
        return (map.map { frame.folded($0, .clamp) }, nil)
      }
    }
    var options = options
    options.border = loss.border
    var (sum, inputs): ([Plane<Float>], [Plane<Float>]?) = ([], nil)
    for first in stride(from: 0, to: loss.image.planes.count, by: Self.channelsAtOnce) {
      let channels = first..<min(first + Self.channelsAtOnce, loss.image.planes.count)
      let image = Image(sameSizePlanes: Array(loss.image.planes[channels]))
      let cotangent = Image(sameSizePlanes: Array(loss.cotangent.planes[channels]))
      let part: [Plane<Float>]
      switch compiled {
      case .outputs(let basis): part = try Self.mapGradient(mapped, basis, image, cotangent, options)
      case .offsets(let offsets):
        let run = OffsetsGradientRun(mapped, offsets, turned: try CompiledOffsets(basis.transposed), options)
        let input: [Plane<Float>]?
        (part, input) = try image.withPixels { image throws(ApplyError) in
          try cotangent.withPixels { changes throws(ApplyError) in
            try run.run(image, changes, wantsInput: wantsInput)
          }
        }
        inputs = input.map { (inputs ?? []) + $0 }
      }
      if sum.isEmpty {
        sum = part
      } else {
        for axis in sum.indices {
          for index in sum[axis].values.indices { sum[axis].values[index] += part[axis].values[index] }
        }
      }
    }
    return (sum, inputs)
  }

  private static func mapGradient(
    _ mapped: MappedPlan, _ basis: CompiledBasis, _ image: Image, _ cotangent: Image, _ options: ApplyOptions
  ) throws(ApplyError) -> [Plane<Float>] {
    try image.planes(mapped.map.axisCount) { source, target throws(ApplyError) in
      try cotangent.withPixels { changes throws(ApplyError) in
        let pass = PixelPass(
          source: source, target: target, alphaIndex: nil, lightIsAssociated: (false, false), options: options)
        _ = try VaryingRun(mapped, basis, pass: pass, gradientOf: changes).run(rows: 0..<image.height) {}
      }
    }
  }

  // MARK: The filters

  private func filterGradients(
    _ mapped: MappedPlan, _ loss: VaryingLoss, _ options: ApplyOptions
  ) throws(ApplyError) -> [KnotGradient] {
    var filters = try referenceGradient(mapped, loss).filters
    for index in filters.indices where loss.slopeOfSum != 0 {
      filters[index].add(slope: loss.slopeOfSum / Double(filters.count), ofSum: basis.filters[index])
    }
    return filters
  }

  private func referenceGradient(
    _ mapped: MappedPlan, _ loss: VaryingLoss
  ) throws(ApplyError) -> ReferenceVarying.Gradient {
    let reference = try ReferenceVarying(
      basis, map: basis.axes.indices.map { mapped.map.plane(axis: $0).converted { Double($0) } },
      direction: mapped.direction, border: loss.border)
    var sum: ReferenceVarying.Gradient?
    for (plane, changes) in zip(loss.image.planes, loss.cotangent.planes) {
      let part = try reference.pullback(of: changes.converted { Double($0) }, at: plane.converted { Double($0) })
      guard var old = sum else {
        sum = part
        continue
      }
      for axis in part.map.indices {
        for index in part.map[axis].values.indices { old.map[axis].values[index] += part.map[axis].values[index] }
      }
      for index in part.filters.indices { old.filters[index] += part.filters[index] }
      sum = old
    }
    return sum ?? ReferenceVarying.Gradient(input: Plane(width: 0, height: 0), map: [], filters: [])
  }
}

/// Of a result the loss has a gradient: what it comes from, and that gradient.
struct VaryingLoss {
  var image: Image
  var cotangent: Image
  var border: BorderRule
  /// What the loss changes by with the filters' common sum, by which results were divided.
  var slopeOfSum: Double

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
