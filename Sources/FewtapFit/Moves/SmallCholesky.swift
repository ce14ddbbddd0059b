/// The Cholesky factor `L` of a small positive definite matrix, `A = L L^T`: of the few taps of a run.
struct SmallCholesky {
  private let size: Int
  /// Lower triangle, row-major.
  private var factor: [Double]

  /// The factor of `matrix`, `size x size`, row-major, whose lower triangle is read. Pivots below `floor` count as `floor`.
  init(_ matrix: [Double], size: Int, floor: Double) {
    self.size = size
    factor = matrix
    for a in 0..<size {
      for b in 0...a {
        var sum = factor[a * size + b]
        for k in 0..<b { sum -= factor[a * size + k] * factor[b * size + k] }
        factor[a * size + b] = a == b ? max(sum, floor).squareRoot() : sum / factor[b * size + b]
      }
    }
  }

  /// Replaces the `size` rows of `matrix`, each `width` long, by those of `L^-1 matrix`.
  func solveLower(_ matrix: inout [Double], width: Int) {
    for a in 0..<size {
      for b in 0..<a {
        let share = factor[a * size + b]
        for i in 0..<width { matrix[a * width + i] -= share * matrix[b * width + i] }
      }
      let scale = 1 / factor[a * size + a]
      for i in 0..<width { matrix[a * width + i] *= scale }
    }
  }

  /// `L^-1 vector`.
  func solvingLower(_ vector: [Double]) -> [Double] {
    var result = vector
    solveLower(&result, width: 1)
    return result
  }
}
