/// The unit vector at an angle, counterclockwise from +x as seen on a screen (+y down): 90 degrees is `(0, -1)`.
///
/// Exact at multiples of 90 degrees, and turned by a quarter exactly, so that symmetric shapes come out symmetric.
package func direction(degrees: Double) -> SIMD2<Double> {
  let angle = degrees.remainder(dividingBy: 360)
  let quarter = (angle / 90).rounded()
  let (cosine, sine) = cosineAndSine(radians: (angle - 90 * quarter) * .pi / 180)
  return switch quarter {
  case 1: SIMD2(-sine, -cosine)
  case -1: SIMD2(sine, cosine)
  case 2, -2: SIMD2(-cosine, sine)
  default: SIMD2(cosine, -sine)
  }
}
