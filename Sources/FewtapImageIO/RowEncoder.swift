import FewtapCore

/// A file format's encoder: takes rows from the first to the last.
protocol RowEncoder: AnyObject {
  /// Upper bound of what it holds, in bytes.
  var workingBytes: Int { get }
  /// Adds rows, which follow those before; `samples` is as long as they are.
  func append(_ samples: UnsafeRawBufferPointer, rows: Range<Int>) throws(ImageFileError)
  /// Ends the file.
  func finish() throws(ImageFileError)
}

/// Where an encoder's bytes go: memory, or a file.
final class ByteSink {
  /// The file; nil: memory.
  let file: AtomicFile?
  /// What went to memory.
  var bytes: [UInt8] = []

  init(_ file: AtomicFile? = nil) { self.file = file }

  func write(_ new: UnsafeRawBufferPointer, at offset: Int) throws(ImageFileError) {
    if let file { return try file.write(new, at: offset) }
    let end = offset + new.count
    if bytes.count < end { bytes.append(contentsOf: repeatElement(0, count: end - bytes.count)) }
    bytes.withUnsafeMutableBytes { UnsafeMutableRawBufferPointer(rebasing: $0[offset..<end]).copyMemory(from: new) }
  }

  func write(_ new: [UInt8], at offset: Int) throws(ImageFileError) {
    try new.withBytes { (new) throws(ImageFileError) in try write(new, at: offset) }
  }

  /// Drops what was written.
  func clear() throws(ImageFileError) {
    bytes = []
    try file?.clear()
  }
}

/// Rows that lie uncompressed after a header, each at a place that its number tells.
final class PlainEncoder: RowEncoder {
  /// How rows follow each other.
  enum Order {
    case topToBottom
    case bottomToTop
    /// Channel after channel, each bottom to top.
    case planesBottomToTop
  }

  private let sink: ByteSink
  private let width: Int
  private let height: Int
  private let channels: Int
  private let sampleSize: Int
  private let order: Order
  private let isBigEndian: Bool
  /// Bytes before the first sample.
  private let start: Int
  /// The file's length is a multiple of this.
  private let blockSize: Int
  private let lineBytes: Int
  private var line: [UInt8] = []

  init(
    _ plan: OutputPlan, width: Int, height: Int, header: [UInt8], order: Order, isBigEndian: Bool, blockSize: Int = 1,
    _ sink: ByteSink
  ) throws(ImageFileError) {
    (self.sink, self.width, self.height, channels) = (sink, width, height, plan.planes.count)
    (sampleSize, self.order, self.isBigEndian) = (plan.type.byteCount, order, isBigEndian)
    (start, self.blockSize) = (header.count, blockSize)
    lineBytes = width * (order == .planesBottomToTop ? 1 : channels) * sampleSize
    try sink.write(header, at: 0)
  }

  var workingBytes: Int { lineBytes }

  func append(_ samples: UnsafeRawBufferPointer, rows: Range<Int>) throws(ImageFileError) {
    // Not before: whoever opens a file may find its rows too long.
    if line.isEmpty { line = [UInt8](repeating: 0, count: lineBytes) }
    let rowBytes = width * channels * sampleSize
    for row in rows {
      let begin = (row - rows.lowerBound) * rowBytes
      let stored = UnsafeRawBufferPointer(rebasing: samples[begin..<begin + rowBytes])
      switch order {
      case .topToBottom: try write(stored, first: 0, step: 1, at: row)
      case .bottomToTop: try write(stored, first: 0, step: 1, at: height - 1 - row)
      case .planesBottomToTop:
        for channel in 0..<channels {
          try write(stored, first: channel, step: channels, at: channel * height + height - 1 - row)
        }
      }
    }
  }

  /// Writes every `step`-th sample of a row from `first` on as line number `place` of the file.
  private func write(
    _ samples: UnsafeRawBufferPointer, first: Int, step: Int, at place: Int
  ) throws(ImageFileError) {
    let swaps = isBigEndian == (UInt16(littleEndian: 1) == 1)
    line.withUnsafeMutableBytes { line in
      func copy<Bits: FixedWidthInteger & BitwiseCopyable>(_ type: Bits.Type) {
        let (from, to) = (samples.bindMemory(to: type), line.bindMemory(to: type))
        for index in to.indices {
          let bits = from[first + index * step]
          to[index] = swaps ? bits.byteSwapped : bits
        }
      }
      switch sampleSize {
      case 1: copy(UInt8.self)
      case 2: copy(UInt16.self)
      default: copy(UInt32.self)
      }
    }
    try sink.write(line, at: start + place * line.count)
  }

  func finish() throws(ImageFileError) {
    let end = start + width * height * channels * sampleSize
    if end % blockSize > 0 { try sink.write([UInt8](repeating: 0, count: blockSize - end % blockSize), at: end) }
  }
}
