/// Whose filter a pixel's light goes through where filters vary over the image.
public enum VaryingDirection: String, CaseIterable, Sendable {
  /// Each pixel of the result collects by its own filter: blur by a map.
  ///
  /// Equation: `out[p] = sum_q K_{P(p)}[p - q] in[q]`.
  case gather
  /// Each pixel of the image spreads by its own filter: a point-spread function that changes over the field.
  ///
  /// Equation: `out[p] = sum_q K_{P(q)}[p - q] in[q]`.
  case scatter
}
