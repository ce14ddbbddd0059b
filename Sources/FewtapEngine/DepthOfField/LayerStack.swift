import FewtapCore

/// Layers of a tile put together from near to far.
///
/// Equation: a layer takes `t = min(A b, o)` of a pixel, A its cover, o what is open and b what was open n layers before, those that
///           one surface shows in (``SurfaceRuns``): their covers add; what hides more is another surface, and what is left is a
///           product, as it is for things that know nothing of each other.
struct LayerStack {
  let width: Int
  let height: Int
  /// Plane by plane.
  private var light: [Float]
  /// What of each pixel is still to be covered.
  private var open: [Float]
  /// The same before each of the last layers, the last one at the end.
  private var earlier: [[Float]] = []

  /// What is open by less counts as covered, and by less than twice as much in part: where a surface bends, light that is spread
  /// leaves as much open, and what lies behind it must not shine through.
  private static let leastOpen = DepthOfField.leastOpen

  init(planes: Int, width: Int, height: Int) {
    (self.width, self.height) = (width, height)
    light = [Float](repeating: 0, count: planes * width * height)
    open = [Float](repeating: 1, count: width * height)
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
    if earlier.count > SurfaceRuns.longest { earlier.removeFirst() }
    earlier.append(open)
  }

  /// Puts a layer behind those before: its light, and at last its share, both blurred, in `region`.
  ///
  /// `layer`: planes of which the tile's first pixel would be at `origin`, `stride` floats from one row to the next. `place`: the tile
  /// in the picture that `runs` are of.
  mutating func add(
    _ layer: [UnsafeMutablePointer<Float>], origin: Int, stride: Int, region: Region, runs: SurfaceRuns,
    place: (x: Int, y: Int)
  ) {
    skip()
    let (count, planes, columns, first) = (width * height, layer.count - 1, region.x.count, region.x.lowerBound)
    withUnsafeTemporaryAllocation(of: Float.self, capacity: 2 * columns) { buffer in
      guard let shares = buffer.baseAddress else { return }
      let most = shares + columns
      for y in region.y {
        let (from, to) = (origin + y * stride + first, y * width + first)
        open(before: runs, place: place, row: y, columns: region.x, into: most)
        light.withUnsafeMutableBufferPointer { light in
          open.withUnsafeMutableBufferPointer { open in
            guard let light = light.baseAddress, let open = open.baseAddress else { return }
            // Addresses first: sums that might overflow would keep the loops from running in vectors.
            let (covers, left) = (layer[planes] + from, open + to)
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

  /// What was open before the layers that surfaces show in, in columns of a row.
  private func open(
    before runs: SurfaceRuns, place: (x: Int, y: Int), row: Int, columns: Range<Int>,
    into result: UnsafeMutablePointer<Float>
  ) {
    var x = columns.lowerBound
    while x < columns.upperBound {
      let end = min(((place.x + x) / LayerBlocks.side + 1) * LayerBlocks.side - place.x, columns.upperBound)
      let length = runs.length(x: place.x + x, y: place.y + row)
      let whole = Int(length)
      let share = length - Float(whole)
      let (near, far) = (max(earlier.count - 1 - whole, 0), max(earlier.count - 2 - whole, 0))
      earlier[near].withUnsafeBufferPointer { near in
        earlier[far].withUnsafeBufferPointer { far in
          for index in x..<end {
            let place = row &* width &+ index
            result[index &- columns.lowerBound] = near[place] + share * (far[place] - near[place])
          }
        }
      }
      x = end
    }
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
