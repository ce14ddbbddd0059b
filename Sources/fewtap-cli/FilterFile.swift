import Fewtap
import FewtapImageIO
import Foundation

/// A filter's file; `-` is standard input or output.
struct FilterFile {
  let path: String

  var isStandardStream: Bool { path == "-" }

  /// What errors call it.
  var name: String { isStandardStream ? "standard input" : path }

  /// Reads the filter.
  func read() throws -> SparseFilter {
    guard !path.isEmpty else { throw Failure("FILTER is empty: give a filter file, or - for standard input", .usage) }
    let bytes = try readBytes(path: isStandardStream ? "/dev/stdin" : path, limit: SparseFilter.maximumFileSize)
    do {
      return try SparseFilter(json: Data(bytes))
    } catch {
      throw Failure("\(name): \(legible("\(error)", limit: 500))")
    }
  }

  /// Writes the filter, whole or not at all.
  func write(_ filter: SparseFilter) throws {
    let json = try filter.json()
    if isStandardStream {
      try Console.write(String(decoding: json, as: UTF8.self))
    } else {
      try AtomicFile.write(Array(json), to: path)
    }
  }
}
