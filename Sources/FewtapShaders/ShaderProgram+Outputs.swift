import FewtapCore

/// The image at a lower rate, which several knots read.
private struct Level {
  var factor: Int
  var prefilter: Resampling.BSpline
  var area: TexelArea
  /// The level that it is made from instead of the image, with the weights of that step.
  var parent: (index: Int, weights: Resampling.Weights)?
}

/// Knots whose outputs stand in one array.
private struct OutputGroup {
  /// nil: the image's own rate.
  var rate: Resampling?
  var area: TexelArea
  var knots: [Int]
}

extension ProgramBuilder {
  /// Adds the passes of the outputs operator.
  mutating func outputs(
    _ basis: FilterBasis, from source: Source, prefix: String, to target: String, finish: Finish?
  ) throws(ShaderError) {
    guard basis.filters.count <= ShaderLimits.constantTaps else {
      throw .table(what: "knots", count: basis.filters.count, limit: ShaderLimits.constantTaps)
    }
    let groups = Self.groups(basis)
    let levels = Self.levels(basis, groups)
    let planes = self.levels(levels, from: source, prefix: prefix)
    var blend = KnotBlend(
      grid: KnotGrid(shape: basis.shape, origin: PixelOffset(x: 0, y: 0)),
      knots: basis.filters.map { _ in .taps(first: 0, count: 0) }, groups: [], tableWidth: 1, isWhole: true)
    for (index, group) in groups.enumerated() {
      let rateName = "\(prefix)outputs\(group.rate.map { "\($0.factor)" } ?? "")"
      // Groups of one rate differ in how they are interpolated.
      let name = textures.contains { $0.name == rateName } ? "\(rateName)_\(index)" : rateName
      guard group.knots.count <= ShaderLimits.arrayLayers else {
        throw .table(what: "knots of one rate", count: group.knots.count, limit: ShaderLimits.arrayLayers)
      }
      add(
        ShaderTexture(
          name: name, role: .intermediate, x: group.area.x, y: group.area.y, layers: group.knots.count,
          format: options.format))
      for (layer, knot) in group.knots.enumerated() {
        let level = levels.firstIndex { $0.isRead(by: basis.filters[knot]) }
        _ = try chain(
          basis.filters[knot].layersWithGain, from: level.map { planes[$0] } ?? source, prefix: "\(prefix)knot\(knot)_",
          to: name, layer: layer, area: group.area, finish: nil)
        blend.knots[knot] = .texels(group: index, layer: layer)
      }
      blend.groups.append(
        KnotBlend.Group(texture: name, phases: group.rate.map { PhaseWeights($0, low: group.area) }))
    }
    let reads = try taps(basis, &blend, prefix: prefix)
    if !reads.isEmpty {
      let width = min(reads.count, ShaderLimits.tableWidth)
      blend.tableWidth = width
      blend.table = try table("full_taps", of: reads, width: width)
    }
    // Of the image only knots with taps read.
    var inputs = blend.groups.map(\.texture) + [Self.coordinates] + (blend.table.map { [$0] } ?? [])
    var from = source
    if reads.isEmpty {
      from = Source(
        texture: inputs.removeFirst(), area: groups[0].area, reading: nil, dependsOn: source.dependsOn)
    }
    let read = inputs.count + finishInputs(finish).count + 1
    guard read <= ShaderLimits.inputs else {
      throw .table(
        what: "textures of the last pass, one a rate and interpolator,", count: read, limit: ShaderLimits.inputs)
    }
    _ = pass(
      "\(prefix)blend", .blend(blend), from: from, inputs: inputs + finishInputs(finish), to: target, area: .image,
      finish: finish, dependsOn: .parameters)
  }

  /// The taps of knots that are one layer at the image's rate.
  private func taps(
    _ basis: FilterBasis, _ blend: inout KnotBlend, prefix: String
  ) throws(ShaderError) -> [TapSum.Read] {
    var reads: [TapSum.Read] = []
    for (knot, filter) in basis.filters.enumerated() where filter.isOneLayer {
      let own = Self.reads(filter.chain.layers[0], scale: filter.gain, of: .image, for: .image)
      try check(own, pass: "\(prefix)blend")
      blend.knots[knot] = .taps(first: reads.count, count: own.count)
      blend.isWhole = blend.isWhole && TapSum(reads: own, meaning: "").isWhole
      reads += own
    }
    return reads
  }

  /// What of the knots' outputs stands in arrays: those at lower rates, and those of chains.
  private static func groups(_ basis: FilterBasis) -> [OutputGroup] {
    var groups: [OutputGroup] = []
    for (knot, filter) in basis.filters.enumerated() where !filter.isOneLayer {
      // What reads a level does not matter here, how it is interpolated does.
      let same = groups.firstIndex {
        $0.rate?.factor == filter.rate?.factor && $0.rate?.interpolator == filter.rate?.interpolator
      }
      if let same {
        groups[same].knots.append(knot)
      } else {
        groups.append(OutputGroup(rate: filter.rate, area: filter.rate?.lowArea ?? .image, knots: [knot]))
      }
    }
    return groups
  }

  /// The levels that knots read, ascending, and what each must cover.
  private static func levels(_ basis: FilterBasis, _ groups: [OutputGroup]) -> [Level] {
    var levels: [Level] = []
    for group in groups {
      for knot in group.knots {
        let filter = basis.filters[knot]
        guard let rate = filter.rate else { continue }
        let area = filter.chain.layers.reversed().reduce(group.area) { $0.read(by: $1.coveredBounds) }
        if let index = levels.firstIndex(where: { $0.isRead(by: filter) }) {
          levels[index].area = levels[index].area.union(area)
        } else {
          levels.append(Level(factor: rate.factor, prefilter: rate.prefilter, area: area))
        }
      }
    }
    levels.sort { ($0.factor, $0.prefilter.boxes) < ($1.factor, $1.prefilter.boxes) }
    // What is made of a level adds to what it must cover, so the coarsest comes first.
    for index in levels.indices.reversed() {
      let child = levels[index]
      for parent in levels.indices.prefix(index).reversed() {
        guard let weights = child.step(from: levels[parent]) else { continue }
        levels[index].parent = (parent, weights)
        levels[parent].area = levels[parent].area.union(
          child.area.decimated(by: weights, factor: child.factor / levels[parent].factor))
        break
      }
    }
    return levels
  }

  private mutating func levels(_ levels: [Level], from source: Source, prefix: String) -> [Source] {
    var planes: [Source] = []
    for level in levels {
      let isOnlyOne = levels.count { $0.factor == level.factor } == 1
      let name = "\(prefix)level\(level.factor)" + (isOnlyOne ? "" : "_\(level.prefilter.rawValue)")
      let weights =
        level.parent?.weights ?? Resampling(factor: level.factor, prefilter: level.prefilter).prefilterWeights
      let factor = level.parent.map { level.factor / levels[$0.index].factor } ?? level.factor
      planes.append(
        decimation(
          weights, factor: factor, from: level.parent.map { planes[$0.index] } ?? source, prefix: "\(name)_", to: name,
          area: level.area))
    }
    return planes
  }
}

extension Level {
  func isRead(by filter: SparseFilter) -> Bool {
    filter.rate?.factor == factor && filter.rate?.prefilter == prefilter
  }

  /// The weights that make this level of a finer one; nil if their pixels do not lie so.
  ///
  /// A B-spline of factor p q is that of p, then that of q on what is left: boxes of p q pixels are boxes of p pixels, q of them side by
  /// side.
  func step(from parent: Level) -> Resampling.Weights? {
    guard parent.prefilter == prefilter, factor % parent.factor == 0, factor > parent.factor else { return nil }
    func weights(_ factor: Int) -> Resampling.Weights {
      Resampling(factor: factor, prefilter: prefilter).prefilterWeights
    }
    let shift = weights(factor).first - weights(parent.factor).first
    guard shift % parent.factor == 0 else { return nil }
    return Resampling.Weights(first: shift / parent.factor, values: weights(factor / parent.factor).values)
  }
}

extension Resampling {
  /// The low-rate texels that the image is interpolated between.
  var lowArea: TexelArea {
    let phases = PhaseWeights(self, low: nil)
    return TexelArea(
      x: .low(factor: factor, phases, first: phases.first.x), y: .low(factor: factor, phases, first: phases.first.y))
  }
}

extension SparseFilter {
  /// Whether a pixel of its output is one sum over the image.
  fileprivate var isOneLayer: Bool { rate == nil && chain.layers.count == 1 }

  /// The layers with the gain in the last one, where it costs nothing.
  var layersWithGain: [TapLayer] {
    var layers = chain.layers
    let last = layers.count - 1
    for index in layers[last].taps.indices { layers[last].taps[index].weight *= gain }
    return layers
  }
}
