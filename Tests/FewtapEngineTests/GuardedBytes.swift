import FewtapEngine
import Testing

/// A piece of memory with guards on both sides, so that a write beyond it shows. Its start is `shift` samples past a
/// 64-byte boundary: rows may begin at any sample.
final class GuardedBytes {
  private static let guardCount = 256
  private static let guardByte: UInt8 = 0xA5
  private let memory: UnsafeMutableRawBufferPointer
  let start: UnsafeMutableRawPointer
  let count: Int

  init(count: Int, shift: Int, sampleSize: Int) {
    self.count = count
    let before = Self.guardCount + shift * sampleSize
    memory = .allocate(byteCount: before + count + Self.guardCount, alignment: 64)
    memory.initializeMemory(as: UInt8.self, repeating: Self.guardByte)
    start = memory.baseAddress! + before
  }

  convenience init<Sample>(_ samples: [Sample], shift: Int) {
    self.init(count: samples.count * MemoryLayout<Sample>.stride, shift: shift, sampleSize: MemoryLayout<Sample>.stride)
    for (index, sample) in samples.enumerated() {
      start.storeBytes(of: sample, toByteOffset: index * MemoryLayout<Sample>.stride, as: Sample.self)
    }
  }

  deinit { memory.deallocate() }

  var floats: UnsafeMutablePointer<Float> { start.assumingMemoryBound(to: Float.self) }

  var words: UnsafeMutablePointer<UInt16> { start.assumingMemoryBound(to: UInt16.self) }

  /// All of it as the row of a single channel.
  var row: ChannelRows { ChannelRows(first: floats, stride: 0, count: 1) }

  func array<Sample>(of type: Sample.Type) -> [Sample] {
    (0..<count / MemoryLayout<Sample>.stride).map {
      start.load(fromByteOffset: $0 * MemoryLayout<Sample>.stride, as: Sample.self)
    }
  }

  /// True if nothing was written outside.
  var guardsStand: Bool {
    let end = start + count
    return memory.indices.allSatisfy { index in
      let address = memory.baseAddress! + index
      return (address >= start && address < end) || memory[index] == Self.guardByte
    }
  }

  /// Makes all of it as if it were never written.
  func fillUntouched() { start.initializeMemory(as: UInt8.self, repeating: Self.guardByte, count: count) }

  /// The byte that fills what was never written.
  static var untouched: UInt8 { guardByte }
}

/// Rows of Floats, one a channel, with guards around each.
struct GuardedRows {
  private static let gap = 19
  private let bytes: GuardedBytes
  let rows: ChannelRows
  private let count: Int

  init(count: Int, channels: Int, shift: Int) {
    self.count = count
    let stride = count + Self.gap
    bytes = GuardedBytes(count: 4 * stride * channels, shift: shift, sampleSize: 4)
    rows = ChannelRows(first: bytes.floats, stride: stride, count: channels)
  }

  subscript(channel: Int) -> [Float] { Array(UnsafeBufferPointer(start: rows[channel], count: count)) }

  /// True if nothing was written outside of the rows.
  var guardsStand: Bool {
    let gaps = bytes.array(of: UInt8.self).enumerated().filter { index, _ in index / 4 % rows.stride >= count }
    return bytes.guardsStand && gaps.allSatisfy { $0.element == GuardedBytes.untouched }
  }
}

/// The first index at which two arrays differ, with both values; nil if they are equal. Short, where printing would not be.
func firstDifference<Value: Equatable>(_ found: [Value], _ expected: [Value]) -> String? {
  guard found.count == expected.count else { return "\(found.count) values instead of \(expected.count)" }
  for index in found.indices where found[index] != expected[index] {
    return "[\(index)] is \(found[index]), not \(expected[index])"
  }
  return nil
}
