// swift-format-ignore-file: AlwaysUseLowerCamelCase, AllPublicDeclarationsHaveDocumentation
// Names and documentation are those of fewtap.h.

import CFewtap
import FewtapCore
import FewtapTargets

@c @implementation
public func fewtap_family_parse(
  _ specification: UnsafePointer<CChar>?, _ family: UnsafeMutablePointer<OpaquePointer?>?,
  _ error: UnsafeMutablePointer<fewtap_error>?
) -> fewtap_status {
  call(error) {
    let family = try result(family, "family")
    family.pointee = HandleTable.shared.insert(try KernelFamily(text(specification, "specification")))
  }
}

@c @implementation
public func fewtap_family_measured(
  _ kernels: UnsafePointer<OpaquePointer?>?, _ count: Int64, _ axes: UnsafePointer<fewtap_axis>?, _ axis_count: Int64,
  _ points: UnsafePointer<Double>?, _ name: UnsafePointer<CChar>?, _ family: UnsafeMutablePointer<OpaquePointer?>?,
  _ error: UnsafeMutablePointer<fewtap_error>?
) -> fewtap_status {
  call(error) {
    let family = try result(family, "family")
    let members = try FewtapC.kernels(kernels, count)
    let names = try FewtapC.axes(axes, axis_count)
    let coordinates = try array(points, members.count * names.count, "points")
    let measured = MeasuredKernels(
      axes: names,
      members: members.enumerated().map { index, kernel in
        (names.indices.map { coordinates[index * names.count + $0] }, kernel)
      })
    let made = try KernelFamily(name: name == nil ? "kernels" : text(name, "name"), measured: measured)
    family.pointee = HandleTable.shared.insert(made)
  }
}

@c @implementation
public func fewtap_family_get_kernel(
  _ family: OpaquePointer?, _ point: UnsafePointer<Double>?, _ count: Int64,
  _ kernel: UnsafeMutablePointer<OpaquePointer?>?, _ error: UnsafeMutablePointer<fewtap_error>?
) -> fewtap_status {
  call(error) {
    let kernel = try result(kernel, "kernel")
    let family: KernelFamily = try HandleTable.shared.value(family)
    let place = try FewtapC.point(point, count, family.axes.count)
    kernel.pointee = HandleTable.shared.insert(try family.kernel(at: place))
  }
}

/// The kernels of an array of handles.
func kernels(_ kernels: UnsafePointer<OpaquePointer?>?, _ count: Int64) throws(CallError) -> [Kernel] {
  let count = try FewtapC.count(count, 1...FilterBasis.maximumFilterCount, "count")
  let handles = try array(kernels, count, "kernels")
  return try handles.enumerated().map { index, handle throws(CallError) in
    guard handle != nil else { throw .null("kernels[\(index)]") }
    return try HandleTable.shared.value(handle, Kernel.self)
  }
}

/// The names and units of parameters.
func axes(
  _ axes: UnsafePointer<fewtap_axis>?, _ count: Int64
) throws(CallError) -> [(name: String, unit: String)] {
  let count = try FewtapC.count(count, 1...ParameterAxis.maximumCount, "axis_count")
  return try array(axes, count, "axes").enumerated().map { index, axis throws(CallError) in
    (
      name: try text(axis.name, "axes[\(index)].name"),
      unit: axis.unit == nil ? "" : try text(axis.unit, "axes[\(index)].unit")
    )
  }
}

/// A point of `expected` parameters, each a number.
func point(_ point: UnsafePointer<Double>?, _ count: Int64, _ expected: Int) throws(CallError) -> [Double] {
  guard count == expected else {
    throw CallError(FEWTAP_BAD_SHAPE, "the point has \(count) values: expected \(expected), one for each parameter")
  }
  let values = Array(try array(point, expected, "point"))
  if let bad = values.firstIndex(where: { !$0.isFinite }) {
    throw CallError(FEWTAP_NON_FINITE, "point[\(bad)] is \(values[bad]): it must be finite")
  }
  return values
}
