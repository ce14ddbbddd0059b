import FewtapCore

/// Tiles of a picture through the lens: the layers that come to a tile, from near to far, until nothing is left open.
struct DepthTiles: Sendable {
  let picture: DepthPicture
  let blocks: [LayerBlocks?]
  let filters: [LayerFilter]
  let runs: [SurfaceRuns]
  /// The map's planes, for filters that other parameters choose.
  let parameters: [Plane<Float>]
  let border: BorderRule
  /// What windows' places are multiples of.
  let alignment: Int
  /// Columns and rows of the picture without its border.
  let size: (width: Int, height: Int)

  /// Columns and rows of a tile.
  let tile: (columns: Int, rows: Int)
  /// Whether lines of sharp layers are carried on.
  let carriesLines: Bool

  /// Windows are as wide as a multiple of this, so that a few plans serve.
  private static let widthStep = 64

  /// The tiles, in pixels of the picture without its border.
  var regions: [Region] {
    stride(from: 0, to: size.height, by: tile.rows).flatMap { y in
      stride(from: 0, to: size.width, by: tile.columns).map { x in
        Region(x: x..<min(x + tile.columns, size.width), y: y..<min(y + tile.rows, size.height))
      }
    }
  }

  /// A tile's layers put together.
  func stack(_ region: Region) throws(ApplyError) -> LayerStack {
    var stack = LayerStack(planes: picture.planes, width: region.x.count, height: region.y.count)
    let margin = picture.margin
    // The tile among the pixels of the picture with its border.
    let place = Region(
      x: region.x.lowerBound + margin..<region.x.upperBound + margin,
      y: region.y.lowerBound + margin..<region.y.upperBound + margin)
    for layer in blocks.indices.reversed() {
      guard let own = blocks[layer], let lit = own.lit(place, reach: filters[layer].reach, width: picture.width),
        let part = stack.openPart(
          of: Region(
            x: lit.x.lowerBound - place.x.lowerBound..<lit.x.upperBound - place.x.lowerBound,
            y: lit.y.lowerBound - place.y.lowerBound..<lit.y.upperBound - place.y.lowerBound))
      else {
        stack.skip()
        continue
      }
      try add(layer, own, to: &stack, place: place, part: part)
    }
    return stack
  }

  /// Puts what a layer has in `part` of a tile behind the layers before.
  private func add(
    _ layer: Int, _ blocks: LayerBlocks, to stack: inout LayerStack, place: Region, part: Region
  ) throws(ApplyError) {
    let filter = filters[layer]
    let (x, y) = (place.x.lowerBound, place.y.lowerBound)
    func aligned(_ range: Range<Int>, _ origin: Int) -> Range<Int> {
      (range.lowerBound + origin - filter.reach) / alignment * alignment..<ceilingDivide(
        range.upperBound + origin + filter.reach, alignment) * alignment
    }
    let window = Region(x: aligned(part.x, x), y: aligned(part.y, y))
    let cut = LayerCut(
      picture: picture, layer: layer, blocks: blocks, runs: runs[layer],
      hasLines: carriesLines && filter.radius <= LineFilling.largestRadius)
    let width = ceilingDivide(window.x.count, Self.widthStep) * Self.widthStep
    let (count, planes) = (width * window.y.count, picture.planes + 1)
    // In columns of the plan's width; then the result.
    var failure: ApplyError?
    withUnsafeTemporaryAllocation(of: Float.self, capacity: 2 * planes * count) { memory in
      guard let base = memory.baseAddress else { return }
      let (input, output) = ((0..<planes).map { base + $0 * count }, (0..<planes).map { base + (planes + $0) * count })
      cut.write(window, to: input, stride: width)
      do throws(ApplyError) {
        let rows = part.y.lowerBound + y - window.y.lowerBound..<part.y.upperBound + y - window.y.lowerBound
        let result = try filter.apply(input, output, width: width, height: window.y.count, rows: rows) {
          parameters.map { extended($0, window, width: width) }
        }
        stack.add(
          result, origin: (y - window.y.lowerBound) * width + x - window.x.lowerBound, stride: width, region: part,
          runs: runs[layer], place: (x - picture.margin, y - picture.margin))
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
  }

  /// A plane of the map in a window.
  private func extended(_ plane: Plane<Float>, _ window: Region, width: Int) -> Plane<Float> {
    var result = Plane<Float>(width: width, height: window.y.count)
    let rule = border == .normalized ? .clamp : border
    for y in window.y {
      for x in window.x {
        guard let row = rule.source(of: y - picture.margin, count: plane.height),
          let column = rule.source(of: x - picture.margin, count: plane.width)
        else { continue }
        result[x - window.x.lowerBound, y - window.y.lowerBound] = plane[column, row]
      }
    }
    return result
  }
}

extension LayerBlocks {
  /// The part of `region` that light of the layer may come to, spread by `reach` pixels; nil if none does.
  fileprivate func lit(_ region: Region, reach: Int, width: Int) -> Region? {
    let side = Self.side
    let columns = filled.width
    let near = Region(
      x: max(region.x.lowerBound - reach, 0) / side..<min(ceilingDivide(region.x.upperBound + reach, side), columns),
      y: max(region.y.lowerBound - reach, 0)
        / side..<min(ceilingDivide(region.y.upperBound + reach, side), filled.height))
    var (left, right, top, bottom) = (columns, -1, filled.height, -1)
    for y in near.y {
      guard let first = near.x.first(where: { isActive[y * columns + $0] }) else { continue }
      let last = near.x.last { isActive[y * columns + $0] } ?? first
      (left, right, top, bottom) = (min(left, first), max(right, last), min(top, y), y)
    }
    guard bottom >= 0 else { return nil }
    let lit = Region(
      x: max(left * side - reach, region.x.lowerBound)..<min((right + 1) * side + reach, region.x.upperBound),
      y: max(top * side - reach, region.y.lowerBound)..<min((bottom + 1) * side + reach, region.y.upperBound))
    return lit
  }
}
