internal import CFewtapKernels
import FewtapCore

/// From which pixels to which, and how.
struct PixelPass: Sendable {
  let source: SourceImage
  let target: TargetImage
  let alphaIndex: Int?
  /// Whether light comes and goes multiplied by alpha.
  let lightIsAssociated: (source: Bool, target: Bool)
  let options: ApplyOptions

  /// Runs under the options' policy. Returns how many samples could not be held by the target's type.
  ///
  /// Where a sum is NaN or infinite and may not be, `refuse` throws if a pixel is; else finite ones overflow, and they may: it
  /// runs once more and keeps them. `run` is told what fraction was told to be finished before, which it must not tell again.
  func attempt(
    refuse: () throws(ApplyError) -> Void,
    run: (_ nonfinite: NonfinitePolicy, _ toldFraction: Double) throws(ApplyError) -> TileCounter
  ) throws(ApplyError) -> Int {
    let first = try run(options.nonfinite, 0)
    guard first.sawNonFinite else { return first.clipped }
    try refuse()
    return try run(.keep, first.toldFraction).clipped
  }

  /// Throws as ``ApplyOptions/check(hasAlpha:_:)``.
  func check(_ sums: FilterSums) throws(ApplyError) { try options.check(hasAlpha: alphaIndex != nil, sums) }

  /// The channels that are filtered side by side; `isPlanar` if nothing is gained by that.
  func groups(isPlanar: Bool = false) -> [ChannelGroup] {
    ChannelGroup.groups(
      channels: source.channels, alphaIndex: alphaIndex, needsMask: options.border == .normalized, isPlanar: isPlanar)
  }

  /// Where a group's rows come from.
  func source(_ group: ChannelGroup, _ nonfinite: NonfinitePolicy, _ kernels: fewtap_kernels) -> TileSource {
    TileSource(
      source, border: options.border, group: group, premultiplies: !lightIsAssociated.source, nonfinite: nonfinite,
      kernels: kernels)
  }

  /// Where the results of rows from `source` go, by filters of such sums.
  func target(of source: TileSource, _ sums: FilterSums) -> TileTarget {
    TileTarget(
      target, group: source.group, sum: sums.common ?? 1, unpremultiplies: !lightIsAssociated.target,
      keptAlpha: source.group.alpha != nil && sums.cancels ? source : nil, kernels: source.kernels)
  }
}
