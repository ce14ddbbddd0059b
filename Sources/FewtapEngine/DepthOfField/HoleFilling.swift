import FewtapCore

/// Fills pixels that have no value from those around that do: averages over blocks of 2, 4, 8... pixels, the smallest block that
/// has a value counting.
///
/// Equation: level 0 is the picture, each level's pixel the weighted mean of four of the level before; then from the coarsest level
///           down, pixels without weight become the bilinear interpolation of the level above.
/// Cost:     about 3 multiply-adds a pixel and plane; a third of the planes again in memory.
/// Source:   M. Kraus, M. Strengert, Depth-of-field rendering by pyramidal image processing, Computer Graphics Forum 26(3), 2007,
///           doi:10.1111/j.1467-8659.2007.01088.x ("disocclusion").
struct HoleFilling: Sendable {
  let width: Int
  let height: Int
  /// Levels above the picture: a hole is filled from as far as `2^levels` pixels.
  let levels: Int
  let threads: Int

  /// A picture of some planes, one after the other, and the weight of its pixels.
  private struct Level {
    let width: Int
    let height: Int
    var weight: [Float]
    var values: [Float]

    var count: Int { width * height }
  }

  /// Replaces the values of pixels whose weight is 0, in all planes, which lie one after the other; beyond the reach of all
  /// weights they become 0.
  func fill(_ values: inout [Float], weight: [Float]) {
    let planes = values.count / max(1, width * height)
    var pyramid = [Level(width: width, height: height, weight: weight, values: values)]
    while pyramid.count <= levels, let fine = pyramid.last, fine.width > 1 || fine.height > 1 {
      pyramid.append(halved(fine, planes: planes))
    }
    // The picture itself is filled in place.
    pyramid[0].values = []
    for index in pyramid.indices.dropFirst(2).reversed() {
      interpolate(&pyramid[index - 1].values, pyramid[index - 1], from: pyramid[index], planes: planes)
    }
    if pyramid.count > 1 { interpolate(&values, pyramid[0], from: pyramid[1], planes: planes) }
  }

  private func halved(_ fine: Level, planes: Int) -> Level {
    let (w, h) = ((fine.width + 1) / 2, (fine.height + 1) / 2)
    var coarse = Level(
      width: w, height: h, weight: [Float](repeating: 0, count: w * h),
      values: [Float](repeating: 0, count: planes * w * h))
    fine.weight.withUnsafeBufferPointer { weight in
      fine.values.withUnsafeBufferPointer { values in
        coarse.weight.withUnsafeMutableBufferPointer { total in
          coarse.values.withUnsafeMutableBufferPointer { output in
            // Each row writes pixels of its own.
            nonisolated(unsafe) let (weight, values, total, output) = (weight, values, total, output)
            parallelForEach(count: h, threads: threads) { y in
              let (first, last) = (2 * y * fine.width, (2 * y + 1) * fine.width)
              for x in 0..<w {
                // Pixels beyond the edge weigh nothing.
                let (a, c) = (weight[first + 2 * x], 2 * y + 1 < fine.height ? weight[last + 2 * x] : 0)
                let hasNext = 2 * x + 1 < fine.width
                let b = hasNext ? weight[first + 2 * x + 1] : 0
                let d = hasNext && 2 * y + 1 < fine.height ? weight[last + 2 * x + 1] : 0
                let sum = (a + b) + (c + d)
                total[y * w + x] = sum
                guard sum > 0 else { continue }
                for plane in 0..<planes {
                  let base = plane * fine.count + 2 * x
                  var value: Float = 0
                  if a > 0 { value += a * values[base + first] }
                  if b > 0 { value += b * values[base + first + 1] }
                  if c > 0 { value += c * values[base + last] }
                  if d > 0 { value += d * values[base + last + 1] }
                  output[plane * w * h + y * w + x] = value / sum
                }
              }
            }
          }
        }
      }
    }
    return coarse
  }

  /// Fills the pixels of `values` that have no weight in `fine` from the level above.
  private func interpolate(_ values: inout [Float], _ fine: Level, from coarse: Level, planes: Int) {
    values.withUnsafeMutableBufferPointer { values in
      fine.weight.withUnsafeBufferPointer { weight in
        coarse.values.withUnsafeBufferPointer { coarseValues in
          nonisolated(unsafe) let (values, weight, coarseValues) = (values, weight, coarseValues)
          let (w, coarseWidth, coarseHeight, coarseCount) = (fine.width, coarse.width, coarse.height, coarse.count)
          parallelForEach(count: fine.height, threads: threads) { y in
            // Centers lie at a quarter and three quarters of a coarse pixel.
            let y0 = y / 2
            let y1 = min(max(y % 2 == 0 ? y0 - 1 : y0 + 1, 0), coarseHeight - 1)
            for x in 0..<w where weight[y * w + x] == 0 {
              let x0 = x / 2
              let x1 = min(max(x % 2 == 0 ? x0 - 1 : x0 + 1, 0), coarseWidth - 1)
              for plane in 0..<planes {
                let (above, below) = (plane * coarseCount + y0 * coarseWidth, plane * coarseCount + y1 * coarseWidth)
                let near = 0.75 * coarseValues[above + x0] + 0.25 * coarseValues[above + x1]
                let far = 0.75 * coarseValues[below + x0] + 0.25 * coarseValues[below + x1]
                values[plane * w * fine.height + y * w + x] = 0.75 * near + 0.25 * far
              }
            }
          }
        }
      }
    }
  }
}
