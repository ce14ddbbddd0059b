import FewtapCore

/// The pixels that a tap reads, and what changes with its place: a bilinear tap reads four, one of whole pixels the first alone.
///
/// Equation: `value(a, b) = sum_{dx, dy} share(dx, dy) I(p - (column + dx, row + dy))`, a and b the fractions of the offset.
struct TapCell {
  /// A pixel of it: its offset, its share of the tap, and what that changes by as the tap moves right and down.
  struct Corner {
    var offset: PixelOffset
    var share: Double
    var slopeX: Double
    var slopeY: Double
  }

  /// Those whose share is 0 as well: what a tap that moves reads next.
  let corners: [Corner]

  init(_ tap: Tap, _ model: TapModel) {
    let (column, row) = (tap.x.rounded(.down), tap.y.rounded(.down))
    let (a, b) = (tap.x - column, tap.y - row)
    func corner(_ dx: Int, _ dy: Int) -> Corner {
      let (across, down) = (dx == 0 ? 1 - a : a, dy == 0 ? 1 - b : b)
      return Corner(
        offset: PixelOffset(x: Int(column) + dx, y: Int(row) + dy), share: across * down,
        slopeX: (dx == 0 ? -1 : 1) * down, slopeY: (dy == 0 ? -1 : 1) * across)
    }
    corners = model == .integer ? [corner(0, 0)] : [corner(0, 0), corner(1, 0), corner(0, 1), corner(1, 1)]
  }

  /// The tap's gradient from what the loss changes by with the layer's effective weight at each of its pixels.
  func gradient(weight: Double, _ model: TapModel, at pixel: (PixelOffset) -> Double) -> TapGradient {
    var gradient = model == .integer ? TapGradient(weight: 0) : TapGradient(weight: 0, x: 0, y: 0)
    for corner in corners {
      let value = pixel(corner.offset)
      gradient.weight += corner.share * value
      gradient.x? += weight * corner.slopeX * value
      gradient.y? += weight * corner.slopeY * value
    }
    return gradient
  }
}

extension TapLayer {
  /// The offsets that the layer's gradient touches: those of its taps, and what they read next as they move.
  func gradientBounds(_ model: TapModel) -> OffsetBounds {
    let bounds = taps.flatMap { TapCell($0, model).corners.map { OffsetBounds($0.offset) } }
    return bounds.dropFirst().reduce(bounds.first ?? OffsetBounds(PixelOffset(x: 0, y: 0))) { $0.union($1) }
  }
}
