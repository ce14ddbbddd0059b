import FewtapCore

/// Several kernels in one file or folder, and where in the space of some parameters each was measured.
public struct KernelStack: Sendable {
  /// The parameters' names.
  public var axes: [String]
  /// The kernels, each with one value an axis.
  public var members: [(point: [Double], kernel: Kernel)]

  /// Most kernels that are read.
  public static let maximumCount = 4096

  /// Reads the kernels of a NumPy array of shape (K, rows, columns), in order, around `center`, the middle by default.
  ///
  /// Throws: ``ImageFileError``.
  public static func kernels(
    path: String, center: PixelOffset? = nil, keepSum: Bool = false
  ) throws(ImageFileError) -> [Kernel] {
    let file = try NumpyFile.read(path: path, memoryLimit: KernelFile.maximumStackSize)
    guard file.shape.count == 3 else {
      throw .unsupported(
        path: path, what: "has \(file.shape.count) axes", advice: "a stack of kernels is (kernels, rows, columns)")
    }
    let (count, height, width) = (file.shape[0], file.shape[1], file.shape[2])
    guard count <= maximumCount else {
      throw .unsupported(path: path, what: "has \(count) kernels", advice: "\(maximumCount) at most are")
    }
    let name = String(path.split(separator: "/").last ?? "")
    var kernels: [Kernel] = []
    for index in 0..<count {
      let values = Array(file.values[index * width * height..<(index + 1) * width * height])
      kernels.append(
        try KernelFile.kernel(
          Plane(width: width, height: height, exactly: values), name: "\(name)[\(index)]", path: path, center: center,
          keepSum: keepSum))
    }
    return kernels
  }

  /// The planes of a NumPy array of shape (K, rows, columns): weights of K kernels at every pixel.
  ///
  /// Throws: ``ImageFileError``.
  public static func planes(path: String, memoryLimit: Int) throws(ImageFileError) -> [Plane<Float>] {
    let file = try NumpyFile.read(path: path, memoryLimit: memoryLimit)
    guard file.shape.count == 3, file.shape.allSatisfy({ $0 > 0 }) else {
      throw .unsupported(
        path: path, what: "has the shape \(file.shape)", advice: "weights are (kernels, rows, columns)")
    }
    let count = file.shape[1] * file.shape[2]
    return (0..<file.shape[0]).map { index in
      Plane(
        width: file.shape[2], height: file.shape[1],
        exactly: file.values[index * count..<(index + 1) * count].map { Float($0) })
    }
  }

  /// Points of K kernels: a NumPy array of shape (K, parameters), or a table of numbers, comma-separated, one line a kernel, with
  /// the parameters' names as its first line if that holds no number.
  ///
  /// Throws: ``ImageFileError``.
  public static func points(path: String) throws(ImageFileError) -> (names: [String]?, points: [[Double]]) {
    let bytes = try readBytes(path: path, limit: KernelFile.maximumStackSize)
    guard bytes.starts(with: NumpyFile.magic) else {
      let table = try NumberTable(bytes, path: path)
      return (table.names, table.rows)
    }
    let file = try NumpyFile.decode(bytes, path: path)
    guard file.shape.count == 2 else {
      throw .unsupported(
        path: path, what: "has \(file.shape.count) axes", advice: "points are (kernels, parameters)")
    }
    let columns = file.shape[1]
    return (nil, (0..<file.shape[0]).map { Array(file.values[$0 * columns..<($0 + 1) * columns]) })
  }
}

/// Comma-separated numbers under names.
struct NumberTable {
  /// The first line, if it holds no number.
  let names: [String]?
  let rows: [[Double]]

  init(_ bytes: [UInt8], path: String) throws(ImageFileError) {
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw .damaged(path: path, cause: "it is neither a NumPy array nor text")
    }
    var names: [String]?
    var rows: [[Double]] = []
    for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
      let cells = line.split(separator: ",", omittingEmptySubsequences: false).map { cell in
        String(cell.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
      }
      if cells.allSatisfy(\.isEmpty) { continue }
      let numbers = cells.compactMap { Double($0) }.filter(\.isFinite)
      if numbers.isEmpty, names == nil, rows.isEmpty {
        names = cells
        continue
      }
      guard numbers.count == cells.count, numbers.count == (names?.count ?? rows.first?.count ?? numbers.count) else {
        throw .damaged(
          path: path, cause: "line \(index + 1) is not \(names?.count ?? rows.first?.count ?? 1) finite numbers")
      }
      rows.append(numbers)
    }
    guard !rows.isEmpty else { throw .damaged(path: path, cause: "it holds no line of numbers") }
    (self.names, self.rows) = (names, rows)
  }
}
