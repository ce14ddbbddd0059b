import FewtapCore

extension SparseFilter {
  /// The dense kernel that the filter stands for, computed tap by tap, its center wherever the chain's bounds put it.
  ///
  /// Equation: `K = gain * k_1 * ... * k_L`.
  /// Accuracy: a sum of at most `tapCount` products of `L` factors a weight, in Double.
  /// Throws:   ``FilterError`` for a filter that breaks its invariants; also for one whose kernel would be larger
  ///           than a fit can make (``GridTransform/maximumSize``); ``KernelError`` for one that is zero everywhere.
  public func effectiveKernel() throws -> Kernel {
    try checkInvariants()
    // Layers that are not centered may step beyond the final bounds on the way.
    var (reached, bounds) = (OffsetBounds(PixelOffset(x: 0, y: 0)), OffsetBounds(PixelOffset(x: 0, y: 0)))
    for layer in chain.layers {
      reached = reached.sum(layer.bounds)
      bounds = bounds.union(reached)
    }
    let largest = GridTransform.maximumSize
    guard bounds.width <= largest, bounds.height <= largest else {
      throw FilterError(
        "layers", "reach over \(bounds.width)x\(bounds.height) pixels",
        "an effective kernel of at most \(largest) a side")
    }
    var plane = Plane<Double>(width: bounds.width, height: bounds.height)
    plane[-bounds.minX, -bounds.minY] = gain
    for layer in chain.layers {
      var next = Plane<Double>(width: bounds.width, height: bounds.height)
      let taps = layer.mergedIntegerTaps()
      for y in 0..<bounds.height {
        for x in 0..<bounds.width where plane[x, y] != 0 {
          for tap in taps { next[x + tap.offset.x, y + tap.offset.y] += plane[x, y] * tap.weight }
        }
      }
      plane = next
    }
    return try Kernel(
      name: kernel?.name ?? "effective kernel", values: plane, center: PixelOffset(x: -bounds.minX, y: -bounds.minY),
      maximumSide: largest)
  }
}
