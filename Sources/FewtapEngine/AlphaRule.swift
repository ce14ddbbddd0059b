/// How an image with alpha is filtered.
///
/// Colors are multiplied by alpha, filtered, and divided by the filtered alpha, so that what hides in transparent
/// pixels never bleeds out; colors that are associated already (``Image/alphaIsAssociated``) are filtered as they are.
/// Alpha is coverage, not light: it is filtered by the same weights, but scaled to a sum of 1, so an opaque image stays
/// opaque whatever the filter's gain. A filter whose weights cancel has no coverage to give, and leaves alpha as it
/// was. Alpha is not clamped to 0...1: weights below zero can overshoot there, and a clamp would break linearity and
/// change the light `color * alpha`; whoever writes the file clips once.
enum AlphaRule {
  /// Below this filtered coverage a color is 0: half a step of a 16-bit alpha, `1 / (2 * 65535)` up to a power of two,
  /// so no file that stores integers can show it; dividing by less would only blow up rounding.
  static let leastCoverage = 0x1p-17
}
