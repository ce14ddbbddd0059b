import CFewtapKernels
import FewtapCore
import FewtapEngine
import TestSupport
import Testing

/// Sums over rows and along them, in every instruction set of this machine, against sums in Double.
@Suite("Weighted rows, decimation and interpolation") struct RowSumTests {
  /// A sum in Double, and that of its magnitudes.
  private typealias Sum = (value: Double, magnitude: Double)

  private static func sum(_ terms: some Sequence<(Float, Float)>) -> Sum {
    terms.reduce((0, 0)) { sum, term in
      let product = Double(term.0) * Double(term.1)
      return (sum.0 + product, sum.1 + abs(product))
    }
  }

  /// The first number that is further from its sum of at most `count` products than their roundings allow.
  private static func violation(_ found: [Float], _ expected: [Sum], count: Int) -> String? {
    for (index, (found, sum)) in zip(found, expected).enumerated() {
      let bound = gamma(count + 1, roundoff: floatRoundoff) * sum.magnitude
      guard abs(Double(found) - sum.value) <= bound else {
        return "[\(index)] is \(found), not \(sum.value) within \(bound)"
      }
    }
    return found.count == expected.count ? nil : "\(found.count) numbers instead of \(expected.count)"
  }

  private static func numbers(_ count: Int, _ random: inout SeededGenerator) -> [Float] {
    (0..<count).map { _ in Float(random.uniform(-1, 1)) }
  }

  // MARK: Across rows

  @Test("every width and alignment; the way past the caches gives the same bits") func weightedRows() {
    let some = [1, 7, 16, 31, 65, 128, 300]
    for count in 1...13 {
      for width in (1...300).filter({ $0 % 13 + 1 == count || some.contains($0) }) {
        checkWeightedRows(count, width: width)
      }
    }
  }

  private func checkWeightedRows(_ count: Int, width: Int) {
    var random = SeededGenerator(seed: UInt64(1000 * count + width))
    let rows = (0..<count).map { _ in Self.numbers(width, &random) }
    let weights = Self.numbers(count, &random)
    let expected = (0..<width).map { x in Self.sum(zip(weights, rows.map { $0[x] })) }
    let inputs = rows.enumerated().map { GuardedBytes($1, shift: ($0 * 3 + width) % 17) }
    let pointers = inputs.map { Optional(UnsafePointer($0.floats)) }
    for kernels in RowKernels.all {
      let outputs = [Int32(0), 1].map { streaming in
        let output = GuardedBytes([Float](repeating: .nan, count: width), shift: (width / 2 + count) % 17)
        #expect(
          kernels.table.weighted_rows(
            pointers, weights, Int32(count), output.floats, Int32(width), streaming, streaming == 1 ? pointers[0] : nil)
            == FEWTAP_KERNELS_OK)
        let untouched = output.guardsStand && inputs.allSatisfy(\.guardsStand)
        #expect(untouched, "\(kernels.name), \(count) rows of \(width), streaming \(streaming)")
        return output.array(of: Float.self)
      }
      let found = Self.violation(outputs[0], expected, count: count)
      #expect(found == nil, "\(kernels.name), \(count) rows of \(width)")
      #expect(
        firstDifference(outputs[1].map(\.bitPattern), outputs[0].map(\.bitPattern)) == nil,
        "\(kernels.name), \(count) rows of \(width)")
    }
  }

  // MARK: Along a row

  static let factors = [2, 3, 5, 7, 11, 13]
  static let widths = [1, 2, 15, 63, 64, 65, 100, 130]

  private static func roundedUp(_ width: Int) -> Int { (width + 63) / 64 * 64 }

  @Test("decimation, and nothing beyond what a result needs reaches it", arguments: factors, 2...4)
  func decimation(factor: Int, boxes: Int) {
    let count = boxes * (factor - 1) + 1
    for width in Self.widths {
      var random = SeededGenerator(seed: UInt64(width))
      let weights = Self.numbers(count, &random)
      let needed = Self.numbers(factor * (width - 1) + count, &random)
      let room = factor * Self.roundedUp(width) + count
      let input = needed + [Float](repeating: .nan, count: room - needed.count)
      let expected = (0..<width).map { i in Self.sum(zip(weights, needed[(factor * i)...])) }
      for kernels in RowKernels.all {
        let output = GuardedBytes(count: 4 * Self.roundedUp(width), shift: width % 5, sampleSize: 4)
        let source = GuardedBytes(input, shift: width % 3)
        #expect(
          kernels.table.decimate(
            Int32(factor), weights, Int32(count), source.floats, output.floats, Int32(width)) == FEWTAP_KERNELS_OK)
        let found = Self.violation(Array(output.array(of: Float.self)[..<width]), expected, count: count)
        #expect(found == nil, "\(kernels.name), width \(width)")
        #expect(output.guardsStand && source.guardsStand, "\(kernels.name), width \(width)")
      }
    }
  }

  @Test("interpolation, and nothing beyond what a result needs reaches it", arguments: factors, 2...4)
  func interpolation(factor: Int, boxes: Int) {
    let count = boxes * (factor - 1) + 1
    let before = (count - 1) / factor
    for width in Self.widths {
      var random = SeededGenerator(seed: UInt64(width))
      let weights = Self.numbers(count, &random)
      let needed = Self.numbers(before + width, &random)
      let margin = [Float](repeating: .nan, count: count / factor - before)
      let input = margin + needed + [Float](repeating: .nan, count: Self.roundedUp(width) - width)
      let expected = (0..<width * factor).map { n in
        Self.sum(
          stride(from: n % factor, to: count, by: factor).map {
            (weights[$0], needed[before + n / factor - $0 / factor])
          }
        )
      }
      for kernels in RowKernels.all {
        let output = GuardedBytes(count: 4 * factor * Self.roundedUp(width), shift: width % 5, sampleSize: 4)
        let source = GuardedBytes(input, shift: width % 3)
        #expect(
          kernels.table.interpolate(
            Int32(factor), weights, Int32(count), source.floats + count / factor, output.floats, Int32(width))
            == FEWTAP_KERNELS_OK)
        let found = Self.violation(
          Array(output.array(of: Float.self)[..<(width * factor)]), expected, count: before + 1)
        #expect(found == nil, "\(kernels.name), width \(width)")
        #expect(output.guardsStand && source.guardsStand, "\(kernels.name), width \(width)")
      }
    }
  }

  @Test("what makes no sense is refused") func refusals() {
    var number: Float = 1
    for kernels in RowKernels.all.map(\.table) {
      withUnsafeMutablePointer(to: &number) { number in
        let rows: [UnsafePointer<Float>?] = [UnsafePointer(number)]
        let weights: [Float] = [1]
        #expect(kernels.weighted_rows(nil, weights, 1, number, 1, 0, nil) == FEWTAP_KERNELS_BAD_ARGUMENT)
        #expect(kernels.weighted_rows(rows, nil, 1, number, 1, 0, nil) == FEWTAP_KERNELS_BAD_ARGUMENT)
        #expect(kernels.weighted_rows(rows, weights, 1, nil, 1, 0, nil) == FEWTAP_KERNELS_BAD_ARGUMENT)
        for (count, width): (Int32, Int32) in [(0, 1), (-1, 1), (1, -1)] {
          #expect(kernels.weighted_rows(rows, weights, count, number, width, 0, nil) == FEWTAP_KERNELS_BAD_ARGUMENT)
        }
        #expect(kernels.weighted_rows(rows, weights, 1, number, 0, 1, nil) == FEWTAP_KERNELS_OK)
        for function in [kernels.decimate!, kernels.interpolate!] {
          #expect(function(2, nil, 1, number, number, 1) == FEWTAP_KERNELS_BAD_ARGUMENT)
          #expect(function(2, weights, 1, nil, number, 1) == FEWTAP_KERNELS_BAD_ARGUMENT)
          #expect(function(2, weights, 1, number, nil, 1) == FEWTAP_KERNELS_BAD_ARGUMENT)
          for (factor, count, width): (Int32, Int32, Int32) in [
            (1, 1, 1), (0, 1, 1), (-2, 1, 1), (2, 0, 1), (2, -1, 1), (2, 1, -1), (2, 1, .max),
          ] {
            #expect(function(factor, weights, count, number, number, width) == FEWTAP_KERNELS_BAD_ARGUMENT)
          }
        }
        #expect(kernels.prefetch(nil, 1) == FEWTAP_KERNELS_BAD_ARGUMENT)
        #expect(kernels.prefetch(number, 4) == FEWTAP_KERNELS_OK)
      }
    }
    #expect(number == 1)
  }
}
