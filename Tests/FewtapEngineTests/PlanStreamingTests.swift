import FewtapCore
import FewtapEngine
import Synchronization
import TestSupport
import Testing

@Suite("Images that come and go a few rows at a time") struct PlanStreamingTests {
  static let layout = PixelLayout.interleaved(type: .float, transfer: .linear, width: 11, channels: 2)

  /// What the smallest chunks need, so that there are as many as can be.
  static func leastMemory(
    _ plan: some PixelPlan, height: Int, _ layout: PixelLayout = layout, options: ApplyOptions = ApplyOptions()
  ) throws -> Int {
    let error = try #require(throws: ApplyError.self) {
      try plan.schedule(height: height, layout, layout, options: options, memoryLimit: 0)
    }
    guard case .memory(let needed, limit: 0) = error else { throw error }
    return needed
  }

  @Test("every height: the bits of the whole, rows read and written once, from top to bottom", arguments: everyBorder)
  func everyHeight(border: BorderRule) throws {
    for (index, rate) in RateSamples.few.enumerated() {
      let plan = try ApplyPlan(RateSamples.filter(rate), width: Self.layout.width)
      let options = ApplyOptions(border: border, threads: 1 + index % 2)
      for height in (1...40).filter({ rate == nil || $0 % 3 == 1 }) {
        let stored = try StoredImage(Self.layout, height: height, seed: UInt64(height))
        let whole = try stored.filtered(plan, options: options)
        let least = try Self.leastMemory(plan, height: height, options: options)
        for memory in [least, least + 1000, least + 6000, .max] {
          let (result, read, written) = try stored.streamed(plan, options: options, memoryLimit: memory)
          #expect(
            firstDifference(result.bytes, whole.bytes) == nil, "height \(height), \(memory) bytes, \(rate as Any)")
          #expect(Array(read.joined()) == Array(0..<(read.last?.upperBound ?? 0)), "height \(height)")
          #expect(Array(written.joined()) == Array(0..<height), "height \(height)")
          if memory == least { #expect(written.count == height) }
        }
      }
    }
  }

  @Test("filters that look to one side only, or past the whole image", arguments: everyBorder)
  func oneSided(border: BorderRule) throws {
    for (height, y) in [
      (9, -4.0), (9, 4), (9, -30), (9, 30), (1, -1), (1, 1), (40, -7), (40, 7), (3, -4000), (3, 4000),
    ] {
      for rate in y.magnitude < 1000 ? [nil, Resampling(factor: 2)] : [nil] {
        let taps = TapLayer([Tap(x: 1, y: y, weight: 0.75), Tap(x: 0, y: y, weight: 0.5)])
        let filter = SparseFilter(chain: TapChain(model: .integer, layers: [taps]), rate: rate)
        let plan = try ApplyPlan(filter, width: Self.layout.width)
        let options = ApplyOptions(border: border, threads: 1)
        let stored = try StoredImage(Self.layout, height: height, seed: 91)
        let whole = try stored.filtered(plan, options: options)
        let least = try Self.leastMemory(plan, height: height, options: options)
        for memory in [least, least + 2000, .max] {
          let (result, read, written) = try stored.streamed(plan, options: options, memoryLimit: memory)
          #expect(firstDifference(result.bytes, whole.bytes) == nil, "height \(height), tap at \(y), \(memory) bytes")
          #expect(Array(read.joined()) == Array(0..<(read.last?.upperBound ?? 0)), "height \(height), tap at \(y)")
          #expect(Array(written.joined()) == Array(0..<height), "height \(height), tap at \(y)")
        }
      }
    }
  }

  @Test("wrap holds the whole image; others hold their reach") func held() throws {
    let plan = try ApplyPlan(RateSamples.filter(nil), width: Self.layout.width)
    let height = 400
    for border in everyBorder {
      let options = ApplyOptions(border: border, threads: 1)
      let least = try Self.leastMemory(plan, height: height, options: options)
      let schedule = try plan.schedule(height: height, Self.layout, Self.layout, options: options, memoryLimit: least)
      let reach = plan.filter.bounds.height
      #expect(schedule.heldRows == (border == .wrap ? height : reach) && schedule.chunkHeight == 1, "\(border)")
      #expect(schedule.byteCount == least)
      let whole = try plan.schedule(height: height, Self.layout, Self.layout, options: options, memoryLimit: .max)
      #expect(whole.heldRows == height && whole.chunkHeight == height)
    }
  }

  @Test("codes in, codes out, and the count of those that could not be held") func codes() throws {
    let layout = PixelLayout.interleaved(
      type: .uint8, transfer: .srgb, width: 33, channels: 4, alphaIndex: 3, rowStride: 140)
    var filter = RateSamples.filter(Resampling(factor: 3))
    filter.gain = 3
    let plan = try ApplyPlan(filter, width: 33)
    let stored = try StoredImage(layout, height: 37, seed: 92)
    let options = ApplyOptions(border: .clamp, threads: 2)
    let whole = try stored.filtered(plan, options: options)
    let least = try Self.leastMemory(plan, height: 37, layout, options: options)
    let (result, _, written) = try stored.streamed(plan, options: options, memoryLimit: least)
    // Between rows there is padding, which is nobody's.
    for y in 0..<37 {
      let row = y * 140..<y * 140 + 132
      #expect(firstDifference(Array(result.bytes[row]), Array(whole.bytes[row])) == nil, "row \(y)")
    }
    #expect(written.count == 37)
    func clipped(_ memory: Int) throws -> Int {
      try plan.apply(
        height: 37, layout, layout, options: options, memoryLimit: memory,
        reading: { rows, buffer in
          for (index, y) in rows.enumerated() {
            for x in 0..<132 { buffer[index * 140 + x] = stored.bytes[y * 140 + x] }
          }
        }, writing: { _, _ in }
      ).clippedSamples
    }
    #expect(try clipped(least) == clipped(.max))
    #expect(try clipped(least) > 0)
  }

  private struct Stop: Error, Equatable { var row: Int }

  @Test("what the closures throw comes through, and nothing is asked for afterwards") func closures() throws {
    let plan = try ApplyPlan(RateSamples.filter(nil), width: Self.layout.width)
    let least = try Self.leastMemory(plan, height: 40)
    for row in [0, 17, 39] {
      var (reads, writes) = (0, 0)
      #expect(throws: Stop(row: row)) {
        try plan.apply(
          height: 40, Self.layout, Self.layout, memoryLimit: least,
          reading: { rows, buffer in
            reads += 1
            for index in buffer.indices { buffer[index] = 0 }
            if rows.contains(row) { throw Stop(row: row) }
          }, writing: { _, _ in writes += 1 })
      }
      #expect(reads > 0 && writes <= row)
      var written: [Int] = []
      #expect(throws: Stop(row: row)) {
        try plan.apply(
          height: 40, Self.layout, Self.layout, memoryLimit: least,
          reading: { _, buffer in for index in buffer.indices { buffer[index] = 0 } },
          writing: { rows, _ in
            written += rows
            if rows.contains(row) { throw Stop(row: row) }
          })
      }
      #expect(written == Array(0...row))
    }
  }

  @Test("a cancellation in the middle writes nothing more") func cancellation() throws {
    let plan = try ApplyPlan(RateSamples.filter(Resampling(factor: 2)), width: Self.layout.width)
    let cancellation = Cancellation()
    let least = try Self.leastMemory(plan, height: 40)
    var written: [Int] = []
    #expect(throws: ApplyError.cancelled) {
      try plan.apply(
        height: 40, Self.layout, Self.layout, options: ApplyOptions(cancellation: cancellation), memoryLimit: least,
        reading: { _, buffer in for index in buffer.indices { buffer[index] = 0 } },
        writing: { rows, _ in
          written += rows
          if rows.contains(12) { cancellation.cancel() }
        })
    }
    #expect(written == Array(0...12))
  }

  @Test("progress rises to 1 over all chunks") func progress() throws {
    let plan = try ApplyPlan(RateSamples.filter(nil), width: Self.layout.width)
    let seen = Mutex<[Double]>([])
    let options = ApplyOptions(threads: 2, progress: { fraction in seen.withLock { $0.append(fraction) } })
    let stored = try StoredImage(Self.layout, height: 40, seed: 93)
    _ = try stored.streamed(
      plan, options: options, memoryLimit: try Self.leastMemory(plan, height: 40, options: options))
    let fractions = seen.withLock { $0 }
    #expect(fractions.count >= 40 && fractions == fractions.sorted() && fractions.last == 1)
  }

  @Test("a pixel that is not finite is refused by its row of the whole image") func nonfinite() throws {
    let plan = try ApplyPlan(RateSamples.filter(nil), width: Self.layout.width)
    var stored = try StoredImage(Self.layout, height: 40, seed: 94)
    stored[3, 29, 1] = .infinity
    let least = try Self.leastMemory(plan, height: 40)
    #expect(throws: ApplyError.nonFinitePixel(channel: 1, x: 3, y: 29, value: .infinity)) {
      try stored.streamed(plan, memoryLimit: least)
    }
  }

  @Test("too little memory, and layouts whose rows do not follow one another") func refusals() throws {
    let plan = try ApplyPlan(RateSamples.filter(nil), width: Self.layout.width)
    let least = try Self.leastMemory(plan, height: 40)
    #expect(throws: ApplyError.memory(needed: least, limit: least - 1)) {
      try plan.apply(
        height: 40, Self.layout, Self.layout, memoryLimit: least - 1, reading: { _, _ in Issue.record("read") },
        writing: { _, _ in Issue.record("written") })
    }
    var bottomUp = Self.layout
    bottomUp.rowStride = -bottomUp.rowStride
    let planar = PixelLayout.planar(type: .float, transfer: .linear, width: 11, height: 40, channels: 2)
    for layout in [bottomUp, planar] {
      for (input, output) in [(layout, Self.layout), (Self.layout, layout)] {
        #expect(throws: ApplyError.layout(.rowsNotSequential)) {
          try plan.schedule(height: 40, input, output, memoryLimit: .max)
        }
      }
    }
    for height in [0, -1, Int.max] {
      #expect(throws: ApplyError.layout(.size(width: 11, height: height, channels: 2))) {
        try plan.schedule(height: height, Self.layout, Self.layout, memoryLimit: .max)
      }
    }
  }
}
