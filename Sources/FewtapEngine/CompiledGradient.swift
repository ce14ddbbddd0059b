import FewtapCore

/// A filter as the gradients of its taps need it: what makes the layers' images, what makes their cotangents, and the offsets of
/// which the products are taken, all made ready once.
///
/// Equation: as ``ReferenceGradient``; `c_l` is divided by the square of the rate's factor, as a prefilter of sum 1 gives it.
struct CompiledGradient: Sendable {
  /// The offsets of one layer.
  struct Layer: Sendable {
    /// As a layer of them would run; its weights count for nothing.
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
  let layers: [Layer]

  /// Sums of all layers.
  var count: Int { layers.reduce(0) { $0 + $1.count } }

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
  init(_ layer: TapLayer, _ model: TapModel, first: Int) {
    // One tap each, whatever taps lie there.
    let places = Set(layer.taps.flatMap { TapCell($0, model).corners.map(\.offset) })
    let runs = TapLayer(places.map { Tap(x: Double($0.x), y: Double($0.y), weight: 1) }).verticalRuns()
    var slots: [PixelOffset: Int] = [:]
    var count = 0
    for run in runs {
      // The kernel's rows go from the lowest tap upwards: the result at p reads p - o.
      for (index, y) in run.weights.indices.reversed().enumerated() {
        slots[PixelOffset(x: run.offset.x, y: run.offset.y + y)] = count + index
      }
      count += run.weights.count
    }
    offsets = CompiledFilter.Layer(
      runs: runs.map { (offset: $0.offset, weights: $0.weights.map { Float($0) }) },
      bounds: layer.gradientBounds(model), multiplyAdds: count)
    (self.slots, self.first) = (slots, first)
  }
}
