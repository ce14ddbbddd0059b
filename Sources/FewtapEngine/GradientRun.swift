internal import CFewtapKernels
import FewtapCore

/// The gradients of a filter's taps over whole images: tiles, which threads take from a queue, and their sums in one order.
struct GradientRun {
  let plan: ApplyPlan
  let gradient: CompiledGradient
  var options: ApplyOptions
  /// How much the pixels of the result count; nil: 1 each.
  var share: KnotShare?

  /// The gradients of the taps and of the gain, for a filter that divides by nothing: `border` is what stands around the image. With
  /// `input` the image's gradient goes there: where the first layer spreads its cotangents the products cost little more. Only where
  /// ``canSpread(height:channels:)``.
  ///
  /// Throws: ``ApplyError``: a pixel that the policy refuses, a reach too large for the memory limit, a cancellation.
  func gradient(
    of cotangent: SourceImage, at image: SourceImage, border: BorderRule, into input: TargetImage? = nil
  ) throws(ApplyError) -> FilterGradient {
    guard let input else {
      return gradient(gradient.layers, try sums(of: cotangent, at: image, border, output: nil))
    }
    let frame = plan.bounds.frame(width: plan.width, height: image.height)
    let parts = border.source(of: -1, count: 1) == nil ? [] : frame.map { FrameFold($0, channels: image.channels) }
    defer { for part in parts { part.deallocate() } }
    let output = GradientOutput(target: input, frame: parts, image: Region(x: 0..<plan.width, y: 0..<image.height))
    let sums = try sums(of: cotangent, at: image, border, output: output)
    for part in parts { part.fold(into: input, width: plan.width, height: image.height, border, plan.kernels.table) }
    return gradient(gradient.spreading ?? gradient.layers, sums)
  }

  /// Whether the input's gradient comes with the taps': at the image's own rate, unless the frame is far larger than images are.
  func canSpread(height: Int, channels: Int) -> Bool {
    let pixels = plan.bounds.frame(width: plan.width, height: height).reduce(0) { $0 + $1.x.count * $1.y.count }
    return gradient.spreading != nil && pixels <= Self.mostFramePixels / channels
  }

  /// The gradients of the taps and of the gain that the sums of products give.
  private func gradient(_ products: [CompiledGradient.Layer], _ sums: [Double]) -> FilterGradient {
    let (filter, model) = (plan.filter, plan.filter.chain.model)
    let scale = Double(filter.rate.map { $0.factor * $0.factor } ?? 1)
    // Without the gain, so that its own gradient follows from those of a layer's weights, in which the result is linear.
    let layers = zip(filter.chain.layers, products).map { layer, products in
      layer.taps.map { tap in
        TapCell(tap, model).gradient(weight: tap.weight, model) {
          products.slots[$0].map { scale * sums[products.first + $0] } ?? 0
        }
      }
    }
    let last = layers.count - 1
    return FilterGradient(
      layers: layers.map { $0.map { $0.scaled(by: filter.gain) } },
      gain: zip(filter.chain.layers[last].taps, layers[last]).reduce(0) { $0 + $1.0.weight * $1.1.weight })
  }

  private func sums(
    of cotangent: SourceImage, at image: SourceImage, _ border: BorderRule, output: GradientOutput?
  ) throws(ApplyError) -> [Double] {
    let tiles = try tiles(height: image.height, spreads: output != nil)
    let parts = (0..<image.channels).flatMap { channel in tiles.map { (channel: channel, region: $0) } }
    if let sums = try sums(of: cotangent, at: image, border, output, parts, options.nonfinite) { return sums }
    if options.nonfinite == .refuse {
      for image in [image, cotangent] { try image.refuseNonFinite(rows: 0..<image.height, plan.kernels) }
    }
    // All pixels are finite: sums of them are not, and may be so.
    return try sums(of: cotangent, at: image, border, output, parts, .keep) ?? []
  }

  /// Nil if a NaN or infinity was seen that the policy does not let through.
  private func sums(
    of cotangent: SourceImage, at image: SourceImage, _ border: BorderRule, _ output: GradientOutput?,
    _ parts: [(channel: Int, region: Region)], _ nonfinite: NonfinitePolicy
  ) throws(ApplyError) -> [Double]? {
    let groups = ChannelGroup.groups(
      channels: image.channels, alphaIndex: nil, needsMask: false, isPlanar: true)
    let kernels = plan.kernels.table
    let counter = TileCounter(
      total: parts.reduce(0) { $0 + $1.region.x.count * $1.region.y.count }, options: options)
    // By tile, so that they are added up in one order.
    let results = Locked([[Double]](repeating: [], count: parts.count))
    let sources = [(image, border), (cotangent, BorderRule.constant(0))].map { source, border in
      groups.map {
        TileSource(source, border: border, group: $0, premultiplies: false, nonfinite: nonfinite, kernels: kernels)
      }
    }
    let cotangents = share.map { share in sources[1].map { $0.weighted(by: share.weights) } } ?? sources[1]
    parallelForEach(count: parts.count, threads: options.threads) { index in
      let (channel, region) = parts[index]
      guard !counter.isStopped else { return }
      let shape = GradientShape(gradient, region, spreads: output != nil)
      plan.pool.withWorkspace(count: shape.floatCount) { workspace in
        let tile = GradientTile(
          gradient, shape, kernels, image: sources[0][channel], cotangent: cotangents[channel],
          memory: workspace.floats)
        let sums = tile.run(isStopped: { counter.isStopped }) { y, row in
          output?.store(row, channel, y: y, columns: region.x)
        }
        counter.finishTile(sawNonFinite: tile.sawNonFinite, clipped: 0)
        _ = counter.advance(region.x.count * region.y.count)
        results.withLock { $0[index] = sums }
      }
    }
    if counter.isCancelled { throw .cancelled }
    if counter.sawNonFinite { return nil }
    let tiles = results.withLock { $0 }
    let none = [Double](repeating: 0, count: gradient.layers.reduce(0) { $0 + $1.count })
    return tiles.dropFirst().reduce(into: tiles.first ?? none) { sums, part in
      for index in part.indices { sums[index] += part[index] }
    }
  }

  /// Pixels of a frame, of all channels, that the input's gradient may be kept for until it is folded: 64 MiB.
  private static let mostFramePixels = 16 << 20
  /// Rows of a tile, and the least columns: fewer compute the rows and columns around them too often.
  private static let rows = 256
  private static let leastColumns = 512
  /// What columns are a multiple of, so that blocks are whole.
  private static let columnUnit = 32

  /// Tiles that cover all products that are not 0; they do not depend on threads, nor do the sums' last bits then.
  private func tiles(height: Int, spreads: Bool) throws(ApplyError) -> [Region] {
    let image = Region(x: 0..<plan.width, y: 0..<height)
    guard let share else { return try tiles(of: image, spreads: spreads) }
    // So far apart that no product is one of two parts.
    let reach = gradient.support(of: Region(x: 0..<1, y: 0..<1))
    let unit = gradient.images.rate?.factor ?? 1
    let gap = (x: unit * (reach.x.count + 1), y: unit * (reach.y.count + 1))
    var tiles: [Region] = []
    for part in share.marks.parts(share.knot, in: image, gap: gap) {
      tiles += try self.tiles(of: part, spreads: spreads).filter { tile in
        let read = GradientShape(gradient, tile, spreads: spreads).cotangents.windows[0].region
        return share.marks.contains(share.knot, read)
      }
    }
    return tiles
  }

  private func tiles(of image: Region, spreads: Bool) throws(ApplyError) -> [Region] {
    var support = gradient.support(of: image)
    if spreads {
      let frame = plan.bounds.frame(width: image.x.count, height: image.y.count)
      support = frame.reduce(support.union(image)) { $0.union($1) }
    }
    let reach = gradient.layers.reduce(0) { $0 + max($1.bounds.width, $1.bounds.height) }
    func bytes(_ columns: Int, _ rows: Int) -> Int {
      let (x, y) = (support.x.lowerBound, support.y.lowerBound)
      let region = Region(x: x..<x + min(columns, support.x.count), y: y..<y + min(rows, support.y.count))
      return MemoryLayout<Float>.stride * GradientShape(gradient, region, spreads: spreads).floatCount
    }
    let rows = options.bandHeight ?? max(Self.rows, 4 * reach)
    var columns = support.x.count
    while columns > max(Self.leastColumns, 8 * reach), bytes(columns, rows) > PlanRun.cacheBytes {
      columns = ceilingDivide(columns, 2 * Self.columnUnit) * Self.columnUnit
    }
    columns = options.tileWidth ?? columns
    let needed = bytes(columns, rows)
    guard needed <= PlanRun.workingSetLimit else {
      throw .workingSet(bytes: needed, limit: PlanRun.workingSetLimit)
    }
    return support.tiles(columns: max(1, columns), rows: max(1, rows))
  }
}

/// How much of a knot pixels of the result have.
struct KnotShare: Sendable {
  let weights: KnotWeights
  let marks: KnotMarks
  let knot: Int
}

/// Where the input's gradient goes: the image, and what lies around it.
struct GradientOutput: Sendable {
  let target: TargetImage
  let frame: [FrameFold]
  let image: Region

  /// Stores a tile's row.
  func store(_ row: UnsafePointer<Float>, _ channel: Int, y: Int, columns: Range<Int>) {
    func copy(_ region: Region, _ place: () -> UnsafeMutablePointer<Float>?) {
      let part = columns.clamped(to: region.x)
      guard region.y.contains(y), !part.isEmpty, let place = place() else { return }
      (place + part.lowerBound).update(from: row + (part.lowerBound - columns.lowerBound), count: part.count)
    }
    copy(image) { target.plane(channel).map { $0.row0 + y * $0.stride } }
    for part in frame { copy(part.region) { part.row(y, channel) } }
  }
}

extension TapGradient {
  func scaled(by factor: Double) -> TapGradient {
    TapGradient(weight: factor * weight, x: x.map { factor * $0 }, y: y.map { factor * $0 })
  }
}
