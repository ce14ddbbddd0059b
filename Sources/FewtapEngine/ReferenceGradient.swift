import FewtapCore

/// What the gradient of a loss through a filter means, written for reading: slow, in Double. The fast path is held to it.
///
/// Equation: with the layers' images `x_l = K_l x_{l-1}` and `c_{l-1} = K_l^T c_l`, which start at the extended, decimated image and
///           at the interpolation's transpose of the cotangent, `dL/dw_{l,i} = gain <c_l, S_{o_{l,i}} x_{l-1}>`, S shifting by the
///           tap's offset as the tap reads: bilinearly, so that offsets have slopes too. `dL/dgain = <c, y> / gain`.
/// Border:   the image is extended once, so the layers' images reach beyond the image, and so do the products. Normalized: the
///           divisor depends on the filter too, where some of what it reads lies outside.
public struct ReferenceGradient: Equatable, Sendable {
  /// With respect to the image.
  public var input: Plane<Double>
  /// With respect to the filter's taps and gain.
  public var filter: FilterGradient

  /// The gradients of a loss, which has the gradient `cotangent` with respect to the filtered image, with respect to `image`, to the
  /// filter's taps and to its gain.
  ///
  /// Throws: ``ApplyError/filter(_:)`` if the filter breaks its invariants, ``ApplyError/malformedPlane(channel:width:height:count:)``,
  ///         ``ApplyError/cotangentSize(cotangent:image:)``, ``ApplyError/zeroSumNormalized(sum:)``,
  ///         ``ApplyError/workingSet(bytes:limit:)``.
  public static func pullback(
    of cotangent: Plane<Double>, at image: Plane<Double>, through filter: SparseFilter, border: BorderRule = .clamp
  ) throws(ApplyError) -> ReferenceGradient {
    guard cotangent.width == image.width, cotangent.height == image.height else {
      throw .cotangentSize(
        cotangent: [cotangent.width, cotangent.height, 1], image: [image.width, image.height, 1])
    }
    guard cotangent.values.count == image.values.count else {
      throw .malformedPlane(
        channel: 0, width: cotangent.width, height: cotangent.height, count: cotangent.values.count)
    }
    // What the filter makes of it, which checks the rest.
    let result = try ReferenceApply.apply(filter, to: image, border: border)
    let (width, height) = (image.width, image.height)
    let bounds = filter.gradientBounds
    let planes = filter.chain.layers.count + 4
    let (bytes, overflow) = (width + bounds.width).multipliedReportingOverflow(
      by: MemoryLayout<Double>.stride * planes * (height + bounds.height))
    let limit = PlanRun.workingSetLimit
    guard !overflow, bytes <= limit else { throw .workingSet(bytes: overflow ? Int.max : bytes, limit: limit) }
    guard border == .normalized else { return linear(cotangent, image, filter, border) }

    let ones = Plane<Double>(width: width, height: height, repeating: 1)
    let mask = try ReferenceApply.apply(filter, to: ones, border: .constant(0))
    var normalization = NormalizedGradient(filter, width: width, height: height)
    var (ofImage, ofMask) = (cotangent, Plane<Double>(width: width, height: height))
    for y in 0..<height {
      for x in 0..<width {
        (ofImage[x, y], ofMask[x, y]) = normalization.pullback(
          cotangent[x, y], x: x, y: y, result: result[x, y], mask: mask[x, y])
      }
    }
    var gradient = linear(ofImage, image, filter, .constant(0))
    gradient.filter = normalization.gradient(
      gradient.filter, linear(ofMask, ones, filter, .constant(0)).filter)
    return gradient
  }

  /// The same for a filter that divides by nothing.
  private static func linear(
    _ cotangent: Plane<Double>, _ image: Plane<Double>, _ filter: SparseFilter, _ border: BorderRule
  ) -> ReferenceGradient {
    let (width, height, model) = (image.width, image.height, filter.chain.model)
    let stages = ReferenceVarying.stages(
      of: filter.chain, rate: filter.rate, to: Region(x: 0..<width, y: 0..<height)
    ) { $0.gradientBounds(model) }
    var images = [Patch(stages[0].input, repeating: Double(border.outside))]
    images[0].forEachPixel(of: image, border) { patch, x, y, column, row in patch[x, y] = image[column, row] }
    for stage in stages { images.append(stage.applied(to: images[images.count - 1])) }

    var backward = Patch(stages[stages.count - 1].output)
    backward.values = cotangent.values
    let gain = zip(cotangent.values, images[stages.count].values).reduce(0) { $0 + $1.0 * $1.1 }
    let first = filter.rate == nil ? 0 : 1
    var layers: [[TapGradient]] = []
    for index in stages.indices.reversed() {
      let layer = index - first
      if filter.chain.layers.indices.contains(layer) {
        layers.insert(
          filter.chain.layers[layer].taps.map { tap in
            TapCell(tap, model).gradient(weight: tap.weight, model) {
              filter.gain * backward.product(with: images[index], shifted: $0)
            }
          }, at: 0)
      }
      backward = stages[index].transposed(on: backward)
    }
    var input = Plane<Double>(width: width, height: height)
    backward.forEachPixel(of: image, border) { patch, x, y, column, row in
      input[column, row] += filter.gain * patch[x, y]
    }
    return ReferenceGradient(input: input, filter: FilterGradient(layers: layers, gain: gain))
  }
}

extension Patch {
  /// `sum_p self[p] other[p - offset]`
  fileprivate func product(with other: Patch, shifted offset: PixelOffset) -> Double {
    var sum = 0.0
    for y in region.y { for x in region.x { sum += self[x, y] * other[x - offset.x, y - offset.y] } }
    return sum
  }

  /// Calls `body` for every pixel for which one of the image stands.
  fileprivate mutating func forEachPixel(
    of image: Plane<Double>, _ border: BorderRule,
    _ body: (inout Patch, _ x: Int, _ y: Int, _ column: Int, _ row: Int) -> Void
  ) {
    for y in region.y {
      guard let row = border.source(of: y, count: image.height) else { continue }
      for x in region.x {
        if let column = border.source(of: x, count: image.width) { body(&self, x, y, column, row) }
      }
    }
  }
}

extension SparseFilter {
  /// The offsets, in pixels of the image, that its gradients touch.
  var gradientBounds: OffsetBounds {
    let layers = chain.layers.reduce(OffsetBounds(PixelOffset(x: 0, y: 0))) {
      $0.sum($1.gradientBounds(chain.model))
    }
    return rate?.bounds(ofLayers: layers) ?? layers
  }
}
