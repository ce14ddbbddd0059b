import FewtapCore
import FewtapEngine
import TestSupport

/// An image of Floats or codes in memory, for the tests of plans.
struct StoredImage {
  var layout: PixelLayout
  var height: Int
  var bytes: [UInt8]

  /// Noise: light in 0...1, or any codes.
  init(_ layout: PixelLayout, height: Int, seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    (self.layout, self.height) = (layout, height)
    let count = try layout.byteRange(height: height).count
    switch layout.type {
    case .uint8, .uint16: bytes = (0..<count).map { _ in UInt8(random.index(256)) }
    case .half: bytes = Self.bytes((0..<count / 2).map { _ in UInt16(random.index(0x3c00)) })
    case .float: bytes = Self.bytes((0..<count / 4).map { _ in Float(random.uniform(0, 1)) })
    }
  }

  /// An empty one.
  init(_ layout: PixelLayout, height: Int) throws {
    (self.layout, self.height) = (layout, height)
    bytes = [UInt8](repeating: 0, count: try layout.byteRange(height: height).count)
  }

  private static func bytes<Sample>(_ samples: [Sample]) -> [UInt8] { samples.withUnsafeBytes { Array($0) } }

  /// The Float at a pixel and channel.
  subscript(x: Int, y: Int, channel: Int) -> Float {
    get { bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: place(x, y, channel), as: Float.self) } }
    set {
      let place = place(x, y, channel)
      bytes.withUnsafeMutableBytes { $0.storeBytes(of: newValue, toByteOffset: place, as: Float.self) }
    }
  }

  private func place(_ x: Int, _ y: Int, _ channel: Int) -> Int {
    y * layout.rowStride + x * layout.pixelStride + channel * layout.channelStride
  }

  /// The channels of Floats as planes.
  func image() throws -> Image {
    try Image(
      planes: (0..<layout.channels).map { channel in
        Plane(width: layout.width, height: height) { self[$0, $1, channel] }
      }, alphaIndex: layout.alphaIndex, alphaIsAssociated: layout.alphaIsAssociated)
  }

  /// The same Floats in another arrangement.
  func arranged(_ layout: PixelLayout) throws -> StoredImage {
    var result = try StoredImage(layout, height: height)
    for y in 0..<height {
      for x in 0..<layout.width {
        for channel in 0..<layout.channels { result[x, y, channel] = self[x, y, channel] }
      }
    }
    return result
  }

  /// What `plan` makes of it, in `layout` or its own.
  func filtered(_ plan: some PixelPlan, to layout: PixelLayout? = nil, options: ApplyOptions = ApplyOptions()) throws
    -> StoredImage
  {
    var result = try StoredImage(layout ?? self.layout, height: height)
    try bytes.withUnsafeBytes { input in
      _ = try result.bytes.withUnsafeMutableBytes { output in
        try plan.apply(from: input, self.layout, to: output, result.layout, height: height, options: options)
      }
    }
    return result
  }

  /// The same a few rows at a time.
  func streamed(
    _ plan: some PixelPlan, to layout: PixelLayout? = nil, options: ApplyOptions = ApplyOptions(), memoryLimit: Int
  ) throws -> (result: StoredImage, read: [Range<Int>], written: [Range<Int>]) {
    var result = try StoredImage(layout ?? self.layout, height: height)
    var (read, written): ([Range<Int>], [Range<Int>]) = ([], [])
    try plan.apply(
      height: height, self.layout, result.layout, options: options, memoryLimit: memoryLimit,
      reading: { rows, buffer in
        read.append(rows)
        let stride = self.layout.rowStride
        let end = min(rows.upperBound * stride, bytes.count)
        buffer.copyBytes(from: bytes[rows.lowerBound * stride..<end])
      },
      writing: { rows, buffer in
        written.append(rows)
        let start = rows.lowerBound * result.layout.rowStride
        for index in 0..<min(buffer.count, result.bytes.count - start) { result.bytes[start + index] = buffer[index] }
      })
    return (result, read, written)
  }
}

/// The first pixel at which two images differ in a bit.
func firstDifference(_ found: Image, _ expected: Image) -> String? {
  for (channel, (a, b)) in zip(found.planes, expected.planes).enumerated() {
    if let difference = firstDifference(a.values.map(\.bitPattern), b.values.map(\.bitPattern)) {
      return "channel \(channel): \(difference)"
    }
  }
  return found.planes.count == expected.planes.count ? nil : "\(found.planes.count) channels"
}
