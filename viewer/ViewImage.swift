import FewtapCore
import Foundation

/// A picture as a page holds it: the bytes of a file that browsers read, or light beyond white.
public struct ViewImage: Equatable, Sendable {
  /// What the bytes are.
  public enum Kind: String, CaseIterable, Sendable {
    /// Portable Network Graphics.
    case png = "image/png"
    /// JPEG.
    case jpeg = "image/jpeg"
    /// WebP.
    case webp = "image/webp"
    /// Linear light: columns and rows in 32 bits, then red, green and blue of each pixel, row by row, as IEEE binary16, little-endian.
    case light = "image/x-fewtap-half"

    /// The kind that a file's first bytes tell; nil if no file of browsers.
    public init?(content bytes: some Collection<UInt8>) {
      let head = Array(bytes.prefix(12))
      if head.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) {
        self = .png
      } else if head.starts(with: [0xFF, 0xD8, 0xFF]) {
        self = .jpeg
      } else if head.starts(with: Array("RIFF".utf8)), head.dropFirst(8).elementsEqual(Array("WEBP".utf8)) {
        self = .webp
      } else {
        return nil
      }
    }
  }

  /// What the bytes are.
  public var kind: Kind
  /// The file.
  public var bytes: [UInt8]

  /// A picture of given parts.
  public init(kind: Kind, bytes: [UInt8]) { (self.kind, self.bytes) = (kind, bytes) }

  /// Linear light in half floats: an image of one color or three, whose alpha is left out. Light beyond 65504 is clipped.
  public init(light image: Image) {
    let colors = image.planes.indices.filter { $0 != image.alphaIndex }
    let planes = (0..<3).map { image.planes[colors[colors.count < 3 ? 0 : $0]].values }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(8 + 6 * image.width * image.height)
    for side in [image.width, image.height] { bytes += (0..<4).map { UInt8(truncatingIfNeeded: side >> (8 * $0)) } }
    for place in 0..<image.width * image.height {
      for plane in planes {
        let bits = HalfBits.bits(nearest: Double(plane[place]))
        bytes += [UInt8(truncatingIfNeeded: bits), UInt8(truncatingIfNeeded: bits >> 8)]
      }
    }
    self.init(kind: .light, bytes: bytes)
  }

  var json: String {
    object([("type", quoted(kind.rawValue)), ("base64", quoted(Data(bytes).base64EncodedString()))])
  }
}
