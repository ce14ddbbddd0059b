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

  private func adjoint(
    of mapped: MappedPlan, _ image: Image, _ options: ApplyOptions
  ) throws(ApplyError) -> Image {
    guard image.alphaIndex == nil else { throw .adjointOfAlpha }
    try check(image, mapped.map)
    let map = mapped.map
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
    let frame = Frame(of: self, width: width, height: image.height)
    let turned = try VaryingPlan(basis.transposed, width: frame.width, kernels: kernels)
    let around = ParameterMap(sameSizePlanes: (0..<map.axisCount).map { frame.extended(map.plane(axis: $0)) })
    let spread = try MappedPlan(turned, around, mapped.meaning, mapped.direction == .gather ? .scatter : .gather)
    let result = try spread.work.filtered(Image(sameSizePlanes: given.map(frame.surrounded)), options: plain)
    return Image(sameSizePlanes: result.planes.map { frame.folded($0, options.border) })
  }
}

/// An image with room around it for all that a plan reads.
private struct Frame {
  let left: Int
  let above: Int
  let width: Int
  let height: Int
  private let inner: (width: Int, height: Int)

  init(of plan: VaryingPlan, width: Int, height: Int) {
    let box = if case .offsets(let offsets) = plan.compiled { offsets.compiled.reach } else { plan.basis.bounds }
    // Low-rate pixels must stay where they lie, at multiples of their factors.
    let unit = plan.basis.filters.reduce(1) { unit, filter in
      let factor = filter.rate?.factor ?? 1
      return unit / greatestCommonDivisor(unit, factor) * factor
    }
    (left, above) = (ceilingDivide(max(0, box.maxX), unit) * unit, ceilingDivide(max(0, box.maxY), unit) * unit)
    inner = (width, height)
    (self.width, self.height) = (left + width + max(0, -box.minX), above + height + max(0, -box.minY))
  }

  /// The plane with zeros around it.
  func surrounded(_ plane: Plane<Float>) -> Plane<Float> {
    var result = Plane<Float>(width: width, height: height)
    for y in 0..<inner.height { for x in 0..<inner.width { result[x + left, y + above] = plane[x, y] } }
    return result
  }

  /// The plane with its nearest pixels around it.
  func extended(_ plane: Plane<Float>) -> Plane<Float> {
    var result = Plane<Float>(width: width, height: height)
    for y in 0..<height {
      let row = min(max(y - above, 0), inner.height - 1)
      for x in 0..<width { result[x, y] = plane[min(max(x - left, 0), inner.width - 1), row] }
    }
    return result
  }

  /// The image's part, with what lies around it added to the pixels that stand there by the border rule.
  func folded(_ plane: Plane<Float>, _ border: BorderRule) -> Plane<Float> {
    var result = Plane<Float>(width: inner.width, height: inner.height)
    let columns = (0..<width).map { border.source(of: $0 - left, count: inner.width) }
    for y in 0..<height {
      guard let row = border.source(of: y - above, count: inner.height) else { continue }
      for x in 0..<width { if let column = columns[x] { result[column, row] += plane[x, y] } }
    }
    return result
  }
}
