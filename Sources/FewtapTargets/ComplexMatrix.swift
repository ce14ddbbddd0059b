import FewtapCore

/// A complex matrix, row-major, real and imaginary parts apart.
struct ComplexMatrix {
  let rows: Int
  let columns: Int
  var real: [Double]
  var imaginary: [Double]

  /// Zeros.
  init(rows: Int, columns: Int) {
    (self.rows, self.columns) = (rows, columns)
    real = [Double](repeating: 0, count: rows * columns)
    imaginary = real
  }

  /// The discrete Fourier transform's factors `exp(-2 pi i u x / period)`: a row for every frequency u of an odd number
  /// around 0, a column for every position x within `positions` of `middle`.
  static func fourier(frequencies: Int, positions: Int, around middle: Int, period: Int) -> ComplexMatrix {
    var matrix = ComplexMatrix(rows: frequencies, columns: 2 * positions + 1)
    // u x modulo the period, so that far positions lose no digits.
    let roots = (0..<period).map { cosineAndSine(radians: -2 * .pi * Double($0) / Double(period)) }
    for row in 0..<matrix.rows {
      for column in 0..<matrix.columns {
        let turns = (row - frequencies / 2) * (column - positions + middle) % period
        let root = roots[turns < 0 ? turns + period : turns]
        matrix.real[row * matrix.columns + column] = root.cosine
        matrix.imaginary[row * matrix.columns + column] = root.sine
      }
    }
    return matrix
  }

  /// Rows and columns exchanged.
  func transposed() -> ComplexMatrix {
    var result = ComplexMatrix(rows: columns, columns: rows)
    for row in 0..<rows {
      for column in 0..<columns {
        result.real[column * rows + row] = real[row * columns + column]
        result.imaginary[column * rows + row] = imaginary[row * columns + column]
      }
    }
    return result
  }

  /// The matrix product. Entries of the left factor that are 0 cost nothing: a pupil's corners are dark.
  func times(_ other: ComplexMatrix) -> ComplexMatrix {
    precondition(columns == other.rows, "the left matrix needs as many columns as the right one has rows")
    var product = ComplexMatrix(rows: rows, columns: other.columns)
    let width = other.columns
    // Buffers of one row each, without bounds and overflow checks, let the inner loop use vectors.
    other.real.withUnsafeBufferPointer { otherReal in
      other.imaginary.withUnsafeBufferPointer { otherImaginary in
        product.real.withUnsafeMutableBufferPointer { productReal in
          product.imaginary.withUnsafeMutableBufferPointer { productImaginary in
            for row in 0..<rows {
              let sumReal = UnsafeMutableBufferPointer(rebasing: productReal[row * width..<(row + 1) * width])
              let sumImaginary = UnsafeMutableBufferPointer(rebasing: productImaginary[row * width..<(row + 1) * width])
              for inner in 0..<columns {
                let (a, b) = (real[row * columns + inner], imaginary[row * columns + inner])
                if a == 0 && b == 0 { continue }
                let c = UnsafeBufferPointer(rebasing: otherReal[inner * width..<(inner + 1) * width])
                let d = UnsafeBufferPointer(rebasing: otherImaginary[inner * width..<(inner + 1) * width])
                for column in 0..<width {
                  sumReal[column] += a * c[column] - b * d[column]
                  sumImaginary[column] += a * d[column] + b * c[column]
                }
              }
            }
          }
        }
      }
    }
    return product
  }
}
