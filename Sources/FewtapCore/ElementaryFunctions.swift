#if canImport(Darwin)
import Darwin
#elseif canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

// The C library's functions for the modules above, which do not depend on the platform themselves. Angles are in radians.

package func exponential(_ x: Double) -> Double { exp(x) }
package func exponential2(_ x: Double) -> Double { exp2(x) }
package func logarithm2(_ x: Double) -> Double { log2(x) }
package func logarithm10(_ x: Double) -> Double { log10(x) }
package func power(_ base: Double, _ exponent: Double) -> Double { pow(base, exponent) }
package func cubeRoot(_ x: Double) -> Double { cbrt(x) }
package func cosine(_ angle: Double) -> Double { cos(angle) }
package func sine(_ angle: Double) -> Double { sin(angle) }
package func arctangent(_ x: Double) -> Double { atan(x) }
/// The direction of `(x, y)`, counterclockwise from +x where y points up, in `-pi...pi`.
package func arctangent(_ y: Double, over x: Double) -> Double { atan2(y, x) }
package func cosineAndSine(radians: Double) -> (cosine: Double, sine: Double) { (cosine(radians), sine(radians)) }
