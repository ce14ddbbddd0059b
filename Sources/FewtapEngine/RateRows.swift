internal import CFewtapKernels
import FewtapCore

// Resampling along a row: one prime factor after the other, through two rows of room.
extension CompiledFilter.Rate {
  /// Decimates `row`, which is lost, into the first `width` pixels of `result`; `spare` has the room of `row`.
  func decimate(
    _ row: UnsafeMutablePointer<Float>, into result: UnsafeMutablePointer<Float>, width: Int,
    spare: UnsafeMutablePointer<Float>, _ kernels: fewtap_kernels
  ) {
    var (input, spare) = (row, spare)
    for index in 0..<primes.count {
      let prime = primes[index]
      // What is left after this factor is what the later ones read for `width`.
      var count = width
      for later in stride(from: primes.count - 1, to: index, by: -1) {
        count = primes[later].factor * (count - 1) + primes[later].prefilter.count
      }
      let output = index == primes.count - 1 ? result : spare
      check(
        kernels.decimate(
          Int32(prime.factor), prime.prefilter.values, Int32(prime.prefilter.count), input, output, Int32(count)))
      (input, spare) = (output, input)
    }
  }

  /// Interpolates `count` pixels from `row` on into `result`, which begins at the pixel that the first one reaches first.
  func interpolate(
    _ row: UnsafeMutablePointer<Float>, count: Int, into result: UnsafeMutablePointer<Float>,
    spare: (UnsafeMutablePointer<Float>, UnsafeMutablePointer<Float>), _ kernels: fewtap_kernels
  ) {
    var (input, output, other, count) = (row, spare.0, spare.1, count)
    for index in stride(from: primes.count - 1, through: 0, by: -1) {
      let prime = primes[index]
      if index == 0 { output = result }
      check(
        kernels.interpolate(
          Int32(prime.factor), prime.interpolator.values, Int32(prime.interpolator.count), input, output, Int32(count)))
      count *= prime.factor
      (input, output, other) = (output, other, output)
    }
  }
}
