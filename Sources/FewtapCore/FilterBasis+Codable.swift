#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

// The basis file: JSON, format "fewtap.basis", version 1; its schema is Schemas/fewtap.basis.schema.json.

extension FilterBasis {
  /// What `format` says in a basis file.
  public static let formatName = "fewtap.basis"
  /// What `version` says in the files that this code writes, and the only one it reads.
  public static let formatVersion = 1
  /// Largest file that is read, in bytes, checked before parsing.
  public static let maximumFileSize = 256 << 20

  /// Reads a basis file.
  ///
  /// Throws: ``FilterError`` with the path of the bad value: not JSON, another format, a future version, a missing field, a
  ///         wrong type, a number out of bounds, knots that do not ascend, filters that do not fit the grid.
  public init(json data: Data) throws(FilterError) {
    let file = try decodeFile(BasisFile.self, data, format: Self.formatName, maximumSize: Self.maximumFileSize)
    self = file.basis
    try checkInvariants()
    try file.checkPlaces()
  }

  /// The basis as a file.
  ///
  /// Throws: ``FilterError`` if the basis breaks its invariants.
  public func json() throws(FilterError) -> Data {
    try checkInvariants()
    var text = "{\n  \"format\": \"\(Self.formatName)\",\n  \"version\": \(Self.formatVersion),\n"
    if let family { text += "  \"family\": \(quoted(family)),\n" }
    text += "  \"interpolation\": \"\(interpolation.rawValue)\",\n  \"axes\": [\n"
    text += axes.map(Self.text).joined(separator: ",\n") + "\n  ],\n"
    if let fit { text += "  \"fit\": \(Self.text(fit)),\n" }
    text += "  \"filters\": [\n"
    text += filters.enumerated().map { index, filter in
      "  {\n  \"at\": \(Self.list(parameters(ofFilter: index))),\n\(filter.jsonFields())\n  }"
    }.joined(separator: ",\n")
    return Data((text + "\n  ]\n}\n").utf8)
  }

  private static func list(_ values: [Double]) -> String { "[" + values.map(number).joined(separator: ", ") + "]" }

  private static func text(_ axis: KnotAxis) -> String {
    var text =
      "    { \"name\": \(quoted(axis.name)), \"unit\": \(quoted(axis.unit)), \"periodic\": \(axis.isPeriodic),\n"
    text += "      \"knots\": \(list(axis.knots))"
    if let curve = axis.curve {
      text += ",\n      \"curve\": [" + curve.map { list([$0.value, $0.coordinate]) }.joined(separator: ", ") + "]"
    }
    return text + " }"
  }

  private static func text(_ fit: BasisRecord) -> String {
    let fields = [
      ("objective", quoted(fit.objective)), ("recipe", quoted(fit.recipe)), ("seed", "\(fit.seed)"),
      ("sampleCount", "\(fit.sampleCount)"), ("photoPSNR", number(fit.photoPSNR)),
      ("worstPhotoPSNR", number(fit.worstPhotoPSNR)), ("worstAt", list(fit.worstAt)),
      ("relativeError", number(fit.relativeError)), ("noiseGain", number(fit.noiseGain)),
      ("termination", quoted(fit.termination)),
    ]
    return "{ " + fields.map { "\"\($0.0)\": \($0.1)" }.joined(separator: ", ") + " }"
  }
}

/// The file's shape, as read.
private struct BasisFile: Decodable {
  let basis: FilterBasis
  private let places: [[Double]]

  enum Key: String, CodingKey { case interpolation, axes, filters, family, fit }

  init(from decoder: any Decoder) throws {
    try FileHead.check(decoder, format: FilterBasis.formatName, version: FilterBasis.formatVersion)
    let file = try decoder.container(keyedBy: Key.self)
    let name = try file.value(String.self, .interpolation)
    guard let interpolation = FilterBasis.Interpolation(rawValue: name) else {
      throw FilterError("interpolation", "is \(quoted(name))", "\"outputs\" or \"offsets\"")
    }
    let axes = try file.value([AxisFields].self, .axes).map(\.axis)
    let knots = try file.value([KnotFilter].self, .filters)
    basis = FilterBasis(
      interpolation: interpolation, axes: axes, filters: knots.map(\.filter),
      family: file.contains(.family) ? try file.value(String.self, .family) : nil,
      fit: file.contains(.fit) ? try file.value(RecordFields.self, .fit).record : nil)
    places = knots.map(\.at)
  }

  /// What filters say of their knots must be what the order of the grid says. Needs a basis that satisfies the invariants.
  func checkPlaces() throws(FilterError) {
    for (index, place) in places.enumerated() where place != basis.parameters(ofFilter: index) {
      throw FilterError(
        "filters[\(index)].at", "is \(place)", "\(basis.parameters(ofFilter: index)), the grid's knot at this place")
    }
  }
}

/// A filter and the knot that it stands at.
private struct KnotFilter: Decodable {
  let at: [Double]
  let filter: SparseFilter

  enum Key: String, CodingKey { case at }

  init(from decoder: any Decoder) throws {
    at = try decoder.container(keyedBy: Key.self).value(NumberList.self, .at).values
    filter = try FilterFields(from: decoder).filter
  }
}

private struct AxisFields: Decodable {
  let axis: KnotAxis

  enum Key: String, CodingKey { case name, unit, knots, periodic, curve }

  init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: Key.self)
    var curve: [KnotAxis.CurvePoint]?
    if fields.contains(.curve) {
      curve = try fields.value([NumberList].self, .curve).enumerated().map { index, pair in
        guard pair.values.count == 2 else {
          let place = pathText(decoder.codingPath + [Key.curve]) + "[\(index)]"
          throw FilterError(
            place + (pair.values.count < 2 ? "[\(pair.values.count)]" : ""), "has \(pair.values.count) numbers",
            "two: value and knot coordinate")
        }
        return KnotAxis.CurvePoint(value: pair.values[0], coordinate: pair.values[1])
      }
    }
    axis = KnotAxis(
      name: try fields.value(String.self, .name),
      unit: fields.contains(.unit) ? try fields.value(String.self, .unit) : "",
      knots: try fields.value(NumberList.self, .knots).values,
      isPeriodic: fields.contains(.periodic) ? try fields.value(Bool.self, .periodic) : false, curve: curve)
  }
}

private struct RecordFields: Decodable {
  let record: BasisRecord

  enum Key: String, CodingKey {
    case objective, recipe, seed, sampleCount, photoPSNR, worstPhotoPSNR, worstAt, relativeError, noiseGain, termination
  }

  init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: Key.self)
    record = BasisRecord(
      objective: try fields.value(String.self, .objective), recipe: try fields.value(String.self, .recipe),
      seed: try fields.value(UInt64.self, .seed), sampleCount: try fields.value(Int.self, .sampleCount),
      photoPSNR: try fields.value(Double.self, .photoPSNR),
      worstPhotoPSNR: try fields.value(Double.self, .worstPhotoPSNR),
      worstAt: try fields.value(NumberList.self, .worstAt).values,
      relativeError: try fields.value(Double.self, .relativeError),
      noiseGain: try fields.value(Double.self, .noiseGain), termination: try fields.value(String.self, .termination))
  }
}
