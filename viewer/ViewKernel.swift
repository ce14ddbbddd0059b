import FewtapCore
import Foundation

/// A kernel as a page holds it: 16 bits a weight, averaged down where it is large.
///
/// Equation: `weight = low + (high - low) code / 65535`; a pixel is the mean of `scale` x `scale` weights, zero outside the kernel,
///           and that at `x`, `y` has offset 0 in its middle, since `scale` is odd.
/// Accuracy: half a code, `(high - low) / 131070`.
struct ViewKernel: Equatable, Sendable {
  let width: Int, height: Int
  /// Column and row of the pixel with offset 0.
  let x: Int, y: Int
  /// Pixels of the image along a pixel's side.
  let scale: Int
  let low: Double, high: Double
  let codes: [UInt16]

  /// The smallest box of `kernel` that holds its weights and offset 0, at most `side` pixels along each axis.
  init(_ kernel: Kernel, side: Int) {
    let bounds = kernel.supportBounds.union(OffsetBounds(PixelOffset(x: 0, y: 0)))
    let scale = Self.scale(bounds, side: side)
    let box = Self.box(bounds, scale: scale)
    var sums = [Double](repeating: 0, count: box.width * box.height)
    kernel.forEachOffset { x, y, weight in
      guard weight != 0 else { return }
      let (column, row) = (Self.pixel(x, scale) - box.minX, Self.pixel(y, scale) - box.minY)
      sums[row * box.width + column] += weight / Double(scale * scale)
    }
    let (low, high) = (sums.min() ?? 0, sums.max() ?? 0)
    (width, height, x, y) = (box.width, box.height, -box.minX, -box.minY)
    (self.scale, self.low, self.high) = (scale, low, high)
    let step = high > low ? 65535 / (high - low) : 0
    codes = sums.map { UInt16(min(max((($0 - low) * step).rounded(), 0), 65535)) }
  }

  /// The least odd scale at which the box has at most `side` pixels along each axis.
  private static func scale(_ bounds: OffsetBounds, side: Int) -> Int {
    var scale = 1
    while true {
      let box = box(bounds, scale: scale)
      if max(box.width, box.height) <= max(side, 3) { return scale }
      scale += 2
    }
  }

  /// The pixels that hold offsets of `bounds`.
  private static func box(_ bounds: OffsetBounds, scale: Int) -> OffsetBounds {
    OffsetBounds(
      minX: pixel(bounds.minX, scale), maxX: pixel(bounds.maxX, scale), minY: pixel(bounds.minY, scale),
      maxY: pixel(bounds.maxY, scale))
  }

  /// The pixel that holds an offset.
  private static func pixel(_ offset: Int, _ scale: Int) -> Int {
    Int((Double(offset + scale / 2) / Double(scale)).rounded(.down))
  }

  /// How many codes a kernel within `bounds` gets at most.
  static func codeCount(_ bounds: OffsetBounds, side: Int) -> Int {
    let bounds = bounds.union(OffsetBounds(PixelOffset(x: 0, y: 0)))
    let box = box(bounds, scale: scale(bounds, side: side))
    return box.width * box.height
  }

  /// The kernel as the page's data have it.
  var json: String {
    object([
      ("width", number(width)), ("height", number(height)), ("x", number(x)), ("y", number(y)),
      ("scale", number(scale)), ("low", number(low)), ("high", number(high)), ("values", quoted(base64(codes))),
    ])
  }
}

/// Codes in base64, little-endian.
func base64(_ codes: [UInt16]) -> String {
  codes.map(\.littleEndian).withUnsafeBytes { Data($0).base64EncodedString() }
}
