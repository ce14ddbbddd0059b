import FewtapCore
import FewtapEngine

extension ApplyOptions {
  /// What `filter` makes of `plane` under these options, where it can do every border but the normalized one: that is done here,
  /// as ``FewtapCore/BorderRule/normalized`` defines it, from two runs with zero outside. `sum` and `absoluteSum` are those of
  /// the filter's weights.
  ///
  /// Throws: ``FewtapEngine/ApplyError``: what `filter` throws, a pixel that the policy refuses, a border constant that is not
  ///         finite, or weights that cancel under a normalized border.
  func applyingNormalization(
    to plane: Plane<Float>, sum: Double, absoluteSum: Double,
    _ filter: (Plane<Float>, ApplyOptions) throws(ApplyError) -> Plane<Float>
  ) throws(ApplyError) -> Plane<Float> {
    let (width, height) = (plane.width, plane.height)
    let (count, overflow) = width.multipliedReportingOverflow(by: height)
    guard width > 0, height > 0, !overflow, plane.values.count == count else {
      throw .malformedPlane(channel: 0, width: width, height: height, count: plane.values.count)
    }
    if case .constant(let value) = border, !value.isFinite { throw .nonFiniteBorder(value) }
    let admitted = try nonfinite.admit(plane, channel: 0)
    guard border == .normalized else { return try filter(admitted, self) }
    guard abs(sum) > 0x1p-10 * absoluteSum else { throw .zeroSumNormalized(sum: sum) }
    var zeroOutside = self
    zeroOutside.border = .constant(0)
    var result = try filter(admitted, zeroOutside)
    let ones = try filter(Plane(width: width, height: height, repeating: 1), zeroOutside)
    for index in 0..<count {
      let share = max(Double(ones.values[index]) / sum, BorderNormalization.leastShare)
      result.values[index] = Float(Double(result.values[index]) / share)
    }
    return result
  }
}
