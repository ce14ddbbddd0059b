import FewtapCore

/// How a plan goes through an image that is not in memory: some rows of the result at a time, with the rows of the image that
/// they need.
public struct RowSchedule: Equatable, Sendable {
  /// Rows of the result at a time.
  public let chunkHeight: Int
  /// Most rows of the image that are held at once.
  public let heldRows: Int
  /// Bytes that the rows in and out and all threads' tiles take.
  public let byteCount: Int
}

extension PixelPlan {
  /// How ``apply(height:_:_:options:memoryLimit:reading:writing:)`` would go about it: as many rows at a time as the memory
  /// allows, since every chunk's first rows cost some work twice.
  ///
  /// Throws: ``ApplyError/memory(needed:limit:)`` if not even a few rows fit; else as there.
  public func schedule(
    height: Int, _ inputLayout: PixelLayout, _ outputLayout: PixelLayout, options: ApplyOptions = ApplyOptions(),
    memoryLimit: Int
  ) throws(ApplyError) -> RowSchedule {
    _ = try coders(inputLayout, outputLayout)
    guard (1...Int(Int32.max)).contains(height) else {
      throw .layout(.size(width: width, height: height, channels: inputLayout.channels))
    }
    var chunkHeight = height
    while true {
      let chunks = chunks(height, chunkHeight, options.border)
      // A filter that reads nothing but a constant border needs no row: a buffer has one nevertheless.
      let held = max(1, chunks.mostHeld)
      let rows = try Self.bytes(inputLayout, rows: held) + Self.bytes(outputLayout, rows: chunkHeight)
      // The tiles of too many rows are not even listed.
      if rows <= memoryLimit || chunkHeight == 1 {
        let tiles = work.tileBytes(
          rows: chunks.rows(0), channels: inputLayout.channels, alphaIndex: inputLayout.alphaIndex, options: options)
        let needed = rows + tiles
        if needed <= memoryLimit { return RowSchedule(chunkHeight: chunkHeight, heldRows: held, byteCount: needed) }
        guard chunkHeight > 1 else { throw .memory(needed: needed, limit: memoryLimit) }
      }
      chunkHeight = (chunkHeight + 1) / 2
    }
  }

  /// Filters an image of any height in bounded memory.
  ///
  /// `reading` fills a buffer with rows of the image, in ascending order, each once; `writing` takes rows of the result in
  /// ascending order. Rows lie in the layouts' strides, the first of them at the buffer's start.
  /// Border:   `wrap` needs the last rows for the first ones, so it holds the whole image.
  /// Throws:   what the closures throw; ``ApplyError`` as ``apply(from:_:to:_:height:options:)`` and
  ///           ``ApplyError/memory(needed:limit:)``.
  @discardableResult
  public func apply(
    height: Int, _ inputLayout: PixelLayout, _ outputLayout: PixelLayout, options: ApplyOptions = ApplyOptions(),
    memoryLimit: Int, reading: (Range<Int>, UnsafeMutableRawBufferPointer) throws -> Void,
    writing: (Range<Int>, UnsafeRawBufferPointer) throws -> Void
  ) throws -> AppliedPixels {
    let schedule = try schedule(
      height: height, inputLayout, outputLayout, options: options, memoryLimit: memoryLimit)
    let coders = try coders(inputLayout, outputLayout)
    let input = UnsafeMutableRawBufferPointer.allocate(
      byteCount: try Self.bytes(inputLayout, rows: schedule.heldRows), alignment: 64)
    defer { input.deallocate() }
    let output = UnsafeMutableRawBufferPointer.allocate(
      byteCount: try Self.bytes(outputLayout, rows: schedule.chunkHeight), alignment: 64)
    defer { output.deallocate() }
    var (held, clipped) = (0..<0, 0)
    let chunks = chunks(height, schedule.chunkHeight, options.border)
    for index in 0..<chunks.count {
      let (rows, needed) = (chunks.rows(index), chunks.held(index))
      // No row is left out: what is needed next starts at or above the end of what is held.
      let kept = min(needed.lowerBound, held.upperBound)..<held.upperBound
      let (start, stride) = (kept.lowerBound - held.lowerBound, inputLayout.rowStride)
      if !kept.isEmpty, start > 0, let base = input.baseAddress {
        base.copyMemory(from: base + start * stride, byteCount: kept.count * stride)
      }
      held = kept.lowerBound..<max(kept.upperBound, needed.upperBound)
      let new = kept.upperBound..<held.upperBound
      if !new.isEmpty {
        try reading(new, UnsafeMutableRawBufferPointer(rebasing: input[kept.count * stride..<held.count * stride]))
      }
      guard let inputOrigin = input.baseAddress, let outputOrigin = output.baseAddress else { break }
      var chunkOptions = options
      chunkOptions.progress = options.progress.map { Self.progress($0, rows: rows, height: height) }
      clipped += try run(
        SourceImage(coders.input, origin: inputOrigin, rows: held, height: height),
        TargetImage(coders.output, origin: outputOrigin, firstRow: rows.lowerBound, height: height), coders,
        rows: rows, held: held, options: chunkOptions
      ).clippedSamples
      try writing(
        rows, UnsafeRawBufferPointer(rebasing: output[..<(rows.count * outputLayout.rowStride)]))
    }
    return AppliedPixels(clippedSamples: clipped)
  }

  /// Progress through `rows` as progress through the whole.
  private static func progress(
    _ whole: @escaping @Sendable (Double) -> Void, rows: Range<Int>, height: Int
  ) -> @Sendable (Double) -> Void {
    { part in whole((Double(rows.lowerBound) + part * Double(rows.count)) / Double(height)) }
  }

  private func chunks(_ height: Int, _ chunkHeight: Int, _ border: BorderRule) -> RowChunks {
    RowChunks(height: height, chunkHeight: chunkHeight, bounds: bounds, border: border)
  }

  /// Bytes of whole rows, which must lie one after the other.
  private static func bytes(_ layout: PixelLayout, rows: Int) throws(ApplyError) -> Int {
    do throws(PixelLayoutError) {
      let range = try layout.byteRange(height: rows)
      guard layout.rowStride > 0, range.lowerBound == 0, range.count <= rows * layout.rowStride else {
        throw PixelLayoutError.rowsNotSequential
      }
      return rows * layout.rowStride
    } catch {
      throw .layout(error)
    }
  }
}
