/// PNG and TIFF files byte by byte: kinds that no encoder here writes.
enum HandmadeFiles {
  /// A PNG of packed rows (RFC 2083); `colorType` 0 gray, 2 RGB, 3 palette, 4 gray and alpha, 6 RGBA.
  static func png(
    width: Int, height: Int, bitDepth: UInt8, colorType: UInt8, palette: [UInt8] = [], rows: [[UInt8]],
    isInterlaced: Bool = false
  ) -> [UInt8] {
    let header: [UInt8] = bigEndian(width) + bigEndian(height) + [bitDepth, colorType, 0, 0, isInterlaced ? 1 : 0]
    // Filter 0 before each row, in one stored block of a zlib stream (RFC 1950, 1951).
    let data = rows.reduce(into: [UInt8]()) { $0 += [0] + $1 }
    let count = [UInt8(data.count & 0xFF), UInt8(data.count >> 8)]
    var stream: [UInt8] = [0x78, 0x01, 1]
    for part in [count, count.map { ~$0 }, data, bigEndian(adler32(data))] { stream += part }
    var bytes: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A] + chunk("IHDR", header)
    if !palette.isEmpty { bytes += chunk("PLTE", palette) }
    return bytes + chunk("IDAT", stream) + chunk("IEND", [])
  }

  /// An interlaced gray PNG of 8 bits: seven passes over pixels further and further together (RFC 2083, 2.6).
  static func interlacedPNG(width: Int, height: Int, _ code: (Int, Int) -> UInt8) -> [UInt8] {
    let passes = [
      (0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2),
    ]
    let rows = passes.flatMap { x, y, stepX, stepY in
      x < width
        ? stride(from: y, to: height, by: stepY).map { row in
          stride(from: x, to: width, by: stepX).map { code($0, row) }
        } : []
    }
    return png(width: width, height: height, bitDepth: 8, colorType: 0, rows: rows, isInterlaced: true)
  }

  private static func chunk(_ name: String, _ data: [UInt8]) -> [UInt8] {
    let body = Array(name.utf8) + data
    return bigEndian(data.count) + body + bigEndian(crc32(body))
  }

  private static func bigEndian(_ number: Int) -> [UInt8] {
    (0..<4).map { UInt8(truncatingIfNeeded: number >> (24 - 8 * $0)) }
  }

  private static func crc32(_ bytes: [UInt8]) -> Int {
    var crc: UInt32 = 0xFFFF_FFFF
    for byte in bytes {
      crc ^= UInt32(byte)
      for _ in 0..<8 { crc = crc & 1 == 0 ? crc >> 1 : crc >> 1 ^ 0xEDB8_8320 }
    }
    return Int(~crc)
  }

  private static func adler32(_ bytes: [UInt8]) -> Int {
    var (low, high) = (1, 0)
    for byte in bytes {
      low = (low + Int(byte)) % 65521
      high = (high + low) % 65521
    }
    return high << 16 | low
  }

  /// One page of a TIFF: its fields, without those that say where the pixels are, and the pixels, by strip or tile.
  struct Page {
    var fields: [UInt16: [Int]]
    var blocks: [[UInt8]]

    /// An uncompressed image in one strip.
    init(
      width: Int, height: Int, bits: Int, samples: Int, photometric: Int, extra: [UInt16: [Int]] = [:], pixels: [UInt8]
    ) {
      fields = [
        256: [width], 257: [height], 258: Array(repeating: bits, count: samples), 259: [1], 262: [photometric],
        277: [samples], 278: [height],
      ]
      fields.merge(extra) { $1 }
      blocks = [pixels]
    }
  }

  /// A TIFF of pages (TIFF 6.0); every field is stored as LONG but those that readers want SHORT.
  static func tiff(_ pages: [Page], isBigEndian: Bool = false) -> [UInt8] {
    func number(_ value: Int, _ size: Int) -> [UInt8] {
      let little = (0..<size).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
      return isBigEndian ? little.reversed() : little
    }
    var bytes = Array((isBigEndian ? "MM" : "II").utf8) + number(42, 2) + [0, 0, 0, 0]
    var link = 4
    for page in pages {
      var fields = page.fields
      let isTiled = fields[322] != nil
      fields[isTiled ? 324 : 273] = page.blocks.map { block in
        defer { bytes += block }
        return bytes.count
      }
      fields[isTiled ? 325 : 279] = page.blocks.map(\.count)
      if bytes.count % 2 == 1 { bytes.append(0) }
      var entries: [UInt8] = []
      for (tag, values) in fields.sorted(by: { $0.key < $1.key }) {
        let isLong = [256, 257, 273, 278, 279, 322, 323, 324, 325].contains(tag)
        let size = isLong ? 4 : 2
        var data = values.flatMap { number($0, size) }
        if data.count > 4 {
          let place = bytes.count
          bytes += data
          data = number(place, 4)
        }
        data += [UInt8](repeating: 0, count: 4 - data.count)
        for part in [number(Int(tag), 2), number(isLong ? 4 : 3, 2), number(values.count, 4), data] { entries += part }
      }
      bytes.replaceSubrange(link..<link + 4, with: number(bytes.count, 4))
      bytes += number(fields.count, 2) + entries
      link = bytes.count
      bytes += [0, 0, 0, 0]
    }
    return bytes
  }
}
