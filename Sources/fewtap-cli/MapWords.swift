import Fewtap

/// `key=value,...` of `--ramp` and `--radial`.
struct MapWords {
  private let flag: String
  private let axis: ParameterAxis
  private var values: [String: String] = [:]

  /// Throws: a usage ``Failure`` for what is no assignment, or one that is given twice.
  init(_ text: String, flag: String, axis: ParameterAxis) throws {
    (self.flag, self.axis) = (flag, axis)
    for part in text.split(separator: ",") {
      let sides = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
      guard sides.count == 2 else { throw Failure("\(flag): \"\(part)\" must be key=value", .usage) }
      guard values.updateValue(sides[1], forKey: sides[0]) == nil else {
        throw Failure("\(flag): \(sides[0]) is given twice", .usage)
      }
    }
  }

  func ramp() throws -> MapSource {
    try allow(["x", "y", "angle", "sharp", "falloff", "low", "high", "power"])
    let (sharp, falloff) = (try length("sharp") ?? .share(0.1), try length("falloff") ?? .share(0.4))
    guard sharp.number >= 0 else { throw bad("sharp", "0 or more") }
    guard falloff.number > 0 else { throw bad("falloff", "more than 0") }
    return .ramp(
      try values(start: sharp, rise: falloff), center: try center(), angle: try number("angle") ?? 0)
  }

  func radial() throws -> MapSource {
    try allow(["x", "y", "inner", "outer", "low", "high", "power"])
    let (inner, outer) = (try length("inner") ?? .share(0), try length("outer") ?? .share(1))
    guard inner.number >= 0 else { throw bad("inner", "0 or more") }
    let rise: MapLength
    switch (inner, outer) {
    case (.share(let a), .share(let b)): rise = .share(b - a)
    case (.pixels(let a), .pixels(let b)): rise = .pixels(b - a)
    case (.share(0), .pixels(let b)): rise = .pixels(b)
    default: throw Failure("\(flag): inner and outer must both be pixels, or both %", .usage)
    }
    guard rise.number > 0 else { throw bad("outer", "more than inner") }
    return .radial(try values(start: inner, rise: rise), center: try center())
  }

  /// `direction` or `direction:x=30%,y=60%`.
  static func field(_ text: String) throws -> MapSource {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    guard let place = parts.first.flatMap({ FieldCoordinate(rawValue: $0) }) else {
      let known = FieldCoordinate.allCases.map(\.rawValue).joined(separator: ", ")
      throw Failure("--field \(text): the place must be one of \(known)", .usage)
    }
    let words = try MapWords(
      parts.count > 1 ? parts[1] : "", flag: "--field", axis: ParameterAxis(name: "", range: 0...1))
    try words.allow(["x", "y"])
    return .field(place, center: try words.center())
  }

  private func values(start: MapLength, rise: MapLength) throws -> MapRamp {
    let (low, high) = (try number("low") ?? axis.range.lowerBound, try number("high") ?? axis.range.upperBound)
    guard (high - low).isFinite else { throw bad("high", "nearer to low") }
    let exponent = try number("power") ?? 1
    guard exponent > 0 else { throw bad("power", "more than 0") }
    return MapRamp(low: low, high: high, start: start, rise: rise, exponent: exponent)
  }

  private func bad(_ key: String, _ expected: String) -> Failure {
    Failure("\(flag): \(key) is \(values[key] ?? "not given"): it must be \(expected)", .usage)
  }

  private func center() throws -> MapCenter {
    MapCenter(x: try length("x") ?? .share(0.5), y: try length("y") ?? .share(0.5))
  }

  private func allow(_ keys: [String]) throws {
    guard let unknown = values.keys.sorted().first(where: { !keys.contains($0) }) else { return }
    throw Failure("\(flag): there is no key \"\(unknown)\"; it takes \(keys.joined(separator: ", "))", .usage)
  }

  private func number(_ key: String) throws -> Double? {
    guard let text = values[key] else { return nil }
    guard let value = Double(text), value.isFinite else {
      throw Failure("\(flag): \(key) is \"\(text)\": it must be a finite number", .usage)
    }
    return value
  }

  /// Pixels, or a share written with %.
  private func length(_ key: String) throws -> MapLength? {
    guard let text = values[key] else { return nil }
    let isShare = text.hasSuffix("%")
    guard let value = Double(isShare ? String(text.dropLast()) : text), value.isFinite else {
      throw Failure("\(flag): \(key) is \"\(text)\": it must be pixels, or a percentage such as 50%", .usage)
    }
    return isShare ? .share(value / 100) : .pixels(value)
  }
}
