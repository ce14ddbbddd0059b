import FewtapCore

extension SparseFilter {
  /// The dense kernel that the filter stands for, computed tap by tap, its center wherever the filter's bounds put it. A filter
  /// at a lower rate has a kernel for every phase; this is their mean.
  ///
  /// Equation: `K = gain * k_1 * ... * k_L`; at a lower rate the mean over phases of `h_p`, see ``phaseKernel(x:y:)``.
  /// Accuracy: a sum of at most `tapCount` products of `L` factors a weight, in Double.
  /// Throws:   ``FilterError`` for a filter that breaks its invariants; also for one whose kernel would be larger
  ///           than a fit can make (``GridTransform/maximumSize``); ``KernelError`` for one that is zero everywhere.
  public func effectiveKernel() throws -> Kernel {
    guard let phases = try phaseSynthesis() else { return try layeredKernel() }
    return try phases.meanKernel()
  }

  /// What the filter makes of a point of light in column `x` and row `y` of the image: for a filter at a lower rate it depends
  /// on both modulo the factor.
  ///
  /// Equation: `h_p[k] = sum_m b[k + p - D m] sum_l s[l] a[D (m - l) - p]` along each axis, `s` the layers' kernel, `a` and `b`
  ///           as in ``Resampling``.
  /// Throws: as ``effectiveKernel()``.
  public func phaseKernel(x: Int, y: Int) throws -> Kernel {
    guard let phases = try phaseSynthesis() else { return try layeredKernel() }
    return try phases.kernel(x: x, y: y)
  }

  /// The phase flicker: how much a point of light changes while it moves over the pixels. 0 at the image's own rate.
  ///
  /// Equation: `max_p |h_p - mean h|_2 / |mean h|_2`, h_p the kernel of phase p.
  /// Throws:   as ``effectiveKernel()``.
  public func flicker() throws -> Double { try phaseSynthesis()?.flicker ?? 0 }

  /// The kernels of the phases; nil at the image's own rate.
  package func phaseSynthesis() throws -> PhaseSynthesis? {
    guard let rate else { return nil }
    return PhaseSynthesis(low: try layeredKernel(), rate: rate)
  }

  /// The kernels that the filter would stand for if its chain ended after 0, 1, ... all of its layers, in this order; the last one is
  /// ``effectiveKernel()``. Each lives as long as `body` keeps it.
  ///
  /// Throws: as ``effectiveKernel()``.
  package func forEachPartialKernel(_ body: (Kernel) throws -> Void) throws {
    func whole(_ low: Kernel) throws -> Kernel {
      guard let rate else { return low }
      return try PhaseSynthesis(low: low, rate: rate).meanKernel()
    }
    try body(whole(layeredKernel { try body(whole($0)) }))
  }

  /// The kernel of the layers alone, in pixels of their rate; `partial` gets those of the first layers on the way.
  private func layeredKernel(partial: (Kernel) throws -> Void = { _ in }) throws -> Kernel {
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
    func kernel() throws -> Kernel {
      try Kernel(
        name: self.kernel?.name ?? "effective kernel", values: plane,
        center: PixelOffset(x: -bounds.minX, y: -bounds.minY), maximumSide: largest)
    }
    for layer in chain.layers {
      try partial(kernel())
      var next = Plane<Double>(width: bounds.width, height: bounds.height)
      let taps = layer.mergedIntegerTaps()
      for y in 0..<bounds.height {
        for x in 0..<bounds.width where plane[x, y] != 0 {
          for tap in taps { next[x + tap.offset.x, y + tap.offset.y] += plane[x, y] * tap.weight }
        }
      }
      plane = next
    }
    return try kernel()
  }
}
