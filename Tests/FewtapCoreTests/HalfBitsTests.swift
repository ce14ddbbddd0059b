import FewtapCore
import TestSupport
import Testing

/// IEEE binary16 from numbers.
@Suite struct HalfBitsTests {
  @Test func everyNumberIsItself() {
    for bits in (0...UInt16.max) where bits & 0x7C00 != 0x7C00 {
      #expect(HalfBits.bits(nearest: HalfBits.value(bits)) == bits)
    }
  }

  @Test func theNearestAndOfTwoTheEvenOne() {
    for bits in stride(from: UInt16(0), to: 0x7BFF, by: 7) {
      let (low, high) = (HalfBits.value(bits), HalfBits.value(bits + 1))
      let middle = (low + high) / 2
      #expect(HalfBits.bits(nearest: middle.nextDown) == bits && HalfBits.bits(nearest: middle.nextUp) == bits + 1)
      #expect(HalfBits.bits(nearest: middle) == bits + bits % 2)
      #expect(HalfBits.bits(nearest: -middle.nextUp) == (bits + 1) | 0x8000)
    }
  }

  @Test func beyondTheLargest() {
    for value in [65504, 65505, 1e30, .infinity] {
      #expect(HalfBits.bits(nearest: value) == 0x7BFF && HalfBits.bits(nearest: -value) == 0xFBFF)
    }
    #expect(HalfBits.value(HalfBits.bits(nearest: .nan)).isNaN)
    #expect(HalfBits.bits(nearest: 1e-30) == 0)
  }
}
