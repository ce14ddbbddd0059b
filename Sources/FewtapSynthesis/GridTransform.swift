internal import CFewtapMath
import FewtapCore

/// The Fourier transform of real planes on an `n x n` periodic grid: where a chain's layers multiply instead of convolving.
///
/// Equation: `X[k] = sum_p x[p] exp(-2 pi i k.p / n)`; the inverse divides by `n^2`.
/// Accuracy: a few roundings for each of the `log2(n^2)` butterflies that a number passes; held by GridTransformTests against
///           the defining sum, for every instruction set of the machine.
/// Cost:     O(n^2 log n), scratch on the heap, no state: safe from any thread.
public struct GridTransform: Sendable {
  /// The grid's side: even, with prime factors 2, 3 and 5 only.
  public let size: Int
  /// Complex numbers in a spectrum, padding included.
  public let spectrumCount: Int
  private let plan: [Double]
  package let kernels: MathKernels

  /// Largest side of a grid: four times that of the largest kernel, and a little for smoothness.
  public static let maximumSize = Int(FEWTAP_FFT_MAX_LENGTH)

  /// The transform on the smallest grid of side at least `minimumSize` (at most ``maximumSize``) that is fast.
  public init(minimumSize: Int) { self.init(minimumSize: minimumSize, kernels: .best) }

  package init(minimumSize: Int, kernels: MathKernels) {
    let atMost = min(max(4, minimumSize), Self.maximumSize)
    var size = atMost + atMost % 2
    while !Self.isSmooth(size / 2) { size += 2 }
    self.size = size
    spectrumCount = size * Int(fewtap_spectrum_stride(Int32(size)))
    self.kernels = kernels
    var plan = [Double](repeating: 0, count: fewtap_fft_plan_count(Int32(size)))
    check(kernels.table.fft_plan(Int32(size), &plan))
    self.plan = plan
  }

  private static func isSmooth(_ number: Int) -> Bool {
    var rest = number
    for factor in [2, 3, 5] { while rest % factor == 0 { rest /= factor } }
    return rest == 1
  }

  /// Spectrum of a plane of `size * size` numbers, row-major.
  public func forward(_ plane: [Double]) -> Spectrum {
    precondition(plane.count == size * size)
    var result = Spectrum(count: spectrumCount)
    withUnsafeTemporaryAllocation(of: Double.self, capacity: fewtap_fft_scratch_count(Int32(size))) { scratch in
      check(kernels.table.fft_forward(Int32(size), plan, plane, &result.re, &result.im, scratch.baseAddress))
    }
    return result
  }

  /// Plane of a spectrum, `size * size` numbers, row-major.
  public func inverse(_ spectrum: Spectrum) -> [Double] {
    precondition(spectrum.re.count == spectrumCount)
    return [Double](unsafeUninitializedCapacity: size * size) { plane, count in
      withUnsafeTemporaryAllocation(of: Double.self, capacity: fewtap_fft_scratch_count(Int32(size))) { scratch in
        check(
          kernels.table.fft_inverse(Int32(size), plan, spectrum.re, spectrum.im, plane.baseAddress, scratch.baseAddress)
        )
      }
      count = size * size
    }
  }

  /// A real function of frequency in a spectrum's layout, its padding zero; `fx`, `fy` in cycles a pixel, -1/2...1/2.
  public func tabulate(_ function: (_ fx: Double, _ fy: Double) -> Double) -> [Double] {
    let stride = spectrumCount / size
    var values = [Double](repeating: 0, count: spectrumCount)
    for kx in 0..<size {
      let fx = Double(kx <= size / 2 ? kx : kx - size) / Double(size)
      for ky in 0...size / 2 { values[kx * stride + ky] = function(fx, Double(ky) / Double(size)) }
    }
    return values
  }

  /// A real function of frequency in a spectrum's layout from a quarter of it, `[kx][ky]` with both in `0...size/2`: for functions
  /// that do not change when an axis is mirrored.
  package func mirrored(_ quarter: [Double]) -> [Double] {
    let (stride, count) = (spectrumCount / size, size / 2 + 1)
    precondition(quarter.count == count * count)
    var values = [Double](repeating: 0, count: spectrumCount)
    for kx in 0..<size {
      let row = min(kx, size - kx) * count
      values.replaceSubrange(kx * stride..<kx * stride + count, with: quarter[row..<row + count])
    }
    return values
  }

  /// How often each stored frequency stands in the whole plane: 2, but 1 in the columns that are their own mirror.
  public var multiplicity: [Double] {
    tabulate { _, fy in fy == 0 || fy == 0.5 ? 1 : 2 }
  }

  /// A kernel laid on the grid with its center at index (0, 0), wrapped around.
  public func place(_ kernel: Kernel) -> [Double] {
    var plane = [Double](repeating: 0, count: size * size)
    kernel.forEachOffset { x, y, weight in plane[wrapped(y) * size + wrapped(x)] += weight }
    return plane
  }

  /// Index in `0..<size` of an offset, any distance away.
  package func wrapped(_ offset: Int) -> Int {
    let remainder = offset % size
    return remainder < 0 ? remainder + size : remainder
  }
}

extension GridTransform {
  /// ``wrapped(_:)`` for an offset in `-size...size`: no division, which in the Gram matrix's loop costs more than the rest.
  @inline(__always)
  func folded(_ offset: Int) -> Int { offset < 0 ? offset + size : offset >= size ? offset - size : offset }
}

/// The spectrum of a real plane: half of it, since the rest follows by symmetry. Layout: see CFewtapMath.
public struct Spectrum: Sendable {
  /// Real parts, `[kx][ky]`, padded rows.
  public var re: [Double]
  /// Imaginary parts.
  public var im: [Double]

  package init(count: Int) {
    re = [Double](repeating: 0, count: count)
    im = [Double](repeating: 0, count: count)
  }
}

extension GridTransform {
  /// The spectrum of a unit impulse at offset 0.
  package func one() -> Spectrum {
    var result = Spectrum(count: spectrumCount)
    result.re = tabulate { _, _ in 1 }
    return result
  }

  /// `a b`.
  package func product(_ a: Spectrum, _ b: Spectrum) -> Spectrum {
    var result = Spectrum(count: spectrumCount)
    check(kernels.table.multiply(spectrumCount, a.re, a.im, b.re, b.im, &result.re, &result.im))
    return result
  }

  /// `conj(a) b w`: the spectrum of a weighted correlation.
  package func correlation(_ a: Spectrum, _ b: Spectrum, weight: [Double]) -> Spectrum {
    var result = Spectrum(count: spectrumCount)
    check(kernels.table.conjugate_multiply(spectrumCount, a.re, a.im, b.re, b.im, weight, &result.re, &result.im))
    return result
  }

  /// `sum w |a|^2` over the stored frequencies.
  package func power(_ a: Spectrum, weight: [Double]) -> Double {
    var sum = 0.0
    check(kernels.table.weighted_power(spectrumCount, a.re, a.im, weight, &sum))
    return sum
  }

  /// `a - b`.
  package func difference(_ a: Spectrum, _ b: Spectrum) -> Spectrum {
    var result = a
    for index in 0..<spectrumCount {
      result.re[index] -= b.re[index]
      result.im[index] -= b.im[index]
    }
    return result
  }
}
