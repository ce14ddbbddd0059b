import Fewtap
import FewtapImageIO
import Foundation

/// A filter's file, or a basis'; `-` is standard input or output.
struct FilterFile {
  let path: String

  var isStandardStream: Bool { path == "-" }

  /// What errors call it.
  var name: String { isStandardStream ? "standard input" : path }

  /// Reads the filter.
  func read() throws -> SparseFilter { try parse(readBytes(limit: SparseFilter.maximumFileSize)) }

  /// The filter that the file's bytes are.
  func parse(_ bytes: Data) throws -> SparseFilter {
    do {
      return try SparseFilter(json: bytes)
    } catch {
      throw Failure("\(name): \(legible("\(error)", limit: 500))")
    }
  }

  /// All bytes of the file, `limit` at most.
  func readBytes(limit: Int) throws -> Data {
    guard !path.isEmpty else { throw Failure("FILTER is empty: give a filter file, or - for standard input", .usage) }
    return Data(try FewtapImageIO.readBytes(path: isStandardStream ? "/dev/stdin" : path, limit: limit))
  }

  /// Writes the filter, whole or not at all.
  func write(_ filter: SparseFilter) throws { try write(json: filter.json()) }

  /// Writes the bytes of a file of ours, whole or not at all.
  func write(json: Data) throws {
    if isStandardStream {
      try Console.write(String(decoding: json, as: UTF8.self))
    } else {
      try AtomicFile.write(Array(json), to: path)
    }
  }
}
