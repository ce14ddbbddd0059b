internal import CFewtapKernels
import FewtapCore

/// The gradients of a filter's taps over whole images: tiles, which threads take from a queue, and their sums in one order.
struct GradientRun {
  let plan: ApplyPlan
  let gradient: CompiledGradient
  let options: ApplyOptions

  /// The gradients of the taps and of the gain, for a filter that divides by nothing: `border` is what stands around the image.
  ///
  /// Throws: ``ApplyError``: a pixel that the policy refuses, a reach too large for the memory limit, a cancellation.
  func gradient(
    of cotangent: Image, at image: Image, border: BorderRule
  ) throws(ApplyError) -> FilterGradient<Image> {
    let sums = try sums(of: cotangent, at: image, border)
    let (filter, model) = (plan.filter, plan.filter.chain.model)
    let scale = Double(filter.rate.map { $0.factor * $0.factor } ?? 1)
    // Without the gain, so that its own gradient follows from those of a layer's weights, in which the result is linear.
    let layers = zip(filter.chain.layers, gradient.layers).map { layer, compiled in
      layer.taps.map { tap in
        TapCell(tap, model).gradient(weight: tap.weight, model) {
          compiled.slots[$0].map { scale * sums[compiled.first + $0] } ?? 0
        }
      }
    }
    let last = layers.count - 1
    return FilterGradient(
      layers: layers.map { $0.map { $0.scaled(by: filter.gain) } },
      gain: zip(filter.chain.layers[last].taps, layers[last]).reduce(0) { $0 + $1.0.weight * $1.1.weight })
  }

  private func sums(
    of cotangent: Image, at image: Image, _ border: BorderRule
  ) throws(ApplyError) -> [Double] {
    let tiles = try tiles(height: image.height)
    let parts = image.planes.indices.flatMap { channel in tiles.map { (channel: channel, region: $0) } }
    if let sums = try sums(of: cotangent, at: image, border, parts, options.nonfinite) { return sums }
    for image in [image, cotangent] {
      for (channel, plane) in image.planes.enumerated() { _ = try options.nonfinite.admit(plane, channel: channel) }
    }
    // All pixels are finite: sums of them are not, and may be so.
    return try sums(of: cotangent, at: image, border, parts, .keep) ?? []
  }

  /// Nil if a NaN or infinity was seen that the policy does not let through.
  private func sums(
    of cotangent: Image, at image: Image, _ border: BorderRule, _ parts: [(channel: Int, region: Region)],
    _ nonfinite: NonfinitePolicy
  ) throws(ApplyError) -> [Double]? {
    let groups = ChannelGroup.groups(
      channels: image.planes.count, alphaIndex: nil, needsMask: false, isPlanar: true)
    let kernels = plan.kernels.table
    let counter = TileCounter(
      total: parts.reduce(0) { $0 + $1.region.x.count * $1.region.y.count }, options: options)
    let results = image.planes.withPointers { images in
      cotangent.planes.withPointers { cotangents in
        let sources = [(images, border), (cotangents, BorderRule.constant(0))].map { planes, border in
          let source = SourceImage(planes: planes, width: image.width, height: image.height, rowStride: image.width)
          return groups.map {
            TileSource(
              source, border: border, group: $0, premultiplies: false, nonfinite: nonfinite, kernels: kernels)
          }
        }
        return parallelMap(count: parts.count, threads: options.threads) { index -> [Double] in
          let (channel, region) = parts[index]
          guard !counter.isStopped else { return [] }
          let shape = GradientShape(gradient, region)
          return plan.pool.withWorkspace(count: shape.floatCount) { workspace in
            let tile = GradientTile(
              gradient, shape, kernels, image: sources[0][channel], cotangent: sources[1][channel],
              memory: workspace.floats)
            let sums = tile.run { counter.isStopped }
            counter.finishTile(sawNonFinite: tile.sawNonFinite, clipped: 0)
            _ = counter.advance(region.x.count * region.y.count)
            return sums
          }
        }
      }
    }
    if counter.isCancelled { throw .cancelled }
    if counter.sawNonFinite { return nil }
    return results.reduce(into: [Double](repeating: 0, count: gradient.count)) { sums, part in
      for index in part.indices { sums[index] += part[index] }
    }
  }

  /// Rows of a tile, and the least columns: fewer compute the rows and columns around them too often.
  private static let rows = 256
  private static let leastColumns = 512
  /// What columns are a multiple of, so that blocks are whole.
  private static let columnUnit = 32

  /// Tiles that cover all products; they do not depend on threads, nor do the sums' last bits then.
  private func tiles(height: Int) throws(ApplyError) -> [Region] {
    let support = gradient.support(of: Region(x: 0..<plan.width, y: 0..<height))
    let reach = gradient.layers.reduce(0) { $0 + max($1.bounds.width, $1.bounds.height) }
    func bytes(_ columns: Int, _ rows: Int) -> Int {
      let (x, y) = (support.x.lowerBound, support.y.lowerBound)
      let region = Region(x: x..<x + min(columns, support.x.count), y: y..<y + min(rows, support.y.count))
      return MemoryLayout<Float>.stride * GradientShape(gradient, region).floatCount
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

extension TapGradient {
  func scaled(by factor: Double) -> TapGradient {
    TapGradient(weight: factor * weight, x: x.map { factor * $0 }, y: y.map { factor * $0 })
  }
}
