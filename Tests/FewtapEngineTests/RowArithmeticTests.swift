import CFewtapKernels
import FewtapCore
import FewtapEngine
import TestSupport
import Testing

/// What the kernels do to a row of light: the same bits as one number at a time, at every width and alignment.
@Suite("Arithmetic on rows of light") struct RowArithmeticTests {
  private static let special: [Float] = [
    0, -0.0, 1, -1, 0x1p-17, -0x1p-17, (0x1p-17 as Float).nextDown, (-0x1p-17 as Float).nextUp, 0x1p-149, .infinity,
    -.infinity, .nan, .greatestFiniteMagnitude,
  ]

  /// Random numbers with special ones among them.
  private static func numbers(_ count: Int, seed: Int) -> [Float] {
    var random = SeededGenerator(seed: UInt64(seed))
    return (0..<count).map { _ in
      random.index(4) == 0 ? special[random.index(special.count)] : Float(random.uniform(-2, 2))
    }
  }

  /// Runs `kernel` on rows of every width, and compares with `expected` for each pair of numbers.
  private static func check(
    _ kernel: (fewtap_kernels, UnsafeMutablePointer<Float>, UnsafePointer<Float>, Int32) -> fewtap_kernels_status,
    _ expected: (Float, Float) -> Float
  ) {
    for kernels in RowKernels.all {
      for width in 0...67 {
        let (a, b) = (numbers(width, seed: width), numbers(width, seed: 1000 + width))
        let (row, other) = (GuardedBytes(a, shift: width % 5), GuardedBytes(b, shift: width % 3))
        #expect(kernel(kernels.table, row.floats, other.floats, Int32(width)) == FEWTAP_KERNELS_OK)
        #expect(row.guardsStand && other.guardsStand)
        // NaNs are all alike.
        let found = row.array(of: Float.self).map { $0.isNaN ? Float.nan.bitPattern : $0.bitPattern }
        let wanted = zip(a, b).map(expected).map { $0.isNaN ? Float.nan.bitPattern : $0.bitPattern }
        #expect(firstDifference(found, wanted) == nil, "\(kernels.name), width \(width)")
        #expect(firstDifference(other.array(of: UInt32.self), b.map(\.bitPattern)) == nil)
      }
    }
  }

  @Test("scale") func scale() { Self.check({ $0.scale_row($1, 0.3, $3) }, { a, _ in a * 0.3 }) }

  @Test("multiply") func multiply() { Self.check({ $0.multiply_row($1, $2, $3) }, { $0 * $1 }) }

  @Test("divide by alpha, but where it is next to nothing") func divideByAlpha() {
    Self.check({ $0.divide_by_alpha($1, $2, 0x1p-17, $3) }, { $1.magnitude < 0x1p-17 ? 0 : $0 / $1 })
  }

  @Test("divide by a share of the weight, kept away from zero") func divideByShare() {
    Self.check({ $0.divide_by_share($1, $2, 0.5, 0x1p-8, $3) }, { $0 / ($1 * 0.5 > 0x1p-8 ? $1 * 0.5 : 0x1p-8) })
  }

  @Test("NaN and infinities to zero") func zeroNonfinite() {
    Self.check({ kernels, row, _, count in kernels.zero_nonfinite(row, count) }, { a, _ in a.isFinite ? a : 0 })
  }

  @Test("the first number that is not finite") func firstNonfinite() {
    for kernels in RowKernels.all {
      for width in 0...67 {
        for position in 0...width {
          for value in [Float.nan, -.nan, .infinity, -.infinity, .signalingNaN] {
            var numbers = [Float](repeating: .greatestFiniteMagnitude, count: width)
            if position < width { numbers[position] = value }
            if position + 1 < width { numbers[width - 1] = .nan }
            var found: Int32 = -1
            let row = GuardedBytes(numbers, shift: width % 5)
            #expect(kernels.table.first_nonfinite(row.floats, Int32(width), &found) == FEWTAP_KERNELS_OK)
            #expect(found == position, "\(kernels.name), width \(width)")
          }
        }
      }
    }
  }

  @Test("null pointers, negative counts and channels that do not fit are refused") func refusals() {
    var number: Float = 0
    var (clipped, index): (Int64, Int32) = (0, 0)
    for kernels in RowKernels.all.map(\.table) {
      withUnsafeMutablePointer(to: &number) { number in
        var rows: [UnsafeMutablePointer<Float>?] = [number, nil]
        var light: [UnsafePointer<Float>?] = [UnsafePointer(number), nil]
        func samples(_ type: fewtap_sample_type, _ channels: Int32) -> fewtap_samples {
          fewtap_samples(type: type, channels: channels, step: 1)
        }
        for (layout, count): (fewtap_samples, Int32) in [
          (samples(FEWTAP_SAMPLES_FLOAT, 0), 1), (samples(FEWTAP_SAMPLES_FLOAT, 5), 1),
          (samples(FEWTAP_SAMPLES_FLOAT, 1), -1), (samples(FEWTAP_SAMPLES_FLOAT, 2), 1),
          (samples(fewtap_sample_type(4), 1), 1),
        ] {
          #expect(kernels.load_samples(layout, number, nil, &rows, count) == FEWTAP_KERNELS_BAD_ARGUMENT)
          #expect(kernels.store_samples(layout, &light, nil, number, count, &clipped) == FEWTAP_KERNELS_BAD_ARGUMENT)
        }
        let floats = samples(FEWTAP_SAMPLES_FLOAT, 1)
        #expect(kernels.load_samples(floats, nil, nil, &rows, 1) == FEWTAP_KERNELS_BAD_ARGUMENT)
        #expect(kernels.load_samples(floats, number, nil, nil, 1) == FEWTAP_KERNELS_BAD_ARGUMENT)
        #expect(kernels.store_samples(floats, nil, nil, number, 1, &clipped) == FEWTAP_KERNELS_BAD_ARGUMENT)
        #expect(kernels.store_samples(floats, &light, nil, nil, 1, &clipped) == FEWTAP_KERNELS_BAD_ARGUMENT)
        #expect(kernels.store_samples(floats, &light, nil, number, 1, nil) == FEWTAP_KERNELS_BAD_ARGUMENT)
        // Codes need an encoding.
        #expect(
          kernels.store_samples(samples(FEWTAP_SAMPLES_UINT8, 1), &light, nil, number, 1, &clipped)
            == FEWTAP_KERNELS_BAD_ARGUMENT)
        for (row, count): (UnsafeMutablePointer<Float>?, Int32) in [(nil, 1), (number, -1)] {
          #expect(kernels.scale_row(row, 1, count) == FEWTAP_KERNELS_BAD_ARGUMENT)
          #expect(kernels.multiply_row(row, number, count) == FEWTAP_KERNELS_BAD_ARGUMENT)
          #expect(kernels.divide_by_alpha(row, number, 0, count) == FEWTAP_KERNELS_BAD_ARGUMENT)
          #expect(kernels.divide_by_share(row, number, 1, 0, count) == FEWTAP_KERNELS_BAD_ARGUMENT)
          #expect(kernels.zero_nonfinite(row, count) == FEWTAP_KERNELS_BAD_ARGUMENT)
          #expect(kernels.first_nonfinite(row, count, &index) == FEWTAP_KERNELS_BAD_ARGUMENT)
        }
        #expect(kernels.multiply_row(number, nil, 1) == FEWTAP_KERNELS_BAD_ARGUMENT)
        #expect(kernels.divide_by_alpha(number, nil, 0, 1) == FEWTAP_KERNELS_BAD_ARGUMENT)
        #expect(kernels.divide_by_share(number, nil, 1, 0, 1) == FEWTAP_KERNELS_BAD_ARGUMENT)
        #expect(kernels.first_nonfinite(number, 1, nil) == FEWTAP_KERNELS_BAD_ARGUMENT)
      }
    }
    #expect(clipped == 0)
  }
}
