import FewtapCore

/// A picture with the pixels along its jumps of depth taken apart: a pixel that shows two surfaces belongs to the nearer one, with
/// the share that it covers; the farther one is unknown there.
///
/// Equation: with F and B the mean colors of pixels nearby that are all near or all far, the share is
///           `((I - B) . (F - B)) / |F - B|^2`, at most 1/2 where the pixel's depth is the far one and at least 1/2 where it is the
///           near one; the near surface's light is then what `(1 - share) B` leaves of I.
/// Source:   the projection is that of alpha matting: Y.-Y. Chuang et al., A Bayesian approach to digital matting, CVPR 2001, with
///           no noise.
struct EdgePixels: Sendable {
  /// How near the surface is that the pixel is counted to.
  private(set) var nearness: [Float]
  /// The share of the pixel that it covers.
  private(set) var cover: [Float]
  /// Its light times its share, plane by plane.
  private(set) var light: [Float]
  /// Planes of light.
  let planes: Int

  /// A jump of depth: radii of blur differ by more, px.
  private static let leastJump: Float = 1

  /// The pixels of `planes`; `splits`: those at edges taken apart, else each one surface.
  init(_ planes: [Plane<Float>], nearness z: [Float], width: Int, height: Int, splits: Bool, threads: Int) {
    (nearness, cover) = (z, [Float](repeating: 1, count: z.count))
    (light, self.planes) = (planes.flatMap(\.values), planes.count)
    guard splits else { return }
    let colors = planes.map(\.values)
    // Row by row: which pixels change, and to what.
    let changes = parallelMap(count: height, threads: threads) { y -> [(Int, Float, Float, [Float])] in
      z.withUnsafeBufferPointer { z in
        var found: [(Int, Float, Float, [Float])] = []
        for x in 0..<width {
          let (left, right) = (max(x - 1, 0), min(x + 1, width - 1))
          let (top, bottom) = (max(y - 1, 0), min(y + 1, height - 1))
          let own = z[y * width + x]
          var (near, far) = (own, own)
          for row in top...bottom {
            for column in left...right {
              let value = z[row * width + column]
              (near, far) = (max(near, value), min(far, value))
            }
          }
          guard near - far > Self.leastJump else { continue }
          let isNear = near - own <= own - far
          guard
            let (share, color) = Self.split(
              x, y, isNear, limit: 0.5 * (near + far), near: near, z, colors, width, height)
          else { continue }
          found.append((y * width + x, isNear ? own : near, share, color))
        }
        return found
      }
    }
    for row in changes {
      for (index, near, share, color) in row {
        (nearness[index], cover[index]) = (near, share)
        for plane in color.indices { light[plane * z.count + index] = color[plane] }
      }
    }
  }

  /// The near surface's share and light; nil where the pixel is all of one surface, as far as can be told.
  private static func split(
    _ x: Int, _ y: Int, _ isNear: Bool, limit: Float, near: Float, _ z: UnsafeBufferPointer<Float>,
    _ colors: [[Float]], _ width: Int, _ height: Int
  ) -> (share: Float, light: [Float])? {
    var means = [[Float]](repeating: [Float](repeating: 0, count: colors.count), count: 2)
    var weights: [Float] = [0, 0]
    for row in max(y - 2, 0)...min(y + 2, height - 1) {
      for column in max(x - 2, 0)...min(x + 2, width - 1) where row != y || column != x {
        let index = row * width + column
        let isNear = z[index] > limit
        // Pixels that have one of the other kind beside them may be mixed themselves: they count where there is no other.
        var isMixed = false
        for beside in [(column - 1, row), (column + 1, row), (column, row - 1), (column, row + 1)]
        where (0..<width).contains(beside.0) && (0..<height).contains(beside.1) {
          if (z[beside.1 * width + beside.0] > limit) != isNear { isMixed = true }
        }
        let weight: Float = isMixed ? 0x1p-10 : 1
        let kind = isNear ? 0 : 1
        weights[kind] += weight
        for plane in colors.indices { means[kind][plane] += weight * colors[plane][index] }
      }
    }
    guard weights[0] > 0, weights[1] > 0 else { return nil }
    var (along, length): (Float, Float) = (0, 0)
    for plane in colors.indices {
      let (front, back) = (means[0][plane] / weights[0], means[1][plane] / weights[1])
      (means[0][plane], means[1][plane]) = (front, back)
      along += (colors[plane][y * width + x] - back) * (front - back)
      length += (front - back) * (front - back)
    }
    guard length > 0 else { return nil }
    // A color that no mixture of the two comes near is a surface of its own, or a light.
    let residual = colors.indices.reduce(Float(0)) { sum, plane in
      let mixed = means[1][plane] + along / length * (means[0][plane] - means[1][plane])
      let rest = colors[plane][y * width + x] - mixed
      return sum + rest * rest
    }
    guard residual <= length, along <= 2 * length, along >= -length else { return nil }
    let share = min(max(along / length, isNear ? 0.5 : 0), isNear ? 1 : 0.5)
    guard share.isFinite, share > 0, share < 1 else { return nil }
    let light = colors.indices.map { plane in
      let value = colors[plane][y * width + x]
      // No brighter than the surface is nearby, so that a light behind an edge does not come to the front.
      return min(max(value - (1 - share) * means[1][plane], 0), share * max(means[0][plane], isNear ? value : 0))
    }
    return (share, light)
  }

  /// Calls `body` with nearness, cover and light.
  func withPixels(
    _ body: (UnsafeBufferPointer<Float>, UnsafeBufferPointer<Float>, UnsafeBufferPointer<Float>) -> Void
  ) {
    nearness.withUnsafeBufferPointer { nearness in
      cover.withUnsafeBufferPointer { cover in light.withUnsafeBufferPointer { body(nearness, cover, $0) } }
    }
  }
}
