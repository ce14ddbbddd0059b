import FewtapViewer
import Foundation
import Testing

/// Heads of WebP files, each of 37x19 pixels, as libwebp 1.x writes them.
@Suite struct WebPHeaderTests {
  static let files = [
    "lossy": "UklGRkAAAABXRUJQVlA4IDQAAAAQAwCdASolABMAP3G202I0ryqmJWgCkC4JZwAAMnSDaAAA8Y/e9LXDX/61ytWjgAAw4QAA",
    "lossless": "UklGRh4AAABXRUJQVlA4TBEAAAAvJIAEAAdQsiJXpv+BiOh/AAA=",
    "with alpha":
      "UklGRmQAAABXRUJQVlA4WAoAAAAQAAAAJAAAEgAAQUxQSAoAAAABB9CEiAhERP8DVlA4IDQAAAAQAwCdASolABMAP3G202I0ryqmJWgCkC4JZwAAMnSDaAAA8Y/e9LXDX/61ytWjgAAw4QAA",
    "animated":
      "UklGRsIAAABXRUJQVlA4WAoAAAACAAAAJAAAEgAAQU5JTQYAAAAAAAAAAABBTk1GTAAAAAAAAAAAACQAABIAAGQAAAJWUDggNAAAADADAJ0BKiUAEwA/cbjUYjSvKqYlaAKQLglnAAJCk/E/TyAA/Mr/ScQUgT/5HO9KlMacgABBTk1GQgAAAAAAAAAAACQAABIAAGQAAABWUDggKgAAAHQCAJ0BKiUAEwAvLbjcbgAAEsS0gAEheU0j2AAA/u+aR/gLEn/gLBQAAA==",
  ]

  @Test(arguments: files.keys.sorted()) func size(name: String) throws {
    let bytes = Array(try #require(Self.files[name].flatMap { Data(base64Encoded: $0) }))
    let header = try #require(WebPHeader(bytes))
    #expect(header.width == 37 && header.height == 19)
    // What follows is no part of it; what is cut short is no picture.
    #expect(WebPHeader(bytes + [1, 2, 3]) == header)
    for count in 0..<bytes.count { #expect(WebPHeader(Array(bytes.prefix(count))) == nil, "\(count) bytes") }
    // Any byte may be wrong.
    for place in bytes.indices {
      for value: UInt8 in [0, 1, 0x7F, 0xFF] {
        var broken = bytes
        broken[place] = value
        if let seen = WebPHeader(broken) { #expect(seen.width > 0 && seen.height > 0) }
      }
    }
  }

  @Test func noPicture() {
    let head = Array("RIFF".utf8) + [4, 0, 0, 0] + Array("WEBP".utf8)
    #expect(WebPHeader(head) == nil)
    #expect(WebPHeader(Array("RIFF".utf8) + [4, 0, 0, 0] + Array("WAVE".utf8)) == nil)
    // A canvas alone.
    let canvas =
      Array("RIFF".utf8) + [22, 0, 0, 0] + Array("WEBPVP8X".utf8) + [10, 0, 0, 0] + [0, 0, 0, 0, 9, 0, 0, 9, 0, 0]
    #expect(WebPHeader(canvas) == nil)
  }
}
