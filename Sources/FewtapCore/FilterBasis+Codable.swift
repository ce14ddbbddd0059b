#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

// The basis file: JSON, format "fewtap.basis", version 1, or 2 if taps follow a series; its schema is
// Schemas/fewtap.basis.schema.json.

extension FilterBasis {
  /// What `format` says in a basis file.
  public static let formatName = "fewtap.basis"
  /// What `version` says in the files of bases whose filters are at knots.
  public static let formatVersion = 1
  /// What it says in those of bases whose taps follow a series, which readers of version 1 could not but misread.
  public static let seriesVersion = 2
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
    let version = series == nil ? Self.formatVersion : Self.seriesVersion
    var text = "{\n  \"format\": \"\(Self.formatName)\",\n  \"version\": \(version),\n"
    if let family { text += "  \"family\": \(quoted(family)),\n" }
    text += "  \"interpolation\": \"\(interpolation.rawValue)\",\n  \"axes\": [\n"
    let axes = series == nil ? axes : axes.map(\.withoutInnerKnots)
    text += axes.map(Self.text).joined(separator: ",\n") + "\n  ],\n"
    if let fit { text += "  \"fit\": \(Self.text(fit)),\n" }
    if let series { return Data((text + Self.text(series) + "\n}\n").utf8) }
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

  private static func text(_ series: TapSeries) -> String {
    let functions = series.axes.map { axis in
      let turn = axis.turn == 0 ? "" : ", \"turn\": \(number(axis.turn))"
      return switch axis.functions {
      case .chebyshev(let count): "{ \"kind\": \"chebyshev\", \"count\": \(count)\(turn) }"
      case .fourier(let count, let period):
        "{ \"kind\": \"fourier\", \"count\": \(count), \"period\": \(number(period))\(turn) }"
      }
    }
    let layers = series.layers.map { layer in
      "      [\n"
        + layer.map { track in
          "        { \"x\": \(list(track.x)),\n          \"y\": \(list(track.y)),\n"
            + "          \"weight\": \(list(track.weight)) }"
        }.joined(separator: ",\n") + "\n      ]"
    }
    return "  \"series\": {\n    \"functions\": [\n      \(functions.joined(separator: ",\n      "))\n    ],\n"
      + "    \"gain\": \(list(series.gain)),\n    \"layers\": [\n\(layers.joined(separator: ",\n"))\n    ]\n  }"
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
  /// What filters say of their knots; none where there is a series.
  private let places: [[Double]]

  enum Key: String, CodingKey { case interpolation, axes, filters, series, family, fit }

  init(from decoder: any Decoder) throws {
    let versions = FilterBasis.formatVersion...FilterBasis.seriesVersion
    let version = try FileHead.check(decoder, format: FilterBasis.formatName, versions: versions)
    let file = try decoder.container(keyedBy: Key.self)
    let name = try file.value(String.self, .interpolation)
    guard let interpolation = FilterBasis.Interpolation(rawValue: name) else {
      throw FilterError("interpolation", "is \(quoted(name))", "\"outputs\" or \"offsets\"")
    }
    let axes = try file.value([AxisFields].self, .axes).map(\.axis)
    let family = file.contains(.family) ? try file.value(String.self, .family) : nil
    let fit = file.contains(.fit) ? try file.value(RecordFields.self, .fit).record : nil
    if version == FilterBasis.seriesVersion {
      (basis, places) = (try Self.basis(file, interpolation, axes, family, fit), [])
    } else {
      if file.contains(.series) {
        throw FilterError("series", "is given", "none in version \(version), which has filters at knots")
      }
      let knots = try file.value([KnotFilter].self, .filters)
      basis = FilterBasis(
        interpolation: interpolation, axes: axes, filters: knots.map(\.filter), family: family, fit: fit)
      places = knots.map(\.at)
    }
  }

  /// The basis of a series.
  private static func basis(
    _ file: KeyedDecodingContainer<Key>, _ interpolation: FilterBasis.Interpolation, _ axes: [KnotAxis],
    _ family: String?, _ fit: BasisRecord?
  ) throws -> FilterBasis {
    guard interpolation == .offsets else {
      throw FilterError(
        "interpolation", "is \(quoted(interpolation.rawValue))", "\"offsets\", since taps follow a series")
    }
    if file.contains(.filters) {
      throw FilterError("filters", "is given", "none in version 2, whose taps follow a series")
    }
    let series = try file.value(SeriesFields.self, .series)
    for (index, axis) in axes.enumerated() {
      try axis.check("axes[\(index)]")
      guard axis.knots.count == 2 else {
        throw FilterError("axes[\(index)].knots", "has \(axis.knots.count) knots", "two: the ends of the range")
      }
      guard axis.curve == nil else {
        throw FilterError("axes[\(index)].curve", "is given", "none, since taps follow a series")
      }
    }
    let ranges = axes.map(\.axis)
    return try FilterBasis(series: series.series(ranges.map(\.range)), axes: ranges, family: family, fit: fit)
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

/// The members of a series.
private struct SeriesFields: Decodable {
  private let functions: [Axis]
  private let gain: [Double]
  private let layers: [[TapSeries.Track]]

  enum Key: String, CodingKey { case functions, gain, layers }

  private struct Axis: Decodable {
    let functions: TapSeries.Functions
    let turn: Double

    enum Key: String, CodingKey { case kind, count, period, turn }

    init(from decoder: any Decoder) throws {
      let fields = try decoder.container(keyedBy: Key.self)
      let kind = try fields.value(String.self, .kind)
      let count = try fields.value(Int.self, .count)
      switch kind {
      case "chebyshev": functions = .chebyshev(count: count)
      case "fourier": functions = .fourier(count: count, period: try fields.value(Double.self, .period))
      default:
        throw FilterError(
          pathText(decoder.codingPath + [Key.kind]), "is \(quoted(kind))", "\"chebyshev\" or \"fourier\"")
      }
      turn = fields.contains(.turn) ? try fields.value(Double.self, .turn) : 0
    }
  }

  private struct Track: Decodable {
    let track: TapSeries.Track

    enum Key: String, CodingKey { case x, y, weight }

    init(from decoder: any Decoder) throws {
      let fields = try decoder.container(keyedBy: Key.self)
      func values(_ key: Key) throws -> [Double] { try fields.value(NumberList.self, key).values }
      track = TapSeries.Track(x: try values(.x), y: try values(.y), weight: try values(.weight))
    }
  }

  init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: Key.self)
    functions = try fields.value([Axis].self, .functions)
    gain = try fields.value(NumberList.self, .gain).values
    layers = try fields.value([[Track]].self, .layers).map { $0.map(\.track) }
  }

  /// The series over these ranges.
  func series(_ ranges: [ClosedRange<Double>]) throws(FilterError) -> TapSeries {
    guard functions.count == ranges.count else {
      throw FilterError("series.functions", "has \(functions.count) entries", "one for each of \(ranges.count) axes")
    }
    return TapSeries(
      axes: zip(functions, ranges).map { TapSeries.Axis(range: $1, functions: $0.functions, turn: $0.turn) },
      layers: layers, gain: gain)
  }
}
