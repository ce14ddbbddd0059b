#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

// The file of a cost model: JSON, format "fewtap.cost-model", version 1.

extension CostModel {
  /// What `format` says in its file.
  public static let formatName = "fewtap.cost-model"
  /// What `version` says in the files that this code writes, and the only one it reads.
  public static let formatVersion = 1
  /// Largest file that is read, in bytes: some hundred times what is written.
  public static let maximumFileSize = 1 << 16

  /// Reads a file.
  ///
  /// Throws: ``CostModelError`` with the path of the bad value.
  public init(json data: Data) throws(CostModelError) {
    guard data.count <= Self.maximumFileSize else { throw .tooLong(data.count) }
    let file: File
    do {
      file = try JSONDecoder().decode(File.self, from: data)
    } catch {
      throw CostModelError(error)
    }
    guard file.format == Self.formatName else { throw .badFormat(file.format) }
    guard file.version == Self.formatVersion else { throw .badVersion(file.version) }
    guard let target = Target(rawValue: file.target) else { throw .badTarget(file.target) }
    var milliseconds: [Part: Double] = [:]
    for (name, time) in file.milliseconds {
      guard let part = Part(rawValue: name) else { throw .unknownPart(name) }
      milliseconds[part] = time
    }
    try self.init(target: target, machine: file.machine, milliseconds: milliseconds)
  }

  /// The model as a file.
  public func json() throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    let file = File(
      format: Self.formatName, version: Self.formatVersion, target: target.rawValue, machine: machine,
      milliseconds: Dictionary(uniqueKeysWithValues: milliseconds.map { ($0.key.rawValue, $0.value) }))
    return try encoder.encode(file)
  }

  private struct File: Codable {
    var format: String
    var version: Int
    var target: String
    var machine: String
    var milliseconds: [String: Double]
  }
}

/// Why a cost model cannot be.
public enum CostModelError: Error, Equatable, CustomStringConvertible {
  /// The file is too long for one.
  case tooLong(Int)
  /// The file is no JSON, or a value has another type.
  case unreadable(String)
  /// A field is missing.
  case missing(String)
  /// The file says that it is something else.
  case badFormat(String)
  /// The file is of another version.
  case badVersion(Int)
  /// There is no such target.
  case badTarget(String)
  /// There is no such part.
  case unknownPart(String)
  /// A time is negative or not finite.
  case badTime(CostModel.Part, Double)
  /// Measurements do not tell the parts of the work apart.
  case tooFewMeasurements

  init(_ error: any Error) {
    switch error {
    case DecodingError.keyNotFound(let key, let context):
      self = .missing((context.codingPath + [key]).map(\.stringValue).joined(separator: "."))
    case DecodingError.typeMismatch(let type, let context), DecodingError.valueNotFound(let type, let context):
      self = .unreadable(
        "\(context.codingPath.map(\.stringValue).joined(separator: ".")): expected a value of type \(type)")
    default: self = .unreadable("it cannot be read as JSON")
    }
  }

  /// The sentence that a user reads.
  public var description: String {
    switch self {
    case .tooLong(let bytes): "it is \(bytes) bytes long: expected at most \(CostModel.maximumFileSize)"
    case .unreadable(let problem): problem
    case .missing(let path): "\(path) is missing: expected a value"
    case .badFormat(let format): "format is \"\(format)\": expected \"\(CostModel.formatName)\""
    case .badVersion(let version): "version is \(version): expected \(CostModel.formatVersion)"
    case .badTarget(let target): "target is \"\(target)\": expected cpu or gpu"
    case .unknownPart(let name): "milliseconds.\(name) is no part of a cost model"
    case .badTime(let part, let time): "milliseconds.\(part.rawValue) is \(time): expected a number of 0 or more"
    case .tooFewMeasurements: "the measurements do not tell the parts of the work apart"
    }
  }
}
