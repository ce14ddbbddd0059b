/// Planes of one size and how much each pixel counts: holes, which count nothing, are filled from the pixels around them, by averages
/// over blocks of 2, 4, 8... pixels, the smallest block that has a value counting.
///
/// Equation: level 0 is the picture, each level's pixel the weighted mean of four of the level before; then from the coarsest level
///           down, pixels without weight become the bilinear interpolation of the level above.
/// Cost:     about 3 multiply-adds a pixel and plane; a third of the planes again in memory.
/// Source:   M. Kraus, M. Strengert, Depth-of-field rendering by pyramidal image processing, Computer Graphics Forum 26(3), 2007,
///           doi:10.1111/j.1467-8659.2007.01088.x ("disocclusion").
struct WeighedPlanes: Sendable {
  let width: Int
  let height: Int
  let planes: Int
  /// How much each pixel counts.
  var weight: [Float]
  /// Plane after plane; what has no weight is 0.
  var values: [Float]

  init(width: Int, height: Int, planes: Int) {
    (self.width, self.height, self.planes) = (width, height, planes)
    weight = [Float](repeating: 0, count: width * height)
    values = [Float](repeating: 0, count: planes * width * height)
  }

  /// Fills all holes; beyond the reach of all weights they become 0.
  mutating func fillHoles() {
    guard width > 1 || height > 1 else { return }
    var coarse = halved()
    coarse.fillHoles()
    fillHoles(from: coarse)
  }

  /// Fills all holes, of which `blocks` are the filled third level; the picture begins `column` and `row` pixels, multiples of 4, into
  /// theirs.
  ///
  /// What is filled nearer than 4 pixels to an edge depends on where the edge is.
  mutating func fillHoles(below blocks: WeighedPlanes, column: Int, row: Int) {
    var half = halved()
    var quarter = half.halved()
    quarter.fillHoles(from: blocks, column: column / 4, row: row / 4)
    half.fillHoles(from: quarter)
    fillHoles(from: half)
  }

  /// The next level.
  private func halved() -> WeighedPlanes {
    var coarse = WeighedPlanes(width: (width + 1) / 2, height: (height + 1) / 2, planes: planes)
    let (w, h) = (coarse.width, coarse.height)
    weight.withUnsafeBufferPointer { weight in
      values.withUnsafeBufferPointer { values in
        coarse.weight.withUnsafeMutableBufferPointer { sums in
          coarse.values.withUnsafeMutableBufferPointer { means in
            for y in 0..<h {
              let (first, last) = (2 * y * width, min(2 * y + 1, height - 1) * width)
              for x in 0..<w {
                // Pixels beyond the edge weigh nothing.
                let (left, right) = (2 &* x, min(2 &* x &+ 1, width &- 1))
                let hasRight = 2 &* x &+ 1 < width
                let a = weight[first &+ left]
                let b = hasRight ? weight[first &+ right] : 0
                let c = 2 &* y &+ 1 < height ? weight[last &+ left] : 0
                let d = hasRight && 2 &* y &+ 1 < height ? weight[last &+ right] : 0
                let sum = (a + b) + (c + d)
                guard sum > 0 else { continue }
                sums[y &* w &+ x] = sum
                let scale = 1 / sum
                for plane in 0..<planes {
                  let (upper, lower) = (plane &* width &* height &+ first, plane &* width &* height &+ last)
                  let total =
                    a * values[upper &+ left] + b * values[upper &+ right]
                    + (c * values[lower &+ left] + d * values[lower &+ right])
                  means[plane &* w &* h &+ y &* w &+ x] = total * scale
                }
              }
            }
          }
        }
      }
    }
    return coarse
  }

  /// Fills holes from the level above, which is filled; this one begins `column` and `row` pixels into what that is half of.
  private mutating func fillHoles(from coarse: WeighedPlanes, column: Int = 0, row: Int = 0) {
    let (width, height, planes, coarseWidth) = (width, height, planes, coarse.width)
    weight.withUnsafeBufferPointer { weight in
      values.withUnsafeMutableBufferPointer { values in
        coarse.values.withUnsafeBufferPointer { above in
          for y in 0..<height {
            // Centers lie at a quarter and three quarters of a coarse pixel.
            let y0 = (row + y) / 2
            let y1 = min(max((row + y) % 2 == 0 ? y0 - 1 : y0 + 1, 0), coarse.height - 1)
            for x in 0..<width where weight[y &* width &+ x] == 0 {
              let x0 = (column &+ x) / 2
              let x1 = min(max((column &+ x) & 1 == 0 ? x0 &- 1 : x0 &+ 1, 0), coarseWidth &- 1)
              for plane in 0..<planes {
                let base = plane &* coarseWidth &* coarse.height
                let (upper, lower) = (base &+ y0 &* coarseWidth, base &+ y1 &* coarseWidth)
                let near = 0.75 * above[upper &+ x0] + 0.25 * above[upper &+ x1]
                let far = 0.75 * above[lower &+ x0] + 0.25 * above[lower &+ x1]
                values[(plane &* height &+ y) &* width &+ x] = 0.75 * near + 0.25 * far
              }
            }
          }
        }
      }
    }
  }
}
