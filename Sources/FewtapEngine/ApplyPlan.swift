import FewtapCore

/// A sparse filter made ready to run: built once, used for any number of images, from any number of threads.
///
/// Equation: `I_l[p] = sum_i w_{l,i} I_{l-1}(p - o_{l,i})`, the last layer times the filter's gain (convolution).
/// Border:   the rule extends the *image* once, by the whole chain's reach; between layers nothing is cut or extended, so
///           the result is what the chain's effective kernel gives.
/// Accuracy: against ``ReferenceApply``, a pixel of a plane is within `gamma_N (|k_1| * ... * |k_L| * |I|)(p)` with
///           `N = sum_l (n_l + 2)` for `n_l` integer taps in layer l and `u = 2^-24`: `n_l` additions, a product and a rounded
///           weight a layer, one more for the reference's own rounding. A normalized border adds the same for its divisor.
///           Held by FewtapEngineTests/ApplyAccuracyTests.
/// Cost:     `multiplyAddCount` a pixel and channel. A thread holds the rows of one band and of what the chain reads around
///           it, mostly below 64 MiB and never above 1 GiB; beside that, one plane a channel for the result (two with alpha).
///           Bands of rows go to threads; no bit depends on how many.
public struct ApplyPlan: Sendable {
  /// The filter that it runs.
  public let filter: SparseFilter
  /// Multiply-adds a pixel and channel: taps in all layers, bilinear ones split into pixels and equal offsets merged.
  public var multiplyAddCount: Int { engine.layers.reduce(0) { $0 + $1.taps.count } }

  private let engine: UniformApply<Float>

  /// A plan for `filter`.
  ///
  /// Throws: ``ApplyError/filter(_:)`` if the filter breaks its invariants, or has a weight that Float cannot hold.
  public init(_ filter: SparseFilter) throws(ApplyError) {
    do {
      try filter.checkInvariants()
    } catch {
      throw .filter(error)
    }
    self.filter = filter
    var layers: [UniformApply<Float>.Layer] = []
    for (index, layer) in filter.chain.layers.enumerated() {
      // In the last layer the gain costs nothing, and is rounded together with its weights.
      let scale = index == filter.chain.layers.count - 1 ? filter.gain : 1
      var taps: [(x: Int, y: Int, weight: Float)] = []
      for tap in layer.mergedIntegerTaps() {
        let weight = tap.weight * scale
        guard Float(weight).isFinite else {
          throw .filter(
            FilterError(
              "layers[\(index)]", "has the weight \(weight) (with gain)", "weights up to 3.4e38, Float's largest"))
        }
        taps.append((tap.offset.x, tap.offset.y, Float(weight)))
      }
      layers.append(UniformApply.Layer(taps: taps, bounds: Self.bounds(of: taps)))
    }
    engine = UniformApply(
      layers: layers, sum: filter.chain.sum * filter.gain, noiseGain: filter.chain.noiseGain * abs(filter.gain))
  }

  /// The filtered image, of the same size and channels.
  ///
  /// Colors are filtered premultiplied by alpha and divided afterwards; where the filtered alpha is below 2^-17 they are 0.
  /// Alpha is filtered by the same weights scaled to a sum of 1 (left alone if they cancel) and may leave 0...1 where
  /// weights are negative. Values above 1 are kept.
  /// Throws: ``ApplyError``: a pixel that the policy refuses, a border constant that is not finite, weights that cancel
  ///         under a normalized border, a reach too large for this image's memory limit, or a cancellation.
  public func apply(to image: Image, options: ApplyOptions = ApplyOptions()) throws(ApplyError) -> Image {
    try engine.apply(to: image, options: options)
  }

  /// The filtered plane: the same for one channel without alpha.
  public func apply(toPlane plane: Plane<Float>, options: ApplyOptions = ApplyOptions()) throws(ApplyError)
    -> Plane<Float>
  {
    try engine.apply(toPlane: plane, options: options)
  }

  private static func bounds(of taps: [(x: Int, y: Int, weight: Float)]) -> OffsetBounds {
    // No taps: a layer whose weights are all 0 reads nothing, and offset 0 stands for that.
    taps.dropFirst().reduce(OffsetBounds(PixelOffset(x: taps.first?.x ?? 0, y: taps.first?.y ?? 0))) {
      $0.union(OffsetBounds(PixelOffset(x: $1.x, y: $1.y)))
    }
  }
}
