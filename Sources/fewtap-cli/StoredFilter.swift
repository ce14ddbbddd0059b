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
    switch (try? JSONDecoder().decode(Head.self, from: bytes))?.format {
    case FilterBasis.formatName:
      do {
        return .basis(try FilterBasis(json: bytes))
      } catch {
        throw Failure("\(name): \(legible("\(error)", limit: 500))")
      }
    // What holds neither is refused as a filter.
    case SparseFilter.formatName, nil: return .filter(try parse(bytes))
    case let format?:
      throw Failure(
        "\(name): its format is \"\(legible(format, limit: 40))\": expected \"\(SparseFilter.formatName)\" or "
          + "\"\(FilterBasis.formatName)\"")
    }
  }

  /// Writes a basis, whole or not at all.
  func write(_ basis: FilterBasis) throws { try write(json: basis.json()) }

  private struct Head: Decodable {
    let format: String
  }
}
