import Fewtap
import FewtapImageIO
import Foundation
import TestSupport
import Testing

extension Workplace {
  /// A NumPy array of Floats.
  fileprivate func write(_ values: [Float], shape: [Int], to name: String) throws {
    let sides = shape.map(String.init).joined(separator: ", ")
    var header = "{'descr': '<f4', 'fortran_order': False, 'shape': (\(sides)), }"
    while (10 + header.utf8.count + 1) % 64 != 0 { header += " " }
    header += "\n"
    let length = header.utf8.count
    let start: [UInt8] = [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(length & 255), UInt8(length >> 8)]
    try write(
      start + Array(header.utf8) + values.withUnsafeBytes { Array($0) }, to: name)
  }
}

/// Stacks of measured kernels without positions, and weights for them.
@Suite struct WeightTests {
  /// The image itself, and the image moved by a pixel to the right.
  private static let kernels: [Float] = [0, 0, 0, 0, 1, 0, 0, 0, 0] + [0, 0, 0, 0, 0, 1, 0, 0, 0]

  @Test func eachKernelByItsWeights() throws {
    let place = try Workplace()
    try place.writeNoise("a.ppm")
    try place.write(Self.kernels, shape: [2, 3, 3], to: "k.npy")
    #expect(try place.run(["basis", "k.npy", "-o", "b.json"]).code == 0)
    let image = try ImageFile.read(path: place.path("a.ppm")).image
    let (width, height) = (image.width, image.height)
    // The left half stays, the right half comes from its left neighbor.
    let left = (0..<width * height).map { Float($0 % width < width / 2 ? 1 : 0) }
    try place.write(left + left.map { 1 - $0 }, shape: [2, height, width], to: "w.npy")
    let outcome = try place.run(["apply", "b.json", "a.ppm", "r.pfm", "--weights", "w.npy"])
    #expect(outcome.code == 0, "\(outcome.errors)")
    let result = try ImageFile.read(path: place.path("r.pfm")).image
    for y in 0..<height {
      for x in 0..<width {
        let source = x < width / 2 ? x : x - 1
        #expect(result.planes[1][x, y] == image.planes[1][source, y])
      }
    }
  }

  @Test func errors() throws {
    let place = try Workplace()
    try place.writeNoise("a.ppm")
    try place.write(Self.kernels, shape: [2, 3, 3], to: "k.npy")
    try place.write(Array(Self.kernels[..<9]), shape: [1, 3, 3], to: "one.npy")
    #expect(try place.run(["basis", "k.npy", "-o", "b.json"]).code == 0)
    let cases: [([String], String)] = [
      (["basis", "one.npy", "-o", "c.json"], "one"), (["basis", "k.npy", "-o", "c.json", "--knots", "2"], "--knots"),
      (["basis", "k.npy", "-o", "c.json", "--axes", "x"], "--axes"),
      (["apply", "b.json", "a.ppm", "r.pfm", "--weights", "k.npy"], "3x3"),
      (["apply", "b.json", "a.ppm", "r.pfm", "--weights", "a.ppm"], "3 planes"),
      (["apply", "b.json", "a.ppm", "r.pfm", "--weights", "none.npy"], "none.npy"),
      (["apply", "b.json", "a.ppm", "r.pfm", "--weights", "k.npy", "--at", "0"], "--at"),
      (["apply", "b.json", "a.ppm", "r.pfm", "--weights", "k.npy", "--map-nan", "low"], "--map-nan"),
      (["apply", "b.json", "a.ppm", "r.pfm", "--weights", "k.npy", "--depth", "d", "--focus", "1"], "--depth"),
    ]
    for (arguments, word) in cases {
      let outcome = try place.run(arguments)
      #expect(outcome.code != 0 && outcome.errors.contains(word), "\(arguments): \(outcome.errors)")
      #expect(place.bytes("c.json") == nil && place.bytes("r.pfm") == nil)
    }
  }
}
