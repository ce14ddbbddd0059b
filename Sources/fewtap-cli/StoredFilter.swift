import Fewtap
import FewtapImageIO
import Foundation

/// What a file holds that can be applied: one filter, or a basis of many.
enum StoredFilter {
  case filter(SparseFilter)
  case basis(FilterBasis)
}

extension FilterFile {
  /// Reads the file; its `format` tells what it is.
  func readAny() throws -> StoredFilter {
    let bytes = try readBytes(limit: FilterBasis.maximumFileSize)
    guard (try? JSONDecoder().decode(Head.self, from: bytes))?.format == FilterBasis.formatName else {
      return .filter(try parse(bytes))
    }
    do {
      return .basis(try FilterBasis(json: bytes))
    } catch {
      throw Failure("\(name): \(legible("\(error)", limit: 500))")
    }
  }

  /// Writes a basis, whole or not at all.
  func write(_ basis: FilterBasis) throws { try write(json: basis.json()) }

  private struct Head: Decodable {
    let format: String
  }
}
