#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

// The filter file: JSON, format "fewtap.filter", version 1; its schema is Schemas/fewtap.filter.schema.json.

extension SparseFilter {
  /// What `format` says in a filter file.
  public static let formatName = "fewtap.filter"
  /// What `version` says in the files that this code writes, and the only one it reads.
  public static let formatVersion = 1
  /// Largest file that is read, in bytes: ten times the largest sensible filter, checked before parsing.
  public static let maximumFileSize = 64 << 20

  /// Reads a filter file.
  ///
  /// Throws: ``FilterError`` with the path of the bad value: not JSON, another format, a future version, a missing field, a
  ///         wrong type, a number out of bounds.
  public init(json data: Data) throws(FilterError) {
    self = try decodeFile(
      FilterFile.self, data, format: Self.formatName, maximumSize: Self.maximumFileSize
    ).filter
    try checkInvariants()
  }

  /// The filter as a file: one tap a line group, numbers in their shortest form that reads back bit for bit.
  ///
  /// Throws: ``FilterError`` if the filter breaks its invariants (a NaN has no JSON).
  public func json() throws(FilterError) -> Data {
    try checkInvariants()
    let head = "{\n  \"format\": \"\(Self.formatName)\",\n  \"version\": \(Self.formatVersion),\n"
    return Data((head + jsonFields() + "\n}\n").utf8)
  }

  /// The members of the filter's JSON object, without braces.
  func jsonFields() -> String {
    var text = "  \"taps\": \"\(chain.model.rawValue)\",\n  \"gain\": \(number(gain)),\n"
    if let rate {
      text += "  \"rate\": { \"factor\": \(rate.factor), \"prefilter\": \"\(rate.prefilter.rawValue)\", "
      text += "\"interpolator\": \"\(rate.interpolator.rawValue)\" },\n"
    }
    text += "  \"layers\": [\n"
    text += chain.layers.map { layer in
      let taps = layer.taps.map { "[\(number($0.x)), \(number($0.y)), \(number($0.weight))]" }
      return "    [\n      " + taps.joined(separator: ",\n      ") + "\n    ]"
    }.joined(separator: ",\n")
    text += "\n  ]"
    if let kernel {
      text += ",\n  \"kernel\": { \"name\": \(quoted(kernel.name)), \"width\": \(kernel.width), "
      text += "\"height\": \(kernel.height), \"center\": [\(kernel.center.x), \(kernel.center.y)]"
      if let hash = kernel.sha256 { text += ", \"sha256\": \(quoted(hash))" }
      text += " }"
    }
    if let fit {
      var fields = [
        ("objective", quoted(fit.objective)), ("recipe", quoted(fit.recipe)), ("effort", quoted(fit.effort)),
        ("seed", "\(fit.seed)"), ("relativeError", number(fit.relativeError)), ("photoPSNR", number(fit.photoPSNR)),
        ("worstPhotoPSNR", number(fit.worstPhotoPSNR)), ("noiseGain", number(fit.noiseGain)),
        ("termination", quoted(fit.termination)),
      ]
      if let flicker = fit.flicker { fields.append(("flicker", number(flicker))) }
      text += ",\n  \"fit\": { " + fields.map { "\"\($0.0)\": \($0.1)" }.joined(separator: ", ") + " }"
    }
    return text
  }
}

/// Reads a file of ours.
///
/// Throws: ``FilterError`` with the path of the bad value.
func decodeFile<File: Decodable>(
  _ type: File.Type, _ data: Data, format: String, maximumSize: Int
) throws(FilterError) -> File {
  guard data.count <= maximumSize else {
    throw FilterError("", "is \(data.count) bytes long", "at most \(maximumSize) bytes")
  }
  guard data.contains(where: { !($0 == 0x20 || $0 == 0x0A || $0 == 0x0D || $0 == 0x09) }) else {
    throw FilterError("", "is empty", "a JSON object with \"format\": \"\(format)\"")
  }
  do {
    return try JSONDecoder().decode(type, from: data)
  } catch let error as FilterError {
    throw error
  } catch let error as DecodingError {
    throw FilterError(error)
  } catch {
    throw FilterError("", "cannot be read as JSON (\(error))", "a JSON object")
  }
}

/// The shortest decimal that reads back as the same Double; whole numbers without a fraction.
func number(_ value: Double) -> String {
  value == value.rounded() && abs(value) < 1e15 && !(value == 0 && value.sign == .minus)
    ? String(Int(value)) : "\(value)"
}

/// `text` as a JSON string, without any character that a terminal would obey instead of showing it: controls, and those that turn
/// the direction of writing.
package func quoted(_ text: String) -> String {
  var result = "\""
  for scalar in text.unicodeScalars {
    switch scalar {
    case "\"": result += "\\\""
    case "\\": result += "\\\\"
    case "\n": result += "\\n"
    case "\t": result += "\\t"
    case "\r": result += "\\r"
    case "\0"..."\u{1F}", "\u{7F}"..."\u{9F}", "\u{202A}"..."\u{202E}", "\u{2066}"..."\u{2069}":
      let digits = String(scalar.value, radix: 16)
      result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
    default: result.unicodeScalars.append(scalar)
    }
  }
  return result + "\""
}

/// What every file of ours says first.
enum FileHead {
  enum Key: String, CodingKey { case format, version }

  /// The file's version. Throws: ``FilterError`` unless the file is of this format and one of these versions.
  @discardableResult
  static func check(_ decoder: any Decoder, format: String, versions: ClosedRange<Int>) throws -> Int {
    let file = try decoder.container(keyedBy: Key.self)
    let found = try file.value(String.self, .format)
    guard found == format else { throw FilterError("format", "is \(quoted(found))", "\"\(format)\"") }
    let number = try file.value(Int.self, .version)
    guard versions.contains(number) else {
      let known = versions.map(String.init).joined(separator: " or ")
      throw FilterError("version", "is \(number)", "\(known), the version that this fewtap reads")
    }
    return number
  }
}

/// The file's shape, as read.
private struct FilterFile: Decodable {
  let filter: SparseFilter

  init(from decoder: any Decoder) throws {
    try FileHead.check(
      decoder, format: SparseFilter.formatName, versions: SparseFilter.formatVersion...SparseFilter.formatVersion)
    filter = try FilterFields(from: decoder).filter
  }
}

/// A filter's members in a JSON object.
struct FilterFields: Decodable {
  let filter: SparseFilter

  enum Key: String, CodingKey { case taps, gain, layers, kernel, fit, rate }
  enum KernelKey: String, CodingKey { case name, width, height, center, sha256 }
  enum FitKey: String, CodingKey {
    case objective, recipe, effort, seed, relativeError, photoPSNR, worstPhotoPSNR, noiseGain, termination, flicker
  }
  enum RateKey: String, CodingKey { case factor, prefilter, interpolator }

  init(from decoder: any Decoder) throws {
    let file = try decoder.container(keyedBy: Key.self)
    let place = decoder.codingPath
    let modelName = try file.value(String.self, .taps)
    guard let model = TapModel(rawValue: modelName) else {
      throw FilterError(pathText(place + [Key.taps]), "is \(quoted(modelName))", "\"integer\" or \"bilinear\"")
    }
    let layers = try file.value([[TapTriple]].self, .layers)
    filter = SparseFilter(
      chain: TapChain(model: model, layers: layers.map { TapLayer($0.map(\.tap)) }),
      rate: file.contains(.rate) ? try Self.rate(file.nestedContainer(keyedBy: RateKey.self, forKey: .rate)) : nil,
      gain: try file.value(Double.self, .gain),
      kernel: file.contains(.kernel)
        ? try Self.kernel(file.nestedContainer(keyedBy: KernelKey.self, forKey: .kernel)) : nil,
      fit: file.contains(.fit) ? try Self.fit(file.nestedContainer(keyedBy: FitKey.self, forKey: .fit)) : nil)
  }

  private static func rate(_ fields: KeyedDecodingContainer<RateKey>) throws -> Resampling {
    func spline(_ key: RateKey) throws -> Resampling.BSpline {
      let name = try fields.value(String.self, key)
      guard let spline = Resampling.BSpline(rawValue: name) else {
        let known = Resampling.BSpline.allCases.map { quoted($0.rawValue) }.joined(separator: " or ")
        throw FilterError(pathText(fields.codingPath + [key]), "is \(quoted(name))", known)
      }
      return spline
    }
    return Resampling(
      factor: try fields.value(Int.self, .factor), prefilter: try spline(.prefilter),
      interpolator: try spline(.interpolator))
  }

  private static func kernel(_ fields: KeyedDecodingContainer<KernelKey>) throws -> KernelReference {
    let center = try fields.value([Int].self, .center)
    guard center.count == 2 else {
      throw FilterError(
        pathText(fields.codingPath + [KernelKey.center]), "has \(center.count) numbers", "two: column and row")
    }
    return KernelReference(
      name: try fields.value(String.self, .name), width: try fields.value(Int.self, .width),
      height: try fields.value(Int.self, .height),
      center: PixelOffset(x: center[0], y: center[1]), sha256: try fields.decodeIfPresent(String.self, forKey: .sha256))
  }

  private static func fit(_ fields: KeyedDecodingContainer<FitKey>) throws -> FitRecord {
    FitRecord(
      objective: try fields.value(String.self, .objective),
      recipe: try fields.value(String.self, .recipe),
      effort: try fields.value(String.self, .effort),
      seed: try fields.value(UInt64.self, .seed),
      relativeError: try fields.value(Double.self, .relativeError),
      photoPSNR: try fields.value(Double.self, .photoPSNR),
      worstPhotoPSNR: try fields.value(Double.self, .worstPhotoPSNR),
      noiseGain: try fields.value(Double.self, .noiseGain),
      termination: try fields.value(String.self, .termination),
      flicker: fields.contains(.flicker) ? try fields.value(Double.self, .flicker) : nil)
  }
}

extension KeyedDecodingContainer {
  func value<Value: Decodable>(_ type: Value.Type, _ key: Key) throws -> Value {
    try located(at: pathText(codingPath + [key])) { try decode(type, forKey: key) }
  }
}

/// What `decode` gives. A number that its type cannot hold (1e999, a fraction for a whole number) makes the decoder throw an
/// error of its own that names no place; it gets `path` here.
func located<Value>(at path: @autoclosure () -> String, _ decode: () throws -> Value) throws -> Value {
  do {
    return try decode()
  } catch let error where !(error is DecodingError || error is FilterError) {
    throw FilterError(path(), "is out of range", FilterError.inWords(Value.self))
  }
}

/// `[dx, dy, w]`.
private struct TapTriple: Decodable {
  let tap: Tap

  init(from decoder: any Decoder) throws {
    var numbers = try decoder.unkeyedContainer()
    let path = numbers.codingPath
    func next() throws -> Double {
      let index = numbers.currentIndex
      return try located(at: pathText(path) + "[\(index)]") { try numbers.decode(Double.self) }
    }
    tap = Tap(x: try next(), y: try next(), weight: try next())
    guard numbers.isAtEnd else {
      throw FilterError(pathText(numbers.codingPath), "has more than three numbers", "[dx, dy, w]")
    }
  }
}

/// An array of numbers, each with a place of its own in errors.
struct NumberList: Decodable {
  let values: [Double]

  init(from decoder: any Decoder) throws {
    var numbers = try decoder.unkeyedContainer()
    var values: [Double] = []
    while !numbers.isAtEnd {
      let index = numbers.currentIndex
      values.append(
        try located(at: pathText(numbers.codingPath) + "[\(index)]") { try numbers.decode(Double.self) })
    }
    self.values = values
  }
}

func pathText(_ keys: [any CodingKey]) -> String {
  keys.reduce("") { path, key in
    if let index = key.intValue { return path + "[\(index)]" }
    return path.isEmpty ? key.stringValue : path + "." + key.stringValue
  }
}

extension FilterError {
  fileprivate init(_ error: DecodingError) {
    switch error {
    case .keyNotFound(let key, let context):
      self.init(pathText(context.codingPath + [key]), "is missing", "a value there")
    case .typeMismatch(let type, let context):
      self.init(pathText(context.codingPath), "has the wrong type", Self.inWords(type))
    case .valueNotFound(let type, let context):
      self.init(pathText(context.codingPath), "is null or missing", Self.inWords(type))
    case .dataCorrupted(let context):
      let cause = context.underlyingError.map { " (\($0))" } ?? ""
      self.init(
        pathText(context.codingPath), "is not valid JSON: \(context.debugDescription)\(cause)",
        "the whole file as it was written")
    @unknown default: self.init("", "cannot be read (\(error))", "the whole file as it was written")
    }
  }

  fileprivate static func inWords(_ type: any Any.Type) -> String {
    switch type {
    case is Double.Type: "a number"
    case is Int.Type, is UInt64.Type: "a whole number"
    case is String.Type: "a string"
    case is [Any].Type: "an array"
    default: "\(type)".hasPrefix("Array") ? "an array" : "an object"
    }
  }
}
