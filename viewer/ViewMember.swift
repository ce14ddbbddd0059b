import FewtapCore
import FewtapSynthesis

/// A filter as a page shows it: taps of each layer, and the kernels that grow from them.
struct ViewMember: Equatable, Sendable {
  /// Pixels of the image that a unit of the taps' offsets is.
  let scale: Int
  let layers: [TapLayer]
  /// The parameters' values; none for a filter that belongs to no basis.
  let point: [Double]
  /// Of a filter the effective kernels of its first 0, 1, ... layers, of a knot the last one of those. Mean over the phases at a lower
  /// rate.
  let steps: [ViewKernel]
  let target: ViewKernel?

  /// Throws: ``FewtapCore/FilterError`` or ``FewtapCore/KernelError`` for a filter without an effective kernel.
  init(_ filter: SparseFilter, at point: [Double], showsSteps: Bool, target: Kernel?, side: Int) throws {
    (scale, layers, self.point) = (filter.rate?.factor ?? 1, filter.chain.layers, point)
    var steps: [ViewKernel] = []
    if showsSteps {
      try filter.forEachPartialKernel { steps.append(ViewKernel($0, side: side)) }
    } else {
      steps = [ViewKernel(try filter.effectiveKernel(), side: side)]
    }
    self.steps = steps
    self.target = target.map { ViewKernel($0, side: side) }
  }

  /// Multiply-adds of the effective kernel.
  static func effort(_ filter: SparseFilter) -> Double {
    let bounds = filter.chain.bounds
    return Double(bounds.width) * Double(bounds.height) * Double(filter.chain.multiplyAddCount)
  }

  /// The member as the page's data have it; taps are drawn, so 24 bits do.
  var json: String {
    func text(_ value: Double) -> String { number(Double("\(Float(value))")) }
    let layers = layers.map { layer in
      object([
        ("scale", number(scale)),
        ("taps", array(layer.taps.map { array([text($0.x), text($0.y), text($0.weight)]) })),
      ])
    }
    return object([
      ("point", array(point.map { number($0) })), ("layers", array(layers)), ("steps", array(steps.map(\.json))),
      ("target", target?.json ?? "null"),
    ])
  }
}
