internal import CFewtapKernels
import FewtapCore

/// Where a tile's results go, and what is done to a row before.
struct TileTarget {
  let image: TargetImage
  let group: ChannelGroup
  /// What the filter does to a constant 1.
  let sum: Double
  /// Whether colors are divided by the filtered coverage.
  let unpremultiplies: Bool
  /// Where coverage is kept as it was, since the filter's weights cancel.
  let keptAlpha: TileSource?
  let kernels: fewtap_kernels
  /// True if a row in its place needs nothing more.
  let isPlain: Bool

  init(
    _ image: TargetImage, group: ChannelGroup, sum: Double, unpremultiplies: Bool, keptAlpha: TileSource?,
    kernels: fewtap_kernels
  ) {
    (self.image, self.group, self.sum) = (image, group, sum)
    (self.unpremultiplies, self.keptAlpha, self.kernels) = (unpremultiplies, keptAlpha, kernels)
    isPlain = image.plane(0) != nil && group.alpha == nil && group.mask == nil
  }

  /// For each role row 0 and stride of the place of its rows, if those are Floats side by side.
  func places() -> [(row0: UnsafeMutablePointer<Float>, stride: Int)?] {
    group.roles.enumerated().map { index, role in
      guard case .image(let channel) = role, index != group.alpha || group.storesAlpha else { return nil }
      return image.plane(channel)
    }
  }

  /// Row 0 and stride of a place for all channels side by side, if rows there need nothing more.
  var interleavedPlace: (row0: UnsafeMutablePointer<Float>, stride: Int)? {
    guard group.alpha == nil || (!unpremultiplies && keptAlpha == nil && sum == 1), group.mask == nil else {
      return nil
    }
    return image.interleaved(channels: group.roles.count)
  }

  /// Copies a role's rows, which need nothing more, to their place.
  func place(_ rows: UnsafePointer<Float>, stride: Int, role: Int, _ region: Region) {
    guard case .image(let channel) = group.roles[role], let place = image.plane(channel) else { return }
    check(
      kernels.copy_rows(
        rows, stride, place.row0 + region.y.lowerBound * place.stride + region.x.lowerBound, place.stride,
        Int32(region.x.count), Int32(region.y.count), image.streams ? 1 : 0))
  }

  /// Finishes one row over `columns`, and stores what is not in its place. Returns how many samples could not be held.
  func finish(row y: Int, columns: Range<Int>, _ rows: [UnsafeMutablePointer<Float>]) -> Int {
    let count = Int32(columns.count)
    if let mask = group.mask {
      for (role, row) in rows.enumerated() where role != mask {
        check(
          kernels.divide_by_share(row, rows[mask], Float(1 / sum), Float(BorderNormalization.leastShare), count))
      }
    }
    if let alpha = group.alpha {
      if let keptAlpha {
        keptAlpha.load(role: alpha, row: y, columns: columns, into: rows[alpha])
      } else {
        check(kernels.scale_row(rows[alpha], Float(1 / sum), count))
      }
      for (role, row) in rows.enumerated() where unpremultiplies && role != alpha && role != group.mask {
        check(kernels.divide_by_alpha(row, rows[alpha], Float(AlphaRule.leastCoverage), count))
      }
    }
    let coverage = group.alpha.map { UnsafePointer(rows[$0]) }
    return group.storedSpans.reduce(0) { clipped, span in
      let part = rows[span.first..<span.first + span.channels.count].map { UnsafePointer($0) }
      return clipped + image.store(part, alpha: coverage, row: y, columns: columns, channels: span.channels)
    }
  }
}
