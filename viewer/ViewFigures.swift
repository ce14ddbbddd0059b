import FewtapCore

/// How near a filter comes to its kernel.
public struct ViewAccuracy: Equatable, Sendable {
  /// Predicted PSNR on photographs, dB.
  public var decibels: Double
  /// The same for the worst photograph, of a basis for the worst point of its parameters.
  public var worstDecibels: Double
  /// `|K - T|_2 / |T|_2`.
  public var relativeError: Double

  /// Figures of given parts.
  public init(decibels: Double, worstDecibels: Double, relativeError: Double) {
    (self.decibels, self.worstDecibels, self.relativeError) = (decibels, worstDecibels, relativeError)
  }
}

/// Cost and error as a page shows them.
struct ViewFigures: Equatable, Sendable {
  /// Of a basis the largest of its filters'.
  var taps: Int, layers: Int
  var passes: Int
  /// nil at the image's own rate, and for a basis, whose filters may differ in it.
  var rate: Int?
  var accuracy: ViewAccuracy?
  var noiseGain: Double
  /// Weights of the dense kernel that are not zero, of a basis of the largest one.
  var denseTaps: Int?

  var json: String {
    object([
      ("taps", number(taps)), ("layers", number(layers)), ("passes", number(passes)), ("rate", number(rate)),
      ("decibels", number(accuracy?.decibels)), ("worstDecibels", number(accuracy?.worstDecibels)),
      ("relativeError", number(accuracy?.relativeError)), ("noiseGain", number(noiseGain)),
      ("denseTaps", number(denseTaps)),
    ])
  }
}
