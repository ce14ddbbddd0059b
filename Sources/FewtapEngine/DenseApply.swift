import FewtapCore

/// A dense kernel applied directly, in Double: the truth that a sparse filter's result is measured against.
///
/// Equation: `out[p] = sum_o K[o] in(p - o)` (convolution), rounded to Float once at the end.
/// Border, alpha, NaN: as in ``ApplyPlan``.
/// Accuracy: within `gamma_n sum|K| |in|` of exact, n the kernel's nonzero weights and `u = 2^-53`, before the last rounding.
/// Cost:     one multiply-add a nonzero weight, pixel and channel: about half a second for a 49x49 kernel on a megapixel, a
///           quarter of a minute for 257x257 (one core).
public struct DenseApply: Sendable {
  /// The kernel that it applies.
  public let kernel: Kernel

  /// The direct convolution with `kernel`.
  public init(_ kernel: Kernel) { self.kernel = kernel }

  /// The filtered image, of the same size and channels. Throws: as ``ApplyPlan/apply(to:options:)``.
  public func apply(to image: Image, options: ApplyOptions = ApplyOptions()) throws(ApplyError) -> Image {
    var planes: [Plane<Double>] = []
    for (channel, plane) in image.planes.enumerated() {
      try plane.check(channel: channel)
      planes.append(Plane(try options.nonfinite.admit(plane, channel: channel)))
    }
    if case .constant(let value) = options.border, !value.isFinite { throw .nonFiniteBorder(value) }
    // As in plans: dividing by what is left of the sum would cost ten of Float's 24 bits.
    let (sum, cancels) = (kernel.sum, abs(kernel.sum) <= 0x1p-10 * kernel.absoluteSum)
    let normalizes = options.border == .normalized
    if normalizes && cancels { throw .zeroSumNormalized(sum: sum) }

    let (width, height, alpha) = (image.width, image.height, image.alphaIndex)
    let premultiplies = alpha != nil && !image.alphaIsAssociated
    let keptAlpha = cancels ? alpha : nil
    let passes = planes.count - (keptAlpha == nil ? 0 : 1) + (normalizes ? 1 : 0)
    let run = try DenseRun(
      kernel, width: width, height: height, options: options,
      counter: TileCounter(total: passes * width * height, options: options))

    var results: [Plane<Double>] = []
    for (channel, var plane) in planes.enumerated() {
      if channel == keptAlpha {
        results.append(plane)
      } else if premultiplies, let alpha, channel != alpha {
        plane.combine(with: planes[alpha], *)
        // A constant c means color c under alpha c.
        if case .constant(let value) = options.border {
          results.append(try run.filtered(plane, .constant(value * value)))
        } else {
          results.append(try run.filtered(plane, options.border))
        }
      } else {
        results.append(try run.filtered(plane, options.border))
      }
    }
    if normalizes {
      let ones = try run.filtered(Plane(width: width, height: height, repeating: 1), .normalized)
      for channel in results.indices {
        results[channel].combine(with: ones) { $0 / max($1 / sum, BorderNormalization.leastShare) }
      }
    }
    if let alpha {
      if keptAlpha == nil { for index in 0..<width * height { results[alpha].values[index] /= sum } }
      for channel in results.indices where premultiplies && channel != alpha {
        // A NaN coverage, kept on request, must reach the color: it is not below the limit.
        results[channel].combine(with: results[alpha]) { $1.magnitude < AlphaRule.leastCoverage ? 0 : $0 / $1 }
      }
    }
    return Image(
      sameSizePlanes: results.map { Plane($0) }, alphaIndex: alpha, alphaIsAssociated: image.alphaIsAssociated)
  }

  /// The filtered plane: the same for one channel without alpha.
  public func apply(toPlane plane: Plane<Float>, options: ApplyOptions = ApplyOptions()) throws(ApplyError)
    -> Plane<Float>
  {
    try apply(to: Image(sameSizePlanes: [plane]), options: options).planes[0]
  }
}

extension Plane {
  /// The plane of the same numbers in another type.
  fileprivate init<Other>(_ other: Plane<Other>) {
    self.init(width: other.width, height: other.height)
    for index in 0..<other.values.count { values[index] = Scalar(other.values[index]) }
  }

  /// Replaces each number by what `operation` makes of it and of the other plane's.
  fileprivate mutating func combine(with other: Plane, _ operation: (Scalar, Scalar) -> Scalar) {
    for index in 0..<values.count { values[index] = operation(values[index], other.values[index]) }
  }
}
