import FewtapCore

/// Some positions of a discrete Fourier transform, positions and frequencies alike counted from the middle:
/// `F(x) = sum_u f(u) exp(-2 pi i u x / period)` for whole u within `frequencies` and x within `positions` of 0.
///
/// Equation: `f(u)` and `f(-u)` together: `F(+-x) = C(x) -+ i S(x)`, C the sum of their sums by cosines and S that of their differences
///           by sines, so that a fourth of the products is left.
/// Cost:     of a row `4 frequencies positions` real products, no more than up to its last number that is not 0.
struct CenteredTransform {
  private let frequencies: Int
  private let positions: Int
  /// Cosines of `2 pi u x / period`, four x after one another, u = 0, 1, ... after each other, then the next four x; and sines.
  private let cosines: [SIMD4<Double>]
  private let sines: [SIMD4<Double>]

  init(frequencies: Int, positions: Int, period: Int) {
    (self.frequencies, self.positions) = (frequencies, positions)
    // u x modulo the period, so that far positions lose no digits.
    let roots = (0..<period).map { cosineAndSine(radians: 2 * .pi * Double($0) / Double(period)) }
    var (cosines, sines) = ([SIMD4<Double>](), [SIMD4<Double>]())
    for block in 0...positions / 4 {
      for u in 0...frequencies {
        let four = (0..<4).map { roots[u * (4 * block + $0) % period] }
        cosines.append(SIMD4(four.map(\.cosine)))
        sines.append(SIMD4(four.map(\.sine)))
      }
    }
    (self.cosines, self.sines) = (cosines, sines)
  }

  /// The transforms of rows of `2 frequencies + 1` complex numbers, which `row` writes over zeros; of the result a row is a position,
  /// and its numbers the rows'.
  func transformed(
    rows: Int,
    _ row: (_ index: Int, _ real: UnsafeMutableBufferPointer<Double>, _ imaginary: UnsafeMutableBufferPointer<Double>)
      ->
      Void
  ) -> (real: [Double], imaginary: [Double]) {
    let (width, side) = (2 * frequencies + 1, 2 * positions + 1)
    var real = [Double](repeating: 0, count: side * rows)
    var imaginary = real
    var (lineReal, lineImaginary) = ([Double](repeating: 0, count: width), [Double](repeating: 0, count: width))
    // Sums and differences of both sides: real and imaginary parts of the one, then of the other.
    var pairs = [SIMD4<Double>](repeating: .zero, count: frequencies + 1)
    for index in 0..<rows {
      lineReal.withUnsafeMutableBufferPointer { lineReal in
        lineImaginary.withUnsafeMutableBufferPointer { lineImaginary in
          lineReal.update(repeating: 0)
          lineImaginary.update(repeating: 0)
          row(index, lineReal, lineImaginary)
        }
      }
      let last = pair(lineReal, lineImaginary, into: &pairs)
      for block in 0...positions / 4 {
        let four = sums(of: pairs, upTo: last, block: block)
        for step in 0..<min(4, positions + 1 - 4 * block) {
          let x = 4 * block + step
          real[(positions + x) * rows + index] = four.evenReal[step] + four.oddImaginary[step]
          imaginary[(positions + x) * rows + index] = four.evenImaginary[step] - four.oddReal[step]
          real[(positions - x) * rows + index] = four.evenReal[step] - four.oddImaginary[step]
          imaginary[(positions - x) * rows + index] = four.evenImaginary[step] + four.oddReal[step]
        }
      }
    }
    return (real, imaginary)
  }

  /// Pairs the numbers of both sides; returns how far from the middle the last lie that are not 0.
  private func pair(_ real: [Double], _ imaginary: [Double], into pairs: inout [SIMD4<Double>]) -> Int {
    var last = 0
    pairs[0] = SIMD4(real[frequencies], imaginary[frequencies], 0, 0)
    for u in 1..<frequencies + 1 {
      let right = SIMD2(real[frequencies + u], imaginary[frequencies + u])
      let left = SIMD2(real[frequencies - u], imaginary[frequencies - u])
      pairs[u] = SIMD4(lowHalf: right + left, highHalf: right - left)
      if pairs[u] != .zero { last = u }
    }
    return last
  }

  /// The sums of pairs by cosines and by sines at four positions.
  private func sums(of pairs: [SIMD4<Double>], upTo last: Int, block: Int) -> (
    evenReal: SIMD4<Double>, evenImaginary: SIMD4<Double>, oddReal: SIMD4<Double>, oddImaginary: SIMD4<Double>
  ) {
    var (evenReal, evenImaginary) = (SIMD4<Double>.zero, SIMD4<Double>.zero)
    var (oddReal, oddImaginary) = (SIMD4<Double>.zero, SIMD4<Double>.zero)
    let start = block * (frequencies + 1)
    // Without bounds checks the loop keeps its sums in registers.
    cosines.withUnsafeBufferPointer { cosines in
      sines.withUnsafeBufferPointer { sines in
        pairs.withUnsafeBufferPointer { pairs in
          for u in 0...last {
            let (pair, cosine, sine) = (pairs[u], cosines[start + u], sines[start + u])
            evenReal += pair.x * cosine
            evenImaginary += pair.y * cosine
            oddReal += pair.z * sine
            oddImaginary += pair.w * sine
          }
        }
      }
    }
    return (evenReal, evenImaginary, oddReal, oddImaginary)
  }
}
