#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

func cosine(_ angle: Double) -> Double { cos(angle) }
func sine(_ angle: Double) -> Double { sin(angle) }
func logarithm10(_ value: Double) -> Double { log10(value) }
func logarithm2(_ value: Double) -> Double { log2(value) }
func exponential2(_ value: Double) -> Double { exp2(value) }
