internal import CFewtapKernels
import FewtapCore

/// The sizes of a tile of a varying filter, and where in its memory everything lies.
struct VaryingShape: Sendable {
  /// Columns and rows of a tile. With the two rows more that a quadratic spline needs, 120 rows are 62, 32 and 17 at the rates 1/2,
  /// 1/4 and 1/8, whole or nearly whole blocks of 8; 240 columns likewise blocks of 32; and everything fits in a second-level cache.
  static let (columns, rows) = (240, 120)
  /// Columns and rows of a block: knots are left out block by block. Columns are whole vectors, rows those of a layer's blocks.
  static let (blockColumns, blockRows) = (80, 8)

  /// Columns and rows of tiles as `options` ask for them; no more than a tile's marks have bits for its blocks.
  static func size(_ options: ApplyOptions) -> (columns: Int, rows: Int) {
    let columns = min(max(1, options.tileWidth ?? columns), UInt64.bitWidth * blockColumns)
    let most = UInt64.bitWidth / ceilingDivide(columns, blockColumns) * blockRows
    return (columns, min(max(1, options.bandHeight ?? rows), most))
  }

  /// Floats of a row of coordinates or results.
  let stride: Int
  let axes: Int
  let roles: Int
  /// Planes of results of its own, beside those of the roles.
  let gradients: Int
  /// The image around the tile, for filters at its own rate.
  let sourceStride: Int
  let sourceRows: Int
  /// Floats of a stage's row, and of all its rows.
  let stageStride: Int
  let stageCount: Int
  /// Floats of a role's rows interpolated along themselves.
  let expandedCount: Int
  /// Floats of one scratch row.
  let scratchCount: Int

  /// `isGradient` if what coordinates have to do with the results is looked for.
  init(_ basis: CompiledBasis, columns: Int, rows: Int, roles: Int, isGradient: Bool = false) {
    self.roles = roles
    gradients = isGradient ? basis.tables.count : 0
    axes = basis.tables.count
    stride = TileShape.stride(columns)
    let bounds = basis.fullRateBounds
    sourceStride = TileShape.stride(columns + (bounds?.width ?? 1) - 1)
    sourceRows = bounds.map { rows + $0.height - 1 + Int(FEWTAP_BLOCK_ROWS) } ?? 0
    var (stageWidth, stageHeight, expanded, scratch) = (0, 0, 0, 0)
    for knot in basis.knots {
      var (width, height) = (columns, rows)
      if let rate = knot.filter.rate {
        width = columns / rate.factor + rate.interpolator.count / rate.factor + 3
        height = rows / rate.factor + rate.interpolator.count / rate.factor + 3
        let row = rate.factor * ceilingDivide(width, 64) * 64
        // A part of a row is written with what rounds it up, beyond the last one, too.
        expanded = max(expanded, TileShape.stride(row) * height + 64 * rate.factor + 64)
        scratch = max(scratch, row + 64)
      }
      for layer in knot.filter.layers.reversed() {
        (stageWidth, stageHeight) = (max(stageWidth, width), max(stageHeight, height))
        (width, height) = (width + layer.bounds.width - 1, height + layer.bounds.height - 1)
      }
    }
    stageStride = TileShape.stride(stageWidth)
    // A chain's rows, or a block of one layer's for each role.
    stageCount = stageStride * max(stageHeight + Int(FEWTAP_BLOCK_ROWS), roles * Int(FEWTAP_BLOCK_ROWS))
    (expandedCount, scratchCount) = (expanded, scratch)
  }

  /// Floats of all that a tile works in.
  func floatCount(rows: Int) -> Int {
    return (axes + roles + gradients) * rows * stride + roles * sourceRows * sourceStride + 2
      * (stageCount + TileShape.margin)
      + roles * expandedCount + 2 * (scratchCount + TileShape.margin) + 1024
  }
}
