import Foundation

/// Reads a whole file, a pipe too.
///
/// Throws: ``ImageFileError/cannotOpen(path:cause:)`` with the system's reason, or if it is longer than `limit` bytes.
package func readBytes(path: String, limit: Int) throws(ImageFileError) -> [UInt8] {
  let file = open(path, O_RDONLY | O_CLOEXEC)
  guard file >= 0 else { throw .cannotOpen(path: path, cause: systemError()) }
  defer { close(file) }
  return try readBytes(of: file, path: path, limit: limit)
}

/// Reads an open file to its end.
func readBytes(of file: Int32, path: String, limit: Int) throws(ImageFileError) -> [UInt8] {
  var status = stat()
  guard fstat(file, &status) == 0 else { throw .cannotOpen(path: path, cause: systemError()) }
  let tooLong = ImageFileError.cannotOpen(path: path, cause: "it is longer than \(limit) bytes")
  guard Int(status.st_size) <= limit else { throw tooLong }
  var bytes: [UInt8] = []
  // A pipe tells no size; a regular file is read in one piece and one more look for the end.
  var room = max(1 << 16, Int(status.st_size) + 1)
  while true {
    let start = bytes.count
    bytes.append(contentsOf: repeatElement(0, count: room))
    let count = bytes.withUnsafeMutableBytes { buffer in
      buffer.baseAddress.map { Foundation.read(file, $0 + start, room) } ?? 0
    }
    guard count >= 0 else {
      if errno == EINTR {
        bytes.removeLast(room)
        continue
      }
      throw .cannotOpen(path: path, cause: systemError())
    }
    bytes.removeLast(room - count)
    guard bytes.count <= limit else { throw tooLong }
    if count == 0 { return bytes }
    room = 1 << 16
  }
}

/// The last system call's error in words.
func systemError() -> String { String(cString: strerror(errno)) }

extension [UInt8] {
  /// Appends the bytes of numbers as they lie in memory: their byte order is the caller's.
  mutating func append<Number: FixedWidthInteger & BitwiseCopyable>(bytesOf numbers: [Number]) {
    numbers.withUnsafeBytes { append(contentsOf: $0.bindMemory(to: UInt8.self)) }
  }
}

extension Array where Element: BitwiseCopyable {
  /// `withUnsafeBytes` that keeps the type of what `body` throws.
  func withBytes<Result, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try withUnsafeBufferPointer { (buffer) throws(Failure) in try body(UnsafeRawBufferPointer(buffer)) }
  }

  /// `withUnsafeMutableBytes` that keeps the type of what `body` throws.
  mutating func withMutableBytes<Result, Failure: Error>(
    _ body: (UnsafeMutableRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try withUnsafeMutableBufferPointer { (buffer) throws(Failure) in try body(UnsafeMutableRawBufferPointer(buffer)) }
  }
}
