import FewtapCore
import FewtapEngine
import Testing

/// How a plan goes through images that are not in memory.
@Suite struct RowChunkTests {
  /// A filter whose taps read rows `rows` away.
  private func plan(_ rows: [Double]) throws -> ApplyPlan {
    let taps = rows.map { Tap(x: 0, y: $0, weight: 1 / Double(rows.count)) }
    return try ApplyPlan(SparseFilter(chain: TapChain(model: .integer, layers: [TapLayer(taps)])), width: 3)
  }

  private static let rules: [BorderRule] = [.clamp, .mirror, .wrap, .constant(0.5), .normalized]
  private static let reaches: [[Double]] = [
    [0], [-1, 1], [-7, 3], [0, 12], [-12, 0], [5, 9], [-9, -5], [-40, 40], [100, 130], [-130, -100],
  ]

  @Test(arguments: reaches, rules) func anyChunksGiveTheWhole(rows: [Double], border: BorderRule) throws {
    let plan = try plan(rows)
    let layout = PixelLayout.interleaved(type: .float, transfer: .linear, width: 3, channels: 1)
    let options = ApplyOptions(border: border, threads: 1)
    for height in [1, 2, 9, 64] {
      let input = (0..<3 * height).map { Float(($0 * 37) % 101) }
      var whole = [Float](repeating: 0, count: input.count)
      _ = try input.withUnsafeBytes { input in
        try whole.withUnsafeMutableBytes {
          try plan.apply(from: input, layout, to: $0, layout, height: height, options: options)
        }
      }
      let most = try plan.schedule(height: height, layout, layout, options: options, memoryLimit: 1 << 30)
      #expect(most.chunkHeight == height)
      var limit = most.byteCount
      var heights: Set<Int> = []
      // Each time a byte less than what was needed, down to what a row needs.
      while let schedule = try? plan.schedule(height: height, layout, layout, options: options, memoryLimit: limit) {
        heights.insert(schedule.chunkHeight)
        var result = [Float](repeating: .nan, count: input.count)
        var (nextRead, nextWritten) = (0, 0)
        try plan.apply(height: height, layout, layout, options: options, memoryLimit: limit) { rows, buffer in
          #expect(rows.lowerBound == nextRead && buffer.count == rows.count * layout.rowStride)
          nextRead = rows.upperBound
          input.withUnsafeBytes {
            buffer.copyMemory(from: .init(rebasing: $0[rows.lowerBound * 12..<rows.upperBound * 12]))
          }
        } writing: { rows, buffer in
          #expect(rows.lowerBound == nextWritten)
          nextWritten = rows.upperBound
          result.withUnsafeMutableBytes {
            UnsafeMutableRawBufferPointer(rebasing: $0[rows.lowerBound * 12..<rows.upperBound * 12]).copyMemory(
              from: buffer)
          }
        }
        #expect(result == whole, "height \(height), chunks of \(schedule.chunkHeight)")
        limit = schedule.byteCount - 1
      }
      // Some borders need all rows at once, whatever the chunks.
      #expect(height < 9 || rows == [0] || heights.count > 1 || limit < most.byteCount)
    }
  }

  @Test(arguments: rules) func twoBillionRowsArePlannedAtOnce(border: BorderRule) throws {
    let plan = try plan([-24, 24])
    let layout = PixelLayout.interleaved(type: .uint8, transfer: .srgb, width: 3, channels: 1)
    let (height, options) = (Int(Int32.max), ApplyOptions(border: border, threads: 1))
    let limit = 1 << 20
    guard border != .wrap else {
      #expect(throws: ApplyError.self) {
        try plan.schedule(height: height, layout, layout, options: options, memoryLimit: limit)
      }
      return
    }
    let schedule = try plan.schedule(height: height, layout, layout, options: options, memoryLimit: limit)
    #expect(schedule.byteCount <= limit && schedule.chunkHeight > 1000)
    #expect(schedule.heldRows == schedule.chunkHeight + 48)
    #expect(throws: ApplyError.self) {
      try plan.schedule(height: height, layout, layout, options: options, memoryLimit: 100)
    }
  }
}
