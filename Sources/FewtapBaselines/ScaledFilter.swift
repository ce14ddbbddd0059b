import FewtapCore
import FewtapEngine
import FewtapFit

/// A filter times a factor: a blur of sum 1 that stands for a kernel of another sum.
struct ScaledFilter<Base: BaselineFilter>: BaselineFilter {
  let base: Base
  let gain: Double

  var tapCount: Int { base.tapCount }
  var multiplyAddCount: Double { base.multiplyAddCount + 1 }
  var passCount: Int { base.passCount }
  var noiseGain: Double? { base.noiseGain }

  func effectiveKernel() throws -> Kernel { try base.effectiveKernel().scaled(by: gain) }

  /// The base's error against the kernel of sum 1; an error on photographs is `gain` times as large.
  func accuracy(against kernel: Kernel) throws -> FilterAccuracy {
    var accuracy = try base.accuracy(against: kernel.scaled(by: 1 / gain))
    let decibels = 20 * logarithm10(abs(gain))
    accuracy.photo.mean -= decibels
    accuracy.photo.worst -= decibels
    return accuracy
  }

  func apply(toPlane plane: Plane<Float>, options: ApplyOptions) throws(ApplyError) -> Plane<Float> {
    try prepared(width: plane.width)(plane, options)
  }

  func prepared(width: Int) throws(ApplyError) -> PlaneFilter {
    let (filter, gain) = (try base.prepared(width: width), Float(gain))
    return { plane, options throws(ApplyError) in
      var result = try filter(plane, options)
      for index in result.values.indices { result.values[index] *= gain }
      return result
    }
  }
}

extension BaselineFilter {
  /// The filter times `gain`; a factor that Float cannot tell from 1 is none.
  func scaled(by gain: Double) -> any BaselineFilter {
    abs(gain - 1) <= 0x1p-25 ? self : ScaledFilter(base: self, gain: gain)
  }
}
