// swift-format-ignore-file: AlwaysUseLowerCamelCase, AllPublicDeclarationsHaveDocumentation
// Names and documentation are those of fewtap.h.

import CFewtap
import FewtapCore
import FewtapFit
import FewtapSynthesis

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

@c @implementation
public func fewtap_filter_create(
  _ parts: UnsafePointer<fewtap_filter_parts>?, _ filter: UnsafeMutablePointer<OpaquePointer?>?,
  _ error: UnsafeMutablePointer<fewtap_error>?
) -> fewtap_status {
  call(error) {
    let filter = try result(filter, "filter")
    guard parts != nil else { throw CallError.null("parts") }
    let made = try SparseFilter(options(parts, fewtap_filter_parts(), "parts"))
    filter.pointee = HandleTable.shared.insert(made)
  }
}

extension SparseFilter {
  /// The filter of a caller's parts.
  init(_ parts: fewtap_filter_parts) throws {
    let layerCount = try count(parts.layer_count, 1...Self.maximumLayerCount, "parts->layer_count")
    let tapCounts = try array(parts.tap_counts, layerCount, "parts->tap_counts")
    let counts = try tapCounts.enumerated().map {
      try count($1, 1...Self.maximumTapCount, "parts->tap_counts[\($0)]")
    }
    let total = counts.reduce(0, +)
    let x = try array(parts.x, total, "parts->x")
    let y = try array(parts.y, total, "parts->y")
    let weight = try array(parts.weight, total, "parts->weight")
    for (name, values) in [("x", x), ("y", y), ("weight", weight)] {
      if let bad = values.firstIndex(where: { !$0.isFinite }) {
        throw CallError(FEWTAP_NON_FINITE, "parts->\(name)[\(bad)] is \(values[bad]): it must be finite")
      }
    }
    guard parts.gain.isFinite else {
      throw CallError(FEWTAP_NON_FINITE, "parts->gain is \(parts.gain): it must be finite")
    }
    var (layers, first) = ([TapLayer](), 0)
    for count in counts {
      layers.append(TapLayer((first..<first + count).map { Tap(x: x[$0], y: y[$0], weight: weight[$0]) }))
      first += count
    }
    self.init(
      chain: TapChain(model: try TapModel(parts.tap_model), layers: layers),
      rate: try Resampling(
        factor: parts.rate_factor, prefilter: parts.prefilter_degree, interpolator: parts.interpolator_degree),
      gain: parts.gain)
    try checkInvariants()
  }
}

extension TapModel {
  init(_ model: fewtap_tap_model) throws(CallError) {
    switch model {
    case FEWTAP_TAPS_INTEGER: self = .integer
    case FEWTAP_TAPS_BILINEAR: self = .bilinear
    default: throw .value("tap_model", model.rawValue, expected: "FEWTAP_TAPS_INTEGER or FEWTAP_TAPS_BILINEAR")
    }
  }

  var code: fewtap_tap_model { self == .integer ? FEWTAP_TAPS_INTEGER : FEWTAP_TAPS_BILINEAR }
}

extension Resampling {
  /// The rate of a caller's numbers; nil for the image's own.
  init?(factor: Int32, prefilter: Int32, interpolator: Int32) throws(CallError) {
    guard factor != 0, factor != 1 else {
      guard prefilter == 0, interpolator == 0 else {
        throw .value("rate_factor", factor, expected: "2 or more where there are splines")
      }
      return nil
    }
    self.init(
      factor: Int(factor), prefilter: try .init(degree: prefilter, "prefilter_degree"),
      interpolator: try .init(degree: interpolator, "interpolator_degree"))
  }
}

extension Resampling.BSpline {
  init(degree: Int32, _ name: String) throws(CallError) {
    let all: [Int32: Self] = [0: .quadratic, 1: .linear, 2: .quadratic, 3: .cubic]
    guard let found = all[degree] else { throw .value(name, degree, expected: "1, 2 or 3, or 0 for 2") }
    self = found
  }
}

@c @implementation
public func fewtap_filter_get_info(
  _ filter: OpaquePointer?, _ info: UnsafeMutablePointer<fewtap_filter_info>?,
  _ error: UnsafeMutablePointer<fewtap_error>?
) -> fewtap_status {
  call(error) {
    let filter: SparseFilter = try HandleTable.shared.value(filter)
    try write(filter.info, to: info, "info")
  }
}

extension SparseFilter {
  fileprivate var info: fewtap_filter_info {
    var info = fewtap_filter_info()
    info.tap_model = chain.model.code
    (info.layer_count, info.tap_count) = (Int64(chain.layers.count), Int64(chain.tapCount))
    info.rate_factor = Int32(rate?.factor ?? 1)
    info.prefilter_degree = Int32(rate.map { $0.prefilter.boxes - 1 } ?? 0)
    info.interpolator_degree = Int32(rate.map { $0.interpolator.boxes - 1 } ?? 0)
    (info.gain, info.sum, info.noise_gain) = (gain, chain.sum * gain, chain.noiseGain)
    let bounds = bounds
    (info.min_x, info.max_x) = (Int64(bounds.minX), Int64(bounds.maxX))
    (info.min_y, info.max_y) = (Int64(bounds.minY), Int64(bounds.maxY))
    guard let fit else { return info }
    info.has_fit = 1
    (info.relative_error, info.photo_psnr) = (fit.relativeError, fit.photoPSNR)
    (info.worst_photo_psnr, info.flicker, info.seed) = (fit.worstPhotoPSNR, fit.flicker ?? 0, fit.seed)
    copy(fit.objective, into: &info.objective)
    copy(fit.recipe, into: &info.recipe)
    copy(fit.effort, into: &info.effort)
    copy(fit.termination, into: &info.termination)
    return info
  }
}

@c @implementation
public func fewtap_filter_get_taps(
  _ filter: OpaquePointer?, _ tap_counts: UnsafeMutablePointer<Int64>?, _ layer_count: Int64,
  _ x: UnsafeMutablePointer<Double>?, _ y: UnsafeMutablePointer<Double>?, _ weight: UnsafeMutablePointer<Double>?,
  _ tap_count: Int64, _ error: UnsafeMutablePointer<fewtap_error>?
) -> fewtap_status {
  call(error) {
    let filter: SparseFilter = try HandleTable.shared.value(filter)
    let layers = filter.chain.layers
    try checkRoom(layer_count, layers.count, "layer_count")
    try checkRoom(tap_count, filter.chain.tapCount, "tap_count")
    for (index, layer) in layers.enumerated() { tap_counts?[index] = Int64(layer.taps.count) }
    for (index, tap) in layers.flatMap(\.taps).enumerated() {
      x?[index] = tap.x
      y?[index] = tap.y
      weight?[index] = tap.weight
    }
  }
}

@c @implementation
public func fewtap_filter_get_kernel(
  _ filter: OpaquePointer?, _ kernel: UnsafeMutablePointer<OpaquePointer?>?,
  _ error: UnsafeMutablePointer<fewtap_error>?
) -> fewtap_status {
  call(error) {
    let kernel = try result(kernel, "kernel")
    let filter: SparseFilter = try HandleTable.shared.value(filter)
    kernel.pointee = HandleTable.shared.insert(try filter.effectiveKernel())
  }
}

@c @implementation
public func fewtap_filter_get_accuracy(
  _ filter: OpaquePointer?, _ kernel: OpaquePointer?, _ accuracy: UnsafeMutablePointer<fewtap_accuracy>?,
  _ error: UnsafeMutablePointer<fewtap_error>?
) -> fewtap_status {
  call(error) {
    let filter: SparseFilter = try HandleTable.shared.value(filter)
    let kernel: Kernel = try HandleTable.shared.value(kernel)
    let measured = try FilterAccuracy(of: filter, against: kernel)
    var found = fewtap_accuracy()
    (found.relative_error, found.flicker) = (measured.relativeError, measured.flicker)
    (found.photo_psnr, found.worst_photo_psnr) = (measured.photo.mean, measured.photo.worst)
    try write(found, to: accuracy, "accuracy")
  }
}

@c @implementation
public func fewtap_filter_from_json(
  _ json: UnsafePointer<CChar>?, _ length: Int64, _ filter: UnsafeMutablePointer<OpaquePointer?>?,
  _ error: UnsafeMutablePointer<fewtap_error>?
) -> fewtap_status {
  call(error) {
    let filter = try result(filter, "filter")
    filter.pointee = HandleTable.shared.insert(
      try parse(json, length) { data throws(FilterError) in try SparseFilter(json: data) })
  }
}

@c @implementation
public func fewtap_filter_to_json(
  _ filter: OpaquePointer?, _ json: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?,
  _ length: UnsafeMutablePointer<Int64>?, _ error: UnsafeMutablePointer<fewtap_error>?
) -> fewtap_status {
  call(error) {
    let json = try result(json, "json")
    let filter: SparseFilter = try HandleTable.shared.value(filter)
    try give(filter.json(), to: json, length: length)
  }
}

@c @implementation
public func fewtap_filter_load(
  _ path: UnsafePointer<CChar>?, _ filter: UnsafeMutablePointer<OpaquePointer?>?,
  _ error: UnsafeMutablePointer<fewtap_error>?
) -> fewtap_status {
  call(error) {
    let filter = try result(filter, "filter")
    let made = try load(path, limit: SparseFilter.maximumFileSize) { data throws(FilterError) in
      try SparseFilter(json: data)
    }
    filter.pointee = HandleTable.shared.insert(made)
  }
}

@c @implementation
public func fewtap_filter_save(
  _ filter: OpaquePointer?, _ path: UnsafePointer<CChar>?, _ error: UnsafeMutablePointer<fewtap_error>?
) -> fewtap_status {
  call(error) {
    let filter: SparseFilter = try HandleTable.shared.value(filter)
    try save(filter.json(), path)
  }
}
