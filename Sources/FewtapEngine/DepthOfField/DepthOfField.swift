import FewtapCore

/// Depth of field as a lens makes it: what is near hides what is far, also where it is blurred.
///
/// A filter that each pixel chooses by its own blur (``VaryingPlan``) lets sharp foreground bleed into blurred background, and ends
/// blurred foreground at its sharp edge. Here the picture is cut by depth into layers; in each, what nearer ones hide is filled from
/// the pixels around; each is blurred by a basis of filters, as is the share of every pixel that it covers, and they are put
/// together from near to far, each behind the ones before.
///
/// Equation: layer k has `w_k = max(0, 1 - |d - k|)` of a pixel whose knot coordinate, signed, is d; `out = sum_k s_k C_k / sum_k s_k
///           A_k`, near to far, `C_k` and `A_k` the light `w_k I` and the cover `w_k` through the knot's filter;
///           `s_k A_k = min(A_k b_k, o_k)`, o_k what is open, b_k what was open before the layers that a surface here shows in
///           (`SurfaceRuns`): their covers add, others know nothing of each other.
/// Order:    the signed radius tells what is nearer: it rises with distance for every lens. Pixels of one radius do not hide each
///           other: nor do they look different.
/// Laws:     a picture all at one radius is ``VaryingPlan``'s to the bit; what is in focus stays as it is, to the bit, farther from
///           jumps of depth than the largest radius; a constant stays one within the basis' own error; the bits do not depend on the
///           threads. Held by FewtapEngineTests/DepthOfFieldTests.
/// Border:   any but a constant, for which there is no depth.
/// Alpha:    a transparent pixel's surface is as transparent once blurred.
/// Cost:     tile by tile as many filters of one channel more as layers come to it before it is covered, some two or three, and as
///           much again for cutting layers and filling holes. Memory: ``byteCount(width:height:channels:)``.
/// Source:   layers and their holes: M. Kraus, M. Strengert, Depth-of-field rendering by pyramidal image processing, Computer Graphics
///           Forum 26(3), 2007, doi:10.1111/j.1467-8659.2007.01088.x. Departures: layers at the knots of the filters, by
///           weights that sum to 1, covers of neighbors that add up instead of multiplying, edges taken apart, lines carried on.
public struct DepthOfField: Sendable {
  /// The filters by radius.
  public let basis: FilterBasis
  /// The parameter that is the radius.
  public let radiusAxis: Int
  /// What layers leave open by less counts as covered, and by less than twice as much in part: see ``LayerStack``.
  package static let leastOpen: Float = 1 / 24
  /// Whether pixels at edges are taken apart.
  package var splitsEdges = true
  /// Whether lines and edges are carried on behind what hides them.
  package var carriesLines = true
  /// Columns and rows of a tile; no result depends on them. Wide, since rows that only feed filters are not filtered, but columns
  /// are.
  package var tile = (columns: 480, rows: 120)

  /// Depth of field by a basis of filters, of which one parameter, the only one or that of index `radiusAxis`, is the radius of blur.
  ///
  /// Throws: ``ApplyError/filter(_:)`` if the basis breaks its invariants; ``ApplyError/noRadiusAxis(_:names:)``.
  public init(_ basis: FilterBasis, radiusAxis: Int = 0) throws(ApplyError) {
    do {
      try basis.checkInvariants()
    } catch {
      throw .filter(error)
    }
    guard basis.axes.indices.contains(radiusAxis) else {
      throw .noRadiusAxis(radiusAxis, names: basis.axes.map(\.name))
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
    let parameters = (0..<map.axisCount).map { map.plane(axis: $0) }
    if let index = parameters[radiusAxis].values.firstIndex(where: { $0.isNaN }) {
      throw .badMap(axis: basis.axes[radiusAxis].name, x: index % width, y: index / width, value: "nan")
    }
    // What no filter is there for has the nearest one's radius, in front as behind.
    let limit = Float(max(abs(basis.axes[radiusAxis].knots[0]), abs(basis.axes[radiusAxis].knots.last ?? 0)))
    let radii = parameters[radiusAxis].values.map { min(max($0, -limit), limit) }
    if let first = radii.first, radii.allSatisfy({ $0 == first }) {
      return try filtered(image, radius: first, parameters, options)
    }
    let alpha = image.alphaIndex
    if let alpha, !image.alphaIsAssociated {
      for channel in planes.indices where channel != alpha {
        for index in planes[channel].values.indices { planes[channel].values[index] *= planes[alpha].values[index] }
      }
    }
    var finished = try layered(planes, radii, parameters, options)
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

  /// The picture, all at one depth.
  private func filtered(
    _ image: Image, radius: Float, _ parameters: [Plane<Float>], _ options: ApplyOptions
  ) throws(ApplyError) -> Image {
    var parameters = parameters
    let size = basis.axes[radiusAxis].knots[0] < 0 ? radius : abs(radius)
    parameters[radiusAxis] = Plane(width: image.width, height: image.height, repeating: size)
    return try VaryingPlan(basis, width: image.width).apply(
      to: image, map: ParameterMap(sameSizePlanes: parameters), options: options)
  }

  /// The planes through the lens, whose radii are signed.
  private func layered(
    _ planes: [Plane<Float>], _ radii: [Float], _ parameters: [Plane<Float>], _ options: ApplyOptions
  ) throws(ApplyError) -> [Plane<Float>] {
    let (width, height) = (planes[0].width, planes[0].height)
    let layers = DepthLayers(basis, radiusAxis: radiusAxis)
    let filters = (0..<layers.count).map { LayerFilter(basis, radiusAxis: radiusAxis, layers, layer: $0) }
    let depth = layers.coordinates(radii, try RowKernels.chosen())
    let edges = EdgePixels(planes, radii: radii, depth: depth)
    let alignment = LayerFilter.alignment(basis)
    let reach = filters.map(\.reach)
    let picture = DepthPicture(
      planes, depth: depth,
      edges: splitsEdges
        ? edges.changes(threads: options.threads) : [EdgePixels.Row](repeating: EdgePixels.Row(), count: height),
      margin: ceilingDivide(reach.max() ?? 0, alignment) * alignment, alignment: alignment, border: options.border,
      threads: options.threads)
    let tiles = DepthTiles(
      picture: picture,
      blocks: LayerBlocks.all(picture, spread: filters.map(\.spread), threads: options.threads), filters: filters,
      runs: SurfaceRuns.all(
        of: filters.map(\.radius), radii: radii, depth: depth, width: width, threads: options.threads),
      parameters: parameters, border: options.border, alignment: alignment, size: (width, height), tile: tile,
      carriesLines: carriesLines)
    let regions = tiles.regions
    let counter = TileCounter(total: regions.count, options: options)
    let failure = Locked<ApplyError?>(nil)
    let count = width * height
    let values = [Float](unsafeUninitializedCapacity: planes.count * count) { values, initialized in
      // Each tile writes pixels of its own.
      nonisolated(unsafe) let values = values
      parallelForEach(count: regions.count, threads: options.threads) { index in
        guard !counter.isStopped else { return }
        do throws(ApplyError) {
          try tiles.stack(regions[index]).write(regions[index], of: planes, into: values)
          _ = counter.advance(1)
        } catch {
          failure.withLock { $0 = error }
        }
      }
      initialized = planes.count * count
    }
    if let failure = failure.withLock({ $0 }) { throw failure }
    if counter.isCancelled { throw .cancelled }
    return planes.indices.map {
      Plane(width: width, height: height, exactly: Array(values[$0 * count..<($0 + 1) * count]))
    }
  }

  /// Bytes that it takes at most beside the image: planes of the pixels' surfaces, layers in blocks, and the result.
  public func byteCount(width: Int, height: Int, channels: Int) -> Int {
    // Per channel: the pixels admitted, the picture with its border, sums over blocks and their filled means, the result twice; the
    // rest are radii, coordinates, covers, maps, and what tiles work in.
    4 * width * height * (6 * channels + 2 * basis.axes.count + 10)
  }
}

extension Image {
  /// An image of other planes with the same meaning.
  fileprivate init(like image: Image, _ planes: [Plane<Float>]) throws(ApplyError) {
    self.init(sameSizePlanes: planes, alphaIndex: image.alphaIndex, alphaIsAssociated: image.alphaIsAssociated)
  }
}
