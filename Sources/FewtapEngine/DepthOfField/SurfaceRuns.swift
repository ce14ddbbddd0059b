#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif
import FewtapCore

/// How many layers one slanted surface shows in at a pixel: light comes to it from as far as the blur reaches, and so far away the
/// surface lies in other layers.
///
/// Equation: `n = 1 + 2 r s`, r the layer's radius of blur, px, and s the largest slope of surfaces within it, layers a pixel, measured
///           over 8 pixels without a jump of depth, so that the steps of a map of few bits hardly count.
struct SurfaceRuns: Sendable {
  /// Pixels from one measured slope to the next, and those that it is measured over.
  private static let (step, span) = (4, 8)
  /// A surface that shows in more is as good as edge on.
  static let longest = 16

  private let columns: Int
  private let rows: Int
  /// The largest slope among the blocks around each block, layers a pixel.
  private let slopes: [Float]
  /// The radius of blur, px.
  private let radius: Float

  /// The runs of layers, whose radii of blur are given, in a picture of `width` columns whose signed radii and coordinates among
  /// ``DepthLayers`` are given, border not included.
  static func all(of blurs: [Double], radii: [Float], depth: [Float], width: Int, threads: Int) -> [SurfaceRuns] {
    let columns = ceilingDivide(width, LayerBlocks.side)
    let reach = blurs.map { Int(($0 / Double(LayerBlocks.side)).rounded(.up)) }
    var slopes = [slopes(radii, depth, width: width, threads: threads)]
    for last in 0..<(reach.max() ?? 0) { slopes.append(slopes[last].largestAround(columns: columns)) }
    return zip(blurs, reach).map { blur, reach in
      SurfaceRuns(
        columns: columns, rows: slopes[reach].count / columns, slopes: slopes[reach], radius: Float(blur))
    }
  }

  /// The largest slope in each block.
  private static func slopes(_ radii: [Float], _ depth: [Float], width: Int, threads: Int) -> [Float] {
    let (height, side) = (radii.count / width, LayerBlocks.side)
    /// The change over a span from `place` on, in steps of `stride` pixels; 0 across a jump.
    @Sendable func change(from place: Int, stride: Int) -> Float {
      for pixel in Swift.stride(from: place, to: place + span * stride, by: stride)
      where abs(radii[pixel] - radii[pixel + stride]) > EdgePixels.leastJump { return 0 }
      return depth[place + span * stride] - depth[place]
    }
    return parallelMap(count: ceilingDivide(height, side), threads: threads) { row in
      var largest = [Float](repeating: 0, count: ceilingDivide(width, side))
      for y in stride(from: row * side, to: min((row + 1) * side, height), by: step) {
        for x in stride(from: 0, to: width, by: step) {
          let along = x + span < width ? change(from: y * width + x, stride: 1) : 0
          let down = y + span < height ? change(from: y * width + x, stride: width) : 0
          largest[x / side] = max(largest[x / side], hypot(along, down) / Float(span))
        }
      }
      return largest
    }.flatMap { $0 }
  }

  /// The length of the run at a pixel; beyond the picture that at the nearest.
  func length(x: Int, y: Int) -> Float {
    let (row, column) = (min(max(y, 0) / LayerBlocks.side, rows - 1), min(max(x, 0) / LayerBlocks.side, columns - 1))
    return min(1 + 2 * radius * slopes[row * columns + column], Float(Self.longest))
  }
}

extension [Float] {
  /// The largest of each value and those around it.
  fileprivate func largestAround(columns: Int) -> [Float] {
    let along = indices.map { index in
      let column = index % columns
      return Swift.max(
        self[index], column > 0 ? self[index - 1] : self[index],
        column < columns - 1 ? self[index + 1] : self[index])
    }
    return indices.map { index in
      Swift.max(
        along[index], index >= columns ? along[index - columns] : along[index],
        index < count - columns ? along[index + columns] : along[index])
    }
  }
}
