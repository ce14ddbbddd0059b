import FewtapCore

/// A filter as the gradients of its taps need it: what makes the layers' images, what makes their cotangents, and the offsets of
/// which the products are taken, all made ready once.
///
/// Equation: as ``ReferenceGradient``; `c_l` is divided by the square of the rate's factor, as a prefilter of sum 1 gives it.
struct CompiledGradient: Sendable {
  /// The offsets of one layer.
  struct Layer: Sendable {
    /// As a layer of them runs.
    var offsets: CompiledFilter.Layer
    /// Where an offset's sum lies among the layer's.
    var slots: [PixelOffset: Int]
    /// Of its first sum among all layers'.
    var first: Int

    /// Sums that the layer has.
    var count: Int { offsets.multiplyAdds }
    /// Offsets that its products read.
    var bounds: OffsetBounds { offsets.bounds }
  }

  /// Makes what each layer reads: the decimation, and all layers but the last.
  let images: CompiledFilter
  /// Makes the cotangents of what each layer gives, the last one's first: the interpolation's transpose, and all layers but the
  /// first, turned by half a turn.
  let cotangents: CompiledFilter
  /// What the products are taken of: the layers' images shifted, and cotangents.
  let layers: [Layer]
  /// The same, but of the first layer cotangents shifted the other way, and the image: that is the transposed layer's own work, by which
  /// it gives the input's gradient. At the image's own rate; else nil.
  let spreading: [Layer]?

  /// Of a filter that keeps its invariants. Throws: ``ApplyError/filter(_:)`` for a weight that Float cannot hold.
  init(_ filter: SparseFilter) throws(ApplyError) {
    let turned = filter.transposed
    images = try CompiledFilter(filter.chain.layers.dropLast(), gain: 1, rate: filter.rate)
    cotangents = try CompiledFilter(turned.chain.layers.dropLast(), gain: 1, rate: turned.rate)
    var layers: [Layer] = []
    for layer in filter.chain.layers {
      layers.append(Layer(layer, filter.chain.model, first: layers.reduce(0) { $0 + $1.count }))
    }
    self.layers = layers
    guard filter.rate == nil else {
      spreading = nil
      return
    }
    // What it would refuse.
    _ = try CompiledFilter(turned)
    var others = [Layer(filter.chain.layers[0], filter.chain.model, first: 0, spreadingBy: filter.gain)]
    for layer in layers.dropFirst() {
      others.append(layer)
      others[others.count - 1].first = others.dropLast().reduce(0) { $0 + $1.count }
    }
    spreading = others
  }

  /// Where the cotangents of an image's region do not vanish, in pixels of the layers' rate: for all layers.
  func support(of image: Region) -> Region {
    // The cotangents' rate is the filter's turned around: what it decimates was interpolated.
    var region = images.rate.map { image.interpolated(by: $0) } ?? image
    var support = region
    // c_{l-1} = K_l^T c_l lies where layer l reads.
    for layer in cotangents.layers {
      let (x, y) = (layer.bounds.minX...layer.bounds.maxX, layer.bounds.minY...layer.bounds.maxY)
      region = Region(
        x: region.x.lowerBound + x.lowerBound..<region.x.upperBound + x.upperBound,
        y: region.y.lowerBound + y.lowerBound..<region.y.upperBound + y.upperBound)
      support = support.union(region)
    }
    return support
  }
}

extension CompiledGradient.Layer {
  /// Of a layer, or, with a gain, of it turned by half a turn and times that.
  init(_ layer: TapLayer, _ model: TapModel, first: Int, spreadingBy gain: Double? = nil) {
    let sign = gain == nil ? 1 : -1
    func turned(_ offset: PixelOffset) -> PixelOffset { PixelOffset(x: sign * offset.x, y: sign * offset.y) }
    // One tap each, whatever taps lie there.
    let places = Set(layer.taps.flatMap { TapCell($0, model).corners.map { turned($0.offset) } })
    let weights = Dictionary(
      uniqueKeysWithValues: layer.mergedIntegerTaps().map { (turned($0.offset), Float($0.weight * (gain ?? 1))) })
    let runs = TapLayer(places.map { Tap(x: Double($0.x), y: Double($0.y), weight: 1) }).verticalRuns()
    var slots: [PixelOffset: Int] = [:]
    var count = 0
    func place(_ run: VerticalRun, _ row: Int) -> PixelOffset {
      PixelOffset(x: run.offset.x, y: run.offset.y + row)
    }
    for run in runs {
      // The kernel's rows go from the lowest tap upwards: the result at p reads p - o.
      for (index, row) in run.weights.indices.reversed().enumerated() {
        slots[turned(place(run, row))] = count + index
      }
      count += run.weights.count
    }
    let bounds = layer.gradientBounds(model)
    offsets = CompiledFilter.Layer(
      runs: runs.map { run in
        (offset: run.offset, weights: run.weights.indices.map { weights[place(run, $0)] ?? 0 })
      },
      bounds: gain == nil
        ? bounds
        : OffsetBounds(minX: -bounds.maxX, maxX: -bounds.minX, minY: -bounds.maxY, maxY: -bounds.minY),
      multiplyAdds: count)
    (self.slots, self.first) = (slots, first)
  }
}
