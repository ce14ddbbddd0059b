import FewtapCore

/// Channels that a tile filters side by side.
struct ChannelGroup: Sendable {
  /// What a channel of the work stands for.
  enum Role: Equatable {
    /// Channel of the image.
    case image(Int)
    /// 1 on the image, 0 outside: what a normalized border divides by.
    case mask
  }

  /// Channels of the image in ascending order, then the mask.
  let roles: [Role]
  /// Index among the roles of coverage.
  let alpha: Int?
  /// False where another group stores the coverage.
  let storesAlpha: Bool

  /// Channels that lie side by side in the image, and the index of the first one's role.
  typealias Span = (first: Int, channels: Range<Int>)

  /// The channels to load.
  let spans: [Span]
  /// The channels to store.
  let storedSpans: [Span]

  private init(colors: ArraySlice<Int>, alpha: Int?, storesAlpha: Bool, mask: Bool) {
    let channels = (Array(colors) + (alpha.map { [$0] } ?? [])).sorted()
    roles = channels.map { .image($0) } + (mask ? [.mask] : [])
    self.alpha = alpha.flatMap { channels.firstIndex(of: $0) }
    self.storesAlpha = storesAlpha
    spans = Self.spans(Array(channels.enumerated()))
    storedSpans = Self.spans(channels.enumerated().filter { $0.element != alpha || storesAlpha })
  }

  private static func spans(_ channels: [(offset: Int, element: Int)]) -> [Span] {
    var spans: [Span] = []
    for (index, channel) in channels {
      if let last = spans.last, last.channels.upperBound == channel {
        spans[spans.count - 1].channels = last.channels.lowerBound..<channel + 1
      } else {
        spans.append((index, channel..<channel + 1))
      }
    }
    return spans
  }

  /// Index of the mask among the roles.
  var mask: Int? { roles.firstIndex(of: .mask) }

  /// Most colors in a group: those of a common image, and few enough for their windows to share a cache.
  private static let mostColors = 4

  /// The groups of an image. Channels that nothing binds together (no coverage, no mask, no samples side by side) are filtered
  /// one by one: then the windows of one have the cache for themselves.
  static func groups(channels: Int, alphaIndex: Int?, needsMask: Bool, isPlanar: Bool) -> [ChannelGroup] {
    let colors = (0..<channels).filter { $0 != alphaIndex }
    let size = alphaIndex == nil && isPlanar && !needsMask ? 1 : mostColors
    guard !colors.isEmpty else {
      return [ChannelGroup(colors: [], alpha: alphaIndex, storesAlpha: true, mask: needsMask)]
    }
    return stride(from: 0, to: colors.count, by: size).map { first in
      ChannelGroup(
        colors: colors[first..<min(first + size, colors.count)], alpha: alphaIndex, storesAlpha: first == 0,
        mask: needsMask)
    }
  }
}
