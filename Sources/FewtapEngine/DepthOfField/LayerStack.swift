import FewtapCore

/// Layers of a tile put together from near to far.
///
/// Equation: a layer takes `t = min(A b, o)` of a pixel, A its cover, o what is open and b what was open before the layer that lies
///           before it: a surface between two layers is in both, and their covers add; what hides more is another surface, and
///           what is left is a product, as it is for things that know nothing of each other.
struct LayerStack {
  let width: Int
  let height: Int
  /// Plane by plane.
  private var light: [Float]
  /// What of each pixel is still to be covered.
  private var open: [Float]
  /// The same before the last layer.
  private var before: [Float]
  private var scratch: [Float]
  private var isFresh = true

  /// What is open by less counts as covered, and by less than twice as much in part: where a slanted surface goes from layer to layer
  /// its covers add up to 1 within this if its blur changes by less than 1/6 px from pixel to pixel, and what lies behind it must
  /// not shine through.
  private static let leastOpen = DepthOfField.leastOpen

  init(planes: Int, width: Int, height: Int) {
    (self.width, self.height) = (width, height)
    light = [Float](repeating: 0, count: planes * width * height)
    open = [Float](repeating: 1, count: width * height)
    (before, scratch) = (open, open)
  }

  /// The part of `region`, in pixels of the tile, that has something open: nil if nothing has.
  func openPart(of region: Region) -> Region? {
    var (left, right, top, bottom) = (region.x.upperBound, -1, region.y.upperBound, -1)
    for y in region.y {
      let row = y * width
      guard let first = region.x.first(where: { open[row + $0] > Self.leastOpen }) else { continue }
      let last = region.x.last { open[row + $0] > Self.leastOpen } ?? first
      (left, right, top, bottom) = (min(left, first), max(right, last), min(top, y), y)
    }
    return bottom < 0 ? nil : Region(x: left..<right + 1, y: top..<bottom + 1)
  }

  /// Goes on to the next layer where one has nothing.
  mutating func skip() {
    guard !isFresh else { return }
    before = open
    isFresh = true
  }

  /// Puts a layer behind those before: its light, and at last its share, both blurred, in `region`.
  ///
  /// `layer`: planes of which the tile's first pixel would be at `origin`, `stride` floats from one row to the next.
  mutating func add(_ layer: [UnsafeMutablePointer<Float>], origin: Int, stride: Int, region: Region) {
    let (count, planes) = (width * height, layer.count - 1)
    scratch.withUnsafeMutableBufferPointer { scratch in
      open.withUnsafeBufferPointer { open in _ = scratch.update(fromContentsOf: open) }
    }
    light.withUnsafeMutableBufferPointer { light in
      open.withUnsafeMutableBufferPointer { open in
        before.withUnsafeBufferPointer { before in
          guard let light = light.baseAddress, let open = open.baseAddress, let before = before.baseAddress else {
            return
          }
          let (columns, first) = (region.x.count, region.x.lowerBound)
          withUnsafeTemporaryAllocation(of: Float.self, capacity: columns) { buffer in
            guard let shares = buffer.baseAddress else { return }
            for y in region.y {
              let (from, to) = (origin + y * stride + first, y * width + first)
              // Addresses first: sums that might overflow would keep the loops from running in vectors.
              let (covers, left, most) = (layer[planes] + from, open + to, before + to)
              for x in 0..<columns {
                let free = min(left[x], 2 * (left[x] - Self.leastOpen))
                let isTaken = covers[x] > 0 && free > 0
                let taken = isTaken ? min(min(covers[x], 1) * most[x], free) : 0
                shares[x] = isTaken ? taken / covers[x] : 0
                left[x] -= taken
              }
              for plane in 0..<planes {
                let (source, target) = (layer[plane] + from, light + (plane * count + to))
                for x in 0..<columns { target[x] += shares[x] * source[x] }
              }
            }
          }
        }
      }
    }
    swap(&before, &scratch)
    isFresh = false
  }

  /// Writes the tile, which is `region` of the picture, into planes that lie one after the other. What is not covered counts as what
  /// is; pixels that nothing covers are those of `picture`.
  func write(_ region: Region, of picture: [Plane<Float>], into result: UnsafeMutableBufferPointer<Float>) {
    let count = width * height
    for (plane, original) in picture.enumerated() {
      for y in region.y {
        for x in region.x {
          let (from, to) = ((y - region.y.lowerBound) * width + x - region.x.lowerBound, y * original.width + x)
          let (value, covered) = (light[plane * count + from], 1 - open[from])
          result[plane * original.values.count + to] = covered > 0x1p-10 ? value / covered : original.values[to]
        }
      }
    }
  }
}
