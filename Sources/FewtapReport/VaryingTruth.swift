import FewtapBaselines
import FewtapCore
import FewtapEngine
import FewtapMetrics
import Foundation

/// An image filtered with the true kernel at every pixel, which contenders' results are held against.
struct VaryingTruth: Sendable {
  /// Columns and rows of the tiles of which the worst one counts.
  static let tileSide = 64
  /// A jump of the map from pixel to pixel, as a share of the range, from which on it is an edge.
  static let edgeJump = 0.1
  /// Where fewer than one pixel of so many is at an edge, there are none: a direction around a center is none.
  static let edgeShare = 500

  /// The map, its values those that the truth has kernels for.
  let map: ParameterMap
  let truth: Image
  private let scene: Image
  private let name: String
  private let shownTruth: DisplayPicture?
  private let window: CropWindow
  /// For every pixel whether it lies within 2 and within 8 px of an edge; nil without edges.
  private let edges: (near: [Bool], around: [Bool])?

  /// Throws: what making the truth throws.
  init(_ scene: ComparisonRun.Scene, map: ParameterMap, _ dense: QuantizedDense, _ options: ApplyOptions) throws {
    (self.scene, name) = (scene.image, scene.subject.name)
    self.map = dense.lattice.snapped(map)
    let (snapped, run) = (self.map, try dense.prepared(width: scene.image.width))
    truth = try scene.image.filtered { plane in try run(plane, snapped, options) }
    shownTruth = try? DisplayPicture(truth, threads: options.threads)
    window = CropWindow(of: truth)
    edges = Self.edges(of: snapped, dense.lattice.axes)
  }

  /// How near `filter` comes, and what is seen of its result.
  func measure(
    _ filter: any VaryingFilter, _ options: ApplyOptions
  ) throws -> (figures: VaryingComparison.Figures, view: VaryingComparison.View) {
    let run = try filter.prepared(width: scene.width)
    let result = try scene.filtered { plane in try run(plane, map, options) }
    let squares = Self.squares(result, truth)
    let likeness = shownTruth?.likeness(of: result, threads: options.threads)
    let figures = VaryingComparison.Figures(
      psnr: Self.decibels(squares.values), nearEdges: edges.map { Self.decibels(squares.values, $0.near) },
      aroundEdges: edges.map { Self.decibels(squares.values, $0.around) }, worstTile: Self.worstTile(squares),
      ssim: likeness?.ssim, flip: likeness?.flip)
    return (figures, view(of: result))
  }

  /// What is seen of an image, the truth itself for one.
  func view(of result: Image) -> VaryingComparison.View {
    VaryingComparison.View(
      name: name, part: result.cropped(to: window), errors: result.codesBeyond(truth).largest(in: Self.errorSide))
  }

  /// Longest side of the picture of all errors.
  private static let errorSide = 256

  // MARK: Figures

  /// Mean squared difference of the channels, pixel by pixel.
  private static func squares(_ result: Image, _ truth: Image) -> Plane<Double> {
    var squares = Plane<Double>(width: truth.width, height: truth.height)
    let share = 1 / Double(truth.planes.count)
    for (ours, theirs) in zip(result.planes, truth.planes) {
      for i in squares.values.indices {
        let difference = Double(ours.values[i]) - Double(theirs.values[i])
        squares.values[i] += share * difference * difference
      }
    }
    return squares
  }

  private static func decibels(_ squares: [Double], _ isCounted: [Bool]? = nil) -> Double {
    var (sum, count) = (0.0, 0)
    for (index, square) in squares.enumerated() where isCounted?[index] ?? true {
      sum += square
      count += 1
    }
    return sum > 0 ? -10 * log10(sum / Double(count)) : 300
  }

  private static func worstTile(_ squares: Plane<Double>) -> Double {
    var worst = Double.infinity
    for top in stride(from: 0, to: squares.height, by: tileSide) {
      for left in stride(from: 0, to: squares.width, by: tileSide) {
        var tile: [Double] = []
        for y in top..<min(top + tileSide, squares.height) {
          for x in left..<min(left + tileSide, squares.width) { tile.append(squares[x, y]) }
        }
        worst = min(worst, decibels(tile))
      }
    }
    return worst
  }

  // MARK: Edges

  private static func edges(of map: ParameterMap, _ axes: [ParameterAxis]) -> (near: [Bool], around: [Bool])? {
    let (width, height) = (map.width, map.height)
    var isEdge = [Bool](repeating: false, count: width * height)
    for (index, axis) in axes.enumerated() {
      let (plane, span) = (map.plane(axis: index), axis.range.upperBound - axis.range.lowerBound)
      func isJump(_ a: Float, _ b: Float) -> Bool {
        let way = abs(Double(a) - Double(b)) / span
        return (axis.isPeriodic ? min(way, 1 - way) : way) > edgeJump
      }
      for y in 0..<height {
        for x in 0..<width {
          let here = y * width + x
          for (there, isThere) in [(here + 1, x + 1 < width), (here + width, y + 1 < height)] where isThere {
            if isJump(plane.values[here], plane.values[there]) { (isEdge[here], isEdge[there]) = (true, true) }
          }
        }
      }
    }
    guard isEdge.count(where: { $0 }) * edgeShare > isEdge.count else { return nil }
    return (grown(isEdge, width, height, by: 2), grown(isEdge, width, height, by: 8))
  }

  /// The pixels within `reach` of a marked one along both axes.
  private static func grown(_ marks: [Bool], _ width: Int, _ height: Int, by reach: Int) -> [Bool] {
    func spread(_ marks: [Bool], count: Int, step: Int, lines: Int, lineStep: Int) -> [Bool] {
      var result = marks
      for line in 0..<lines {
        var last = -reach - 1
        for place in 0..<count {
          if marks[line * lineStep + place * step] { last = place }
          if place - last <= reach { result[line * lineStep + place * step] = true }
        }
        var next = count + reach
        for place in (0..<count).reversed() {
          if marks[line * lineStep + place * step] { next = place }
          if next - place <= reach { result[line * lineStep + place * step] = true }
        }
      }
      return result
    }
    let across = spread(marks, count: width, step: 1, lines: height, lineStep: width)
    return spread(across, count: height, step: width, lines: width, lineStep: 1)
  }
}

extension ParameterLattice {
  /// The map with each pixel's parameters replaced by those of the nearest point.
  package func snapped(_ map: ParameterMap) -> ParameterMap {
    let indices = nearest(map)
    let points = (0..<count).map { point($0).map { Float($0) } }
    return ParameterMap(
      sameSizePlanes: axes.indices.map { axis in
        Plane(width: map.width, height: map.height, exactly: indices.map { points[Int($0)][axis] })
      })
  }
}

extension Plane<Double> {
  /// The plane with sides of at most `side`: of each block the number farthest from 0.
  fileprivate func largest(in side: Int) -> Plane<Double> {
    let block = Swift.max(1, (Swift.max(width, height) + side - 1) / side)
    var result = Plane<Double>(width: (width + block - 1) / block, height: (height + block - 1) / block)
    for y in 0..<height {
      for x in 0..<width where abs(self[x, y]) > abs(result[x / block, y / block]) {
        result[x / block, y / block] = self[x, y]
      }
    }
    return result
  }
}
