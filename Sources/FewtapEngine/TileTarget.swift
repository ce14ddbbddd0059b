internal import CFewtapKernels
import FewtapCore

/// Where a tile's results go, and what is done to a row before.
struct TileTarget {
  let image: TargetImage
  let roles: [TileSource.Role]
  /// What the filter does to a constant 1.
  let sum: Double
  /// The channel of coverage, which is filtered with a sum of 1; nil if there is none.
  let alpha: Int?
  /// False where another tile stores the coverage.
  let storesAlpha: Bool
  /// Whether colors are divided by the filtered coverage.
  let unpremultiplies: Bool
  /// Set where coverage is kept as it was, since the filter's weights cancel.
  let keptAlpha: TileSource?

  /// The place of a channel's row, if that is Floats side by side.
  func place(_ channel: Int, row y: Int, column: Int) -> UnsafeMutablePointer<Float>? {
    guard case .image(let plane) = roles[channel], channel != alpha || storesAlpha else { return nil }
    return image.floatRow(y, channel: plane).map { $0 + column }
  }

  /// Finishes one row over `columns`, and stores what is not in its place.
  func finish(row y: Int, columns: Range<Int>, _ rows: [UnsafeMutablePointer<Float>], _ kernels: fewtap_kernels) {
    let count = columns.count
    if let mask = roles.firstIndex(of: .mask) {
      for channel in roles.indices where channel != mask {
        BorderNormalization.divide(rows[channel], byFilteredOnes: rows[mask], count: count, sum: sum)
      }
    }
    if let alpha {
      if let keptAlpha {
        keptAlpha.load(row: y, columns: columns, channel: alpha, into: rows[alpha])
      } else {
        let scale = Float(1 / sum)
        for x in 0..<count { rows[alpha][x] *= scale }
      }
      for channel in roles.indices where unpremultiplies && channel != alpha && roles[channel] != .mask {
        AlphaRule.unpremultiply(rows[channel], by: rows[alpha], count: count)
      }
    }
    for (channel, role) in roles.enumerated() where channel != alpha || storesAlpha {
      if case .image(let plane) = role { image.store(rows[channel], row: y, columns: columns, channel: plane) }
    }
  }
}
