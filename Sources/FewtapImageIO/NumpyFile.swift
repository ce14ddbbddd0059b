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
    try bytes.withBytes { (bytes) throws(ImageFileError) in
      // The numbers are held as Double, twice as large as the Floats that the limit of a request counts.
      let request = DecodeRequest(
        path: path, transfer: .linear, memoryLimit: memoryLimit / 2, maximumSide: maximumSide)
      let array = try NumpyArray(ByteSource(bytes, path: path), request)
      let stored = (0..<array.shape.reduce(1, *)).map {
        array.type.value(bytes, at: array.start + $0 * array.type.size)
      }
      let values = array.isFortranOrder ? fromFortranOrder(stored, array.shape) : stored
      guard let file = NumpyFile(shape: array.shape, values: values) else {
        throw request.damaged("its shape is \(array.shape)")
      }
      return file
    }
  }

  /// The file's bytes: version 1, data aligned to 64 bytes as NumPy writes it.
  public func encode(as element: Element = .float64) -> [UInt8] {
    var bytes = Self.header(shape: shape, as: element)
    switch element {
    case .float32: bytes.append(bytesOf: values.map { Float($0).bitPattern.littleEndian })
    case .float64: bytes.append(bytesOf: values.map { $0.bitPattern.littleEndian })
    }
    return bytes
  }

  /// What stands before the numbers.
  static func header(shape: [Int], as element: Element) -> [UInt8] {
    let lengths = shape.map(String.init).joined(separator: ", ")
    var header = "{'descr': '\(element.rawValue)', 'fortran_order': False, 'shape': (\(lengths)), }"
    let prefix = magic.count + 4
    header += String(repeating: " ", count: 63 - (prefix + header.utf8.count) % 64) + "\n"
    return magic + [1, 0, UInt8(header.utf8.count & 0xFF), UInt8(header.utf8.count >> 8)] + Array(header.utf8)
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
