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

  /// The bits of the number nearest to `value`, of two as near the even one; beyond 65504, the largest number, those of that.
  package static func bits(nearest value: Double) -> UInt16 {
    guard !value.isNaN else { return 0x7e00 }
    let sign: UInt16 = value.sign == .minus ? 0x8000 : 0
    let size = min(abs(value), 65504)
    // 1024 steps of a fraction that rounds up carry over to the exponent, as they should.
    guard size >= 0x1p-14 else { return sign | UInt16((size * 0x1p24).rounded(.toNearestOrEven)) }
    let fraction = ((size.significand - 1) * 0x1p10).rounded(.toNearestOrEven)
    return sign | (UInt16(size.exponent + 15) << 10 + UInt16(fraction))
  }
}
