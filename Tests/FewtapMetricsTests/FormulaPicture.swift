import FewtapCore
import FewtapMetrics

/// Pairs of pictures by formula, of whole numbers only: `Benchmarks/check_metrics.py` makes the same bits.
enum FormulaPicture: String, CaseIterable, Sendable {
  case noise, shift, blur, faded, grayNoise, whiteOnBlack

  static let (width, height) = (53, 71)
  /// Where maps are compared: two corners, and places on both sides of row 64, where FLIP goes from a band to the next.
  static let pixels = [(0, 0), (52, 0), (17, 31), (26, 64), (40, 70), (5, 50)]

  var channels: Int { self == .grayNoise ? 1 : 3 }

  func reference() throws -> DisplayPicture {
    try Self.picture(channels: channels) { self == .whiteOnBlack ? 0 : Self.scene($0, $1, $2) }
  }

  func picture() throws -> DisplayPicture { try Self.picture(channels: channels, code) }

  /// The picture of `code(x, y, channel)`, clamped to a byte.
  static func picture(channels: Int, _ code: (Int, Int, Int) -> Int) throws -> DisplayPicture {
    try DisplayPicture(
      codes: (0..<channels).map { channel in
        Plane(width: width, height: height) { x, y in Float(min(max(code(x, y, channel), 0), 255)) / 255 }
      })
  }

  static func scene(_ x: Int, _ y: Int, _ channel: Int) -> Int {
    let phase = (3 * x + 2 * y * (channel + 1)) % 120
    let patch = (x / 9 + y / 7) % 5 == channel ? 60 : 0
    return 30 + 2 * min(phase, 120 - phase) + patch + hash(x, y, channel, seed: 1) % 32
  }

  static func hash(_ x: Int, _ y: Int, _ channel: Int, seed: Int) -> Int {
    let sum = x * 0x9E37_79B1 + y * 0x85EB_CA77 + channel * 0xC2B2_AE3D + seed * 0x27D4_EB2F
    var h = UInt32(truncatingIfNeeded: sum)
    h = (h ^ h >> 15) &* 0x2C1B_3C6D
    return Int(h ^ h >> 12)
  }

  private func code(_ x: Int, _ y: Int, _ channel: Int) -> Int {
    // The reference is clamped before anything is done to it.
    func before(_ x: Int, _ y: Int) -> Int {
      min(Self.scene(min(max(x, 0), Self.width - 1), min(max(y, 0), Self.height - 1), channel), 255)
    }
    let code = before(x, y)
    switch self {
    case .noise: return code + Self.hash(x, y, channel, seed: 2) % 64 - 32
    case .shift: return before(x + 1, y)
    case .blur: return (-1...1).reduce(0) { sum, dy in sum + (-1...1).reduce(0) { $0 + before(x + $1, y + dy) } } / 9
    case .faded: return [code * 3 / 4, code, 255 - (255 - code) * 3 / 4][channel]
    case .grayNoise: return code + Self.hash(x, y, channel, seed: 3) % 48 - 24
    case .whiteOnBlack: return 255
    }
  }
}
