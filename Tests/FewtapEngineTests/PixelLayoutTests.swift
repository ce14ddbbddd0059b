import FewtapCore
import FewtapEngine
import Testing

@Suite("Layouts of pixels in memory") struct PixelLayoutTests {
  /// Five columns of RGBA bytes, rows of 24.
  static let padded = PixelLayout.interleaved(
    type: .uint8, transfer: .srgb, width: 5, channels: 4, alphaIndex: 3, rowStride: 24)

  @Test("the bytes that an image spans")
  func ranges() throws {
    // The last row ends with its last pixel, not with its padding.
    #expect(try Self.padded.byteRange(height: 3) == 0..<68)
    let planar = PixelLayout.planar(type: .float, transfer: .linear, width: 7, height: 4, channels: 3)
    #expect(planar.channelStride == 112 && planar.rowStride == 28 && planar.pixelStride == 4)
    #expect(try planar.byteRange(height: 4) == 0..<336)
    var bottomUp = Self.padded
    bottomUp.rowStride = -24
    #expect(try bottomUp.byteRange(height: 3) == -48..<20)
    var mirrored = bottomUp
    mirrored.pixelStride = -4
    #expect(try mirrored.byteRange(height: 3) == -64..<4)
    // Strides of an axis with one step do not matter.
    let pixel = PixelLayout(
      type: .half, transfer: .linear, width: 1, channels: 1, pixelStride: 0, channelStride: 1, rowStride: .min)
    #expect(try pixel.byteRange(height: 1) == 0..<2)
    // Lines of each channel in turn, and pixels of two images in turn.
    let lines = PixelLayout(
      type: .uint16, transfer: .linear, width: 6, channels: 3, pixelStride: 2, channelStride: 12, rowStride: 36)
    #expect(try lines.byteRange(height: 2) == 0..<72)
    let alternating = PixelLayout(
      type: .uint8, transfer: .linear, width: 6, channels: 1, pixelStride: 2, channelStride: 0, rowStride: 12)
    #expect(try alternating.byteRange(height: 2) == 0..<23)
  }

  static func layout(
    _ type: PixelType = .uint16, width: Int = 4, channels: Int = 3, alphaIndex: Int? = nil, pixel: Int = 6,
    channel: Int = 2, row: Int = 24
  ) -> PixelLayout {
    PixelLayout(
      type: type, transfer: .linear, width: width, channels: channels, alphaIndex: alphaIndex, pixelStride: pixel,
      channelStride: channel, rowStride: row)
  }

  @Test(
    "what cannot be is refused, by name and with what would fit",
    arguments: [
      (layout(width: 0), 2, PixelLayoutError.size(width: 0, height: 2, channels: 3), "0x2"),
      (layout(), 0, .size(width: 4, height: 0, channels: 3), "4x0"),
      (layout(), -1, .size(width: 4, height: -1, channels: 3), "at least 1"),
      (layout(channels: 0), 2, .size(width: 4, height: 2, channels: 0), "0 channels"),
      (layout(width: 1 << 31), 1, .tooLarge(width: 1 << 31, height: 1, channels: 3), "too many"),
      (layout(alphaIndex: 3), 2, .noSuchAlpha(index: 3, channels: 3), "0...2"),
      (layout(alphaIndex: -1), 2, .noSuchAlpha(index: -1, channels: 3), "-1"),
      (layout(pixel: 7), 2, .misalignedStride(name: "pixelStride", bytes: 7, type: .uint16), "multiple of 2"),
      (layout(channel: 1), 2, .misalignedStride(name: "channelStride", bytes: 1, type: .uint16), "channelStride"),
      (layout(row: -25), 2, .misalignedStride(name: "rowStride", bytes: -25, type: .uint16), "-25"),
      (layout(pixel: 4), 2, .overlap(name: "pixelStride", bytes: 4, needed: 6), "at least 6"),
      (layout(pixel: -4), 2, .overlap(name: "pixelStride", bytes: -4, needed: 6), "-4"),
      (layout(channel: 0), 2, .overlap(name: "channelStride", bytes: 0, needed: 2), "overlap"),
      (layout(row: 22), 2, .overlap(name: "rowStride", bytes: 22, needed: 24), "at least 24"),
      (layout(row: 0), 2, .overlap(name: "rowStride", bytes: 0, needed: 2), "rowStride"),
      (layout(row: .max - 1), 3, .tooLarge(width: 4, height: 3, channels: 3), "too many"),
      (layout(row: .min), 2, .tooLarge(width: 4, height: 2, channels: 3), "too many"),
      (layout(row: .max - 1), 2, .tooLarge(width: 4, height: 2, channels: 3), "too many"),
      (layout(pixel: 1 << 60, row: -1 << 62), 3, .tooLarge(width: 4, height: 3, channels: 3), "too many"),
      (
        PixelLayout.interleaved(type: .float, transfer: .linear, width: .max, channels: .max), 1,
        .tooLarge(width: .max, height: 1, channels: .max), "too many"
      ),
    ] as [(PixelLayout, Int, PixelLayoutError, String)])
  func refused(layout: PixelLayout, height: Int, error: PixelLayoutError, words: String) {
    #expect(throws: error) { try layout.check(height: height) }
    #expect(error.description.contains(words), "\(error)")
  }

  @Test("buffers too small, misaligned or shared are refused")
  func buffers() throws {
    let layout = Self.layout()
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 100, alignment: 8)
    defer { memory.deallocate() }
    func part(_ range: Range<Int>) -> UnsafeMutableRawBufferPointer {
      UnsafeMutableRawBufferPointer(rebasing: memory[range])
    }
    #expect(try layout.origin(in: part(2..<50), height: 2) == memory.baseAddress! + 2)
    #expect(throws: PixelLayoutError.bufferTooSmall(bytes: 47, needed: 48)) {
      try layout.origin(in: part(0..<47), height: 2)
    }
    #expect(throws: PixelLayoutError.bufferTooSmall(bytes: 0, needed: 48)) {
      try layout.origin(in: UnsafeRawBufferPointer(start: nil, count: 0), height: 2)
    }
    #expect(throws: PixelLayoutError.misalignedBuffer(type: .uint16)) {
      try layout.origin(in: part(1..<50), height: 2)
    }
    var bottomUp = layout
    bottomUp.rowStride = -24
    #expect(try bottomUp.origin(in: part(0..<48), height: 2) == memory.baseAddress! + 24)

    try PixelLayout.checkDisjoint(UnsafeRawBufferPointer(part(0..<48)), part(48..<96))
    try PixelLayout.checkDisjoint(UnsafeRawBufferPointer(part(48..<96)), part(0..<48))
    try PixelLayout.checkDisjoint(UnsafeRawBufferPointer(start: nil, count: 0), part(0..<48))
    for (input, output, shared) in [
      (0..<48, 47..<96, 1), (40..<96, 0..<48, 8), (0..<96, 8..<16, 8), (0..<48, 0..<48, 48),
    ] {
      #expect(throws: PixelLayoutError.buffersOverlap(bytes: shared)) {
        try PixelLayout.checkDisjoint(UnsafeRawBufferPointer(part(input)), part(output))
      }
    }
    #expect(ApplyError.layout(.buffersOverlap(bytes: 8)).description.contains("share 8 bytes"))
  }
}
