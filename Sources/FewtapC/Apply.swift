// swift-format-ignore-file: AlwaysUseLowerCamelCase, AllPublicDeclarationsHaveDocumentation
// Names and documentation are those of fewtap.h.

import CFewtap
import FewtapCore
import FewtapEngine

@c @implementation
public func fewtap_apply(
  _ plan: OpaquePointer?, _ map: OpaquePointer?, _ input: UnsafePointer<fewtap_image>?,
  _ output: UnsafePointer<fewtap_image>?, _ options: UnsafePointer<fewtap_apply_options>?,
  _ error: UnsafeMutablePointer<fewtap_error>?
) -> fewtap_status {
  call(error) {
    let task = try ApplyTask(plan, map, options)
    let (input, output) = (try Pixels(input, "input"), try Pixels(output, "output"))
    try input.checkAlike(output, "input", "output")
    try input.checkApart(output)
    try task.checkWidth(input)
    guard input.isDouble else {
      try task.run { operation, options in try operation.apply(from: input, to: output, options) }
      return
    }
    try input.checkNumbers("input")
    try output.checkNumbers("output")
    try task.run { operation, options in
      try operation.forEachChannel(input.channels, options) { channel in
        output.store(try operation.apply(to: input.admitted(channel, options.nonfinite)), channel)
      }
    }
  }
}

@c @implementation
public func fewtap_apply_adjoint(
  _ plan: OpaquePointer?, _ map: OpaquePointer?, _ input: UnsafePointer<fewtap_image>?,
  _ output: UnsafePointer<fewtap_image>?, _ options: UnsafePointer<fewtap_apply_options>?,
  _ error: UnsafeMutablePointer<fewtap_error>?
) -> fewtap_status {
  call(error) {
    let task = try ApplyTask(plan, map, options)
    let (input, output) = (try Pixels(input, "input"), try Pixels(output, "output"))
    try input.checkNumbers("input")
    try output.checkNumbers("output")
    try input.checkAlike(output, "input", "output")
    try input.checkApart(output)
    try task.checkWidth(input)
    try task.run { operation, options in
      if input.isDouble {
        try operation.forEachChannel(input.channels, options) { channel in
          output.store(try operation.applyAdjoint(to: input.admitted(channel, options.nonfinite)), channel)
        }
      } else if try !operation.applyAdjoint(from: input, into: output, options) {
        for (channel, plane) in try operation.applyAdjoint(to: input.image, options).planes.enumerated() {
          output.store(plane, channel)
        }
      }
    }
  }
}

/// A plan, a map and options as a caller gives them, checked.
struct ApplyTask {
  let plan: AnyPlan
  let map: PixelMap?
  private let options: fewtap_apply_options

  init(
    _ plan: OpaquePointer?, _ map: OpaquePointer?, _ options: UnsafePointer<fewtap_apply_options>?
  ) throws(CallError) {
    self.plan = try HandleTable.shared.value(plan)
    self.map = map == nil ? nil : try HandleTable.shared.value(map)
    self.options = try FewtapC.options(options, fewtap_apply_options(), "options")
    switch (self.plan, self.map) {
    case (.varying, nil): throw CallError(FEWTAP_BAD_ARGUMENT, "map is NULL: a plan of a basis needs one")
    case (.uniform, .some):
      throw CallError(
        FEWTAP_BAD_ARGUMENT, "a map is given for the plan of a filter, which is the same everywhere: give NULL")
    default: break
    }
  }

  func checkWidth(_ image: Pixels) throws(ApplyError) {
    guard image.width == plan.width else { throw .widthDiffers(planned: plan.width, found: image.width) }
  }

  /// Does `body` under the caller's options, watched by the caller's function.
  func run(_ body: @escaping @Sendable (PlanOperation, ApplyOptions) throws -> Void) throws {
    var fixed = ApplyOptions(
      border: try BorderRule(options.border, options.border_value), threads: try threads(options.threads),
      nonfinite: try NonfinitePolicy(options.nonfinite))
    fixed.allowsHalfs = try flag(options.allows_halfs, "options->allows_halfs")
    let operation = PlanOperation(
      plan: plan, map: map, direction: try VaryingDirection(options.direction), border: fixed.border)
    let unwatched = fixed
    try watched(options.progress, options.progress_context, stage: "filtering") { watch in
      var options = unwatched
      options.cancellation = watch.cancellation
      options.progress = { watch.tell(Watch.News(fraction: $0, stage: "filtering")) }
      try body(operation, options)
    }
  }
}

/// A plan with its map and direction: a linear map of each channel.
struct PlanOperation: Sendable {
  let plan: AnyPlan
  let map: PixelMap?
  let direction: VaryingDirection
  let border: BorderRule

  /// Does `body` for each channel, unless cancelled.
  func forEachChannel(_ count: Int, _ options: ApplyOptions, _ body: (Int) throws -> Void) throws {
    for channel in 0..<count {
      if options.cancellation?.isCancelled == true { throw ApplyError.cancelled }
      try body(channel)
      options.progress?(Double(channel + 1) / Double(count))
    }
  }

  /// Filters stored samples.
  func apply(from input: Pixels, to output: Pixels, _ options: ApplyOptions) throws(ApplyError) {
    func run(_ plan: some PixelPlan) throws(ApplyError) {
      try plan.apply(
        from: UnsafeRawBufferPointer(input.memory), input.layout, to: output.memory, output.layout,
        height: input.height, options: options)
    }
    switch (plan, map) {
    case (.uniform(let plan), _): try run(plan)
    case (.varying(let plan), let map?): try run(map.mapped(plan, direction))
    case (.varying, nil): throw .mapAxes(found: 0, names: [])
    }
  }

  /// The plan of a basis together with the map; nil for a filter's.
  func mapped() throws(ApplyError) -> MappedPlan? {
    guard case .varying(let plan) = plan, let map else { return nil }
    return try map.mapped(plan, direction)
  }

  /// The adjoint without a copy of any image; false where that cannot be.
  fileprivate func applyAdjoint(
    from input: Pixels, into output: Pixels, _ options: ApplyOptions
  ) throws(ApplyError) -> Bool {
    guard options.border != .normalized, let given = input.planar, let place = output.planar else { return false }
    guard case .uniform(let plan) = plan else {
      return try mapped()?.applyAdjoint(to: given, into: place, options: options) ?? false
    }
    try plan.applyAdjoint(to: given, into: place, options: options)
    return true
  }

  /// The adjoint on an image's channels.
  func applyAdjoint(to image: Image, _ options: ApplyOptions) throws(ApplyError) -> Image {
    switch (plan, map) {
    case (.uniform(let plan), _): return try plan.applyAdjoint(to: image, options: options)
    case (.varying(let plan), let map?):
      return map.isWeights
        ? try plan.applyAdjoint(to: image, weights: map.map, direction: direction, options: options)
        : try plan.applyAdjoint(to: image, map: map.map, direction: direction, options: options)
    case (.varying, nil): throw .mapAxes(found: 0, names: [])
    }
  }

  /// Filters a plane in binary64.
  func apply(to plane: Plane<Double>) throws -> Plane<Double> {
    if case .uniform(let plan) = plan { return try ReferenceApply.apply(plan.filter, to: plane, border: border) }
    return try reference(width: plane.width, height: plane.height).apply(to: plane)
  }

  /// The adjoint of that.
  func applyAdjoint(to plane: Plane<Double>) throws -> Plane<Double> {
    try reference(width: plane.width, height: plane.height).applyAdjoint(to: plane)
  }

  /// What it means, in binary64, for images of a size.
  func reference(width: Int, height: Int) throws -> ReferenceVarying {
    switch (plan, map) {
    case (.uniform(let plan), _):
      // A basis that is this filter at both of its knots.
      let everywhere = FilterBasis(
        interpolation: .outputs, axes: [KnotAxis(name: "index", knots: [0, 1])], filters: [plan.filter, plan.filter])
      return try ReferenceVarying(everywhere, coordinates: [Plane(width: width, height: height)], border: border)
    case (.varying(let plan), let map?):
      let planes = try map.exactPlanes(width: width, height: height)
      return map.isWeights
        ? try ReferenceVarying(plan.basis, weights: planes, direction: direction, border: border)
        : try ReferenceVarying(plan.basis, map: planes, direction: direction, border: border)
    case (.varying, nil): throw ApplyError.mapAxes(found: 0, names: [])
    }
  }
}

extension BorderRule {
  fileprivate init(_ border: fewtap_border, _ value: Float) throws(CallError) {
    switch border {
    case FEWTAP_BORDER_CLAMP: self = .clamp
    case FEWTAP_BORDER_MIRROR: self = .mirror
    case FEWTAP_BORDER_WRAP: self = .wrap
    case FEWTAP_BORDER_CONSTANT: self = .constant(value)
    case FEWTAP_BORDER_NORMALIZED: self = .normalized
    default:
      throw .value(
        "options->border", border.rawValue, expected: "FEWTAP_BORDER_CLAMP to FEWTAP_BORDER_NORMALIZED, 0 to 4")
    }
  }
}

extension NonfinitePolicy {
  fileprivate init(_ policy: fewtap_nonfinite) throws(CallError) {
    switch policy {
    case FEWTAP_NONFINITE_REFUSE: self = .refuse
    case FEWTAP_NONFINITE_ZERO: self = .zero
    case FEWTAP_NONFINITE_KEEP: self = .keep
    default:
      throw .value("options->nonfinite", policy.rawValue, expected: "FEWTAP_NONFINITE_REFUSE, _ZERO or _KEEP, 0 to 2")
    }
  }
}

extension VaryingDirection {
  fileprivate init(_ direction: fewtap_direction) throws(CallError) {
    switch direction {
    case FEWTAP_GATHER: self = .gather
    case FEWTAP_SCATTER: self = .scatter
    default: throw .value("options->direction", direction.rawValue, expected: "FEWTAP_GATHER or FEWTAP_SCATTER")
    }
  }
}
