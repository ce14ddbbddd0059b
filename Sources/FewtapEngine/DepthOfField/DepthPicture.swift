import FewtapCore

/// A picture and its depth as layers take them: extended by the border rule as far as filters reach, pixels at edges taken apart.
struct DepthPicture: Sendable {
  /// Columns and rows, the border's among them: whole blocks.
  let width: Int
  let height: Int
  /// Columns and rows before the picture's first.
  let margin: Int
  /// Planes of light.
  let planes: Int
  /// Light times share, plane by plane.
  private(set) var light: [Float]
  /// The share of a pixel that its surface covers; 0 where there is no picture.
  private(set) var cover: [Float]
  /// The coordinate among ``DepthLayers``.
  private(set) var depth: [Float]
  /// How much a pixel counts in what fills holes.
  private(set) var trust: [Float]

  /// The picture of `image`, whose depth is `z`; `margin`, `alignment`: sizes are multiples of the last, and the first is one.
  init(
    _ image: [Plane<Float>], depth z: [Float], edges: [EdgePixels.Row], margin: Int, alignment: Int,
    border: BorderRule, threads: Int
  ) {
    let (w, h) = (image[0].width, image[0].height)
    (planes, self.margin) = (image.count, margin)
    width = ceilingDivide(w + 2 * margin, alignment) * alignment
    height = ceilingDivide(h + 2 * margin, alignment) * alignment
    let (width, height, count) = (width, height, width * height)
    light = [Float](repeating: 0, count: image.count * count)
    cover = [Float](repeating: 0, count: count)
    // Where there is no picture, nothing is all that there is: no hole.
    (depth, trust) = (cover, [Float](repeating: 1, count: count))
    let columns = (0..<width).map { border.source(of: $0 - margin, count: w) }
    light.withUnsafeMutableBufferPointer { light in
      cover.withUnsafeMutableBufferPointer { cover in
        depth.withUnsafeMutableBufferPointer { depth in
          trust.withUnsafeMutableBufferPointer { trust in
            // Each row writes pixels of its own.
            nonisolated(unsafe) let (light, cover, depth, trust) = (light, cover, depth, trust)
            parallelForEach(count: height, threads: threads) { row in
              guard let y = border.source(of: row - margin, count: h) else { return }
              let (to, inside) = (row * width, row * width + margin)
              z.withUnsafeBufferPointer { z in
                _ = UnsafeMutableBufferPointer(rebasing: depth[inside..<inside + w]).update(
                  fromContentsOf: UnsafeBufferPointer(rebasing: z[y * w..<(y + 1) * w]))
              }
              guard let cover0 = cover.baseAddress, let trust0 = trust.baseAddress else { return }
              let (covers, trusts) = (cover0 + inside, trust0 + inside)
              for x in 0..<w { covers[x] = 1 }
              for (plane, colors) in image.enumerated() {
                let start = plane * count + inside
                colors.values.withUnsafeBufferPointer { colors in
                  let target = UnsafeMutableBufferPointer(rebasing: light[start..<start + w])
                  _ = target.update(fromContentsOf: UnsafeBufferPointer(rebasing: colors[y * w..<(y + 1) * w]))
                  guard let values = target.baseAddress else { return }
                  // A light counts no more than white does: it is one, not the look of what is around it.
                  for x in 0..<w { trusts[x] = max(trusts[x], values[x]) }
                }
              }
              for x in 0..<w { trusts[x] = 1 / trusts[x] }
              for (number, change) in edges[y].changes.enumerated() {
                let index = inside + change.x
                // Pixels at edges count where there are no others.
                (cover[index], depth[index], trust[index]) = (change.share, change.depth, 0x1p-10)
                for plane in image.indices {
                  light[plane * count + index] = edges[y].light[number * image.count + plane]
                }
              }
              for x in 0..<width where x < margin || x >= margin + w {
                guard let source = columns[x] else { continue }
                let (index, from) = (to + x, to + margin + source)
                (cover[index], depth[index], trust[index]) = (cover[from], depth[from], trust[from])
                for plane in image.indices { light[plane * count + index] = light[plane * count + from] }
              }
            }
          }
        }
      }
    }
  }
}
