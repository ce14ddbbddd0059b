import FewtapCore

/// Depth of field as a lens makes it: what is near hides what is far, also where it is blurred.
///
/// A filter that each pixel chooses by its own blur (``VaryingPlan``) lets sharp foreground bleed into blurred background, and ends
/// blurred foreground at its sharp edge. Here the picture is cut by depth into layers; in each, what nearer ones hide is filled from
/// the pixels around; each is blurred by a basis of filters, as is the share of every pixel that it covers, and they are put
/// together from near to far, each behind the ones before.
///
/// Equation: `out = sum_k s_k C_k / sum_k s_k A_k`, near to far, where `C_k` and `A_k` are layer k's light and cover, blurred by its own
///           radii, and `s_k A_k = min(A_k, 1 - sum_{j nearer} s_j A_j)`.
/// Order:    the signed radius tells what is nearer: it rises with distance for every lens. Pixels of one radius do not hide each
///           other: nor do they look different.
/// Laws:     a picture all at one radius is ``VaryingPlan``'s to the bit; what is in focus stays as it is, to the bit, farther from
///           jumps of depth than the largest radius; a constant stays one within the basis' own error; the bits do not depend on the
///           threads. Held by FewtapEngineTests/DepthOfFieldTests.
/// Border:   any but a constant, for which there is no depth.
/// Alpha:    a transparent pixel's surface is as transparent once blurred.
/// Cost:     a layer costs as much as a varying filter of one channel more over the rows where it has pixels, and about as much again
///           for filling holes; some ten layers between radii of -24 and 24. Memory: ``byteCount(width:height:channels:)``.
/// Source:   layers and their holes: M. Kraus, M. Strengert, Depth-of-field rendering by pyramidal image processing, Computer Graphics
///           Forum 26(3), 2007, doi:10.1111/j.1467-8659.2007.01088.x. Departures: weights of layers that sum to 1, covers that add up
///           instead of multiplying, edges taken apart, and layers where the picture has depths.
public struct DepthOfField: Sendable {
  /// The filters by radius.
  public let basis: FilterBasis
  /// The parameter that is the radius.
  public let radiusAxis: Int
  /// Thickness of layers: at a radius r `max(least, share r)`, px.
  package var thickness: (least: Float, share: Float) = (2, 0.4)
  /// Whether pixels at edges are taken apart.
  package var splitsEdges = true

  /// Depth of field by a basis of filters, of which one parameter, the only one or that of index `radiusAxis`, is the radius of blur.
  ///
  /// Throws: ``ApplyError/filter(_:)`` if the basis breaks its invariants.
  public init(_ basis: FilterBasis, radiusAxis: Int = 0) throws(ApplyError) {
    precondition(basis.axes.indices.contains(radiusAxis), "the basis has \(basis.axes.count) axes")
    do {
      try basis.checkInvariants()
    } catch {
      throw .filter(error)
    }
    (self.basis, self.radiusAxis) = (basis, radiusAxis)
  }

  /// The image through the lens.
  ///
  /// `map` has the parameters of every pixel, of which the radius is signed: negative in front of the focus, positive behind, px.
  /// Throws: as ``VaryingPlan/apply(to:map:direction:options:)``, and ``ApplyError/borderWithoutDepth`` for a constant border.
  public func apply(
    to image: Image, map: ParameterMap, options: ApplyOptions = ApplyOptions()
  ) throws(ApplyError) -> Image {
    for (channel, plane) in image.planes.enumerated() { try plane.check(channel: channel) }
    let (width, height) = (image.width, image.height)
    guard map.width == width, map.height == height else {
      throw .mapSize(map: [map.width, map.height], image: [width, height])
    }
    guard map.axisCount == basis.axes.count else {
      throw .mapAxes(found: map.axisCount, names: basis.axes.map(\.name))
    }
    if case .constant = options.border { throw .borderWithoutDepth }
    var planes: [Plane<Float>] = []
    for (channel, plane) in image.planes.enumerated() {
      planes.append(try options.nonfinite.admit(plane, channel: channel))
    }
    var parameters = (0..<map.axisCount).map { map.plane(axis: $0) }
    if let index = parameters[radiusAxis].values.firstIndex(where: { $0.isNaN }) {
      throw .badMap(axis: basis.axes[radiusAxis].name, x: index % width, y: index / width, value: "nan")
    }
    // What no filter is there for has the nearest one's radius, in front as behind.
    let limit = Float(max(abs(basis.axes[radiusAxis].knots[0]), abs(basis.axes[radiusAxis].knots.last ?? 0)))
    let nearness = parameters[radiusAxis].values.map { min(max(-$0, -limit), limit) }
    let layers = DepthLayers(nearness) { [thickness] radius in max(thickness.least, thickness.share * radius) }.layers
    guard layers.count > 1 else {
      parameters[radiusAxis].values = nearness.map { radius(nearness: $0) }
      return try VaryingPlan(basis, width: width).apply(
        to: try Image(like: image, planes), map: ParameterMap(sameSizePlanes: parameters), options: options)
    }
    let alpha = image.alphaIndex
    if let alpha, !image.alphaIsAssociated {
      for channel in planes.indices where channel != alpha {
        for index in planes[channel].values.indices { planes[channel].values[index] *= planes[alpha].values[index] }
      }
    }
    let pixels = EdgePixels(
      planes, nearness: nearness, width: width, height: height, splits: splitsEdges, threads: options.threads)
    let plan = try VaryingPlan(basis, width: width)
    var result = LayerStack(planes: planes.count, width: width, height: height)
    for (index, layer) in layers.enumerated().reversed() {
      let cut = LayerCut(
        layer, pixels, width: width, height: height, reach: basis.bounds.reach, isWhole: options.border == .wrap,
        threads: options.threads)
      if let cut { result.add(try blurred(cut, plan, parameters, options), firstRow: cut.firstRow) }
      if options.cancellation?.isCancelled ?? false { throw .cancelled }
      options.progress?(Double(layers.count - index) / Double(layers.count))
    }
    var finished = result.normalized(planes)
    if let alpha, !image.alphaIsAssociated {
      for channel in finished.indices where channel != alpha {
        for index in finished[channel].values.indices {
          let share = finished[alpha].values[index]
          finished[channel].values[index] = share > 0 ? finished[channel].values[index] / share : 0
        }
      }
    }
    return try Image(like: image, finished)
  }

  /// Bytes that it takes at most beside the image: planes of layers, of the pixels' surfaces and of the result.
  public func byteCount(width: Int, height: Int, channels: Int) -> Int {
    // Per channel: surfaces, the stack, a layer before the blur twice, after it, and the result; the rest are covers, maps, weights.
    4 * width * height * (6 * channels + 2 * basis.axes.count + 10)
  }

  /// The basis' parameter for a radius: signed if it has negative ones, else the size.
  private func radius(nearness: Float) -> Float {
    (basis.axes[radiusAxis].knots[0] < 0) ? -nearness : abs(nearness)
  }

  /// A layer's light, channel by channel, and its cover, blurred.
  private func blurred(
    _ cut: LayerCut, _ plan: VaryingPlan, _ parameters: [Plane<Float>], _ options: ApplyOptions
  ) throws(ApplyError) -> [Plane<Float>] {
    let width = plan.width
    let rows = cut.firstRow * width..<(cut.firstRow + cut.height) * width
    let map = parameters.enumerated().map { axis, plane in
      Plane(
        width: width, height: cut.height,
        exactly: axis == radiusAxis ? cut.nearness.map(radius(nearness:)) : Array(plane.values[rows]))
    }
    var options = options
    // Pixels are admitted, and the whole's progress is told layer by layer.
    (options.nonfinite, options.progress) = (.keep, nil)
    return try plan.apply(
      to: Image(sameSizePlanes: cut.planes(width: width)), map: ParameterMap(sameSizePlanes: map), options: options
    ).planes
  }
}

extension Image {
  /// An image of other planes with the same meaning.
  fileprivate init(like image: Image, _ planes: [Plane<Float>]) throws(ApplyError) {
    self.init(sameSizePlanes: planes, alphaIndex: image.alphaIndex, alphaIsAssociated: image.alphaIsAssociated)
  }
}
