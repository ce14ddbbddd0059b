import FewtapCore
import FewtapTargets

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// A basis fit on its way, from which another run goes on. Its file is JSON, format "fewtap.basis-checkpoint", version 1.
public struct BasisCheckpoint: Equatable, Sendable {
  /// The family's name.
  public let family: String
  /// The options; ``BasisFitOptions/threads`` may change from run to run.
  public let options: BasisFitOptions
  /// What the fit was doing: a name of the operator's own.
  package let stage: String
  /// The knots' parameters along each axis.
  package let knots: [[Double]]
  /// What else the operator must know to go on, by names of its own.
  package let state: [String: [Double]]

  package init(
    family: String, options: BasisFitOptions, stage: String, knots: [[Double]], state: [String: [Double]] = [:]
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
  /// Throws: ``BasisFitError/badCheckpoint(_:)``: not JSON (it was cut short), another format or version, a missing field.
  public init(json data: Data) throws(BasisFitError) {
    let file: File
    do {
      file = try JSONDecoder().decode(File.self, from: data)
    } catch DecodingError.keyNotFound(let key, _) {
      throw .badCheckpoint("\(key.stringValue) is missing")
    } catch DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context) {
      throw .badCheckpoint("\(context.codingPath.map(\.stringValue).joined(separator: ".")) has the wrong type")
    } catch {
      throw .badCheckpoint("it cannot be read as JSON; was it cut short?")
    }
    guard file.format == Self.formatName else {
      throw .badCheckpoint("its format is \"\(file.format)\", not \"\(Self.formatName)\"")
    }
    guard file.version == Self.formatVersion else {
      throw .badCheckpoint("its version is \(file.version), not \(Self.formatVersion)")
    }
    var options = BasisFitOptions()
    guard let interpolation = FilterBasis.Interpolation(rawValue: file.interpolation),
      let objective = Objective(rawValue: file.objective), let recipe = FitOptions.Recipe(rawValue: file.recipe)
    else { throw .badCheckpoint("its operator, objective or recipe has an unknown name") }
    (options.interpolation, options.objective, options.recipe) = (interpolation, objective, recipe)
    (options.knots, options.error, options.taps, options.seed) = (file.asked, file.error, file.taps, file.seed)
    options.layers = file.layers
    guard let tracks = BasisFitOptions.Tracks(rawValue: file.tracks ?? BasisFitOptions.Tracks.knots.rawValue) else {
      throw .badCheckpoint("its tracks have an unknown name")
    }
    (options.tracks, options.terms) = (tracks, file.terms)
    self.init(family: file.family, options: options, stage: file.stage, knots: file.knots, state: file.state)
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
        layers: options.layers, tracks: options.tracks.rawValue, terms: options.terms, seed: options.seed, stage: stage,
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
