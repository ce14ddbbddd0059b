import FewtapCore

/// What a loss changes by with all that a varying filter is made of.
public struct BasisGradient: Sendable {
  /// Parts of it, each of which takes its time.
  public struct Parts: OptionSet, Sendable {
    /// A bit a part.
    public let rawValue: Int
    /// Those whose bits are set.
    public init(rawValue: Int) { self.rawValue = rawValue }
    /// With the image's pixels.
    public static let input = Parts(rawValue: 1)
    /// With the map.
    public static let map = Parts(rawValue: 2)
    /// With the filters' taps and gains.
    public static let filters = Parts(rawValue: 4)
    /// The result of the filter in the place of the image's part: where image and cotangent are exchanged, it is that.
    static let result = Parts(rawValue: 8)
    /// All of them.
    public static let all: Parts = [.input, .map, .filters]
  }

  /// With the image's pixels, channel by channel; nil if it was not wanted.
  public var input: Image?
  /// With the map's values, one plane an axis, or a filter where they are weights; nil if it was not wanted.
  public var map: [Plane<Float>]?
  /// With the taps and gains of the basis' filters, filter by filter; nil if it was not wanted.
  public var filters: [FilterGradient]?

  /// A gradient of given parts.
  public init(input: Image? = nil, map: [Plane<Float>]? = nil, filters: [FilterGradient]? = nil) {
    (self.input, self.map, self.filters) = (input, map, filters)
  }
}
