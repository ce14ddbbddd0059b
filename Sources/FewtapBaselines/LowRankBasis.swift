import FewtapCore
import FewtapEngine
import FewtapTargets

/// Separable filters of one rank at the knots of a grid, their outputs blended by a parameter map.
///
/// Each of its terms is a basis of rows and columns that our own engine runs: only where it is active, and blended pixel by pixel.
/// Accuracy: that of ``FewtapEngine/VaryingPlan``, and an addition of Float a term.
package struct LowRankBasis: VaryingFilter {
  /// A basis a term.
  private let terms: [FilterBasis]
  /// The filters at the knots, the last axis' following one another.
  private let filters: [SeparableSum]
  private let rank: Int

  /// The filters of `rank` at the knots of `axes`.
  ///
  /// Throws: ``BaselineError``, what the family's maker throws.
  package init(_ family: KernelFamily, rank: Int, axes: [KnotAxis]) throws {
    let blank = SparseFilter(
      chain: TapChain(model: .integer, layers: [TapLayer([Tap(x: 0, y: 0, weight: 1)])]), gain: 0)
    var frame = FilterBasis(interpolation: .outputs, axes: axes, filters: [], family: family.name)
    let filters = try (0..<frame.shape.reduce(1, *)).map { index in
      try LowRank(family.kernel(at: frame.parameters(ofFilter: index))).brightFilter(rank: rank)
    }
    let parts = filters.map(\.filters)
    terms = (0..<rank).map { term in
      frame.filters = parts.map { term < $0.count ? $0[term] : blank }
      return frame
    }
    (self.filters, self.rank) = (filters, rank)
  }

  package var makeup: String {
    let knots = terms[0].shape.map(String.init).joined(separator: "x")
    return "\(knots) knots x \(filters.map(\.tapCount).max() ?? 0) taps"
  }
  package var numberCount: Int { filters.reduce(0) { $0 + $1.tapCount } }
  package var fileByteCount: Int? { nil }
  package var noiseGain: Double? {
    let gains = filters.compactMap(\.noiseGain)
    return gains.count == filters.count ? gains.max() : nil
  }

  package func effectiveKernel(at point: [Double]) throws -> Kernel {
    try .effective(
      terms[0].mixture(at: point).map { (kernel: try filters[$0.filter].effectiveKernel(), weight: $0.weight) })
  }

  package func prepared(width: Int) throws -> VaryingPlaneFilter {
    let plans = try terms.map { try VaryingPlan($0, width: width) }
    return { plane, map, options in
      let image = Image(sameSizePlanes: [plane])
      var result = try plans[0].apply(to: image, map: map, options: options).planes[0]
      for plan in plans.dropFirst() { result.add(try plan.apply(to: image, map: map, options: options).planes[0]) }
      return result
    }
  }
}
