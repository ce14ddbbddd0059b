/// What a loss changes by where an image, a filter's taps or its gain change: the pullback of the loss' gradient through a filter.
///
/// `Input` is ``Image`` for ``ApplyPlan``, a plane for ``ReferenceGradient``. What was not wanted is nil.
public struct FilterGradient<Input: Sendable>: Sendable {
  /// With respect to the image: the adjoint of the filter on the cotangent.
  public var input: Input?
  /// With respect to the taps, in the order of the filter's layers and their taps, summed over the channels.
  public var layers: [[TapGradient]]?
  /// With respect to the filter's gain, summed over the channels.
  public var gain: Double?

  /// A gradient of given parts.
  public init(input: Input? = nil, layers: [[TapGradient]]? = nil, gain: Double? = nil) {
    (self.input, self.layers, self.gain) = (input, layers, gain)
  }
}

extension FilterGradient: Equatable where Input: Equatable {}

/// What a loss changes by where a tap changes.
public struct TapGradient: Equatable, Sendable {
  /// By its weight.
  public var weight: Double
  /// By its offset to the right, a pixel of the layers' rate; nil for a tap of whole pixels, which cannot move. Where the offset of a
  /// bilinear tap is whole the left and right derivatives differ: it is the right one.
  public var x: Double?
  /// By its offset down, a pixel of the layers' rate; nil for a tap of whole pixels. Where it is whole: the derivative downwards.
  public var y: Double?

  /// A gradient of given parts.
  public init(weight: Double, x: Double? = nil, y: Double? = nil) { (self.weight, self.x, self.y) = (weight, x, y) }
}

/// The parts of a ``FilterGradient`` that are wanted: the others cost nothing.
public struct GradientParts: OptionSet, Sendable {
  /// A bit for each part.
  public let rawValue: Int

  /// Parts by their bits.
  public init(rawValue: Int) { self.rawValue = rawValue }

  /// ``FilterGradient/input``.
  public static let input = GradientParts(rawValue: 1)
  /// ``FilterGradient/layers`` and ``FilterGradient/gain``.
  public static let filter = GradientParts(rawValue: 2)
  /// Everything.
  public static let all: GradientParts = [.input, .filter]
}
