import FewtapCore

/// A layer before it is blurred, in a window: its light and the share of each pixel that it covers, with what nearer layers hide
/// filled from around.
struct LayerCut {
  let picture: DepthPicture
  let layer: Int
  let blocks: LayerBlocks
  let runs: SurfaceRuns
  /// Whether it is sharp enough to show lines.
  let hasLines: Bool

  /// Writes the light times the share, plane by plane, then the share, of `window`, whose sides fall on blocks; 0 beyond its columns.
  func write(_ window: Region, to planes: [UnsafeMutablePointer<Float>], stride: Int) {
    picture.light.withUnsafeBufferPointer { light in
      picture.cover.withUnsafeBufferPointer { cover in
        picture.depth.withUnsafeBufferPointer { depth in
          guard let light = light.baseAddress, let cover = cover.baseAddress, let depth = depth.baseAddress else {
            return
          }
          let (count, place) = (window.x.count, Float(layer))
          withUnsafeTemporaryAllocation(of: Float.self, capacity: count) { buffer in
            guard let weights = buffer.baseAddress else { return }
            for row in window.y {
              let from = row * picture.width + window.x.lowerBound
              let to = (row - window.y.lowerBound) * stride
              // Addresses first: sums that might overflow would keep the loops from running in vectors.
              let near = depth + from
              for x in 0..<count { weights[x] = max(1 - abs(near[x] - place), 0) }
              for (plane, target) in planes.enumerated() {
                let source =
                  plane < picture.planes ? light + (plane * picture.width * picture.height + from) : cover + from
                let target = target + to
                for x in 0..<count { target[x] = weights[x] * source[x] }
                for x in count..<stride { target[x] = 0 }
              }
            }
          }
        }
      }
    }
    // Rows of blocks two by two: what is filled needs some pixels around, above and below too.
    let side = LayerBlocks.side
    let (columns, rows) = (
      window.x.lowerBound / side..<window.x.upperBound / side, window.y.lowerBound / side..<window.y.upperBound / side
    )
    var lines: LineFilling?
    for row in Swift.stride(from: rows.lowerBound, to: rows.upperBound, by: 2) {
      let pair = row..<min(row + 2, rows.upperBound)
      func isHidden(_ column: Int) -> Bool { pair.contains { blocks.isHidden(column: column, row: $0) } }
      var column = columns.lowerBound
      while let first = (column..<columns.upperBound).first(where: isHidden) {
        column = (first..<columns.upperBound).first { !isHidden($0) } ?? columns.upperBound
        let part = Region(x: first * side..<column * side, y: pair.lowerBound * side..<pair.upperBound * side)
        fill(part, window, planes, stride: stride)
        let origin = window.y.lowerBound * stride + window.x.lowerBound
        if hasLines, blocks.hidesMuch(part) {
          let filling = lines ?? LineFilling(picture, layer: layer, blocks, window: window)
          lines = filling
          filling.fill(part, planes, origin: origin, stride: stride)
        }
        fade(part, planes, origin: origin, stride: stride)
      }
    }
  }

  /// Fills what is hidden in a part of a window that falls on blocks.
  private func fill(_ part: Region, _ window: Region, _ planes: [UnsafeMutablePointer<Float>], stride: Int) {
    // With these around it, what is filled does not depend on where the part ends.
    let ring = LayerBlocks.side / 2
    let around = Region(
      x: max(part.x.lowerBound - ring, 0)..<min(part.x.upperBound + ring, picture.width),
      y: max(part.y.lowerBound - ring, 0)..<min(part.y.upperBound + ring, picture.height))
    var values = WeighedPlanes(width: around.x.count, height: around.y.count, planes: planes.count)
    read(around, into: &values)
    values.fillHoles(below: blocks.filled, column: around.x.lowerBound, row: around.y.lowerBound)
    let count = values.width * values.height
    values.weight.withUnsafeBufferPointer { weight in
      values.values.withUnsafeBufferPointer { values in
        for y in part.y {
          let from = (y - around.y.lowerBound) * around.x.count - around.x.lowerBound
          let to = (y - window.y.lowerBound) * stride - window.x.lowerBound
          for x in part.x
          where weight[from &+ x] == 0 && blocks.isHidden(column: x / LayerBlocks.side, row: y / LayerBlocks.side) {
            for (plane, target) in planes.enumerated() { target[to &+ x] = values[plane &* count &+ from &+ x] }
          }
        }
      }
    }
  }

  /// Takes away what is filled behind surfaces that may show in this layer themselves, somewhere in the reach of its blur: nothing
  /// tells both apart in one layer, and what is hidden would shine through.
  private func fade(_ part: Region, _ planes: [UnsafeMutablePointer<Float>], origin: Int, stride: Int) {
    for y in part.y {
      for x in part.x {
        let away = picture.depth[y &* picture.width &+ x] - Float(layer)
        guard away >= 1 else { continue }
        let share = away - runs.length(x: x - picture.margin, y: y - picture.margin)
        guard share < 1 else { continue }
        for target in planes { target[y * stride + x - origin] *= max(share, 0) }
      }
    }
  }

  /// The layer in a region, nothing where it is hidden.
  private func read(_ region: Region, into result: inout WeighedPlanes) {
    let (width, count, full) = (region.x.count, result.width * result.height, picture.width * picture.height)
    let (place, colors) = (Float(layer), picture.planes)
    picture.light.withUnsafeBufferPointer { light in
      picture.cover.withUnsafeBufferPointer { cover in
        picture.depth.withUnsafeBufferPointer { depth in
          picture.trust.withUnsafeBufferPointer { trust in
            result.weight.withUnsafeMutableBufferPointer { known in
              result.values.withUnsafeMutableBufferPointer { values in
                for y in region.y {
                  let (from, to) = (y * picture.width + region.x.lowerBound, (y - region.y.lowerBound) * width)
                  for x in 0..<width {
                    let away = depth[from &+ x] - place
                    guard away < 1 else { continue }
                    known[to &+ x] = trust[from &+ x]
                    let weight = 1 - abs(away)
                    guard weight > 0 else { continue }
                    for plane in 0..<colors {
                      values[plane &* count &+ to &+ x] = weight * light[plane &* full &+ from &+ x]
                    }
                    values[colors &* count &+ to &+ x] = weight * cover[from &+ x]
                  }
                }
              }
            }
          }
        }
      }
    }
  }
}
