import FewtapCore
import FewtapFit
import FewtapTargets

extension FilterBasis {
  /// Filters that parallel tempering found at the knots of `axes`, each alone, their taps interpolated: what the DISK paper held its
  /// own bases against.
  ///
  /// Taps correspond only as far as sorting each layer by row and column makes them, as in the paper's recipe.
  /// Throws: as ``ParallelTempering``; what the family's maker throws.
  package static func tempering(
    _ family: KernelFamily, layout: Layout, axes: [KnotAxis], _ options: ParallelTempering.Options,
    cancellation: Cancellation = Cancellation()
  ) throws -> FilterBasis {
    let frame = FilterBasis(interpolation: .offsets, axes: axes, filters: [], family: family.name)
    let found = parallelMap(count: frame.shape.reduce(1, *), threads: options.threads) { index in
      Result {
        var options = options
        (options.threads, options.seed) = (1, options.seed &+ UInt64(index))
        let kernel = try family.kernel(at: frame.parameters(ofFilter: index))
        return try ParallelTempering(kernel, layout: layout, options).run(cancellation: cancellation).filter
      }
    }
    var basis = frame
    basis.filters = try found.map { try $0.get().corresponding(to: layout.taps) }
    return basis
  }
}

extension SparseFilter {
  /// The same filter with so many taps in each layer, sorted by row and column: those that the search has merged or left out are
  /// taps of weight 0 beside the last one.
  fileprivate func corresponding(to layout: [Int]) -> SparseFilter {
    var layers = chain.layers.map { layer in TapLayer(layer.taps.sorted { ($0.y, $0.x) < ($1.y, $1.x) }) }
    while layers.count < layout.count { layers.append(TapLayer([Tap(x: 0, y: 0, weight: 1)])) }
    for (index, count) in layout.enumerated() {
      let last = layers[index].taps[layers[index].taps.count - 1]
      while layers[index].taps.count < count { layers[index].taps.append(Tap(x: last.x, y: last.y, weight: 0)) }
    }
    return SparseFilter(chain: TapChain(model: .bilinear, layers: layers), gain: gain)
  }
}
