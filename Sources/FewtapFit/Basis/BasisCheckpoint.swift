import FewtapCore
import FewtapTargets

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// A basis fit on its way, from which another run goes on. Its file is JSON, format "fewtap.basis-checkpoint", version 1, as
/// Schemas/fewtap.basis-checkpoint.schema.json has it.
public struct BasisCheckpoint: Equatable, Sendable {
  /// The family's name.
  public let family: String
  /// The options; ``BasisFitOptions/threads`` may change from run to run.
  public let options: BasisFitOptions
  /// What the fit was doing.
  package let stage: Stage
  /// The knots' parameters along each axis.
  package let knots: [[Double]]
  /// What else the operator must know to go on, by names of its own.
  package let state: [String: [Double]]

  /// What a fit does.
  package enum Stage: String, CaseIterable, Sendable {
    /// An outputs basis is fitted.
    case outputs
    /// An offsets basis is fitted.
    case offsets
    /// Its knots are fitted one by one, as the paper does.
    case knotsAlone = "knots alone"
  }

  package init(
    family: String, options: BasisFitOptions, stage: Stage, knots: [[Double]], state: [String: [Double]] = [:]
  ) {
    (self.family, self.options) = (family, options)
    (self.stage, self.knots, self.state) = (stage, knots, state)
  }

  /// What `format` says in its file.
  public static let formatName = "fewtap.basis-checkpoint"
  /// What `version` says in the files that this code writes, and the only one it reads.
  public static let formatVersion = 1

  /// Reads a file.
  ///
  /// Throws: ``BasisFitError/badCheckpoint(_:)``: not JSON (it was cut short), another format or version, a missing field, an
  ///         unknown name.
  public init(json data: Data) throws(BasisFitError) {
    let file: File
    do {
      file = try JSONDecoder().decode(File.self, from: data)
    } catch DecodingError.keyNotFound(let key, let context) {
      throw .badCheckpoint("\((context.codingPath + [key]).fieldPath) is missing")
    } catch DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context) {
      throw .badCheckpoint("\(context.codingPath.fieldPath) has the wrong type")
    } catch DecodingError.dataCorrupted(let context) where !context.codingPath.isEmpty {
      throw .badCheckpoint("\(context.codingPath.fieldPath) is a number that cannot stand there")
    } catch {
      throw .badCheckpoint("it cannot be read as JSON; was it cut short?")
    }
    guard file.format == Self.formatName else {
      throw .badCheckpoint("format is \(quoted(file.format)), not \"\(Self.formatName)\"")
    }
    guard file.version == Self.formatVersion else {
      throw .badCheckpoint("version is \(file.version), not \(Self.formatVersion)")
    }
    var options = BasisFitOptions()
    options.interpolation = try Self.name("interpolation", file.interpolation)
    options.objective = try Self.name("objective", file.objective)
    options.recipe = try Self.name("recipe", file.recipe)
    if let tracks = file.tracks { options.tracks = try Self.name("tracks", tracks) }
    (options.knots, options.error, options.taps, options.seed) = (file.asked, file.error, file.taps, file.seed)
    (options.layers, options.terms) = (file.layers, file.terms)
    self.init(
      family: file.family, options: options, stage: try Self.name("stage", file.stage), knots: file.knots,
      state: file.state)
  }

  private static func name<Name: RawRepresentable & CaseIterable>(
    _ field: String, _ text: String
  ) throws(BasisFitError) -> Name where Name.RawValue == String {
    guard let name = Name(rawValue: text) else {
      let known = Name.allCases.map(\.rawValue).joined(separator: ", ")
      throw .badCheckpoint("\(field) is \(quoted(text)): expected one of \(known)")
    }
    return name
  }

  /// The checkpoint as a file; a Double reads back bit for bit.
  public func json() throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    return try encoder.encode(
      File(
        format: Self.formatName, version: Self.formatVersion, family: family,
        interpolation: options.interpolation.rawValue, objective: options.objective.rawValue,
        recipe: options.recipe.rawValue, asked: options.knots, error: options.error, taps: options.taps,
        layers: options.layers, tracks: options.tracks.rawValue, terms: options.terms, seed: options.seed,
        stage: stage.rawValue,
        knots: knots, state: state))
  }

  /// Throws: ``BasisFitError/otherCheckpoint(field:found:expected:)`` if it is not of the fit of `family` under `options`.
  func check(_ family: KernelFamily, _ options: BasisFitOptions) throws(BasisFitError) {
    func check<Value: Equatable>(_ field: String, _ found: Value, _ expected: Value) throws(BasisFitError) {
      guard found == expected else {
        throw .otherCheckpoint(field: field, found: "\(found)", expected: "\(expected)")
      }
    }
    try check("family", self.family, family.name)
    try check("operator", self.options.interpolation.rawValue, options.interpolation.rawValue)
    try check("number of knots", self.options.knots ?? [], options.knots ?? [])
    try check("error", self.options.error.map { "\($0)" } ?? "none", options.error.map { "\($0)" } ?? "none")
    try check("number of taps", self.options.taps, options.taps)
    try check("number of layers", self.options.layers.map { "\($0)" } ?? "any", options.layers.map { "\($0)" } ?? "any")
    try check("form of tracks", self.options.tracks.rawValue, options.tracks.rawValue)
    try check("number of terms", self.options.terms ?? [], options.terms ?? [])
    try check("objective", self.options.objective.rawValue, options.objective.rawValue)
    try check("recipe", self.options.recipe.rawValue, options.recipe.rawValue)
    try check("seed", self.options.seed, options.seed)
    try check("number of axes", knots.count, family.axes.count)
    if let asked = options.knots { try check("knots", knots.map(\.count), asked) }
    for (axis, values) in zip(family.axes, knots) {
      let ascends = zip(values, values.dropFirst()).allSatisfy { $0 < $1 }
      guard ascends, values.count >= 2, values.first == axis.range.lowerBound, values.last == axis.range.upperBound
      else {
        throw .otherCheckpoint(
          field: "knots along \(axis.name)", found: "\(values)", expected: "ascending over \(axis.range)")
      }
    }
  }

  private struct File: Codable {
    var format: String
    var version: Int
    var family: String
    var interpolation: String
    var objective: String
    var recipe: String
    var asked: [Int]?
    var error: Double?
    var taps: Int
    var layers: Int?
    var tracks: String?
    var terms: [Int]?
    var seed: UInt64
    var stage: String
    var knots: [[Double]]
    var state: [String: [Double]]
  }
}

extension [any CodingKey] {
  /// The place in a file, as in `knots[0][2]`.
  fileprivate var fieldPath: String {
    isEmpty
      ? "it"
      : reduce("") { path, key in
        key.intValue.map { "\(path)[\($0)]" } ?? (path.isEmpty ? key.stringValue : "\(path).\(key.stringValue)")
      }
  }
}
