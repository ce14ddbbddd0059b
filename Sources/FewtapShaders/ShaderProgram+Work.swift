import FewtapCore

extension ShaderProgram {
  /// What all passes ask of a processor, a pixel of the image; also those whose results a host may keep.
  ///
  /// Of a basis of outputs a pixel's fetches are those of the mean knot, for as many knots as are around it. A cell of an image beyond its
  /// border is not counted.
  public var work: GPUWork {
    var work = GPUWork()
    for pass in passes {
      guard let output = texture(pass.output) else { continue }
      let written = output.share
      work.passes += 1
      work.fetches += written * pass.fetches
      work.bytes += written * Double(output.format.bytes)
      for input in pass.inputs {
        guard let texture = texture(input.texture) else { continue }
        // Of an array's layers a pixel reads those of the knots around it.
        let layers = min(texture.layers ?? 1, pass.operation.knotsAround)
        work.bytes += Double(layers) * texture.share * Double(texture.format.bytes)
      }
    }
    return work
  }

  /// How far a result can be off where the texture unit rounds the place between two texels to `bits` bits, for images in 0...1; nil for
  /// bases, whose places differ from pixel to pixel, and where results are divided by coverage.
  ///
  /// Equation: `sum_p e_p prod_{q != p} S_q`, of pass p `S = sum|w|`, which bounds how far apart its results lie, and
  ///           `e = sum|w| (|d_x| + |d_y|)`, d what rounding moves a read by.
  /// Accuracy: a bound; photographs come nowhere near it. Held by FewtapShadersTests.
  public func fractionError(bits: Int = 8) -> Double? {
    var (error, scale) = (0.0, 1.0)
    // Passes for a mask do not follow the image.
    for pass in passes where pass.dependsOn == .image {
      guard pass.finish?.divides != true else { return nil }
      let isSampled = pass.inputs[0].linear != nil
      func rounding(_ place: Double) -> Double {
        let steps = place * Double(1 << bits)
        return isSampled ? abs(steps - steps.rounded()) / Double(1 << bits) : 0
      }
      let (sum, own): (Double, Double)
      switch pass.operation {
      case .extend: (sum, own) = (1, 0)
      case .tapSum(let taps):
        sum = taps.reads.reduce(0) { $0 + abs($1.weight) }
        own = taps.reads.reduce(0) { $0 + abs($1.weight) * (rounding($1.x) + rounding($1.y)) }
      case .interpolation(let phases):
        let rows = phases.pairs.map { $0.reduce(0) { $0 + $1.weight * rounding($1.place) } }
        (sum, own) = (1, 2 * (rows.max() ?? 0))
      case .coordinates, .varyingSum, .blend: return nil
      }
      error = error * sum + own * scale
      scale *= sum
    }
    return error
  }
}

extension ShaderTexture {
  /// Its texels for each pixel of a large image; none of a table, which a processor keeps at hand.
  fileprivate var share: Double { x.factor == 0 || y.factor == 0 ? 0 : 1 / Double(x.factor * y.factor) }
}

extension ShaderPass {
  /// Reads of textures for a texel of its output.
  fileprivate var fetches: Double {
    let finishing = (finish?.dividesByShare == true ? 1.0 : 0) + (finish?.readsImage == true ? 1 : 0)
    let between = inputs[0].linear == nil ? 4.0 : 1
    switch operation {
    case .extend, .coordinates: return 1
    case .tapSum(let sum):
      var each = sum.isWhole ? 1 : between
      if case .texture = sum.storage { each += 1 }
      return Double(sum.reads.count) * each + finishing
    case .interpolation(let phases):
      let side = inputs[0].linear == nil ? phases.count : phases.pairs[0].count
      return Double(side * side) + finishing
    case .varyingSum(let sum):
      let table = Double(operation.knotsAround)
      return 1 + Double(sum.taps) * (between + table) + (sum.appliesGain ? table : 0) + finishing
    case .blend(let blend):
      let all = blend.knots.reduce(0.0) { all, knot in
        switch knot {
        case .taps(_, let count): all + Double(count) * (blend.isWhole ? 2 : 5)
        case .texels(let group, _):
          all + Double(blend.groups[group].phases.map { $0.count * $0.count } ?? 1)
        }
      }
      return 1 + Double(operation.knotsAround) * all / Double(blend.knots.count) + finishing
    }
  }
}

extension PassOperation {
  /// Knots that a pixel lies between; 1 of what has none.
  fileprivate var knotsAround: Int {
    switch self {
    case .varyingSum(let sum): 1 << sum.grid.shape.count
    case .blend(let blend): 1 << blend.grid.shape.count
    case .extend, .tapSum, .interpolation, .coordinates: 1
    }
  }
}

extension Finish {
  /// Whether colors are divided by something that may be small.
  fileprivate var divides: Bool {
    if dividesByShare { return true }
    switch alpha {
    case .none: return false
    case .scaled(_, let straight), .kept(let straight): return straight
    }
  }

  fileprivate var readsImage: Bool {
    if case .kept = alpha { return true }
    return false
  }
}
