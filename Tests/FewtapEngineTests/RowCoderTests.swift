import CFewtapKernels
import FewtapCore
import FewtapEngine
import TestSupport
import Testing

/// Samples of every type in every arrangement, in every instruction set of this machine.
@Suite("Rows of samples to light and back") struct RowCoderTests {
  /// Stored bits of one sample, and the light that they stand for.
  typealias Sample = (bits: UInt32, light: Float)

  /// Samples whose light comes back as the same bits.
  static func samples(_ count: Int, _ type: PixelType, _ transfer: TransferFunction, _ random: inout SeededGenerator)
    -> [Sample]
  {
    (0..<count).map { _ in
      switch type {
      case .uint8, .uint16:
        let most = type == .uint8 ? 255 : 65535
        let code = random.index(most + 1)
        return (UInt32(code), Float(transfer.decode(Double(code) / Double(most))))
      case .half:
        // Finite ones: below 0x7c00 apart from the sign.
        let bits = UInt16(random.index(0x7c00)) | UInt16(random.index(2)) << 15
        return (UInt32(bits), Float(transfer.decode(HalfBits.value(bits))))
      case .float:
        let light = Float(random.uniform(-2, 2))
        return (light.bitPattern, Float(transfer.decode(Double(light))))
      }
    }
  }

  static func put(_ bits: UInt32, _ type: PixelType, at place: UnsafeMutableRawPointer) {
    switch type.byteCount {
    case 1: place.storeBytes(of: UInt8(bits), as: UInt8.self)
    case 2: place.storeBytes(of: UInt16(bits), as: UInt16.self)
    default: place.storeBytes(of: bits, as: UInt32.self)
    }
  }

  static func bits(_ type: PixelType, at place: UnsafeRawPointer) -> UInt32 {
    switch type.byteCount {
    case 1: UInt32(place.load(as: UInt8.self))
    case 2: UInt32(place.load(as: UInt16.self))
    default: place.load(as: UInt32.self)
    }
  }

  /// Widths around those of vectors, and of the blocks that samples are taken apart in.
  static let widths = Array(1...67) + [127, 255, 256, 257, 300, 513]

  @Test(
    "every stride, width and alignment, with nothing touched in between or outside", arguments: PixelType.allCases,
    [1, 2, 3, 4, 5, -1, -3, -5])
  func arrangements(type: PixelType, step: Int) throws {
    for transfer in type.isInteger ? TransferFunction.allCases : [.linear] {
      for channels in 1...abs(step) {
        for width in Self.widths { try Self.checkRow(type, transfer, width: width, channels: channels, step: step) }
      }
    }
  }

  static func checkRow(_ type: PixelType, _ transfer: TransferFunction, width: Int, channels: Int, step: Int) throws {
    let size = type.byteCount
    let layout = PixelLayout(
      type: type, transfer: transfer, width: width, channels: channels, pixelStride: step * size, channelStride: size,
      rowStride: 0)
    let range = try layout.byteRange(height: 1)
    var random = SeededGenerator(seed: UInt64(width * 100 + channels * 10 + step + 5))
    let samples = samples(width * channels, type, transfer, &random)
    // Odd widths start at odd places.
    let bytes = GuardedBytes(count: range.count, shift: width % 7, sampleSize: size)
    let row = try layout.origin(in: UnsafeMutableRawBufferPointer(start: bytes.start, count: bytes.count), height: 1)
    func place(_ x: Int, _ channel: Int) -> UnsafeMutableRawPointer { row + (x * step + channel) * size }
    let firstColumn = random.index(min(3, width))
    let columns = firstColumn..<width

    for kernels in RowKernels.all {
      bytes.fillUntouched()
      for x in 0..<width {
        for channel in 0..<channels { put(samples[x * channels + channel].bits, type, at: place(x, channel)) }
      }
      let coder = RowCoder(layout, kernels: kernels.table)
      let rows = GuardedRows(count: columns.count, channels: channels, shift: width % 5)
      coder.load(row, columns: columns, channels: 0..<channels, into: rows.rows)
      for channel in 0..<channels {
        let expected = columns.map { samples[$0 * channels + channel].light.bitPattern }
        #expect(
          firstDifference(rows[channel].map(\.bitPattern), expected) == nil,
          "\(kernels.name) \(transfer) width \(width), channel \(channel) of \(channels)")
      }
      #expect(rows.guardsStand)

      bytes.fillUntouched()
      let clipped = coder.store(
        (0..<channels).map { UnsafePointer(rows.rows[$0]) }, columns: columns, channels: 0..<channels, to: row)
      #expect(clipped == 0 && bytes.guardsStand)
      var written = Set<Int>()
      var stored: [UInt32] = []
      for x in columns {
        for channel in 0..<channels {
          stored.append(bits(type, at: place(x, channel)))
          for byte in 0..<size { written.insert(place(x, channel) + byte - bytes.start) }
        }
      }
      #expect(
        firstDifference(stored, samples[(firstColumn * channels)...].map(\.bits)) == nil,
        "\(kernels.name) \(transfer) width \(width), \(channels) channels")
      let touched = bytes.array(of: UInt8.self).enumerated().contains { index, byte in
        !written.contains(index) && byte != GuardedBytes.untouched
      }
      #expect(!touched, "\(kernels.name) width \(width), \(channels) channels")
    }
  }

  @Test("planar rows, one channel or all in a call", arguments: PixelType.allCases)
  func planar(type: PixelType) throws {
    let (width, height, channels) = (37, 3, 3)
    let layout = PixelLayout.planar(
      type: type, transfer: .linear, width: width, height: height, channels: channels)
    var random = SeededGenerator(seed: 1)
    let samples = Self.samples(width * height * channels, type, .linear, &random)
    let bytes = GuardedBytes(count: samples.count * type.byteCount, shift: 1, sampleSize: type.byteCount)
    for (index, sample) in samples.enumerated() {
      Self.put(sample.bits, type, at: bytes.start + index * type.byteCount)
    }
    #expect(try layout.byteRange(height: height) == 0..<bytes.count)
    for kernels in RowKernels.all {
      let coder = RowCoder(layout, kernels: kernels.table)
      #expect(!coder.isInterleaved)
      for y in 0..<height {
        let row = bytes.start + y * layout.rowStride
        let together = GuardedRows(count: width, channels: channels, shift: 0)
        coder.load(row, columns: 0..<width, channels: 0..<channels, into: together.rows)
        for channel in 0..<channels {
          let alone = GuardedBytes(count: 4 * width, shift: 0, sampleSize: 4)
          coder.load(row, columns: 0..<width, channels: channel..<channel + 1, into: alone.row)
          let expected = (0..<width).map { samples[(channel * height + y) * width + $0].light }
          #expect(firstDifference(alone.array(of: Float.self), expected) == nil)
          #expect(firstDifference(together[channel], expected) == nil)
        }
      }
    }
  }

  @Test("alpha is never decoded", arguments: PixelType.allCases)
  func alpha(type: PixelType) throws {
    let layout = PixelLayout.interleaved(type: type, transfer: .srgb, width: 1, channels: 2, alphaIndex: 1)
    for kernels in RowKernels.all {
      let coder = RowCoder(layout, kernels: kernels.table)
      let bytes = GuardedBytes(count: 2 * type.byteCount, shift: 0, sampleSize: type.byteCount)
      // 0.2 as each type has it.
      let code: UInt32 =
        switch type {
        case .uint8: 51
        case .uint16: 13107
        case .half: 0x3266
        case .float: Float(0.2).bitPattern
        }
      let stored = type == .half ? HalfBits.value(0x3266) : type == .float ? Double(Float(0.2)) : 0.2
      for channel in 0..<2 { Self.put(code, type, at: bytes.start + channel * type.byteCount) }
      let rows = GuardedRows(count: 1, channels: 2, shift: 0)
      coder.load(bytes.start, columns: 0..<1, channels: 0..<2, into: rows.rows)
      Self.put(0, type, at: bytes.start)
      Self.put(0, type, at: bytes.start + type.byteCount)
      let clipped = coder.store(
        [UnsafePointer(rows.rows[0]), UnsafePointer(rows.rows[1])], columns: 0..<1, channels: 0..<2, to: bytes.start)
      #expect(clipped == 0)
      let (color, alpha) = (rows[0][0], rows[1][0])
      #expect(color == Float(TransferFunction.srgb.decode(stored)) && alpha == Float(stored), "\(kernels.name)")
      #expect(!coder.lightIsAssociated)
      for channel in 0..<2 { #expect(Self.bits(type, at: bytes.start + channel * type.byteCount) == code) }
    }
  }

  @Test("sRGB codes that are multiplied by alpha are divided before they are decoded", arguments: PixelType.allCases)
  func associated(type: PixelType) throws {
    let width = 40
    let layout = PixelLayout.interleaved(
      type: type, transfer: .srgb, width: width, channels: 3, alphaIndex: 1, alphaIsAssociated: true)
    let most = Double(type.maximumCode ?? 1)
    var random = SeededGenerator(seed: 3)
    // Codes are the bits of integers, else numbers below 1 with 6 bits, which halfs hold too.
    func sample(below limit: Int) -> (bits: UInt32, value: Double) {
      let code = random.index(limit + 1)
      switch type {
      case .uint8, .uint16: return (UInt32(code), Double(code) / most)
      case .float: return (Float(code).bitPattern, Double(code))
      case .half: return (Self.halfBits(Float(code)), Double(code))
      }
    }
    let bytes = GuardedBytes(count: 3 * width * type.byteCount, shift: 0, sampleSize: type.byteCount)
    var expected: [[Float]] = [[], [], []]
    for x in 0..<width {
      let alpha = sample(below: type.isInteger ? Int(most) : 16)
      for channel in 0..<3 {
        let color = channel == 1 ? alpha : sample(below: type.isInteger ? Int(alpha.value * most) : 16)
        Self.put(color.bits, type, at: bytes.start + (3 * x + channel) * type.byteCount)
        let straight = alpha.value == 0 ? color.value : Double(Float(color.value)) / Double(Float(alpha.value))
        expected[channel].append(Float(channel == 1 ? alpha.value : TransferFunction.srgb.decode(straight)))
      }
    }
    let before = bytes.array(of: UInt8.self)
    for kernels in RowKernels.all {
      let coder = RowCoder(layout, kernels: kernels.table)
      #expect(!coder.lightIsAssociated)
      let rows = GuardedRows(count: width, channels: 3, shift: 0)
      coder.load(bytes.start, columns: 0..<width, channels: 0..<3, into: rows.rows)
      for (channel, expected) in expected.enumerated() {
        #expect(firstDifference(rows[channel], expected) == nil, "\(kernels.name)")
      }
      // A color over zero alpha is stored as zero: nothing is left to tell it.
      guard type.isInteger else { continue }
      _ = coder.store(
        (0..<3).map { UnsafePointer(rows.rows[$0]) }, alpha: rows.rows[1], columns: 0..<width, channels: 0..<3,
        to: bytes.start)
      #expect(firstDifference(bytes.array(of: UInt8.self), before) == nil, "\(kernels.name)")
    }
  }

  /// The half of a small whole number.
  static func halfBits(_ value: Float) -> UInt32 {
    value == 0 ? 0 : UInt32(value.exponent + 15) << 10 | (value.significandBitPattern >> 13)
  }
}
