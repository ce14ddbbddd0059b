import FewtapCore

/// A kernel in words: the name of a kernel of ``KernelCatalog`` and values for its parameters.
///
/// Written `name:key=value,key=value`, or the name alone: `heart:size=49`, `path:points=0 0/10 5/20 0`, `disk`. Its
/// ``description`` is canonical: every value in the catalog's order, defaults included, except those that are 0 by default.
public struct KernelSpecification: Equatable, Sendable, CustomStringConvertible {
  /// The kernel's name in the catalog.
  public let name: String
  /// The values by parameter, all in range; a parameter without one follows from the others.
  public let values: [String: ParameterValue]
  private let entry: KernelCatalog.Entry

  /// Two specifications are equal if they say the same.
  public static func == (left: KernelSpecification, right: KernelSpecification) -> Bool {
    left.name == right.name && left.values == right.values
  }

  /// Reads a specification.
  ///
  /// Throws: ``TargetError``: an unknown name or parameter, a parameter given twice, a malformed value or one out of range.
  public init(_ text: String) throws(TargetError) {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    let entry = try KernelCatalog.entry(named: parts[0].trimmed)
    var values: [String: ParameterValue] = [:]
    for assignment in parts.count < 2 ? [] : parts[1].split(separator: ",", omittingEmptySubsequences: false) {
      let sides = assignment.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(\.trimmed)
      guard sides.count == 2, !sides[0].isEmpty else {
        throw .notAnAssignment(kernel: entry.name, assignment.trimmed)
      }
      let parameter = try entry.parameter(named: sides[0])
      guard values[parameter.key] == nil else { throw .duplicateParameter(kernel: entry.name, parameter.key) }
      guard let value = parameter.domain.value(of: sides[1]) else {
        throw .malformed(
          kernel: entry.name, parameter: parameter.key, text: sides[1], expected: parameter.domain.description)
      }
      values[parameter.key] = value
    }
    try self.init(entry, values)
  }

  /// A kernel's name and values; those that are nil or left out are the defaults.
  init(_ name: String, _ values: [String: ParameterValue?]) throws(TargetError) {
    try self.init(KernelCatalog.entry(named: name), values.compactMapValues { $0 })
  }

  private init(_ entry: KernelCatalog.Entry, _ given: [String: ParameterValue]) throws(TargetError) {
    var values: [String: ParameterValue] = [:]
    for parameter in entry.parameters {
      guard let value = given[parameter.key] ?? parameter.standard else { continue }
      if let bad = parameter.domain.firstOutside(value) {
        throw .outOfRange(
          kernel: entry.name, parameter: parameter.key, value: bad, expected: parameter.domain.description)
      }
      values[parameter.key] = value
    }
    (name, self.values, self.entry) = (entry.name, values, entry)
  }

  /// The kernel; its name is this specification's ``description``.
  ///
  /// Throws: ``TargetError`` if the values contradict each other or the size cuts the shape.
  public func makeKernel() throws(TargetError) -> Kernel { try entry.make(self) }

  /// The canonical text, which reads back as the same specification.
  public var description: String {
    let assignments = entry.parameters.compactMap { parameter -> String? in
      guard let value = values[parameter.key] else { return nil }
      if value == .number(0), parameter.standard == .number(0) { return nil }
      return "\(parameter.key)=\(value)"
    }
    return name + (assignments.isEmpty ? "" : ":" + assignments.joined(separator: ","))
  }
}

extension KernelSpecification {
  /// The number of a parameter that has one whenever the catalog's table is right.
  func number(_ key: String) throws(TargetError) -> Double {
    guard let number = optionalNumber(key) else { throw unknown(key) }
    return number
  }

  /// The number of a parameter, if it was given or has a default.
  func optionalNumber(_ key: String) -> Double? {
    guard case .number(let number) = values[key] else { return nil }
    return number
  }

  /// The whole number of a parameter.
  func whole(_ key: String) throws(TargetError) -> Int { Int(try number(key)) }

  /// The points of a parameter.
  func points(_ key: String) throws(TargetError) -> [SIMD2<Double>] {
    guard case .points(let points) = values[key] else { throw unknown(key) }
    return points
  }

  /// The size, if one was given: odd and in range.
  var size: Int? { optionalNumber("size").map { Int($0) } }

  /// Pixels to each side of the center in the size given.
  var givenHalf: PixelOffset? { size.map { PixelOffset(x: $0 / 2, y: $0 / 2) } }

  private func unknown(_ key: String) -> TargetError {
    .unknownParameter(kernel: name, key, known: entry.parameters.map(\.key))
  }

  /// Throws a contradiction with `reason` unless `condition` holds.
  func require(_ condition: Bool, _ reason: String) throws(TargetError) {
    guard condition else { throw .contradiction(kernel: name, reason) }
  }

  /// Pixels to each side of the center: of the size given, which must hold `extent`, or the fewest that do.
  func half(holding extent: SIMD2<Double>) throws(TargetError) -> PixelOffset {
    let half = PixelOffset(x: CoverageRaster.half(holding: extent.x), y: CoverageRaster.half(holding: extent.y))
    let needed = 2 * max(half.x, half.y) + 1
    guard needed <= Kernel.maximumSide else { throw .tooLarge(kernel: name, needed: needed) }
    guard let size else { return half }
    guard needed <= size else { throw .cutOff(kernel: name, size: size, needed: needed) }
    return PixelOffset(x: size / 2, y: size / 2)
  }

  /// The kernel of this name over weights, divided by their sum if `normalized`.
  func kernel(_ weights: Plane<Double>, normalized: Bool) throws(TargetError) -> Kernel {
    do throws(KernelError) {
      return try Kernel(name: description, weights: weights, normalized: normalized)
    } catch {
      throw .kernel(error)
    }
  }
}

extension Kernel {
  /// A kernel over weights, divided by their sum if `normalized`.
  init(name: String, weights: Plane<Double>, center: PixelOffset? = nil, normalized: Bool) throws(KernelError) {
    let kernel = try Kernel(name: name, values: weights, center: center)
    // Dividing, unlike scaling by the inverse, makes a lone weight exactly 1.
    var values = weights
    let sum = normalized ? kernel.sum : 1
    for index in values.values.indices { values.values[index] /= sum }
    try self.init(name: name, values: values, center: center)
  }
}

extension StringProtocol {
  /// The text without the spaces around it.
  var trimmed: String {
    let rest = drop(while: \.isWhitespace)
    guard let last = rest.lastIndex(where: { !$0.isWhitespace }) else { return "" }
    return String(rest[...last])
  }
}
