import FewtapCore
import FewtapSynthesis
import FewtapTargets

/// One chain, fitted to the family's largest kernel, that the taps at all knots are made from.
struct OffsetsTemplate: Sendable {
  /// The chain, turned to the turning axes' lower ends.
  let parameters: ChainParameters
  /// The largest kernel, unturned: what the chain stands for.
  let ellipse: Ellipse
  /// The grid that all chains of the family are synthesized on.
  let grid: GridTransform
  /// Largest |offset| of each layer's taps.
  let limits: [Double]

  /// How far along its turning axes the template is fitted: away from the grid's own directions, which no other angle shares.
  private static let place = 0.13

  /// Fits the template. Throws: as the family; ``FitError``.
  init(_ family: OffsetsFamily, _ options: BasisFitOptions, _ watch: BasisFitWatch, knots: [Int]) throws {
    let point = Self.point(family)
    var fitOptions = FitOptions()
    fitOptions.tapModel = .bilinear
    fitOptions.budget =
      try options.layers.map { .layout(try .shared(taps: options.taps, layers: $0)) } ?? .taps(options.taps)
    fitOptions.objective = options.objective
    fitOptions.seed = options.seed
    fitOptions.threads = options.threads
    let fit = try Fit(try family.kernel(at: point), fitOptions)
    let chain = try fit.run(cancellation: watch.cancellation) { progress in
      watch.progress?(
        BasisFitProgress(stage: "template", knots: knots, completed: progress.completed, total: progress.total))
    }.filter.chain
    // At an edge of the map a layer reads what its neighbors' parameters have made: least goes wrong if the layer that reaches far
    // comes last. Where the map is constant the order does not matter. Source: METHOD.md section 7.
    let layers = chain.layers.map(\.taps).enumerated().sorted {
      (Self.spread($0.element), $0.offset) < (Self.spread($1.element), $1.offset)
    }
    var parameters = ChainParameters(layers: layers.map(\.element))
    let turn = family.turn(at: point)
    for i in parameters.x.indices {
      let place = SIMD2(turn.x, -turn.y).applied(to: SIMD2(parameters.x[i], parameters.y[i]))
      (parameters.x[i], parameters.y[i]) = (place.x, place.y)
    }
    try self.init(family, options, parameters: parameters)
  }

  /// Mean squared distance of taps from their center.
  private static func spread(_ taps: [Tap]) -> Double {
    let center = taps.reduce(SIMD2<Double>.zero) { $0 + SIMD2($1.x, $1.y) } / Double(taps.count)
    return taps.reduce(0) { sum, tap in
      let distance = SIMD2(tap.x, tap.y) - center
      return sum + (distance * distance).sum()
    } / Double(taps.count)
  }

  /// The template whose chain is known. Throws: as the family.
  init(_ family: OffsetsFamily, _ options: BasisFitOptions, parameters: ChainParameters) throws {
    let kernel = try family.kernel(at: Self.point(family))
    let upright = try family.kernel(at: family.unturned(family.largest))
    let problem = FitProblem(
      kernel: kernel, objective: options.objective, largestLayer: parameters.layout.max() ?? 1,
      minimumSide: 4 * max(kernel.radius, upright.radius) + 2)
    (self.parameters, ellipse) = (parameters, Ellipse(upright))
    (grid, limits) = (problem.grid, problem.offsetLimits(parameters))
  }

  /// The parameters of the kernel that a template is fitted to.
  static func point(_ family: OffsetsFamily) -> [Double] {
    family.largest.indices.map { index in
      guard family.turns[index] != 0 else { return family.largest[index] }
      let range = family.family.axes[index].range
      return range.lowerBound + place * (range.upperBound - range.lowerBound)
    }
  }

  /// The template at each knot of a grid: scaled as the kernels' second moments are, its first layer moved by their centroid.
  func tracks(at grid: OffsetsGrid, of family: OffsetsFamily) throws -> [Double] {
    var tracks: [Double] = []
    for knot in 0..<grid.count {
      let point = grid.point(knot)
      let target = Ellipse(try family.kernel(at: family.unturned(point)))
      let map = target.map(from: ellipse)
      let shift = target.center - ellipse.center
      let turn = grid.isTurning ? SIMD2(1, 0) : family.turn(at: point)
      let places = zip(parameters.layerOfTap, zip(parameters.x, parameters.y)).map { layer, place in
        let scaled = SIMD2(map.xx * place.0 + map.xy * place.1, map.yx * place.0 + map.yy * place.1)
        return turn.applied(to: layer == 0 ? scaled + shift : scaled)
      }
      tracks += parameters.weights + places.map(\.x) + places.map(\.y)
    }
    return tracks
  }
}
