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
    let task = try ApplyTask(plan, map, input, output, options)
    try task.run { operation, options throws in
      if task.isDouble {
        for channel in 0..<task.input.channels {
          if options.cancellation?.isCancelled == true { throw ApplyError.cancelled }
          task.output.store(try operation.apply(to: task.doubles(channel, options)), channel)
          options.progress?(Double(channel + 1) / Double(task.input.channels))
        }
      } else {
        try operation.apply(from: task.input, to: task.output, options)
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
    let task = try ApplyTask(plan, map, input, output, options)
    try task.input.checkNumbers("input")
    try task.output.checkNumbers("output")
    try task.run { operation, options throws in
      if task.isDouble {
        for channel in 0..<task.input.channels {
          if options.cancellation?.isCancelled == true { throw ApplyError.cancelled }
          task.output.store(try operation.applyAdjoint(to: task.doubles(channel, options)), channel)
        }
      } else {
        let image = Image(sameSizePlanes: (0..<task.input.channels).map { task.input.plane($0, as: Float.self) })
        let result = try operation.applyAdjoint(to: image, options)
        for (channel, plane) in result.planes.enumerated() { task.output.store(plane, channel) }
      }
    }
  }
}

/// What an application is given, checked.
struct ApplyTask: Sendable {
  let input: Pixels
  let output: Pixels
  private let plan: AnyPlan
  private let map: PixelMap?
  private let given: GivenOptions

  /// The options as they were given; the context belongs to the caller.
  private struct GivenOptions: @unchecked Sendable { let options: fewtap_apply_options }

  /// Whether both images are binary64.
  var isDouble: Bool { input.isDouble }

  init(
    _ plan: OpaquePointer?, _ map: OpaquePointer?, _ input: UnsafePointer<fewtap_image>?,
    _ output: UnsafePointer<fewtap_image>?, _ options: UnsafePointer<fewtap_apply_options>?
  ) throws {
    self.plan = try HandleTable.shared.value(plan)
    self.map = map == nil ? nil : try HandleTable.shared.value(map)
    (self.input, self.output) = (try Pixels(input, "input"), try Pixels(output, "output"))
    given = GivenOptions(options: try FewtapC.options(options, fewtap_apply_options(), "options"))
    try Pixels.check(self.input, self.output)
    guard self.input.width == self.plan.width else {
      throw ApplyError.widthDiffers(planned: self.plan.width, found: self.input.width)
    }
    switch (self.plan, self.map) {
    case (.varying, nil): throw CallError(FEWTAP_BAD_ARGUMENT, "map is NULL: a plan of a basis needs one")
    case (.uniform, .some):
      throw CallError(
        FEWTAP_BAD_ARGUMENT, "a map is given for the plan of a filter, which is the same everywhere: give NULL")
    default: break
    }
    guard self.input.isDouble == self.output.isDouble else {
      throw CallError(
        FEWTAP_UNSUPPORTED,
        "one of input and output is float64: both must be, or neither, since float64 stays so all the way")
    }
    if isDouble {
      try self.input.checkNumbers("input")
      try self.output.checkNumbers("output")
    }
  }

  /// Does `body` under the caller's options, watched by the caller's function.
  func run(_ body: @escaping @Sendable (PlanOperation, ApplyOptions) throws -> Void) throws {
    let given = given.options
    var options = ApplyOptions(
      border: try BorderRule(given.border, given.border_value), threads: try threads(given.threads),
      nonfinite: try NonfinitePolicy(given.nonfinite))
    options.allowsHalfs = try flag(given.allows_halfs, "options->allows_halfs")
    let operation = PlanOperation(
      plan: plan, map: map, direction: try VaryingDirection(given.direction), border: options.border)
    let fixed = options
    try watched(given.progress, given.progress_context, stage: "filtering") { watch in
      var options = fixed
      options.cancellation = watch.cancellation
      options.progress = { watch.tell(Watch.News(fraction: $0, stage: "filtering")) }
      try body(operation, options)
    }
  }

  /// A channel of the input as the policy lets it through.
  func doubles(_ channel: Int, _ options: ApplyOptions) throws(CallError) -> Plane<Double> {
    var plane = input.plane(channel, as: Double.self)
    guard options.nonfinite != .keep, let bad = plane.firstNonFinite() else { return plane }
    guard options.nonfinite == .zero else {
      throw CallError(
        FEWTAP_NON_FINITE, "channel \(channel) is \(bad.value) at column \(bad.x), row \(bad.y): pixels must be finite")
    }
    for index in plane.values.indices where !plane.values[index].isFinite { plane.values[index] = 0 }
    return plane
  }
}

/// A plan with its map and direction: a linear map of each channel.
struct PlanOperation: Sendable {
  let plan: AnyPlan
  let map: PixelMap?
  let direction: VaryingDirection
  let border: BorderRule

  /// Filters stored samples.
  func apply(from input: Pixels, to output: Pixels, _ options: ApplyOptions) throws(ApplyError) {
    func run(_ plan: some PixelPlan) throws(ApplyError) {
      try plan.apply(
        from: UnsafeRawBufferPointer(input.memory), input.layout, to: output.memory, output.layout,
        height: input.height,
        options: options)
    }
    switch (plan, map) {
    case (.uniform(let plan), _): try run(plan)
    case (.varying(let plan), let map?): try run(map.mapped(plan, direction))
    case (.varying, nil): throw .mapAxes(found: 0, names: [])
    }
  }

  /// The adjoint on an image's channels.
  func applyAdjoint(to image: Image, _ options: ApplyOptions) throws(ApplyError) -> Image {
    switch (plan, map) {
    case (.uniform(let plan), _):
      let basis = try VaryingPlan(plan.filter.everywhere, width: plan.width)
      let map = ParameterMap(width: image.width, height: image.height, constant: [0])
      return try basis.applyAdjoint(to: image, map: map, options: options)
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
    return try reference(plane).apply(to: plane)
  }

  /// The adjoint of that.
  func applyAdjoint(to plane: Plane<Double>) throws -> Plane<Double> { try reference(plane).applyAdjoint(to: plane) }

  private func reference(_ plane: Plane<Double>) throws -> ReferenceVarying {
    switch (plan, map) {
    case (.uniform(let plan), _):
      return try ReferenceVarying(
        plan.filter.everywhere, coordinates: [Plane(width: plane.width, height: plane.height)], border: border)
    case (.varying(let plan), let map?):
      guard !map.isWeights else {
        throw CallError(FEWTAP_UNSUPPORTED, "float64 images take maps of parameters, not of weights: use float32")
      }
      return try ReferenceVarying(
        plan.basis, coordinates: map.coordinates(plan.basis, plane), direction: direction, border: border)
    case (.varying, nil): throw ApplyError.mapAxes(found: 0, names: [])
    }
  }
}

extension SparseFilter {
  /// A basis that is this filter at both of its knots.
  fileprivate var everywhere: FilterBasis {
    FilterBasis(interpolation: .outputs, axes: [KnotAxis(name: "index", knots: [0, 1])], filters: [self, self])
  }
}

extension BorderRule {
  init(_ border: fewtap_border, _ value: Float) throws(CallError) {
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
  init(_ policy: fewtap_nonfinite) throws(CallError) {
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
  init(_ direction: fewtap_direction) throws(CallError) {
    switch direction {
    case FEWTAP_GATHER: self = .gather
    case FEWTAP_SCATTER: self = .scatter
    default: throw .value("options->direction", direction.rawValue, expected: "FEWTAP_GATHER or FEWTAP_SCATTER")
    }
  }
}
