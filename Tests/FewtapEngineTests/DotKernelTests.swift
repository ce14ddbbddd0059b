import CFewtapKernels
import FewtapCore
import FewtapEngine
import TestSupport
import Testing

/// Products of rows at many offsets, in every instruction set of this machine, against sums in Double.
@Suite("Products of a layer's offsets") struct DotKernelTests {
  static let reach = 4

  @Test("every width, count of rows, run length and alignment; nothing beyond is read") func sums() {
    for width in 1...100 {
      for rows in [1 + width % 8, 8, 16 + width % 3] {
        var random = SeededGenerator(seed: UInt64(100 * width + rows))
        let counts = (0..<4).map { width % 9 == 0 ? (width / 9 % 4 == $0 ? 3 : 0) : (width * (7 + 2 * $0) / 3) % 4 }
        // One NaN beyond the columns of each row: a product with it would show.
        let stride = width + Self.reach + 1
        let readRows = rows + Self.reach + Int(FEWTAP_RUN_TAPS) - 1
        let input = (0..<(readRows - 1) * stride + width + Self.reach).map {
          $0 % stride == stride - 1 ? Float.nan : Float(random.uniform(-1, 1))
        }
        let cotangentStride = width + 1
        let cotangent = (0..<rows * cotangentStride - 1).map {
          $0 % cotangentStride == width ? Float.nan : Float(random.uniform(-1, 1))
        }
        var (runs, expected, magnitude): ([fewtap_run], [Double], [Double]) = ([], [], [])
        // The layer's own result, and the sum of its terms' magnitudes.
        var (filtered, terms) = (
          Plane<Double>(width: width, height: rows), Plane<Double>(width: width, height: rows)
        )
        for (index, count) in counts.enumerated() {
          for _ in 0..<count {
            let (x, y) = (random.index(Self.reach + 1), random.index(Self.reach + 1))
            let weights = (0..<4).map { $0 <= index ? Float(random.uniform(-1, 1)) : .nan }
            runs.append(
              fewtap_run(offset: y * stride + x, weights: (weights[0], weights[1], weights[2], weights[3])))
            for j in 0...index {
              for place in 0..<rows * width {
                let term =
                  Double(weights[j]) * Double(input[(place / width + y + j) * stride + place % width + x])
                filtered.values[place] += term
                terms.values[place] += abs(term)
              }
              let products = (0..<rows * width).map { place in
                let (column, row) = (place % width, place / width)
                return Double(cotangent[row * cotangentStride + column])
                  * Double(input[(row + y + j) * stride + column + x])
              }
              expected.append(products.reduce(0, +))
              magnitude.append(products.reduce(0) { $0 + abs($1) })
            }
          }
        }
        let growth = gamma(width * rows + 8, roundoff: floatRoundoff)
        let termGrowth = gamma(expected.count + 1, roundoff: floatRoundoff)
        for kernels in RowKernels.all {
          for filters in [false, true] {
            let place = "\(kernels.name), \(width)x\(rows), \(filters)"
            let given = GuardedBytes(input, shift: width % 7)
            let factors = GuardedBytes(cotangent, shift: width % 11)
            let partial = GuardedBytes([Float](repeating: .nan, count: 16 * max(1, expected.count)), shift: width % 5)
            let outStride = width + width % 3
            let output = GuardedBytes(
              [Float](repeating: .nan, count: (rows - 1) * outStride + width), shift: width % 13)
            // What is there already stays.
            var sums = [Double](repeating: 1, count: expected.count + 1)
            let status = runs.withUnsafeBufferPointer { runs in
              var layer = fewtap_layer(
                runs: runs.baseAddress,
                counts: (0, Int32(counts[0]), Int32(counts[1]), Int32(counts[2]), Int32(counts[3])))
              return kernels.table.dot_layer(
                &layer, given.floats, stride, factors.floats, cotangentStride, filters ? output.floats : nil,
                outStride, partial.floats, &sums, Int32(width), Int32(rows))
            }
            #expect(status == FEWTAP_KERNELS_OK)
            let wrong = expected.indices.first {
              !(abs(sums[$0] - 1 - expected[$0]) <= growth * magnitude[$0] + doubleRoundoff * 4 * (1 + magnitude[$0]))
            }
            #expect(wrong == nil, "\(place)")
            #expect(sums[expected.count] == 1 && partial.guardsStand && output.guardsStand, "\(place)")
            let found = output.array(of: Float.self)
            let untouched = found.indices.allSatisfy { found[$0].isNaN == (!filters || $0 % outStride >= width) }
            #expect(untouched, "\(place)")
            guard filters else { continue }
            let result = Plane<Float>(width: width, height: rows) { x, y in found[y * outStride + x] }
            #expect(violation(result, filtered, within: terms.map { termGrowth * $0 }) == nil, "\(place)")
          }
        }
      }
    }
  }

  @Test("what makes no sense is refused") func refusals() {
    var (numbers, sums) = ([Float](repeating: 0, count: 64), [Double](repeating: 0, count: 1))
    for kernels in RowKernels.all {
      let dots = kernels.table.dot_layer!
      var layer = fewtap_layer(runs: nil, counts: (0, 0, 0, 0, 0))
      numbers.withUnsafeMutableBufferPointer { numbers in
        let n = numbers.baseAddress!
        for (width, rows) in [(0, 1), (-1, 1), (1, 0), (1, -1)] as [(Int32, Int32)] {
          #expect(dots(&layer, n, 1, n, 1, nil, 0, n, &sums, width, rows) == FEWTAP_KERNELS_BAD_ARGUMENT)
        }
        #expect(dots(nil, n, 1, n, 1, nil, 0, n, &sums, 1, 1) == FEWTAP_KERNELS_BAD_ARGUMENT)
        #expect(dots(&layer, nil, 1, n, 1, nil, 0, n, &sums, 1, 1) == FEWTAP_KERNELS_BAD_ARGUMENT)
        #expect(dots(&layer, n, 1, nil, 1, nil, 0, n, &sums, 1, 1) == FEWTAP_KERNELS_BAD_ARGUMENT)
        #expect(dots(&layer, n, 1, n, 1, nil, 0, nil, &sums, 1, 1) == FEWTAP_KERNELS_BAD_ARGUMENT)
        #expect(dots(&layer, n, 1, n, 1, nil, 0, n, nil, 1, 1) == FEWTAP_KERNELS_BAD_ARGUMENT)
        layer.counts = (0, 0, 1, 0, 0)
        #expect(dots(&layer, n, 1, n, 1, nil, 0, n, &sums, 1, 1) == FEWTAP_KERNELS_BAD_ARGUMENT)
        layer.counts = (0, 0, -1, 0, 0)
        #expect(dots(&layer, n, 1, n, 1, nil, 0, n, &sums, 1, 1) == FEWTAP_KERNELS_BAD_ARGUMENT)
      }
    }
  }
}
