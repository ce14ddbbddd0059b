import FewtapCore

/// The pixels along jumps of depth taken apart: a pixel that shows two surfaces belongs to the nearer one, with the share that it
/// covers; the farther one is unknown there.
///
/// Equation: with F and B the mean colors of pixels nearby that are all near or all far, the share is
///           `((I - B) . (F - B)) / |F - B|^2`, at most 1/2 where the pixel's depth is the far one and at least 1/2 where it is the
///           near one; the near surface's light is then what `(1 - share) B` leaves of I.
/// Source:   the projection is that of alpha matting: Y.-Y. Chuang et al., A Bayesian approach to digital matting, CVPR 2001, with
///           no noise.
struct EdgePixels: Sendable {
  /// What a pixel becomes.
  struct Change: Sendable {
    let x: Int
    /// The coordinate of the surface that it is counted to.
    let depth: Float
    /// The share of the pixel that this covers.
    let share: Float
  }

  /// What pixels of a row become.
  struct Row: Sendable {
    var changes: [Change] = []
    /// Light times share: all planes of one pixel after the other's.
    var light: [Float] = []
  }

  private let planes: [Plane<Float>]
  /// Signed radii turned round, so that they rise toward the camera.
  private let nearness: [Float]
  /// The coordinates among layers.
  private let depth: [Float]
  private var width: Int { planes[0].width }
  private var height: Int { planes[0].height }

  /// A jump of depth: radii of blur differ by more, px.
  static let leastJump: Float = 1

  init(_ planes: [Plane<Float>], radii: [Float], depth: [Float]) {
    (self.planes, nearness, self.depth) = (planes, radii.map { -$0 }, depth)
  }

  /// Row by row what changes.
  func changes(threads: Int) -> [Row] {
    parallelMap(count: height, threads: threads) { y in
      nearness.withUnsafeBufferPointer { changes(row: y, $0) }
    }
  }

  private func changes(row y: Int, _ z: UnsafeBufferPointer<Float>) -> Row {
    var found = Row()
    // The mean colors of both surfaces.
    var means = [Float](repeating: 0, count: 2 * planes.count)
    let (top, middle, bottom) = (max(y - 1, 0) * width, y * width, min(y + 1, height - 1) * width)
    // The nearest and the farthest of three in a column.
    var (near, far) = ([Float](repeating: 0, count: width), [Float](repeating: 0, count: width))
    for x in 0..<width {
      near[x] = max(max(z[top + x], z[middle + x]), z[bottom + x])
      far[x] = min(min(z[top + x], z[middle + x]), z[bottom + x])
    }
    for x in 0..<width {
      let (left, right) = (max(x - 1, 0), min(x + 1, width - 1))
      let (nearest, farthest) = (max(max(near[left], near[x]), near[right]), min(min(far[left], far[x]), far[right]))
      guard nearest - farthest > Self.leastJump else { continue }
      let own = z[middle + x]
      let isNear = nearest - own <= own - farthest
      guard let share = split(x, y, isNear, limit: 0.5 * (nearest + farthest), z, &means) else { continue }
      var place = middle + x
      if !isNear {
        for row in [top, middle, bottom] {
          for column in left...right where z[row + column] > z[place] { place = row + column }
        }
      }
      found.changes.append(Change(x: x, depth: depth[place], share: share))
      for plane in planes.indices {
        let value = planes[plane].values[middle + x]
        // No brighter than the surface is nearby, so that a light behind an edge does not come to the front.
        let (front, back) = (means[plane], means[planes.count + plane])
        found.light.append(min(max(value - (1 - share) * back, 0), share * max(front, isNear ? value : 0)))
      }
    }
    return found
  }

  /// The near surface's share; nil where the pixel is all of one surface, as far as can be told. `means`: the near surface's color,
  /// then the far one's.
  private func split(
    _ x: Int, _ y: Int, _ isNear: Bool, limit: Float, _ z: UnsafeBufferPointer<Float>, _ means: inout [Float]
  ) -> Float? {
    // Which pixels are near, three rows and columns around, as bits.
    var (bits, inside): (SIMD8<UInt8>, SIMD8<UInt8>) = (.zero, .zero)
    for row in max(y - 3, 0)...min(y + 3, height - 1) {
      var (nearBits, insideBits): (UInt8, UInt8) = (0, 0)
      for column in max(x - 3, 0)...min(x + 3, width - 1) {
        let bit: UInt8 = 1 << UInt8(column &- x &+ 3)
        insideBits |= bit
        if z[row &* width &+ column] > limit { nearBits |= bit }
      }
      (bits[row - y + 3], inside[row - y + 3]) = (nearBits, insideBits)
    }
    // Pixels that have one of the other kind beside them may be mixed themselves: they count where there is no other.
    func mixed(_ row: Int) -> UInt8 {
      let own = bits[row]
      return (own ^ own << 1) & inside[row] << 1 | (own ^ own >> 1) & inside[row] >> 1
        | (own ^ bits[row - 1]) & inside[row - 1] | (own ^ bits[row + 1]) & inside[row + 1]
    }
    for index in means.indices { means[index] = 0 }
    var weights = SIMD2<Float>.zero
    let count = planes.count
    for row in max(y - 2, 0)...min(y + 2, height - 1) {
      let (nearBits, mixedBits) = (bits[row - y + 3], mixed(row - y + 3))
      for column in max(x - 2, 0)...min(x + 2, width - 1) where row != y || column != x {
        let bit: UInt8 = 1 << UInt8(column &- x &+ 3)
        let weight: Float = mixedBits & bit != 0 ? 0x1p-10 : 1
        let kind = nearBits & bit != 0 ? 0 : 1
        weights[kind] += weight
        for plane in 0..<count {
          means[kind &* count &+ plane] += weight * planes[plane].values[row &* width &+ column]
        }
      }
    }
    guard weights[0] > 0, weights[1] > 0 else { return nil }
    var (along, length): (Float, Float) = (0, 0)
    for plane in 0..<count {
      let (front, back) = (means[plane] / weights[0], means[count + plane] / weights[1])
      (means[plane], means[count + plane]) = (front, back)
      along += (planes[plane].values[y * width + x] - back) * (front - back)
      length += (front - back) * (front - back)
    }
    guard length > 0 else { return nil }
    // A color that no mixture of the two comes near is a surface of its own, or a light.
    let residual = planes.indices.reduce(Float(0)) { sum, plane in
      let mixed = means[count + plane] + along / length * (means[plane] - means[count + plane])
      let rest = planes[plane].values[y * width + x] - mixed
      return sum + rest * rest
    }
    guard residual <= length, along <= 2 * length, along >= -length else { return nil }
    let share = min(max(along / length, isNear ? 0.5 : 0), isNear ? 1 : 0.5)
    guard share.isFinite, share > 0, share < 1 else { return nil }
    return share
  }
}
