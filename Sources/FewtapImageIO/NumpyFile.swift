import Foundation

/// An array of numbers in NumPy's own file format, versions 1 to 3.
///
/// Shapes: 2 or 3 axes, `[rows, columns]` or `[rows, columns, channels]` for an image; `values` in C order (last axis fastest)
///         whatever the file's order.
/// Units:  integers and booleans keep their values; 64-bit ones beyond 2^53 round to Double.
/// Source: NumPy Enhancement Proposal 1; numpy.lib.format. Objects (pickles), strings, times, complex and structured types
///         are refused: nothing in a file is ever run.
public struct NumpyFile: Equatable, Sendable {
  /// Lengths of the axes, each at least 1.
  public let shape: [Int]
  /// The numbers, in C order.
  public let values: [Double]

  /// What a written file stores.
  public enum Element: String, Sendable {
    /// Little-endian binary32.
    case float32 = "<f4"
    /// Little-endian binary64.
    case float64 = "<f8"
  }

  /// Longest header that is read, in bytes: 500 times that of a plain array.
  static let maximumHeader = 1 << 16
  package static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)

  /// An array in memory; nil if the shape is not one of 2 or 3 positive axes or its product is not the count of values.
  public init?(shape: [Int], values: [Double]) {
    guard (2...3).contains(shape.count), shape.allSatisfy({ $0 > 0 }), Self.count(shape) == values.count else {
      return nil
    }
    self.shape = shape
    self.values = values
  }

  /// Reads a file whose numbers take `memoryLimit` bytes at most, as Double.
  ///
  /// Throws: ``ImageFileError``.
  public static func read(
    path: String, memoryLimit: Int = ImageFile.defaultMemoryLimit
  ) throws(ImageFileError) -> NumpyFile {
    try decode(readBytes(path: path, limit: memoryLimit), path: path, memoryLimit: memoryLimit)
  }

  /// The array in `bytes`; `path` is what errors call it, `maximumSide` bounds rows and columns.
  ///
  /// Throws: ``ImageFileError``.
  package static func decode(
    _ bytes: [UInt8], path: String, memoryLimit: Int = ImageFile.defaultMemoryLimit, maximumSide: Int = Int(Int32.max)
  ) throws(ImageFileError) -> NumpyFile {
    func damaged(_ cause: String) -> ImageFileError { .damaged(path: path, cause: cause) }
    guard bytes.starts(with: magic), bytes.count >= 12 else { throw damaged("it does not begin as a NumPy file") }
    guard (1...3).contains(bytes[6]) else {
      throw .unsupported(
        path: path, what: "has NumPy format version \(bytes[6])", advice: "versions 1 to 3 are")
    }
    let lengthSize = bytes[6] == 1 ? 2 : 4
    let length = (0..<lengthSize).reduce(0) { $0 | Int(bytes[8 + $1]) << (8 * $1) }
    let start = 8 + lengthSize + length
    guard length <= maximumHeader, start <= bytes.count else {
      throw damaged("its header is said to be \(length) bytes long: at most \(maximumHeader), and not beyond the file")
    }
    var parser = NumpyHeader(text: String(decoding: bytes[8 + lengthSize..<start], as: UTF8.self))
    guard parser.parse(), let shape = parser.shape, let order = parser.isFortranOrder else {
      throw damaged("its header is not a dictionary of descr, fortran_order and shape")
    }
    guard let type = parser.type.flatMap(StoredNumber.init) else {
      throw .unsupported(
        path: path, what: "holds elements of type \(parser.type ?? "a structure")",
        advice: "save it as float32, float64, an integer type or bool")
    }
    guard (2...3).contains(shape.count) else {
      throw .unsupported(path: path, what: "has \(shape.count) axes", advice: "2 or 3 are")
    }
    let request = DecodeRequest(path: path, transfer: .linear, memoryLimit: memoryLimit / 2, maximumSide: maximumSide)
    try request.check(width: shape[1], height: shape[0], channels: shape.count == 3 ? shape[2] : 1)
    let count = shape.reduce(1, *)
    guard bytes.count - start >= count * type.size else {
      throw damaged("\(bytes.count - start) bytes follow the header where the shape asks for \(count * type.size)")
    }
    let stored = bytes.withUnsafeBytes { bytes in
      (0..<count).map { type.value(bytes, at: start + $0 * type.size) }
    }
    guard let file = NumpyFile(shape: shape, values: order ? fromFortranOrder(stored, shape) : stored) else {
      throw damaged("its shape is \(shape)")
    }
    return file
  }

  /// The file's bytes: version 1, data aligned to 64 bytes as NumPy writes it.
  public func encode(as element: Element = .float64) -> [UInt8] {
    let lengths = shape.map(String.init).joined(separator: ", ")
    var header = "{'descr': '\(element.rawValue)', 'fortran_order': False, 'shape': (\(lengths)), }"
    let prefix = Self.magic.count + 4
    header += String(repeating: " ", count: 63 - (prefix + header.utf8.count) % 64) + "\n"
    var bytes = Self.magic + [1, 0, UInt8(header.utf8.count & 0xFF), UInt8(header.utf8.count >> 8)]
    bytes += Array(header.utf8)
    switch element {
    case .float32: bytes.append(bytesOf: values.map { Float($0).bitPattern.littleEndian })
    case .float64: bytes.append(bytesOf: values.map { $0.bitPattern.littleEndian })
    }
    return bytes
  }

  /// Writes the file, whole or not at all.
  ///
  /// Throws: ``ImageFileError``.
  public func write(path: String, as element: Element = .float64) throws(ImageFileError) {
    try AtomicFile.write(encode(as: element), to: path)
  }

  private static func count(_ shape: [Int]) -> Int? {
    shape.reduce(1 as Int?) { product, length in
      guard let product else { return nil }
      let (next, overflow) = product.multipliedReportingOverflow(by: length)
      return overflow ? nil : next
    }
  }

  /// First axis fastest, to last axis fastest.
  private static func fromFortranOrder(_ stored: [Double], _ shape: [Int]) -> [Double] {
    let (rows, columns, channels) = (shape[0], shape[1], shape.count == 3 ? shape[2] : 1)
    var values: [Double] = []
    values.reserveCapacity(stored.count)
    for row in 0..<rows {
      for column in 0..<columns {
        for channel in 0..<channels { values.append(stored[row + rows * (column + columns * channel)]) }
      }
    }
    return values
  }
}

/// The element types that are read.
private struct StoredNumber {
  private let kind: Character
  private let isBigEndian: Bool
  let size: Int

  /// From a type string such as `<f8`; nil if it is not a plain number.
  init?(_ name: String) {
    let letters = Array(name)
    guard letters.count == 3, "<>|=".contains(letters[0]), let size = letters[2].wholeNumberValue else { return nil }
    let sizes =
      switch letters[1] {
      case "f": [2, 4, 8]
      case "i", "u": [1, 2, 4, 8]
      case "b": [1]
      default: [Int]()
      }
    guard sizes.contains(size) else { return nil }
    kind = letters[1]
    isBigEndian = letters[0] == ">"
    self.size = size
  }

  func value(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> Double {
    var bits: UInt64 = 0
    for index in 0..<size {
      bits |= UInt64(bytes[offset + index]) << UInt64(8 * (isBigEndian ? size - 1 - index : index))
    }
    switch (kind, size) {
    case ("f", 2): return half(bits)
    case ("f", 4): return Double(Float(bitPattern: UInt32(bits)))
    case ("f", _): return Double(bitPattern: bits)
    case ("i", _):
      let shift = UInt64(64 - 8 * size)
      return Double(Int64(bitPattern: bits << shift) >> Int64(shift))
    case ("b", _): return bits == 0 ? 0 : 1
    default: return Double(bits)
    }
  }

  /// binary16 by its definition (IEEE 754-2019, 3.4): Swift's Float16 is missing on Intel Macs.
  private func half(_ bits: UInt64) -> Double {
    let (exponent, fraction) = (Int(bits >> 10 & 0x1F), Double(bits & 0x3FF) / 1024)
    let size =
      switch exponent {
      case 0: fraction * 0x1p-14
      case 31: fraction == 0 ? Double.infinity : Double.nan
      default: (1 + fraction) * Double(sign: .plus, exponent: exponent - 15, significand: 1)
      }
    return bits >> 15 == 0 ? size : -size
  }
}
