import FewtapCore

/// What runs over stored images, whole or some rows at a time: ``ApplyPlan``, or ``MappedPlan`` with its parameter map.
public protocol PixelPlan: Sendable {
  /// Columns of the images that it takes.
  var width: Int { get }
  /// The offsets, in pixels, that a pixel of the result reads at most.
  var bounds: OffsetBounds { get }
  /// How it runs; the engine's own.
  var work: PixelWork { get }
}

/// How a plan runs.
public struct PixelWork: Sendable {
  enum Kind: Sendable {
    case uniform(ApplyPlan)
    case varying(MappedPlan)
  }

  let kind: Kind

  var kernels: RowKernels {
    switch kind {
    case .uniform(let plan): plan.kernels
    case .varying(let mapped): mapped.plan.kernels
    }
  }

  /// Filters `rows`. Returns how many samples could not be held by the target's type; `refuse` throws if a pixel may not be.
  func run(
    _ pass: PixelPass, rows: Range<Int>, refuse: () throws(ApplyError) -> Void
  ) throws(ApplyError) -> Int {
    switch kind {
    case .uniform(let plan): return try PlanRun(plan: plan, pass: pass).run(rows: rows, refuse: refuse)
    case .varying(let mapped):
      try mapped.map.check(height: pass.source.height)
      return switch mapped.plan.compiled {
      case .outputs(let basis): try VaryingRun(mapped, basis, pass: pass).run(rows: rows, refuse: refuse)
      case .offsets(let plan): try plan.run(mapped, pass, rows: rows, refuse: refuse)
      }
    }
  }

  /// Bytes that filtering `rows` takes beside the rows themselves, for interleaved samples.
  func tileBytes(rows: Range<Int>, channels: Int, alphaIndex: Int?, options: ApplyOptions) -> Int {
    switch kind {
    case .uniform(let plan):
      PlanRun.tileBytes(plan, rows: rows, channels: channels, alphaIndex: alphaIndex, options: options)
    case .varying(let mapped):
      switch mapped.plan.compiled {
      case .outputs(let basis):
        VaryingRun.tileBytes(mapped, basis, rows: rows, channels: channels, alphaIndex: alphaIndex, options: options)
      case .offsets(let plan):
        plan.tileBytes(mapped.direction, rows: rows, channels: channels, alphaIndex: alphaIndex, options: options)
      }
    }
  }
}

extension PixelWork {
  /// The filtered image, of the same size and channels.
  func filtered(_ image: Image, options: ApplyOptions) throws(ApplyError) -> Image {
    try image.filtered(options: options) { pass, refuse throws(ApplyError) in
      try run(pass, rows: 0..<image.height, refuse: refuse)
    }
  }
}

extension Image {
  /// The image that `run` makes of all rows of this one; it gets what throws where a pixel may not be.
  func filtered(
    options: ApplyOptions,
    _ run: (PixelPass, () throws(ApplyError) -> Void) throws(ApplyError) -> Int
  ) throws(ApplyError) -> Image {
    try filtered { source, target throws(ApplyError) in
      let pass = PixelPass(
        source: source, target: target, alphaIndex: alphaIndex,
        lightIsAssociated: (alphaIsAssociated, alphaIsAssociated), options: options)
      _ = try run(pass) { () throws(ApplyError) in
        for (channel, plane) in planes.enumerated() { _ = try options.nonfinite.admit(plane, channel: channel) }
      }
    }
  }
}
