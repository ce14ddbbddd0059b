import FewtapCore
import FewtapEngine
import TestSupport
import Testing

/// Memory of the caller's that does not hold what its layout says: refused, with nothing written.
@Suite("Buffers and layouts that plans refuse") struct PlanBufferErrorTests {
  static let layout = PixelLayout.interleaved(
    type: .uint8, transfer: .srgb, width: 6, channels: 4, alphaIndex: 3, rowStride: 32)
  static let height = 5
  static let needed = 4 * 32 + 24

  /// What the plan says to `count` bytes from `start` as input, and then as output.
  private func refusal(
    _ input: PixelLayout = layout, _ output: PixelLayout = layout, height: Int = height,
    inputBytes: Range<Int> = 0..<needed,
    outputBytes: Range<Int> = 256..<256 + needed
  ) throws -> ApplyError {
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 512, alignment: 64)
    defer { memory.deallocate() }
    memory.initializeMemory(as: UInt8.self, repeating: 0x5A)
    let plan = try ApplyPlan(ApplyErrorTests.mean, width: 6)
    let error = try #require(throws: ApplyError.self) {
      try plan.apply(
        from: UnsafeRawBufferPointer(rebasing: memory[inputBytes]), input,
        to: UnsafeMutableRawBufferPointer(rebasing: memory[outputBytes]), output, height: height)
    }
    #expect(memory.allSatisfy { $0 == 0x5A })
    return error
  }

  @Test("another width than the plan's") func widths() throws {
    var wide = Self.layout
    wide.width = 7
    #expect(try refusal(wide) == .widthDiffers(planned: 6, found: 7))
    #expect(try refusal(Self.layout, wide) == .widthDiffers(planned: 6, found: 7))
    #expect(throws: ApplyError.widthDiffers(planned: 6, found: 7)) {
      try ApplyPlan(ApplyErrorTests.mean, width: 6).apply(toPlane: Plane(width: 7, height: 2))
    }
    for width in [0, -1, .min, .max, 1 << 31] {
      #expect(throws: ApplyError.badWidth(width)) { try ApplyPlan(ApplyErrorTests.mean, width: width) }
    }
  }

  @Test("other channels, or alpha elsewhere") func channels() throws {
    var three = Self.layout
    (three.channels, three.alphaIndex) = (3, nil)
    #expect(try refusal(three) == .layout(.channelsDiffer(input: 3, output: 4)))
    var opaque = Self.layout
    opaque.alphaIndex = nil
    #expect(try refusal(Self.layout, opaque) == .layout(.channelsDiffer(input: 4, output: 4)))
  }

  @Test("buffers that are too small") func small() throws {
    #expect(
      try refusal(inputBytes: 0..<Self.needed - 1)
        == .layout(.bufferTooSmall(bytes: Self.needed - 1, needed: Self.needed)))
    #expect(
      try refusal(outputBytes: 256..<256 + Self.needed - 1)
        == .layout(.bufferTooSmall(bytes: Self.needed - 1, needed: Self.needed)))
    #expect(try refusal(height: 6) == .layout(.bufferTooSmall(bytes: Self.needed, needed: Self.needed + 32)))
  }

  @Test("buffers that overlap") func overlap() throws {
    for (start, shared) in [(0, Self.needed), (Self.needed - 1, 1), (64, Self.needed - 64)] {
      #expect(
        try refusal(outputBytes: start..<start + Self.needed) == .layout(.buffersOverlap(bytes: shared)))
    }
  }

  @Test("strides that do not fit") func strides() throws {
    var overlapping = Self.layout
    overlapping.rowStride = 23
    let error = ApplyError.layout(.overlap(name: "rowStride", bytes: 23, needed: 24))
    #expect(try refusal(overlapping) == error)
    #expect(try refusal(Self.layout, overlapping) == error)
    var halves = PixelLayout.interleaved(type: .uint16, transfer: .srgb, width: 6, channels: 4, alphaIndex: 3)
    halves.pixelStride = 9
    #expect(
      try refusal(halves, inputBytes: 0..<256)
        == .layout(.misalignedStride(name: "pixelStride", bytes: 9, type: .uint16)))
    halves.pixelStride = 8
    #expect(
      try refusal(halves, inputBytes: 1..<256, outputBytes: 300..<300 + Self.needed)
        == .layout(.misalignedBuffer(type: .uint16)))
  }

  @Test("heights that cannot be", arguments: [0, -1, Int.min]) func heights(height: Int) throws {
    #expect(try refusal(height: height) == .layout(.size(width: 6, height: height, channels: 4)))
  }
}
