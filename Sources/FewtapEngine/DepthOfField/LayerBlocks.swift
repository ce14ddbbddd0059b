import FewtapCore

/// A layer in blocks of 8 x 8 pixels: where it is, and what stands in for it where nearer layers hide it.
struct LayerBlocks: Sendable {
  /// Pixels of a block along a side: three halvings.
  static let side = 8
  /// A layer that covers less of a block has nothing to carry on into it.
  private static let leastCover: Float = 0x1p-7

  /// Light times share and at last the share, holes filled.
  let filled: WeighedPlanes
  /// Blocks that have something of the layer, or of what nearer ones hide of it and could show.
  let isActive: [Bool]
  /// Those of them where something nearer is.
  private let isHidden: [Bool]

  /// Whether something nearer is in a block that shows.
  func isHidden(column: Int, row: Int) -> Bool { isHidden[row * filled.width + column] }

  /// Whether something nearer is in a block, and behind it enough of the layer that its lines may go on there.
  func hidesMuch(column: Int, row: Int) -> Bool {
    let blocks = filled.width * filled.height
    return isHidden(column: column, row: row)
      && filled.values[(filled.planes - 1) * blocks + row * filled.width + column] > Self.leastCover
  }

  /// The same of any block of a region.
  func hidesMuch(_ part: Region) -> Bool {
    (part.y.lowerBound / Self.side..<part.y.upperBound / Self.side).contains { row in
      (part.x.lowerBound / Self.side..<part.x.upperBound / Self.side).contains { hidesMuch(column: $0, row: row) }
    }
  }

  /// The blocks of all layers; nil for one that the picture has nothing of. `spread`: as far as a layer's light goes, px.
  static func all(_ picture: DepthPicture, spread: [Int], threads: Int) -> [LayerBlocks?] {
    let sums = BlockSums(picture, layers: spread.count, threads: threads)
    return parallelMap(count: spread.count, threads: threads) { layer -> LayerBlocks? in
      var filled = sums.planes(layer)
      let blocks = filled.width * filled.height
      let cover = (filled.planes - 1) * blocks
      let isPresent = (0..<blocks).map { filled.values[cover + $0] > 0 }
      guard isPresent.contains(true) else { return nil }
      filled.fillHoles()
      let away = isPresent.distances(columns: filled.width)
      let isHidden = sums.nearest.map { $0 > layer }
      // What is hidden shows as far behind an edge as what hides it is spread, and there comes from as far as its own light goes.
      // Spreads fall toward the focus and rise again: of the layers that hide the first or the last has the largest.
      let isActive = (0..<blocks).map { block in
        guard isHidden[block], !isPresent[block] else { return isPresent[block] }
        let hiding = max(spread[layer + 1], spread[sums.nearest[block]])
        return filled.values[cover + block] > 0 && (away[block] - 1) * side < spread[layer] + hiding
      }
      return LayerBlocks(
        filled: filled, isActive: isActive, isHidden: zip(isHidden, isActive).map { $0 && $1 })
    }
  }
}

/// Sums over blocks of what each layer has there.
private struct BlockSums: Sendable {
  private let columns: Int
  private let rows: Int
  private let planes: Int
  /// Layer by layer, plane by plane, block by block: light times share, share, and how much pixels count.
  private var sums: [Float]
  /// The nearest layer that has all of a pixel in a block, or lies before what is farther.
  private(set) var nearest: [Int]

  init(_ picture: DepthPicture, layers: Int, threads: Int) {
    let side = LayerBlocks.side
    let (columns, rows, planes) = (picture.width / side, picture.height / side, picture.planes)
    (self.columns, self.rows, self.planes) = (columns, rows, planes)
    let blocks = columns * rows
    sums = [Float](repeating: 0, count: layers * (planes + 2) * blocks)
    nearest = [Int](repeating: 0, count: blocks)
    let (width, count) = (picture.width, picture.width * picture.height)
    sums.withUnsafeMutableBufferPointer { sums in
      nearest.withUnsafeMutableBufferPointer { nearest in
        picture.light.withUnsafeBufferPointer { light in
          picture.cover.withUnsafeBufferPointer { cover in
            picture.depth.withUnsafeBufferPointer { depth in
              picture.trust.withUnsafeBufferPointer { trust in
                // Each row of blocks writes its own.
                nonisolated(unsafe) let (sums, nearest) = (sums, nearest)
                nonisolated(unsafe) let (light, cover, depth, trust) = (light, cover, depth, trust)
                parallelForEach(count: rows, threads: threads) { row in
                  let length = planes + 2
                  withUnsafeTemporaryAllocation(of: Float.self, capacity: layers * length) { own in
                    for column in 0..<columns {
                      let block = row * columns + column
                      var (least, most) = (layers, -1)
                      own.initialize(repeating: 0)
                      for y in row * side..<(row + 1) * side {
                        for index in y &* width &+ column &* side..<y &* width &+ (column &+ 1) &* side {
                          let layer = min(Int(depth[index]), layers &- 1)
                          let (share, trusted) = (depth[index] - Float(layer), trust[index])
                          (least, most) = (min(least, layer), max(most, layer))
                          let base = layer &* length
                          // Nearer layers get it below.
                          own[base &+ planes &+ 1] += trusted
                          let (far, near) = (trusted * (1 - share), trusted * share)
                          for plane in 0..<planes { own[base &+ plane] += far * light[plane &* count &+ index] }
                          own[base &+ planes] += far * cover[index]
                          guard near > 0 else { continue }
                          for plane in 0..<planes {
                            own[base &+ length &+ plane] += near * light[plane &* count &+ index]
                          }
                          own[base &+ length &+ planes] += near * cover[index]
                        }
                      }
                      nearest[block] = most
                      // What is not nearer than a layer counts in it.
                      var total: Float = 0
                      for layer in least..<layers {
                        total += own[layer * length + planes + 1]
                        let base = layer * length * blocks + block
                        sums[base + (planes + 1) * blocks] = total
                        guard layer <= most + 1 else { continue }
                        for plane in 0...planes { sums[base + plane * blocks] = own[layer * length + plane] }
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
  }

  private func place(_ layer: Int, _ plane: Int) -> Int { (layer * (planes + 2) + plane) * columns * rows }

  /// A layer's means.
  func planes(_ layer: Int) -> WeighedPlanes {
    var result = WeighedPlanes(width: columns, height: rows, planes: planes + 1)
    let blocks = columns * rows
    let weights = place(layer, planes + 1)
    for block in 0..<blocks where sums[weights + block] > 0 {
      result.weight[block] = sums[weights + block]
      for plane in 0...planes {
        result.values[plane * blocks + block] = sums[place(layer, plane) + block] / sums[weights + block]
      }
    }
    return result
  }
}

extension [Bool] {
  /// How many columns and rows away the nearest true one is, the larger of both; far beyond all where none is.
  fileprivate func distances(columns: Int) -> [Int] {
    let (rows, beyond) = (count / columns, count + 1)
    var away = map { $0 ? 0 : beyond }
    func step(_ place: Int, _ x: Int, _ y: Int, _ dx: Int, _ dy: Int) {
      guard (0..<columns).contains(x + dx), (0..<rows).contains(y + dy) else { return }
      away[place] = Swift.min(away[place], away[(y + dy) * columns + x + dx] + 1)
    }
    // Down and right, then up and left: exact for this distance.
    for y in 0..<rows {
      for x in 0..<columns where away[y * columns + x] > 0 {
        for (dx, dy) in [(-1, 0), (-1, -1), (0, -1), (1, -1)] { step(y * columns + x, x, y, dx, dy) }
      }
    }
    for y in (0..<rows).reversed() {
      for x in (0..<columns).reversed() where away[y * columns + x] > 0 {
        for (dx, dy) in [(1, 0), (1, 1), (0, 1), (-1, 1)] { step(y * columns + x, x, y, dx, dy) }
      }
    }
    return away
  }
}
