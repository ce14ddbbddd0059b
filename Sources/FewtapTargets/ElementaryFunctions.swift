#if canImport(Darwin)
import Darwin
#elseif canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

// The C library's functions, imported here alone: no other file of this module depends on the platform.

func exponential(_ x: Double) -> Double { exp(x) }

func cubeRoot(_ x: Double) -> Double { cbrt(x) }

func arctangent(_ x: Double) -> Double { atan(x) }

func cosineAndSine(radians: Double) -> (cosine: Double, sine: Double) { (cos(radians), sin(radians)) }

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
