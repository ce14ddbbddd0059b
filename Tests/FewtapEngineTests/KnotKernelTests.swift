import CFewtapKernels
import FewtapCore
import FewtapEngine
import TestSupport
import Testing

/// From a parameter to knots: what every set of kernels looks up and marks, on smooth rows and on noise.
@Suite("Kernels of knots") struct KnotKernelTests {
  /// Rows of values between 0 and `cells`: smooth, in steps, noise, and all the same.
  private static func rows(width: Int, cells: Int) -> [[Float]] {
    var random = SeededGenerator(seed: UInt64(width))
    let last = Float(cells)
    let smooth: [Float] = (0..<width).map { min(Float($0) * 0.4 + 0.1, last) }
    let steps: [Float] = (0..<width).map { Float(($0 / 3) % cells) + 0.25 }
    let noise: [Float] = (0..<width).map { _ in min(Float(random.uniform(0, Double(cells))), last) }
    return [smooth, steps, noise, [Float](repeating: last - 0.5, count: width), [Float](repeating: 0.75, count: width)]
  }

  @Test("look-up is that of each value by itself", arguments: [1, 5, 8, 16, 17, 2048]) func look(cells: Int) {
    // Starts that no neighbor shares, and slopes that are not 1.
    let pieces = (0..<cells).map { fewtap_knot_piece(start: Float($0 * $0 % 61), slope: Float($0 % 7) - 2.5) }
    for kernels in RowKernels.all {
      for width in 1...67 {
        for row in Self.rows(width: width, cells: cells) {
          let (input, output) = (GuardedBytes(row, shift: width % 5), GuardedBytes(row, shift: width % 3))
          var (below, above, nans) = (Int64(0), Int64(0), Int64(0))
          let status = pieces.withUnsafeBufferPointer {
            var table = fewtap_knot_table(
              pieces: $0.baseAddress, cells: Int32(cells), low: 0, high: Float(cells), scale: 1, periodic: 0)
            return kernels.table.look_up_knots(
              &table, input.floats, output.floats, Int32(width), &below, &above, &nans)
          }
          #expect(status == FEWTAP_KERNELS_OK && below == 0 && above == 0 && nans == 0)
          #expect(input.guardsStand && output.guardsStand)
          for (value, found) in zip(row, output.array(of: Float.self)) {
            let piece = pieces[min(Int(value), cells - 1)]
            // The place in the cell is exact; the product and the sum may each be rounded.
            let term = Double(value - Float(min(Int(value), cells - 1))) * Double(piece.slope)
            let wanted = Double(piece.start) + term
            let bound = 0x1p-24 * (abs(term) + abs(wanted)) + 0x1p-149
            #expect(abs(Double(found) - wanted) <= bound, "\(kernels.name), \(value) of \(cells) cells")
          }
        }
      }
    }
  }

  @Test("marked are the knots with a weight, and of three at most their middle one", arguments: [1, 2])
  func mark(words: Int) {
    for kernels in RowKernels.all {
      for width in [1, 7, 16, 31, 80] {
        for cells in [1, 2, 3, 31, 40, 64 * words - 1] {
          for row in Self.rows(width: width, cells: cells) {
            let (input, height) = (GuardedBytes(row + row.reversed(), shift: width % 5), 2)
            var marks = [UInt64](repeating: 0, count: words)
            let status = kernels.table.mark_knots(
              input.floats, width, Int32(width), Int32(height), &marks, Int32(words))
            #expect(status == FEWTAP_KERNELS_OK && input.guardsStand)
            let wanted = Set(row.flatMap { [Int($0.rounded(.down)), Int($0.rounded(.up))] })
            let found = Set((0..<64 * words).filter { marks[$0 / 64] >> UInt64($0 % 64) & 1 == 1 })
            #expect(found.isSuperset(of: wanted), "\(kernels.name)")
            let spare = found.subtracting(wanted)
            #expect(spare.isEmpty || (spare.count == 1 && found.max()! - found.min()! == 2), "\(kernels.name)")
          }
        }
      }
    }
  }
}
