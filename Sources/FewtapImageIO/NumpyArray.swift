/// What the header of a NumPy file says.
struct NumpyArray {
  /// Longest header that is read, in bytes: 500 times that of a plain array.
  static let maximumHeader = 1 << 16

  /// Two or three lengths: rows, columns, channels.
  let shape: [Int]
  let type: StoredNumber
  /// True if the first axis is the fastest.
  let isFortranOrder: Bool
  /// Where the numbers begin; they are all there.
  let start: Int

  init(_ source: ByteSource, _ request: DecodeRequest) throws(ImageFileError) {
    let head = source.bytes(at: 0, upTo: 12 + Self.maximumHeader)
    guard head.starts(with: NumpyFile.magic), head.count >= 12 else {
      throw request.damaged("it does not begin as a NumPy file")
    }
    guard (1...3).contains(head[6]) else {
      throw .unsupported(
        path: request.path, what: "has NumPy format version \(head[6])", advice: "versions 1 to 3 are")
    }
    let lengthSize = head[6] == 1 ? 2 : 4
    let length = (0..<lengthSize).reduce(0) { $0 | Int(head[8 + $1]) << (8 * $1) }
    start = 8 + lengthSize + length
    guard length <= Self.maximumHeader, start <= head.count else {
      throw request.damaged(
        "its header is said to be \(length) bytes long: at most \(Self.maximumHeader), and not beyond the file")
    }
    var parser = NumpyHeader(text: String(decoding: head[8 + lengthSize..<start], as: UTF8.self))
    guard parser.parse(), let shape = parser.shape, let order = parser.isFortranOrder else {
      throw request.damaged("its header is not a dictionary of descr, fortran_order and shape")
    }
    guard let type = parser.type.flatMap(StoredNumber.init) else {
      throw .unsupported(
        path: request.path, what: "holds elements of type \(parser.type ?? "a structure")",
        advice: "save it as float32, float64, an integer type or bool")
    }
    guard (2...3).contains(shape.count) else {
      throw .unsupported(path: request.path, what: "has \(shape.count) axes", advice: "2 or 3 are")
    }
    try request.check(width: shape[1], height: shape[0], channels: shape.count == 3 ? shape[2] : 1)
    let (size, overflow) = (shape.dropFirst().reduce(1, *) * type.size).multipliedReportingOverflow(by: shape[0])
    guard !overflow, source.count - start >= size else {
      throw request.tooShort(
        source.count - start, width: shape[1], height: shape[0], needed: overflow ? nil : size)
    }
    (self.shape, self.type, isFortranOrder) = (shape, type, order)
  }
}
