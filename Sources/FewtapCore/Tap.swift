/// One offset and weight of a filter.
///
/// Units: offset in pixels, +y down; weight dimensionless. The output at `p` reads the input at `p - (x, y)` (convolution).
public struct Tap: Equatable, Hashable, Sendable {
  /// Pixels to the right.
  public var x: Double
  /// Pixels down.
  public var y: Double
  /// Weight.
  public var weight: Double

  /// The tap with weight `weight` at `(x, y)`.
  public init(x: Double, y: Double, weight: Double) {
    self.x = x
    self.y = y
    self.weight = weight
  }
}

/// How a tap reads between pixels.
public enum TapModel: String, Codable, CaseIterable, Sendable {
  /// Integer offsets, one multiply-add each: what a CPU wants.
  case integer
  /// Real offsets, read by bilinear interpolation: free on a GPU's texture unit, four integer taps on a CPU.
  case bilinear
}
