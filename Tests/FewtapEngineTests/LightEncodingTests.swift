import CFewtapKernels
import FewtapCore
import FewtapEngine
import TestSupport
import Testing

/// Integer codes and halfs, every one of them, in every instruction set of this machine.
@Suite("Codes and halfs of light") struct LightEncodingTests {
  static let integerTypes: [PixelType] = [.uint8, .uint16]

  /// The codes of `light`, in memory without gaps, and how many were clipped.
  static func codes(_ light: [Float], _ transfer: TransferFunction, _ type: PixelType, _ kernels: RowKernels) -> (
    codes: [Int], clipped: Int
  ) {
    let layout = PixelLayout.interleaved(type: type, transfer: transfer, width: light.count, channels: 1)
    let memory = GuardedBytes(count: light.count * type.byteCount, shift: 0, sampleSize: type.byteCount)
    let clipped = light.withUnsafeBufferPointer { light in
      RowCoder(layout, kernels: kernels.table).store(
        [light.baseAddress!], columns: 0..<light.count, channels: 0..<1, to: memory.start)
    }
    let codes =
      type == .uint8 ? memory.array(of: UInt8.self).map(Int.init) : memory.array(of: UInt16.self).map(Int.init)
    return (codes, clipped)
  }

  @Test(
    "the nearest code, to the last bit on both sides of every limit", arguments: integerTypes, TransferFunction.allCases
  )
  func limits(type: PixelType, transfer: TransferFunction) throws {
    let most = try #require(type.maximumCode)
    var light: [Float] = []
    var expected: [Int] = []
    for code in 0..<most {
      // From here on, the next code is nearer among encoded values.
      let limit = transfer.decode((Double(code) + 0.5) / Double(most))
      let near = Float(limit)
      for value in [near.nextDown.nextDown, near.nextDown, near, near.nextUp, near.nextUp.nextUp] {
        light.append(value)
        expected.append(Double(value) >= limit ? code + 1 : code)
      }
    }
    let table = try #require(CodeTable.shared(transfer, type))
    #expect(firstDifference(light.map(table.code), expected) == nil)
    for kernels in RowKernels.all {
      let (codes, clipped) = Self.codes(light, transfer, type, kernels)
      #expect(firstDifference(codes, expected) == nil, "\(kernels.name)")
      #expect(clipped == 0)
    }
  }

  @Test("light all over the codes' range, in every set, as one at a time")
  func sweep() throws {
    // From below the first limit (1.5e-4) to 1, every 17th Float: an estimate that errs more than it says does so for more
    // of them than that, 150 around each limit.
    let (first, last) = (Float(0x1p-13).bitPattern, Float(1).bitPattern)
    let (scalar, others) = (RowKernels.all[0], RowKernels.all.dropFirst())
    let count = 1 << 20
    var light = [Float](repeating: 0, count: count)
    var bits = first
    while bits <= last {
      for index in 0..<count { light[index] = Float(bitPattern: min(bits + UInt32(17 * index), last)) }
      let expected = Self.codes(light, .srgb, .uint8, scalar).codes
      for kernels in others {
        #expect(
          firstDifference(Self.codes(light, .srgb, .uint8, kernels).codes, expected) == nil,
          "\(kernels.name) from \(bits)")
      }
      bits += UInt32(17 * count)
    }
  }

  @Test("the code of a code's light is that code", arguments: integerTypes, TransferFunction.allCases)
  func roundTrip(type: PixelType, transfer: TransferFunction) throws {
    let most = try #require(type.maximumCode)
    let light = (0...most).map { Float(transfer.decode(Double($0) / Double(most))) }
    for kernels in RowKernels.all {
      #expect(
        firstDifference(Self.codes(light, transfer, type, kernels).codes, Array(0...most)) == nil, "\(kernels.name)")
    }
  }

  @Test("light of every code, rounded once", arguments: integerTypes, TransferFunction.allCases)
  func decoding(type: PixelType, transfer: TransferFunction) throws {
    let most = try #require(type.maximumCode)
    let expected = (0...most).map { Float(transfer.decode(Double($0) / Double(most))) }
    let bytes =
      type == .uint8
      ? GuardedBytes((0...most).map { UInt8($0) }, shift: 1) : GuardedBytes((0...most).map { UInt16($0) }, shift: 1)
    let layout = PixelLayout.interleaved(type: type, transfer: transfer, width: most + 1, channels: 1)
    for kernels in RowKernels.all {
      let row = GuardedBytes(count: 4 * (most + 1), shift: 1, sampleSize: 4)
      RowCoder(layout, kernels: kernels.table).load(
        bytes.start, columns: 0..<most + 1, channels: 0..<1, into: row.row)
      #expect(firstDifference(row.array(of: Float.self), expected) == nil, "\(kernels.name)")
      #expect(row.guardsStand)
    }
  }

  @Test("light beyond the codes is clamped and counted, NaN is 0", arguments: integerTypes, TransferFunction.allCases)
  func clipping(type: PixelType, transfer: TransferFunction) throws {
    let most = try #require(type.maximumCode)
    let half = 0.5 / Double(most)
    let (lowest, highest) = (Float(transfer.decode(-half)), Float(transfer.decode(1 + half)))
    let inside: [Float] = [lowest, -0.0, 0, Float.leastNonzeroMagnitude, 1, highest]
    let beyond: [Float] = [
      lowest.nextDown, -1, -.infinity, .nan, -.nan, .signalingNaN, highest.nextUp, 2, .greatestFiniteMagnitude,
      .infinity,
    ]
    let table = try #require(CodeTable.shared(transfer, type))
    #expect((inside + beyond).map(table.clips) == inside.map { _ in false } + beyond.map { _ in true })
    #expect(table.code(.nan) == 0)
    // All in one row, at every distance from a vector's end.
    for kernels in RowKernels.all {
      for padding in 0..<17 {
        let light = [Float](repeating: 0.5, count: padding) + inside + beyond
        let (codes, clipped) = Self.codes(light, transfer, type, kernels)
        #expect(clipped == beyond.count, "\(kernels.name)")
        #expect(codes.dropFirst(padding) == [0, 0, 0, 0, most, most, 0, 0, 0, 0, 0, 0, most, most, most, most])
      }
    }
  }

  @Test("every half is read exactly")
  func halfs() {
    let bits = (0...UInt16.max).map { $0 }
    let bytes = GuardedBytes(bits, shift: 3)
    let layout = PixelLayout.interleaved(type: .half, transfer: .linear, width: bits.count, channels: 1)
    var first: [UInt32]?
    for kernels in RowKernels.all {
      let row = GuardedBytes(count: 4 * bits.count, shift: 0, sampleSize: 4)
      RowCoder(layout, kernels: kernels.table).load(
        bytes.start, columns: 0..<bits.count, channels: 0..<1, into: row.row)
      let values = row.array(of: Float.self)
      for (bits, value) in zip(bits, values) {
        let (exponent, mantissa) = (Int(bits >> 10) & 31, Int(bits & 0x3ff))
        if exponent == 31, mantissa != 0 {
          #expect(value.isNaN && !value.isSignalingNaN)
          continue
        }
        // IEEE 754-2019, 3.4, in Float, which holds each.
        let size: Float =
          exponent == 31
          ? .infinity
          : exponent == 0
            ? Float(mantissa) * 0x1p-24
            : Float(sign: .plus, exponent: exponent - 15, significand: 1 + Float(mantissa) * 0x1p-10)
        #expect(value.bitPattern == (bits >> 15 == 0 ? size : -size).bitPattern, "\(kernels.name) \(bits)")
      }
      // NaNs too are the same in all sets.
      let patterns = values.map(\.bitPattern)
      #expect(firstDifference(patterns, first ?? patterns) == nil, "\(kernels.name)")
      first = patterns
    }
  }

  @Test("halfs are rounded to nearest, ties to even, and clamped to the largest")
  func roundingToHalfs() {
    var light: [Float] = []
    var expected: [UInt16] = []
    func add(_ value: Float, _ bits: UInt16) {
      light += [value, -value]
      expected += [bits, bits | 0x8000]
    }
    for bits in UInt16(0)..<0x7c00 {
      let value = Float(HalfBits.value(bits))
      add(value, bits)
      guard bits < 0x7bff else { continue }
      let middle = (value + Float(HalfBits.value(bits + 1))) / 2
      add(middle.nextDown, bits)
      add(middle, bits + bits % 2)
      add(middle.nextUp, bits + 1)
    }
    add(.infinity, 0x7c00)
    let clampedFrom = light.count
    for value: Float in [65504.004, 65519, 65520, 1e30, .greatestFiniteMagnitude] { add(value, 0x7bff) }
    let clipped = light.count - clampedFrom
    light += [.nan, -.nan, .signalingNaN, Float(bitPattern: 0x7fff_ffff), Float(bitPattern: 0xff80_0001)]
    expected += [0x7e00, 0xfe00, 0x7f00, 0x7fff, 0xfe00]

    let layout = PixelLayout.interleaved(type: .half, transfer: .linear, width: light.count, channels: 1)
    for kernels in RowKernels.all {
      let memory = GuardedBytes(count: 2 * light.count, shift: 1, sampleSize: 2)
      let found = light.withUnsafeBufferPointer { light in
        RowCoder(layout, kernels: kernels.table).store(
          [light.baseAddress!], columns: 0..<light.count, channels: 0..<1, to: memory.start)
      }
      let halfs = memory.array(of: UInt16.self)
      #expect(firstDifference(halfs, expected) == nil, "\(kernels.name)")
      #expect(found == clipped && memory.guardsStand)
    }
  }
}
