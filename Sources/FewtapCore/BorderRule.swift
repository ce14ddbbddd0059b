/// What a filter reads outside the image. The rule extends the *input* once, by the whole chain's reach, so that a chain
/// gives what its effective kernel would give.
public enum BorderRule: Equatable, Sendable {
  /// The nearest pixel of the image: `a a | a b c | c c`.
  case clamp
  /// Mirrored about the outermost pixel, which is not repeated: `c b | a b c | b a`.
  case mirror
  /// Periodic: `b c | a b c | a b`.
  case wrap
  /// One value for every channel (alpha included, if there is one).
  case constant(Float)
  /// Zero outside, and the result divided by the filtered mask of the image: a mean over the pixels that exist.
  case normalized

  /// Index inside `0..<count` that stands for `index`, or nil where the rule gives a value instead of a pixel.
  ///
  /// Cost: constant time for any distance, so that a reach beyond the image's own size is safe.
  @inlinable
  public func source(of index: Int, count: Int) -> Int? {
    if index >= 0 && index < count { return index }
    switch self {
    case .clamp: return index < 0 ? 0 : count - 1
    case .wrap:
      let remainder = index % count
      return remainder < 0 ? remainder + count : remainder
    case .mirror:
      if count == 1 { return 0 }
      let period = 2 * (count - 1)
      let remainder = index % period
      let phase = remainder < 0 ? remainder + period : remainder
      return phase < count ? phase : period - phase
    case .constant, .normalized: return nil
    }
  }

  /// The value that stands where ``source(of:count:)`` gives nil.
  public var outside: Float {
    if case .constant(let value) = self { return value }
    return 0
  }
}
