import FewtapCore
import FewtapEngine
import FewtapFit
import FewtapSynthesis

/// Runs a varying filter over planes of one width, by a map of the same size.
package typealias VaryingPlaneFilter = @Sendable (Plane<Float>, ParameterMap, ApplyOptions) throws -> Plane<Float>

/// What filters by a parameter map: a kernel of its own at every pixel, or what stands for it.
///
/// Conformers: ``FewtapCore/FilterBasis`` (ours, the DISK paper's, parallel tempering's), ``LowRankBasis``, ``ProductConvolution``,
/// ``QuantizedDense``.
package protocol VaryingFilter: Sendable {
  /// What it is made of, a few words: `8 knots x 96 taps`.
  var makeup: String { get }
  /// Weights, offsets and coefficients that it keeps.
  var numberCount: Int { get }
  /// Bytes of its file; nil for what has no file.
  var fileByteCount: Int? { get }
  /// How much rounding on the way may grow, 1 at least, at the worst parameters; nil where that is unknown.
  var noiseGain: Double? { get }

  /// The kernel that it has where the parameters are these everywhere; for filters at lower rates the mean over phases.
  ///
  /// Throws: ``FewtapCore/KernelError``.
  func effectiveKernel(at point: [Double]) throws -> Kernel

  /// What filters planes of `width` columns, with all that can be prepared done; the map is looked up when it runs.
  func prepared(width: Int) throws -> VaryingPlaneFilter
}

extension FilterBasis: VaryingFilter {
  /// Knots, or the functions of a series, and the taps of a filter there, at most.
  package var makeup: String {
    if let series {
      return "\(series.shape.map(String.init).joined(separator: "x")) functions x \(series.tapCount) taps"
    }
    let knots = shape.map(String.init).joined(separator: "x")
    return "\(knots) knots x \(filters.map(\.tapCount).max() ?? 0) taps"
  }

  /// Three a tap, of integer taps too, or three for each function.
  package var numberCount: Int {
    series.map { 3 * $0.termCount * $0.tapCount } ?? filters.reduce(0) { $0 + 3 * $1.chain.tapCount }
  }

  /// As it is written.
  package var fileByteCount: Int? { try? json().count }

  /// That of the worst knot.
  package var noiseGain: Double? { filters.map(\.chain.noiseGain).max() }

  /// Of mixed outputs the mixture of the filters' kernels, of mixed taps the kernel of the mixture.
  package func effectiveKernel(at point: [Double]) throws -> Kernel {
    switch interpolation {
    case .offsets: return try interpolatedFilter(at: point).effectiveKernel()
    case .outputs:
      return try .effective(
        mixture(at: point).map { (kernel: try filters[$0.filter].effectiveKernel(), weight: $0.weight) })
    }
  }

  /// By a ``FewtapEngine/VaryingPlan``.
  package func prepared(width: Int) throws -> VaryingPlaneFilter {
    let plan = try VaryingPlan(self, width: width)
    return { plane, map, options in
      try plan.apply(to: Image(sameSizePlanes: [plane]), map: map, options: options).planes[0]
    }
  }
}

extension Kernel {
  /// The kernel of mixed outputs, which may be larger than a kernel that is asked for.
  static func effective(_ terms: [(kernel: Kernel, weight: Double)]) throws(KernelError) -> Kernel {
    try Kernel(name: "effective kernel", sumOf: terms, maximumSide: GridTransform.maximumSize)
  }
}

/// A dense kernel at every pixel, that of the nearest of so many parameters: the truth for maps that hold no others.
package struct QuantizedDense: VaryingFilter {
  /// The parameters that it has kernels for.
  package let lattice: ParameterLattice
  /// The kernels.
  package let kernels: [Kernel]
  private let filter: DenseVarying

  /// The filter of `kernels` at the points of `lattice`. Throws: as ``FewtapEngine/DenseVarying``.
  package init(_ lattice: ParameterLattice, _ kernels: [Kernel]) throws {
    (self.lattice, self.kernels, filter) = (lattice, kernels, try DenseVarying(kernels))
  }

  package var makeup: String {
    "\(kernels.count) kernels of up to \(kernels.map(\.supportCount).max() ?? 0) weights"
  }
  package var numberCount: Int { kernels.reduce(0) { $0 + $1.supportCount } }
  package var fileByteCount: Int? { nil }
  /// That of sums with weights of one sign.
  package var noiseGain: Double? { 1 }

  package func effectiveKernel(at point: [Double]) throws -> Kernel {
    let map = ParameterMap(width: 1, height: 1, constant: point)
    return kernels[Int(lattice.nearest(map)[0])]
  }

  package func prepared(width: Int) throws -> VaryingPlaneFilter {
    { plane, map, options in try filter.apply(toPlane: plane, indices: lattice.nearest(map), options: options) }
  }
}
