import FewtapCore
import FewtapEngine
import Synchronization
import TestSupport
import Testing

@Suite("No bit depends on threads, tiles, layouts or how rows come and go")
struct PlanInvarianceTests {
  private static func image(
    width: Int, height: Int, channels: Int, alphaIndex: Int? = nil, associated: Bool = false
  ) throws -> Image {
    var random = SeededGenerator(seed: 81)
    return try Image(
      planes: (0..<channels).map { _ in random.plane(width: width, height: height, in: 0...1) },
      alphaIndex: alphaIndex, alphaIsAssociated: associated)
  }

  @Test("threads and tiles", arguments: everyBorder, RateSamples.few)
  func tiles(border: BorderRule, rate: Resampling?) throws {
    for (channels, alphaIndex) in [(2, nil), (3, 1)] as [(Int, Int?)] {
      let image = try Self.image(width: 75, height: 43, channels: channels, alphaIndex: alphaIndex)
      let plan = try ApplyPlan(RateSamples.filter(rate, .bilinear, gain: 0.7), width: image.width)
      var options = ApplyOptions(border: border, threads: 1)
      options.keepsHalfs = channels == 2
      let whole = try plan.apply(to: image, options: options)
      for (threads, tileWidth, bandHeight) in [
        (1, 75, 1), (2, 7, 7), (7, 1, 64), (2, 16, 16), (7, 64, 7), (1, 64, 16), (2, 16, 64),
      ] {
        (options.threads, options.tileWidth, options.bandHeight) = (threads, tileWidth, bandHeight)
        let tiles = try plan.apply(to: image, options: options)
        #expect(
          firstDifference(tiles, whole) == nil,
          "\(threads) threads, tiles of \(tileWidth)x\(bandHeight), \(channels) channels")
      }
      (options.threads, options.tileWidth, options.bandHeight) = (7, nil, nil)
      #expect(firstDifference(try plan.apply(to: image, options: options), whole) == nil)
    }
  }

  @Test("no number of threads is too many or too few", arguments: [Int.min, -1, 0, 1, 1 << 40, .max])
  func threadCounts(threads: Int) throws {
    let image = try Self.image(width: 20, height: 90, channels: 3)
    let plan = try ApplyPlan(RateSamples.filter(nil), width: 20)
    let expected = try plan.apply(to: image, options: ApplyOptions(threads: 1))
    #expect(try plan.apply(to: image, options: ApplyOptions(threads: threads)) == expected)
    let layout = PixelLayout.interleaved(type: .float, transfer: .linear, width: 20, channels: 3)
    let schedule = try? plan.schedule(
      height: 90, layout, layout, options: ApplyOptions(threads: threads), memoryLimit: .max)
    #expect(schedule?.chunkHeight == 90)
  }

  /// RGB and RGBA of Floats: planar, interleaved, rows padded, bottom up, mirrored.
  private static func layouts(width: Int, height: Int, channels: Int, alphaIndex: Int?, associated: Bool)
    -> [PixelLayout]
  {
    let planar = PixelLayout.planar(
      type: .float, transfer: .linear, width: width, height: height, channels: channels, alphaIndex: alphaIndex,
      alphaIsAssociated: associated)
    let interleaved = PixelLayout.interleaved(
      type: .float, transfer: .linear, width: width, channels: channels, alphaIndex: alphaIndex,
      alphaIsAssociated: associated)
    var (padded, tall) = (interleaved, planar)
    padded.rowStride += 20
    tall.rowStride += 12
    tall.channelStride = tall.rowStride * (height + 1)
    // Lines of each channel in turn.
    var lines = planar
    (lines.channelStride, lines.rowStride) = (4 * width, 4 * width * channels)
    return [planar, interleaved, padded, tall, lines]
  }

  @Test("planar and interleaved", arguments: everyBorder, RateSamples.few)
  func layouts(border: BorderRule, rate: Resampling?) throws {
    let (width, height) = (37, 29)
    let options = ApplyOptions(border: border, threads: 2)
    let plan = try ApplyPlan(RateSamples.filter(rate, gain: 0.7), width: width)
    for (channels, alphaIndex, associated) in [
      (1, nil, false), (3, nil, false), (4, 3, false), (4, 0, true), (7, 2, false),
    ]
      as [(Int, Int?, Bool)]
    {
      let image = try Self.image(
        width: width, height: height, channels: channels, alphaIndex: alphaIndex, associated: associated)
      let expected = try plan.apply(to: image, options: options)
      let layouts = Self.layouts(
        width: width, height: height, channels: channels, alphaIndex: alphaIndex, associated: associated)
      for (index, layout) in layouts.enumerated() {
        var stored = try StoredImage(layout, height: height)
        for (channel, plane) in image.planes.enumerated() {
          for y in 0..<height { for x in 0..<width { stored[x, y, channel] = plane[x, y] } }
        }
        let target = layouts[(index + 1) % layouts.count]
        let found = try stored.filtered(plan, to: target, options: options).image()
        #expect(firstDifference(found, expected) == nil, "\(channels) channels, layout \(index)")
      }
    }
  }

  @Test("one plan, several threads at once, images of several heights", arguments: RateSamples.few)
  func sharedPlan(rate: Resampling?) throws {
    let plan = try ApplyPlan(RateSamples.filter(rate), width: 40)
    let images = try [7, 40, 90].map { try Self.image(width: 40, height: $0, channels: 3) }
    let expected = try images.map { try plan.apply(to: $0, options: ApplyOptions(threads: 1)) }
    let disagreements = Mutex(0)
    parallelForEach(count: 24, threads: 4) { index in
      let result = try? plan.apply(to: images[index % 3], options: ApplyOptions(threads: 1 + index % 2))
      if result != expected[index % 3] { disagreements.withLock { $0 += 1 } }
    }
    #expect(disagreements.withLock { $0 } == 0)
  }
}

@Suite("Pixels that are not finite, at every rate and in every layout") struct NonfinitePixelTests {
  private static func layout(_ channels: Int, planar: Bool) -> PixelLayout {
    planar
      ? .planar(type: .float, transfer: .linear, width: 50, height: 60, channels: channels)
      : .interleaved(type: .float, transfer: .linear, width: 50, channels: channels)
  }

  @Test("the first in reading order is refused, wherever tiles begin", arguments: RateSamples.few, [true, false])
  func refused(rate: Resampling?, planar: Bool) throws {
    let plan = try ApplyPlan(RateSamples.filter(rate), width: 50)
    for value in [Float.nan, .infinity, -.infinity] {
      var stored = try StoredImage(Self.layout(3, planar: planar), height: 60, seed: 82)
      for (x, y, channel) in [(49, 59, 0), (3, 41, 2), (30, 40, 1), (31, 40, 0)] { stored[x, y, channel] = value }
      var options = ApplyOptions(border: .mirror, threads: 2)
      (options.tileWidth, options.bandHeight) = (16, 16)
      let error = try #require(throws: ApplyError.self) { try stored.filtered(plan, options: options) }
      guard case .nonFinitePixel(let channel, let x, let y, let found) = error else {
        Issue.record("\(error)")
        continue
      }
      // By rows, then by channel.
      #expect(channel == 0 && x == 31 && y == 40 && found.bitPattern == value.bitPattern, "\(error)")
    }
  }

  @Test("or taken as 0, or kept within the reach alone", arguments: RateSamples.few, [true, false])
  func policies(rate: Resampling?, planar: Bool) throws {
    let filter = RateSamples.filter(rate)
    let plan = try ApplyPlan(filter, width: 50)
    var dirty = try StoredImage(Self.layout(1, planar: planar), height: 60, seed: 83)
    var zeroed = dirty
    dirty[20, 30, 0] = .nan
    zeroed[20, 30, 0] = 0
    let clean = try zeroed.filtered(plan).image()
    #expect(firstDifference(try dirty.filtered(plan, options: ApplyOptions(nonfinite: .zero)).image(), clean) == nil)
    let kept = try dirty.filtered(plan, options: ApplyOptions(nonfinite: .keep)).image()
    let bounds = filter.bounds
    var reached = 0
    for y in 0..<60 {
      for x in 0..<50 {
        if kept.planes[0][x, y].isNaN {
          reached += 1
          let inside =
            (bounds.minX...bounds.maxX).contains(x - 20) && (bounds.minY...bounds.maxY).contains(y - 30)
          #expect(inside, "(\(x), \(y))")
        } else {
          #expect(kept.planes[0][x, y].bitPattern == clean.planes[0][x, y].bitPattern, "(\(x), \(y))")
        }
      }
    }
    #expect(reached > 0)
  }

  @Test("finite pixels whose sums overflow are no reason to refuse", arguments: RateSamples.few, [true, false])
  func overflow(rate: Resampling?, planar: Bool) throws {
    var filter = RateSamples.filter(rate)
    filter.gain = 4
    let plan = try ApplyPlan(filter, width: 50)
    var stored = try StoredImage(Self.layout(2, planar: planar), height: 60, seed: 84)
    for y in 0..<60 { for x in 0..<50 { stored[x, y, 0] = 3e38 } }
    let result = try stored.filtered(plan).image()
    #expect(result.planes[0].values.contains { !$0.isFinite } && result.planes[1].values.allSatisfy(\.isFinite))
    #expect(try plan.apply(to: stored.image()).planes[1] == result.planes[1])
  }
}
