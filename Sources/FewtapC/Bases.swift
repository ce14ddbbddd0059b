// swift-format-ignore-file: AlwaysUseLowerCamelCase, AllPublicDeclarationsHaveDocumentation
// Names and documentation are those of fewtap.h.

import CFewtap
import FewtapCore

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

@c @implementation
public func fewtap_basis_create(
  _ interpolation: UnsafePointer<CChar>?, _ axes: UnsafePointer<fewtap_axis>?, _ axis_count: Int64,
  _ knot_counts: UnsafePointer<Int64>?, _ knots: UnsafePointer<Double>?, _ is_periodic: UnsafePointer<Int32>?,
  _ filters: UnsafePointer<OpaquePointer?>?, _ filter_count: Int64, _ basis: UnsafeMutablePointer<OpaquePointer?>?,
  _ error: UnsafeMutablePointer<fewtap_error>?
) -> fewtap_status {
  call(error) {
    let basis = try result(basis, "basis")
    let names = try FewtapC.axes(axes, axis_count)
    let counts = try array(knot_counts, names.count, "knot_counts").enumerated().map {
      try count($1, KnotAxis.knotCounts, "knot_counts[\($0)]")
    }
    let values = try array(knots, counts.reduce(0, +), "knots")
    var (made, first) = ([KnotAxis](), 0)
    for (index, name) in names.enumerated() {
      made.append(
        KnotAxis(
          name: name.name, unit: name.unit, knots: Array(values[first..<first + counts[index]]),
          isPeriodic: try flag(is_periodic?[index] ?? 0, "is_periodic[\(index)]")))
      first += counts[index]
    }
    let expected = counts.reduce(1) { $0.multipliedReportingOverflow(by: $1).overflow ? .max : $0 * $1 }
    guard filter_count == expected, expected <= FilterBasis.maximumFilterCount else {
      throw CallError(
        FEWTAP_BAD_SHAPE,
        "filter_count is \(filter_count): expected \(expected), one for each knot, and at most \(FilterBasis.maximumFilterCount)"
      )
    }
    basis.pointee = HandleTable.shared.insert(
      try FilterBasis(choice(interpolation, .outputs, "interpolation"), made, members(filters, expected)))
  }
}

@c @implementation
public func fewtap_basis_with_filters(
  _ basis: OpaquePointer?, _ filters: UnsafePointer<OpaquePointer?>?, _ filter_count: Int64,
  _ changed: UnsafeMutablePointer<OpaquePointer?>?, _ error: UnsafeMutablePointer<fewtap_error>?
) -> fewtap_status {
  call(error) {
    let changed = try result(changed, "changed")
    let basis: FilterBasis = try HandleTable.shared.value(basis)
    let count = basis.filters.count
    guard filter_count == count else {
      throw CallError(FEWTAP_BAD_SHAPE, "filter_count is \(filter_count): expected \(count), as many as the basis has")
    }
    changed.pointee = HandleTable.shared.insert(
      try FilterBasis(basis.interpolation, basis.axes, members(filters, count)))
  }
}

/// The filters of an array of handles.
private func members(
  _ filters: UnsafePointer<OpaquePointer?>?, _ count: Int
) throws(CallError) -> [SparseFilter] {
  try array(filters, count, "filters").enumerated().map { index, handle throws(CallError) in
    guard handle != nil else { throw .null("filters[\(index)]") }
    return try HandleTable.shared.value(handle, SparseFilter.self)
  }
}

extension FilterBasis {
  /// A basis of given parts.
  ///
  /// Throws: ``FilterError`` if they break its invariants.
  fileprivate init(
    _ interpolation: Interpolation, _ axes: [KnotAxis], _ filters: [SparseFilter]
  ) throws(FilterError) {
    self.init(interpolation: interpolation, axes: axes, filters: filters)
    try checkInvariants()
  }
}

@c @implementation
public func fewtap_basis_get_info(
  _ basis: OpaquePointer?, _ info: UnsafeMutablePointer<fewtap_basis_info>?,
  _ error: UnsafeMutablePointer<fewtap_error>?
) -> fewtap_status {
  call(error) {
    let basis: FilterBasis = try HandleTable.shared.value(basis)
    try write(basis.info, to: info, "info")
  }
}

extension FilterBasis {
  fileprivate var info: fewtap_basis_info {
    var info = fewtap_basis_info()
    (info.axis_count, info.filter_count) = (Int64(axes.count), Int64(filters.count))
    copy(interpolation.rawValue, into: &info.interpolation)
    let bounds = bounds
    (info.min_x, info.max_x) = (Int64(bounds.minX), Int64(bounds.maxX))
    (info.min_y, info.max_y) = (Int64(bounds.minY), Int64(bounds.maxY))
    guard let fit else { return info }
    info.has_fit = 1
    (info.photo_psnr, info.worst_photo_psnr) = (fit.photoPSNR, fit.worstPhotoPSNR)
    (info.relative_error, info.noise_gain, info.seed) = (fit.relativeError, fit.noiseGain, fit.seed)
    copy(fit.objective, into: &info.objective)
    copy(fit.recipe, into: &info.recipe)
    copy(fit.termination, into: &info.termination)
    return info
  }

  /// One of its axes.
  fileprivate func axis(_ index: Int64) throws(CallError) -> KnotAxis {
    guard let place = Int(exactly: index), axes.indices.contains(place) else {
      throw .value("axis", index, expected: "0 to \(axes.count - 1)")
    }
    return axes[place]
  }
}

@c @implementation
public func fewtap_basis_get_axis(
  _ basis: OpaquePointer?, _ axis: Int64, _ info: UnsafeMutablePointer<fewtap_axis_info>?,
  _ error: UnsafeMutablePointer<fewtap_error>?
) -> fewtap_status {
  call(error) {
    let axis = try HandleTable.shared.value(basis, FilterBasis.self).axis(axis)
    var found = fewtap_axis_info()
    (found.knot_count, found.is_periodic) = (Int64(axis.knots.count), axis.isPeriodic ? 1 : 0)
    (found.low, found.high) = (axis.axis.range.lowerBound, axis.axis.range.upperBound)
    copy(axis.name, into: &found.name)
    copy(axis.unit, into: &found.unit)
    try write(found, to: info, "info")
  }
}

@c @implementation
public func fewtap_basis_get_knots(
  _ basis: OpaquePointer?, _ axis: Int64, _ knots: UnsafeMutablePointer<Double>?, _ count: Int64,
  _ error: UnsafeMutablePointer<fewtap_error>?
) -> fewtap_status {
  call(error) {
    let axis = try HandleTable.shared.value(basis, FilterBasis.self).axis(axis)
    guard let knots else { throw CallError.null("knots") }
    try checkRoom(count, axis.knots.count, "count")
    knots.update(from: axis.knots, count: axis.knots.count)
  }
}

@c @implementation
public func fewtap_basis_get_filter(
  _ basis: OpaquePointer?, _ index: Int64, _ filter: UnsafeMutablePointer<OpaquePointer?>?,
  _ error: UnsafeMutablePointer<fewtap_error>?
) -> fewtap_status {
  call(error) {
    let filter = try result(filter, "filter")
    let basis: FilterBasis = try HandleTable.shared.value(basis)
    guard let place = Int(exactly: index), basis.filters.indices.contains(place) else {
      throw CallError.value("index", index, expected: "0 to \(basis.filters.count - 1)")
    }
    filter.pointee = HandleTable.shared.insert(basis.filters[place])
  }
}

@c @implementation
public func fewtap_basis_get_filter_at(
  _ basis: OpaquePointer?, _ point: UnsafePointer<Double>?, _ count: Int64,
  _ filter: UnsafeMutablePointer<OpaquePointer?>?, _ error: UnsafeMutablePointer<fewtap_error>?
) -> fewtap_status {
  call(error) {
    let filter = try result(filter, "filter")
    let basis: FilterBasis = try HandleTable.shared.value(basis)
    let place = try FewtapC.point(point, count, basis.axes.count)
    guard basis.interpolation == .offsets else {
      throw CallError(
        FEWTAP_UNSUPPORTED,
        "the basis interpolates outputs: no single filter stands between its knots (see fewtap_basis_get_mixture)")
    }
    filter.pointee = HandleTable.shared.insert(try basis.interpolatedFilter(at: place))
  }
}

@c @implementation
public func fewtap_basis_get_mixture(
  _ basis: OpaquePointer?, _ point: UnsafePointer<Double>?, _ point_count: Int64,
  _ weights: UnsafeMutablePointer<Double>?, _ weight_count: Int64, _ error: UnsafeMutablePointer<fewtap_error>?
) -> fewtap_status {
  call(error) {
    let basis: FilterBasis = try HandleTable.shared.value(basis)
    let place = try FewtapC.point(point, point_count, basis.axes.count)
    guard let weights else { throw CallError.null("weights") }
    try checkRoom(weight_count, basis.filters.count, "weight_count")
    let mixture = try basis.mixture(at: place)
    weights.update(repeating: 0, count: basis.filters.count)
    for part in mixture { weights[part.filter] = part.weight }
  }
}

@c @implementation
public func fewtap_basis_from_json(
  _ json: UnsafePointer<CChar>?, _ length: Int64, _ basis: UnsafeMutablePointer<OpaquePointer?>?,
  _ error: UnsafeMutablePointer<fewtap_error>?
) -> fewtap_status {
  call(error) {
    let basis = try result(basis, "basis")
    basis.pointee = HandleTable.shared.insert(
      try parse(json, length) { data throws(FilterError) in try FilterBasis(json: data) })
  }
}

@c @implementation
public func fewtap_basis_to_json(
  _ basis: OpaquePointer?, _ json: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?,
  _ length: UnsafeMutablePointer<Int64>?, _ error: UnsafeMutablePointer<fewtap_error>?
) -> fewtap_status {
  call(error) {
    let json = try result(json, "json")
    let basis: FilterBasis = try HandleTable.shared.value(basis)
    try give(basis.json(), to: json, length: length)
  }
}

@c @implementation
public func fewtap_basis_load(
  _ path: UnsafePointer<CChar>?, _ basis: UnsafeMutablePointer<OpaquePointer?>?,
  _ error: UnsafeMutablePointer<fewtap_error>?
) -> fewtap_status {
  call(error) {
    let basis = try result(basis, "basis")
    let made = try load(path, limit: FilterBasis.maximumFileSize) { data throws(FilterError) in
      try FilterBasis(json: data)
    }
    basis.pointee = HandleTable.shared.insert(made)
  }
}

@c @implementation
public func fewtap_basis_save(
  _ basis: OpaquePointer?, _ path: UnsafePointer<CChar>?, _ error: UnsafeMutablePointer<fewtap_error>?
) -> fewtap_status {
  call(error) {
    let basis: FilterBasis = try HandleTable.shared.value(basis)
    try save(basis.json(), path)
  }
}
