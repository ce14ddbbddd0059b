import FewtapCore

/// What the observer of FLIP sees of some rows of a picture.
///
/// Shapes: one element a pixel, row-major.
struct FlipSight {
  /// Colors after the eye's blur.
  private var colors: [SIMD3<Double>] = []
  /// Strength of edges, and of points, 0...sqrt 2.
  private var features: [SIMD2<Double>] = []

  /// Section 4.3: how a difference of features is compressed.
  private static let compression = 0.5

  init(_ picture: DisplayPicture, rows: Range<Int>, _ colors: FlipColors, _ filters: FlipFilters) {
    let count = rows.count * picture.width
    self.colors.reserveCapacity(count)
    features.reserveCapacity(count)
    let band = FlipBand(picture, rows: rows, colors, filters)
    for row in 0..<rows.count {
      for first in stride(from: 0, to: picture.width, by: Lanes.scalarCount) {
        let lightness = band.sum(down: .lightness, row: row, first, filters.lightness)
        let redGreen = band.sum(down: .redGreen, row: row, first, filters.redGreen)
        let blueYellow =
          band.sum(down: .blueYellowNarrow, row: row, first, filters.blueYellow.narrow)
          + band.sum(down: .blueYellowWide, row: row, first, filters.blueYellow.wide)
        let edgeX = band.sum(down: .edge, row: row, first, filters.gaussian)
        let edgeY = band.sum(down: .gaussian, row: row, first, filters.edge)
        let pointX = band.sum(down: .point, row: row, first, filters.gaussian)
        let pointY = band.sum(down: .gaussian, row: row, first, filters.point)
        let edges = (edgeX * edgeX + edgeY * edgeY).squareRoot()
        let points = (pointX * pointX + pointY * pointY).squareRoot()
        for lane in 0..<min(Lanes.scalarCount, picture.width - first) {
          self.colors.append(colors.perceived(SIMD3(lightness[lane], redGreen[lane], blueYellow[lane])))
          features.append(SIMD2(edges[lane], points[lane]))
        }
      }
    }
  }

  /// FLIP's value at one pixel, 0...1.
  func difference(from other: FlipSight, at index: Int, _ space: FlipColors) -> Double {
    let d = features[index] - other.features[index]
    // Over sqrt 2, the largest length of a pair of directional responses.
    let feature = power(max(abs(d.x), abs(d.y)) * 0.5.squareRoot(), Self.compression)
    return power(space.difference(colors[index], other.colors[index]), 1 - feature)
  }
}

/// Neighbors in a row.
private typealias Lanes = SIMD8<Double>

/// Rows of a picture in opponent colors, filtered along the rows, with those above and below that the columns' filters reach.
private struct FlipBand {
  /// What the rows hold after a filter along them.
  enum Part: Int, CaseIterable {
    case lightness, redGreen, blueYellowNarrow, blueYellowWide, gaussian, edge, point
  }

  /// Numbers from a row to the next: whole lanes.
  private let stride: Int
  private let rowCount: Int
  /// `[part][row][x]`
  private var values: [Double]

  init(_ picture: DisplayPicture, rows: Range<Int>, _ colors: FlipColors, _ filters: FlipFilters) {
    let (width, reach) = (picture.width, filters.reach)
    stride = (width + Lanes.scalarCount - 1) / Lanes.scalarCount * Lanes.scalarCount
    rowCount = rows.count + 2 * reach
    values = [Double](repeating: 0, count: Part.allCases.count * rowCount * stride)
    // Lightness, red-green, blue-yellow and luminance of a row, its ends repeated.
    var lines = [[Double]](repeating: [Double](repeating: 0, count: stride + 2 * reach), count: 4)
    for row in 0..<rowCount {
      let y = min(max(rows.lowerBound + row - reach, 0), picture.height - 1)
      for x in 0..<width {
        let color = colors.opponent(picture.light(at: y * width + x))
        (lines[0][reach + x], lines[1][reach + x], lines[2][reach + x]) = (color.x, color.y, color.z)
        lines[3][reach + x] = FlipColors.luminance(color.x)
      }
      for line in lines.indices {
        for x in 0..<reach { lines[line][x] = lines[line][reach] }
        for x in reach + width..<lines[line].count { lines[line][x] = lines[line][reach + width - 1] }
      }
      filter(lines[0], filters.lightness, into: .lightness, row)
      filter(lines[1], filters.redGreen, into: .redGreen, row)
      filter(lines[2], filters.blueYellow.narrow, into: .blueYellowNarrow, row)
      filter(lines[2], filters.blueYellow.wide, into: .blueYellowWide, row)
      filter(lines[3], filters.gaussian, into: .gaussian, row)
      filter(lines[3], filters.edge, into: .edge, row)
      filter(lines[3], filters.point, into: .point, row)
    }
  }

  private mutating func filter(_ line: [Double], _ weights: [Double], into part: Part, _ row: Int) {
    let begin = (part.rawValue * rowCount + row) * stride
    let count = stride
    values.withUnsafeMutableBytes { output in
      line.withUnsafeBufferPointer { line in
        for x in Swift.stride(from: 0, to: count, by: Lanes.scalarCount) {
          let sum = weightedSum(line, from: x, step: 1, weights)
          output.storeBytes(of: sum, toByteOffset: (begin + x) * MemoryLayout<Double>.stride, as: Lanes.self)
        }
      }
    }
  }

  /// The weighted sum over the columns around a row of the picture, for as many pixels from `x` on as a vector has lanes.
  func sum(down part: Part, row: Int, _ x: Int, _ weights: [Double]) -> Lanes {
    let begin = (part.rawValue * rowCount + row) * stride + x
    return values.withUnsafeBufferPointer { weightedSum($0, from: begin, step: stride, weights) }
  }
}

/// The sum of `weights[k]` times the lanes at `from + k step`.
private func weightedSum(
  _ values: UnsafeBufferPointer<Double>, from: Int, step: Int, _ weights: [Double]
) -> Lanes {
  precondition(from >= 0 && from + (weights.count - 1) * step + Lanes.scalarCount <= values.count)
  let bytes = UnsafeRawPointer(values.baseAddress! + from)
  var sum = Lanes.zero
  for k in weights.indices {
    sum += weights[k] * bytes.loadUnaligned(fromByteOffset: k * step * MemoryLayout<Double>.stride, as: Lanes.self)
  }
  return sum
}

extension DisplayPicture {
  /// Linear red, green and blue of a pixel.
  fileprivate func light(at index: Int) -> SIMD3<Double> {
    func light(_ channel: Int) -> Double { TransferFunction.srgb.decode(Double(planes[channel].values[index])) }
    guard planes.count == 3 else { return SIMD3(repeating: light(0)) }
    return SIMD3(light(0), light(1), light(2))
  }
}
