import CFewtap
import FewtapCore

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

#if canImport(Darwin)
import Darwin
#elseif canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// What `decode` makes of a text in memory.
func parse<Value>(
  _ json: UnsafePointer<CChar>?, _ length: Int64, _ decode: (Data) throws(FilterError) -> Value
) throws(CallError) -> Value {
  guard let json else { throw .null("json") }
  guard let length = Int(exactly: length), length >= 0 else { throw .value("length", length, expected: "0 or more") }
  do throws(FilterError) { return try decode(Data(bytes: json, count: length)) } catch {
    throw CallError(FEWTAP_BAD_FORMAT, "\(error)")
  }
}

/// What `decode` makes of the file at `path`, of at most `limit` bytes; errors name the path.
func load<Value>(
  _ path: UnsafePointer<CChar>?, limit: Int, _ decode: (Data) throws(FilterError) -> Value
) throws(CallError) -> Value {
  let path = try text(path, "path")
  guard let file = fopen(path, "rb") else { throw .file(path, "read") }
  defer { fclose(file) }
  var data = Data()
  var part = [UInt8](repeating: 0, count: 1 << 16)
  while data.count <= limit {
    let count = fread(&part, 1, part.count, file)
    if count == 0 { break }
    data.append(contentsOf: part[..<count])
  }
  guard ferror(file) == 0 else { throw .file(path, "read") }
  do throws(FilterError) { return try decode(data) } catch {
    throw CallError(FEWTAP_BAD_FORMAT, "\(path): \(error)")
  }
}

/// Writes `data` to the file at `path`.
func save(_ data: Data, _ path: UnsafePointer<CChar>?) throws(CallError) {
  let path = try text(path, "path")
  guard let file = fopen(path, "wb") else { throw .file(path, "written") }
  let written = data.withUnsafeBytes { fwrite($0.baseAddress, 1, $0.count, file) }
  let isFlushed = fflush(file) == 0
  let problem = errno
  guard fclose(file) == 0, isFlushed, written == data.count else {
    errno = problem
    throw .file(path, "written")
  }
}

extension CallError {
  /// What the system says of a file.
  fileprivate static func file(_ path: String, _ done: String) -> CallError {
    CallError(FEWTAP_FILE_ERROR, "\(path) cannot be \(done): \(String(cString: strerror(errno)))")
  }
}
