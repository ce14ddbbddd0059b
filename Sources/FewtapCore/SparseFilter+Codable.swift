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
    guard data.count <= Self.maximumFileSize else {
      throw FilterError("", "is \(data.count) bytes long", "at most \(Self.maximumFileSize) bytes")
    }
    guard data.contains(where: { !($0 == 0x20 || $0 == 0x0A || $0 == 0x0D || $0 == 0x09) }) else {
      throw FilterError("", "is empty", "a JSON object with \"format\": \"\(Self.formatName)\"")
    }
    do {
      self = try JSONDecoder().decode(FilterFile.self, from: data).filter
    } catch let error as FilterError {
      throw error
    } catch let error as DecodingError {
      throw FilterError(error)
    } catch {
      throw FilterError("", "cannot be read as JSON (\(error))", "a JSON object")
    }
    try checkInvariants()
  }

  /// The filter as a file: one tap a line group, numbers in their shortest form that reads back bit for bit.
  ///
  /// Throws: ``FilterError`` if the filter breaks its invariants (a NaN has no JSON).
  public func json() throws(FilterError) -> Data {
    try checkInvariants()
    var text = "{\n  \"format\": \"\(Self.formatName)\",\n  \"version\": \(Self.formatVersion),\n"
    text += "  \"taps\": \"\(chain.model.rawValue)\",\n  \"gain\": \(number(gain)),\n  \"layers\": [\n"
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
      let fields = [
        ("objective", quoted(fit.objective)), ("recipe", quoted(fit.recipe)), ("effort", quoted(fit.effort)),
        ("seed", "\(fit.seed)"), ("relativeError", number(fit.relativeError)), ("photoPSNR", number(fit.photoPSNR)),
        ("worstPhotoPSNR", number(fit.worstPhotoPSNR)), ("noiseGain", number(fit.noiseGain)),
        ("termination", quoted(fit.termination)),
      ]
      text += ",\n  \"fit\": { " + fields.map { "\"\($0.0)\": \($0.1)" }.joined(separator: ", ") + " }"
    }
    return Data((text + "\n}\n").utf8)
  }
}

/// The shortest decimal that reads back as the same Double; whole numbers without a fraction.
private func number(_ value: Double) -> String {
  value == value.rounded() && abs(value) < 1e15 && !(value == 0 && value.sign == .minus)
    ? String(Int(value)) : "\(value)"
}

/// `text` as a JSON string.
package func quoted(_ text: String) -> String {
  var result = "\""
  for scalar in text.unicodeScalars {
    switch scalar {
    case "\"": result += "\\\""
    case "\\": result += "\\\\"
    case "\n": result += "\\n"
    case "\t": result += "\\t"
    case "\r": result += "\\r"
    case _ where scalar.value < 0x20:
      let digits = String(scalar.value, radix: 16)
      result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
    default: result.unicodeScalars.append(scalar)
    }
  }
  return result + "\""
}

/// The file's shape, as read.
private struct FilterFile: Decodable {
  let filter: SparseFilter

  enum Key: String, CodingKey { case format, version, taps, gain, layers, kernel, fit, rate }
  enum KernelKey: String, CodingKey { case name, width, height, center, sha256 }
  enum FitKey: String, CodingKey {
    case objective, recipe, effort, seed, relativeError, photoPSNR, worstPhotoPSNR, noiseGain, termination
  }

  init(from decoder: any Decoder) throws {
    let file = try decoder.container(keyedBy: Key.self)
    let format = try file.decode(String.self, forKey: .format)
    guard format == SparseFilter.formatName else {
      throw FilterError("format", "is \(quoted(format))", "\"\(SparseFilter.formatName)\"")
    }
    let version = try file.number(Int.self, forKey: .version)
    guard version == SparseFilter.formatVersion else {
      throw FilterError("version", "is \(version)", "\(SparseFilter.formatVersion), the version that this fewtap reads")
    }
    guard !file.contains(.rate) else {
      throw FilterError("rate", "asks for a multi-rate chain", "a full-rate filter: this fewtap runs no others")
    }
    let modelName = try file.decode(String.self, forKey: .taps)
    guard let model = TapModel(rawValue: modelName) else {
      throw FilterError("taps", "is \(quoted(modelName))", "\"integer\" or \"bilinear\"")
    }
    let layers = try file.decode([[TapTriple]].self, forKey: .layers)
    filter = SparseFilter(
      chain: TapChain(model: model, layers: layers.map { TapLayer($0.map(\.tap)) }),
      gain: try file.number(Double.self, forKey: .gain),
      kernel: file.contains(.kernel)
        ? try Self.kernel(file.nestedContainer(keyedBy: KernelKey.self, forKey: .kernel)) : nil,
      fit: file.contains(.fit) ? try Self.fit(file.nestedContainer(keyedBy: FitKey.self, forKey: .fit)) : nil)
  }

  private static func kernel(_ fields: KeyedDecodingContainer<KernelKey>) throws -> KernelReference {
    var numbers = try fields.nestedUnkeyedContainer(forKey: .center)
    guard numbers.count == 2 else {
      throw FilterError("kernel.center", "has \(numbers.count ?? 0) numbers", "two: column and row")
    }
    let center = PixelOffset(x: try numbers.number(Int.self), y: try numbers.number(Int.self))
    let (width, height) = (try fields.number(Int.self, forKey: .width), try fields.number(Int.self, forKey: .height))
    for (key, side) in [("width", width), ("height", height)] where !(1...Kernel.maximumSide).contains(side) {
      throw FilterError("kernel.\(key)", "is \(side)", "1 to \(Kernel.maximumSide)")
    }
    return KernelReference(
      name: try fields.decode(String.self, forKey: .name), width: width, height: height,
      center: center, sha256: try fields.decodeIfPresent(String.self, forKey: .sha256))
  }

  private static func fit(_ fields: KeyedDecodingContainer<FitKey>) throws -> FitRecord {
    FitRecord(
      objective: try fields.decode(String.self, forKey: .objective),
      recipe: try fields.decode(String.self, forKey: .recipe),
      effort: try fields.decode(String.self, forKey: .effort),
      seed: try fields.number(UInt64.self, forKey: .seed),
      relativeError: try fields.number(Double.self, forKey: .relativeError),
      photoPSNR: try fields.number(Double.self, forKey: .photoPSNR),
      worstPhotoPSNR: try fields.number(Double.self, forKey: .worstPhotoPSNR),
      noiseGain: try fields.number(Double.self, forKey: .noiseGain),
      termination: try fields.decode(String.self, forKey: .termination))
  }
}

/// `[dx, dy, w]`.
private struct TapTriple: Decodable {
  let tap: Tap

  init(from decoder: any Decoder) throws {
    var numbers = try decoder.unkeyedContainer()
    tap = Tap(
      x: try numbers.number(Double.self), y: try numbers.number(Double.self), weight: try numbers.number(Double.self))
    guard numbers.isAtEnd else {
      throw FilterError(pathText(numbers.codingPath), "has more than three numbers", "[dx, dy, w]")
    }
  }
}

extension KeyedDecodingContainer {
  fileprivate func number<Number: Decodable>(_ type: Number.Type, forKey key: Key) throws -> Number {
    try numberAtPath(pathText(codingPath + [key])) { try decode(type, forKey: key) }
  }
}

extension UnkeyedDecodingContainer {
  fileprivate mutating func number<Number: Decodable>(_ type: Number.Type) throws -> Number {
    let path = pathText(codingPath) + "[\(currentIndex)]"
    return try numberAtPath(path) { try decode(type) }
  }
}

/// Names the value: for a number that its type cannot hold (1.5 or -1 for a count, 1e999), Foundation throws an error of a
/// private type that knows no path.
private func numberAtPath<Number>(_ path: String, _ decode: () throws -> Number) throws -> Number {
  do {
    return try decode()
  } catch let error as DecodingError {
    throw error
  } catch {
    throw FilterError(path, "is a number that does not fit", FilterError.inWords(Number.self))
  }
}

private func pathText(_ keys: [any CodingKey]) -> String {
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
      self.init(pathText(context.codingPath), "is not valid JSON: \(context.debugDescription)\(cause)", "a filter file")
    @unknown default: self.init("", "cannot be read (\(error))", "a filter file")
    }
  }

  fileprivate static func inWords(_ type: any Any.Type) -> String {
    switch type {
    case is Double.Type: "a finite number"
    case is Int.Type: "a whole number"
    case is UInt64.Type: "a whole number from 0 to \(UInt64.max)"
    case is String.Type: "a string"
    case is [Any].Type: "an array"
    default: "\(type)".hasPrefix("Array") ? "an array" : "an object"
    }
  }
}
