import FewtapCore

/// The texels that the threads of a group read, loaded once for all of them.
struct SharedTile: Equatable, Sendable {
  /// Where a thread's reads begin, from the output's texel.
  enum Step: Equatable, Sendable {
    /// At so many source texels for each of the output's.
    case stride(x: Int, y: Int)
    /// At one source texel for so many of the output's.
    case factor(Int)
  }

  var step: Step
  /// The upper left texel, from where the reads of the group's first thread begin.
  var first: PixelOffset
  var width: Int
  var height: Int

  var count: Int { width * height }
  /// Whether groups can share so much.
  var fits: Bool { count <= ShaderLimits.tileTexels }

  /// The tile of a sum; nil if nothing is gained.
  init?(_ sum: TapSum) {
    guard sum.reads.count > 1 else { return nil }
    let (xs, ys) = (sum.reads.map { $0.x.rounded(.down) }, sum.reads.map { $0.y.rounded(.down) })
    guard let left = xs.min(), let right = xs.max(), let top = ys.min(), let bottom = ys.max() else { return nil }
    let (last, more) = (ShaderLimits.groupSide - 1, sum.isWhole ? 1 : 2)
    step = .stride(x: sum.strideX, y: sum.strideY)
    first = PixelOffset(x: Int(left), y: Int(top))
    (width, height) = (last * sum.strideX + Int(right - left) + more, last * sum.strideY + Int(bottom - top) + more)
  }

  /// The tile of an interpolation.
  init(_ phases: PhaseWeights) {
    // A group that begins within a cell reaches over the most of them.
    let cells = (ShaderLimits.groupSide - 1 + phases.factor - 1) / phases.factor + 1
    (step, first) = (.factor(phases.factor), phases.first)
    (width, height) = (cells + phases.count - 1, cells + phases.count - 1)
  }

  /// The tile of a sum of interpolated taps whose reads, from their texel, lie within `bounds`.
  init(readsWithin bounds: OffsetBounds, of sum: VaryingSum) {
    step = .stride(x: 1, y: 1)
    first = PixelOffset(x: sum.base.x + bounds.minX, y: sum.base.y + bounds.minY)
    (width, height) = (
      ShaderLimits.groupSide + bounds.maxX - bounds.minX, ShaderLimits.groupSide + bounds.maxY - bounds.minY
    )
  }
}

extension ShaderProgram {
  /// Throws ``ShaderError/tile(pass:texels:limit:)`` unless a pass has a tile that compute groups can share, as
  /// ``ShaderOptions/usesTile`` asks for.
  public func checkTile() throws(ShaderError) {
    guard passes.allSatisfy({ $0.operation.tile == nil }) else { return }
    let nearest = passes.compactMap { pass in pass.operation.wantedTile.map { (pass.name, $0.count) } }
      .min { $0.1 < $1.1 }
    throw .tile(pass: nearest?.0, texels: nearest?.1, limit: ShaderLimits.tileTexels)
  }
}
