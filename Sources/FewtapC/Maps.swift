// swift-format-ignore-file: AlwaysUseLowerCamelCase, AllPublicDeclarationsHaveDocumentation
// Names and documentation are those of fewtap.h.

import CFewtap
import FewtapCore
import FewtapEngine

#if canImport(Darwin)
import Darwin
#elseif canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// What a map's handle stands for.
struct PixelMap: Handled {
  let map: ParameterMap
  /// Its planes before they were rounded to binary32, if they were.
  var exact: [Plane<Double>]?
  /// Whether its planes are weights of filters, not parameters.
  let isWeights: Bool

  static var handleName: String { "map" }

  /// A plan together with it.
  func mapped(_ plan: VaryingPlan, _ direction: VaryingDirection) throws(ApplyError) -> MappedPlan {
    isWeights
      ? try plan.mapped(byWeights: map, direction: direction) : try plan.mapped(by: map, direction: direction)
  }

  /// The planes in binary64, for an image of so many columns and rows.
  func exactPlanes(width: Int, height: Int) throws(ApplyError) -> [Plane<Double>] {
    guard map.width == width, map.height == height else {
      throw .mapSize(map: [map.width, map.height], image: [width, height])
    }
    return (0..<map.axisCount).map { exactPlane($0) }
  }

  /// A plane in binary64.
  func exactPlane(_ axis: Int) -> Plane<Double> {
    exact?[axis]
      ?? Plane(width: map.width, height: map.height, exactly: map.plane(axis: axis).values.map { Double($0) })
  }
}

@c @implementation
public func fewtap_map_create(
  _ width: Int64, _ height: Int64, _ sources: UnsafePointer<fewtap_map_source>?, _ count: Int64,
  _ map: UnsafeMutablePointer<OpaquePointer?>?, _ error: UnsafeMutablePointer<fewtap_error>?
) -> fewtap_status {
  call(error) {
    let map = try result(map, "map")
    let columns = try FewtapC.count(width, 1...Int(Int32.max), "width")
    let rows = try FewtapC.count(height, 1...Int(Int32.max), "height")
    let number = try FewtapC.count(count, 1...ParameterAxis.maximumCount, "count")
    guard let sources else { throw CallError.null("sources") }
    // The caller's structs may be longer or shorter than ours: each tells its size.
    var (made, place) = ([MapSource](), UnsafeRawPointer(sources))
    for index in 0..<number {
      let name = "sources[\(index)]"
      let source = try options(place.assumingMemoryBound(to: fewtap_map_source.self), fewtap_map_source(), name)
      made.append(try MapSource(source, name))
      place += Int(source.size)
    }
    let parameters = try ParameterMap(width: columns, height: rows, made)
    map.pointee = HandleTable.shared.insert(PixelMap(map: parameters, isWeights: false))
  }
}

@c @implementation
public func fewtap_map_parameters(
  _ planes: UnsafePointer<fewtap_image>?, _ map: UnsafeMutablePointer<OpaquePointer?>?,
  _ error: UnsafeMutablePointer<fewtap_error>?
) -> fewtap_status {
  call(error) {
    let map = try result(map, "map")
    map.pointee = HandleTable.shared.insert(try PixelMap(planes, "planes", isWeights: false))
  }
}

@c @implementation
public func fewtap_map_weights(
  _ weights: UnsafePointer<fewtap_image>?, _ map: UnsafeMutablePointer<OpaquePointer?>?,
  _ error: UnsafeMutablePointer<fewtap_error>?
) -> fewtap_status {
  call(error) {
    let map = try result(map, "map")
    map.pointee = HandleTable.shared.insert(try PixelMap(weights, "weights", isWeights: true))
  }
}

@c @implementation
public func fewtap_map_admit(
  _ map: OpaquePointer?, _ basis: OpaquePointer?, _ nan: fewtap_map_nan, _ is_strict: Int32,
  _ surveys: UnsafeMutablePointer<fewtap_map_survey>?, _ survey_count: Int64,
  _ admitted: UnsafeMutablePointer<OpaquePointer?>?, _ error: UnsafeMutablePointer<fewtap_error>?
) -> fewtap_status {
  call(error) {
    let admitted = try result(admitted, "admitted")
    let map: PixelMap = try HandleTable.shared.value(map)
    let basis: FilterBasis = try HandleTable.shared.value(basis)
    guard !map.isWeights else {
      throw CallError(FEWTAP_UNSUPPORTED, "the map is one of weights: only parameters have ranges")
    }
    if surveys != nil { try checkRoom(survey_count, basis.axes.count, "survey_count") }
    try checkMemory(for: map.map)
    let found = try map.map.admitted(
      to: basis.axes.map(\.axis), nan: MapNaN(nan), isStrict: flag(is_strict, "is_strict"), threads: threads(0))
    for (index, survey) in found.surveys.enumerated() {
      surveys?[index] = fewtap_map_survey(
        least: survey.seen.map { Double($0.lowerBound) } ?? .nan,
        largest: survey.seen.map { Double($0.upperBound) } ?? .nan, outside_count: Int64(survey.outsideCount),
        nan_count: Int64(survey.nanCount))
    }
    admitted.pointee = HandleTable.shared.insert(PixelMap(map: found.map, isWeights: false))
  }
}

/// Throws unless there is memory for a map's values twice over. What is made row by row may be of any size.
private func checkMemory(for map: ParameterMap) throws(CallError) {
  let (pixels, overflow) = map.width.multipliedReportingOverflow(by: map.height)
  let bytes = overflow ? Int.max : pixels.multipliedReportingOverflow(by: 8 * map.axisCount).partialValue
  // A tebibyte is more than any machine gives.
  let memory = overflow || pixels > (1 << 40) / (8 * map.axisCount) ? nil : malloc(bytes)
  guard let memory else {
    throw CallError(
      FEWTAP_OUT_OF_MEMORY, "there is no memory for a map of \(map.width)x\(map.height) pixels: plans need none of it")
  }
  free(memory)
}

extension MapNaN {
  fileprivate init(_ nan: fewtap_map_nan) throws(CallError) {
    switch nan {
    case FEWTAP_MAP_NAN_REFUSE: self = .refuse
    case FEWTAP_MAP_NAN_LOW: self = .low
    case FEWTAP_MAP_NAN_HIGH: self = .high
    default: throw .value("nan", nan.rawValue, expected: "FEWTAP_MAP_NAN_REFUSE, _LOW or _HIGH, 0 to 2")
    }
  }
}

@c @implementation
public func fewtap_map_get_info(
  _ map: OpaquePointer?, _ info: UnsafeMutablePointer<fewtap_map_info>?, _ error: UnsafeMutablePointer<fewtap_error>?
) -> fewtap_status {
  call(error) {
    let map: PixelMap = try HandleTable.shared.value(map)
    var found = fewtap_map_info()
    (found.width, found.height) = (Int64(map.map.width), Int64(map.map.height))
    (found.plane_count, found.is_weights) = (Int64(map.map.axisCount), map.isWeights ? 1 : 0)
    try write(found, to: info, "info")
  }
}

@c @implementation
public func fewtap_map_get_values(
  _ map: OpaquePointer?, _ planes: UnsafePointer<fewtap_image>?, _ error: UnsafeMutablePointer<fewtap_error>?
) -> fewtap_status {
  call(error) {
    let values: PixelMap = try HandleTable.shared.value(map)
    let map = values.map
    let planes = try Pixels(planes, "planes")
    try planes.checkNumbers("planes")
    try planes.checkSize(map.width, map.height, map.axisCount, "planes")
    for axis in 0..<map.axisCount { planes.store(values.exactPlane(axis), axis) }
  }
}

extension PixelMap {
  /// The numbers of an image, a channel a plane.
  fileprivate init(_ image: UnsafePointer<fewtap_image>?, _ name: String, isWeights: Bool) throws(CallError) {
    let pixels = try Pixels(image, name)
    try pixels.checkNumbers(name)
    let planes = (0..<pixels.channels).map { pixels.plane($0, as: Float.self) }
    let exact = pixels.isDouble ? (0..<pixels.channels).map { pixels.plane($0, as: Double.self) } : nil
    self.init(map: ParameterMap(sameSizePlanes: planes), exact: exact, isWeights: isWeights)
  }
}

extension MapSource {
  /// The source that a caller describes.
  fileprivate init(_ source: fewtap_map_source, _ name: String) throws {
    let ramp = MapRamp(
      low: source.low, high: source.high, start: MapLength(source.start), rise: MapLength(source.rise),
      exponent: source.exponent == 0 ? 1 : source.exponent)
    let center =
      try flag(source.has_center, "\(name).has_center")
      ? MapCenter(x: MapLength(source.center_x), y: MapLength(source.center_y)) : MapCenter()
    switch source.kind {
    case FEWTAP_MAP_CONSTANT:
      guard source.value.isFinite else {
        throw CallError(FEWTAP_NON_FINITE, "\(name).value is \(source.value): it must be finite")
      }
      self = .constant(source.value)
    case FEWTAP_MAP_PLANE: self = try .plane(source, name)
    case FEWTAP_MAP_RAMP: self = .ramp(ramp, center: center, angle: source.angle)
    case FEWTAP_MAP_RADIAL: self = .radial(ramp, center: center)
    case FEWTAP_MAP_FIELD:
      guard source.field != nil else { throw CallError.null("\(name).field") }
      self = .field(try choice(source.field, .x, "\(name).field"), center: center)
    default:
      throw CallError.value(
        "\(name).kind", source.kind.rawValue, expected: "FEWTAP_MAP_CONSTANT to FEWTAP_MAP_FIELD, 0 to 4")
    }
  }

  private static func plane(_ source: fewtap_map_source, _ name: String) throws(CallError) -> MapSource {
    let pixels = try Pixels(source.plane, "\(name).plane")
    try pixels.checkNumbers("\(name).plane")
    guard pixels.channels == 1 else {
      throw CallError(FEWTAP_BAD_SHAPE, "\(name).plane has \(pixels.channels) channels: expected 1")
    }
    guard source.period >= 0, source.period.isFinite else {
      throw .value("\(name).period", source.period, expected: "a finite number above 0, or 0 for none")
    }
    return .plane(
      pixels.plane(0, as: Float.self),
      sampling: MapSampling(
        interpolation: try flag(source.nearest, "\(name).nearest") ? .nearest : .bilinear,
        stretches: try flag(source.stretches, "\(name).stretches"), period: source.period == 0 ? nil : source.period))
  }
}

extension MapLength {
  fileprivate init(_ length: fewtap_length) {
    self = length.is_share == 0 ? .pixels(length.value) : .share(length.value)
  }
}
