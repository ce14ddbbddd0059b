// swift-format-ignore-file: AlwaysUseLowerCamelCase, AllPublicDeclarationsHaveDocumentation
// Names and documentation are those of fewtap.h.

import CFewtap
import FewtapCore
import FewtapEngine

@c @implementation
public func fewtap_pullback(
  _ plan: OpaquePointer?, _ map: OpaquePointer?, _ input: UnsafePointer<fewtap_image>?,
  _ cotangent: UnsafePointer<fewtap_image>?, _ gradients: UnsafePointer<fewtap_gradients>?,
  _ options: UnsafePointer<fewtap_apply_options>?, _ error: UnsafeMutablePointer<fewtap_error>?
) -> fewtap_status {
  call(error) {
    let task = try ApplyTask(plan, map, options)
    let (input, cotangent) = (try Pixels(input, "input"), try Pixels(cotangent, "cotangent"))
    try input.checkNumbers("input")
    try cotangent.checkNumbers("cotangent")
    try input.checkAlike(cotangent, "input", "cotangent")
    try task.checkWidth(input)
    guard gradients != nil else { throw CallError.null("gradients") }
    let wanted = try WantedGradients(FewtapC.options(gradients, fewtap_gradients(), "gradients"), task, input)
    guard !wanted.isEmpty else { return }
    try task.run { operation, options in
      if input.isDouble {
        try wanted.write(operation.gradient(of: cotangent, at: input, options))
      } else if let gradient = try wanted.inPlace(operation, of: cotangent, at: input, options) {
        wanted.write(gradient)
      } else {
        try wanted.write(operation.gradient(of: cotangent.image, at: input.image, wanted.parts, options))
      }
    }
  }
}

/// Where a caller wants gradients, checked against what there is.
private struct WantedGradients: @unchecked Sendable {
  private let input: Pixels?
  private let map: Pixels?
  private let pointers: fewtap_gradients

  init(_ given: fewtap_gradients, _ task: ApplyTask, _ image: Pixels) throws(CallError) {
    pointers = given
    input = given.input == nil ? nil : try Pixels(given.input, "gradients->input")
    map = given.map == nil ? nil : try Pixels(given.map, "gradients->map")
    if let input {
      try input.checkNumbers("gradients->input")
      try input.checkSize(image.width, image.height, image.channels, "gradients->input")
    }
    if let map {
      try map.checkNumbers("gradients->map")
      guard let own = task.map else {
        throw CallError(FEWTAP_BAD_ARGUMENT, "gradients->map is wanted, but there is no map: give NULL")
      }
      try map.checkSize(own.map.width, own.map.height, own.map.axisCount, "gradients->map")
    }
    let filters = task.plan.filters
    if wantsTaps {
      try checkRoom(given.tap_count, filters.reduce(0) { $0 + $1.chain.tapCount }, "gradients->tap_count")
    }
    if given.gain != nil { try checkRoom(given.gain_count, filters.count, "gradients->gain_count") }
  }

  private var wantsTaps: Bool { pointers.x != nil || pointers.y != nil || pointers.weight != nil }

  var parts: BasisGradient.Parts {
    var parts: BasisGradient.Parts = []
    if input != nil { parts.insert(.input) }
    if map != nil { parts.insert(.map) }
    if wantsTaps || pointers.gain != nil { parts.insert(.filters) }
    return parts
  }

  var isEmpty: Bool { parts.isEmpty }

  /// The gradient without a copy of any image, the input's and the map's where the caller wants them; nil where that cannot be.
  func inPlace(
    _ operation: PlanOperation, of cotangent: Pixels, at image: Pixels, _ options: ApplyOptions
  ) throws(ApplyError) -> AnyGradient<Float>? {
    guard options.border != .normalized, let changes = cotangent.planar, let pixels = image.planar else { return nil }
    for place in [input, map].compactMap({ $0 }) {
      if place.planar == nil || !place.isApart(from: image) || !place.isApart(from: cotangent) { return nil }
    }
    guard case .uniform(let plan) = operation.plan else {
      let filters = try operation.mapped()?.pullback(
        of: changes, at: pixels, into: input?.planar, map: map?.planar, filters: parts.contains(.filters),
        options: options)
      return filters.map { AnyGradient(filters: $0) }
    }
    let filter = try plan.pullback(
      of: changes, at: pixels, into: input?.planar, filter: parts.contains(.filters), options: options)
    return AnyGradient(filters: filter.map { [$0] } ?? [])
  }

  /// Gives the caller what it wants.
  func write<Scalar: BinaryFloatingPoint & Sendable>(_ gradient: AnyGradient<Scalar>) {
    for (channel, plane) in gradient.input.enumerated() { input?.store(plane, channel) }
    for (axis, plane) in gradient.map.enumerated() { map?.store(plane, axis) }
    for (index, filter) in gradient.filters.enumerated() { pointers.gain?[index] = filter.gain }
    for (index, tap) in gradient.filters.flatMap({ $0.layers.flatMap { $0 } }).enumerated() {
      pointers.x?[index] = tap.x ?? 0
      pointers.y?[index] = tap.y ?? 0
      pointers.weight?[index] = tap.weight
    }
  }
}

/// What a loss changes by with all that a plan is made of; what was not wanted is empty.
private struct AnyGradient<Scalar: BinaryFloatingPoint & Sendable>: Sendable {
  var input: [Plane<Scalar>] = []
  var map: [Plane<Scalar>] = []
  var filters: [FilterGradient] = []

  /// Adds another channel's gradient, whose planes of the input come after this one's.
  mutating func add(_ channel: AnyGradient) {
    input += channel.input
    guard !filters.isEmpty else {
      (map, filters) = (channel.map, channel.filters)
      return
    }
    for axis in map.indices {
      for index in map[axis].values.indices { map[axis].values[index] += channel.map[axis].values[index] }
    }
    for index in filters.indices { filters[index] += channel.filters[index] }
  }
}

extension PlanOperation {
  /// The gradient in binary32.
  fileprivate func gradient(
    of cotangent: Image, at image: Image, _ parts: BasisGradient.Parts, _ options: ApplyOptions
  ) throws(ApplyError) -> AnyGradient<Float> {
    switch (plan, map) {
    case (.uniform(let plan), _):
      var wanted: GradientParts = parts.contains(.input) ? .input : []
      if parts.contains(.filters) { wanted.insert(.filter) }
      let found = try plan.pullback(of: cotangent, at: image, wanting: wanted, options: options)
      return AnyGradient(input: found.input?.planes ?? [], filters: found.filter.map { [$0] } ?? [])
    case (.varying(let plan), let map?):
      let found =
        map.isWeights
        ? try plan.pullback(
          of: cotangent, at: image, weights: map.map, direction: direction, options: options, wanting: parts)
        : try plan.pullback(
          of: cotangent, at: image, map: map.map, direction: direction, options: options, wanting: parts)
      return AnyGradient(input: found.input?.planes ?? [], map: found.map ?? [], filters: found.filters ?? [])
    case (.varying, nil): throw .mapAxes(found: 0, names: [])
    }
  }

  /// The gradient in binary64.
  fileprivate func gradient(
    of cotangent: Pixels, at image: Pixels, _ options: ApplyOptions
  ) throws -> AnyGradient<Double> {
    var sum = AnyGradient<Double>()
    try forEachChannel(image.channels, options) { channel in
      let (c, x) = (
        try cotangent.admitted(channel, options.nonfinite), try image.admitted(channel, options.nonfinite)
      )
      sum.add(try gradient(of: c, at: x))
    }
    return sum
  }

  private func gradient(of cotangent: Plane<Double>, at plane: Plane<Double>) throws -> AnyGradient<Double> {
    if case .uniform(let plan) = plan {
      let found = try ReferenceGradient.pullback(of: cotangent, at: plane, through: plan.filter, border: border)
      return AnyGradient(input: [found.input], filters: [found.filter])
    }
    let found = try reference(width: plane.width, height: plane.height).pullback(of: cotangent, at: plane)
    return AnyGradient(input: [found.input], map: found.map, filters: found.filters)
  }
}
