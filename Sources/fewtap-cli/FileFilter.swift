import Fewtap
import FewtapImageIO
import Foundation

/// An image file on its way through a filter into another file, as many rows at a time as the memory allows.
struct FileFilter {
  let plan: any PixelPlan
  let reader: ImageRowReader
  let writer: ImageRowWriter
  /// What it takes.
  let memory: MemoryNeed
  /// What the filter may take of that.
  private let filterLimit: Int

  /// Most memory that the filter takes where it can do with less: chunks of rows so large that the rows around them, which
  /// are filtered twice, hardly count.
  private static let usualFilterBytes = 256 << 20

  /// Throws: a sentence with all parts of the need if it exceeds `memoryLimit`; ``ApplyError``.
  init(
    plan: any PixelPlan, reader: ImageRowReader, writer: ImageRowWriter, options: ApplyOptions, programBytes: Int,
    memoryLimit: Int
  ) throws {
    (self.plan, self.reader, self.writer) = (plan, reader, writer)
    var need = MemoryNeed(
      program: programBytes, reading: reader.workingBytes, filtering: 0, writing: writer.workingBytes)
    let available = max(0, memoryLimit - need.total)
    let (input, output) = (reader.layout.pixels, writer.layout.pixels)
    func schedule(_ limit: Int) throws(ApplyError) -> Int {
      try plan.schedule(height: reader.layout.height, input, output, options: options, memoryLimit: limit).byteCount
    }
    var limit = min(available, Self.usualFilterBytes)
    do {
      need.filtering = try schedule(limit)
    } catch ApplyError.memory {
      limit = available
      do {
        need.filtering = try schedule(limit)
      } catch ApplyError.memory(let needed, _) {
        need.filtering = needed
        throw Failure(
          "it takes about \(need), more than the \(MemoryNeed.mebibytes(memoryLimit)) allowed: allow more (--memory), "
            + "or use fewer threads")
      }
    }
    (memory, filterLimit) = (need, limit)
  }

  /// How long each stage took, and what the output could not hold.
  struct Outcome {
    var stages: [(name: String, seconds: Double)]
    var warnings: [ImageWarning]
  }

  /// Reads, filters and writes; the file is there at the end, and not before.
  ///
  /// Throws: ``ApplyError`` or ``ImageFileError``; then no file was made.
  func run(_ options: ApplyOptions) throws -> Outcome {
    var (reading, writing) = (0.0, 0.0)
    let start = ContinuousClock.now
    let applied = try plan.apply(
      height: reader.layout.height, reader.layout.pixels, writer.layout.pixels, options: options,
      memoryLimit: filterLimit,
      reading: { rows, buffer in
        reading += try Self.inPieces(rows, reader.layout.rowBytes, reader.bandHeight, options.cancellation) {
          try reader.read(rows: $0, into: UnsafeMutableRawBufferPointer(rebasing: buffer[$1]))
        }
      },
      writing: { rows, buffer in
        writing += try Self.inPieces(rows, writer.layout.rowBytes, 1, options.cancellation) {
          try writer.append(rows: $0, from: UnsafeRawBufferPointer(rebasing: buffer[$1]))
        }
      })
    let end = ContinuousClock.now
    let warnings = try writer.finish(clipped: applied.clippedSamples)
    let ending = (ContinuousClock.now - end) / .seconds(1)
    let all = (end - start) / .seconds(1)
    return Outcome(
      stages: [("read", reading), ("filter", max(0, all - reading - writing)), ("write", writing + ending)],
      warnings: warnings)
  }

  /// Calls `body` for pieces of `rows`, with where they lie in the buffer, so that a request to stop is soon seen. Returns the
  /// seconds that it took.
  private static func inPieces(
    _ rows: Range<Int>, _ rowBytes: Int, _ bandHeight: Int, _ cancellation: Cancellation?,
    _ body: (Range<Int>, Range<Int>) throws -> Void
  ) throws -> Double {
    let start = ContinuousClock.now
    let height = max(1, (8 << 20) / rowBytes / bandHeight) * bandHeight
    var begin = rows.lowerBound
    while begin < rows.upperBound {
      if cancellation?.isCancelled == true { throw ApplyError.cancelled }
      let end = min(rows.upperBound, (begin / height + 1) * height)
      try body(begin..<end, (begin - rows.lowerBound) * rowBytes..<(end - rows.lowerBound) * rowBytes)
      begin = end
    }
    return (ContinuousClock.now - start) / .seconds(1)
  }
}

extension SampleLayout {
  /// The same as a plan names it.
  var pixels: PixelLayout {
    .interleaved(
      type: type, transfer: transfer, width: width, channels: channels, alphaIndex: alphaIndex,
      alphaIsAssociated: alphaIsAssociated)
  }
}
