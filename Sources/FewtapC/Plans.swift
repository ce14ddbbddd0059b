// swift-format-ignore-file: AlwaysUseLowerCamelCase, AllPublicDeclarationsHaveDocumentation
// Names and documentation are those of fewtap.h.

import CFewtap
import FewtapCore
import FewtapEngine

/// What a plan's handle stands for.
enum AnyPlan: Handled {
  case uniform(ApplyPlan)
  case varying(VaryingPlan)

  static var handleName: String { "plan" }

  var width: Int {
    switch self {
    case .uniform(let plan): plan.width
    case .varying(let plan): plan.width
    }
  }

  /// Pixels that tiles must begin at multiples of, but for lower rates.
  var blockSize: Int {
    switch self {
    case .uniform: 1
    case .varying(let plan): plan.blockSize
    }
  }

  /// The filters that it runs.
  var filters: [SparseFilter] {
    switch self {
    case .uniform(let plan): [plan.filter]
    case .varying(let plan): plan.basis.filters
    }
  }

  /// The offsets that a pixel of the result reads at most.
  func bounds() throws(ApplyError) -> OffsetBounds {
    switch self {
    case .uniform(let plan): return plan.bounds
    case .varying(let plan):
      // A map does not change them.
      let anywhere = ParameterMap(width: plan.width, height: 1, constant: plan.basis.axes.map { $0.knots[0] })
      return try plan.mapped(by: anywhere).bounds
    }
  }
}

@c @implementation
public func fewtap_plan_create(
  _ filter: OpaquePointer?, _ width: Int64, _ plan: UnsafeMutablePointer<OpaquePointer?>?,
  _ error: UnsafeMutablePointer<fewtap_error>?
) -> fewtap_status {
  call(error) {
    let plan = try result(plan, "plan")
    let made = try ApplyPlan(HandleTable.shared.value(filter), width: Int(width))
    plan.pointee = HandleTable.shared.insert(AnyPlan.uniform(made))
  }
}

@c @implementation
public func fewtap_plan_create_varying(
  _ basis: OpaquePointer?, _ width: Int64, _ plan: UnsafeMutablePointer<OpaquePointer?>?,
  _ error: UnsafeMutablePointer<fewtap_error>?
) -> fewtap_status {
  call(error) {
    let plan = try result(plan, "plan")
    let made = try VaryingPlan(HandleTable.shared.value(basis), width: Int(width))
    plan.pointee = HandleTable.shared.insert(AnyPlan.varying(made))
  }
}

@c @implementation
public func fewtap_plan_get_info(
  _ plan: OpaquePointer?, _ info: UnsafeMutablePointer<fewtap_plan_info>?,
  _ error: UnsafeMutablePointer<fewtap_error>?
) -> fewtap_status {
  call(error) {
    let plan: AnyPlan = try HandleTable.shared.value(plan)
    var found = fewtap_plan_info()
    found.width = Int64(plan.width)
    if case .varying = plan { found.is_varying = 1 }
    // Pixel p reads the pixels p - offset.
    let bounds = try plan.bounds()
    (found.left, found.right) = (Int64(max(0, bounds.maxX)), Int64(max(0, -bounds.minX)))
    (found.above, found.below) = (Int64(max(0, bounds.maxY)), Int64(max(0, -bounds.minY)))
    found.alignment = Int64(
      plan.filters.reduce(plan.blockSize) { unit, filter in
        let factor = filter.rate?.factor ?? 1
        return unit / greatestCommonDivisor(unit, factor) * factor
      })
    try write(found, to: info, "info")
  }
}
