import FewtapCore

extension ApplyPlan {
  /// What a loss changes by with all that a result is made of; what was not wanted is nil.
  public struct Gradient: Equatable, Sendable {
    /// With the image: the adjoint of the filter on the cotangent.
    public var input: Image?
    /// With the taps and the gain.
    public var filter: FilterGradient?

    /// A gradient of given parts.
    public init(input: Image? = nil, filter: FilterGradient? = nil) { (self.input, self.filter) = (input, filter) }
  }

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
  ) throws(ApplyError) -> Gradient {
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

  /// What the taps' gradients run by, made when it is first asked for.
  func compiledGradient() throws(ApplyError) -> CompiledGradient {
    if let gradient = backward.withLock({ $0.gradient }) { return gradient }
    let gradient = try CompiledGradient(filter)
    backward.withLock { $0.gradient = gradient }
    return gradient
  }

  /// Of a border that divides by nothing.
  private func linearPullback(
    of cotangent: Image, at image: Image, _ parts: GradientParts, _ options: ApplyOptions
  ) throws(ApplyError) -> Gradient {
    var gradient = Gradient()
    func run(into input: TargetImage?) throws(ApplyError) {
      gradient.filter = try cotangent.withPixels { cotangent throws(ApplyError) in
        try image.withPixels { image throws(ApplyError) in
          try linearPullback(of: cotangent, at: image, into: input, filter: parts.contains(.filter), options)
        }
      }
    }
    guard parts.contains(.input) else {
      try run(into: nil)
      return gradient
    }
    gradient.input = try cotangent.filtered { _, target throws(ApplyError) in try run(into: target) }
    return gradient
  }

  /// The same, the input's gradient into pixels that are at hand.
  private func linearPullback(
    of cotangent: SourceImage, at image: SourceImage, into input: TargetImage?, filter: Bool, _ options: ApplyOptions
  ) throws(ApplyError) -> FilterGradient? {
    var gradient: FilterGradient?
    var share = 1.0
    if filter {
      var run = GradientRun(plan: self, gradient: try compiledGradient(), options: options)
      if let input, run.canSpread(height: image.height, channels: image.channels) {
        return try run.gradient(of: cotangent, at: image, border: options.border, into: input)
      }
      if input != nil {
        share = 0.5
        run.options = options.telling(0...share)
      }
      gradient = try run.gradient(of: cotangent, at: image, border: options.border)
    }
    if let input { try spread(cotangent, into: input, options.telling(1 - share...1)) }
    return gradient
  }

  /// Of one that divides by what the filter makes of a mask.
  private func normalizedPullback(
    of cotangent: Image, at image: Image, _ parts: GradientParts, _ options: ApplyOptions
  ) throws(ApplyError) -> Gradient {
    var plain = options
    (plain.border, plain.progress) = (.constant(0), nil)
    let mask = try mask(height: image.height, options)
    var gradient = try linearPullback(of: dividedByShares(cotangent, mask: mask), at: image, parts, plain)
    guard let ofImage = gradient.filter else { return gradient }
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
    let changes = Plane<Float>(width: width, height: image.height, exactly: ofMask.map { Float($0) })
    gradient.filter = normalization.gradient(
      ofImage,
      try Image(sameSizePlanes: [changes]).withPixels { changes throws(ApplyError) in
        try Image(sameSizePlanes: [ones]).withPixels { ones throws(ApplyError) in
          try run.gradient(of: changes, at: ones, border: .constant(0))
        }
      })
    return gradient
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

/// Planes of linear light in memory of a caller's, whose pixels lie side by side in rows, `rowStride` Floats from one to the next.
package struct PlanarPixels: @unchecked Sendable {
  package let planes: [UnsafeMutablePointer<Float>]
  let width: Int
  let height: Int
  let rowStride: Int

  /// Planes that live as long as this does, and longer.
  package init(planes: [UnsafeMutablePointer<Float>], width: Int, height: Int, rowStride: Int) {
    (self.planes, self.width, self.height, self.rowStride) = (planes, width, height, rowStride)
  }

  var source: SourceImage {
    SourceImage(planes: planes.map { UnsafePointer($0) }, width: width, height: height, rowStride: rowStride)
  }
  var target: TargetImage { TargetImage(planes: planes, height: height, rowStride: rowStride) }
}

extension ApplyPlan {
  /// ``applyAdjoint(to:options:)`` without a copy of any image; both of the plan's width and one size, and the border not a normalized one.
  package func applyAdjoint(
    to cotangent: PlanarPixels, into input: PlanarPixels, options: ApplyOptions
  ) throws(ApplyError) {
    try options.check(hasAlpha: false, FilterSums(compiled))
    try spread(cotangent.source, into: input.target, options)
  }

  /// ``pullback(of:at:wanting:options:)`` without a copy of any image: the input's gradient goes to `input`, if there is one, and the
  /// result holds the rest. All must be of the plan's width and one size, and the border not a normalized one.
  package func pullback(
    of cotangent: PlanarPixels, at image: PlanarPixels, into input: PlanarPixels?, filter: Bool, options: ApplyOptions
  ) throws(ApplyError) -> FilterGradient? {
    try options.check(hasAlpha: false, FilterSums(compiled))
    return try linearPullback(of: cotangent.source, at: image.source, into: input?.target, filter: filter, options)
  }
}

/// The parts of an ``ApplyPlan/Gradient`` that are wanted: the others cost nothing.
public struct GradientParts: OptionSet, Sendable {
  /// A bit for each part.
  public let rawValue: Int

  /// Parts by their bits.
  public init(rawValue: Int) { self.rawValue = rawValue }

  /// ``ApplyPlan/Gradient/input``.
  public static let input = GradientParts(rawValue: 1)
  /// ``ApplyPlan/Gradient/filter``.
  public static let filter = GradientParts(rawValue: 2)
  /// Everything.
  public static let all: GradientParts = [.input, .filter]
}
