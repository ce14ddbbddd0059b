import FewtapCore

/// What prefilter and interpolator make of one low-rate tap along one axis, for a point of light at each phase: its pixel modulo
/// the factor.
///
/// Equation: `phi_p[k] = sum_m a[D m - p] b[k + p - D m]`; their mean over p is `(a * b)[k] / D`.
/// Shapes:   `phases[p][k - first]`, D of them, all of one length.
/// Units:    offsets k in pixels of the image.
struct PhaseResponses {
  let factor: Int
  let first: Int
  let phases: [[Double]]
  let mean: [Double]

  var last: Int { first + mean.count - 1 }

  init(_ rate: Resampling) {
    let (a, b, factor) = (rate.prefilterWeights, rate.interpolatorWeights, rate.factor)
    let count = a.values.count + b.values.count - 1
    var phases = [[Double]](repeating: [Double](repeating: 0, count: count), count: factor)
    var mean = [Double](repeating: 0, count: count)
    for (i, weight) in a.values.enumerated() {
      // The prefilter's offset D m - p belongs to one phase.
      let phase = ((-(a.first + i)) % factor + factor) % factor
      for (j, value) in b.values.enumerated() {
        phases[phase][i + j] += weight * value
        mean[i + j] += weight * value / Double(factor)
      }
    }
    (self.factor, self.first, self.phases, self.mean) = (factor, a.first + b.first, phases, mean)
  }

  /// Low-rate distances at which two responses overlap: `-reach...reach`.
  var reach: Int { (mean.count - 1) / factor }

  /// `sum_k f[k] g[k - D j]` for j in `-reach...reach`.
  func products(_ f: [Double], _ g: [Double]) -> [Double] {
    (-reach...reach).map { j in
      var sum = 0.0
      for k in max(0, factor * j)..<min(f.count, f.count + factor * j) { sum += f[k] * g[k - factor * j] }
      return sum
    }
  }
}
