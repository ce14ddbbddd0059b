internal import CFewtapKernels
import FewtapCore

extension ApplyPlan {
  /// The adjoint of ``apply(to:options:)`` as a linear map of each channel: what gradient methods and Richardson-Lucy iterations need.
  ///
  /// Equation: `<A x, y> = <x, A^T y>`. `A^T` is the filter turned by half a turn, over the image with zeros around it; then every pixel
  ///           of what lies around goes to the one that stood for it.
  /// Border:   a constant, which is no part of x, counts as 0. Normalized: y is divided by the filtered mask first.
  /// Accuracy: against the exact adjoint as ``ApplyPlan`` says of the filter, with one rounding more for each pixel of the border
  ///           that goes to one. Held by FewtapEngineTests/AdjointTests for every instruction set.
  /// Cost:     of the filter, and of the frame around the image as wide as the filter reaches; normalized, twice that.
  /// Throws:   as ``apply(to:options:)``; ``ApplyError/adjointOfAlpha`` for an image with alpha, by which the filter divides.
  public func applyAdjoint(to image: Image, options: ApplyOptions = ApplyOptions()) throws(ApplyError) -> Image {
    guard image.alphaIndex == nil else { throw .adjointOfAlpha }
    for (channel, plane) in image.planes.enumerated() { try plane.check(channel: channel) }
    guard image.width == width else { throw .widthDiffers(planned: width, found: image.width) }
    try options.check(hasAlpha: false, FilterSums(compiled))
    let given =
      options.border == .normalized
      ? dividedByShares(image, mask: try mask(height: image.height, options)) : image
    return try given.filtered { source, target throws(ApplyError) in try spread(source, into: target, options) }
  }

  /// The same for one channel.
  public func applyAdjoint(toPlane plane: Plane<Float>, options: ApplyOptions = ApplyOptions()) throws(ApplyError)
    -> Plane<Float>
  {
    try applyAdjoint(to: Image(sameSizePlanes: [plane]), options: options).planes[0]
  }

  /// What runs backwards, made when it is first asked for.
  struct Backward: Sendable {
    var transposed: ApplyPlan?
    var gradient: CompiledGradient?
  }

  /// The plan of the filter turned by half a turn.
  private func transposed() throws(ApplyError) -> ApplyPlan {
    if let plan = backward.withLock({ $0.transposed }) { return plan }
    let plan = try ApplyPlan(filter.transposed, width: width, kernels: kernels)
    backward.withLock { $0.transposed = plan }
    return plan
  }

  // MARK: Normalized borders

  /// What the filter makes of ones, with zeros around them.
  func mask(height: Int, _ options: ApplyOptions) throws(ApplyError) -> Plane<Float> {
    var plain = options
    (plain.border, plain.progress) = (.constant(0), nil)
    return try apply(toPlane: Plane(width: width, height: height, repeating: 1), options: plain)
  }

  /// The image divided by what a normalized border divides by.
  func dividedByShares(_ image: Image, mask: Plane<Float>) -> Image {
    let (count, scale) = (Int32(width), Float(1 / compiled.sum))
    let divide = kernels.table.divide_by_share
    let planes = image.planes.map { plane in
      var plane = plane
      let (width, height) = (plane.width, plane.height)
      plane.values.withUnsafeMutableBufferPointer { values in
        mask.values.withUnsafeBufferPointer { mask in
          guard let row0 = values.baseAddress, let mask0 = mask.baseAddress else { return }
          for y in 0..<height {
            check(divide!(row0 + y * width, mask0 + y * width, scale, Float(BorderNormalization.leastShare), count))
          }
        }
      }
      return plane
    }
    return Image(sameSizePlanes: planes)
  }

  // MARK: The frame

  /// Pixels of the frame that are made at a time.
  private static let frameColumns = 4096
  private static let frameRows = 256

  /// The turned filter over the image with zeros around it, and the frame's pixels added to those that stood for them.
  func spread(_ image: SourceImage, into target: TargetImage, _ options: ApplyOptions) throws(ApplyError) {
    let plan = try transposed()
    let border = options.border
    var plain = options
    plain.border = .constant(0)
    func run(_ region: Region, into target: TargetImage, _ options: ApplyOptions) throws(ApplyError) {
      let pass = PixelPass(
        source: image, target: target, alphaIndex: nil, lightIsAssociated: (false, false), options: options)
      _ = try PlanRun(plan: plan, pass: pass).run(region) { () throws(ApplyError) in
        try image.refuseNonFinite(rows: 0..<image.height, kernels)
      }
    }
    try run(Region(x: 0..<width, y: 0..<image.height), into: target, plain)
    guard border.source(of: -1, count: 1) != nil else { return }
    plain.progress = nil
    let frame = bounds.frame(width: width, height: image.height)
    for region in frame.flatMap({ $0.tiles(columns: Self.frameColumns, rows: Self.frameRows) }) {
      let part = FrameFold(region, channels: image.channels)
      defer { part.deallocate() }
      try run(region, into: part.target, plain)
      part.fold(into: target, width: width, height: image.height, border, kernels.table)
    }
  }
}
