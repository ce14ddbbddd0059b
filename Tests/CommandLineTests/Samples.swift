import Fewtap
import FewtapImageIO
import Foundation
import TestSupport

// Small files that the tests feed the command.

extension Workplace {
  /// A folder with a photograph, `photo.ppm`, of 48x40.
  static func withPhotograph() throws -> Workplace {
    let place = try Workplace()
    try place.writeNoise("photo.ppm", width: 48, height: 40)
    return place
  }

  /// A gray or RGB image of seeded noise as binary PGM or PPM.
  func writeNoise(_ name: String, width: Int = 24, height: Int = 16, channels: Int = 3, seed: UInt64 = 1) throws {
    var generator = SeededGenerator(seed: seed)
    let codes = (0..<width * height * channels).map { _ in UInt8(generator.index(256)) }
    try write(Array("P\(channels == 1 ? 5 : 6) \(width) \(height) 255\n".utf8) + codes, to: name)
  }

  /// A gray image of given codes as PGM.
  func writeGray(_ name: String, width: Int, _ codes: [UInt8]) throws {
    try write(Array("P5 \(width) \(codes.count / width) 255\n".utf8) + codes, to: name)
  }

  /// An array of doubles.
  func writeArray(_ name: String, _ rows: [[Double]]) throws {
    let array = NumpyFile(shape: [rows.count, rows[0].count], values: rows.flatMap { $0 })
    try write(array?.encode() ?? [], to: name)
  }

  /// The numbers of an array file.
  func array(_ name: String) throws -> NumpyFile { try NumpyFile.read(path: path(name)) }

  /// A filter that leaves an image as it is.
  func writeIdentity(_ name: String) throws {
    try write(Samples.filter().utf8, to: name)
  }
}

enum Samples {
  /// A filter file's text with one layer.
  static func filter(
    format: String = "\"fewtap.filter\"", version: String = "1", taps: String = "\"integer\"",
    layers: String = "[[[0, 0, 1]]]", more: String = ""
  ) -> String {
    "{\"format\": \(format), \"version\": \(version), \"taps\": \(taps), \"gain\": 1, \"layers\": \(layers)\(more)}"
  }

  /// A TIFF (6.0, little endian) of RGBA, 8 bits, alpha associated, whose pixels are not there: one strip, or square tiles.
  static func hollowTIFF(width: Int, height: Int, tile: Int?) -> [UInt8] {
    func number(_ value: Int, _ size: Int) -> [UInt8] {
      (0..<size).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }
    var fields: [(tag: Int, value: Int)] = [
      (256, width), (257, height), (258, 8), (259, 8), (262, 2), (277, 4), (338, 1),
    ]
    fields += tile.map { [(322, $0), (323, $0), (324, 8), (325, 8)] } ?? [(273, 8), (278, height), (279, 8)]
    fields.sort { $0.tag < $1.tag }
    let entries = fields.flatMap { number($0.tag, 2) + number(4, 2) + number(1, 4) + number($0.value, 4) }
    let head = Array("II".utf8) + number(42, 2) + number(8, 4) + number(fields.count, 2)
    return head + entries + number(0, 4) + [UInt8](repeating: 0, count: 64)
  }
}
