/// IEEE binary16 as numbers: `Float16` is not there on every platform.
package enum HalfBits {
  /// The number that `bits` stand for.
  package static func value(_ bits: UInt16) -> Double {
    let (exponent, mantissa) = (Int(bits >> 10) & 31, Double(bits & 0x3ff))
    let size: Double
    switch exponent {
    case 0: size = mantissa * 0x1p-24
    case 31: size = mantissa == 0 ? .infinity : .nan
    default: size = Double(sign: .plus, exponent: exponent - 15, significand: 1 + mantissa * 0x1p-10)
    }
    return bits >> 15 == 0 ? size : -size
  }
}
