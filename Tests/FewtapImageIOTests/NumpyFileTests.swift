import FewtapCore
import FewtapImageIO
import Foundation
import Testing

/// A NumPy file by hand: version, header text, data.
private func numpy(
  _ type: String, _ shape: String, fortran: Bool = false, version: UInt8 = 1, data: [UInt8]
) -> [UInt8] {
  numpy(
    header: "{'descr': '\(type)', 'fortran_order': \(fortran ? "True" : "False"), 'shape': \(shape), }\n",
    version: version, data: data)
}

private func numpy(header: String, version: UInt8 = 1, data: [UInt8]) -> [UInt8] {
  let text = Array(header.utf8)
  var bytes: [UInt8] = [0x93] + Array("NUMPY".utf8) + [version, 0]
  bytes += (0..<(version == 1 ? 2 : 4)).map { UInt8(truncatingIfNeeded: text.count >> (8 * $0)) }
  return bytes + text + data
}

@Suite struct NumpyFileTests {
  /// Type, its bytes for two numbers, and what they are.
  static let elements: [(String, [UInt8], [Double])] = [
    ("|b1", [0, 1], [0, 1]),
    ("|u1", [7, 255], [7, 255]),
    ("|i1", [0x80, 0x7F], [-128, 127]),
    ("<u2", [0x01, 0x02, 0xFF, 0xFF], [513, 65535]),
    (">u2", [0x02, 0x01, 0xFF, 0xFE], [513, 65534]),
    ("<i2", [0x00, 0x80, 0xFF, 0xFF], [-32768, -1]),
    (">i4", [0xFF, 0xFF, 0xFF, 0xFE, 0, 0, 1, 0], [-2, 256]),
    ("<u4", [0, 0, 0, 0x80, 1, 0, 0, 0], [2_147_483_648, 1]),
    ("<i8", [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0, 1, 0, 0, 0], [-1, 4_294_967_296]),
    (">u8", [0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 1, 0], [9, 256]),
    ("<f2", [0x00, 0x3C, 0x01, 0x80], [1, -0x1p-24]),
    (">f2", [0x7B, 0xFF, 0x7C, 0x00], [65504, .infinity]),
    ("<f4", [0, 0, 0x80, 0x3F, 0, 0, 0x20, 0xC0], [1, -2.5]),
    (">f4", [0x3F, 0x80, 0, 0, 0x7F, 0x80, 0, 0], [1, .infinity]),
    ("<f8", [0, 0, 0, 0, 0, 0, 0xF0, 0x3F, 0, 0, 0, 0, 0, 0, 0, 0xC0], [1, -2]),
    (">f8", [0x3F, 0xF0, 0, 0, 0, 0, 0, 0, 0xC0, 0, 0, 0, 0, 0, 0, 0], [1, -2]),
  ]

  @Test(arguments: elements) func readsElements(type: String, data: [UInt8], values: [Double]) throws {
    for version: UInt8 in 1...3 {
      let file = try NumpyFile.decode(numpy(type, "(1, 2)", version: version, data: data), path: "a.npy")
      #expect(file.shape == [1, 2])
      #expect(file.values == values)
    }
  }

  @Test func fortranOrderIsTurnedIntoRows() throws {
    let flat = numpy("|u1", "(2, 3)", fortran: true, data: [0, 10, 1, 11, 2, 12])
    #expect(try NumpyFile.decode(flat, path: "a.npy").values == [0, 1, 2, 10, 11, 12])
    // [row][column][channel] = 100 row + 10 column + channel, first axis fastest.
    let data: [UInt8] = [0, 100, 10, 110, 1, 101, 11, 111]
    let deep = try NumpyFile.decode(numpy("|u1", "(2, 2, 2)", fortran: true, data: data), path: "a.npy")
    #expect(deep.values == [0, 1, 10, 11, 100, 101, 110, 111])
  }

  @Test(arguments: [NumpyFile.Element.float32, .float64], [[3, 5], [2, 3, 4]])
  func returnsWhatWasWritten(element: NumpyFile.Element, shape: [Int]) throws {
    var generator = SeededGenerator(seed: 11)
    let values = (0..<shape.reduce(1, *)).map { _ in
      element == .float64 ? generator.normal() : Double(Float(generator.normal()))
    }
    let file = try #require(NumpyFile(shape: shape, values: values))
    let bytes = file.encode(as: element)
    let size = element == .float64 ? 8 : 4
    // NumPy aligns data to 64 bytes.
    #expect((bytes.count - size * values.count) % 64 == 0)
    #expect(try NumpyFile.decode(bytes, path: "a.npy") == file)
  }

  @Test func shapesThatDoNotMatchAreNoArray() {
    #expect(NumpyFile(shape: [2, 2], values: [1, 2, 3]) == nil)
    #expect(NumpyFile(shape: [4], values: [1, 2, 3, 4]) == nil)
    #expect(NumpyFile(shape: [0, 2], values: []) == nil)
    #expect(NumpyFile(shape: [Int.max, 4], values: [1]) == nil)
  }
}

@Suite struct NumpyFileErrorTests {
  private func message(_ bytes: [UInt8]) -> String {
    do throws(ImageFileError) {
      _ = try NumpyFile.decode(bytes, path: "a.npy")
      return "read"
    } catch {
      return error.description
    }
  }

  @Test(arguments: ["|O", "<c8", "<f16", "<M8[s]", "|S4", "<U3", "|V8", "", "f8", "<f3"])
  func refusesTypesThatAreNoNumbers(type: String) {
    #expect(message(numpy(type, "(1, 1)", data: [UInt8](repeating: 0, count: 64))).contains("elements of type \(type)"))
  }

  @Test func refusesStructures() {
    let header = "{'descr': [('x', '<f8'), ('y', '<f8')], 'fortran_order': False, 'shape': (1, 1), }\n"
    #expect(message(numpy(header: header, data: [UInt8](repeating: 0, count: 16))).contains("a structure"))
  }

  @Test(arguments: ["(1,)", "()", "(1, 1, 1, 1)"]) func refusesOtherNumbersOfAxes(shape: String) {
    #expect(message(numpy("<f8", shape, data: [UInt8](repeating: 0, count: 8))).contains("axes"))
  }

  @Test(arguments: ["(0, 4)", "(4, 0)", "(2000000000, 2000000000)", "(1, 1, 1025)", "(1, 2147483647, 1000)"])
  func refusesAbsurdShapes(shape: String) {
    #expect(message(numpy("<f8", shape, data: [])).contains("sides must be at least 1"))
  }

  @Test(arguments: [
    "", "{}", "{'descr': '<f8'}", "{'descr': '<f8', 'fortran_order': False, 'shape': (1, 1), 'more': 1}",
    "{'descr': '<f8', 'fortran_order': 0, 'shape': (1, 1)}",
    "{'descr': '<f8', 'fortran_order': False, 'shape': (-1, 1)}",
    "{'descr': '<f8', 'fortran_order': False, 'shape': (1, 99999999999999999999)}",
    "{'descr': '<f8', 'fortran_order': False, 'shape': (1, 1)} import os", "{'descr': '<f8",
  ])
  func refusesOtherHeaders(header: String) {
    #expect(message(numpy(header: header, data: [UInt8](repeating: 0, count: 8))).contains("dictionary"))
  }

  @Test func refusesHeaderBombs() {
    var bytes = numpy("<f8", "(1, 1)", version: 2, data: [UInt8](repeating: 0, count: 8))
    bytes.replaceSubrange(8..<12, with: [0xFF, 0xFF, 0xFF, 0xFF])
    #expect(message(bytes).contains("4294967295 bytes long"))
    let padded = "{'descr': '<f8', 'fortran_order': False, 'shape': (1, 1)}" + String(repeating: " ", count: 70000)
    #expect(message(numpy(header: padded, version: 2, data: [])).contains("at most 65536"))
  }

  @Test func refusesMissingData() {
    #expect(message(numpy("<f8", "(2, 2)", data: [UInt8](repeating: 0, count: 31))).contains("31 bytes follow"))
    #expect(message(Array("not numpy at all".utf8)).contains("begin"))
    #expect(message([0x93] + Array("NUMPY".utf8)).contains("begin"))
    #expect(message([0x93] + Array("NUMPY".utf8) + [9, 0, 0, 0, 0, 0]).contains("version 9"))
  }
}
