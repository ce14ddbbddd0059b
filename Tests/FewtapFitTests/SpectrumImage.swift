import FewtapCore
import FewtapFit
import FewtapSynthesis

extension GridTransform {
  /// An image whose power spectrum is exactly that of a reference photograph, its phases drawn at random; its mean is 0, since
  /// filters here keep brightness.
  func image(_ density: QuarterPlane, seed: UInt64) -> [Double] {
    var random = SeededGenerator(seed: seed)
    var spectrum = forward((0..<size * size).map { _ in random.uniform(-1, 1) })
    let side = Double(size)
    // The density's sum over the grid, divided by its area, is the mean square.
    let amplitude = tabulate { fx, fy in
      fx == 0 && fy == 0
        ? 0 : (density[Int((abs(fx) * side).rounded()), Int((fy * side).rounded())]).squareRoot() * side
    }
    for i in spectrum.re.indices {
      let magnitude = (spectrum.re[i] * spectrum.re[i] + spectrum.im[i] * spectrum.im[i]).squareRoot()
      let scale = magnitude > 0 ? amplitude[i] / magnitude : 0
      spectrum.re[i] *= scale
      spectrum.im[i] *= scale
    }
    return inverse(spectrum)
  }
}
