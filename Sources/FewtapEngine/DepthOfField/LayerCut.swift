import FewtapCore

/// A layer before it is blurred, in the rows where it matters: its light and the share of each pixel that it covers, with what nearer
/// layers hide filled from around.
struct LayerCut: Sendable {
  /// The first row of the picture that it has.
  let firstRow: Int
  let height: Int
  /// Light times share, plane by plane, then the share.
  private(set) var values: [Float]
  /// How near its surface is; where it has none, that of what is nearby.
  private(set) var nearness: [Float]

  /// The cut of `layer`; nil if it has no pixel. `isWhole`: all rows, for borders that come around.
  init?(
    _ layer: DepthLayers.Layer, _ pixels: EdgePixels, width: Int, height: Int, reach: Int, isWhole: Bool, threads: Int
  ) {
    let taken = parallelMap(count: height, threads: threads) { row in
      pixels.nearness[row * width..<(row + 1) * width].contains { layer.weight(of: $0) > 0 }
    }
    guard let first = taken.firstIndex(of: true), let last = taken.lastIndex(of: true) else { return nil }
    // Light goes as far as the filters reach, from pixels that were filled as far as that.
    let rows = isWhole ? 0..<height : max(0, first - 2 * reach)..<min(height, last + 2 * reach + 1)
    (firstRow, self.height) = (rows.lowerBound, rows.count)
    let (planes, count) = (pixels.planes, rows.count * width)
    var values = [Float](repeating: 0, count: (planes + 1) * count)
    nearness = Array(pixels.nearness[rows.lowerBound * width..<rows.upperBound * width])
    // How much a pixel counts in what fills holes, and in how near the surface is beside it.
    var (known, present) = ([Float](repeating: 0, count: count), [Float](repeating: 0, count: count))
    pixels.withPixels { near, cover, light in
      values.withUnsafeMutableBufferPointer { values in
        known.withUnsafeMutableBufferPointer { known in
          present.withUnsafeMutableBufferPointer { present in
            // Each row writes pixels of its own.
            nonisolated(unsafe) let (near, cover, light) = (near, cover, light)
            nonisolated(unsafe) let (values, known, present) = (values, known, present)
            parallelForEach(count: rows.count, threads: threads) { row in
              let (from, to) = ((rows.lowerBound + row) * width, row * width)
              for x in 0..<width where !layer.isHidden(near[from + x]) {
                let weight = layer.weight(of: near[from + x])
                var brightest: Float = 1
                for plane in 0..<planes {
                  let value = light[plane * width * height + from + x]
                  values[plane * count + to + x] = weight * value
                  brightest = max(brightest, value)
                }
                let share = cover[from + x]
                values[planes * count + to + x] = weight * share
                present[to + x] = weight * share
                // A light counts no more than white does: it is one, not the look of what is around it. Pixels at edges count where
                // there are no others.
                known[to + x] = share < 1 ? 0x1p-10 : 1 / brightest
              }
            }
          }
        }
      }
    }
    var levels = 1
    while 1 << levels < 2 * reach { levels += 1 }
    let holes = HoleFilling(width: width, height: rows.count, levels: levels, threads: threads)
    if known.contains(0) { holes.fill(&values, weight: known) }
    // Radii must reach as far as light does, whole: up to a single pixel no block is empty.
    HoleFilling(width: width, height: rows.count, levels: Int.bitWidth, threads: threads)
      .fill(&nearness, weight: present)
    self.values = values
  }

  /// The planes of light, and at last the share.
  func planes(width: Int) -> [Plane<Float>] {
    let count = width * height
    return (0..<values.count / count).map { plane in
      Plane(width: width, height: height, exactly: Array(values[plane * count..<(plane + 1) * count]))
    }
  }
}

/// Layers put together from near to far.
struct LayerStack {
  private let width: Int
  private let height: Int
  /// Plane by plane.
  private var light: [Float]
  /// What of each pixel is still to be covered.
  private var open: [Float]

  init(planes: Int, width: Int, height: Int) {
    (self.width, self.height) = (width, height)
    light = [Float](repeating: 0, count: planes * width * height)
    open = [Float](repeating: 1, count: width * height)
  }

  /// Puts a layer behind those before: its light, and at last its share, both blurred.
  mutating func add(_ layer: [Plane<Float>], firstRow: Int) {
    let (cover, count) = (layer[layer.count - 1].values, width * height)
    light.withUnsafeMutableBufferPointer { light in
      open.withUnsafeMutableBufferPointer { open in
        var shares = [Float](repeating: 0, count: cover.count)
        for (from, covers) in cover.enumerated() {
          let to = firstRow * width + from
          guard covers > 0, open[to] > 0 else { continue }
          let taken = min(covers, open[to])
          shares[from] = taken / covers
          open[to] -= taken
        }
        for (plane, added) in layer.dropLast().enumerated() {
          let base = plane * count + firstRow * width
          added.values.withUnsafeBufferPointer { added in
            for from in shares.indices where shares[from] > 0 { light[base + from] += shares[from] * added[from] }
          }
        }
      }
    }
  }

  /// The picture: what is not covered counts as what is; pixels that nothing covers are those of `planes`.
  func normalized(_ planes: [Plane<Float>]) -> [Plane<Float>] {
    let count = width * height
    return planes.enumerated().map { index, plane in
      var result = Plane(width: width, height: height, exactly: Array(light[index * count..<(index + 1) * count]))
      for pixel in open.indices where open[pixel] > 0 {
        let covered = 1 - open[pixel]
        result.values[pixel] = covered > 0x1p-10 ? result.values[pixel] / covered : plane.values[pixel]
      }
      return result
    }
  }
}
