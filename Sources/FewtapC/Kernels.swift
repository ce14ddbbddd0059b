// swift-format-ignore-file: AlwaysUseLowerCamelCase, AllPublicDeclarationsHaveDocumentation
// Names and documentation are those of fewtap.h.

import CFewtap
import FewtapCore
import FewtapTargets

@c @implementation
public func fewtap_kernel_create(
  _ values: UnsafePointer<Double>?, _ width: Int64, _ height: Int64, _ center: UnsafePointer<Int64>?,
  _ name: UnsafePointer<CChar>?, _ kernel: UnsafeMutablePointer<OpaquePointer?>?,
  _ error: UnsafeMutablePointer<fewtap_error>?
) -> fewtap_status {
  call(error) {
    let kernel = try result(kernel, "kernel")
    let columns = try count(width, 1...Kernel.maximumSide, "width")
    let rows = try count(height, 1...Kernel.maximumSide, "height")
    let values = try array(values, columns * rows, "values")
    let plane = Plane(width: columns, height: rows, exactly: Array(values))
    let middle = try center.map { center throws(CallError) in
      PixelOffset(x: try index(center[0], columns, "center[0]"), y: try index(center[1], rows, "center[1]"))
    }
    let made = try Kernel(name: name == nil ? "kernel" : text(name, "name"), values: plane, center: middle)
    kernel.pointee = HandleTable.shared.insert(made)
  }
}

@c @implementation
public func fewtap_kernel_parse(
  _ specification: UnsafePointer<CChar>?, _ kernel: UnsafeMutablePointer<OpaquePointer?>?,
  _ error: UnsafeMutablePointer<fewtap_error>?
) -> fewtap_status {
  call(error) {
    let kernel = try result(kernel, "kernel")
    let made = try KernelSpecification(text(specification, "specification")).makeKernel()
    kernel.pointee = HandleTable.shared.insert(made)
  }
}

@c @implementation
public func fewtap_kernel_get_info(
  _ kernel: OpaquePointer?, _ info: UnsafeMutablePointer<fewtap_kernel_info>?,
  _ error: UnsafeMutablePointer<fewtap_error>?
) -> fewtap_status {
  call(error) {
    let kernel: Kernel = try HandleTable.shared.value(kernel)
    var found = fewtap_kernel_info()
    (found.width, found.height) = (Int64(kernel.width), Int64(kernel.height))
    (found.center_x, found.center_y) = (Int64(kernel.center.x), Int64(kernel.center.y))
    (found.sum, found.absolute_sum) = (kernel.sum, kernel.absoluteSum)
    (found.radius, found.support_count) = (Int64(kernel.radius), Int64(kernel.supportCount))
    copy(kernel.sha256, into: &found.sha256)
    try write(found, to: info, "info")
  }
}

@c @implementation
public func fewtap_kernel_get_values(
  _ kernel: OpaquePointer?, _ values: UnsafeMutablePointer<Double>?, _ count: Int64,
  _ error: UnsafeMutablePointer<fewtap_error>?
) -> fewtap_status {
  call(error) {
    let kernel: Kernel = try HandleTable.shared.value(kernel)
    guard let values else { throw CallError.null("values") }
    try checkRoom(count, kernel.values.values.count, "count")
    values.update(from: kernel.values.values, count: kernel.values.values.count)
  }
}

@c @implementation
public func fewtap_kernel_get_name(
  _ kernel: OpaquePointer?, _ name: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?,
  _ error: UnsafeMutablePointer<fewtap_error>?
) -> fewtap_status {
  call(error) {
    let name = try result(name, "name")
    let kernel: Kernel = try HandleTable.shared.value(kernel)
    try give(kernel.name.utf8, to: name)
  }
}

/// An index below `count`.
private func index(_ index: Int64, _ count: Int, _ name: String) throws(CallError) -> Int {
  guard let index = Int(exactly: index), (0..<count).contains(index) else {
    throw CallError(FEWTAP_BAD_SHAPE, "\(name) is \(index): expected 0 to \(count - 1)")
  }
  return index
}
